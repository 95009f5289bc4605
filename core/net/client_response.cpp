#include "net/client_response.hpp"

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <cstring>

namespace onechat::net {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

Error broken(std::string_view what) { return Error(OC_E_IO, "broken response: " + std::string(what)); }

}  // namespace

void ResponseHead::clear() noexcept {
  status = 0;
  headers.clear();
  text.clear();
}

class ResponseReader::Parser final : public http::basic_parser<false> {
 public:
  Parser(ResponseReader& reader, ResponseHead& head) : reader_(reader), head_(head) {
    header_limit(static_cast<std::uint32_t>(reader.head_bytes_max_));
    body_limit(boost::none);
    skip(reader.bodiless_);
  }
  bool between_chunks() const noexcept { return chunk_left_ == 0; }

 private:
  using Code = beast::error_code;
  using View = beast::string_view;

  void on_request_impl(http::verb, View, View, int, Code&) override {}
  void on_response_impl(int status, View, int, Code& ec) override {
    if (status < 100) ec = http::error::bad_status;
    head_.status = static_cast<unsigned>(status);
  }

  void on_field_impl(http::field field, View name, View value, Code& ec) override {
    if (is_header_done()) return;  // a trailer: nothing of it is passed on
    // No coding was asked for. Another one than chunked, or a list, leaves the end of the body open to interpretation.
    if (field == http::field::transfer_encoding && !beast::iequals(value, "chunked")) {
      ec = http::error::bad_transfer_encoding;
      return;
    }
    for (const char c : name) head_.text.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
    head_.text.append(value.data(), value.size());
    head_.headers.push_back({{nullptr, name.size()}, {nullptr, value.size()}});
  }

  void on_header_impl(Code&) override {
    // Only now does the text stand still.
    const char* at = head_.text.data();
    for (auto& header : head_.headers) {
      header.name.ptr = at;
      header.value.ptr = at + header.name.len;
      at = header.value.ptr + header.value.len;
    }
  }

  void on_body_init_impl(const boost::optional<std::uint64_t>&, Code&) override {}
  std::size_t on_body_impl(View body, Code&) override {
    reader_.place({body.data(), body.size()});
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t size, View, Code&) override { chunk_left_ = size; }
  std::size_t on_chunk_body_impl(std::uint64_t, View body, Code&) override {
    reader_.place({body.data(), body.size()});
    chunk_left_ -= body.size();
    return body.size();
  }
  void on_finish_impl(Code&) override {}

  ResponseReader& reader_;
  ResponseHead& head_;
  std::uint64_t chunk_left_ = 0;
};

