// Takes the chunked coding (RFC 9112 §7.1) off a request body, strictly.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace onechat::net {

class ChunkDecoder {
 public:
  enum class State { more, data, done, fault };
  struct Step {
    State state = State::more;
    std::size_t taken = 0;  // bytes of the input that are used up
    std::string_view data;  // state data: a piece of the body, inside the input
  };
  static constexpr std::size_t kExtensionBytesMax = 256;  // of one chunk
  static constexpr std::size_t kTrailerBytesMax = 8 * 1024;

  // One step. `more`: everything was used up and the body is not complete. After `done` or `fault` only reset() helps.
  Step step(std::string_view in) noexcept;
  void reset() noexcept { *this = ChunkDecoder(); }

 private:
  enum class At { size, extension, size_lf, data, data_cr, data_lf, line_start, trailer, trailer_lf, last_lf, broken };
  At take_framing(unsigned char c) noexcept;
  At take_size(unsigned char c) noexcept;

  At at_ = At::size;
  bool any_digit_ = false;
  std::uint64_t left_ = 0;  // size being read, then bytes left of the chunk
  std::size_t line_bytes_ = 0;
};

}  // namespace onechat::net
