// What is sent upstream for requests of every dialect.
#include "common/base64.hpp"
#include "fixture_test.hpp"

namespace onechat::anthropic_messages {
namespace {

using test::same_json;
using Strings = std::vector<std::string>;

struct RequestTest : ProviderFixture {
  Talk talk;

  void expect_messages(std::string_view wanted) { EXPECT_TRUE(same_json(member("messages"), wanted)) << member("messages"); }
  oc_request plain(std::string_view model = "claude-sonnet-4-5") {
    talk = Talk();
    talk.say(OC_ROLE_USER, "hi");
    return talk.request("openai_chat", model);
  }
};

TEST_F(RequestTest, HeadersComeFromTheSettings) {
  create(R"({"api_key":"k","headers":{"x-a":"1"}})");
  ASSERT_EQ(build(plain()), OC_OK);
  EXPECT_EQ(oc::view(http.path), "/v1/messages");
  EXPECT_EQ(oc::view(http.method), "POST");
  EXPECT_EQ(header("x-api-key"), "k");
  EXPECT_EQ(header("x-a"), "1");
  EXPECT_EQ(header("anthropic-version"), "2026-10-21");
  EXPECT_EQ(header("accept"), "application/json");
  create(R"({"api_key":"k","auth":"bearer","paths":{"messages":"/m"},"versions":["2023-06-01"]})");
  ASSERT_EQ(build(plain()), OC_OK);
  EXPECT_EQ(oc::view(http.path), "/m");
  EXPECT_EQ(header("authorization"), "Bearer k");
  EXPECT_EQ(header("x-api-key"), "");
  EXPECT_EQ(header("anthropic-version"), "2023-06-01");
  create("{}");
  oc_request r = plain();
  r.flags = OC_REQ_STREAM;
  ASSERT_EQ(build(r), OC_OK);
  EXPECT_EQ(http.framing, std::uint32_t(OC_FRAME_SSE));
  EXPECT_EQ(header("accept"), "text/event-stream");
  EXPECT_EQ(member("stream"), "true");
}

TEST_F(RequestTest, ASettingCannotSmuggleAHeader) {
  EXPECT_THROW(create("{\"api_key\":\"k\\r\\nx: y\"}"), std::runtime_error);
  EXPECT_THROW(create(R"({"headers":{"bad name":"v"}})"), std::runtime_error);
  EXPECT_THROW(create(R"({"headers":{"":"v"}})"), std::runtime_error);
}

TEST_F(RequestTest, TheSchemaIsJsonAndCapsFollowTheSettings) {
  Arena arena;
  EXPECT_NE(json::parse(arena, kSettingsSchema), nullptr);
  create(R"({"cancel_stops_billing":false,"count_tokens":false})");
  const auto* caps = static_cast<const std::uint64_t*>(kProviderComponent.get_ext(provider->self(), "onechat.instance_caps/1"));
  ASSERT_NE(caps, nullptr);
  EXPECT_EQ(*caps & (OC_PROV_CAP_CANCEL_STOPS_BILLING | OC_PROV_CAP_COUNT_TOKENS), 0u);
  EXPECT_NE(*caps & OC_PROV_CAP_STATE, 0u);
}

// ---- the conversation

TEST_F(RequestTest, InstructionsGoApartAndTurnsAlternate) {
  talk.say(OC_ROLE_SYSTEM, "one").ext_json = oc::str(R"({"cache_control":{"type":"ephemeral"},"x":1})");
  talk.say(OC_ROLE_DEVELOPER, "two");
  talk.say(OC_ROLE_USER, "a");
  talk.say(OC_ROLE_USER, "b");
  talk.say(OC_ROLE_ASSISTANT, "c");
  talk.say(OC_ROLE_ASSISTANT, "");
  talk.turn(OC_ROLE_ASSISTANT);
  talk.add(OC_PART_REFUSAL, "d");
  talk.say(OC_ROLE_SYSTEM, "from now on");
  talk.say(OC_ROLE_USER, "e");
  ASSERT_EQ(build(talk.request()), OC_OK);
  EXPECT_TRUE(same_json(member("system"), R"([{"type":"text","text":"one","cache_control":{"type":"ephemeral"}},{"type":"text","text":"two"}])"))
      << member("system");
  expect_messages(R"([{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},
    {"role":"assistant","content":[{"type":"text","text":"c"},{"type":"text","text":"d"}]},
    {"role":"user","content":[{"type":"text","text":"from now on"},{"type":"text","text":"e"}]}])");
  EXPECT_TRUE(call.dropped.empty());
}

// All results of one step, at the start of the next user message, in the order of the calls, whoever grouped them how.
TEST_F(RequestTest, ResultsComeFirstAndTogether) {
  const char* wanted = R"([{"role":"user","content":[{"type":"text","text":"go"}]},
    {"role":"assistant","content":[{"type":"text","text":"calling"},{"type":"tool_use","id":"a","name":"f","input":{"x":1}},
      {"type":"tool_use","id":"b","name":"g","input":{}}]},
    {"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"1"},
      {"type":"tool_result","tool_use_id":"b","content":"2","is_error":true},{"type":"text","text":"and now?"}]}])";
  const auto begin = [this] {
    talk = Talk();
    talk.say(OC_ROLE_USER, "go");
    talk.say(OC_ROLE_ASSISTANT, "calling");
  };
  begin();  // one message each (chat)
  talk.call("a", "f", R"({"x":1})");
  talk.call("b", "g", "");
  talk.turn(OC_ROLE_TOOL);
  talk.result("b", "2").flags = OC_PARTF_ERROR;
  talk.turn(OC_ROLE_TOOL);
  talk.result("a", "1");
  talk.say(OC_ROLE_USER, "and now?");
  ASSERT_EQ(build(talk.request()), OC_OK);
  expect_messages(wanted);
  begin();  // items (responses): calls in turns of their own, text before the results
  talk.turn(OC_ROLE_ASSISTANT);
  talk.call("a", "f", R"({"x":1})");
  talk.turn(OC_ROLE_ASSISTANT);
  talk.call("b", "g", "{}");
  talk.say(OC_ROLE_USER, "and now?");
  talk.turn(OC_ROLE_USER);
  talk.result("a", "1");
  talk.result("b", "2").flags = OC_PARTF_ERROR;
  ASSERT_EQ(build(talk.request()), OC_OK);
  expect_messages(wanted);
}

