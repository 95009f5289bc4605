// A request body becomes an oc_request. Strings point into the body or into the arena.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>

#include "field_path.hpp"
#include "message_parser.hpp"

namespace onechat::openai_chat {

class RequestParser {
 public:
  // `out` has dialect, raw, op and n set already.
  RequestParser(const oc::Call& call, oc_request& out) : call_(call), out_(out) {}

  // POST /v1/chat/completions and /v1/embeddings. OC_OK, or what call.fail() said.
  oc_status generate();
  oc_status embed();

 private:
  struct Fields;

  bool sort_members(Fields& fields);
  bool model(const Fields& f);
  bool messages(oc::Json list);
  bool tools(const Fields& f);
  const oc_tool* tool(oc::Json value, const FieldPath& at);
  bool limits(const Fields& f);
  bool stop(oc::Json value);
  bool stream(const Fields& f);
  void options(const Fields& f);
  bool inputs(oc::Json input);
  void anchors(const Fields& f);
  void weigh();

  bool boolean(oc::Json value, std::string_view name, bool& out);
  bool count(oc::Json value, std::string_view name, std::int64_t least, std::int64_t most, std::uint64_t& out);
  bool refuse(std::string_view param, std::string_view message, std::string_view code);
  oc_status done(bool ok) const { return ok ? OC_OK : failed_; }

  const oc::Call& call_;
  oc_request& out_;
  oc::Json root_;
  MediaWeight media_;
  oc_status failed_ = OC_E_INVALID;
};

}  // namespace onechat::openai_chat
