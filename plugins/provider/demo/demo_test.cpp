#include <gtest/gtest.h>

#include "provider.hpp"
#include "schema_example.hpp"
#include "support/fake_host.hpp"

namespace onechat::demo {
namespace {

using test::Event;
using test::FakeCall;

constexpr oc_component kComponent = oc::active_provider<Provider>({"provider.demo", "0", "", nullptr, OC_PROV_CAP_STREAM});

struct DemoTest : ::testing::Test {
  test::FakeHost host;
  std::optional<test::Instance<oc_provider_active>> provider;
  std::optional<test::CallState> state;
  FakeCall call;
  test::FakeOp done;

  oc_part part = oc::sized<oc_part>();
  oc_turn turn = oc::sized<oc_turn>();
  const oc_part* parts[1] = {&part};
  const oc_turn* turns[1] = {&turn};
  oc_tool tool = oc::sized<oc_tool>();
  const oc_tool* tools[1] = {&tool};
  oc_request request = oc::sized<oc_request>();

  void SetUp() override {
    part.type = OC_PART_TEXT;
    part.text = oc::str("What is the capital of France?");
    turn.role = OC_ROLE_USER;
    turn.parts = parts;
    turn.n_parts = 1;
    tool.name = oc::str("get_weather");
    tool.schema_json = oc::str(
        R"({"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"}},"required":["city"]})");
    request.op = OC_OP_GENERATE;
    request.n = 1;
    request.turns = turns;
    request.n_turns = 1;
    create("{}");
  }
  void create(std::string_view config) {
    provider.emplace(host, kComponent, config);
    state.emplace((*provider)->call_state_size);
  }
  void give_tool() {
    request.tools = tools;
    request.n_tools = 1;
  }
  oc_status start() {
    return (*provider)->start(provider->self(), call.handle(), *state, &call.arena, &request, done.handle());
  }
  void play(std::uint64_t ms = 0) {
    ASSERT_EQ(start(), OC_OK);
    host.advance(ms);
  }
};

TEST_F(DemoTest, SaysThatItIsADemoAndTellsTheQuestionBack) {
  play();
  EXPECT_EQ(done.completions, 1);
  EXPECT_EQ(done.status, OC_OK);
  EXPECT_NE(call.text().find("demo model"), std::string::npos);
  EXPECT_NE(call.text().find("What is the capital of France?"), std::string::npos);
  EXPECT_NE(call.text().find("1 message"), std::string::npos);
  EXPECT_EQ(call.last(OC_EV_FINISH)->finish, std::uint32_t(OC_FIN_STOP));
}

TEST_F(DemoTest, TheSameRequestGetsTheSameEvents) {
  request.flags = OC_REQ_STREAM;
  play();
  const auto first = call.events;
  call.events.clear();
  state.emplace((*provider)->call_state_size);
  play();
  EXPECT_EQ(call.events, first);
}

TEST_F(DemoTest, AStreamSaysTheSameInPiecesAndCountsThem) {
  play();
  const std::string whole = call.text();
  EXPECT_EQ(std::count_if(call.events.begin(), call.events.end(), [](const Event& e) { return e.type == OC_EV_TEXT; }), 1);
  const oc_usage used = call.last(OC_EV_USAGE)->usage;
  call.events.clear();
  state.emplace((*provider)->call_state_size);
  request.flags = OC_REQ_STREAM;
  play();
  EXPECT_EQ(call.text(), whole);
  const auto pieces = std::count_if(call.events.begin(), call.events.end(), [](const Event& e) { return e.type == OC_EV_TEXT; });
  EXPECT_GT(pieces, 20);
  EXPECT_EQ(call.last(OC_EV_USAGE)->usage.output, static_cast<std::uint64_t>(pieces));
  EXPECT_EQ(used.output, static_cast<std::uint64_t>(pieces));
  EXPECT_EQ(used.input, 6u);
  EXPECT_EQ(used.flags & OC_USAGE_ESTIMATED, 0u);
}

TEST_F(DemoTest, MaxTokensCutsTheAnswer) {
  request.set_mask = OC_SET_MAX_TOKENS;
  request.max_output_tokens = 5;
  play();
  EXPECT_EQ(call.text(), "This is the demo model ");
  EXPECT_EQ(call.last(OC_EV_FINISH)->finish, std::uint32_t(OC_FIN_LENGTH));
  EXPECT_EQ(call.last(OC_EV_USAGE)->usage.output, 5u);
}

TEST_F(DemoTest, AnswersNTimes) {
  request.n = 3;
  play();
  EXPECT_EQ(call.text(OC_EV_TEXT, 2), call.text(OC_EV_TEXT, 0));
  EXPECT_EQ(std::count_if(call.events.begin(), call.events.end(), [](const Event& e) { return e.type == OC_EV_FINISH; }), 3);
  EXPECT_EQ(done.completions, 1);
}

TEST_F(DemoTest, KeepsItsPace) {
  create(R"({"tokens_per_second":100,"first_token_ms":250})");
  request.flags = OC_REQ_STREAM;
  ASSERT_EQ(start(), OC_OK);
  const auto pieces = [&] { return std::count_if(call.events.begin(), call.events.end(), [](const Event& e) { return e.type == OC_EV_TEXT; }); };
  host.advance(249);
  EXPECT_EQ(call.events.size(), 0u);
  host.advance(101);
  EXPECT_NEAR(static_cast<double>(pieces()), 10, 2);
  host.advance(100);
  EXPECT_NEAR(static_cast<double>(pieces()), 20, 2);
  EXPECT_EQ(done.completions, 0);
  host.advance(60'000);
  EXPECT_EQ(done.completions, 1);
}

TEST_F(DemoTest, StopsWhenAskedToPauseAndGoesOnWhenResumed) {
  request.flags = OC_REQ_STREAM;
  play();
  const auto all = call.events;
  call.events.clear();
  state.emplace((*provider)->call_state_size);
  done = {};
  call.pause_every = 7;
  ASSERT_EQ(start(), OC_OK);
  for (int i = 0; i < 1000 && done.completions == 0; ++i) {
    const auto before = call.events.size();
    host.advance(1000);
    EXPECT_LE(call.events.size() - before, 20u) << "it went on although paused";
    if (done.completions == 0) (*provider)->resume(provider->self(), call.handle(), *state);
  }
  EXPECT_EQ(call.events, all);
  EXPECT_EQ(done.completions, 1);
}

TEST_F(DemoTest, CancelEndsItOnceWhereverItStands) {
  create(R"({"tokens_per_second":20,"first_token_ms":5000})");
  request.flags = OC_REQ_STREAM;
  for (const std::uint64_t at : {0, 2500, 5300}) {  // before the first timer, in the wait, in the text
    state.emplace((*provider)->call_state_size);
    done = {};
    ASSERT_EQ(start(), OC_OK);
    host.advance(at);
    (*provider)->cancel(provider->self(), call.handle(), *state);
    host.advance(100);
    EXPECT_EQ(done.completions, 1);
    EXPECT_EQ(done.status, OC_E_CANCELLED);
    EXPECT_FALSE(host.timers_pending()) << "a timer would find the state gone";
  }
}

TEST_F(DemoTest, CancelWhilePausedEndsItAtOnce) {
  request.flags = OC_REQ_STREAM;
  call.pause_every = 3;
  play();
  (*provider)->cancel(provider->self(), call.handle(), *state);
  EXPECT_EQ(done.completions, 1);
  EXPECT_EQ(done.status, OC_E_CANCELLED);
  EXPECT_FALSE(host.timers_pending());
}

TEST_F(DemoTest, CallsAToolOnlyWhenItShould) {
  struct Case {
    const char* asked;
    std::uint32_t choice;
    const char* name;
    bool calls;
  };
  const Case cases[] = {
      {"hello", OC_CHOICE_UNSET, "", false},
      {"please Call The Tool now", OC_CHOICE_UNSET, "", true},
      {"please call the tool now", OC_CHOICE_NONE, "", false},
      {"hello", OC_CHOICE_REQUIRED, "", true},
      {"hello", OC_CHOICE_AUTO, "", false},
      {"hello", OC_CHOICE_REQUIRED, "get_weather", true},
      {"hello", OC_CHOICE_REQUIRED, "other", false},
  };
  give_tool();
  for (const Case& c : cases) {
    call.events.clear();
    state.emplace((*provider)->call_state_size);
    part.text = oc::str(c.asked);
    const oc_str name = oc::str(std::string_view(c.name));
    request.tool_choice = c.choice;
    request.choice_names = &name;
    request.n_choice_names = name.len != 0 ? 1 : 0;
    play();
    const Event* begin = call.last(OC_EV_TOOL_BEGIN);
    ASSERT_EQ(begin != nullptr, c.calls) << c.asked << c.choice << c.name;
    EXPECT_EQ(call.last(OC_EV_FINISH)->finish, std::uint32_t(c.calls ? OC_FIN_TOOL : OC_FIN_STOP));
    if (!c.calls) continue;
    EXPECT_EQ(begin->tool_name, "get_weather");
    EXPECT_FALSE(begin->tool_id.empty());
    EXPECT_EQ(call.text(OC_EV_TOOL_ARGS), R"({"city":"demo"})");
  }
}

TEST_F(DemoTest, ATwoStepToolLoopEnds) {
  give_tool();
  part.text = oc::str("call the tool");
  oc_part result = oc::sized<oc_part>();
  result.type = OC_PART_TOOL_RESULT;
  const oc_part* results[] = {&result};
  oc_turn answer = oc::sized<oc_turn>();
  answer.role = OC_ROLE_TOOL;
  answer.parts = results;
  answer.n_parts = 1;
  const oc_turn* both[] = {&turn, &answer};
  request.turns = both;
  request.n_turns = 2;
  play();
  EXPECT_EQ(call.last(OC_EV_TOOL_BEGIN), nullptr);
}

TEST_F(DemoTest, StructuredOutputFitsTheSchema) {
  request.format = OC_FORMAT_JSON_SCHEMA;
  request.format_schema_json =
      oc::str(R"({"type":"object","properties":{"a":{"type":"integer","minimum":3}},"required":["a"]})");
  play();
  EXPECT_EQ(call.text(), R"({"a":3})");
}

TEST_F(DemoTest, OnlyChats) {
  request.op = OC_OP_EMBED;
  EXPECT_EQ(start(), OC_E_UNSUPPORTED);
  EXPECT_EQ(done.completions, 0);
  EXPECT_FALSE(host.timers_pending());
}

TEST_F(DemoTest, PiecesNeverCutACharacterAndLoseNothing) {
  const std::string text = "na\xC3\xAFve \xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC \xF0\x9F\x98\x80  \n end " +
                           std::string(100, 'x') + std::string(40, '\x80');
  std::string joined;
  for (std::string_view left = text; !left.empty();) {
    const auto piece = first_piece(left);
    ASSERT_FALSE(piece.empty());
    ASSERT_LE(piece.size(), kPieceMax);
    joined += piece;
    left.remove_prefix(piece.size());
  }
  EXPECT_EQ(joined, text);
  EXPECT_EQ(first_piece("\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC").size(), 15u);
}

TEST_F(DemoTest, ExamplesOfSchemas) {
  const struct {
    const char *schema, *example;
  } cases[] = {
      {"{}", "{}"},
      {R"({"type":"string"})", "\"demo\""},
      {R"({"type":"string","minLength":6})", "\"demo..\""},
      {R"({"type":"string","maxLength":2})", "\"de\""},
      {R"({"type":"string","format":"date"})", "\"2026-01-01\""},
      {R"({"type":["null","boolean"]})", "false"},
      {R"({"enum":["b","a"]})", "\"b\""},
      {R"({"const":7})", "7"},
      {R"({"type":"number","exclusiveMinimum":4})", "5"},
      {R"({"type":"array","items":{"type":"integer"},"minItems":2})", "[0,0]"},
      {R"({"anyOf":[{"type":"null"},{"type":"string"}]})", "null"},
      {R"({"$ref":"#/$defs/P","$defs":{"P":{"type":"object","required":["n"],"properties":{"n":{"type":"integer"}}}}})", R"({"n":0})"},
  };
  for (const auto& c : cases) EXPECT_EQ(example_of(oc::Json(host.table(), json::parse(call.arena, c.schema))), c.example) << c.schema;
}

TEST_F(DemoTest, ASchemaWithoutEndIsCutOff) {
  const char* endless = R"({"type":"object","required":["a","b"],"properties":{"a":{"$ref":"#"},"b":{"$ref":"#"}}})";
  const std::string example = example_of(oc::Json(host.table(), json::parse(call.arena, endless)));
  EXPECT_LT(example.size(), 20'000u);
  EXPECT_NE(json::parse(call.arena, example), nullptr);
  const char* loop = R"({"$ref":"#"})";
  EXPECT_FALSE(example_of(oc::Json(host.table(), json::parse(call.arena, loop))).empty());
}

}  // namespace
}  // namespace onechat::demo
