#include "tool_names.hpp"

#include <algorithm>

namespace onechat::anthropic_messages {
namespace {

constexpr std::size_t kNameMax = 64, kTrace = 6;

bool fine(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

}  // namespace

std::string_view portable_tool_name(const oc::Call& call, std::string_view name) {
  if (!name.empty() && name.size() <= kNameMax && std::all_of(name.begin(), name.end(), fine)) return name;
  std::uint32_t hash = 0x811C9DC5u;  // FNV-1a
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x01000193u;
  const std::size_t kept = std::min(name.size(), kNameMax - kTrace - 1);
  char* const made = static_cast<char*>(call.allocate(kept + 1 + kTrace, 1));
  for (std::size_t i = 0; i < kept; ++i) made[i] = fine(name[i]) ? name[i] : '_';
  made[kept] = '_';
  for (std::size_t i = 0; i < kTrace; ++i, hash >>= 4) made[kept + 1 + i] = "0123456789abcdef"[hash & 15];
  return {made, kept + 1 + kTrace};
}

std::string_view ToolNames::original(std::string_view wire) const {
  for (const auto& [changed, original] : changed_)
    if (changed == wire) return original;
  return wire;
}

}  // namespace onechat::anthropic_messages