ResponseReader::ResponseReader(std::size_t head_bytes_max)
    : head_bytes_max_(std::clamp<std::size_t>(head_bytes_max, 1'024, 16u << 20)),
      buffer_bytes_max_(std::max(head_bytes_max_ + 1, kBufferBytesMax)),
      parser_(std::make_unique<std::optional<Parser>>()) {}

ResponseReader::~ResponseReader() = default;

void ResponseReader::begin(ResponseHead& head, bool bodiless) {
  head_ = &head;
  bodiless_ = bodiless;
  interim_ = 0;
  got_byte_ = done_ = broken_ = false;
  body_begin_ = body_end_ = 0;
  reset_parser();
}

void ResponseReader::reset_parser() {
  head_->clear();
  head_bytes_ = 0;
  head_done_ = false;
  parser_->emplace(*this, *head_);
}

std::span<char> ResponseReader::space() {
  body_begin_ = body_end_ = 0;
  if (begin_ != 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  // A read that took all the space says that more is coming than fits: larger reads cost less each.
  if (end_ == capacity_ || (filled_ && capacity_ < buffer_bytes_max_)) {
    const std::size_t larger = std::clamp(capacity_ * 2, kBufferBytesMin, buffer_bytes_max_);
    auto grown = std::make_unique_for_overwrite<char[]>(larger);
    if (end_ != 0) std::memcpy(grown.get(), buffer_.get(), end_);
    buffer_ = std::move(grown);
    capacity_ = larger;
    filled_ = false;
  }
  return {buffer_.get() + end_, capacity_ - end_};
}

Result<void> ResponseReader::received(std::size_t n) {
  if (n != 0) got_byte_ = true;
  filled_ = n == capacity_ - end_;
  end_ += n;
  auto parsed = parse();
  if (!parsed) broken_ = true;
  return parsed;
}

// One element (head, chunk head, piece of a body) at a time, as far as the bytes go.
Result<void> ResponseReader::parse() {
  while (begin_ < end_ && !done_) {
    if (bare_last_chunk()) break;
    beast::error_code ec;
    const std::size_t used = (*parser_)->put({buffer_.get() + begin_, end_ - begin_}, ec);
    begin_ += used;
    if (!head_done_) head_bytes_ += used;
    if (ec == http::error::need_more) break;
    if (ec) return broken(ec.message());
    if (!head_done_ && (*parser_)->is_header_done()) {
      if (auto fine = after_head(); !fine) return fine;
    }
    done_ = head_done_ && (*parser_)->is_done();
  }
  return check_limits();
}

Result<void> ResponseReader::after_head() {
  if (head_bytes_ > head_bytes_max_) return broken("the head is too large");
  if (head_->status >= 200) {
    head_done_ = true;
    return {};
  }
  // No upgrade was asked for.
  if (head_->status == 101) return broken("unexpected upgrade");
  if (++interim_ > kInterimMax) return broken("too many interim responses");
  reset_parser();
  return {};
}

// What waits for more bytes is a head, a chunk head or trailers, all of them small. The parser's own limit starts anew
// with every header.
Result<void> ResponseReader::check_limits() const {
  const std::size_t waiting = done_ ? 0 : end_ - begin_;
  if (waiting + (head_done_ ? 0 : head_bytes_) > head_bytes_max_)
    return broken(head_done_ ? "a chunk's head is too large" : "the head is too large");
  return {};
}

// The parser asserts that nothing shorter than a whole "0 CRLF CRLF" is ever continued; such a stub carries no body
// byte, so it can wait here.
bool ResponseReader::bare_last_chunk() const noexcept {
  return head_done_ && (*parser_)->chunked() && (*parser_)->between_chunks() && end_ - begin_ < 5 &&
         buffer_[begin_] == '0';
}

Result<void> ResponseReader::closed(bool clean) {
  if (done_) return {};
  if (!got_byte_) return Error(OC_E_IO, "the connection was closed before a response came");
  if (broken_ || !head_done_ || !clean) return Error(OC_E_IO, "the connection was closed amid the response");
  beast::error_code ec;
  (*parser_)->put_eof(ec);
  if (ec) return Error(OC_E_IO, "the connection was closed amid the response");
  done_ = true;
  return {};
}

bool ResponseReader::reusable() const noexcept {
  return done_ && !broken_ && begin_ == end_ && (*parser_)->keep_alive();
}

void ResponseReader::place(std::string_view piece) noexcept {
  const std::size_t at = static_cast<std::size_t>(piece.data() - buffer_.get());
  if (body_begin_ == body_end_) body_begin_ = body_end_ = at;
  // Closes the gap that a chunk's head left, so that all that came in one read goes out as one piece.
  if (body_end_ != at) std::memmove(buffer_.get() + body_end_, piece.data(), piece.size());
  body_end_ += piece.size();
}

std::string_view ResponseReader::take_body() noexcept {
  const std::string_view body(buffer_.get() + body_begin_, body_end_ - body_begin_);
  body_begin_ = body_end_;
  return body;
}

void ResponseReader::rest() {
  begin_ = end_ = body_begin_ = body_end_ = 0;
  filled_ = false;
  if (capacity_ <= kBufferBytesIdle) return;
  buffer_.reset();
  capacity_ = 0;
}

}  // namespace onechat::net
