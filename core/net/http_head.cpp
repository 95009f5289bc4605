#include "net/http_head.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "net/control_bytes.hpp"

namespace onechat::net {
namespace {

constexpr std::string_view kTokenMarks = "!#$%&'*+-.^_`|~";
constexpr std::string_view kHostMarks = "-._~%!$&'()*+;=:[]";

constexpr bool is_digit(unsigned c) { return c >= '0' && c <= '9'; }
constexpr bool is_alpha(unsigned c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr char lower(unsigned c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); }

// Token characters map to their lower case, everything else to 0: one look-up checks and folds.
constexpr auto kToken = [] {
  std::array<char, 256> t{};
  for (unsigned c = 0; c < 128; ++c)
    if (is_digit(c) || is_alpha(c) || kTokenMarks.find(static_cast<char>(c)) != std::string_view::npos) t[c] = lower(c);
  return t;
}();
constexpr auto kHost = [] {
  std::array<bool, 256> t{};
  for (unsigned c = 0; c < 128; ++c)
    t[c] = is_digit(c) || is_alpha(c) || kHostMarks.find(static_cast<char>(c)) != std::string_view::npos;
  return t;
}();

unsigned byte_of(char c) noexcept { return static_cast<unsigned char>(c); }

bool equals_folded(std::string_view a, std::string_view lower_case) noexcept {
  if (a.size() != lower_case.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(byte_of(a[i])) != lower_case[i]) return false;
  return true;
}

bool is_value_byte(unsigned c) noexcept { return (c >= 0x20 && c != 0x7f) || c == '\t'; }

bool is_value(std::string_view v) noexcept {
  std::size_t i = 0;
  for (; i + 8 <= v.size(); i += 8) {
    if (!word_may_hold_control(v.data() + i)) continue;
    for (std::size_t k = i; k < i + 8; ++k)
      if (!is_value_byte(byte_of(v[k]))) return false;
  }
  for (; i < v.size(); ++i)
    if (!is_value_byte(byte_of(v[i]))) return false;
  return true;
}

std::string_view trim(std::string_view v) noexcept {
  while (!v.empty() && (v.front() == ' ' || v.front() == '\t')) v.remove_prefix(1);
  while (!v.empty() && (v.back() == ' ' || v.back() == '\t')) v.remove_suffix(1);
  return v;
}

HeadFault bad(std::string_view message) noexcept { return {400, message}; }

// What the fields say about the message itself.
struct Facts {
  bool host = false, length = false, transfer = false, close = false, keep_alive = false;
};

class Reader {
 public:
  Reader(std::span<char> head, RequestHead& out) : at_(head.data()), end_(head.data() + head.size()), out_(out) {}

  std::optional<HeadFault> request_line() noexcept;
  std::optional<HeadFault> fields(std::span<oc_header> room, std::uint32_t headers_max) noexcept;
  std::optional<HeadFault> conclude() noexcept;

 private:
  std::string_view take_line() noexcept {  // the scanner has seen to it that every line ends with CRLF
    const char* lf = static_cast<const char*>(std::memchr(at_, '\n', static_cast<std::size_t>(end_ - at_)));
    const std::string_view line(at_, static_cast<std::size_t>(lf - at_ - 1));
    at_ += line.size() + 2;
    return line;
  }
  std::optional<HeadFault> version(std::string_view text) noexcept;
  std::optional<HeadFault> target(std::string_view text) noexcept;
  std::optional<HeadFault> notice(std::string_view name, std::string_view value) noexcept;
  std::optional<HeadFault> content_length(std::string_view value) noexcept;
  std::optional<HeadFault> host(std::string_view value) noexcept;
  void connection(std::string_view value) noexcept;

