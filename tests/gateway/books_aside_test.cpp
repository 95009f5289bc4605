// Who checks the books keeps nobody from spending.
#include "gateway_fixture.hpp"

namespace onechat::main {
namespace {

TEST_F(GatewayTest, TheBooksAreCheckedWhileRequestsAreServed) {
  control::Books books(ledger_.get(), [this](const auto& question) {
    question(ledger::Backend{&ledger_plugin_->table(), ledger_plugin_->self()});
    return true;
  });
  std::uint64_t checks = 0, transfers = 0;
  std::jthread auditor([&](const std::stop_token& stop) {
    while (!stop.stop_requested() || checks == 0) {
      const auto verdict = books.verify();
      ASSERT_TRUE(verdict) << verdict.error().message;
      ASSERT_TRUE(verdict->breaches.empty()) << verdict->breaches.front().detail;
      EXPECT_GE(verdict->transfers, transfers);
      transfers = verdict->transfers;
      ++checks;
    }
  });
  for (int i = 0; i < 30; ++i)
    EXPECT_TRUE(ask(gateway_->port(), key_, R"({"model":"m","messages":[{"role":"user","content":"hi"}]})")
                    .starts_with("HTTP/1.1 200"));
  auditor.request_stop();
  auditor.join();
  const auto all = books.verify();
  ASSERT_TRUE(all);
  EXPECT_GE(all->transfers, 30u);
}

TEST_F(GatewayTest, ABudgetIsCountedWhileRequestsAreServed) {
  std::atomic<int> counted{0};
  control::Books books(ledger_.get(), [&](const auto& question) {
    ++counted;
    question(ledger::Backend{&ledger_plugin_->table(), ledger_plugin_->self()});
    return true;
  });
  std::atomic<bool> done{false};
  std::jthread clients([&] {
    for (int i = 0; i < 30; ++i)
      EXPECT_TRUE(ask(gateway_->port(), key_, R"({"model":"m","messages":[{"role":"user","content":"hi"}]})")
                      .starts_with("HTTP/1.1 200"));
    done = true;
  });
  control::Budget budget{};
  budget.scope = OC_SCOPE_ORG;
  budget.period = OC_WINDOW_MONTH;
  const auto project = plane_->directory().projects().front();
  budget.account = budget.scope_id = project.account();
  budget.limit_nano = 1'000'000'000'000;
  while (!done) {
    const auto put = books.put_budget(budget);
    ASSERT_TRUE(put) << put.error().message;
  }
  clients.join();
  EXPECT_GT(counted, 0);
  const auto budgets = books.budgets(budget.account);
  const auto balance = books.balance(budget.account);
  ASSERT_TRUE(budgets && balance);
  EXPECT_EQ(budgets->at(0).spent_nano, balance->spent);
  EXPECT_GT(balance->spent, 0);
  const auto all = books.verify();
  ASSERT_TRUE(all);
  EXPECT_TRUE(all->breaches.empty()) << all->breaches.front().detail;
}

}  // namespace
}  // namespace onechat::main
