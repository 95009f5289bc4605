// Stages that decide later and stages that rewrite, in the running data plane: what the provider is sent, what the
// client reads, and what is paid.
#include "gateway_fixture.hpp"

namespace onechat::main {
namespace {

constexpr const char* kAsk =
    R"({"model":"m","max_tokens":10,"messages":[{"role":"user","content":"an apple please"}]})";
constexpr const char* kAskStream =
    R"({"model":"m","max_tokens":10,"stream":true,"messages":[{"role":"user","content":"an apple please"}]})";
// 10 tokens in at 1 and 5 (whole) or 20 (streamed) out at 2 USD per million, plus 10 %.
constexpr std::int64_t kWholeNano = 22'000, kStreamNano = 55'000;

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

// ---- later ----------------------------------------------------------------------------------------------------------

struct Waiting {
  std::string from, then;
  bool twice = false;
};
std::ostream& operator<<(std::ostream& out, const Waiting& w) {
  return out << w.from << ", " << w.then << (w.twice ? ", twice" : "");
}

class WaitingStage : public GatewayTest, public ::testing::WithParamInterface<Waiting> {
 protected:
  Stages stages() const override {
    const Waiting& w = GetParam();
    return {R"("wait":{"use":"test_wait","from":")" + w.from + R"(","then":")" + w.then + R"(","twice":)" +
                (w.twice ? "true}" : "false}"),
            R"("wait",)"};
  }
  // One line for every exchange that the stage has seen the end of.
  void expect_ends(std::size_t n, const std::string& line) {
    std::vector<std::string> lines;
    for (int i = 0; i < 100 && lines.size() < n; ++i, std::this_thread::sleep_for(std::chrono::milliseconds(10)))
      lines = logged();
    EXPECT_EQ(lines, std::vector<std::string>(n, line));
  }
};

class StageLetsThrough : public WaitingStage {};
TEST_P(StageLetsThrough, LaterAndTheLaneStaysStraight) {
  EXPECT_TRUE(ask(gateway_->port(), key_, kAsk).ends_with(whole_answer("hello")));
  EXPECT_TRUE(has(ask(gateway_->port(), key_, kAskStream), "data: [DONE]\n\n"));
  ASSERT_EQ(upstream_.seen().size(), 2u);
  EXPECT_TRUE(has(upstream_.seen()[0], "an apple please"));
  EXPECT_EQ(balance().spent, kWholeNano + kStreamNano);
  EXPECT_EQ(balance().held, 0);
  expect_ends(2, "end 0");
}
INSTANTIATE_TEST_SUITE_P(Stages, StageLetsThrough,
                         ::testing::Values(Waiting{"timer", "continue"}, Waiting{"offload", "continue"},
                                           Waiting{"thread", "continue"}));

// A second completion comes 30 ms after the first, when the first one's exchange is over and its token serves others.
class StageCompletesTwice : public WaitingStage {};
TEST_P(StageCompletesTwice, TheSecondIsIgnored) {
  std::vector<std::thread> clients;
  std::atomic<int> good{0};
  for (int c = 0; c < 4; ++c)
    clients.emplace_back([&] {
      for (int i = 0; i < 15; ++i)
        if (ask(gateway_->port(), key_, kAsk).ends_with(whole_answer("hello"))) ++good;
    });
  for (auto& client : clients) client.join();
  EXPECT_EQ(good, 60);
  EXPECT_EQ(balance().spent, 60 * kWholeNano);
  expect_ends(60, "end 0");
}
INSTANTIATE_TEST_SUITE_P(Stages, StageCompletesTwice,
                         ::testing::Values(Waiting{"timer", "continue", true}, Waiting{"thread", "continue", true}));

class StageRefuses : public WaitingStage {
 protected:
  void expect_refusal(const std::string& head, const std::string& words, oc_status status) {
    const std::string answer = ask(gateway_->port(), key_, kAskStream);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + head)) << answer;
    EXPECT_TRUE(has(answer, words)) << answer;
    EXPECT_TRUE(upstream_.seen().empty());
    EXPECT_EQ(balance().spent + balance().held, 0);
    expect_ends(1, "end " + std::to_string(status));
  }
};
TEST_P(StageRefuses, LaterAndNothingIsHeldOrSent) {
  if (GetParam().then == "refuse") expect_refusal("400", R"("code":"content_policy")", OC_E_INVALID);
  if (GetParam().then == "unavailable") expect_refusal("503", R"("code":"stage_failed")", OC_E_UNAVAILABLE);
  if (GetParam().then == "refuse with words") expect_refusal("422", "Not today.", OC_E_INVALID);
}
INSTANTIATE_TEST_SUITE_P(Stages, StageRefuses,
                         ::testing::Values(Waiting{"timer", "refuse"}, Waiting{"thread", "refuse"},
                                           Waiting{"thread", "unavailable"}, Waiting{"timer", "refuse with words"},
                                           Waiting{"offload", "refuse with words"}, Waiting{"thread", "refuse", true}));

