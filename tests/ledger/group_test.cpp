// What linked groups promise: all or nothing.
#include "table.hpp"

namespace onechat::ledger_test {
namespace {

TEST(LedgerGroup, AllSucceedTogether) {
  check(R"(
    deposit D1 1 100 linked       -> ok
    deposit D2 2 50 linked        -> ok
    reserve H1 1 100 linked       -> ok available=0    # each sees what the ones before it did
    reserve H2 2 50               -> ok available=0
    held 1                        -> 100
    held 2                        -> 50
  )");
}

TEST(LedgerGroup, OneRefusalUndoesTheWholeGroup) {
  check(R"(
    deposit D1 1 100              -> ok
    deposit D2 2 50               -> ok
    budget 1 org 1 day 90
    reserve H1 1 80 linked        -> linked
    reserve H2 2 51 linked        -> funds available=50
    reserve H3 1 5                -> linked
    held 1                        -> 0
    counted_as_held 1 org 1 day   -> 0
    reserve H1 1 80               -> ok available=20   # as if it had never been asked
    settle  H1 30 3 linked        -> linked
    transfer T1 1 2 500           -> funds
    held 1                        -> 80
    spent 1 org 1 day             -> 0
    settle  H1 30 3 linked        -> ok
    transfer T1 1 2 67            -> ok
    available 2                   -> 117
  )");
}

TEST(LedgerGroup, EverythingAnOpCanChangeComesBack) {
  check(R"(
    deposit D1 1 100              -> ok
    grant   G1 1 10               -> ok
    reserve H1 1 5                -> ok
    lease   L1 1 20               -> ok
    settle  H0 8 0 wallet=1       -> late
    epoch 1 linked                -> linked
    heartbeat 1 epoch=1 linked    -> linked
    terms 1 7 linked              -> linked
    extend  E1 H1 5 epoch=1 linked -> linked
    progress H1 3 0 linked        -> linked
    lsettle R1 L1 4 0 linked      -> linked
    close   L1 linked             -> linked
    grant   G2 1 30 prio=0 linked -> linked
    refund  B1 H0 4 linked        -> linked
    reserve H2 1 6 epoch=1 linked -> linked
    settle  H2 6 0 linked         -> linked
    void    H1 linked             -> linked
    reserve H3 1 9999 epoch=1     -> funds
    available 1                   -> 77
    held 1                        -> 25
    held_by_grants 1              -> 10
    net 2100 1                    -> 8
    epoch 1                       -> ok available=1
    refund  B1 H0 8               -> ok
    close   L1                    -> ok released=20
    void    H1                    -> ok released=5
    grant   G2 1 30 prio=0        -> ok
    promo 1                       -> 40
  )");
}

TEST(LedgerGroup, ARetriedGroupIsADuplicate) {
  check(R"(
    deposit D1 1 100 linked       -> ok
    reserve H1 1 60               -> ok
    deposit D1 1 100 linked       -> duplicate
    reserve H1 1 60               -> duplicate available=40
    deposit D1 1 101 linked       -> conflict
    reserve H2 1 1                -> linked
  )");
}

TEST(LedgerGroup, AGroupThatIsCutOffOrSweepsIsRefused) {
  Table whole(1000);
  whole.run(R"(
    deposit D1 1 100              -> ok
    reserve H1 1 1 linked         -> linked
    sweep linked                  -> invalid
    reserve H2 1 1                -> linked
    reserve H3 1 1 linked         -> linked
    reserve H4 1 1 linked         -> invalid
  )");
  EXPECT_EQ(whole.store.holds.size(), 0u);
  Table sweeping(1000);
  sweeping.run(R"(
    sweep linked                  -> invalid
    sweep                         -> linked
    sweep                         -> ok
  )");
}

}  // namespace
}  // namespace onechat::ledger_test
