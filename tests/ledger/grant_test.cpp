// What promotional money promises: it is drawn first and in order, comes back when unused, and ends in time.
#include "table.hpp"

namespace onechat::ledger_test {
namespace {

TEST(LedgerGrant, AGrantIsMoneyThatIsSpentBeforePaidMoney) {
  check(R"(
    grant   G1 1 30          -> ok posted=30 available=30
    grant   G1 1 30          -> duplicate posted=30 available=30
    grant   G1 1 31          -> conflict
    deposit D1 1 100         -> ok available=130
    promo 1                  -> 30
    reserve H1 1 50          -> ok available=80
    held_by_grants 1         -> 30
    settle  H1 20 2          -> ok released=28 available=108
    promo 1                  -> 8
    net 2000 1               -> 100
    net 5000 0               -> -30
  )");
}

TEST(LedgerGrant, ThePriorityThenTheEarlierEndThenTheAgeDecides) {
  check(R"(
    grant   G1 1 10 prio=2           -> ok
    grant   G2 1 10 prio=1           -> ok        # never ends: after those that do
    grant   G3 1 10 prio=1 ends=9000 -> ok
    grant   G4 1 10 prio=1 ends=5000 -> ok
    reserve H1 1 10                  -> ok
    settle  H1 10 0                  -> ok
    time +5000
    sweep                            -> ok available=0    # G4 was spent to the end
    reserve H2 1 15                  -> ok
    settle  H2 15 0                  -> ok                # G3, and 5 of G2
    time +4000
    sweep                            -> ok available=0
    available 1                      -> 15
    reserve H3 1 5                   -> ok
    settle  H3 5 0                   -> ok
    reserve H4 1 10                  -> ok
    reserve H5 1 1                   -> funds
  )");
}

TEST(LedgerGrant, AHoldDrawsOnThreeGrantsAtMost) {
  check(R"(
    grant   G1 1 10          -> ok
    grant   G2 1 10          -> ok
    grant   G3 1 10          -> ok
    grant   G4 1 10          -> ok available=30    # a fourth waits for its turn
    deposit D1 1 5           -> ok available=35
    reserve H1 1 36          -> funds available=35
    reserve H1 1 35          -> ok available=10
    reserve H2 1 10          -> ok available=0
    extend  E1 H1 1          -> funds
    void    H2               -> ok
    extend  E1 H1 1          -> funds              # H1 has its three
    settle  H1 36 0          -> ok shortfall=1
    settle  H3 3 0 wallet=1  -> late shortfall=0   # without a hold there is room for a grant
    debt 1                   -> 1
  )");
}

TEST(LedgerGrant, OverageTakesPaidMoneyThenGrantsThenOwes) {
  check(R"(
    grant   G1 1 20          -> ok
    deposit D1 1 10          -> ok
    reserve H1 1 5           -> ok
    settle  H1 18 0          -> ok shortfall=0    # 5 held of the grant, 10 paid, 3 more of the grant
    net 2000 1               -> 0
    promo 1                  -> 12
    reserve H2 1 5           -> ok
    settle  H2 15 0          -> ok shortfall=3
    debt 1                   -> 3
    grant   G2 1 10          -> ok                # promotional money pays no debt
    debt 1                   -> 3
  )");
}

TEST(LedgerGrant, WhatIsFreeAtTheEndGoesToBreakageAndWhatIsHeldLater) {
  check(R"(
    grant   G1 1 30 ends=1000   -> ok
    deposit D1 1 10             -> ok
    reserve H1 1 12             -> ok
    time +999
    sweep                       -> ok available=0
    time +1
    available 1                 -> 10        # over is over, swept or not
    reserve H2 1 11             -> funds
    sweep                       -> ok available=1
    net 4100 0                  -> 18
    held_by_grants 1            -> 12
    settle  H1 5 0              -> ok released=7 available=10   # the hold was made in time
    sweep                       -> ok available=1
    net 4100 0                  -> 25
    sweep                       -> ok available=0
    settle  H3 12 0 wallet=1    -> late shortfall=2
  )");
}

TEST(LedgerGrant, AGrantAloneFundsAWallet) {
  check(R"(
    reserve H1 1 0              -> funds
    grant   G1 1 5 ends=10      -> ok
    reserve H1 1 0              -> ok
    time +10
    reserve H2 1 0              -> funds
  )");
}

TEST(LedgerGrant, NonsenseIsRefused) {
  check(R"(
    grant   G1 1 0            -> invalid
    grant   G1 1 -1           -> invalid
    grant   0  1 5            -> invalid
    grant   G1 0 5            -> invalid
    grant   G1 1 5 fee=1      -> invalid
    grant   G1 1 5 ends=0     -> invalid       # over before it began
    grant   G1 1 5 epoch=18446744073709551615 -> invalid
    grant   G1 1 9223372036854775807 -> ok
    grant   G2 2 1            -> invalid       # the expense account would overflow
    grant   G1 1 9223372036854775807 -> duplicate
  )");
}

}  // namespace
}  // namespace onechat::ledger_test