TEST_F(RequestTest, IdsNamesAndArgumentsAreMadeFit) {
  talk.turn(OC_ROLE_ASSISTANT);
  talk.call("call:1/x", "get.weather", "not json");
  talk.call("", "g", "[1]");
  talk.call("c", "h", "free").flags = OC_PARTF_CUSTOM;
  talk.turn(OC_ROLE_TOOL);
  talk.result("call:1/x", "r1");
  talk.result("", "r2");
  talk.result("c", "r3");
  talk.tool("get.weather");
  oc_request r = talk.request();
  const oc_str chosen[] = {oc::str("get.weather")};
  r.tool_choice = OC_CHOICE_REQUIRED;
  r.choice_names = chosen;
  r.n_choice_names = 1;
  ASSERT_EQ(build(r), OC_OK);
  Arena arena;
  const oc_json* messages = json::get(json::parse(arena, body), "messages");
  const oc_json *use = json::get(messages->first, "content")->first, *result = json::get(messages->first->next, "content")->first;
  std::string ids, result_ids;
  for (const oc_json* b = use; b != nullptr; b = b->next) ids += std::string(json::get(b, "id")->text) + " ";
  for (const oc_json* b = result; b != nullptr; b = b->next) result_ids += std::string(json::get(b, "tool_use_id")->text) + " ";
  EXPECT_EQ(ids, result_ids);
  EXPECT_EQ(ids.find_first_of(":/"), std::string::npos);
  const std::string name(json::get(use, "name")->text);
  EXPECT_EQ(name.substr(0, 12), "get_weather_");
  EXPECT_EQ(json::get(use, "input")->raw, R"({"input":"not json"})");
  EXPECT_EQ(json::get(use->next, "input")->raw, R"({"input":"[1]"})");
  EXPECT_EQ(json::get(use->next->next, "input")->raw, R"({"input":"free"})");
  EXPECT_EQ(member("tool_choice"), R"({"type":"tool","name":")" + name + "\"}");
  EXPECT_NE(member("tools").find(name), std::string::npos);
  // And the client reads its own name.
  frame(R"({"type":"message","content":[{"type":"tool_use","id":"t","name":")" + name + R"(","input":{}}],"stop_reason":"tool_use"})");
  EXPECT_EQ(call.last(OC_EV_TOOL_BEGIN)->tool_name, "get.weather");
}

