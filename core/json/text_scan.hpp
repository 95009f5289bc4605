// What the reader and the writer of JSON both need to know of text: where the next byte is that is not plain.
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

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

#ifdef __SSE2__
// A bit for each of sixteen bytes that is not plain, the first in the lowest.
inline unsigned care_bits_16(const char* p) noexcept {
  const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  const __m128i low = _mm_cmplt_epi8(v, _mm_set1_epi8(0x20));  // signed: what is not ASCII is below zero
  const __m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"')), slash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(low, _mm_or_si128(quote, slash))));
}
#else
// Sixteen bytes at once, with the compiler's vectors: NEON where there is one, plain words elsewhere.
inline bool all_plain_16(const char* p) noexcept {
  using Vector = signed char __attribute__((vector_size(16)));
  Vector v;
  std::memcpy(&v, p, sizeof v);
  const Vector care = (v < 0x20) | (v == '"') | (v == '\\');  // signed: what is not ASCII is below zero
  std::uint64_t halves[2];
  std::memcpy(halves, &care, sizeof halves);
  return (halves[0] | halves[1]) == 0;
}
#endif

// Whether so many bytes are all plain.
inline constexpr std::size_t kPlainStep = 16;
inline bool plain_step(const char* p) noexcept {
#ifdef __SSE2__
  return care_bits_16(p) == 0;
#else
  return all_plain_16(p);
#endif
}

// The first byte of [p, end) that is not plain, or `end`.
inline const char* skip_plain(const char* p, const char* end) noexcept {
  static_assert(std::endian::native == std::endian::little, "the first byte is the lowest of a word");
#ifdef __SSE2__
  while (end - p >= 16) {
    if (const unsigned bits = care_bits_16(p); bits != 0) return p + std::countr_zero(bits);
    p += 16;
  }
#else
  if (end - p >= 8)  // most names and values are short
    if (const std::uint64_t flags = care_flags(p); flags != 0) return p + std::countr_zero(flags) / 8;
  while (end - p >= 16 && all_plain_16(p)) p += 16;
#endif
  while (end - p >= 8) {
    const std::uint64_t flags = care_flags(p);
    if (flags != 0) return p + std::countr_zero(flags) / 8;
    p += 8;
  }
  while (p != end && is_plain(static_cast<unsigned char>(*p))) ++p;
  return p;
}

// Length of the valid UTF-8 sequence at `p`, 0 if there is none (RFC 3629: no surrogates, no overlong forms).
std::size_t utf8_length(const char* p, const char* end) noexcept;

}  // namespace onechat::json