class StageRewritesLater : public WaitingStage {};
TEST_P(StageRewritesLater, TheProviderSeesWhatItFilledInBeforeItCompleted) {
  EXPECT_TRUE(has(ask(gateway_->port(), key_, kAsk), R"("content":"hello")"));
  const std::string stream = ask(gateway_->port(), key_, kAskStream);
  EXPECT_TRUE(has(stream, "data: [DONE]\n\n")) << stream;
  ASSERT_EQ(upstream_.seen().size(), 2u);
  for (const std::string& body : upstream_.seen()) {
    EXPECT_TRUE(has(body, "rewritten later") && has(body, R"("model":"m")")) << body;
    EXPECT_FALSE(has(body, "apple")) << body;
  }
  EXPECT_EQ(balance().spent, kWholeNano + kStreamNano);
  expect_ends(2, "end 0");
}
INSTANTIATE_TEST_SUITE_P(Stages, StageRewritesLater,
                         ::testing::Values(Waiting{"timer", "rewrite"}, Waiting{"offload", "rewrite"},
                                           Waiting{"thread", "rewrite"}));

// ---- rewriting ------------------------------------------------------------------------------------------------------

class RewritingStage : public GatewayTest {
 protected:
  Stages stages() const override { return {R"("edit":{"use":"test_edit"})", R"("edit",)"}; }
  std::unique_ptr<record::TraceRecord> newest_trace() {
    auto page = store_->traces({});
    if (!page || page->empty()) return nullptr;
    auto trace = store_->trace(page->front()->head.id);
    return trace ? std::move(*trace) : nullptr;
  }
};

TEST_F(RewritingStage, TheProviderIsSentTheRewrittenTextAndTheModelAsked) {
  for (const char* body : {kAsk, kAskStream}) ask(gateway_->port(), key_, body);
  ASSERT_EQ(upstream_.seen().size(), 2u);
  for (const std::string& body : upstream_.seen()) {
    EXPECT_TRUE(has(body, "an [hidden] please")) << body;
    EXPECT_TRUE(has(body, R"("model":"m")") && has(body, "10")) << body;
    EXPECT_FALSE(has(body, "apple")) << body;
  }
}

TEST_F(RewritingStage, TheClientReadsTheRewrittenAnswerAndPaysForTheProvidersOwn) {
  upstream_.play({"one apple a day", {"one ", "apple", " and a pear", " a day"}, true});
  const std::string whole = ask(gateway_->port(), key_, kAsk);
  EXPECT_TRUE(has(whole, R"("content":"one [hidden] a day")")) << whole;
  EXPECT_EQ(balance().spent, kWholeNano);
  const std::string stream = ask(gateway_->port(), key_, kAskStream);
  for (const char* piece : {R"("content":"one ")", R"("content":"[hidden]")", R"("content":" a day")",
                            R"("finish_reason":"stop")", "data: [DONE]"})
    EXPECT_TRUE(has(stream, piece)) << piece << " in " << stream;
  EXPECT_FALSE(has(stream, "apple") || has(stream, "pear")) << stream;
  EXPECT_EQ(balance().spent, kWholeNano + kStreamNano);
  EXPECT_EQ(balance().held, 0);
}

