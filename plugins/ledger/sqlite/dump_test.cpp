// A dump is the whole ledger: what is made of it behaves, verifies and dumps the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "busy_batches.hpp"

namespace onechat::ledger_test {
namespace {

using ::testing::IsEmpty;

class LedgerDump : public ::testing::Test {
 protected:
  void SetUp() override {
    TestBackend b(folder_.file());
    b.put_budget(OC_SCOPE_KEY, 4, OC_WINDOW_DAY, 1'000'000, "Asia/Tokyo");
    auto epoch = op_of(OC_LOP_EPOCH, 1);
    epoch.node = 2;
    b.apply(epoch);
    BusyBatches batches(1000, 5);
    std::vector<oc_ledger_result> results;
    for (int i = 0; i < 12; ++i) ASSERT_EQ(b.apply(batches.next(), results), OC_OK);
    rows_ = b.dump();
  }
  TempFolder folder_, other_;
  TestBackend::Rows rows_;
};

TEST_F(LedgerDump, HasEveryTableInOrder) {
  std::set<std::uint32_t> tables;
  std::uint32_t last = 0;
  for (const auto& [table, bytes] : rows_) {
    EXPECT_GE(table, last);
    tables.insert(last = table);
  }
  EXPECT_EQ(tables.size(), 10u);
}

TEST_F(LedgerDump, RestoredGivesTheSameBooks) {
  TestBackend from(folder_.file()), to(other_.file());
  ASSERT_EQ(to.restore(rows_), OC_OK) << g_log;
  EXPECT_EQ(to.dump(), rows_);
  EXPECT_THAT(to.verify(), IsEmpty());
  BusyBatches again(1000, 5);
  std::vector<oc_ledger_result> here, there;
  for (int i = 0; i < 16; ++i) {  // retries, then new batches on both
    const auto ops = again.next();
    ASSERT_EQ(from.apply(ops, here), OC_OK);
    ASSERT_EQ(to.apply(ops, there), OC_OK);
    for (std::size_t k = 0; k < ops.size(); ++k) {
      ASSERT_EQ(here[k].status, there[k].status) << "op " << k << " of batch " << i;
      ASSERT_EQ(here[k].available, there[k].available);
    }
  }
  EXPECT_THAT(to.verify(), IsEmpty());
  EXPECT_EQ(to.statement(1).size(), from.statement(1).size());
  EXPECT_EQ(to.statement(2).size(), from.statement(2).size());
  EXPECT_EQ(to.find(id_of(1001)).entries.size(), from.find(id_of(1001)).entries.size());
}

TEST_F(LedgerDump, IsNotRestoredIntoBooksThatHaveRows) {
  TestBackend to(other_.file());
  to.apply(op_of(OC_LOP_DEPOSIT, 1, 5));
  EXPECT_EQ(to.restore(rows_), OC_E_CONFLICT);
  EXPECT_EQ(to.balance(1).deposited, 5);
  EXPECT_THAT(to.verify(), IsEmpty());
}

TEST_F(LedgerDump, OutOfOrderOrBrokenIsRefusedAndLeavesNothing) {
  TestBackend to(other_.file());
  auto swapped = rows_;
  std::swap(swapped.front(), swapped.back());
  EXPECT_EQ(to.restore(swapped), OC_E_CONFLICT);
  auto cut = rows_;
  cut[cut.size() / 2].bytes.pop_back();
  EXPECT_EQ(to.restore(cut), OC_E_CONFLICT);
  auto doubled = rows_;
  doubled.insert(doubled.begin(), doubled.front());
  EXPECT_EQ(to.restore(doubled), OC_E_CONFLICT);
  EXPECT_THAT(to.dump(), IsEmpty());
  EXPECT_EQ(to.restore(rows_), OC_OK);
}

TEST_F(LedgerDump, GivenUpHalfWayLeavesNothing) {
  TestBackend to(other_.file());
  const oc_ledger_row row = rows_[0].view();
  const oc_ledger_row* one = &row;
  ASSERT_EQ(to.table->restore(to.instance(), &one, 1), OC_OK);
  EXPECT_EQ(to.apply(op_of(OC_LOP_DEPOSIT, 1, 5)).status, OC_OK);
  EXPECT_EQ(to.balance(1).deposited, 5);
  EXPECT_THAT(to.verify(), IsEmpty());
}

}  // namespace
}  // namespace onechat::ledger_test
