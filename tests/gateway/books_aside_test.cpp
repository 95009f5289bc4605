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

}  // namespace
}  // namespace onechat::main
