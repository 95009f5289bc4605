// A check that finds nothing in a damaged ledger is no check: each kind of damage must be named.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backend_fixture_test.hpp"
#include "raw_file.hpp"

namespace onechat::ledger_test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class LedgerVerify : public ::testing::Test {
 protected:
  // 9 transfers; open at the end: hold 3 of 25, lease 12 of 40 with 7 settled.
  void SetUp() override {
    TestBackend b(folder_.file());
    b.put_budget(OC_SCOPE_KEY, 4, OC_WINDOW_TOTAL, 1'000'000);
    for (const auto& op : ops()) ASSERT_GE(b.apply(op).status, 0) << op.kind;
    std::uint64_t n = 0;
    ASSERT_THAT(b.verify(&n), IsEmpty());
    ASSERT_EQ(n, 9u);
  }
  static std::vector<oc_ledger_op> ops() {
    const auto with_key = [](oc_ledger_op op) {
      op.key_id = 4;
      return op;
    };
    auto grant = op_of(OC_LOP_GRANT, 20, 30);
    grant.account = 5;
    auto ended = op_of(OC_LOP_GRANT, 21, 8);
    ended.account = 5;
    ended.epoch = static_cast<std::uint64_t>(g_now_ms) + 1;
    return {op_of(OC_LOP_DEPOSIT, 1, 100),
            with_key(op_of(OC_LOP_RESERVE, 2, 30)),
            op_of(OC_LOP_SETTLE, 2, 20, 3),
            with_key(op_of(OC_LOP_RESERVE, 3, 25)),
            op_of(OC_LOP_RESERVE, 4, 52),
            op_of(OC_LOP_SETTLE, 4, 60, 1),
            op_of(OC_LOP_DEPOSIT, 10, 100),
            with_key(op_of(OC_LOP_LEASE, 12, 40)),
            about(op_of(OC_LOP_LEASE_SETTLE, 13, 6, 1), 12),
            about(op_of(OC_LOP_REFUND, 14, 11), 2),
            op_of(OC_LOP_RESERVE, 15, 5),
            op_of(OC_LOP_VOID, 15),
            grant,
            ended,
            op_of(OC_LOP_SETTLE, 22, 1)};
  }
  std::vector<std::string> after(const std::string& damage) {
    const std::string answer = Raw(folder_.file())
                                   .run("PRAGMA ignore_check_constraints=ON; DROP TRIGGER IF EXISTS transfer_is_final;"
                                        "DROP TRIGGER IF EXISTS transfer_stays;"
                                        "DROP TRIGGER IF EXISTS chain_link_is_final;"
                                        "DROP TRIGGER IF EXISTS chain_link_stays;" +
                                        damage);
    EXPECT_THAT(answer, Not(HasSubstr("error")));
    return TestBackend(folder_.file()).verify();
  }
  TempFolder folder_;
};

