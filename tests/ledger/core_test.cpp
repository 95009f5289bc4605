// What holds, settles and their refusals promise.
#include "table.hpp"

namespace onechat::ledger_test {
namespace {

// A hold guards the wallet before a single token is spent; each hold ends once.
TEST(LedgerCore, ReserveSettleVoid) {
  check(R"(
    deposit D1 1 100        -> ok posted=100 available=100
    reserve H1 1 70         -> ok available=30
    reserve H2 1 40         -> funds available=30   # a hold counts before it is spent
    settle  H1 50 5         -> ok posted=55 released=15 available=45
    settle  H1 50 5         -> duplicate posted=55 released=15 available=45
    reserve H3 1 45         -> ok
    void    H3              -> ok released=45
    void    H3              -> duplicate released=45
    available 1             -> 45
    settle  H3 10 0 wallet=1 -> late posted=10 flags=8   # usage is a fact: flagged, never dropped
    available 1             -> 35
    held 1                  -> 0
    net 2100 1              -> 60
    net 4000 1              -> 5
  )");
}

TEST(LedgerCore, TwoHoldsCannotBothTakeTheLastDollar) {
  check(R"(
    deposit D1 1 100        -> ok
    reserve H1 1 100        -> ok available=0
    reserve H2 1 1          -> funds available=0
    settle  H1 99 0         -> ok
    reserve H2 1 1          -> ok      # a refusal leaves nothing behind: the id is free
    reserve H3 1 1          -> funds
  )");
}

TEST(LedgerCore, TheSameIdWithAnotherBodyIsRefusedAndChangesNothing) {
  check(R"(
    deposit D1 1 100        -> ok
    deposit D1 1 100        -> duplicate posted=100 available=100
    deposit D1 1 101        -> conflict
    reserve H1 1 60         -> ok
    reserve H1 1 60         -> duplicate available=40
    reserve H1 1 61         -> conflict
    reserve H1 1 60 user=3  -> conflict
    reserve D1 1 5          -> conflict    # an id is used once, whatever for
    deposit H1 1 5          -> conflict
    lease   H1 1 60         -> conflict
    settle  H1 10 1         -> ok
    settle  H1 10 2         -> conflict
    void    H1              -> conflict
    reserve H1 1 60         -> duplicate available=40   # must not hold the money a second time
    settle  D1 5 0 wallet=1 -> conflict
    available 1             -> 89
    held 1                  -> 0
  )");
}

TEST(LedgerCore, AHoldIsChargedOnceUnderWhateverIdsTheSettlesCome) {
  check(R"(
    deposit D1 1 100        -> ok
    reserve H1 1 60         -> ok
    settle  H1 10 1 id=A    -> ok
    settle  H1 10 1 id=B    -> duplicate
    settle  H1 20 1 id=C    -> conflict
    available 1             -> 89
  )");
}

TEST(LedgerCore, ASettleAboveTheHoldTakesTheWalletThenBecomesDebt) {
  check(R"(
    deposit D1 1 100        -> ok
    reserve H1 1 50         -> ok
    settle  H1 120 10       -> ok posted=130 released=0 shortfall=30 available=-30
    debt 1                  -> 30
    reserve H2 1 0          -> funds       # owing refuses even a free request
    deposit D2 1 20         -> ok          # all of it pays the debt
    debt 1                  -> 10
    reserve H3 1 1          -> funds
    deposit D3 1 25         -> ok available=15
    debt 1                  -> 0
    reserve H4 1 15         -> ok
  )");
}

TEST(LedgerCore, AnotherHoldsMoneyIsNotTakenByOverage) {
  check(R"(
    deposit D1 1 100        -> ok
    reserve H1 1 50         -> ok
    reserve H2 1 40         -> ok
    settle  H1 100 0        -> ok shortfall=40   # 50 held + 10 free; 40 belong to H2
    settle  H2 40 0         -> ok shortfall=0
    available 1             -> -40
    debt 1                  -> 40
  )");
}

TEST(LedgerCore, AbsorbedOverageLeavesNoDebt) {
  check(R"(
    deposit D1 1 10         -> ok
    reserve H1 1 10         -> ok
    settle  H1 25 5 absorb  -> ok posted=30 shortfall=20
    available 1             -> 0
    debt 1                  -> 0
    net 5200 1              -> -20
    reserve H2 1 0          -> ok
  )");
}

TEST(LedgerCore, AFreeRequestLeavesATombstone) {
  check(R"(
    deposit D1 1 10         -> ok
    reserve H1 1 10         -> ok
    settle  H1 0 0          -> ok released=10
    settle  H1 0 0          -> duplicate released=10
    settle  H1 5 0          -> conflict
    void    H1              -> conflict
    reserve H1 1 10         -> duplicate
    available 1             -> 10
    void    H9              -> not_found
    settle  H9 0 0 wallet=1 -> late
    settle  H9 4 0 wallet=1 -> late        # its hold is long gone
    settle  H9 4 0 wallet=1 -> duplicate flags=8
    settle  H8 4 0          -> invalid     # nobody to charge
    reserve H9 1 1          -> conflict    # a delayed RESERVE must not hold for what is paid
    available 1             -> 6
  )");
}

TEST(LedgerCore, ASettleIsNeverDropped) {
  check(R"(
    deposit D1 1 10                 -> ok
    reserve H1 1 10                 -> ok
    void    H1                      -> ok
    settle  H1 4 0                  -> late posted=4    # the tombstone knows whose it is
    settle  H1 4 0 wallet=2         -> conflict
    reserve H2 1 6 ttl=10           -> ok
    time +10
    sweep                           -> ok available=1 released=6
    settle  H2 8 1 wallet=1         -> late posted=9 shortfall=3
    settle  H3 8 1 wallet=7 absorb  -> late posted=9 shortfall=9   # a wallet that never was
    settle  H4 8 1 wallet=7         -> late posted=9 shortfall=9
    debt 7                          -> 9
    terms   7 0 frozen              -> ok
    settle  H5 1 0 wallet=7 epoch=0 -> late
    net 2100 1                      -> 29
    net 4000 1                      -> 3
  )");
}

TEST(LedgerCore, ALateSettleOfAHoldNamesItsOwnWalletOnly) {
  check(R"(
    deposit D1 1 10         -> ok
    reserve H1 1 10         -> ok
    settle  H1 5 0 wallet=2 -> conflict
    settle  H1 5 0 key=9    -> conflict
    void    H1 wallet=2     -> conflict
    progress H1 5 0 wallet=2 -> conflict
    extend  E1 H1 0 wallet=2 -> conflict
    held 1                  -> 10
    settle  H1 5 0 wallet=1 -> ok
  )");
}

TEST(LedgerCore, ExtendHoldsMoreUnderTheSameChecks) {
  check(R"(
    deposit D1 1 100        -> ok
    reserve H1 1 40         -> ok available=60
    extend  E1 H1 30        -> ok available=30
    extend  E1 H1 30        -> duplicate available=30   # the money is held once
    extend  E1 H1 31        -> conflict
    extend  E2 H1 31        -> funds available=30
    extend  E3 H9 1         -> not_found
    extend  0  H1 1         -> invalid
    extend  E3 H1 -1        -> invalid
    extend  E3 H1 1 fee=1   -> invalid
    held 1                  -> 70
    reserve H1 1 40         -> duplicate available=60
    epoch 1                 -> ok available=1
    extend  E4 H1 1         -> fenced
    extend  E4 H1 1 epoch=1 -> ok
    terms   1 0 frozen      -> ok
    extend  E5 H1 1 epoch=1 -> funds
    settle  H1 71 0         -> ok released=0 shortfall=0
    extend  E6 H1 1 epoch=1 -> not_found
  )");
}

TEST(LedgerCore, ProgressIsWhatASweepCharges) {
  check(R"(
    deposit D1 1 100            -> ok
    reserve H1 1 50 ttl=10      -> ok
    reserve H2 1 20 ttl=10      -> ok
    progress H1 10 1            -> ok
    progress H1 20 2            -> ok
    progress H1 5 0             -> ok          # an old one that came late changes nothing
    progress H9 5 0             -> not_found
    progress H1 9223372036854775807 1 -> invalid
    progress 0 5 0              -> invalid
    time +10
    sweep                       -> ok available=2 posted=22 released=48 shortfall=0
    available 1                 -> 78
    progress H1 30 3            -> late
    progress H2 30 3            -> late
    settle  H1 20 2             -> late posted=0      # what was known was all of it
    settle  H1 15 1             -> late posted=0      # less: what was charged stays, a REFUND would say so
    void    H1                  -> conflict
    void    H2                  -> late
    reserve H1 1 50 ttl=10      -> duplicate
    settle  H1 25 4             -> late posted=7 flags=8
    settle  H1 25 4             -> duplicate posted=7 flags=8
    settle  H1 26 4             -> conflict
    settle  H1 25 4 wallet=2    -> conflict
    available 1                 -> 71
    net 2100 1                  -> 25
    net 4000 1                  -> 4
  )");
}

TEST(LedgerCore, TheOperatorSaysWhatACrashMeansForAHold) {
  const std::string begin = R"(
    deposit D1 1 100            -> ok
    epoch 1                     -> ok
    reserve H1 1 50 epoch=1     -> ok
    progress H1 20 2            -> ok
    lease   L1 1 10 epoch=1 ttl=5 drain=0 -> ok released=5
    epoch 1                     -> ok available=2
    time +5
  )";
  check(begin + R"(
    sweep                       -> ok available=2 posted=22 released=38
    held 1                      -> 0
    available 1                 -> 78
  )");
  check(begin + R"(
    sweep crash_void            -> ok available=2 posted=0 released=60
    available 1                 -> 100
  )");
  check(begin + R"(
    sweep hold                  -> ok available=1 released=10     # the lease comes back all the same
    held 1                      -> 50
    settle H1 25 0              -> ok
  )");
}

TEST(LedgerCore, SweepEndsExpiredHoldsAndThoseOfADeadNode) {
  check(R"(
    deposit D1 1 100               -> ok
    epoch   1                      -> ok available=1
    reserve H1 1 10 epoch=1 ttl=500   -> ok
    reserve H2 1 10 epoch=1 ttl=90000 -> ok
    reserve H3 1 10 node=2 ttl=90000  -> ok
    sweep                          -> ok available=0
    held 1                         -> 30
    time +500
    sweep                          -> ok available=1       # H1 expired
    held 1                         -> 20
    epoch   1                      -> ok       # node 1 was restarted
    reserve H4 1 5 epoch=1         -> fenced   # what is left of the old process may not spend
    heartbeat 1 epoch=1            -> fenced
    sweep                          -> ok
    held 1                         -> 10
    settle  H2 7 1 epoch=1 wallet=1 -> late    # but what it used is paid
    void    H1                     -> late
    reserve H1 1 10 epoch=1 ttl=500 -> duplicate
    available 1                    -> 82
    reserve H5 1 5 epoch=2         -> ok
  )");
}

TEST(LedgerCore, ANodeThatStoppedBeatingIsDeadAndOneThatNeverBeatIsNot) {
  check(R"(
    deposit D1 1 100            -> ok
    reserve H1 1 10 node=1      -> ok
    reserve H2 1 10 node=2      -> ok
    heartbeat 1                 -> ok
    time +30000
    sweep                       -> ok available=0
    time +1
    sweep                       -> ok available=1
    held 1                      -> 10
    heartbeat 2 epoch=0         -> ok
    time +101
    sweep ttl=200               -> ok available=0
    sweep ttl=100               -> ok available=1
    reserve H3 1 10 node=2      -> ok
    epoch 2                     -> ok
    time +40000
    reserve H4 1 10 node=2 epoch=1 -> ok
    sweep                       -> ok available=1    # H3: of the old process; the new one has not begun to beat
    held 1                      -> 10
    heartbeat 0                 -> invalid
    epoch 0                     -> invalid
  )");
}

TEST(LedgerCore, ASweepEndsAsManyAsItWasAskedFor) {
  check(R"(
    deposit D1 1 100        -> ok
    reserve H1 1 10 ttl=1   -> ok
    reserve H2 1 10 ttl=1   -> ok
    reserve H3 1 10 ttl=1   -> ok
    time +1
    sweep most=2            -> ok available=2 released=20
    sweep most=2            -> ok available=1 released=10
    sweep most=2            -> ok available=0
    sweep most=-1           -> invalid
    sweep code=9            -> invalid
    sweep overage=3         -> invalid
  )");
}

TEST(LedgerCore, AnEpochIsTakenOnce) {
  check(R"(
    epoch 4 id=A   -> ok available=1
    epoch 4 id=A   -> duplicate available=1
    epoch 4 id=B   -> ok available=2
    heartbeat 4 epoch=1 -> fenced
    heartbeat 4 epoch=2 -> ok available=2
  )");
}

TEST(LedgerCore, NonsenseIsRefusedWithoutEffect) {
  check(R"(
    deposit D1 1 9223372036854775807 -> ok
    deposit D2 1 1                   -> invalid   # would overflow
    deposit D2 2 1                   -> invalid   # the clearing account would
    deposit D3 1 0                   -> invalid
    deposit D3 1 -5                  -> invalid
    deposit 0 1 5                    -> invalid
    deposit D3 0 5                   -> invalid
    deposit D3 1 5 fee=1             -> invalid
    reserve H1 1 -1                  -> invalid
    reserve H1 0 1                   -> invalid
    reserve 0 1 1                    -> invalid
    reserve H1 1 1 fee=1             -> invalid
    reserve H1 2 1                   -> funds     # nobody funded it
    reserve H1 1 9223372036854775807 -> ok
    reserve H2 1 1                   -> funds
    settle  H1 9223372036854775807 1 -> invalid
    settle  H1 -1 0                  -> invalid
    settle  H1 5 -1                  -> invalid
    settle  H1 5 0 overage=9         -> invalid
    settle  0 5 0 wallet=1           -> invalid
    void    H1 fee=1                 -> invalid
    bogus                            -> unsupported
    held 1                           -> 9223372036854775807
    settle  H1 9223372036854775806 1 -> ok
    available 1                      -> 0
    settle  H4 5 0 wallet=1          -> invalid   # the provider's account would overflow
    debt 1                           -> 0
  )");
}

}  // namespace
}  // namespace onechat::ledger_test
