// A check that finds nothing in a damaged ledger is no check: each kind of damage must be named.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "backend_fixture.hpp"

namespace onechat::ledger_test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class LedgerVerify : public ::testing::Test {
 protected:
  void SetUp() override {
    TestBackend b(folder_.file());
    for (const auto& op : ops()) ASSERT_GE(b.apply(op).status, 0);
    std::uint64_t n = 0;
    ASSERT_THAT(b.verify(&n), IsEmpty());
    ASSERT_EQ(n, 3u);
  }
  static std::vector<oc_ledger_op> ops() {
    auto with_key = [](oc_ledger_op op) {
      op.key_id = 4;
      return op;
    };
    return {op_of(OC_LOP_DEPOSIT, 1, 100),  with_key(op_of(OC_LOP_RESERVE, 2, 30)),
            op_of(OC_LOP_SETTLE, 2, 20, 3), with_key(op_of(OC_LOP_RESERVE, 3, 25)),
            op_of(OC_LOP_RESERVE, 4, 52),   op_of(OC_LOP_SETTLE, 4, 60, 1)};
  }
  std::vector<std::string> after(const std::string& damage) {
    sqlite3* db = nullptr;
    sqlite3_open(folder_.file().c_str(), &db);
    const std::string sql =
        "PRAGMA ignore_check_constraints=ON; DROP TRIGGER transfer_is_final; DROP TRIGGER transfer_stays;" + damage;
    char* message = nullptr;
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &message), SQLITE_OK) << message;
    sqlite3_close(db);
    return TestBackend(folder_.file()).verify();
  }
  TempFolder folder_;
};

TEST_F(LedgerVerify, AChangedBalanceIsI2) {
  const auto found = after("UPDATE account SET credits = credits + 1 WHERE code = 2000");
  EXPECT_THAT(found, Contains("I2 account 1: credits 101, its transfers say 100"));
  EXPECT_THAT(found, Contains(StartsWith("I1 all balances")));
}
TEST_F(LedgerVerify, ALostBalanceIsI2) {
  EXPECT_THAT(after("DELETE FROM account WHERE code = 4000"),
              Contains(StartsWith("I2 account 4000:1: has no balance")));
}
TEST_F(LedgerVerify, AnOverdrawnWalletIsI3) {
  EXPECT_THAT(after("UPDATE account SET debits = 99 WHERE code = 2000"),
              Contains(HasSubstr("I3 account 1: overdrawn by")));
}
TEST_F(LedgerVerify, AForgottenHoldIsI4) {
  const auto found = after("DELETE FROM hold");
  EXPECT_THAT(found, Contains("I4 account 1: pending 25, its open holds say 0"));
  EXPECT_THAT(found, Contains("I10 key 4: held 25, its open holds say 0"));
}
TEST_F(LedgerVerify, AHoldThatIsOpenAndEndedIsI5) {
  EXPECT_THAT(after("INSERT INTO tombstone SELECT id_hi, id_lo, 1, 1, 1, 0, 0, 0, 0 FROM hold"),
              Contains(StartsWith("I5 hold ")));
}
TEST_F(LedgerVerify, ALostTransferIsI6) {
  const auto found = after("DELETE FROM transfer WHERE seq = 2");
  EXPECT_THAT(found, Contains("I6 transfers 2 to 2 are missing"));
  EXPECT_THAT(found, Contains(StartsWith("I2 account 1: debits")));
  EXPECT_THAT(found, Contains(StartsWith("I10 key 4: spent 23")));
}
TEST_F(LedgerVerify, ALostFingerprintIsI7) {
  EXPECT_THAT(after("UPDATE transfer SET body_hash = 0 WHERE seq = 1"), Contains(StartsWith("I7 transfer ")));
}
TEST_F(LedgerVerify, UsageThatWasNotPostedIsI8) {
  const auto found = after("UPDATE transfer SET debt_part = 0 WHERE seq = 3");
  EXPECT_THAT(found, Contains(HasSubstr("I8 transfer ")));
  EXPECT_THAT(found, Contains(HasSubstr("I1 transfer ")));
}
TEST_F(LedgerVerify, ANegativeAmountIsI12) {
  EXPECT_THAT(after("UPDATE transfer SET fee = -3 WHERE seq = 2"), Contains(HasSubstr("I12 transfer ")));
}
TEST_F(LedgerVerify, AnUnknownKindIsI11) {
  EXPECT_THAT(after("UPDATE transfer SET kind = 9 WHERE seq = 1"), Contains(HasSubstr("I11 transfer ")));
}

}  // namespace
}  // namespace onechat::ledger_test
