// Messages and their parts become turns.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>

#include "field_path.hpp"

namespace onechat::openai_chat {

// Counts what media weigh in tokens instead of in base64.
struct MediaWeight {
  std::uint64_t bytes = 0;      // base64 characters that are not text
  std::uint64_t allowance = 0;  // what is counted for all media instead
};

class MessageParser {
 public:
  MessageParser(const oc::Call& call, MediaWeight& media) : call_(call), media_(media) {}

  // The turn of one message, or nullptr after call.fail().
  const oc_turn* turn(oc::Json message, const FieldPath& at);
  oc_status failed() const { return failed_; }

 private:
  struct Parts;  // the list being filled

  bool content(oc::Json value, const FieldPath& at, Parts& parts);
  const oc_part* part(oc::Json value, const FieldPath& at);
  bool fill_part(oc::Json value, std::string_view type, const FieldPath& at, oc_part& out);
  bool image(oc::Json image_url, const FieldPath& at, oc_part& out);
  bool audio(oc::Json input_audio, const FieldPath& at, oc_part& out);
  bool file(oc::Json file, const FieldPath& at, oc_part& out);
  bool tool_calls(oc::Json list, const FieldPath& at, Parts& parts);
  const oc_part* tool_call(oc::Json call, const FieldPath& at);
  bool tool_result(oc::Json message, const FieldPath& at, Parts& parts);
  void text_part(std::uint32_t type, std::string_view text, Parts& parts);

  bool refuse(const FieldPath& at, std::string_view message, std::string_view code = "invalid_value");
  bool want_string(oc::Json value, const FieldPath& at, oc_str& out);

  const oc::Call& call_;
  MediaWeight& media_;
  oc_status failed_ = OC_OK;
};

}  // namespace onechat::openai_chat
