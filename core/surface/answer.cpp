#include "surface/answer.hpp"

namespace onechat::surface {

void Answer::head(std::uint32_t http_status, std::string_view content_type) {
  status_ = http_status;
  content_type_ = transaction_.arena().copy(content_type);
}

void Answer::header(std::string_view name, std::string_view value) {
  Arena& arena = transaction_.arena();
  headers_.push_back({str(arena.copy(name)), str(arena.copy(value))});
}

oc_jsonw* Answer::json() {
  writer_.bind(&body_);
  return &writer_;
}

oc_jsonw* Answer::event(std::string_view name) {
  std::string& out = sink();
  if (framing_ == OC_OUT_JSON_ARRAY) {
    out.append(begun_ ? ",\r\n" : "[");
  } else {
    if (!name.empty()) out.append("event: ").append(name).append(framing_ == OC_OUT_SSE_CRLF ? "\r\n" : "\n");
    out.append("data: ");
  }
  begun_ = true;
  data_begins_ = out.size();
  writer_.bind(&out);
  return &writer_;
}

void Answer::event_end() {
  // JSON taken over from an upstream may have line ends between its tokens; in an event they would end the data.
  std::string& out = sink();
  for (const char end : {'\n', '\r'})
    for (std::size_t at = data_begins_; (at = out.find(end, at)) != std::string::npos;) out[at] = ' ';
  if (framing_ == OC_OUT_SSE) out.append("\n\n");
  if (framing_ == OC_OUT_SSE_CRLF) out.append("\r\n\r\n");
}

void Answer::raw(std::string_view bytes) { sink().append(bytes); }

void Answer::framing(std::uint32_t how) {
  framing_ = how;
  if (how == OC_OUT_JSON_ARRAY && content_type_.empty()) content_type_ = "application/json; charset=UTF-8";
}

void Answer::clear() noexcept {
  status_ = 200;
  content_type_ = {};
  headers_.clear();
  body_.clear();
  begun_ = false;
}

void Answer::start(std::string_view default_type) {
  transaction_.start(status_, content_type_.empty() ? default_type : content_type_);
  for (const oc_header& h : headers_) transaction_.header(view(h.name), view(h.value));
}

boost::asio::awaitable<bool> Answer::send() {
  start("application/json");
  return transaction_.send(body_);
}

std::optional<bool> Answer::send_now() {
  start("application/json");
  return transaction_.send_now(body_);
}

void Answer::start_stream() { start("text/event-stream; charset=utf-8"); }

}  // namespace onechat::surface
