#include "net/client_request.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "net/control_bytes.hpp"

namespace onechat::net {
namespace {

constexpr std::array<std::string_view, 11> kOwn{
    "host",    "content-length", "connection",       "transfer-encoding",  "upgrade", "keep-alive", "te",
    "trailer", "expect",         "proxy-connection", "proxy-authorization"};

constexpr std::array<bool, 256> token_table() {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[c] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[c] = table[c - 'a' + 'A'] = true;
  for (const unsigned char c : std::string_view("!#$%&'*+-.^_`|~")) table[c] = true;
  return table;
}
constexpr auto kToken = token_table();

bool is_token(std::string_view text) noexcept {
  for (const char c : text)
    if (!kToken[static_cast<unsigned char>(c)]) return false;
  return !text.empty();
}

bool is_value(std::string_view text) noexcept {
  return !may_hold_control(text) || std::ranges::none_of(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

constexpr auto kInTarget = [] {
  std::array<bool, 256> table{};
  for (unsigned c = 0x21; c < 256; ++c) table[c] = c != 0x7f && c != '#';
  return table;
}();

bool is_target(std::string_view text) noexcept {
  if (!text.empty() && text.front() != '/' && text.front() != '?') return false;
  for (const char c : text)
    if (!kInTarget[static_cast<unsigned char>(c)]) return false;
  return true;
}

bool same_name(std::string_view lower, std::string_view name) noexcept {
  return std::ranges::equal(lower, name, [](char l, char c) { return l == (c >= 'A' && c <= 'Z' ? c + 32 : c); });
}

bool is_own(std::string_view name) noexcept {
  return std::ranges::any_of(kOwn, [name](std::string_view own) { return same_name(own, name); });
}

void append_length(std::size_t bytes, std::string& out) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, bytes).ptr;
  out.append("content-length: ").append(digits, end).append("\r\n");
}

}  // namespace

std::size_t body_bytes(const Request& request) noexcept {
  std::size_t n = 0;
  for (const auto piece : request.body) n += piece.size();
  return n;
}

RequestWriter::RequestWriter(const Origin& origin, const std::optional<Proxy>& proxy)
    : at_root_(origin.base_path.empty()) {
  fixed_ = "host: " + host_of(origin) + "\r\n";
  // A tunnel hides the request from the proxy; a plain request is the proxy's to read, with the whole address.
  if (proxy && !origin.tls) {
    target_prefix_ = "http://" + host_of(origin);
    if (!proxy->authorization.empty()) fixed_ += "proxy-authorization: " + proxy->authorization + "\r\n";
  }
  target_prefix_ += origin.base_path;
}

Result<void> RequestWriter::check(const Request& request) {
  if (!is_token(request.method) || request.method == "CONNECT") return Error(OC_E_INVALID, "invalid HTTP method");
  if (!is_target(request.path)) return Error(OC_E_INVALID, "invalid path of an upstream request");
  for (const auto& header : request.headers) {
    if (!is_token(view(header.name))) return Error(OC_E_INVALID, "invalid name of an upstream header");
    if (!is_value(view(header.value)))
      return Error(OC_E_INVALID, "invalid value of the upstream header " + std::string(view(header.name)));
  }
  return {};
}

void RequestWriter::write(const Request& request, std::string& out) const {
  out.append(request.method).append(1, ' ').append(target_prefix_);
  if (at_root_ && !request.path.starts_with('/')) out.push_back('/');
  out.append(request.path).append(" HTTP/1.1\r\n").append(fixed_);
  for (const auto& header : request.headers) {
    const auto name = view(header.name);
    if (!is_own(name)) out.append(name).append(": ").append(view(header.value)).append("\r\n");
  }
  const std::size_t bytes = body_bytes(request);
  if (bytes != 0 || (request.method != "GET" && request.method != "HEAD" && request.method != "DELETE"))
    append_length(bytes, out);
  out.append("\r\n");
}

std::string connect_head(const Origin& origin, const Proxy& proxy) {
  const std::string authority = authority_of(origin);
  std::string head = "CONNECT " + authority + " HTTP/1.1\r\nhost: " + authority + "\r\n";
  if (!proxy.authorization.empty()) head += "proxy-authorization: " + proxy.authorization + "\r\n";
  return head + "\r\n";
}

}  // namespace onechat::net