TEST_F(RequestTest, MediaBecomeBlocks) {
  talk.turn(OC_ROLE_USER);
  oc_part& png = talk.add(OC_PART_IMAGE);
  png.media_type = oc::str("image/png");
  png.data_base64 = oc::str("QUJD");
  talk.add(OC_PART_IMAGE).uri = oc::str("https://x/y.png");
  oc_part& pdf = talk.add(OC_PART_FILE);
  pdf.data_base64 = oc::str("JVBERi0x");
  pdf.name = oc::str("a.pdf");
  oc_part& words = talk.add(OC_PART_FILE);
  words.media_type = oc::str("text/markdown");
  words.data_base64 = oc::str("IyBI");
  talk.add(OC_PART_FILE).uri = oc::str("https://x/y.pdf");
  ASSERT_EQ(build(talk.request()), OC_OK) << call.failure->message;
  expect_messages(R"([{"role":"user","content":[
    {"type":"image","source":{"type":"base64","media_type":"image/png","data":"QUJD"}},
    {"type":"image","source":{"type":"url","url":"https://x/y.png"}},
    {"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0x"},"title":"a.pdf"},
    {"type":"document","source":{"type":"text","media_type":"text/plain","data":"# H"}},
    {"type":"document","source":{"type":"url","url":"https://x/y.pdf"}}]}])");
}

TEST_F(RequestTest, MediaInResultsStayThere) {
  talk.turn(OC_ROLE_ASSISTANT);
  talk.call("a", "f", "{}");
  talk.turn(OC_ROLE_TOOL);
  oc_part text = oc::sized<oc_part>(), image = oc::sized<oc_part>();
  text.type = OC_PART_TEXT;
  text.text = oc::str("see");
  image.type = OC_PART_IMAGE;
  image.uri = oc::str("https://x/y.png");
  const oc_part* inner[] = {&text, &image};
  oc_part& result = talk.result("a", "");
  result.parts = inner;
  result.n_parts = 2;
  ASSERT_EQ(build(talk.request()), OC_OK);
  EXPECT_NE(member("messages").find(R"("content":[{"type":"text","text":"see"},{"type":"image","source":{"type":"url","url":"https://x/y.png"}}])"),
            std::string::npos)
      << body;
}

TEST_F(RequestTest, WhatCannotBeReadThereIsRefused) {
  struct Case {
    std::uint32_t type, flags;
    const char *uri, *data, *media_type;
  };
  for (const Case& c : std::initializer_list<Case>{{OC_PART_AUDIO, 0, "", "QUJD", "audio/wav"},
                                                   {OC_PART_IMAGE, OC_PARTF_FILE_ID, "file-1", "", ""},
                                                   {OC_PART_IMAGE, 0, "gs://b/o", "", ""},
                                                   {OC_PART_FILE, 0, "", "QUJD", "video/mp4"},
                                                   {OC_PART_FILE, 0, "", "!!", "text/plain"}}) {
    talk = Talk();
    talk.turn(OC_ROLE_USER);
    oc_part& p = talk.add(c.type);
    p.flags = c.flags;
    p.uri = oc::str(c.uri);
    p.data_base64 = oc::str(c.data);
    p.media_type = oc::str(c.media_type);
    EXPECT_EQ(build(talk.request()), OC_E_UNSUPPORTED) << c.media_type << c.uri;
    EXPECT_EQ(call.failure->http_status, 400u);
  }
}

// ---- thinking

TEST_F(RequestTest, OwnThinkingIsReplayedUnmodifiedFirstAndInOrder) {
  talk.say(OC_ROLE_USER, "q");
  talk.turn(OC_ROLE_ASSISTANT);
  talk.think("step one", "SIG1", "anthropic_messages/claude-sonnet-4-5");
  talk.think("", "SIG2", "anthropic_messages/");
  talk.think("", "redacted:RED", "anthropic_messages/claude-sonnet-4-5");
  talk.turn(OC_ROLE_ASSISTANT);
  talk.add(OC_PART_TEXT, "calling");
  talk.call("a", "f", "{}");
  talk.turn(OC_ROLE_TOOL);
  talk.result("a", "1");
  oc_request r = talk.request("openai_responses");
  r.max_output_tokens = 8000;
  r.reasoning_effort = oc::str("low");
  ASSERT_EQ(build(r), OC_OK);
  expect_messages(R"([{"role":"user","content":[{"type":"text","text":"q"}]},
    {"role":"assistant","content":[{"type":"thinking","thinking":"step one","signature":"SIG1"},
      {"type":"thinking","thinking":"","signature":"SIG2"},{"type":"redacted_thinking","data":"RED"},
      {"type":"text","text":"calling"},{"type":"tool_use","id":"a","name":"f","input":{}}]},
    {"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"1"}]}])");
  EXPECT_EQ(member("thinking"), R"({"type":"enabled","budget_tokens":1024})");
  EXPECT_TRUE(call.dropped.empty());
}

// Streams of other dialects tell one thinking in pieces, and their clients send them back so.
TEST_F(RequestTest, PiecesOfThinkingAreOneAgain) {
  constexpr std::string_view kOwn = "anthropic_messages/claude-sonnet-4-5";
  talk.say(OC_ROLE_USER, "q");
  talk.turn(OC_ROLE_ASSISTANT);
  talk.think("let me ", "", "");
  talk.turn(OC_ROLE_ASSISTANT);  // some send every piece as a turn of its own
  talk.think("see", "", "");
  talk.turn(OC_ROLE_ASSISTANT);
  talk.think("", "SIG", kOwn);
  talk.think("lost", "", "");
  talk.think("", "redacted:RED", kOwn);
  talk.add(OC_PART_TEXT, "a");
  talk.think("lost too", "", "");
  ASSERT_EQ(build(talk.request("gemini")), OC_OK);
  expect_messages(R"([{"role":"user","content":[{"type":"text","text":"q"}]},{"role":"assistant","content":[
    {"type":"thinking","thinking":"let me see","signature":"SIG"},{"type":"redacted_thinking","data":"RED"},{"type":"text","text":"a"}]}])");
}

