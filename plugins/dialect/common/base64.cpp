#include "common/base64.hpp"

#include <array>

namespace onechat::dialect {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> values() {
  std::array<std::int8_t, 256> v{};
  for (auto& x : v) x = -1;
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) v[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::int8_t>(i);
  v['-'] = 62;
  v['_'] = 63;
  return v;
}
constexpr auto kValues = values();

}  // namespace

std::string_view base64_encode(const oc::Call& call, std::string_view bytes) {
  const std::size_t size = (bytes.size() + 2) / 3 * 4;
  if (size == 0) return {};
  char* const begin = static_cast<char*>(call.allocate(size, 1));
  char* at = begin;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t n = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k)
      bits = bits << 8 | (k < n ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k) *at++ = k <= n ? kAlphabet[bits >> (18 - 6 * k) & 63] : '=';
  }
  return {begin, size};
}

std::optional<std::string_view> base64_decode(const oc::Call& call, std::string_view text) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  if (text.empty()) return std::string_view();
  char* const begin = static_cast<char*>(call.allocate(text.size() / 4 * 3 + 3, 1));
  char* at = begin;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const int v = kValues[static_cast<unsigned char>(c)];
    if (v < 0) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(v);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    *at++ = static_cast<char>(bits >> held & 0xFF);
  }
  return std::string_view(begin, static_cast<std::size_t>(at - begin));
}

}  // namespace onechat::dialect