TEST_F(LedgerVerify, AChangedBalanceIsI2) {
  const auto found = after("UPDATE account SET credits = credits + 1 WHERE code = 2000 AND owner = 1");
  EXPECT_THAT(found, Contains(StartsWith("I2 account 1: credits ")));
  EXPECT_THAT(found, Contains(StartsWith("I1 all balances")));
}
TEST_F(LedgerVerify, ALostBalanceIsI2) {
  EXPECT_THAT(after("DELETE FROM account WHERE code = 4000"),
              Contains(StartsWith("I2 account 4000:1: has no balance")));
}
TEST_F(LedgerVerify, AnOverdrawnWalletIsI3) {
  EXPECT_THAT(after("UPDATE account SET debits = 999 WHERE code = 2000 AND owner = 1"),
              Contains(HasSubstr("I3 account 1: overdrawn by")));
}
TEST_F(LedgerVerify, AnOverdrawnGrantIsI3) {
  EXPECT_THAT(after("UPDATE account SET debits = 999 WHERE code = 2010"), Contains(HasSubstr(": overdrawn by 969")));
}
TEST_F(LedgerVerify, DebtPaidTwiceIsI3) {
  EXPECT_THAT(after("UPDATE account SET credits = debits + 3 WHERE code = 1100"),
              Contains(HasSubstr("more debt was paid than owed: 3")));
}
TEST_F(LedgerVerify, AGrantThatIsGoneOrClosedTooEarlyIsI3) {
  EXPECT_THAT(after("UPDATE wallet_grant SET open = 0"), Contains(HasSubstr("is closed, but not empty")));
  EXPECT_THAT(after("DELETE FROM wallet_grant"), Contains(HasSubstr("has no row, though transfers name")));
}
TEST_F(LedgerVerify, AGrantThatNobodyMadeIsI3) {
  EXPECT_THAT(after("INSERT INTO wallet_grant SELECT 77, 1, 1, wallet, 0, 0, 0, 0, 1 FROM wallet_grant LIMIT 1"),
              Contains(HasSubstr("I3 grant 77: no transfer made it")));
}
TEST_F(LedgerVerify, AnExpiryThatIsNotCountedIsI3) {
  EXPECT_THAT(after("UPDATE wallet_grant SET expiries = 5"), Contains(HasSubstr("expired 5 times")));
}
TEST_F(LedgerVerify, AForgottenHoldIsI4) {
  const auto found = after("DELETE FROM hold WHERE kind = 3");
  EXPECT_THAT(found, Contains("I4 account 1: pending 58, its open holds say 33"));
  EXPECT_THAT(found, Contains(HasSubstr("held 58, its open holds say 33")));
}
TEST_F(LedgerVerify, AHoldThatGrewIsI4) {
  EXPECT_THAT(after("UPDATE hold SET amount = amount + 1"), Contains(StartsWith("I4 account 1: pending 58")));
}
TEST_F(LedgerVerify, AHoldThatIsOpenAndEndedIsI5) {
  EXPECT_THAT(after("INSERT INTO tombstone SELECT id_hi, id_lo, 1, 1, 1, 0, 0, 0, 0, 1 FROM hold"),
              Contains(StartsWith("I5 hold ")));
}
TEST_F(LedgerVerify, ALostTransferIsI6) {
  const auto found = after("DELETE FROM transfer WHERE seq = 2");
  EXPECT_THAT(found, Contains("I6 transfers 2 to 2 are missing"));
  EXPECT_THAT(found, Contains(StartsWith("I2 account 1: debits")));
  EXPECT_THAT(found, Contains(HasSubstr("I10 budget 1/3:4 ")));
  EXPECT_THAT(found, Contains(HasSubstr("I13 node 0: link 2 has 0 transfers")));
}
TEST_F(LedgerVerify, ALostFingerprintIsI7) {
  EXPECT_THAT(after("UPDATE transfer SET body_hash = 0 WHERE seq = 1"), Contains(StartsWith("I7 transfer ")));
}
TEST_F(LedgerVerify, UsageThatWasNotPostedIsI8) {
  const auto found = after("UPDATE transfer SET debt_part = 0 WHERE seq = 3");
  EXPECT_THAT(found, Contains(HasSubstr("I8 transfer ")));
  EXPECT_THAT(found, Contains(HasSubstr("I1 transfer ")));
}
TEST_F(LedgerVerify, ALeaseThatSettledTooMuchIsI9) {
  EXPECT_THAT(after("UPDATE hold SET settled = 41 WHERE kind = 8"), Contains(HasSubstr("settled more than")));
}
TEST_F(LedgerVerify, ALeaseThatSettledWhatNoTransferSaysIsI9) {
  EXPECT_THAT(after("UPDATE hold SET settled = 8 WHERE kind = 8"),
              Contains(HasSubstr("settled 8, its transfers say 7")));
}
TEST_F(LedgerVerify, AChangedWindowIsI10) {
  EXPECT_THAT(after("UPDATE budget_window SET spent = spent - 1"), Contains(HasSubstr("spent 29, its transfers say 30")));
  EXPECT_THAT(after("UPDATE budget_window SET held = 0"), Contains(HasSubstr("held 0, its open holds say 58")));
}
TEST_F(LedgerVerify, AWindowWithoutBudgetOrTwiceIsI10) {
  EXPECT_THAT(after("DELETE FROM budget"), Contains(HasSubstr("has no budget")));
  EXPECT_THAT(after("INSERT INTO budget_window SELECT account, scope, scope_id, period, 5, end_ms, spent, held"
                                " FROM budget_window"),
              Contains(HasSubstr("overlaps another")));
}
TEST_F(LedgerVerify, ARefundBeyondItsOriginalIsI11) {
  EXPECT_THAT(after("UPDATE transfer SET amount = 70, wallet_part = 71 WHERE kind = 7"),
              Contains(HasSubstr("refunded 71 of 23")));
}
TEST_F(LedgerVerify, AForgottenRefundIsI11) {
  EXPECT_THAT(after("DELETE FROM refund_cap"), Contains(HasSubstr("was refunded, but no cap says so")));
}
TEST_F(LedgerVerify, ANegativeAmountIsI12) {
  EXPECT_THAT(after("UPDATE transfer SET fee = -3 WHERE seq = 2"), Contains(HasSubstr("I12 transfer ")));
}
TEST_F(LedgerVerify, AnUnknownKindIsI1) {
  EXPECT_THAT(after("UPDATE transfer SET kind = 9 WHERE seq = 1"), Contains(HasSubstr("unknown kind 9")));
}
TEST_F(LedgerVerify, AChangedLinkIsI13) {
  EXPECT_THAT(after("UPDATE chain_link SET hash = zeroblob(32) WHERE n = 2"),
              Contains("I13 node 0: link 2 does not match its transfers"));
}
TEST_F(LedgerVerify, ALostLinkIsI13) {
  const auto found = after("DELETE FROM chain_link WHERE n = 2");
  EXPECT_THAT(found, Contains(HasSubstr("is in no node's chain")));
  EXPECT_THAT(found, Contains("I13 node 0: link 3 follows link 1"));
}
TEST_F(LedgerVerify, ALinkOfNothingIsI13) {
  EXPECT_THAT(after("INSERT INTO chain_link SELECT 100, 100, node, n + 1, ts_ms, hash FROM chain_link"
                    " ORDER BY n DESC LIMIT 1"),
              Contains(HasSubstr("has 0 transfers, not those of 100 to 100")));
}

// Whatever else is changed in a transfer, the chain knows.
TEST_F(LedgerVerify, AnyChangeOfAnyColumnOfATransferIsFound) {
  for (const char* column :
       {"id_hi", "id_lo", "kind", "flags", "account", "counter", "key_id", "project_id", "node", "amount", "fee",
        "wallet_part", "debt_part", "absorbed_part", "released", "available", "ts_ms", "body_hash", "hold_hash",
        "hold_available", "ref_hi", "ref_lo", "code", "user_id", "group_id", "grant1", "grant1_part", "grant2",
        "grant2_part", "grant3", "grant3_part", "reserved_ms"}) {
    const std::string name(column);
    const auto found = after("UPDATE transfer SET " + name + " = " + name + " + 1 WHERE seq = 2");
    EXPECT_THAT(found, Contains("I13 node 0: link 2 does not match its transfers")) << name;
    after("UPDATE transfer SET " + name + " = " + name + " - 1 WHERE seq = 2");
  }
  EXPECT_THAT(TestBackend(folder_.file()).verify(), IsEmpty());
}

}  // namespace
}  // namespace onechat::ledger_test
