// What budgets promise: held and spent count in the same step as the wallet, in the window the request began in.
#include "table.hpp"

namespace onechat::ledger_test {
namespace {

TEST(LedgerBudget, AKeyNeverSpendsBeyondItsLimit) {
  check(R"(
    deposit D1 1 1000         -> ok
    reserve H1 1 60 key=5     -> ok
    budget 1 key 5 total 100              # set later, it counts what was held before
    reserve H2 1 41 key=5     -> limit available=940 scope=259
    reserve H3 1 40 key=5     -> ok
    settle  H1 20 2           -> ok       # 38 come back
    spent 1 key 5 total       -> 22
    counted_as_held 1 key 5 total -> 40
    reserve H4 1 38 key=5     -> ok
    reserve H5 1 1 key=5      -> limit
    void    H4                -> ok
    budget 1 key 5 total 10               # lower than what is spent: no more
    reserve H6 1 0 key=5      -> limit
    reserve H7 1 900 key=6    -> ok       # others are not concerned
    settle  H3 70 0           -> ok       # the fact counts, above the limit
    spent 1 key 5 total       -> 92
    counted_as_held 1 key 5 total -> 0
    budget 1 key 5 total -1
    reserve H8 1 5 key=5      -> ok
    windows                   -> 0
  )");
}

TEST(LedgerBudget, EveryScopeOfARequestCountsAndTheFirstThatIsFullRefuses) {
  check(R"(
    deposit D1 1 1000         -> ok
    deposit D2 2 1000         -> ok
    budget 1 org 1 month 500
    budget 1 project 7 week 400
    budget 1 key 5 day 300
    budget 1 user 8 hour 200
    budget 1 group 3 total 100
    reserve H1 1 100 project=7 key=5 user=8 group=3 -> ok
    reserve H2 1 1 group=3                 -> limit scope=261
    reserve H2 1 101 user=8                -> limit scope=516
    reserve H2 1 201 key=5                 -> limit scope=771
    reserve H2 1 301 project=7             -> limit scope=1026
    reserve H2 1 401                       -> limit scope=1281
    reserve H2 1 401 project=7 key=5 user=8 group=3 -> limit scope=1281
    reserve H2 2 401 project=7 key=5 user=8 group=3 -> ok    # another account's
    settle  H1 90 5                        -> ok
    spent 1 org 1 month                    -> 95
    spent 1 project 7 week                 -> 95
    spent 1 key 5 day                      -> 95
    spent 1 user 8 hour                    -> 95
    spent 1 group 3 total                  -> 95
    counted_as_held 1 org 1 month          -> 0
    held 1                                 -> 0
  )");
}

TEST(LedgerBudget, OneScopeMayHaveSeveralPeriods) {
  check(R"(
    deposit D1 1 1000         -> ok
    budget 1 key 5 hour 50
    budget 1 key 5 day 80
    reserve H1 1 50 key=5     -> ok
    reserve H2 1 1 key=5      -> limit scope=515
    time +2800000
    reserve H2 1 30 key=5     -> ok
    reserve H3 1 1 key=5      -> limit scope=771
  )");
}

TEST(LedgerBudget, ReportOnlyCounts) {
  check(R"(
    deposit D1 1 1000         -> ok
    budget 1 org 1 day 10 report
    reserve H1 1 50           -> ok
    settle  H1 45 0           -> ok
    spent 1 org 1 day         -> 45
  )");
}

// 22:13:20 UTC is 03:43:20 of the next day in Kolkata.
TEST(LedgerBudget, AWindowRollsOverInItsTimeZoneAndARequestStaysInTheOneItBeganIn) {
  check(R"(
    deposit D1 1 1000         -> ok
    budget 1 org 1 day 100
    budget 1 key 5 day 100 Asia/Kolkata
    reserve H1 1 60 key=5     -> ok
    reserve H2 1 41           -> limit
    time +6400000                         # midnight UTC
    counted_as_held 1 org 1 day   -> 0
    counted_as_held 1 key 5 day   -> 60   # Kolkata's day goes on
    reserve H3 1 41 key=5     -> limit scope=771
    reserve H3 1 100          -> ok
    settle  H1 50 0           -> ok
    spent 1 org 1 day         -> 0        # it was yesterday's
    spent 1 key 5 day         -> 50
    counted_as_held 1 org 1 day   -> 100
    time -6400000
    spent 1 org 1 day         -> 50
    counted_as_held 1 org 1 day   -> 0
  )");
}

TEST(LedgerBudget, ALateSettleThatNamesItsScopesCountsNow) {
  check(R"(
    deposit D1 1 1000                    -> ok
    budget 1 key 5 hour 100
    reserve H1 1 60 key=5                -> ok
    void    H1                           -> ok
    time +3600000
    settle  H1 10 0 key=5                -> late
    settle  H2 20 0 wallet=1 key=5       -> late
    spent 1 key 5 hour                   -> 30
    reserve H3 1 71 key=5                -> limit
    time -3600000
    spent 1 key 5 hour                   -> 0
  )");
}

TEST(LedgerBudget, WhatASweepChargedAndItsCorrectionCountWhereTheRequestBegan) {
  check(R"(
    deposit D1 1 1000                    -> ok
    budget 1 key 5 hour 100
    reserve H1 1 60 key=5 ttl=1000       -> ok
    progress H1 10 1                     -> ok
    time +3600000
    sweep                                -> ok posted=11
    settle  H1 20 2                      -> late posted=11
    spent 1 key 5 hour                   -> 0
    time -3600000
    spent 1 key 5 hour                   -> 22
    counted_as_held 1 key 5 hour         -> 0
  )");
}

TEST(LedgerBudget, ExtensionsCountWhereTheHoldCounts) {
  check(R"(
    deposit D1 1 1000                    -> ok
    budget 1 key 5 hour 100
    reserve H1 1 60 key=5                -> ok
    time +3600000
    extend  E1 H1 41                     -> limit scope=515
    extend  E1 H1 40                     -> ok
    counted_as_held 1 key 5 hour         -> 0
    reserve H2 1 100 key=5               -> ok
  )");
}

TEST(LedgerBudget, ARefundGivesMoneyBackButNoBudget) {
  check(R"(
    deposit D1 1 1000                    -> ok
    budget 1 key 5 day 100
    reserve H1 1 60 key=5                -> ok
    settle  H1 60 0                      -> ok
    refund  B1 H1 60                     -> ok available=1000
    spent 1 key 5 day                    -> 60
    reserve H2 1 41 key=5                -> limit
  )");
}

TEST(LedgerBudget, ABudgetThatCameLaterLeavesOlderWindowsAlone) {
  check(R"(
    deposit D1 1 1000                    -> ok
    reserve H1 1 60 key=5                -> ok
    time +3600000
    budget 1 key 5 hour 100
    windows                              -> 1
    settle  H1 50 0                      -> ok
    windows                              -> 1
    spent 1 key 5 hour                   -> 0
  )");
}

TEST(LedgerBudget, TheTestCalendarKnowsItsDates) {
  constexpr std::int64_t day = 86'400'000, leap_day = 1'709'164'800'000;  // 2024-02-29
  const auto window = [](std::uint32_t period, const char* zone, std::int64_t at) {
    return *test_window(period, zone, at);
  };
  EXPECT_EQ(window(OC_WINDOW_MONTH, "", leap_day + 5), std::pair(leap_day - 28 * day, leap_day + day));
  EXPECT_EQ(window(OC_WINDOW_MONTH, "", leap_day + day), std::pair(leap_day + day, leap_day + 32 * day));
  EXPECT_EQ(window(OC_WINDOW_DAY, "", leap_day + 5), std::pair(leap_day, leap_day + day));
  EXPECT_EQ(window(OC_WINDOW_DAY, "Asia/Tokyo", leap_day),
            std::pair(leap_day - 9 * 3'600'000, leap_day + 15 * 3'600'000));
  EXPECT_EQ(window(OC_WINDOW_WEEK, "", leap_day), std::pair(leap_day - 3 * day, leap_day + 4 * day));  // a Thursday
  EXPECT_EQ(window(OC_WINDOW_MONTH, "America/Phoenix", leap_day + day).second, leap_day + day + 7 * 3'600'000);
  EXPECT_FALSE(test_window(OC_WINDOW_DAY, "Mars/Olympus", 0));
  EXPECT_FALSE(test_window(9, "", 0));
}

}  // namespace
}  // namespace onechat::ledger_test