// As the host puts it together for clients that have no place for state: next to the call, behind the text.
TEST_F(RequestTest, ThinkingThatWasKeptApartComesFirst) {
  talk.say(OC_ROLE_USER, "q");
  talk.turn(OC_ROLE_ASSISTANT);
  talk.add(OC_PART_TEXT, "calling");
  talk.think("hm", "SIG", "anthropic_messages/claude-sonnet-4-5");
  talk.call("a", "f", "{}");
  talk.turn(OC_ROLE_TOOL);
  talk.result("a", "1");
  oc_request r = talk.request();
  r.max_output_tokens = 8000;
  r.reasoning_effort = oc::str("low");
  ASSERT_EQ(build(r), OC_OK);
  EXPECT_NE(member("messages").find(R"([{"type":"thinking","thinking":"hm","signature":"SIG"},{"type":"text","text":"calling"},{"type":"tool_use")"),
            std::string::npos)
      << body;
  EXPECT_NE(member("thinking"), "");
  EXPECT_TRUE(call.dropped.empty());
}

TEST_F(RequestTest, ForeignThinkingIsLeftOutAndNothingIsForged) {
  for (const char* origin : {"openai_responses/o4", "anthropic_messages/claude-opus-4-8", "gemini/g"}) {
    talk = Talk();
    talk.say(OC_ROLE_USER, "q");
    talk.turn(OC_ROLE_ASSISTANT);
    talk.think("secret", "enc", origin);
    talk.add(OC_PART_TEXT, "a");
    talk.turn(OC_ROLE_ASSISTANT);
    talk.think("no state", "", "");
    talk.say(OC_ROLE_USER, "next");
    ASSERT_EQ(build(talk.request()), OC_OK);
    expect_messages(R"([{"role":"user","content":[{"type":"text","text":"q"}]},{"role":"assistant","content":[{"type":"text","text":"a"}]},
      {"role":"user","content":[{"type":"text","text":"next"}]}])");
    EXPECT_TRUE(call.dropped.empty()) << "leaving it out is by design";
  }
}

// The API: "Expected `thinking` or `redacted_thinking`, but found `tool_use`".
TEST_F(RequestTest, AToolLoopWithoutItsThinkingGoesOnWithoutThinking) {
  const auto loop = [this](bool own_thinking, bool new_question) {
    talk = Talk();
    talk.say(OC_ROLE_USER, "q");
    talk.turn(OC_ROLE_ASSISTANT);
    talk.think("x", "SIG", own_thinking ? "anthropic_messages/" : "gemini/g");
    talk.call("a", "f", "{}");
    talk.turn(OC_ROLE_TOOL);
    talk.result("a", "1");
    if (new_question) {
      talk.say(OC_ROLE_ASSISTANT, "done");
      talk.say(OC_ROLE_USER, "more");
    }
    oc_request r = talk.request();
    r.max_output_tokens = 8000;
    r.reasoning_effort = oc::str("low");
    EXPECT_EQ(build(r), OC_OK);
    return member("thinking") != "";
  };
  EXPECT_TRUE(loop(true, false));
  EXPECT_FALSE(loop(false, false));
  EXPECT_EQ(call.dropped, Strings{"reasoning"});
  EXPECT_TRUE(loop(false, true)) << "an earlier loop does not matter";
}

