#include "surface/answer.hpp"

namespace onechat::surface {

void Answer::head(std::uint32_t http_status, std::string_view content_type) {
  status_ = http_status;
  content_type_ = content_type;
}

void Answer::header(std::string_view name, std::string_view value) { headers_.emplace_back(name, value); }

oc_jsonw* Answer::json() {
  writer_.bind(&body_);
  return &writer_;
}

oc_jsonw* Answer::event(std::string_view name) {
  std::string& out = streaming_ ? transaction_.stream_buffer() : body_;
  if (!name.empty()) out.append("event: ").append(name).push_back('\n');
  out.append("data: ");
  writer_.bind(&out);
  return &writer_;
}

void Answer::event_end() { (streaming_ ? transaction_.stream_buffer() : body_).append("\n\n"); }

void Answer::raw(std::string_view bytes) { (streaming_ ? transaction_.stream_buffer() : body_).append(bytes); }

void Answer::clear() noexcept {
  status_ = 200;
  content_type_.clear();
  headers_.clear();
  body_.clear();
}

void Answer::start(std::string_view default_type) {
  transaction_.start(status_, content_type_.empty() ? default_type : std::string_view(content_type_));
  for (const auto& [name, value] : headers_) transaction_.header(name, value);
}

boost::asio::awaitable<bool> Answer::send() {
  start("application/json");
  return transaction_.send(body_);
}

void Answer::start_stream() { start("text/event-stream; charset=utf-8"); }

}  // namespace onechat::surface
