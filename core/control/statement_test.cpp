#include "control/statement.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "base/ids.hpp"
#include "control/control_fixture.hpp"
#include "control/money_text.hpp"
#include "json/json.hpp"

namespace onechat::control {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kUsd = 1'000'000'000;

class StatementTest : public testing::Test, protected ControlFixture {
 protected:
  void SetUp() override {
    open();
    ASSERT_TRUE(plane->boot().has_value());
    wallet = *plane->wallet("default", "");
  }
  // Posts a charge of a request that began just now.
  void charge(std::int64_t cost, std::int64_t fee, std::uint64_t key = 0) {
    oc_ledger_op op{};
    op.id = {++requests, 1};
    op.kind = OC_LOP_RESERVE;
    op.account = wallet.account;
    op.project_id = wallet.project_id;
    op.key_id = key;
    op.amount = cost + fee;
    op.ttl_ms = 60'000;
    ASSERT_EQ(ledger.apply_blocking(op).status, OC_OK);
    op.ref = op.id;
    op.id = {requests, 2};
    op.kind = OC_LOP_SETTLE;
    op.amount = cost;
    op.fee = fee;
    op.ttl_ms = 0;
    ASSERT_EQ(ledger.apply_blocking(op).status, OC_OK);
  }
  Result<Statement> statement(StatementPeriod period = {}) {
    return Statement::open(plane->books(), plane->directory(), wallet, period, system_clock().unix_ms());
  }
  static std::string csv(const Statement& s) {
    std::ostringstream out;
    s.write_csv(out);
    return out.str();
  }
  static std::string json(const Statement& s, bool bounds) {
    std::ostringstream out;
    s.write_json(out, bounds);
    return out.str();
  }
  Wallet wallet;
  std::uint64_t requests = 0;
};

TEST_F(StatementTest, AmountsAddUpToTheBalanceWhateverHappened) {
  Books& books = plane->books();
  ASSERT_TRUE(plane->directory().create_project("other", {}).has_value());
  const auto other = plane->wallet("other", "")->account;
  ASSERT_TRUE(books.grant({wallet.account, 2 * kUsd, "promo", 0, 0}).has_value());
  charge(1 * kUsd, kUsd / 10);
  ASSERT_TRUE(books.withdraw({wallet.account, kUsd, "w", ""}, false).has_value());
  ASSERT_TRUE(books.deposit({other, kUsd, "d", ""}).has_value());
  ASSERT_TRUE(books.transfer(wallet.account, other, kUsd, "t").has_value());
  ASSERT_TRUE(books.withdraw({wallet.account, 9 * kUsd, "c", "psp"}, true).has_value());  // makes debt
  RefundWish refund;
  refund.request = {1, 1};
  ASSERT_TRUE(books.refund(refund).has_value());

  Arena arena;
  const std::string text = json(*statement(), true);
  const oc_json* lines = json::parse(arena, text);
  ASSERT_NE(lines, nullptr) << text;
  std::int64_t sum = 0, last = 0;
  std::vector<std::string> kinds;
  for (const oc_json* l = lines->first; l; l = l->next) {
    sum += *parse_usd(json::get(l, "amount")->text);
    last = *parse_usd(json::get(l, "balance")->text);
    EXPECT_EQ(sum, last);
    kinds.emplace_back(json::get(l, "kind")->text);
  }
  EXPECT_EQ(sum, books.balance(wallet.account)->available);
  EXPECT_EQ(last, sum);
  EXPECT_THAT(kinds, testing::ElementsAre("opening", "deposit", "grant", "settle", "withdrawal", "transfer",
                                          "chargeback", "refund", "closing"));
  EXPECT_EQ(*parse_usd(json::get(json::parse(arena, json(*Statement::open(books, plane->directory(),
                                                                        *plane->wallet("other", ""), {},
                                                                        system_clock().unix_ms()),
                                                         false))
                                     ->first->next,
                                 "balance")
                           ->text),
            2 * kUsd);
}

TEST_F(StatementTest, APeriodBeginsWithWhatWasThereAndEndsWithWhatIsLeft) {
  const std::int64_t day = 86'400'000;
  fake_ledger.ahead_ms = 2 * 3'600'000;
  charge(kUsd, 0);
  fake_ledger.ahead_ms = 4 * 3'600'000;
  charge(kUsd, kUsd / 2);
  const std::int64_t now = system_clock().unix_ms();
  const std::string text = csv(*statement({now + 3'600'000, now + 3 * 3'600'000}));
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  ASSERT_EQ(lines.size(), 4u) << text;
  const auto commas = [](const std::string& s) { return std::count(s.begin(), s.end(), ','); };
  for (const auto& line : lines) EXPECT_EQ(commas(line), commas(lines[0])) << line;
  EXPECT_THAT(lines[1], HasSubstr(",opening,,5.00,"));
  EXPECT_THAT(lines[2], HasSubstr(",settle,-1.00,4.00,1.00,0.00,"));
  EXPECT_THAT(lines[2], HasSubstr(",default,"));
  EXPECT_THAT(lines[3], HasSubstr(",closing,,4.00,"));
  EXPECT_THAT(csv(*statement({now + 10 * day, now + 11 * day})), HasSubstr(",opening,,2.50,"));
  EXPECT_EQ(json(*statement({1, 2}), false), "[]");
}

// A slice of time is read at once; none of its postings may be missed or come twice where slices meet.
TEST_F(StatementTest, SlicesMeetWithoutGapOrOverlap) {
  constexpr int kCharges = 3'000;
  for (int i = 0; i < kCharges; ++i) {
    fake_ledger.ahead_ms = i % 3 == 0 ? i * 7'000 : i * 20;
    charge(i % 2, 1);
  }
  std::set<std::uint64_t> seen;
  int n = 0;
  const auto done = for_each_entry(plane->books(), wallet.account, {0, system_clock().unix_ms() + 86'400'000},
                                   [&](const Entry& e) {
                                     if (!is_charge(e)) return true;
                                     seen.insert(e.id.hi);
                                     return ++n > 0;
                                   });
  ASSERT_TRUE(done.has_value());
  EXPECT_EQ(n, kCharges);
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(kCharges));
}

TEST_F(StatementTest, WithoutBooksThereIsNone) {
  open(false);
  EXPECT_EQ(statement().error().code, "no_ledger");
}

}  // namespace
}  // namespace onechat::control
