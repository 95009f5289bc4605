// The straight lane: a client's own body, with the fewest edits.
#include "fixture_test.hpp"

namespace onechat::anthropic_messages {
namespace {

using Strings = std::vector<std::string>;

struct StraightTest : ProviderFixture {
  Talk talk;
  std::string raw;
  std::vector<oc_anchor> anchors;
  std::vector<oc_header> headers;
  oc_request request{};

  // As the surface would have parsed `text`; turns come from `talk`.
  void ask(std::string text, std::string_view model = "m") {
    raw = std::move(text);
    const auto at = raw.find("\"model\":") + 8;
    anchors = {{oc::str("object"), 0, raw.size()}, {oc::str("model"), at, raw.find('"', at + 1) - at + 1}};
    request = talk.request("anthropic_messages", model);
    request.raw = oc::bytes(raw);
    request.anchors = anchors.data();
    request.n_anchors = anchors.size();
    request.headers = headers.data();
    request.n_headers = headers.size();
  }
  std::string sent() {
    EXPECT_EQ(build(request, true), OC_OK);
    EXPECT_EQ(http.straight, 1u);
    return test::apply(raw, http.splices, http.n_splices);
  }
};

TEST_F(StraightTest, OnlyTheModelIsReplacedAndOnlyWhenItDiffers) {
  ask(R"({ "max_tokens":1, "model":"m" ,"brand_new":[1.50],"messages":[]})");
  EXPECT_EQ(sent(), raw);
  EXPECT_EQ(http.n_splices, 0u);
  ask(raw, "b\"c");
  EXPECT_EQ(sent(), R"({ "max_tokens":1, "model":"b\"c" ,"brand_new":[1.50],"messages":[]})");
}

TEST_F(StraightTest, TheClientsVersionIsKeptWhereItIsServed) {
  headers = {{oc::str("anthropic-version"), oc::str("2023-06-01")}, {oc::str("anthropic-beta"), oc::str("a, b")},
             {oc::str("anthropic-beta"), oc::str("c")}};
  ask(R"({"model":"m"})");
  sent();
  EXPECT_EQ(header("anthropic-version"), "2023-06-01");
  EXPECT_EQ(header("anthropic-beta"), "a,b,c");
  create(R"({"versions":["2026-10-21"]})");
  sent();
  EXPECT_EQ(header("anthropic-version"), "2026-10-21");
  create("{}");
  headers.clear();
  ask(raw);
  sent();
  EXPECT_EQ(header("anthropic-version"), "2023-06-01") << "who does not say speaks the older one";
}

TEST_F(StraightTest, SamplingGoesOutWhereTheVersionHasNone) {
  create(R"({"versions":["2026-10-21"]})");
  ask(R"({"temperature":0.5,"model":"m", "top_p":1 ,"top_k":null,"messages":[]})");
  request.set_mask |= OC_SET_TEMPERATURE | OC_SET_TOP_P;
  request.temperature = 0.5, request.top_p = 1;
  EXPECT_EQ(sent(), R"({"model":"m" ,"top_k":null,"messages":[]})");
  EXPECT_EQ(call.dropped, (Strings{"temperature", "top_p"}));
}

TEST_F(StraightTest, OnlyListedBetasAndTheirMembersPass) {
  create(R"({"betas":{"mcp-client":["mcp_servers"]},"members":["cache_control"]})");
  headers = {{oc::str("anthropic-beta"), oc::str("mcp-client,context-management-2025-06-27")}};
  ask(R"({"context_management":{"edits":[]}, "model":"m","mcp_servers":[],"cache_control":{},"speed":"fast","diagnostics":1})", "n");
  EXPECT_EQ(sent(), R"({"model":"n","mcp_servers":[],"cache_control":{}})");
  EXPECT_EQ(header("anthropic-beta"), "mcp-client");
  EXPECT_EQ(call.dropped, (Strings{"anthropic-beta: context-management-2025-06-27", "context_management", "speed", "diagnostics"}));
  // Written anew, the same holds.
  request.ext_json = oc::str(R"({"context_management":{"edits":[]},"mcp_servers":[]})");
  ASSERT_EQ(build(request), OC_OK);
  EXPECT_EQ(member("context_management"), "");
  EXPECT_EQ(member("mcp_servers"), "[]");
  // And a strict client hears of it.
  call.strict = true;
  EXPECT_EQ(build(request, true), OC_E_UNSUPPORTED);
}

TEST_F(StraightTest, WithoutAListEverythingPasses) {
  headers = {{oc::str("anthropic-beta"), oc::str("x-2099")}};
  ask(R"({"model":"m","context_management":{}})");
  EXPECT_EQ(sent(), raw);
  EXPECT_EQ(header("anthropic-beta"), "x-2099");
  EXPECT_TRUE(call.dropped.empty());
}

TEST_F(StraightTest, OwnThinkingIsNotTouched) {
  talk.turn(OC_ROLE_ASSISTANT);
  talk.think("x", "SIG", "anthropic_messages/");
  ask(R"({"model":"m","messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"x","signature":"SIG"}]}]})");
  EXPECT_EQ(sent(), raw);
}

