// Windows are what people there call an hour, a day, a week, a month; together they are all of time.
#include "base/calendar.hpp"

#include <gtest/gtest.h>

#include <ctime>
#include <random>
#include <string>

namespace onechat {
namespace {

std::int64_t ms(const std::string& utc) {
  std::tm t{};
  EXPECT_NE(::strptime(utc.c_str(), "%Y-%m-%dT%H:%M:%SZ", &t), nullptr) << utc;
  return std::int64_t(::timegm(&t)) * 1000;
}

struct Row {
  const char* zone;
  std::uint32_t period;
  const char *at, *begin, *end;  // UTC
};

TEST(Calendar, KnowsTheWindowsOfAZone) {
  for (const Row& r : {
           Row{"", OC_WINDOW_DAY, "2026-11-23T10:00:00Z", "2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z"},
           Row{"", OC_WINDOW_HOUR, "2026-11-23T10:59:59Z", "2026-11-23T10:00:00Z", "2026-11-23T11:00:00Z"},
           Row{"", OC_WINDOW_WEEK, "2026-11-22T23:59:59Z", "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"},
           Row{"", OC_WINDOW_WEEK, "2026-11-23T00:00:00Z", "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"},
           Row{"", OC_WINDOW_MONTH, "2028-02-29T12:00:00Z", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"},
           Row{"Europe/Berlin", OC_WINDOW_DAY, "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
           Row{"Europe/Berlin", OC_WINDOW_DAY, "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},
           Row{"Europe/Berlin", OC_WINDOW_HOUR, "2026-10-25T00:30:00Z", "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z"},
           Row{"Europe/Berlin", OC_WINDOW_HOUR, "2026-10-25T01:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z"},
           Row{"Europe/Berlin", OC_WINDOW_MONTH, "2026-11-01T00:00:00Z", "2026-10-31T23:00:00Z",
               "2026-11-30T23:00:00Z"},
           Row{"Europe/Berlin", OC_WINDOW_WEEK, "2026-10-25T22:59:59Z", "2026-10-18T22:00:00Z", "2026-10-25T23:00:00Z"},
           Row{"America/New_York", OC_WINDOW_DAY, "2026-03-08T12:00:00Z", "2026-03-08T05:00:00Z",
               "2026-03-09T04:00:00Z"},
           Row{"America/New_York", OC_WINDOW_MONTH, "2026-03-15T00:00:00Z", "2026-03-01T05:00:00Z",
               "2026-04-01T04:00:00Z"},
           Row{"Asia/Kolkata", OC_WINDOW_HOUR, "2026-06-01T10:29:00Z", "2026-06-01T09:30:00Z", "2026-06-01T10:30:00Z"},
           Row{"Asia/Kolkata", OC_WINDOW_DAY, "2026-06-01T18:30:00Z", "2026-06-01T18:30:00Z", "2026-06-02T18:30:00Z"},
           // Clocks go back from 2:00 to 1:30: the hour before ends there, and half an hour follows.
           Row{"Australia/Lord_Howe", OC_WINDOW_HOUR, "2026-04-04T14:59:00Z", "2026-04-04T14:00:00Z",
               "2026-04-04T15:00:00Z"},
           Row{"Australia/Lord_Howe", OC_WINDOW_HOUR, "2026-04-04T15:10:00Z", "2026-04-04T15:00:00Z",
               "2026-04-04T15:30:00Z"},
           Row{"Australia/Lord_Howe", OC_WINDOW_DAY, "2026-04-04T15:10:00Z", "2026-04-04T13:00:00Z",
               "2026-04-05T13:30:00Z"},
           // Midnight itself is skipped there; a whole day is skipped there.
           Row{"America/Sao_Paulo", OC_WINDOW_DAY, "2018-11-04T12:00:00Z", "2018-11-04T03:00:00Z",
               "2018-11-05T02:00:00Z"},
           Row{"Pacific/Apia", OC_WINDOW_DAY, "2011-12-30T09:00:00Z", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z"},
           Row{"Pacific/Apia", OC_WINDOW_DAY, "2011-12-30T11:00:00Z", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z"},
       }) {
    const auto w = Calendar().window(r.period, r.zone, ms(r.at));
    ASSERT_TRUE(w) << r.zone << " " << r.at;
    EXPECT_EQ(w->begin_ms, ms(r.begin)) << r.zone << " " << r.period << " " << r.at;
    EXPECT_EQ(w->end_ms, ms(r.end)) << r.zone << " " << r.period << " " << r.at;
  }
}

TEST(Calendar, TheTotalIsOneWindow) {
  EXPECT_EQ(Calendar().window(OC_WINDOW_TOTAL, "Europe/Berlin", ms("2026-01-01T00:00:00Z")), kAllTime);
}

TEST(Calendar, RefusesWhatIsNoZoneNoPeriodAndNoTime) {
  Calendar c;
  EXPECT_FALSE(c.window(OC_WINDOW_DAY, "Europe/Atlantis", 0));
  EXPECT_FALSE(c.window(OC_WINDOW_TOTAL, "../../etc/passwd", 0));
  EXPECT_FALSE(c.window(5, "", 0));
  EXPECT_FALSE(c.window(OC_WINDOW_DAY, "", -1));
  EXPECT_FALSE(c.window(OC_WINDOW_DAY, "", std::numeric_limits<std::int64_t>::max()));
}

// Through years with their changes of the clock, a window contains its time, gives itself at each end, and the next
// begins where it ends.
TEST(Calendar, WindowsFollowEachOtherWithoutGapOrOverlap) {
  std::mt19937_64 random(7);
  const std::int64_t from = ms("2005-01-01T00:00:00Z"), to = ms("2037-01-01T00:00:00Z");
  for (const char* zone : {"Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia",
                           "America/St_Johns", "America/Havana", "Africa/Casablanca", "America/Asuncion"})
    for (const std::uint32_t period : {OC_WINDOW_HOUR, OC_WINDOW_DAY, OC_WINDOW_WEEK, OC_WINDOW_MONTH}) {
      Calendar remembers;
      for (int i = 0; i < 300; ++i) {
        const std::int64_t t = from + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(to - from));
        const auto w = remembers.window(period, zone, t);
        ASSERT_TRUE(w && w->contains(t)) << zone << " " << period << " " << t;
        Calendar fresh;
        EXPECT_EQ(*w, fresh.window(period, zone, w->begin_ms)) << zone << " " << period << " " << t;
        EXPECT_EQ(*w, Calendar().window(period, zone, w->end_ms - 1)) << zone << " " << period << " " << t;
        EXPECT_EQ(w->end_ms, Calendar().window(period, zone, w->end_ms)->begin_ms) << zone << " " << period << " " << t;
      }
    }
}

}  // namespace
}  // namespace onechat
