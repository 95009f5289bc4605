// Budgets are kept: they hold after a restart, count what was there before them, and go with their windows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backend_fixture_test.hpp"
#include "raw_file.hpp"

namespace onechat::ledger_test {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class LedgerBudgets : public ::testing::Test {
 protected:
  void SetUp() override {
    b = std::make_unique<TestBackend>(folder_.file());
    b->apply(op_of(OC_LOP_DEPOSIT, 1, 1000));
  }
  void reopen() {
    b.reset();
    b = std::make_unique<TestBackend>(folder_.file());
  }
  static oc_ledger_op by_key(std::uint64_t number, std::int64_t amount) {
    oc_ledger_op op = op_of(OC_LOP_RESERVE, number, amount);
    op.key_id = 4;
    return op;
  }
  TempFolder folder_;
  std::unique_ptr<TestBackend> b;
};

TEST_F(LedgerBudgets, OutliveTheProcess) {
  ASSERT_EQ(b->put_budget(OC_SCOPE_KEY, 4, OC_WINDOW_DAY, 50), OC_OK);
  EXPECT_EQ(b->apply(by_key(2, 30)).status, OC_OK);
  reopen();
  EXPECT_EQ(b->apply(by_key(3, 21)).status, OC_E_LIMIT);
  EXPECT_EQ(b->apply(by_key(3, 20)).status, OC_OK);
  b->apply(op_of(OC_LOP_SETTLE, 2, 5, 1));
  reopen();
  const auto budgets = b->budgets(1);
  ASSERT_THAT(budgets, SizeIs(1));
  EXPECT_EQ(budgets[0].limit_nano, 50);
  EXPECT_EQ(budgets[0].spent_nano, 6);
  EXPECT_EQ(budgets[0].held_nano, 20);
  EXPECT_THAT(b->budgets(2), IsEmpty());
  EXPECT_THAT(b->verify(), IsEmpty());
}

// A new key's limit must not read a large wallet's whole history: what lies before the time that is named is not counted.
TEST_F(LedgerBudgets, LookNoFurtherBackThanTheirScopeWasUsed) {
  b->apply(by_key(2, 30));
  b->apply(op_of(OC_LOP_SETTLE, 2, 20, 2));
  oc_ledger_budget budget{};
  budget.struct_size = sizeof budget;
  budget.account = 1;
  budget.scope = OC_SCOPE_KEY;
  budget.scope_id = 4;
  budget.limit_nano = 40;
  for (const std::int64_t since : {g_now_ms + 1, g_now_ms.load()}) {
    budget.begin_unix_ms = since;
    ASSERT_EQ(b->table->put_budget(b->instance(), &budget), OC_OK);
    EXPECT_EQ(b->budgets(1).front().spent_nano, since > g_now_ms ? 0 : 22);
  }
}

// What may take long is counted beside the batches; setting the budget then counts what came since, and no more.
TEST_F(LedgerBudgets, GoOnFromWhatWasCountedAhead) {
  const auto spend = [&](std::uint64_t number, std::int64_t nano) {
    b->apply(by_key(number, nano));
    b->apply(op_of(OC_LOP_SETTLE, number, nano, 0));
  };
  const auto day = [] {
    oc_ledger_budget budget{};
    budget.struct_size = sizeof budget;
    budget.account = 1;
    budget.scope = OC_SCOPE_KEY;
    budget.scope_id = 4;
    budget.period = OC_WINDOW_DAY;
    budget.limit_nano = 500;
    return budget;
  };
  oc_ledger_budget budget = day();
  oc_ledger_spent spent{};
  spent.struct_size = sizeof spent;
  const auto count = [&] { return b->table->count_spent(b->instance(), &budget, &spent); };
  spend(2, 22);
  ASSERT_EQ(count(), OC_OK);
  EXPECT_EQ(spent.spent_nano, 22);
  spend(3, 8);
  b->apply(op_of(OC_LOP_RESERVE, 4, 500));  // of no key
  b->apply(op_of(OC_LOP_SETTLE, 4, 500));
  ASSERT_EQ(count(), OC_OK);
  EXPECT_EQ(spent.spent_nano, 30);
  spend(5, 5);
  budget.spent = &spent;
  const auto set = [&] {
    EXPECT_EQ(b->table->put_budget(b->instance(), &budget), OC_OK);
    return b->budgets(1).front().spent_nano;
  };
  EXPECT_EQ(set(), 35);
  EXPECT_THAT(b->verify(), IsEmpty());
  spent.spent_nano += 100;
  EXPECT_EQ(set(), 135) << "history is not read again";
  spent.begin_unix_ms -= 1;
  EXPECT_EQ(set(), 35) << "it was another window's";
  ASSERT_EQ(count(), OC_OK);
  EXPECT_EQ(spent.spent_nano, 35);
  EXPECT_THAT(b->verify(), IsEmpty());
}

TEST_F(LedgerBudgets, CountWhatWasSpentAndHeldBeforeThem) {
  b->apply(by_key(2, 30));
  b->apply(op_of(OC_LOP_SETTLE, 2, 20, 2));
  b->apply(by_key(3, 9));
  b->apply(op_of(OC_LOP_RESERVE, 4, 500));  // of no key
  ASSERT_EQ(b->put_budget(OC_SCOPE_KEY, 4, OC_WINDOW_TOTAL, 40), OC_OK);
  EXPECT_EQ(b->apply(by_key(5, 10)).status, OC_E_LIMIT);  // 22 + 9 + 10
  EXPECT_EQ(b->apply(by_key(5, 9)).status, OC_OK);
  EXPECT_THAT(b->verify(), IsEmpty());
}

TEST_F(LedgerBudgets, AreChangedInPlaceAndRemovedWithTheirWindows) {
  ASSERT_EQ(b->put_budget(OC_SCOPE_KEY, 4, OC_WINDOW_DAY, 50), OC_OK);
  b->apply(by_key(2, 30));
  ASSERT_EQ(b->put_budget(OC_SCOPE_KEY, 4, OC_WINDOW_DAY, 60, "Asia/Tokyo"), OC_OK);
  ASSERT_THAT(b->budgets(), SizeIs(1));
  EXPECT_EQ(b->budgets()[0].held_nano, 30);
  EXPECT_THAT(b->verify(), IsEmpty());
  ASSERT_EQ(b->put_budget(OC_SCOPE_KEY, 4, OC_WINDOW_DAY, -1, "Asia/Tokyo"), OC_OK);
  EXPECT_THAT(b->budgets(), IsEmpty());
  EXPECT_EQ(Raw(folder_.file()).run("SELECT count(*) FROM budget_window"), "0");
  EXPECT_EQ(b->apply(by_key(3, 900)).status, OC_OK);
  ASSERT_EQ(b->put_budget(OC_SCOPE_KEY, 4, OC_WINDOW_DAY, -1), OC_OK);  // none there: fine
}

TEST_F(LedgerBudgets, ThatSayNothingSensibleAreRefused) {
  EXPECT_EQ(b->put_budget(0, 4, OC_WINDOW_DAY, 50), OC_E_INVALID);
  EXPECT_EQ(b->put_budget(6, 4, OC_WINDOW_DAY, 50), OC_E_INVALID);
  EXPECT_EQ(b->put_budget(OC_SCOPE_KEY, 0, OC_WINDOW_DAY, 50), OC_E_INVALID);
  EXPECT_EQ(b->put_budget(OC_SCOPE_ORG, 2, OC_WINDOW_DAY, 50), OC_E_INVALID);
  EXPECT_EQ(b->put_budget(OC_SCOPE_KEY, 4, 9, 50), OC_E_INVALID);
  EXPECT_EQ(b->put_budget(OC_SCOPE_KEY, 4, OC_WINDOW_DAY, 50, "Nowhere/Land"), OC_E_INVALID);
  EXPECT_EQ(b->put_budget(OC_SCOPE_KEY, 4, OC_WINDOW_DAY, 50, "", 2), OC_E_INVALID);
  EXPECT_THAT(b->budgets(), IsEmpty());
}

}  // namespace
}  // namespace onechat::ledger_test