TEST_F(StraightTest, ForeignThinkingIsCutOut) {
  oc::Call oc_call{host.table(), call.handle(), &call.arena};
  const std::string token(dialect::to_slot(oc_call, "anthropic_messages", "enc", "openai_responses/o"));
  const std::string previous(dialect::to_slot(oc_call, "anthropic_messages", "previous:sig", "gemini/g"));
  const auto thinking = [](const std::string& signature) { return R"({"type":"thinking","thinking":"x","signature":")" + signature + "\"}"; };
  const auto redacted = [](const std::string& data) { return R"({"type":"redacted_thinking","data":")" + data + "\"}"; };
  talk.say(OC_ROLE_USER, "q");
  talk.turn(OC_ROLE_ASSISTANT);
  talk.think("x", "enc", "openai_responses/o");
  struct Case {
    std::string content, left;
  };
  const std::string own = thinking("SIG"), text = R"({"type":"text","text":"t"})", red = redacted("RED");
  for (const Case& c : std::vector<Case>{{thinking(token) + " , " + own + "," + text, own + "," + text},
                                         {own + "," + thinking("") + " ," + text, own + " ," + text},
                                         {red + "," + text + "," + redacted(token), red + "," + text},
                                         {text + "," + redacted(previous) + "," + redacted(token), text},
                                         {thinking(token) + "," + thinking("") + "," + text + "," + thinking(token) + "," + own,
                                          text + "," + own}}) {
    const std::string before = R"({"model":"m","messages":[{"role":"user","content":"q"},{"role":"assistant","content":[)";
    const std::string after = R"(]},{"role":"user","content":"n"}]})";
    ask(before + c.content + after);
    EXPECT_EQ(sent(), before + c.left + after);
    EXPECT_TRUE(call.dropped.empty());
  }
  ask(R"({"messages":[{"role":"user","content":"q"},{"role":"assistant","content":[)" + thinking(token) +
      R"(]},{"role":"user","content":"n"}],"model":"m"})");
  EXPECT_EQ(sent(), R"({"messages":[{"role":"user","content":"q"},{"role":"user","content":"n"}],"model":"m"})")
      << "a message of nothing else goes with it";
}

TEST_F(StraightTest, UnsignedThinkingGoesBackToThoseWhoWantIt) {
  talk.turn(OC_ROLE_ASSISTANT);
  talk.think("x", "", "");
  const std::string with = R"({"model":"m","messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"x","signature":""}]}]})";
  ask(with);
  EXPECT_EQ(sent(), R"({"model":"m","messages":[]})");
  create(R"({"replay_unsigned_thinking":true})");
  ask(with);
  EXPECT_EQ(sent(), with);
  ASSERT_EQ(build(request), OC_OK);
  EXPECT_EQ(member("messages"), R"([{"role":"assistant","content":[{"type":"thinking","thinking":"x","signature":""}]}])");
}

TEST_F(StraightTest, ABudgetWhoseLoopHasNoThinkingIsTakenOut) {
  talk.say(OC_ROLE_USER, "q");
  talk.turn(OC_ROLE_ASSISTANT);
  talk.call("a", "f", "{}");
  talk.turn(OC_ROLE_USER);
  talk.result("a", "1");
  ask(R"({"model":"m","thinking":{"type":"enabled","budget_tokens":2000},"messages":[]})");
  request.set_mask |= OC_SET_REASONING_BUDGET;
  request.reasoning_budget = 2000;
  EXPECT_EQ(sent(), R"({"model":"m","messages":[]})");
  EXPECT_EQ(call.dropped, Strings{"reasoning"});
  request.reasoning_budget = -1;
  EXPECT_EQ(sent(), raw) << "adaptive thinking does not mind";
}

TEST_F(StraightTest, AnOddEventIsTheClientsToJudge) {
  ask(R"({"model":"m","stream":true})");
  request.flags = OC_REQ_STREAM;
  sent();
  frame("not json", true);
  EXPECT_EQ(status, OC_OK);
  frame(R"({"type":"message_start","message":{"id":"1","usage":{"input_tokens":1,"output_tokens":1}}})", true);
  frame(R"({"type":"message_stop"})", true);
  EXPECT_EQ(finish(), OC_OK);
}

TEST_F(StraightTest, WithoutAnchorsTheBodyIsWrittenAnew) {
  talk.say(OC_ROLE_USER, "q");
  ask(R"({"model":"m"})");
  request.n_anchors = 0;
  ASSERT_EQ(build(request, true), OC_OK);
  EXPECT_EQ(http.straight, 0u);
  EXPECT_NE(member("messages"), "");
}

}  // namespace
}  // namespace onechat::anthropic_messages
