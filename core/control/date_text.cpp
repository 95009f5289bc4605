#include "control/date_text.hpp"

#include <charconv>
#include <chrono>
#include <cstdio>

namespace onechat::control {
namespace {

namespace ch = std::chrono;

// Reads exactly `digits` digits and moves on.
bool take_number(std::string_view& text, std::size_t digits, int& out) {
  if (text.size() < digits) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, out);
  if (error != std::errc() || end != text.data() + digits || text[0] == '-') return false;
  text.remove_prefix(digits);
  return true;
}

bool take_char(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

// The fraction of a second as ms; digits below are cut.
bool take_fraction(std::string_view& text, int& ms) {
  std::size_t n = 0;
  for (; n < text.size() && text[n] >= '0' && text[n] <= '9'; ++n)
    if (n < 3) ms = ms * 10 + (text[n] - '0');
  for (std::size_t i = n; i < 3; ++i) ms *= 10;
  text.remove_prefix(n);
  return n > 0 && n <= 9;
}

bool read(std::string_view text, std::int64_t& out) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, ms = 0;
  if (!take_number(text, 4, year) || !take_char(text, '-') || !take_number(text, 2, month) || !take_char(text, '-') ||
      !take_number(text, 2, day))
    return false;
  const ch::year_month_day date(ch::year(year), ch::month(static_cast<unsigned>(month)),
                                ch::day(static_cast<unsigned>(day)));
  if (!date.ok()) return false;
  if (!text.empty()) {
    if (!take_char(text, 'T') || !take_number(text, 2, hour) || !take_char(text, ':') ||
        !take_number(text, 2, minute) || !take_char(text, ':') || !take_number(text, 2, second))
      return false;
    if (take_char(text, '.') && !take_fraction(text, ms)) return false;
    if (text != "Z" || hour > 23 || minute > 59 || second > 59) return false;
  }
  const auto at =
      ch::sys_days(date) + ch::hours(hour) + ch::minutes(minute) + ch::seconds(second) + ch::milliseconds(ms);
  out = ch::duration_cast<ch::milliseconds>(at.time_since_epoch()).count();
  return true;
}

}  // namespace

Result<std::int64_t> parse_time(std::string_view text) {
  std::int64_t ms = 0;
  if (!read(text, ms))
    return Error(OC_E_INVALID,
                 "'" + std::string(text.substr(0, 40)) + "' is not a date: write 2027-01-31 or 2027-01-31T12:30:00Z",
                 "invalid_date");
  return Result<std::int64_t>(boost::system::in_place_value, ms);
}

std::string to_time(std::int64_t unix_ms) {
  const ch::sys_time<ch::milliseconds> at{ch::milliseconds(unix_ms)};
  const auto days = ch::floor<ch::days>(at);
  const ch::year_month_day date(days);
  const auto ms = (at - days).count();
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(ms / 3'600'000), static_cast<int>(ms / 60'000 % 60), static_cast<int>(ms / 1'000 % 60),
                static_cast<int>(ms % 1'000));
  return text;
}

}  // namespace onechat::control
