#include "net/server_answer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

#include "net/control_bytes.hpp"

namespace onechat::net {
namespace {

struct Reason {
  unsigned status;
  std::string_view text;
};
constexpr std::array kReasons{
    Reason{200, "OK"},
    Reason{201, "Created"},
    Reason{202, "Accepted"},
    Reason{204, "No Content"},
    Reason{301, "Moved Permanently"},
    Reason{302, "Found"},
    Reason{304, "Not Modified"},
    Reason{307, "Temporary Redirect"},
    Reason{400, "Bad Request"},
    Reason{401, "Unauthorized"},
    Reason{402, "Payment Required"},
    Reason{403, "Forbidden"},
    Reason{404, "Not Found"},
    Reason{405, "Method Not Allowed"},
    Reason{406, "Not Acceptable"},
    Reason{408, "Request Timeout"},
    Reason{409, "Conflict"},
    Reason{410, "Gone"},
    Reason{413, "Content Too Large"},
    Reason{415, "Unsupported Media Type"},
    Reason{417, "Expectation Failed"},
    Reason{422, "Unprocessable Content"},
    Reason{424, "Failed Dependency"},
    Reason{429, "Too Many Requests"},
    Reason{431, "Request Header Fields Too Large"},
    Reason{499, "Client Closed Request"},
    Reason{500, "Internal Server Error"},
    Reason{501, "Not Implemented"},
    Reason{502, "Bad Gateway"},
    Reason{503, "Service Unavailable"},
    Reason{504, "Gateway Timeout"},
    Reason{505, "HTTP Version Not Supported"},
    Reason{529, "Overloaded"},
};

void append_number(std::string& to, std::uint64_t n) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, n).ptr;
  to.append(digits, static_cast<std::size_t>(end - digits));
}

bool ends_field(char c) noexcept { return c == '\r' || c == '\n' || c == '\0'; }

constexpr auto kInFieldName = [] {
  std::array<bool, 256> t{};
  for (unsigned c = 0x21; c < 0x7f; ++c) t[c] = c != ':';
  return t;
}();

bool is_field_name(std::string_view name) noexcept {
  for (const char c : name)
    if (!kInFieldName[static_cast<unsigned char>(c)]) return false;
  return !name.empty();
}

void append_value(std::string& head, std::string_view value) {
  const std::size_t at = head.size();
  head.append(value);
  if (!may_hold_control(value)) return;
  std::replace_if(head.begin() + static_cast<std::ptrdiff_t>(at), head.end(), ends_field, ' ');
}

std::string_view line_of(Persist persist) noexcept {
  switch (persist) {
    case Persist::keep_alive: return "connection: keep-alive\r\n\r\n";
    case Persist::close: return "connection: close\r\n\r\n";
    case Persist::implied: break;
  }
  return "\r\n";
}

}  // namespace

const std::string& DateLine::at(std::int64_t unix_ms) {
  const std::int64_t second = unix_ms / 1000;
  if (second == second_) return line_;
  second_ = second;
  static constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto seconds = static_cast<std::time_t>(second);
  std::tm t{};
  gmtime_r(&seconds, &t);
  char text[32];
  const std::size_t n = std::strftime(text, sizeof text, "     %d     %Y %H:%M:%S GMT", &t);
  line_.assign("date: ").append(text, n).append("\r\n");
  // Names are put in by hand: strftime would take them from the locale.
  line_.replace(6, 4, std::string(kDays[static_cast<std::size_t>(t.tm_wday)]) + ",");
  line_.replace(14, 3, kMonths[static_cast<std::size_t>(t.tm_mon)]);
  return line_;
}

std::string_view reason_of(unsigned status) noexcept {
  const auto at = std::lower_bound(kReasons.begin(), kReasons.end(), status,
                                   [](const Reason& r, unsigned wanted) { return r.status < wanted; });
  return at != kReasons.end() && at->status == status ? at->text : std::string_view();
}

void start_head(std::string& head, unsigned status, std::string_view content_type, std::string_view date_line) {
  head.assign("HTTP/1.1 ");
  append_number(head, status);
  head.push_back(' ');
  head.append(reason_of(status)).append("\r\n").append(date_line);
  if (!content_type.empty()) add_field(head, "content-type", content_type);
}

void add_field(std::string& head, std::string_view name, std::string_view value) {
  if (!is_field_name(name)) return;
  head.append(name).append(": ");
  append_value(head, value);
  head.append("\r\n");
}

void end_head_sized(std::string& head, std::size_t body_bytes, Persist persist) {
  head.append("content-length: ");
  append_number(head, body_bytes);
  head.append("\r\n").append(line_of(persist));
}

void end_head_chunked(std::string& head, Persist persist) {
  head.append("transfer-encoding: chunked\r\n").append(line_of(persist));
}

void end_head_bare(std::string& head, Persist persist) { head.append(line_of(persist)); }

}  // namespace onechat::net