TEST_F(RequestTest, EffortAndBudgetBecomeThinking) {
  struct Case {
    const char *model, *effort;
    std::int64_t budget;  // INT64_MIN: not said
    std::uint64_t max_tokens;
    const char *thinking, *output_config;
    bool dropped;
  };
  constexpr std::int64_t kUnsaid = INT64_MIN;
  for (const Case& c : std::initializer_list<Case>{
           {"claude-sonnet-4-5", "", kUnsaid, 9000, "", "", false},
           {"claude-sonnet-4-5", "minimal", kUnsaid, 9000, R"({"type":"enabled","budget_tokens":1024})", "", false},
           {"claude-sonnet-4-5", "medium", kUnsaid, 90000, R"({"type":"enabled","budget_tokens":8192})", "", false},
           {"claude-sonnet-4-5", "max", kUnsaid, 90000, R"({"type":"enabled","budget_tokens":65536})", "", false},
           {"claude-sonnet-4-5", "high", kUnsaid, 4000, R"({"type":"enabled","budget_tokens":3000})", "", false},
           {"claude-sonnet-4-5", "high", kUnsaid, 1024, "", "", true},
           {"claude-sonnet-4-5", "none", kUnsaid, 9000, "", "", false},
           {"claude-sonnet-4-5", "", 0, 9000, "", "", false},
           {"claude-sonnet-4-5", "", 100, 9000, R"({"type":"enabled","budget_tokens":1024})", "", false},
           {"claude-sonnet-4-5", "", -1, 90000, R"({"type":"enabled","budget_tokens":8192})", "", false},
           {"claude-3-5-haiku-latest", "high", kUnsaid, 9000, "", "", true},
           {"claude-opus-4-6", "high", kUnsaid, 900, R"({"type":"adaptive"})", R"({"effort":"high"})", false},
           {"claude-opus-4-6", "xhigh", kUnsaid, 900, R"({"type":"adaptive"})", R"({"effort":"high"})", false},
           {"claude-opus-4-8", "xhigh", kUnsaid, 900, R"({"type":"adaptive"})", R"({"effort":"xhigh"})", false},
           {"claude-opus-4-8", "minimal", kUnsaid, 900, R"({"type":"adaptive"})", R"({"effort":"low"})", false},
           {"claude-opus-4-8", "", 10'000, 900, R"({"type":"adaptive"})", R"({"effort":"medium"})", false},
           {"claude-opus-4-8", "", -1, 900, R"({"type":"adaptive"})", "", false},
           {"claude-opus-4-8", "none", kUnsaid, 900, R"({"type":"disabled"})", "", false},
           {"somebodys-model", "low", kUnsaid, 9000, R"({"type":"enabled","budget_tokens":1024})", "", false}}) {
    oc_request r = plain(c.model);
    r.reasoning_effort = oc::str(c.effort);
    r.max_output_tokens = c.max_tokens;
    if (c.budget != kUnsaid) {
      r.reasoning_budget = c.budget;
      r.set_mask |= OC_SET_REASONING_BUDGET;
    }
    ASSERT_EQ(build(r), OC_OK);
    EXPECT_EQ(member("thinking"), c.thinking) << c.model << " " << c.effort << " " << c.budget;
    EXPECT_EQ(member("output_config"), c.output_config) << c.model << " " << c.effort;
    EXPECT_EQ(call.dropped, c.dropped ? Strings{"reasoning"} : Strings{}) << c.model << " " << c.effort;
  }
}

TEST_F(RequestTest, ReadableThinkingIsAskedForWhereItIsWanted) {
  oc_request r = plain("claude-opus-4-8");
  r.reasoning_effort = oc::str("low");
  r.flags = OC_REQ_SHOW_REASONING;
  ASSERT_EQ(build(r), OC_OK);
  EXPECT_EQ(member("thinking"), R"({"type":"adaptive","display":"summarized"})");
}

TEST_F(RequestTest, AForcedCallAndThinkingExcludeEachOther) {
  talk.tool("f");
  oc_request r = plain();
  talk.tool("f");
  r = talk.request();
  r.max_output_tokens = 8000;
  r.reasoning_effort = oc::str("low");
  r.tool_choice = OC_CHOICE_REQUIRED;
  ASSERT_EQ(build(r), OC_OK);
  EXPECT_EQ(member("thinking"), "");
  EXPECT_EQ(member("tool_choice"), R"({"type":"any"})");
  EXPECT_EQ(call.dropped, Strings{"reasoning"});
}

// ---- limits and sampling

TEST_F(RequestTest, ALimitIsRequired) {
  oc_request r = plain();
  r.set_mask = 0;
  ASSERT_EQ(build(r), OC_OK);
  EXPECT_EQ(member("max_tokens"), "4096");
  create(R"({"max_tokens_default":100})");
  r.reasoning_effort = oc::str("medium");
  ASSERT_EQ(build(r), OC_OK);
  EXPECT_EQ(member("max_tokens"), "8292") << "the budget comes on top of what was not said";
  oc_usage used = oc::sized<oc_usage>();
  r.input_bytes = 77;
  ASSERT_EQ((*provider)->estimate(provider->self(), &r, &used), OC_OK);
  EXPECT_EQ(used.output, 8292u);
  EXPECT_EQ(used.input, 77u);
  EXPECT_EQ(used.flags & OC_USAGE_TIER, 0u);
  r.dialect = oc::str("anthropic_messages");
  r.ext_json = oc::str(R"({"a":1,"speed": "fast"})");
  ASSERT_EQ((*provider)->estimate(provider->self(), &r, &used), OC_OK);
  EXPECT_EQ(used.flags & OC_USAGE_TIER, std::uint32_t(OC_USAGE_TIER_FAST)) << "it costs more: the hold must know";
}

TEST_F(RequestTest, SamplingGoesWhereItIsTaken) {
  struct Case {
    const char* config;
    const char* model;
    double temperature, top_p;  // < 0: not said
    std::int64_t top_k;         // 0: not said
    const char *effort, *version, *sent_temperature, *sent_top_p, *sent_top_k;
    Strings dropped;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"{}", "claude-sonnet-4-5", 1.6, -1, 0, "", "2023-06-01", "1", "", "", {}},
           {"{}", "claude-sonnet-4-5", 0.5, 1, 40, "", "2023-06-01", "0.5", "", "40", {}},
           {"{}", "claude-sonnet-4-5", 0.5, 0.9, 0, "", "2023-06-01", "0.5", "", "", {"top_p"}},
           {"{}", "claude-3-5-haiku", 0.5, 0.9, 0, "", "2023-06-01", "0.5", "0.9", "", {}},
           {"{}", "claude-sonnet-4-5", -1, 0.9, 0, "", "2023-06-01", "", "0.9", "", {}},
           {"{}", "claude-opus-4-8", 0.5, -1, 3, "", "2026-10-21", "", "", "", {"temperature", "top_k"}},
           {"{}", "claude-opus-4-8", 1.0, 1.0, 0, "", "2026-10-21", "", "", "", {}},
           {R"({"sampling":"send"})", "claude-opus-4-8", 0.5, -1, 0, "", "2023-06-01", "0.5", "", "", {}},
           {R"({"sampling":"drop"})", "claude-sonnet-4-5", 0.5, -1, 0, "", "2026-10-21", "", "", "", {"temperature"}},
           {R"({"versions":["2026-10-21"]})", "claude-sonnet-4-5", 0.5, -1, 0, "", "2026-10-21", "", "", "", {"temperature"}},
           {"{}", "claude-sonnet-4-5", 0.5, 0.5, 3, "low", "2026-10-21", "", "", "", {"temperature", "top_k", "top_p"}}}) {
    create(c.config);
    oc_request r = plain(c.model);
    r.max_output_tokens = 8000;
    r.reasoning_effort = oc::str(c.effort);
    const auto set = [&](bool said, std::uint64_t bit) { r.set_mask |= said ? bit : 0; };
    r.temperature = c.temperature, r.top_p = c.top_p, r.top_k = c.top_k;
    set(c.temperature >= 0, OC_SET_TEMPERATURE), set(c.top_p >= 0, OC_SET_TOP_P), set(c.top_k != 0, OC_SET_TOP_K);
    ASSERT_EQ(build(r), OC_OK);
    EXPECT_EQ(header("anthropic-version"), c.version) << c.model << c.temperature;
    EXPECT_EQ(member("temperature"), c.sent_temperature) << c.model << c.temperature;
    EXPECT_EQ(member("top_p"), c.sent_top_p);
    EXPECT_EQ(member("top_k"), c.sent_top_k);
    EXPECT_EQ(call.dropped, c.dropped) << c.model << c.temperature;
  }
}

