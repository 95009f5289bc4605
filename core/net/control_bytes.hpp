// Control characters in the fields of a message, looked for eight bytes at a time.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace onechat::net {

// True when one of eight bytes is below 0x20 or is DEL. May also say so of harmless bytes next to such ones: the caller
// looks again, byte by byte.
inline bool word_may_hold_control(const char* p) noexcept {
  constexpr std::uint64_t kOnes = 0x0101010101010101, kHighs = 0x8080808080808080;
  std::uint64_t x;
  std::memcpy(&x, p, 8);
  const std::uint64_t below = (x - kOnes * 0x20) & ~x & kHighs;
  const std::uint64_t del = x ^ (kOnes * 0x7f);
  return (below | ((del - kOnes) & ~del & kHighs)) != 0;
}

// The same of a whole text; one that is shorter than eight bytes may always hold some.
inline bool may_hold_control(std::string_view text) noexcept {
  if (text.size() < 8) return true;
  for (std::size_t i = 0; i + 8 <= text.size(); i += 8)
    if (word_may_hold_control(text.data() + i)) return true;
  return word_may_hold_control(text.data() + text.size() - 8);
}

}  // namespace onechat::net
