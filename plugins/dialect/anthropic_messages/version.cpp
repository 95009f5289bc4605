#include "anthropic_messages/version.hpp"

namespace onechat::anthropic_messages {
namespace {

constexpr std::string_view kFamily = "claude";
constexpr std::size_t kNumberMax = 2;  // digits; longer ones are dates

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_separator(char c) { return c == '-' || c == '.' || c == '@' || c == ':' || c == '_' || c == '/'; }

}  // namespace

Generation generation_of(std::string_view model) noexcept {
  Generation g;
  const auto family = model.rfind(kFamily);
  if (family == std::string_view::npos) return g;
  std::string_view rest = model.substr(family + kFamily.size());
  int found = 0;
  while (!rest.empty() && found < 2) {
    std::size_t size = 0;
    while (size < rest.size() && !is_separator(rest[size])) ++size;
    const std::string_view word = rest.substr(0, size);
    rest.remove_prefix(size < rest.size() ? size + 1 : size);
    bool number = !word.empty() && word.size() <= kNumberMax;
    std::uint32_t value = 0;
    for (const char c : word) {
      number = number && is_digit(c);
      value = value * 10 + static_cast<std::uint32_t>(c - '0');
    }
    if (number)
      (found++ == 0 ? g.major : g.minor) = value;
    else if (found == 1)
      break;  // "opus-4-20250514": the date ends the version
  }
  return g;
}

}  // namespace onechat::anthropic_messages
