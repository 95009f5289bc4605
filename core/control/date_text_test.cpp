#include "control/date_text.hpp"

#include <gtest/gtest.h>

namespace onechat::control {
namespace {

TEST(DateText, ReadsDatesAndInstants) {
  EXPECT_EQ(*parse_time("1970-01-01"), 0);
  EXPECT_EQ(*parse_time("2026-11-22"), 1795305600000);
  EXPECT_EQ(*parse_time("2026-11-22T10:11:12Z"), 1795342272000);
  EXPECT_EQ(*parse_time("2026-11-22T10:11:12.5Z"), 1795342272500);
  EXPECT_EQ(*parse_time("2024-02-29"), 1709164800000);
}

TEST(DateText, RefusesWhatIsNoDate) {
  for (const char* text :
       {"", "tomorrow", "2026", "2026-13-01", "2026-02-30", "2026-2-3", "-026-01-01", "2026-11-22 10:11:12",
        "2026-11-22T10:11:12", "2026-11-22T24:00:00Z", "2026-11-22T10:61:00Z", "2026-11-22Tx", "2026-11-22T10:11:12.Z"})
    EXPECT_FALSE(parse_time(text).has_value()) << text;
}

TEST(DateText, WritesWhatItReads) {
  for (const std::int64_t ms : {std::int64_t{0}, std::int64_t{1795342272500}, std::int64_t{253402300799999}})
    EXPECT_EQ(*parse_time(to_time(ms)), ms);
  EXPECT_EQ(to_time(1795342272500), "2026-11-22T10:11:12.500Z");
}

}  // namespace
}  // namespace onechat::control