// ---- tools

TEST_F(RequestTest, ToolsAndTheirChoice) {
  talk.say(OC_ROLE_USER, "hi");
  oc_tool& f = talk.tool("f", R"({"properties":{"a":{"type":"string"}}})");
  f.description = oc::str("does f");
  f.flags = OC_TOOLF_STRICT;
  f.ext_json = oc::str(R"({"cache_control":{"type":"ephemeral"},"other":1})");
  talk.tool("free", "").flags = OC_TOOLF_CUSTOM;
  talk.tool("none", "");
  oc_tool& builtin = talk.tool("web_search", "");
  builtin.flags = OC_TOOLF_BUILTIN;
  builtin.ext_json = oc::str(R"({"type":"web_search"})");
  oc_request r = talk.request();
  r.tool_choice = OC_CHOICE_AUTO;
  r.flags = OC_REQ_SERIAL_TOOLS;
  ASSERT_EQ(build(r), OC_OK);
  EXPECT_TRUE(same_json(member("tools"), R"([
    {"name":"f","description":"does f","input_schema":{"type":"object","properties":{"a":{"type":"string"}}},"strict":true,
     "cache_control":{"type":"ephemeral"}},
    {"name":"free","input_schema":{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}},
    {"name":"none","input_schema":{"type":"object","properties":{}}}])"))
      << member("tools");
  EXPECT_EQ(member("tool_choice"), R"({"type":"auto","disable_parallel_tool_use":true})");
  EXPECT_EQ(call.dropped, Strings{"tools[web_search]"});

  const oc_str two[] = {oc::str("f"), oc::str("none")};
  r.choice_names = two;
  r.n_choice_names = 2;
  r.tool_choice = OC_CHOICE_REQUIRED;
  r.flags = 0;
  ASSERT_EQ(build(r), OC_OK);
  EXPECT_EQ(member("tool_choice"), R"({"type":"any"})");
  EXPECT_EQ(member("tools").find("free"), std::string::npos) << "only the allowed tools are offered";
  r.n_choice_names = 0;
  r.tool_choice = OC_CHOICE_NONE;
  ASSERT_EQ(build(r), OC_OK);
  EXPECT_EQ(member("tool_choice"), R"({"type":"none"})");
  r.tool_choice = OC_CHOICE_UNSET;
  r.model = oc::str("claude-sonnet-4-0");
  ASSERT_EQ(build(r), OC_OK);
  EXPECT_EQ(member("tool_choice"), "");
  EXPECT_EQ(call.dropped, (Strings{"tools[].strict", "tools[web_search]"}));
}

