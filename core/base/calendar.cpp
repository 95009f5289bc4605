#include "base/calendar.hpp"

#include <date/tz.h>

#include <algorithm>
#include <chrono>

namespace onechat {
namespace {

using namespace std::chrono;
using Time = date::sys_time<milliseconds>;
using Day = date::local_days;

constexpr std::size_t kRemembered = 4096;                   // more (period, zone) pairs than that: begin anew
constexpr std::int64_t kYear10000Ms = 253'402'300'800'000;  // the zones' rules are asked for no later time

// Midnight of that day there; where it is skipped, the first moment after it.
Time midnight(const date::time_zone& zone, Day day) {
  return floor<milliseconds>(zone.to_sys(day, date::choose::earliest));
}

Day first_day(std::uint32_t period, Day day) {
  if (period == OC_WINDOW_WEEK) return day - (date::weekday(day) - date::Monday);
  if (period == OC_WINDOW_MONTH) {
    const date::year_month_day at(day);
    return Day(at.year() / at.month() / 1);
  }
  return day;
}

Day next_first_day(std::uint32_t period, Day first) {
  if (period == OC_WINDOW_WEEK) return first + date::days(7);
  if (period == OC_WINDOW_MONTH) {
    const date::year_month_day at(first);
    return Day((at.year() / at.month() + date::months(1)) / 1);
  }
  return first + date::days(1);
}

// Hours of the local clock, cut where the clock is set.
TimeWindow hour_window(const date::time_zone& zone, Time t) {
  const date::sys_info now = zone.get_info(t);
  const auto past = (t.time_since_epoch() + now.offset) % hours(1);
  const auto ms = [](auto at) { return duration_cast<milliseconds>(at.time_since_epoch()).count(); };
  const Time begin = t - past, end = begin + hours(1);
  return {std::max(ms(begin), ms(now.begin)), std::min(ms(end), ms(now.end))};
}

TimeWindow day_window(const date::time_zone& zone, std::uint32_t period, Time t) {
  Day first = first_day(period, floor<date::days>(zone.to_local(t)));
  Day next = next_first_day(period, first);
  // A clock that is set back over midnight shows the old day again: those minutes belong to the new one.
  while (midnight(zone, next) <= t) {
    first = next;
    next = next_first_day(period, first);
  }
  return {midnight(zone, first).time_since_epoch().count(), midnight(zone, next).time_since_epoch().count()};
}

}  // namespace

std::optional<TimeWindow> Calendar::window(std::uint32_t period, std::string_view zone, std::int64_t unix_ms) {
  if (period > OC_WINDOW_MONTH || unix_ms < 0 || unix_ms >= kYear10000Ms) return std::nullopt;
  std::string key(1, static_cast<char>('0' + period));
  key += zone;
  {
    const std::lock_guard lock(mutex_);
    if (const auto at = last_.find(key); at != last_.end() && at->second.contains(unix_ms)) return at->second;
  }
  try {
    const date::time_zone& there = *date::locate_zone(zone.empty() ? "Etc/UTC" : zone);
    const Time t{milliseconds(unix_ms)};
    const TimeWindow found = period == OC_WINDOW_TOTAL  ? kAllTime
                             : period == OC_WINDOW_HOUR ? hour_window(there, t)
                                                        : day_window(there, period, t);
    const std::lock_guard lock(mutex_);
    if (last_.size() >= kRemembered) last_.clear();
    return last_[std::move(key)] = found;
  } catch (const std::exception&) {  // no such zone
    return std::nullopt;
  }
}

Calendar& system_calendar() {
  static Calendar calendar;
  return calendar;
}

}  // namespace onechat
