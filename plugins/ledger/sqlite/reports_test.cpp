// What can be asked of the books: statements, what is open, what is known under an id, sums at a time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "backend_fixture_test.hpp"
#include "raw_file.hpp"

namespace onechat::ledger_test {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class LedgerReports : public ::testing::Test {
 protected:
  oc_ledger_result apply(const oc_ledger_op& op) {
    const oc_ledger_result r = b.apply(op);
    EXPECT_GE(r.status, 0) << "kind " << op.kind;
    return r;
  }
  TempFolder folder_;
  TestBackend b{folder_.file()};
};

TEST_F(LedgerReports, AStatementListsThePostingsOfTheTimeWithAllTheirParts) {
  const std::int64_t begin = g_now_ms;
  apply(op_of(OC_LOP_DEPOSIT, 1, 100'000));
  for (std::uint64_t i = 2; i < 1302; ++i) {
    g_now_ms += 1;
    auto r = op_of(OC_LOP_RESERVE, i, 20);
    r.key_id = 9;
    r.project_id = 8;
    r.user_id = 7;
    r.group_id = 6;
    apply(r);
    apply(op_of(OC_LOP_SETTLE, i, 10, 2));
  }
  const auto lines = b.statement(1, begin, g_now_ms);
  ASSERT_EQ(lines.size(), 1300u);  // the last one is at `to`, which is not included
  EXPECT_EQ(lines[0].kind, std::uint32_t(OC_LOP_DEPOSIT));
  EXPECT_EQ(lines[0].amount, 100'000);
  EXPECT_EQ(lines[0].available, 100'000);
  EXPECT_EQ(lines[1].kind, std::uint32_t(OC_LOP_SETTLE));
  EXPECT_EQ(lines[1].amount, 10);
  EXPECT_EQ(lines[1].fee, 2);
  EXPECT_EQ(lines[1].wallet_part, 12);
  EXPECT_EQ(lines[1].key_id, 9u);
  EXPECT_EQ(lines[1].project_id, 8u);
  EXPECT_EQ(lines[1].user_id, 7u);
  EXPECT_EQ(lines[1].group_id, 6u);
  EXPECT_EQ(lines[1].ref.hi, id_of(2).hi);
  EXPECT_EQ(lines[1299].unix_ms, g_now_ms - 1);
  EXPECT_THAT(b.statement(2), IsEmpty());
}

TEST_F(LedgerReports, AStatementShowsWhatAnotherWalletSent) {
  apply(op_of(OC_LOP_DEPOSIT, 1, 100));
  auto move = op_of(OC_LOP_TRANSFER, 2, 30);
  move.account2 = 2;
  apply(move);
  g_now_ms += 5;
  auto own = op_of(OC_LOP_DEPOSIT, 3, 7);
  own.account = 2;
  apply(own);
  const auto lines = b.statement(2);
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_EQ(lines[0].kind, std::uint32_t(OC_LOP_TRANSFER));
  EXPECT_EQ(lines[0].account, 1u);
  EXPECT_EQ(lines[0].account2, 2u);
  EXPECT_EQ(lines[1].kind, std::uint32_t(OC_LOP_DEPOSIT));
  EXPECT_THAT(b.statement(1), SizeIs(2));
}

// Batches of one wallet and lease, and of wallets and leases in turns: neither may lose or double a transfer.
TEST_F(LedgerReports, TransfersAreFoundInRunsOfOneCommit) {
  constexpr std::uint64_t kOne = 10, kOther = 11;
  for (const std::uint64_t account : {1, 2}) {
    auto op = op_of(OC_LOP_DEPOSIT, account, 100'000);
    op.account = account;
    apply(op);
    op = op_of(OC_LOP_LEASE, account == 1 ? kOne : kOther, 50'000);
    op.account = account;
    apply(op);
  }
  std::uint64_t next = 1000;
  const auto settle = [&](std::uint64_t account, std::int64_t cost) {
    auto op = about(op_of(OC_LOP_LEASE_SETTLE, next++, cost), account == 1 ? kOne : kOther);
    op.account = account;
    return op;
  };
  std::vector<oc_ledger_op> alike, in_turns;
  for (std::int64_t i = 1; i <= 21; ++i) alike.push_back(settle(1, i));
  for (std::int64_t i = 1; i <= 30; ++i) in_turns.push_back(settle(i % 3 == 0 ? 2 : 1, 100 + i));
  std::vector<oc_ledger_result> results;
  ASSERT_EQ(b.apply(alike, results), OC_OK);
  const auto rows_of = [&](const char* table) {
    return Raw(folder_.file()).run(std::string("SELECT count(*) FROM ") + table);
  };
  EXPECT_EQ(rows_of("wallet_run"), "3");  // two deposits and the batch
  EXPECT_EQ(rows_of("ref_run"), "1");
  ASSERT_EQ(b.apply(in_turns, results), OC_OK);
  const auto amounts = [](const std::vector<oc_ledger_entry>& entries) {
    std::vector<std::int64_t> out;
    for (const auto& e : entries) out.push_back(e.amount);
    return out;
  };
  std::vector<std::int64_t> expected, expected_other;
  for (std::int64_t i = 1; i <= 21; ++i) expected.push_back(i);
  for (std::int64_t i = 1; i <= 30; ++i) (i % 3 == 0 ? expected_other : expected).push_back(100 + i);
  EXPECT_EQ(amounts(b.find(id_of(kOne)).entries), expected);
  EXPECT_EQ(amounts(b.find(id_of(kOther)).entries), expected_other);
  expected.insert(expected.begin(), 100'000);
  expected_other.insert(expected_other.begin(), 100'000);
  EXPECT_EQ(amounts(b.statement(1)), expected);
  EXPECT_EQ(amounts(b.statement(2)), expected_other);
  EXPECT_THAT(b.verify(), IsEmpty());
}

TEST_F(LedgerReports, BalanceTellsHeldLeasedPromoDebtAndTerms) {
  apply(op_of(OC_LOP_DEPOSIT, 1, 100));
  apply(op_of(OC_LOP_GRANT, 2, 50));
  apply(op_of(OC_LOP_RESERVE, 3, 60));
  apply(op_of(OC_LOP_LEASE, 4, 40));
  apply(about(op_of(OC_LOP_LEASE_SETTLE, 5, 9, 1), 4));
  auto terms = op_of(OC_LOP_TERMS, 6, 25, 7);
  terms.code = OC_TERMS_FROZEN;
  apply(terms);
  const oc_ledger_balance got = b.balance(1);
  EXPECT_EQ(got.held, 90);
  EXPECT_EQ(got.leased, 30);
  EXPECT_EQ(got.promo, 0);
  EXPECT_EQ(got.available, 75);  // 150 - 90 - 10 + 25
  EXPECT_EQ(got.overdraft, 25);
  EXPECT_EQ(got.debt_limit, 7);
  EXPECT_EQ(got.flags, std::uint32_t(OC_TERMS_FROZEN));
  EXPECT_EQ(got.spent, 10);
  EXPECT_EQ(got.deposited, 150);
}

TEST_F(LedgerReports, OpenCountsHoldsAndLeases) {
  EXPECT_EQ(b.open().oldest_unix_ms, 0);
  apply(op_of(OC_LOP_DEPOSIT, 1, 100));
  const std::int64_t first = g_now_ms;
  apply(op_of(OC_LOP_RESERVE, 2, 30));
  g_now_ms += 10;
  apply(op_of(OC_LOP_RESERVE, 3, 12));
  apply(op_of(OC_LOP_LEASE, 4, 20));
  apply(about(op_of(OC_LOP_LEASE_SETTLE, 5, 5), 4));
  const oc_ledger_open open = b.open();
  EXPECT_EQ(open.holds, 2u);
  EXPECT_EQ(open.held_nano, 42);
  EXPECT_EQ(open.leases, 1u);
  EXPECT_EQ(open.leased_nano, 15);
  EXPECT_EQ(open.oldest_unix_ms, first);
}

TEST_F(LedgerReports, FindFollowsARequestFromHoldToRefund) {
  apply(op_of(OC_LOP_DEPOSIT, 1, 100));
  auto reserve = op_of(OC_LOP_RESERVE, 2, 30);
  reserve.key_id = 9;
  apply(reserve);
  apply(op_of(OC_LOP_PROGRESS, 2, 4, 1));
  auto found = b.find(id_of(2));
  ASSERT_THAT(found.holds, SizeIs(1));
  EXPECT_EQ(found.holds[0].state, std::uint32_t(OC_HOLD_OPEN));
  EXPECT_EQ(found.holds[0].amount, 30);
  EXPECT_EQ(found.holds[0].progress, 5);
  EXPECT_EQ(found.holds[0].key_id, 9u);
  EXPECT_THAT(found.entries, IsEmpty());
  apply(op_of(OC_LOP_SETTLE, 2, 10, 2));
  apply(about(op_of(OC_LOP_REFUND, 3, 6), 2));
  found = b.find(id_of(2));
  EXPECT_THAT(found.holds, IsEmpty());
  ASSERT_THAT(found.entries, SizeIs(2));
  EXPECT_EQ(found.entries[0].kind, std::uint32_t(OC_LOP_SETTLE));
  EXPECT_EQ(found.entries[1].kind, std::uint32_t(OC_LOP_REFUND));
  EXPECT_EQ(found.entries[1].wallet_part, 6);
  EXPECT_THAT(b.find(found.entries[0].id).entries, SizeIs(1));  // by the settle's own id
}

TEST_F(LedgerReports, FindTellsHowAHoldEnded) {
  apply(op_of(OC_LOP_DEPOSIT, 1, 100));
  for (std::uint64_t i = 2; i < 5; ++i) apply(op_of(OC_LOP_RESERVE, i, 10));
  apply(op_of(OC_LOP_VOID, 2));
  apply(op_of(OC_LOP_SETTLE, 3));
  apply(op_of(OC_LOP_LEASE, 5, 10));
  apply(about(op_of(OC_LOP_LEASE_SETTLE, 6, 4), 5));
  EXPECT_THAT(b.find(id_of(5)).entries, SizeIs(1));
  apply(op_of(OC_LOP_LEASE_CLOSE, 5));
  g_now_ms += 4'000'000;
  apply(op_of(OC_LOP_SWEEP, 9));
  const auto state = [&](std::uint64_t number) { return b.find(id_of(number)).holds.at(0); };
  EXPECT_EQ(state(2).state, std::uint32_t(OC_HOLD_VOIDED));
  EXPECT_EQ(state(3).state, std::uint32_t(OC_HOLD_FREE));
  EXPECT_EQ(state(4).state, std::uint32_t(OC_HOLD_SWEPT));
  EXPECT_EQ(state(4).amount, 10);
  EXPECT_EQ(state(4).ended_unix_ms, g_now_ms);
  EXPECT_EQ(state(5).kind, std::uint32_t(OC_LOP_LEASE));
  EXPECT_EQ(state(5).amount, 6);
  EXPECT_THAT(b.find(id_of(77)).holds, IsEmpty());
}

TEST_F(LedgerReports, ATrialBalanceIsThatOfItsTime) {
  apply(op_of(OC_LOP_DEPOSIT, 1, 100));
  g_now_ms += 10;
  const std::int64_t between = g_now_ms;
  apply(op_of(OC_LOP_RESERVE, 2, 30));
  apply(op_of(OC_LOP_SETTLE, 2, 10, 2));
  using Sums = std::map<std::pair<std::uint32_t, std::uint64_t>, std::pair<std::int64_t, std::int64_t>>;
  const auto sums_at = [&](std::int64_t at) {
    Sums out;
    const auto each = [](void* to, const oc_ledger_sum* s) {
      (*static_cast<Sums*>(to))[{s->code, s->owner}] = {s->debits, s->credits};
    };
    EXPECT_EQ(b.table->trial_balance(b.instance(), at, each, &out), OC_OK);
    return out;
  };
  EXPECT_THAT(sums_at(between - 10), IsEmpty());
  EXPECT_EQ(sums_at(between), (Sums{{{1000, 0}, {100, 0}}, {{2000, 1}, {0, 100}}}));
  EXPECT_EQ(sums_at(between + 1), (Sums{{{1000, 0}, {100, 0}},
                                        {{2000, 1}, {12, 100}},
                                        {{2100, 1}, {0, 10}},
                                        {{4000, 1}, {0, 2}}}));
}

TEST_F(LedgerReports, TheLastLinkMovesOnAndEarlierOnesStayAsTheyWere) {
  EXPECT_THAT(b.links(), IsEmpty());
  apply(op_of(OC_LOP_DEPOSIT, 1, 100));
  const auto first = b.links();
  ASSERT_THAT(first, SizeIs(1));
  EXPECT_EQ(first[0].n, 1u);
  apply(op_of(OC_LOP_DEPOSIT, 2, 100));
  const auto second = b.links();
  ASSERT_THAT(second, SizeIs(1));
  EXPECT_EQ(second[0].n, 2u);
  EXPECT_GT(second[0].first_seq, first[0].last_seq);
  const auto both = b.links({second[0].first_seq, 999'999, first[0].first_seq});
  ASSERT_THAT(both, SizeIs(2));
  EXPECT_EQ(both[0], second[0]);
  EXPECT_EQ(both[1], first[0]);
}

}  // namespace
}  // namespace onechat::ledger_test
