// Bytes of a response to its head and decoded body: no I/O, so it is replayed and fuzzed as it is.
//
// Used in turns: read into space(), tell received(n), take what is there; then again. One reader serves the responses
// of one connection one after the other and keeps its buffer.
#pragma once
#include <onechat/abi.h>

#include <boost/beast/http/basic_parser.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace onechat::net {

struct ResponseHead {
  unsigned status = 0;
  std::vector<oc_header> headers;  // names in lower case; into `text`
  std::string text;
  void clear() noexcept;
};

class ResponseReader {
 public:
  static constexpr std::size_t kBufferBytesMin = 4 * 1024;    // grows when a read fills it
  static constexpr std::size_t kBufferBytesMax = 64 * 1024;   // or head_bytes_max, whichever is more
  static constexpr std::size_t kBufferBytesIdle = 16 * 1024;  // a connection at rest keeps no more
  static constexpr unsigned kInterimMax = 16;                 // 1xx heads before the final one

  explicit ResponseReader(std::size_t head_bytes_max);
  ResponseReader(ResponseReader&&) = delete;
  ~ResponseReader();

  // Begins a response; `head` is filled and outlives it. `bodiless`: HEAD or CONNECT, no body follows whatever the head
  // says.
  void begin(ResponseHead& head, bool bodiless);
  // Where the next bytes go; never empty. Ends the views of take_body().
  std::span<char> space();
  // `n` bytes of space() are filled. Error: OC_E_IO, the framing is broken (for good).
  Result<void> received(std::size_t n);
  // The connection was closed; `clean`: not cut (TLS says so). Error: OC_E_IO, the response is not whole.
  Result<void> closed(bool clean);

  bool got_byte() const noexcept { return got_byte_; }  // of this response
  bool head_done() const noexcept { return head_done_; }
  bool done() const noexcept { return done_; }                   // the last body byte was decoded
  bool reusable() const noexcept;                                // done, and the connection may carry another request
  bool has_leftover() const noexcept { return begin_ != end_; }  // received, but no part of the response once done()
  // Decoded bytes that were not taken yet, or none; valid until space().
  std::string_view take_body() noexcept;
  void rest();  // lets a large buffer go; Requires: reusable()

 private:
  class Parser;

  void reset_parser();
  Result<void> parse();
  Result<void> after_head();
  Result<void> check_limits() const;
  void place(std::string_view piece) noexcept;
  bool bare_last_chunk() const noexcept;

  std::size_t head_bytes_max_, buffer_bytes_max_;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0, end_ = 0;                // received, not parsed
  std::size_t body_begin_ = 0, body_end_ = 0;      // decoded, before begin_
  bool filled_ = false;                            // the last read took all the space
  std::unique_ptr<std::optional<Parser>> parser_;  // one place, a new parser in it for each response
  ResponseHead* head_ = nullptr;
  std::size_t head_bytes_ = 0;
  unsigned interim_ = 0;
  bool bodiless_ = false, got_byte_ = false, head_done_ = false, done_ = false, broken_ = false;
};

}  // namespace onechat::net
