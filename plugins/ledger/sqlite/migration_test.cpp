// Files of earlier schemas become today's without losing a nano, and without a copy of their transfers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "backend_fixture_test.hpp"
#include "raw_file.hpp"

namespace onechat::ledger_test {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string text_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

// A ledger as schema 1 left it: wallet 1 got 100, key 4 (limit 50) spent 20 + 3 of it and holds 25; 61 of another request
// made 9 of debt; key 6 (limit 70) was never used, key 8 has no limit; a hold was voided.
class LedgerMigration : public ::testing::Test {
 protected:
  void SetUp() override {
    Raw raw(folder_.file());
    ASSERT_EQ(raw.run("PRAGMA journal_mode=WAL"), "wal");
    ASSERT_EQ(raw.run("CREATE TABLE ledger_meta (k TEXT PRIMARY KEY, v TEXT NOT NULL) STRICT;"
                      "INSERT INTO ledger_meta VALUES ('unit', 'nano-USD'), ('schema_version', '1');" +
                      text_of("migrations/sqlite/ledger_0001_schema.sql")),
              "");
    ASSERT_EQ(raw.run("INSERT INTO account VALUES (1000, 0, 100, 0, 0), (1100, 1, 9, 0, 0), (2000, 1, 75, 100, 25),"
                      "  (2100, 1, 0, 80, 0), (4000, 1, 0, 4, 0);"
                      "INSERT INTO key_spend VALUES (4, 50, 23, 25, 1, 1), (6, 70, 0, 0, 1, 2), (8, -1, 0, 0, 0, 0);"
                      "INSERT INTO node VALUES (1, 3, 7, 7);"
                      "INSERT INTO hold VALUES (" + id(3) + ", 1, 4, 0, 1, 3, 25, 1700000000000, 1700003600000, 50, 11);"
                      "INSERT INTO tombstone VALUES (" + id(9) + ", 1, 12, 13, 40, 5, 45, 1700000000000);"
                      "INSERT INTO transfer VALUES"
                      " (1, " + id(1) + ", 1, 0, 1, 0, 0, 0, 1, 100, 0, 100, 0, 0, 0, 100, 1700000000001, 21, 0, 0),"
                      " (2, " + id(2) + ", 5, 0, 1, 1, 4, 0, 1, 20, 3, 23, 0, 0, 7, 77, 1700000000002, 22, 23, 70),"
                      " (3, " + id(4) + ", 5, 0, 1, 1, 0, 0, 1, 60, 1, 52, 9, 0, 0, -9, 1700000000003, 24, 25, 0);"),
              "");
  }
  static std::string id(std::uint64_t number) {
    return std::to_string(id_of(number).hi) + ", " + std::to_string(id_of(number).lo);
  }
  static oc_ledger_op by_key(std::uint64_t key, std::uint64_t number, std::int64_t amount) {
    oc_ledger_op op = op_of(OC_LOP_RESERVE, number, amount);
    op.key_id = key;
    op.epoch = 3;
    return op;
  }
  TempFolder folder_;
};

TEST_F(LedgerMigration, OfSchemaOneKeepsEveryNano) {
  TestBackend b(folder_.file());
  ASSERT_EQ(b.status, OC_OK) << b.error;
  std::uint64_t n = 0;
  EXPECT_THAT(b.verify(&n), IsEmpty());
  EXPECT_EQ(n, 3u);
  const oc_ledger_balance balance = b.balance(1);
  EXPECT_EQ(balance.deposited, 100);
  EXPECT_EQ(balance.spent, 84);
  EXPECT_EQ(balance.held, 25);
  EXPECT_EQ(balance.debt, 9);
  EXPECT_EQ(balance.available, -9);
  EXPECT_THAT(b.statement(1), SizeIs(3));
  EXPECT_EQ(b.find(id_of(9)).holds.at(0).state, std::uint32_t(OC_HOLD_VOIDED));
  EXPECT_EQ(b.apply(op_of(OC_LOP_DEPOSIT, 20, 50)).status, OC_OK);  // the first link
  EXPECT_EQ(b.apply(op_of(OC_LOP_SETTLE, 3, 10)).status, OC_OK);
  auto old_epoch = op_of(OC_LOP_RESERVE, 21, 1);
  old_epoch.epoch = 2;
  EXPECT_EQ(b.apply(old_epoch).status, OC_E_FENCED);
  EXPECT_THAT(b.verify(), IsEmpty());
}

TEST_F(LedgerMigration, OfSchemaOneKeepsTheLimitsOfKeys) {
  TestBackend b(folder_.file());
  b.apply(op_of(OC_LOP_DEPOSIT, 20, 1000));
  const auto budgets = b.budgets();
  ASSERT_THAT(budgets, SizeIs(1));
  EXPECT_EQ(budgets[0].scope, std::uint32_t(OC_SCOPE_KEY));
  EXPECT_EQ(budgets[0].scope_id, 4u);
  EXPECT_EQ(budgets[0].account, 1u);
  EXPECT_EQ(budgets[0].limit_nano, 50);
  EXPECT_EQ(budgets[0].spent_nano, 23);
  EXPECT_EQ(budgets[0].held_nano, 25);
  EXPECT_EQ(b.apply(by_key(4, 21, 3)).status, OC_E_LIMIT);
  EXPECT_EQ(b.apply(by_key(4, 21, 2)).status, OC_OK);
  EXPECT_EQ(b.apply(by_key(8, 22, 500)).status, OC_OK);
  // Key 6 shows its wallet with its first request.
  EXPECT_EQ(b.apply(by_key(6, 23, 71)).status, OC_E_LIMIT);
  EXPECT_EQ(b.apply(by_key(6, 23, 70)).status, OC_OK);
  b.close();
  TestBackend again(folder_.file());
  EXPECT_EQ(again.apply(by_key(6, 24, 1)).status, OC_E_LIMIT);
  EXPECT_THAT(again.budgets(), SizeIs(2));
  EXPECT_THAT(again.verify(), IsEmpty());
}

TEST_F(LedgerMigration, OfSchemaOneLeavesASoundFileThatIsStillAppendOnly) {
  TestBackend(folder_.file()).close();
  Raw raw(folder_.file());
  EXPECT_EQ(raw.run("PRAGMA integrity_check"), "ok");
  EXPECT_EQ(raw.run("SELECT v FROM ledger_meta WHERE k = 'schema_version'"), "3");
  EXPECT_EQ(raw.run("SELECT sum(debit), sum(credit) FROM journal"), "184184");
  EXPECT_THAT(raw.run("UPDATE transfer SET amount = 1"), ::testing::HasSubstr("append-only"));
  EXPECT_THAT(raw.run("INSERT INTO transfer SELECT 4, 7, 7, 3, flags, account, counter, key_id, project_id, node, amount,"
                      " fee, wallet_part, debt_part, absorbed_part, released, available, ts_ms, body_hash, hold_hash,"
                      " hold_available, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM transfer WHERE seq = 1"),
              ::testing::HasSubstr("CHECK constraint failed"));
}

// Key 4 was used long ago, so nothing near names its wallet: its limit and what it spent wait for its next request.
TEST_F(LedgerMigration, OfSchemaOneKeepsWhatAKeySpentLongAgo) {
  Raw(folder_.file())
      .run("DELETE FROM hold; UPDATE key_spend SET held = 0; UPDATE account SET pending = 0;"
           "UPDATE account SET debits = debits + 20000 WHERE code = 1000;"
           "INSERT INTO account VALUES (2000, 2, 0, 20000, 0);"
           "WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 20099)"
           "INSERT INTO transfer SELECT i - 96, i, 1, 1, 0, 2, 0, 0, 0, 1, 1, 0, 1, 0, 0, 0, 0, i, 1, 0, 0 FROM n;");
  TestBackend b(folder_.file());
  ASSERT_EQ(b.status, OC_OK) << b.error;
  EXPECT_THAT(b.verify(), IsEmpty());
  EXPECT_THAT(b.budgets(), IsEmpty());
  b.apply(op_of(OC_LOP_DEPOSIT, 20, 1000));
  EXPECT_EQ(b.apply(by_key(4, 21, 28)).status, OC_E_LIMIT);
  EXPECT_EQ(b.apply(by_key(4, 21, 27)).status, OC_OK);  // 50 - 23
  ASSERT_THAT(b.budgets(), SizeIs(1));
  EXPECT_EQ(b.budgets()[0].spent_nano, 23);
  EXPECT_THAT(b.verify(), IsEmpty());
}

// A ledger as schema 2 left it: wallet 1 got 1000 and has a lease of 100, of which two requests took 20 and 30.
class LedgerOfSchemaTwo : public LedgerMigration {
 protected:
  void SetUp() override {
    Raw raw(folder_.file());
    ASSERT_EQ(raw.run("PRAGMA journal_mode=WAL"), "wal");
    ASSERT_EQ(raw.run("CREATE TABLE ledger_meta (k TEXT PRIMARY KEY, v TEXT NOT NULL) STRICT;" +
                      text_of("migrations/sqlite/ledger_0001_schema.sql") +
                      text_of("migrations/sqlite/ledger_0002_whole_ledger.sql") +
                      "REPLACE INTO ledger_meta VALUES ('unit', 'nano-USD'), ('schema_version', '2'),"
                      " ('chained_from', '4');"),
              "");
    const std::string transfer =
        "INSERT INTO transfer (seq, id_hi, id_lo, ref_hi, ref_lo, kind, flags, account, counter, key_id, project_id, node,"
        " amount, fee, wallet_part, debt_part, absorbed_part, released, available, ts_ms, reserved_ms, body_hash, hold_hash,"
        " hold_available) VALUES ";
    ASSERT_EQ(raw.run("INSERT INTO account VALUES (1000, 0, 1000, 0, 0, 0, 0, 0, 0, 0),"
                      "  (2000, 1, 50, 1000, 50, 0, 0, 0, 0, 0), (2100, 1, 0, 50, 0, 0, 0, 0, 0, 0);"
                      "INSERT INTO node VALUES (1, 1, 0, 7, 7);"
                      "INSERT INTO hold VALUES (" + id(2) + ", 8, 1, 0, 4, 0, 0, 1, 1, 100, 0, 0, 0, 0, 0, 0, 50, 0, 0,"
                      " 1699999999000, 1900000000000, 1000, 900, 11, 0, 0, 0, 0);" +
                      transfer + "(1, " + id(1) + ", 0, 0, 1, 0, 1, 0, 0, 0, 1, 1000, 0, 1000, 0, 0, 0, 1000,"
                      " 1699999999000, 0, 21, 0, 0);" +
                      transfer + "(2, " + id(3) + ", " + id(2) + ", 10, 0, 1, 1, 4, 0, 1, 20, 0, 20, 0, 0, 0, 900,"
                      " 1699999999001, 1699999999000, 22, 0, 0);" +
                      transfer + "(3, " + id(4) + ", " + id(2) + ", 10, 0, 1, 1, 4, 0, 1, 30, 0, 30, 0, 0, 0, 900,"
                      " 1699999999001, 1699999999000, 23, 0, 0);"
                      "INSERT INTO transfer_ref VALUES (" + id(2) + ", 2), (" + id(2) + ", 3);"),
              "");
  }
};

TEST_F(LedgerOfSchemaTwo, HasItsOldTransfersAndNewOnesInOneHistory) {
  TestBackend b(folder_.file());
  ASSERT_EQ(b.status, OC_OK) << b.error;
  EXPECT_THAT(b.verify(), IsEmpty());
  auto settle = about(op_of(OC_LOP_LEASE_SETTLE, 5, 7), 2);
  settle.key_id = 4;
  std::vector<oc_ledger_result> results;
  auto another = settle;
  another.id = id_of(6);
  ASSERT_EQ(b.apply({settle, another}, results), OC_OK);
  const auto amounts = [](const std::vector<oc_ledger_entry>& entries) {
    std::vector<std::int64_t> out;
    for (const auto& e : entries) out.push_back(e.amount);
    return out;
  };
  EXPECT_EQ(amounts(b.statement(1)), (std::vector<std::int64_t>{1000, 20, 30, 7, 7}));
  EXPECT_EQ(amounts(b.statement(1, 1699999999001)), (std::vector<std::int64_t>{20, 30, 7, 7}));
  EXPECT_EQ(amounts(b.find(id_of(2)).entries), (std::vector<std::int64_t>{20, 30, 7, 7}));
  EXPECT_EQ(b.apply(about(op_of(OC_LOP_LEASE_SETTLE, 3, 21), 2)).status, OC_E_CONFLICT);  // an id from before
  EXPECT_EQ(b.put_budget(OC_SCOPE_KEY, 4, OC_WINDOW_TOTAL, 500), OC_OK);
  ASSERT_THAT(b.budgets(), SizeIs(1));
  EXPECT_EQ(b.budgets()[0].spent_nano, 64);
  EXPECT_THAT(b.verify(), IsEmpty());
}

TEST_F(LedgerOfSchemaTwo, ItsIndexTakesNoMoreTransfersAndIsUsedForTheOldOnes) {
  TestBackend b(folder_.file());
  ASSERT_EQ(b.apply(op_of(OC_LOP_DEPOSIT, 5, 7)).status, OC_OK);
  b.close();
  Raw raw(folder_.file());
  EXPECT_EQ(raw.run("PRAGMA integrity_check"), "ok");
  EXPECT_THAT(raw.run("EXPLAIN QUERY PLAN SELECT * FROM transfer WHERE account = 1 AND ts_ms >= 2 AND ts_ms < 3"
                      " AND seq < 4 ORDER BY ts_ms, seq"),
              ::testing::HasSubstr("USING INDEX transfer_by_account (account=? AND ts_ms>? AND ts_ms<?)"));
  EXPECT_EQ(raw.run("SELECT count(*) FROM transfer INDEXED BY transfer_by_account WHERE account = 1 AND seq < 4"), "3");
  EXPECT_THAT(raw.run("DELETE FROM transfer"), ::testing::HasSubstr("append-only"));
}

// A long history must not keep a gateway from starting: the migration's cost must not be that of a copy of `transfer`.
TEST_F(LedgerMigration, OfSchemaOneDoesNotRewriteTransfers) {
  Raw(folder_.file())
      .run("DELETE FROM key_spend; PRAGMA synchronous=OFF;"
           "WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)"
           "INSERT INTO transfer SELECT i, i, 5, 1, 0, 2, 0, 0, 0, 1, 1, 0, 1, 0, 0, 0, 0, i, 1, 0, 0 FROM n;"
           "PRAGMA wal_checkpoint(TRUNCATE)");
  const auto before = std::filesystem::file_size(folder_.file());
  ASSERT_GT(before, 3'500'000u);
  TestBackend b(folder_.file());
  ASSERT_EQ(b.status, OC_OK) << b.error;
  EXPECT_LT(std::filesystem::file_size(folder_.file("ledger.db-wal")), 500'000u);
  EXPECT_LT(std::filesystem::file_size(folder_.file()), before + 500'000u);
}

}  // namespace
}  // namespace onechat::ledger_test
