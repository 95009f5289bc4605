// Contents and their parts become turns. Calls and results of functions get ids, where the client gave none, so that
// they stay together in every other dialect.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>
#include <vector>

#include "common/field_path.hpp"
#include "common/media.hpp"

namespace onechat::gemini {

class ContentParser {
 public:
  ContentParser(const oc::Call& call, dialect::MediaWeight& media) : call_(call), media_(media) {}

  // One of `contents`: an object, or a plain string as some clients write it. nullptr after call.fail().
  const oc_turn* content(oc::Json value, const dialect::FieldPath& at);
  // systemInstruction: a content, its parts, or a string.
  const oc_turn* system(oc::Json value, const dialect::FieldPath& at);
  // What is to be embedded. `only_text` becomes false when there is something else than text in it.
  bool text_of(oc::Json content, const dialect::FieldPath& at, oc_str& out, bool& only_text);
  oc_status failed() const { return failed_; }

 private:
  struct Pending {  // a call that waits for its result
    std::string_view name, id;
    bool answered;
  };

  const oc_turn* turn(std::uint32_t role, oc::Json content, oc::Json parts, const dialect::FieldPath& at);
  const oc_part* part(oc::Json value, std::uint32_t role, const dialect::FieldPath& at);
  bool fill(oc::Json value, std::uint32_t role, const dialect::FieldPath& at, oc_part& out);
  bool blob(oc::Json part, oc::Json inner, const dialect::FieldPath& at, oc_part& out);
  bool file(oc::Json part, oc::Json inner, const dialect::FieldPath& at, oc_part& out);
  bool function_call(oc::Json part, oc::Json inner, const dialect::FieldPath& at, oc_part& out);
  bool function_response(oc::Json part, oc::Json inner, const dialect::FieldPath& at, oc_part& out);
  void response_text(oc::Json response, oc_part& out);
  bool response_media(oc::Json parts, const dialect::FieldPath& at, oc_part& out);
  std::string_view id_of_result(std::string_view name, std::string_view given);
  oc_str extras(oc::Json part, std::string_view inner, std::initializer_list<std::string_view> modelled);

  bool refuse(const dialect::FieldPath& at, std::string_view message);
  bool want_string(oc::Json value, const dialect::FieldPath& at, oc_str& out);

  const oc::Call& call_;
  dialect::MediaWeight& media_;
  std::vector<Pending> calls_;  // of the steps that are still open
  std::uint64_t ordinal_ = 0;
  bool user_spoke_ = false;  // since the last call: the next call begins a new step
  oc_status failed_ = OC_OK;
};

}  // namespace onechat::gemini
