// Two workers, real plugins, a provider on loopback and many clients at once: what threads can break, breaks here.
#include "gateway_fixture.hpp"

namespace onechat::main {
namespace {

const std::string kAsk = R"({"model":"m","max_tokens":10,"messages":[{"role":"user","content":"hi"}]})";
const std::string kAskStream = R"({"model":"m","max_tokens":10,"stream":true,"messages":[{"role":"user","content":"hi"}]})";
const std::string kAskToDie = R"({"model":"m","max_tokens":10,"stream":true,"messages":[{"role":"user","content":"please die"}]})";
const std::string kAskDemo = R"({"model":"demo","stream":true,"messages":[{"role":"user","content":"hi"}]})";

TEST_F(GatewayTest, AnswersWholeAndStreamedToTheByte) {
  EXPECT_TRUE(ask(gateway_->port(), key_, kAsk).ends_with(whole_answer("hello")));
  const std::string stream = ask(gateway_->port(), key_, kAskStream);
  EXPECT_EQ(stream.find("\"usage\""), std::string::npos) << "usage was not asked for: " << stream;
  EXPECT_NE(stream.find("data: [DONE]\n\n"), std::string::npos);
  const auto b = balance();
  EXPECT_EQ(b.held, 0);
  // 10 x 1 + 5 x 2 and 10 x 1 + 20 x 2 USD per million tokens, plus 10 %.
  EXPECT_EQ(b.spent, 22'000 + 55'000);
}

TEST_F(GatewayTest, ADyingStreamEndsWithAnErrorAndIsPaidForAsFarAsItCame) {
  const std::string stream = ask(gateway_->port(), key_, kAskToDie);
  EXPECT_EQ(stream.find("[DONE]"), std::string::npos);
  EXPECT_NE(stream.find("data: {\"error\""), std::string::npos) << stream;
  const auto b = balance();
  EXPECT_EQ(b.held, 0);
  EXPECT_GE(b.spent, 44'000) << "20 tokens were delivered";
}

// Whole answers, streams, dying streams, clients that hang up, the demo's timers, reloads, metrics and revocations, all at
// once: nothing is held afterwards, the books balance, and the sanitizers have seen it.
TEST_F(GatewayTest, ManyClientsReloadsAndMetricsAtOnceLeaveNothingHeld) {
  std::atomic<bool> stop{false};
  std::atomic<int> answered{0}, wrong{0};
  std::vector<std::thread> threads;
  for (int c = 0; c < 6; ++c)
    threads.emplace_back([&, c] {
      for (int i = 0; i < 25; ++i) {
        const int kind = (c + i) % 6;
        const std::string& body = kind == 0 ? kAskDemo : kind == 1 ? kAskToDie : kind == 2 ? kAsk : kAskStream;
        const std::string answer = ask(gateway_->port(), key_, body, kind == 3 ? 300 : 0);
        ++answered;
        if (!answer.starts_with("HTTP/1.1 200")) ++wrong;
      }
    });
  threads.emplace_back([&] {
    while (!stop) {
      EXPECT_TRUE(gateway_->reload(config_, nullptr));
      control::MetricsText text;
      gateway_->add_metrics(text);
      EXPECT_NE(text.text().find("onechat_attempts_total"), std::string::npos);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  for (std::size_t i = 0; i + 1 < threads.size(); ++i) threads[i].join();
  stop = true;
  threads.back().join();
  EXPECT_EQ(answered, 150);
  EXPECT_EQ(wrong, 0);
  std::int64_t held = 1;
  for (int i = 0; i < 200 && held != 0; ++i) {
    held = balance().held;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(held, 0);
  auto verdict = plane_->books().verify();
  ASSERT_TRUE(verdict);
  EXPECT_TRUE(verdict->breaches.empty());
}

TEST_F(GatewayTest, AStageRefusesBeforeAnythingIsHeldAndLeavesTheRestStraight) {
  const std::string bad = R"({"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"a forbidden FRUIT."}]}]})";
  const std::string answer = ask(gateway_->port(), key_, bad);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 400")) << answer;
  EXPECT_NE(answer.find("\"code\":\"content_blocked\""), std::string::npos) << answer;
  EXPECT_EQ(balance().spent, 0);
  EXPECT_TRUE(ask(gateway_->port(), key_, kAsk).ends_with(whole_answer("hello")));
}

TEST_F(GatewayTest, ARevokedKeyIsRefusedAtOnce) {
  EXPECT_TRUE(ask(gateway_->port(), key_, kAsk).starts_with("HTTP/1.1 200"));
  for (const auto& k : plane_->directory().keys("default")) EXPECT_TRUE(plane_->directory().revoke_key(k.id));
  EXPECT_TRUE(ask(gateway_->port(), key_, kAsk).starts_with("HTTP/1.1 401"));
}

TEST_F(GatewayTest, AReloadThatFailsChangesNothing) {
  control::Config broken = config_;
  broken.providers[0].use = "no_such_plugin";
  const auto reloaded = gateway_->reload(broken, nullptr);
  ASSERT_FALSE(reloaded);
  EXPECT_NE(reloaded.error().message.find("no_such_plugin"), std::string::npos);
  EXPECT_TRUE(ask(gateway_->port(), key_, kAsk).starts_with("HTTP/1.1 200"));
}

}  // namespace
}  // namespace onechat::main
