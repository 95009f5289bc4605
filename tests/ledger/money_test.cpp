// What moving money promises: deposits, withdrawals, transfers, terms and refunds.
#include "table.hpp"

namespace onechat::ledger_test {
namespace {

TEST(LedgerMoney, APayoutTakesOnlyWhatIsTheOwners) {
  check(R"(
    deposit  D1 1 100 counter=9     -> ok
    reserve  H1 1 30                -> ok
    terms 1 50                      -> ok available=120
    withdraw W1 1 71 counter=9      -> funds available=120    # neither held money nor the overdraft
    withdraw W1 1 70 counter=9      -> ok posted=70 available=50
    withdraw W1 1 70 counter=9      -> duplicate posted=70
    withdraw W1 1 60 counter=9      -> conflict
    withdraw W2 1 1                 -> funds
    withdraw W2 1 0                 -> invalid
    withdraw W2 1 5 code=2          -> invalid
    withdraw W2 0 5                 -> invalid
    withdraw W2 1 5 fee=1           -> invalid
    net 1000 9                      -> -30
  )");
}

TEST(LedgerMoney, AChargebackThatExceedsTheWalletMakesDebt) {
  check(R"(
    deposit  D1 1 100               -> ok
    reserve  H1 1 30                -> ok
    withdraw W1 1 100 chargeback    -> ok posted=100 shortfall=30 available=-30
    withdraw W1 1 100 chargeback    -> duplicate posted=100 shortfall=30
    debt 1                          -> 30
    reserve  H2 1 0                 -> funds
    settle   H1 10 0                -> ok available=-10
    withdraw W2 1 1                 -> funds       # what is free is owed
    deposit  D2 1 40                -> ok available=30
    net 1000 0                      -> -40
  )");
}

TEST(LedgerMoney, ATransferMovesPaidMoneyAndPaysTheOthersDebtFirst) {
  check(R"(
    deposit  D1 1 100               -> ok
    grant    G1 1 50                -> ok
    settle   H1 20 0 wallet=2       -> late shortfall=20
    transfer T1 1 2 101             -> funds available=150
    transfer T1 1 2 50              -> ok posted=50 available=100
    transfer T1 1 2 50              -> duplicate posted=50 available=100
    transfer T1 1 3 50              -> conflict
    available 2                     -> 30
    debt 2                          -> 0
    transfer T2 1 1 5               -> invalid
    transfer T2 0 1 5               -> invalid
    transfer T2 1 0 5               -> invalid
    transfer T2 1 2 0               -> invalid
    transfer T2 2 3 31              -> funds
    transfer T2 2 3 30              -> ok
    reserve  H2 3 30                -> ok       # money from another funds a wallet, too
  )");
}

TEST(LedgerMoney, AnOverdraftIsPartOfWhatAWalletCanPay) {
  check(R"(
    terms 1 50                      -> ok available=50
    reserve  H1 1 51                -> funds
    reserve  H1 1 50                -> ok available=0
    terms 1 49                      -> funds        # what is in use cannot be taken away
    settle   H1 60 0                -> ok shortfall=10 available=-10
    net 2000 1                      -> -50
    debt 1                          -> 10
    deposit  D1 1 30                -> ok available=20
    terms 1 29                      -> funds
    terms 1 30                      -> ok available=0
    terms 1 -1                      -> invalid
    terms 0 5                       -> invalid
    terms 1 30 code=2               -> invalid
  )");
}

TEST(LedgerMoney, TermsAreRememberedByTheirLastOp) {
  check(R"(
    terms 1 50 debt=5 id=T1         -> ok
    terms 1 50 debt=5 id=T1         -> duplicate available=50
    terms 1 50 debt=6 id=T1         -> conflict
    terms 1 60 id=T2                -> ok available=60
    terms 1 60                      -> ok          # without an id it is just done
  )");
}

TEST(LedgerMoney, ADebtWithinItsLimitBlocksNothingButIsMissing) {
  check(R"(
    deposit  D1 1 100               -> ok
    reserve  H1 1 40                -> ok
    terms 1 0 debt=20               -> ok
    settle   H2 70 0 wallet=1       -> late shortfall=10
    reserve  H3 1 0                 -> ok
    void     H1                     -> ok available=30
    reserve  H4 1 31                -> funds       # 40 are free, 10 are owed
    reserve  H4 1 30                -> ok
    settle   H5 31 0 wallet=1       -> late shortfall=21
    void     H4                     -> ok
    reserve  H6 1 0                 -> funds       # 31 owed, 20 allowed
  )");
}

TEST(LedgerMoney, ARefundNeverExceedsWhatWasPaid) {
  check(R"(
    deposit D1 1 100             -> ok
    reserve H1 1 50              -> ok
    settle  H1 30 3              -> ok
    refund  B1 H1 10             -> ok posted=10 available=77
    refund  B1 H1 10             -> duplicate posted=10 available=77
    refund  B1 H1 11             -> conflict
    refund  B2 H1 24             -> invalid
    refund  B2 H1 23 provider    -> ok available=100
    refund  B3 H1 1              -> invalid
    refund  B3 H1 0              -> invalid
    refund  B3 H9 1              -> not_found
    refund  B3 D1 1              -> invalid        # not usage
    refund  B3 B1 1              -> invalid
    refund  B3 H1 1 code=2       -> invalid
    refund  B3 H1 1 fee=1        -> invalid
    refund  B3 H1 1 wallet=2     -> conflict
    net 4000 1                   -> 0              # the markup went back to the last nano
    net 5200 1                   -> -10            # B1: 10 without markup's share of floor(30/33)
    net 2100 1                   -> 10
  )");
}

TEST(LedgerMoney, ARefundGivesTheMarkupBackInProportion) {
  check(R"(
    deposit D1 1 1000            -> ok
    settle  H1 90 10 wallet=1    -> late
    refund  B1 H1 50 provider    -> ok
    net 4000 1                   -> 5
    net 2100 1                   -> 45
    refund  B2 H1 49 provider    -> ok
    net 4000 1                   -> 1
    refund  B3 H1 1 provider     -> ok
    net 4000 1                   -> 0
    net 2100 1                   -> 0
    available 1                  -> 1000
  )");
}

TEST(LedgerMoney, ARefundGoesBackToWhoPaidLastFirst) {
  check(R"(
    grant   G1 1 10 prio=1       -> ok
    grant   G2 1 10 prio=2       -> ok
    deposit D1 1 10              -> ok
    reserve H1 1 30              -> ok
    settle  H1 40 0              -> ok shortfall=10
    refund  B1 H1 4              -> ok available=-6
    debt 1                       -> 6
    deposit D2 1 16              -> ok available=10
    refund  B2 H1 8              -> ok available=18     # 6 were debt: nothing is owed now, so the wallet gets them
    promo 1                      -> 0
    refund  B3 H1 13             -> ok available=31
    promo 1                      -> 5                   # 8 to the wallet, then the second grant opens again
    net 2000 1                   -> 26
    refund  B4 H1 15             -> ok available=46
    promo 1                      -> 20
    refund  B5 H1 1              -> invalid
  )");
}

TEST(LedgerMoney, WhatWasAbsorbedIsNotRefunded) {
  check(R"(
    deposit D1 1 10              -> ok
    reserve H1 1 10              -> ok
    settle  H1 30 0 absorb       -> ok shortfall=20
    refund  B1 H1 11             -> invalid
    refund  B1 H1 10             -> ok available=10
  )");
}

TEST(LedgerMoney, ARefundOfALeasedRequestNamesTheRequest) {
  check(R"(
    deposit D1 1 100             -> ok
    lease   L1 1 50              -> ok
    lsettle R1 L1 20 2           -> ok
    refund  B1 L1 5              -> not_found
    refund  B1 R1 22             -> ok available=72
    refund  B2 R1 1              -> invalid
  )");
}

// Cost = hold x {0.5, 1, 1.01, 3}, every policy, wallets at the edge: usage is posted to the last nano, the wallet
// never goes below its bound, and nothing is held afterwards.
TEST(LedgerMoney, OverageAtEveryEdgeIsPaidByExactlyOneOfThePolicies) {
  constexpr std::int64_t hold = 1'000;
  for (const std::int64_t extra : {0, 1, 9, 10, 11, 1'999, 2'000, 2'001})
    for (const std::int64_t overdraft : {0, 1, 500})
      for (const std::int64_t promo : {0, 1, 1'000})
        for (const std::int64_t cost : {500, 1'000, 1'010, 3'000})
          for (const std::uint32_t policy : {OC_OVERAGE_DEBT, OC_OVERAGE_ABSORB, OC_OVERAGE_OVERDRAFT})
            for (const bool late : {false, true}) {
              SCOPED_TRACE(testing::Message() << "extra " << extra << " overdraft " << overdraft << " promo " << promo
                                              << " cost " << cost << " policy " << policy << " late " << late);
              std::ostringstream table;
              table << "deposit D1 1 " << hold + extra << " -> ok\n";
              if (promo != 0) table << "grant G1 1 " << promo << " -> ok\n";
              table << "terms 1 " << overdraft << " -> ok\nreserve H1 1 " << hold << " -> ok\n";
              if (late) table << "void H1 -> ok\n";
              const std::int64_t funds = hold + extra + overdraft + promo,
                                 missing = std::max<std::int64_t>(0, cost - funds);
              const std::int64_t debt = policy == OC_OVERAGE_ABSORB ? 0 : missing;
              table << "settle H1 " << cost - cost / 10 << " " << cost / 10 << " overage=" << policy << " -> "
                    << (late ? "late" : "ok") << " posted=" << cost << " shortfall=" << missing
                    << " available=" << funds - (cost - missing) - debt << "\n"
                    << "held 1 -> 0\ndebt 1 -> " << debt << "\nnet 5200 1 -> " << debt - missing << "\nnet 2100 1 -> "
                    << cost - cost / 10 << "\nnet 4000 1 -> " << cost / 10 << "\n";
              Table run(1);
              run.run(table.str());
              EXPECT_GE(run.store.account(ledger_core::kWallet, 1).credits + overdraft,
                        run.store.account(ledger_core::kWallet, 1).debits);
            }
}

}  // namespace
}  // namespace onechat::ledger_test
