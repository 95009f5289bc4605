// How much a request holds: what answers of late have cost, more when a stream outgrows it, and what the wallet can
// pay.
#include "gateway_fixture.hpp"

namespace onechat::main {
namespace {

// A token of the model "dear" costs 0.002 USD and 10 %; the wallet begins with 5 USD.
std::string ask_dear(const std::string& more) {
  return R"({"model":"dear",)" + more + R"("messages":[{"role":"user","content":"hi"}]})";
}
Script long_answer(std::size_t tokens) {
  Script s;
  s.pieces.assign(tokens / 10, std::string(40, 'x'));
  s.piece_ms = 5;
  s.usage = false;
  return s;
}

class ExpectedHolds : public GatewayTest {
 protected:
  std::string more_config() const override { return R"("holds":{"policy":"expected"},)"; }
  int workers() const override { return 1; }  // each learns for itself
  // Enough answers of 20 tokens to know what is usual.
  void learn() {
    for (int i = 0; i < 25; ++i) ask(gateway_->port(), key_, ask_dear(R"("max_tokens":20,"stream":true,)"));
  }
};

TEST_F(ExpectedHolds, AStreamHoldsWhatIsUsualAndMoreWhenItOutgrowsThat) {
  learn();
  const std::int64_t worst_case = 4'000 * 2'200'000ll;
  ASSERT_LT(balance().available, worst_case) << "the worst case could not be held";
  upstream_.play(long_answer(600));
  const std::string answer = ask(gateway_->port(), key_, ask_dear(R"("max_tokens":4000,"stream":true,)"));
  EXPECT_NE(answer.find("[DONE]"), std::string::npos) << answer.substr(0, 500);
  control::MetricsText text;
  gateway_->add_metrics(text);
  EXPECT_EQ(text.text().find("onechat_hold_extensions_total 0"), std::string::npos);
  EXPECT_EQ(balance().held, 0);
}

TEST_F(ExpectedHolds, AStreamThatTheWalletCannotFollowEndsInTheDialectsOwnWords) {
  learn();
  const auto before = balance();
  upstream_.play(long_answer(4'000));
  const std::string answer = ask(gateway_->port(), key_, ask_dear(R"("max_tokens":4000,"stream":true,)"));
  EXPECT_EQ(answer.find("[DONE]"), std::string::npos);
  EXPECT_NE(answer.find("insufficient_quota"), std::string::npos) << answer.substr(answer.size() - 400);
  const auto after = balance();
  EXPECT_EQ(after.held, 0);
  EXPECT_GE(after.available, 0);
  EXPECT_GT(after.spent, before.spent);
}

// Its lease is worth some seconds of small answers; the wallet has hundreds of times as much.
class LeasedHolds : public ExpectedHolds {
  ledger::TillOptions till_options() const override { return {.leases = {.reserves_per_s = 5}}; }
};
TEST_F(LeasedHolds, AStreamThatOutgrowsItsLeaseGetsWhatTheWalletHas) {
  const auto ask_cheap = [&](const std::string& most) {
    return ask(gateway_->port(), key_,
               R"({"model":"m","stream":true,"max_tokens":)" + most + R"(,"messages":[{"role":"user","content":"hi"}]})");
  };
  const auto has_lease = [&] {
    control::MetricsText text;
    gateway_->add_metrics(text);
    return text.text().find("onechat_lease_hits_total 0") == std::string::npos;
  };
  for (int i = 0; i < 300 && (i < 25 || !has_lease()); ++i) {
    ask_cheap("20");
    std::this_thread::sleep_for(std::chrono::milliseconds(40));
  }
  ASSERT_TRUE(has_lease());
  upstream_.play(long_answer(6'000));
  const std::string answer = ask_cheap("8000");
  EXPECT_NE(answer.find("[DONE]"), std::string::npos) << answer.substr(answer.size() - 400);
}

// Closing the connection would not end what the provider charges: the answer is read on for its usage, also when a write
// is what finds out that the client has reset its connection.
class ProviderThatBillsOn : public GatewayTest {
  std::string provider_settings() const override { return R"(,"cancel_stops_billing":false)"; }
};
TEST_F(ProviderThatBillsOn, AClientThatResetsItsConnectionPaysWhatTheProviderSays) {
  Script fast;
  fast.pieces.assign(3'000, std::string(1'000, 'x'));
  upstream_.play(fast);
  for (int i = 0; i < 5; ++i)
    ask(gateway_->port(), key_, R"({"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]})", 1'000);
  for (int i = 0; i < 500 && (balance().held != 0 || balance().spent < 5 * 55'000); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(balance().held, 0);
  EXPECT_EQ(balance().spent, 5 * 55'000) << "10 tokens in, 20 out";
}

TEST_F(GatewayTest, ARequestThatTheWalletDoesNotCoverGetsAShorterAnswer) {
  const std::string answer = ask(gateway_->port(), key_, ask_dear(""));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
  ASSERT_FALSE(upstream_.seen().empty());
  const std::string sent = upstream_.seen().back();
  const std::size_t at = sent.find("tokens\":");
  ASSERT_NE(at, std::string::npos) << sent;
  const long most = std::stol(sent.substr(at + 8));
  EXPECT_GT(most, 2'000);
  EXPECT_LE(most * 2'200'000, 5'000'000'000);
  EXPECT_EQ(balance().held, 0);
}

class NoShortAnswers : public GatewayTest {
  std::string more_config() const override { return R"("holds":{"clip_floor_tokens":3000},)"; }
};
TEST_F(NoShortAnswers, BelowTheFloorItIsRefusedBeforeTheProviderIsAsked) {
  const std::string answer = ask(gateway_->port(), key_, ask_dear(""));
  EXPECT_EQ(answer.find("HTTP/1.1 200"), std::string::npos);
  EXPECT_NE(answer.find("insufficient_quota"), std::string::npos) << answer;
  EXPECT_TRUE(upstream_.seen().empty());
}

// Projects whose rules are others than everybody's. None has more than 0.05 USD; a token costs 0.0022.
class ProjectHolds : public GatewayTest {
 protected:
  std::string more_config() const override {
    return R"("holds":{"clip_floor_tokens":3000,"projects":{)"
           R"("modest":{"clip_floor_tokens":10},"forgiven":{"overage":"absorb"},"usual":{"policy":"expected"}}},)";
  }
  int workers() const override { return 1; }
  std::string key_of(const std::string& project, std::int64_t nano = 50'000'000) {
    const auto made = plane_->directory().create_project(project, {});
    EXPECT_TRUE(made);
    EXPECT_TRUE(plane_->books().deposit({made->account(), nano, "first", {}}));
    auto key = plane_->create_key({.project = project, .name = "k"});
    EXPECT_TRUE(key) << key.error().message;
    return key->text;
  }
  oc_ledger_balance balance_of(const std::string& project) {
    const auto b = plane_->balance(project);
    EXPECT_TRUE(b);
    return b ? *b : oc_ledger_balance{};
  }
};

TEST_F(ProjectHolds, OneTakesAShorterAnswerWhereAnotherTakesNone) {
  const std::string refused = ask(gateway_->port(), key_of("other"), ask_dear(""));
  EXPECT_NE(refused.find("insufficient_quota"), std::string::npos) << refused;
  EXPECT_TRUE(upstream_.seen().empty());
  const std::string answer = ask(gateway_->port(), key_of("modest"), ask_dear(""));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
}

TEST_F(ProjectHolds, WhatOneWouldOweIsBorneForAnother) {
  for (const std::string project : {"other", "forgiven"}) {
    const std::string key = key_of(project, 5'000'000);  // the provider says 5 tokens where 1 was asked for: 0.011 USD
    EXPECT_TRUE(ask(gateway_->port(), key, ask_dear(R"("max_tokens":1,)")).starts_with("HTTP/1.1 200"));
    EXPECT_EQ(balance_of(project).available, -balance_of(project).debt) << project << " has spent all that it had";
  }
  EXPECT_EQ(balance_of("other").debt, 6'000'000);
  EXPECT_EQ(balance_of("forgiven").debt, 0);
}

TEST_F(ProjectHolds, OneHoldsTheWorstCaseWhereAnotherHoldsTheUsual) {
  const std::string other = key_of("other", 5'000'000'000), usual = key_of("usual", 5'000'000'000);
  for (const std::string& key : {other, usual})
    for (int i = 0; i < 25; ++i) ask(gateway_->port(), key, ask_dear(R"("max_tokens":20,"stream":true,)"));
  const std::string long_one = ask_dear(R"("max_tokens":2990,"stream":true,)");
  const std::string refused = ask(gateway_->port(), other, long_one), answer = ask(gateway_->port(), usual, long_one);
  EXPECT_NE(refused.find("insufficient_quota"), std::string::npos) << refused.substr(0, 500);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer.substr(0, 500);
}

}  // namespace
}  // namespace onechat::main