TEST_F(RequestTest, CallsInTheHistoryHaveTheirToolsDeclared) {
  talk.turn(OC_ROLE_ASSISTANT);
  talk.call("a", "f", "{}");
  talk.call("b", "f", "{}");
  talk.turn(OC_ROLE_TOOL);
  talk.result("a", "1");
  talk.result("b", "2");
  ASSERT_EQ(build(talk.request()), OC_OK);
  EXPECT_EQ(member("tools"), R"([{"name":"f","input_schema":{"type":"object","properties":{}}}])");
  EXPECT_EQ(member("tool_choice"), R"({"type":"none"})");
}

// ---- structured output

TEST_F(RequestTest, TheFormOfTheAnswer) {
  oc_request r = plain();
  r.format = OC_FORMAT_JSON_SCHEMA;
  r.format_name = oc::str("person");
  r.format_schema_json = oc::str(R"({"type":"object"})");
  ASSERT_EQ(build(r), OC_OK);
  EXPECT_EQ(member("output_config"), R"({"format":{"type":"json_schema","schema":{"type":"object"}}})");
  EXPECT_EQ(member("tools"), "");
  r.format = OC_FORMAT_JSON;
  ASSERT_EQ(build(r), OC_OK);
  EXPECT_EQ(call.dropped, Strings{"response_format"});
}

TEST_F(RequestTest, AFormWithoutASchemaIsStillABody) {
  for (const char* model : {"claude-sonnet-4-6", "claude-sonnet-4-20250514"}) {
    oc_request r = plain(model);
    r.format = OC_FORMAT_JSON_SCHEMA;
    r.format_name = oc::str("person");
    ASSERT_EQ(build(r), OC_OK);
    EXPECT_NE((member("output_config") + member("tools")).find(R"({"type":"object","properties":{}})"), std::string::npos) << model;
  }
}

