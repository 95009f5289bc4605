#include "common/headers.hpp"

#include <charconv>
#include <stdexcept>
#include <string>

namespace onechat::dialect {
namespace {

constexpr double kRetryAfterMaxMs = 86'400'000;

std::uint64_t milliseconds(std::string_view text, double unit_ms) {
  double n = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (code != std::errc() || end != text.data() + text.size() || !(n > 0) || n * unit_ms > kRetryAfterMaxMs) return 0;
  return static_cast<std::uint64_t>(n * unit_ms + 0.5);
}

bool token_character(char c) {
  constexpr std::string_view kSymbols = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         kSymbols.find(c) != std::string_view::npos;
}

}  // namespace

void check_header(std::string_view name, std::string_view value) {
  if (name.empty()) throw std::runtime_error("headers: a name is empty");
  for (const char c : name)
    if (!token_character(c)) throw std::runtime_error("headers: '" + std::string(name) + "' is not a header name");
  for (const char c : value)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      throw std::runtime_error("headers: the value of '" + std::string(name) + "' has a control character");
}

std::string_view header(const oc_header* list, std::uint64_t n, std::string_view name) {
  for (std::uint64_t i = 0; i < n; ++i)
    if (oc::view(list[i].name) == name) return oc::view(list[i].value);
  return {};
}

std::string_view trimmed(std::string_view v) {
  while (!v.empty() && (v.front() == ' ' || v.front() == '\t')) v.remove_prefix(1);
  while (!v.empty() && (v.back() == ' ' || v.back() == '\t')) v.remove_suffix(1);
  return v;
}

std::string_view bearer(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  const auto v = trimmed(authorization);
  if (v.size() <= kScheme.size()) return {};
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    const char c = v[i] >= 'A' && v[i] <= 'Z' ? static_cast<char>(v[i] - 'A' + 'a') : v[i];
    if (c != kScheme[i]) return {};
  }
  return trimmed(v.substr(kScheme.size()));
}

std::uint64_t retry_after_ms(const oc_header* list, std::uint64_t n) {
  if (const auto ms = milliseconds(header(list, n, "retry-after-ms"), 1); ms != 0) return ms;
  return milliseconds(header(list, n, "retry-after"), 1000);
}

void write_retry_after(oc::Out& out, std::uint64_t ms) {
  if (ms == 0) return;
  out.header("retry-after", Digits((ms + 999) / 1000).view());
  out.header("retry-after-ms", Digits(ms).view());
}

std::string_view query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto pair = query.substr(0, end);
    const auto equals = pair.find('=');
    if (pair.substr(0, equals) == name) return equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
  }
  return {};
}

Digits::Digits(std::uint64_t n) : size(static_cast<std::size_t>(std::to_chars(text, text + sizeof text, n).ptr - text)) {}

}  // namespace onechat::dialect
