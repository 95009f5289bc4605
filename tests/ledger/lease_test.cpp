// What leases promise: a node spends by itself, and no money is lost or spent twice whatever becomes of the node.
#include "table.hpp"

namespace onechat::ledger_test {
namespace {

TEST(LedgerLease, ALeaseIsSpentRequestByRequestAndTheRestComesBack) {
  check(R"(
    deposit D1 1 100              -> ok
    lease   L1 1 60 ttl=1000      -> ok released=1000 available=40
    lsettle R1 L1 10 1            -> ok posted=11 available=40
    lsettle R2 L1 20 2            -> ok posted=22 available=40
    lsettle R1 L1 10 1            -> duplicate posted=11
    lsettle R1 L1 10 2            -> conflict
    held 1                        -> 27
    close   L1                    -> ok released=27 available=67
    close   L1                    -> duplicate released=27 available=67
    net 2100 1                    -> 30
    net 4000 1                    -> 3
  )");
}

TEST(LedgerLease, ALeaseIsAHoldUnderTheSameChecks) {
  check(R"(
    deposit D1 1 100              -> ok
    lease   L1 1 101              -> funds
    lease   L1 2 1                -> funds
    lease   L1 1 -1               -> invalid
    lease   L1 1 60 fee=1         -> invalid
    budget 1 key 5 day 50
    lease   L1 1 51 key=5         -> limit scope=771
    epoch 1                       -> ok
    lease   L1 1 50 key=5         -> fenced
    lease   L1 1 50 key=5 epoch=1 -> ok
    lease   L1 1 50 key=5 epoch=1 -> duplicate available=50
    lease   L1 1 49 key=5 epoch=1 -> conflict
    reserve L1 1 50 key=5 epoch=1 -> conflict
    reserve H1 1 1 key=5 epoch=1  -> limit
    settle  L1 5 0                -> conflict      # a lease is settled request by request
    void    L1                    -> conflict
    progress L1 5 0               -> conflict
    extend  E1 L1 5 epoch=1       -> conflict
    reserve H2 1 10 epoch=1       -> ok
    lsettle R1 H2 5 0             -> conflict
    close   H2                    -> conflict
    renew   N1 H2 5 epoch=1       -> conflict
    lsettle R1 L1 5 0 wallet=2    -> conflict
    close   L1 wallet=2           -> conflict
    close   L9                    -> not_found
    held 1                        -> 60
  )");
}

TEST(LedgerLease, MoreThanTheRestOfALeaseIsTakenFromTheWallet) {
  check(R"(
    deposit D1 1 100              -> ok
    lease   L1 1 60               -> ok
    reserve H1 1 30               -> ok
    lsettle R1 L1 50 0            -> ok
    lsettle R2 L1 15 0            -> ok posted=15 shortfall=0    # 10 of the lease, 5 of the wallet
    held 1                        -> 30
    lsettle R3 L1 8 0             -> ok shortfall=3              # 5 are free, 30 belong to H1
    lsettle R4 L1 8 0 absorb      -> ok shortfall=8
    debt 1                        -> 3
    close   L1                    -> ok released=0
    settle  H1 30 0               -> ok shortfall=0
  )");
}

TEST(LedgerLease, ALeaseThatWasTakenBackStillSettlesLate) {
  check(R"(
    deposit D1 1 100                       -> ok
    lease   L1 1 60 ttl=1000 drain=5 key=3 -> ok
    time +1000
    lsettle R1 L1 10 0                     -> ok        # past its end it admits nothing, but what runs goes on
    time +4999
    sweep                                  -> ok available=0   # the drain time protects running requests
    lsettle R2 L1 10 0                     -> ok
    time +1
    sweep                                  -> ok available=1 released=40
    lsettle R3 L1 10 1 wallet=1            -> late posted=11 flags=8
    lsettle R3 L1 10 1 wallet=1            -> duplicate posted=11 flags=8
    lsettle R4 L1 10 1 wallet=2            -> conflict
    lsettle R5 L1 90 0                     -> late shortfall=21   # the tombstone knows the wallet
    lsettle R6 L9 5 0                      -> invalid
    lsettle R6 L9 5 0 wallet=1             -> late
    close   L1                             -> late
    renew   N1 L1 5                        -> not_found
    lease   L1 1 60 ttl=1000 drain=5 key=3 -> duplicate released=0
    held 1                                 -> 0
    debt 1                                 -> 26
    net 2100 1                             -> 125
  )");
}

TEST(LedgerLease, ARenewalAddsMoneyAndLife) {
  check(R"(
    deposit D1 1 100              -> ok
    lease   L1 1 60 ttl=1000      -> ok available=40
    time +900
    renew   N1 L1 20 ttl=1000     -> ok released=1000 available=20
    time +300
    renew   N1 L1 20 ttl=1000     -> duplicate released=700 available=20   # what is left of its life
    renew   N1 L1 21 ttl=1000     -> conflict
    renew   N2 L1 21              -> funds
    renew   N2 L1 0 ttl=100       -> ok released=100     # a shorter life cuts nothing that was promised
    renew   N3 L1 0 node=2        -> conflict            # another node's
    renew   0  L1 0               -> invalid
    renew   N3 L9 0               -> not_found
    lease   L1 1 60 ttl=1000      -> duplicate released=700
    epoch 1                       -> ok
    renew   N3 L1 0               -> fenced
    lsettle R1 L1 30 0            -> ok                  # a fact: the old process may tell it
    time +700
    sweep                         -> ok available=1 released=50
  )");
}

TEST(LedgerLease, AFrozenWalletRenewsNothing) {
  check(R"(
    deposit D1 1 100              -> ok
    lease   L1 1 60               -> ok
    terms 1 0 frozen              -> ok
    renew   N1 L1 0               -> funds
    lease   L2 1 1                -> funds
    lsettle R1 L1 30 0            -> ok
    terms 1 0                     -> ok
    renew   N1 L1 0               -> ok
  )");
}

// 22:13:20 UTC: the hour has 2,800 seconds left.
TEST(LedgerLease, ALeaseEndsWithTheWindowItCountsIn) {
  check(R"(
    deposit D1 1 100                        -> ok
    budget 1 org 1 hour 100
    budget 1 key 5 day 100
    lease   L1 1 20 ttl=4000000             -> ok released=2800000
    lease   L2 1 20 ttl=4000000 key=5       -> ok released=2800000
    time +2799999
    renew   N1 L1 10 ttl=1000               -> ok released=1
    time +1
    renew   N2 L1 0 ttl=1000                -> not_found
    renew   N3 L1 10 ttl=1000               -> ok released=0   # no longer life, but what runs on it may need more
    counted_as_held 1 key 5 day             -> 20
    lsettle R1 L1 8 0                       -> ok
    spent 1 org 1 hour                      -> 0       # it counts in the hour that is over
    spent 1 key 5 day                       -> 0
    lsettle R2 L2 9 0                       -> ok
    spent 1 key 5 day                       -> 9
    counted_as_held 1 key 5 day             -> 11
    close   L2                              -> ok
    counted_as_held 1 key 5 day             -> 0
    lease   L3 1 20 ttl=4000000             -> ok released=3600000
  )");
}

TEST(LedgerLease, ACloseThatKeepsAPartGivesBackTheRest) {
  check(R"(
    grant   G1 1 10               -> ok
    deposit D1 1 100              -> ok
    lease   L1 1 60               -> ok
    lsettle R1 L1 4 0             -> ok
    close   L1 most=20            -> ok released=36 available=86   # paid money first: it was drawn last
    close   L1 most=20            -> ok released=0
    close   L1 most=3             -> ok released=17
    held_by_grants 1              -> 3
    lsettle R2 L1 3 0             -> ok
    close   L1                    -> ok released=0
    close   L1 most=3             -> late
    available 1                   -> 103
  )");
}

TEST(LedgerLease, GrantsAreUsedUpFirstAlsoAfterARenewal) {
  check(R"(
    grant   G1 1 30 prio=1        -> ok
    deposit D1 1 100              -> ok
    lease   L1 1 50               -> ok       # 30 of the grant, 20 paid
    lsettle R1 L1 40 0            -> ok
    promo 1                       -> 0
    net 2000 1                    -> 90       # the grant's 30, then 10 paid
    grant   G2 1 15 prio=2        -> ok
    renew   N1 L1 25              -> ok       # 15 of the new grant, 10 paid
    held 1                        -> 35
    held_by_grants 1              -> 15
    lsettle R2 L1 12 0            -> ok
    net 2000 1                    -> 90
    held_by_grants 1              -> 3
    lsettle R3 L1 8 0             -> ok
    net 2000 1                    -> 85
    close   L1                    -> ok released=15
    available 1                   -> 85
  )");
}

}  // namespace
}  // namespace onechat::ledger_test