TEST_F(RewritingStage, TheTraceHasWhatWasSentAndReadNotWhatWasTakenOut) {
  upstream_.play({"", {"one ", "apple", " and a pear"}, true});
  ask(gateway_->port(), key_, kAskStream);
  const auto trace = newest_trace();
  ASSERT_TRUE(trace);
  EXPECT_TRUE(has(trace->turns_json, "an [hidden] please") && has(trace->turns_json, "one [hidden]"))
      << trace->turns_json;
  for (const std::string& text : {trace->turns_json, trace->request_body, trace->response_body})
    EXPECT_FALSE(has(text, "apple") || has(text, "pear")) << text;
}

// 400 bytes from the provider are 100 tokens, though the client reads none of them.
TEST_F(RewritingStage, AnEstimateCountsWhatTheProviderSaidNotWhatWasLeftOfIt) {
  upstream_.play({"", std::vector<std::string>(4, "pear" + std::string(96, 'x')), false});
  const std::string stream = ask(gateway_->port(), key_, kAskStream);
  EXPECT_TRUE(has(stream, "data: [DONE]")) << stream;
  EXPECT_FALSE(has(stream, "pear"));
  EXPECT_GE(balance().spent, 220'000);
  EXPECT_EQ(balance().held, 0);
}

TEST_F(RewritingStage, AnAnswerThatIsStoppedHalfwayEndsWithTheStagesErrorAndIsPaid) {
  upstream_.play({"a bomb", {"one ", "bomb", " two"}, true});
  const std::string whole = ask(gateway_->port(), key_, kAsk);
  EXPECT_TRUE(whole.starts_with("HTTP/1.1 451") && has(whole, R"("code":"answer_stopped")")) << whole;
  EXPECT_FALSE(has(whole, "bomb")) << whole;
  EXPECT_EQ(balance().spent, kWholeNano) << "the provider told its usage";
  const std::string stream = ask(gateway_->port(), key_, kAskStream);
  EXPECT_TRUE(has(stream, R"("content":"one ")") && has(stream, "answer_stopped")) << stream;
  EXPECT_FALSE(has(stream, "bomb") || has(stream, "two") || has(stream, "[DONE]")) << stream;
  EXPECT_GT(balance().spent, kWholeNano) << "what had come was not free";
  EXPECT_EQ(balance().held, 0);
}

// ---- reading --------------------------------------------------------------------------------------------------------

class ReadingStage : public GatewayTest {
 protected:
  Stages stages() const override { return {R"("read":{"use":"test_read"})", R"("read",)"}; }
};

TEST_F(ReadingStage, WhatItGivesBackIsIgnoredOnEitherLane) {
  upstream_.play({"an apple", {"an apple", " and a pear"}, true});
  EXPECT_TRUE(ask(gateway_->port(), key_, kAsk).ends_with(whole_answer("an apple")));
  const std::string stream = ask(gateway_->port(), key_, kAskStream);
  EXPECT_TRUE(has(stream, "an apple") && has(stream, "pear") && has(stream, "[DONE]")) << stream;
  EXPECT_TRUE(has(upstream_.seen().back(), "an apple please"));
  EXPECT_EQ(balance().spent, kWholeNano + kStreamNano);
}

TEST_F(ReadingStage, ItMayStillStopAnAnswerOnTheStraightLane) {
  upstream_.play({"a bomb", {"one ", "bomb", " two"}, true});
  const std::string whole = ask(gateway_->port(), key_, kAsk);
  EXPECT_TRUE(whole.starts_with("HTTP/1.1 451") && has(whole, R"("code":"answer_stopped")")) << whole;
  const std::string stream = ask(gateway_->port(), key_, kAskStream);
  EXPECT_TRUE(has(stream, R"("content":"one ")") && has(stream, "answer_stopped")) << stream;
  EXPECT_FALSE(has(stream, "bomb") || has(stream, "two") || has(stream, "[DONE]")) << stream;
  EXPECT_EQ(balance().held, 0);
}

}  // namespace
}  // namespace onechat::main
