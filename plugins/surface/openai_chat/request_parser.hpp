// A request body becomes an oc_request. Strings point into the body or into the arena.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>

#include "common/field_path.hpp"
#include "common/media.hpp"

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
  bool limits(const Fields& f);
  bool stop(oc::Json value);
  bool stream(const Fields& f);
  void sampling(const Fields& f);
  void reasoning(const Fields& f);
  void response_format(oc::Json value);
  bool inputs(oc::Json input);
  void rest();
  void anchors(const Fields& f);

  bool boolean(oc::Json value, std::string_view name, bool& out);
  bool count(oc::Json value, std::string_view name, std::int64_t least, std::int64_t most, std::uint64_t& out);
  bool refuse(std::string_view param, std::string_view message, std::string_view code);
  oc_status done(bool ok) const { return ok ? OC_OK : failed_; }

  const oc::Call& call_;
  oc_request& out_;
  oc::Json root_;
  dialect::MediaWeight media_;
  bool format_kept_ = false;  // response_format is of a kind that is not modelled
  oc_status failed_ = OC_E_INVALID;
};

}  // namespace onechat::openai_chat
