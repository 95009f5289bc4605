// Calendar windows for tests of the ledger: plain arithmetic, time zones as a table of fixed distances from UTC.
#pragma once
#include <onechat/ledger.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace onechat::ledger_test {

struct TestZone {
  const char* name;
  std::int64_t minutes_east;
};
inline constexpr std::array<TestZone, 4> kTestZones{
    {{"", 0}, {"Asia/Kolkata", 330}, {"America/Phoenix", -420}, {"Asia/Tokyo", 540}}};  // zones without summer time

inline std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// Days from 1970-01-01 to the first of a month; month may lie outside 0..11.
inline std::int64_t days_to_month(std::int64_t year, std::int64_t month) {
  year += floor_div(month, 12);
  month -= floor_div(month, 12) * 12;
  static constexpr std::array<std::int64_t, 12> before{0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
  const auto leap_days = [](std::int64_t y) { return floor_div(y, 4) - floor_div(y, 100) + floor_div(y, 400); };
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return 365 * (year - 1970) + leap_days(year - 1) - leap_days(1969) + before[static_cast<std::size_t>(month)] +
         (leap && month > 1 ? 1 : 0);
}

// [begin, end) of the window (OC_WINDOW_*) that a time lies in; nothing for unknown zones and periods.
inline std::optional<std::pair<std::int64_t, std::int64_t>> test_window(std::uint32_t period, const std::string& zone,
                                                                        std::int64_t unix_ms) {
  constexpr std::int64_t hour = 3'600'000, day = 24 * hour, week = 7 * day;
  const TestZone* known = nullptr;
  for (const TestZone& z : kTestZones)
    if (zone == z.name) known = &z;
  if (known == nullptr) return std::nullopt;
  const std::int64_t shift = known->minutes_east * 60'000, local = unix_ms + shift;
  const auto every = [&](std::int64_t length, std::int64_t from) {
    const std::int64_t begin = floor_div(local - from, length) * length + from;
    return std::pair(begin - shift, begin + length - shift);
  };
  switch (period) {
    case OC_WINDOW_TOTAL: return std::pair(std::int64_t{0}, INT64_MAX);
    case OC_WINDOW_HOUR: return every(hour, 0);
    case OC_WINDOW_DAY: return every(day, 0);
    case OC_WINDOW_WEEK: return every(week, -3 * day);  // 1969-12-29 was a Monday
    case OC_WINDOW_MONTH: break;
    default: return std::nullopt;
  }
  const std::int64_t days = floor_div(local, day);
  std::int64_t month = days * 12 / 366;  // since 1970-01, never too late
  while (days_to_month(1970, month + 1) <= days) ++month;
  return std::pair(days_to_month(1970, month) * day - shift, days_to_month(1970, month + 1) * day - shift);
}

}  // namespace onechat::ledger_test
