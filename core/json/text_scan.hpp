// What the reader and the writer of JSON both need to know of text: where the next byte is that is not plain.
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace onechat::json {

// Plain: ASCII that stands in a JSON string as it is.
inline bool is_plain(unsigned char c) noexcept { return c >= 0x20 && c < 0x80 && c != '"' && c != '\\'; }

// Eight bytes in one word: a flag in the high bit of each byte that is not plain. Only the first one is to be trusted.
inline std::uint64_t care_flags(const char* p) noexcept {
  constexpr std::uint64_t kOnes = 0x0101010101010101u, kHighs = 0x8080808080808080u;
  std::uint64_t v;
  std::memcpy(&v, p, sizeof v);
  const std::uint64_t quote = v ^ (kOnes * '"'), slash = v ^ (kOnes * '\\');
  return (v | (v - kOnes * 0x20) | (quote - kOnes) | (slash - kOnes)) & kHighs;
}

// Sixteen bytes at once, with the compiler's vectors: SSE2 or NEON where there is one, plain words elsewhere.
inline bool all_plain_16(const char* p) noexcept {
  using Vector = signed char __attribute__((vector_size(16)));
  Vector v;
  std::memcpy(&v, p, sizeof v);
  const Vector care = (v < 0x20) | (v == '"') | (v == '\\');  // signed: what is not ASCII is below zero
  std::uint64_t halves[2];
  std::memcpy(halves, &care, sizeof halves);
  return (halves[0] | halves[1]) == 0;
}

// The first byte of [p, end) that is not plain, or `end`.
inline const char* skip_plain(const char* p, const char* end) noexcept {
  static_assert(std::endian::native == std::endian::little, "the first byte is the lowest of a word");
  const auto found_in_word = [&] {
    const std::uint64_t flags = care_flags(p);
    p += flags != 0 ? std::countr_zero(flags) / 8 : 8;
    return flags != 0;
  };
  if (end - p >= 8 && found_in_word()) return p;  // most names and values are short
  while (end - p >= 16 && all_plain_16(p)) p += 16;
  while (end - p >= 8)
    if (found_in_word()) return p;
  while (p != end && is_plain(static_cast<unsigned char>(*p))) ++p;
  return p;
}

// Length of the valid UTF-8 sequence at `p`, 0 if there is none (RFC 3629: no surrogates, no overlong forms).
std::size_t utf8_length(const char* p, const char* end) noexcept;

}  // namespace onechat::json
