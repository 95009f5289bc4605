#include "openai_responses/tool_names.hpp"

namespace onechat::openai_responses {
namespace {

constexpr std::size_t kNameMax = 64, kHashDigits = 8;

bool allowed(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

std::uint64_t hash(std::string_view text) {  // FNV-1a
  std::uint64_t h = 0xCBF29CE484222325u;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return h;
}

}  // namespace

std::string_view flat_name(const oc::Call& call, std::string_view space, std::string_view name) {
  const auto whole = call.concat({space, "__", name});
  bool fits = whole.size() <= kNameMax;
  for (const char c : whole) fits = fits && allowed(c);
  if (fits) return whole;
  char digits[kHashDigits];
  std::uint64_t h = hash(whole);
  for (char& d : digits) d = "0123456789abcdef"[h & 15], h >>= 4;
  const auto head = whole.substr(0, kNameMax - kHashDigits - 1);
  char* clean = static_cast<char*>(call.allocate(head.size(), 1));
  for (std::size_t i = 0; i < head.size(); ++i) clean[i] = allowed(head[i]) ? head[i] : '_';
  return call.concat({{clean, head.size()}, "_", {digits, kHashDigits}});
}

}  // namespace onechat::openai_responses