  char* at_;
  char* end_;
  RequestHead& out_;
  Facts facts_;
};

std::optional<HeadFault> Reader::request_line() noexcept {
  const std::string_view line = take_line();
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return bad("malformed request line");
  const std::string_view method = line.substr(0, first);
  if (method.empty()) return bad("malformed request line");
  for (const char c : method)
    if (kToken[byte_of(c)] == 0) return bad("invalid character in the method");
  out_.view.method = method;
  if (auto fault = version(line.substr(last + 1))) return fault;
  return target(line.substr(first + 1, last - first - 1));
}

std::optional<HeadFault> Reader::version(std::string_view text) noexcept {
  if (text.size() != 8 || text.substr(0, 5) != "HTTP/" || !is_digit(byte_of(text[5])) || text[6] != '.' ||
      !is_digit(byte_of(text[7])))
    return bad("malformed request line");
  if (text[5] != '1' || text[7] > '1') return HeadFault{505, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
  out_.view.version = text[7] == '1' ? 11 : 10;
  return std::nullopt;
}

std::optional<HeadFault> Reader::target(std::string_view text) noexcept {
  if (text.empty()) return bad("malformed request line");
  for (const char c : text)
    if (byte_of(c) <= 0x20 || byte_of(c) >= 0x7f || c == '#') return bad("invalid character in the request target");
  out_.view.target = text;
  if (out_.view.method == "CONNECT" || text == "*") return HeadFault{501, "this method is not implemented"};
  std::string_view path = text;
  if (path.front() != '/') {
    const std::size_t scheme = path.find("://");
    if (scheme == std::string_view::npos ||
        !(equals_folded(path.substr(0, scheme), "http") || equals_folded(path.substr(0, scheme), "https")))
      return bad("the request target is neither a path nor an absolute URL");
    path.remove_prefix(scheme + 3);
    const std::size_t authority = path.find_first_of("/?");
    if (path.substr(0, authority).empty()) return bad("the request target has no authority");
    path = authority == std::string_view::npos ? std::string_view() : path.substr(authority);
  }
  const std::size_t mark = path.find('?');
  out_.view.path = path.substr(0, mark);
  if (out_.view.path.empty()) out_.view.path = "/";
  if (mark != std::string_view::npos) out_.view.query = path.substr(mark + 1);
  return std::nullopt;
}

std::optional<HeadFault> Reader::fields(std::span<oc_header> room, std::uint32_t headers_max) noexcept {
  std::size_t n = 0;
  while (*at_ != '\r') {
    if (n == headers_max) return HeadFault{431, "too many header fields"};
    char* const start = at_;
    char* p = start;
    while (const char c = kToken[byte_of(*p)]) *p++ = c;  // ends at the line's end at the latest: CR is no token
    if (p == start || *p != ':') return bad("malformed header field name");
    const std::string_view name(start, static_cast<std::size_t>(p - start));
    at_ = p + 1;
    const std::string_view value = trim(take_line());
    if (!is_value(value)) return bad("invalid character in a header field value");
    room[n++] = {{name.data(), name.size()}, {value.data(), value.size()}};
    out_.view.headers = room.first(n);
    if (auto fault = notice(name, value)) return fault;
  }
  return std::nullopt;
}

std::optional<HeadFault> Reader::notice(std::string_view name, std::string_view value) noexcept {
  switch (name.size()) {
    case 4:
      if (name == "host") return host(value);
      break;
    case 6:
      if (name == "expect" && out_.view.version == 11) {
        if (!equals_folded(value, "100-continue")) return HeadFault{417, "unknown expectation"};
        out_.expect_continue = true;
      }
      break;
    case 10:
      if (name == "connection") connection(value);
      break;
    case 14:
      if (name == "content-length") return content_length(value);
      break;
    case 17:
      if (name == "transfer-encoding") {
        if (facts_.transfer) return bad("repeated Transfer-Encoding");
        if (!equals_folded(value, "chunked")) return bad("the only Transfer-Encoding understood is chunked");
        facts_.transfer = true;
      }
      break;
    default: break;
  }
  return std::nullopt;
}

std::optional<HeadFault> Reader::content_length(std::string_view value) noexcept {
  if (facts_.length) return bad("repeated Content-Length");
  facts_.length = true;
  if (value.empty() || value.size() > 18) return bad("invalid Content-Length");
  std::uint64_t n = 0;
  for (const char c : value) {
    if (!is_digit(byte_of(c))) return bad("invalid Content-Length");
    n = n * 10 + (byte_of(c) - '0');
  }
  out_.content_length = n;
  return std::nullopt;
}

std::optional<HeadFault> Reader::host(std::string_view value) noexcept {
  if (facts_.host) return bad("repeated Host");
  facts_.host = true;
  for (const char c : value)
    if (!kHost[byte_of(c)]) return bad("invalid Host");
  return std::nullopt;
}

void Reader::connection(std::string_view value) noexcept {
  while (!value.empty()) {
    const std::size_t comma = value.find(',');
    const std::string_view option = trim(value.substr(0, comma));
    if (equals_folded(option, "close")) facts_.close = true;
    if (equals_folded(option, "keep-alive")) facts_.keep_alive = true;
    value = comma == std::string_view::npos ? std::string_view() : value.substr(comma + 1);
  }
}

std::optional<HeadFault> Reader::conclude() noexcept {
  const bool v11 = out_.view.version == 11;
  if (v11 && !facts_.host) return bad("Host is missing");
  if (facts_.transfer && !v11) return bad("Transfer-Encoding needs HTTP/1.1");
  if (facts_.transfer && facts_.length) return bad("both Content-Length and Transfer-Encoding");
  out_.keep_alive = !facts_.close && (v11 || facts_.keep_alive);
  if (facts_.transfer) out_.framing = BodyFraming::chunked;
  if (facts_.length && out_.content_length > 0) out_.framing = BodyFraming::length;
  if (out_.framing == BodyFraming::none) out_.expect_continue = false;
  return std::nullopt;
}

}  // namespace

HeadScanner::State HeadScanner::scan(std::string_view bytes) noexcept {
  if (!bytes.empty() && scanned_ == 0 && kToken[byte_of(bytes[0])] == 0) return State::fault;
  while (scanned_ < bytes.size()) {
    const char* start = bytes.data() + scanned_;
    const auto* lf = static_cast<const char*>(std::memchr(start, '\n', bytes.size() - scanned_));
    if (lf == nullptr) return State::incomplete;
    if (lf == start || lf[-1] != '\r') return State::fault;
    scanned_ += static_cast<std::size_t>(lf - start) + 1;
    if (lf - start == 1) return State::complete;
    ++lines_;
  }
  return State::incomplete;
}

std::optional<HeadFault> parse_head(std::span<char> head, std::size_t lines, std::uint32_t headers_max, Arena& arena,
                                    RequestHead& out) {
  Reader reader(head, out);
  if (auto fault = reader.request_line()) return fault;
  const std::span<oc_header> room = arena.make_array<oc_header>(std::min<std::size_t>(lines - 1, headers_max));
  if (auto fault = reader.fields(room, headers_max)) return fault;
  return reader.conclude();
}

void peek_request_line(std::span<char> bytes, RequestHead& out) noexcept {
  static_cast<void>(Reader(bytes, out).request_line());
}

std::string_view HeadView::header(std::string_view lower_case_name) const noexcept {
  for (const oc_header& h : headers)
    if (view(h.name) == lower_case_name) return view(h.value);
  return {};
}

}  // namespace onechat::net