TEST_F(RequestTest, OlderModelsGetAToolForIt) {
  oc_request r = plain("claude-sonnet-4-20250514");
  r.format = OC_FORMAT_JSON_SCHEMA;
  r.format_name = oc::str("person");
  r.format_schema_json = oc::str(R"({"type":"object"})");
  ASSERT_EQ(build(r), OC_OK);
  EXPECT_EQ(member("output_config"), "");
  EXPECT_EQ(member("tool_choice"), R"({"type":"tool","name":"person"})");
  EXPECT_NE(member("tools").find(R"("name":"person")"), std::string::npos);
  // Its input is the answer.
  frame(R"({"type":"message","content":[{"type":"tool_use","id":"t","name":"person","input":{"a":1}}],"stop_reason":"tool_use"})");
  EXPECT_EQ(call.text(), R"({"a":1})");
  EXPECT_EQ(call.last(OC_EV_FINISH)->finish, std::uint32_t(OC_FIN_STOP));
  EXPECT_EQ(call.last(OC_EV_TOOL_BEGIN), nullptr);
  // Beside other tools the model may choose.
  talk.tool("f");
  talk.tool("person");
  oc_request both = talk.request("openai_chat", "claude-sonnet-4-20250514");
  both.format = r.format, both.format_name = r.format_name, both.format_schema_json = r.format_schema_json;
  ASSERT_EQ(build(both), OC_OK);
  EXPECT_EQ(member("tool_choice"), R"({"type":"any"})");
  EXPECT_NE(member("tools").find(R"("name":"person_")"), std::string::npos);
}

// ---- the rest

TEST_F(RequestTest, WhatHasNoPlaceIsNoted) {
  oc_request r = plain();
  r.set_mask |= OC_SET_SEED | OC_SET_PRESENCE_PENALTY | OC_SET_FREQUENCY_PENALTY | OC_SET_LOGPROBS;
  r.presence_penalty = 1;
  r.frequency_penalty = 0;
  r.verbosity = oc::str("low");
  r.service_tier = oc::str("flex");
  r.user = oc::str("u1");
  const oc_str stops[] = {oc::str("END"), oc::str("\n")};
  r.stop = stops;
  r.n_stop = 2;
  r.ext_json = oc::str(R"({"logit_bias":{"1":2},"prediction":null,"store":false})");
  ASSERT_EQ(build(r), OC_OK);
  EXPECT_EQ(member("stop_sequences"), R"(["END"])");
  EXPECT_EQ(member("metadata"), R"({"user_id":"u1"})");
  EXPECT_EQ(member("store"), "");
  EXPECT_EQ(call.dropped, (Strings{"stop", "service_tier", "seed", "presence_penalty", "logprobs", "verbosity", "logit_bias"}));
  call.strict = true;
  EXPECT_EQ(build(r), OC_E_UNSUPPORTED);
}

TEST_F(RequestTest, ServiceTiersAndSeveralAnswers) {
  for (const auto& [said, sent] : std::initializer_list<std::pair<const char*, const char*>>{
           {"default", "\"standard_only\""}, {"auto", ""}, {"priority", ""}, {"standard_only", "\"standard_only\""}}) {
    oc_request r = plain();
    r.service_tier = oc::str(said);
    ASSERT_EQ(build(r), OC_OK);
    EXPECT_EQ(member("service_tier"), sent);
    EXPECT_TRUE(call.dropped.empty());
  }
  oc_request r = plain();
  r.n = 2;
  EXPECT_EQ(build(r), OC_E_UNSUPPORTED);
  EXPECT_EQ(call.failure->param, "n");
  r.n = 1;
  r.op = OC_OP_EMBED;
  EXPECT_EQ(build(r), OC_E_UNSUPPORTED);
}

TEST_F(RequestTest, CountingSendsTheQuestionOnly) {
  oc_request r = plain();
  r.op = OC_OP_COUNT_TOKENS;
  r.flags = OC_REQ_STREAM;
  r.user = oc::str("u");
  talk.tool("f");
  ASSERT_EQ(build(r), OC_OK);
  EXPECT_EQ(oc::view(http.path), "/v1/messages/count_tokens");
  EXPECT_EQ(http.framing, std::uint32_t(OC_FRAME_BODY));
  EXPECT_TRUE(same_json(body, R"({"model":"claude-sonnet-4-5","messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}]})")) << body;
  frame(R"({"input_tokens":12})");
  ASSERT_NE(call.last(OC_EV_USAGE), nullptr);
  EXPECT_EQ(call.last(OC_EV_USAGE)->usage.input, 12u);
  EXPECT_NE(call.last(OC_EV_USAGE)->usage.flags & OC_USAGE_FINAL, 0u);
  EXPECT_EQ(finish(), OC_OK);
}

TEST_F(RequestTest, PartsOfOtherDialectsAreNotedNotSent) {
  talk.say(OC_ROLE_USER, "hi");
  talk.add(OC_PART_OPAQUE).ext_json = oc::str(R"({"type":"video_url"})");
  ASSERT_EQ(build(talk.request()), OC_OK);
  EXPECT_EQ(body.find("video"), std::string::npos);
  EXPECT_EQ(call.dropped, Strings{"messages[].content"});
}

}  // namespace
}  // namespace onechat::anthropic_messages
