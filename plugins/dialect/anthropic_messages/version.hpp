// Versions of the API, and generations of models: what may be sent depends on both.
#pragma once
#include <cstdint>
#include <string_view>

namespace onechat::anthropic_messages {

inline constexpr std::string_view kDialectName = "anthropic_messages";
// Sampling parameters are part of the former and errors in the latter.
inline constexpr std::string_view kVersion2023 = "2023-06-01";
inline constexpr std::string_view kVersion2026 = "2026-10-21";

// "claude-opus-4-7" is {4, 7}; dates and words are passed over. {0, 0}: the name does not tell.
struct Generation {
  std::uint32_t major = 0, minor = 0;
  bool known() const { return major != 0; }
  bool at_least(std::uint32_t a, std::uint32_t b) const { return major > a || (major == a && minor >= b); }
};
Generation generation_of(std::string_view model) noexcept;

}  // namespace onechat::anthropic_messages
