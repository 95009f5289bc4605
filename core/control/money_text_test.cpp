#include "control/money_text.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace onechat::control {
namespace {

constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
constexpr auto kMax = std::numeric_limits<std::int64_t>::max();

TEST(MoneyText, WritesExactDecimalsWithTwoOrMorePlaces) {
  EXPECT_EQ(to_usd(0), "0.00");
  EXPECT_EQ(to_usd(5'000'000'000), "5.00");
  EXPECT_EQ(to_usd(1'500), "0.0000015");
  EXPECT_EQ(to_usd(-1), "-0.000000001");
  EXPECT_EQ(to_usd(12'340'000'000), "12.34");
  EXPECT_EQ(to_usd(kMax), "9223372036.854775807");
  EXPECT_EQ(to_usd(kMin), "-9223372036.854775808");
}

TEST(MoneyText, ReadsWhatPeopleWrite) {
  EXPECT_EQ(*parse_usd("25"), 25'000'000'000);
  EXPECT_EQ(*parse_usd("25.00"), 25'000'000'000);
  EXPECT_EQ(*parse_usd("007.5"), 7'500'000'000);
  EXPECT_EQ(*parse_usd("0.000000001"), 1);
  EXPECT_EQ(*parse_usd("-0.5"), -500'000'000);
  EXPECT_EQ(*parse_usd("9223372036.854775807"), kMax);
  EXPECT_EQ(*parse_usd("-9223372036.854775808"), kMin);
}

TEST(MoneyText, RefusesWhatItCannotKeepExactly) {
  for (const char* text : {"",
                           "-",
                           ".",
                           ".5",
                           "5.",
                           "1e3",
                           "+1",
                           " 1",
                           "1 ",
                           "1,5",
                           "1.2.3",
                           "0x10",
                           "--1",
                           "$5",
                           "nan",
                           "0.0000000001",
                           "1.0000000000",
                           "9223372036.854775808",
                           "-9223372036.854775809",
                           "99999999999999999999999999"})
    EXPECT_EQ(parse_usd(text).error().status, OC_E_INVALID) << text;
}

TEST(MoneyText, EveryAmountSurvivesTheRoundTrip) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 200'000; ++i) {
    const auto nano = static_cast<std::int64_t>(random()) >> (random() % 64);
    const auto back = parse_usd(to_usd(nano));
    ASSERT_TRUE(back.has_value()) << nano;
    ASSERT_EQ(*back, nano);
  }
}

TEST(MoneyText, PercentIsKeptInBasisPoints) {
  EXPECT_EQ(*parse_percent("10"), 1000u);
  EXPECT_EQ(*parse_percent("7.5"), 750u);
  EXPECT_EQ(*parse_percent("0"), 0u);
  for (const char* text : {"", "-1", "0.125", "10%", "99999999999"})
    EXPECT_FALSE(parse_percent(text).has_value()) << text;
}

}  // namespace
}  // namespace onechat::control
