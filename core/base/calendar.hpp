// Windows of time as people count them: hours, days, ISO weeks and months of a time zone.
//
// The windows of one (period, zone) follow each other without gap or overlap, whatever clocks do there: an hour in
// which the clock is set by less than an hour is cut in two, a day has 23 or 25 hours where it has. Zones are the
// system's
// (/usr/share/zoneinfo), read once.
#pragma once
#include <onechat/ledger.h>

#include <cstdint>
#include <limits>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace onechat {

struct TimeWindow {  // Unix ms; begin belongs to it, end does not
  std::int64_t begin_ms = 0, end_ms = 0;
  bool contains(std::int64_t unix_ms) const noexcept { return begin_ms <= unix_ms && unix_ms < end_ms; }
  friend bool operator==(const TimeWindow&, const TimeWindow&) = default;
};

// The one window of OC_WINDOW_TOTAL.
inline constexpr TimeWindow kAllTime{0, std::numeric_limits<std::int64_t>::max()};

class Calendar {
 public:
  // [any] The window of `period` (OC_WINDOW_*) in `zone` (IANA name, "" is UTC) that `unix_ms` lies in. nullopt: no
  // such zone or period, or a time before 1970 or after 9999. What was asked last is remembered, zone by zone.
  std::optional<TimeWindow> window(std::uint32_t period, std::string_view zone, std::int64_t unix_ms);

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, TimeWindow> last_;  // by period and zone; bounded
};

// [any] The process' calendar.
Calendar& system_calendar();

}  // namespace onechat
