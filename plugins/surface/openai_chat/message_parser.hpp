// Messages and their parts become turns.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>

#include "common/field_path.hpp"
#include "common/media.hpp"

namespace onechat::openai_chat {

class MessageParser {
 public:
  MessageParser(const oc::Call& call, dialect::MediaWeight& media) : call_(call), media_(media) {}

  // The turn of one message, or nullptr after call.fail(). In order: calls without an id are given one here, and results
  // without an id take it up.
  const oc_turn* turn(oc::Json message, const dialect::FieldPath& at);
  oc_status failed() const { return failed_; }

 private:
  using FieldPath = dialect::FieldPath;
  struct Parts;        // the list being filled
  struct CustomCall {  // its result is a custom one too
    const CustomCall* next;
    oc_str id;
  };
  struct Ids {
    std::uint64_t called = 0, answered = 0;
  };

  bool assistant(oc::Json message, const FieldPath& at, Parts& parts);
  void reasoning(oc::Json message, Parts& parts);
  void reasoning_details(oc::Json list, std::string_view text, Parts& parts);
  void signed_text(oc::Json message, Parts& parts);
  bool content(oc::Json value, const FieldPath& at, Parts& parts);
  const oc_part* part(oc::Json value, const FieldPath& at);
  bool fill_part(oc::Json value, std::string_view type, const FieldPath& at, oc_part& out);
  bool image(oc::Json image_url, const FieldPath& at, oc_part& out);
  bool audio(oc::Json input_audio, const FieldPath& at, oc_part& out);
  bool file(oc::Json file, const FieldPath& at, oc_part& out);
  bool tool_calls(oc::Json list, const FieldPath& at, Parts& parts);
  const oc_part* tool_call(oc::Json call, const FieldPath& at);
  bool legacy_call(oc::Json call, const FieldPath& at, Parts& parts);
  bool tool_result(oc::Json message, const FieldPath& at, Parts& parts);
  oc_part* add_text(std::uint32_t type, std::string_view text, Parts& parts);
  oc_str next_id(std::string_view prefix, std::uint64_t& counter) const;
  oc_str id_of_result(oc::Json message);

  bool refuse(const FieldPath& at, std::string_view message, std::string_view code = "invalid_value");
  bool want_string(oc::Json value, const FieldPath& at, oc_str& out);

  const oc::Call& call_;
  dialect::MediaWeight& media_;
  Ids nameless_, legacy_;
  const CustomCall* custom_calls_ = nullptr;
  oc_status failed_ = OC_OK;
};

}  // namespace onechat::openai_chat
