// A request body becomes an oc_request. Strings point into the body or into the arena.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>

#include "common/media.hpp"
#include "path.hpp"

namespace onechat::anthropic_messages {

class RequestParser {
 public:
  // `out` has dialect, raw, op and n set already.
  RequestParser(const oc::Call& call, const oc_http_in& in, oc_request& out) : call_(call), in_(in), out_(out) {}

  // POST /v1/messages, and /v1/messages/count_tokens, which has no limit and no stream. OC_OK, or what call.fail() said.
  oc_status parse();

 private:
  struct Fields;

  bool version();
  bool sort_members(Fields& fields);
  bool model(const Fields& f);
  bool turns(const Fields& f);
  bool limit(oc::Json max_tokens);
  bool stream(oc::Json value);
  bool sampling(const Fields& f);
  bool stop(oc::Json value);
  bool tools(oc::Json list);
  const oc_tool* tool(oc::Json value, const Path& at);
  bool tool_choice(oc::Json choice);
  bool thinking(oc::Json value);
  bool output(const Fields& f);
  bool format(oc::Json value, const Path& at);
  void extras(const Fields& f);
  void anchors(const Fields& f);

  bool refuse(std::string_view param, std::string_view message);
  bool want_object(oc::Json value, std::string_view name);

  const oc::Call& call_;
  const oc_http_in& in_;
  oc_request& out_;
  oc::Json root_;
  dialect::MediaWeight media_;
  bool strict_2026_ = false;
  bool choice_known_ = true, thinking_known_ = true, format_known_ = true;
  oc_status failed_ = OC_E_INVALID;
};

}  // namespace onechat::anthropic_messages
