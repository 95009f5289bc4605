// The one reader of request heads: strict, in place, nothing guessed.
//
// Whatever two parsers could read in two ways (RFC 9112 §5, §6, §11.2) is a fault here, so that no hop before or
// behind us can see another request in the same bytes. Pure functions of bytes; no I/O.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/arena.hpp"
#include "net/server.hpp"

namespace onechat::net {

struct HeadFault {
  unsigned status = 400;     // HTTP status of the refusal
  std::string_view message;  // static, fit for the client
};

// Finds the end of a head that arrives in pieces, each byte looked at once.
class HeadScanner {
 public:
  enum class State { incomplete, complete, fault };
  // `bytes` begins with the head's first byte and only ever grows between two calls. Needs no more than CRLF line ends.
  State scan(std::string_view bytes) noexcept;
  std::size_t end() const noexcept { return scanned_; }  // complete: length of the head, its blank line included
  std::size_t lines() const noexcept { return lines_; }  // lines seen, the blank one excluded
  void reset() noexcept { scanned_ = lines_ = 0; }

 private:
  std::size_t scanned_ = 0;  // start of the line that is not complete
  std::size_t lines_ = 0;
};

enum class BodyFraming { none, length, chunked };

struct RequestHead {
  HeadView view;  // points into the head's bytes and the arena
  BodyFraming framing = BodyFraming::none;
  std::uint64_t content_length = 0;
  bool keep_alive = true;        // what the client asks for
  bool expect_continue = false;  // it waits for 100 before it sends the body
};

// Reads a complete head. Lower-cases the field names in place. On a fault `out.view` holds what had been understood
// until then (method, path), for the words of the refusal. Throws std::bad_alloc when the arena is full.
std::optional<HeadFault> parse_head(std::span<char> head, std::size_t lines, std::uint32_t headers_max, Arena& arena,
                                    RequestHead& out);
// The request line of a head that will not be read any further; leaves `out` as far as it was understood.
// `bytes` holds at least one whole line.
void peek_request_line(std::span<char> bytes, RequestHead& out) noexcept;

}  // namespace onechat::net
