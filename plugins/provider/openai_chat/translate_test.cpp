// Requests of other dialects, written as Chat Completions: each row of what may come, and what is told to be lost.
#include "fixture_test.hpp"

namespace onechat::openai_chat {
namespace {

struct Translate : ProviderTest {
  Conversation c;

  // The messages, or all of the body.
  std::string messages(const oc_request& r) {
    EXPECT_EQ(build(r), OC_OK);
    Arena arena;
    const oc_json* root = json::parse(arena, body);
    finish();
    return root != nullptr ? std::string(json::get(root, "messages")->raw) : body;
  }
  // Everything but model and messages.
  std::string rest(const oc_request& r) {
    EXPECT_EQ(build(r), OC_OK);
    Arena arena;
    const oc_json* root = json::parse(arena, body);
    std::string out;
    oc_jsonw w(&out);
    w.object();
    for (const oc_json* m = root != nullptr ? root->first : nullptr; m != nullptr; m = m->next)
      if (m->key != "model" && m->key != "messages") w.key(m->key).raw(m->raw);
    w.close();
    finish();
    return out;
  }
  oc_request hello() {
    c.part(OC_ROLE_USER, OC_PART_TEXT, "hi");
    return c.request();
  }
  void again(std::string_view config) {
    provider.reset();
    call.dropped.clear();
    create(config);
  }
};

#define EXPECT_JSON(got, wanted)                            \
  do {                                                      \
    const std::string text_ = got;                          \
    EXPECT_TRUE(test::same_json(text_, wanted)) << text_;   \
  } while (false)

// ---- messages

TEST_F(Translate, AConversationWithATool) {
  c.part(OC_ROLE_SYSTEM, OC_PART_TEXT, "be good");
  Conversation::data(c.part(OC_ROLE_USER, OC_PART_IMAGE), "image/png", "QUJD").detail = oc::str("low");
  Conversation::named(c.part(OC_ROLE_ASSISTANT, OC_PART_TOOL_CALL), "t1", "f", "{\"a\":1}");
  Conversation::named(c.part(OC_ROLE_USER, OC_PART_TOOL_RESULT, "42"), "t1");
  Conversation::data(c.part(OC_ROLE_USER, OC_PART_AUDIO), "audio/mpeg", "QQ==");
  oc_request r = c.request();
  oc_tool tool = oc::sized<oc_tool>();
  tool.name = oc::str("f");
  tool.schema_json = oc::str(R"({"type":"object"})");
  const oc_tool* tools[] = {&tool};
  r.tools = tools;
  r.n_tools = 1;
  const oc_str forced = oc::str("f");
  r.tool_choice = OC_CHOICE_REQUIRED;
  r.choice_names = &forced;
  r.n_choice_names = 1;
  r.set_mask = OC_SET_MAX_TOKENS | OC_SET_TEMPERATURE;
  r.max_output_tokens = 9;
  r.temperature = 0.5;
  r.flags = OC_REQ_STREAM;
  ASSERT_EQ(build(r, true), OC_OK);
  EXPECT_EQ(http.straight, 0u);
  EXPECT_JSON(body, R"({"model":"m","messages":[{"role":"system","content":"be good"},
    {"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,QUJD","detail":"low"}}]},
    {"role":"assistant","content":null,"tool_calls":[{"id":"t1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},
    {"role":"tool","tool_call_id":"t1","content":"42"},
    {"role":"user","content":[{"type":"input_audio","input_audio":{"data":"QQ==","format":"mp3"}}]}],
    "stream":true,"stream_options":{"include_usage":true},"max_completion_tokens":9,"temperature":0.5,
    "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],
    "tool_choice":{"type":"function","function":{"name":"f"}}})");
  EXPECT_TRUE(call.dropped.empty());
}

// Anthropic's form: the results and what the user says beside them in one message, text first.
TEST_F(Translate, ResultsComeDirectlyAfterTheirCallsWhateverStoodBeforeThem) {
  Conversation::named(c.part(OC_ROLE_ASSISTANT, OC_PART_TOOL_CALL), "a", "f", "{}");
  Conversation::named(c.more(OC_PART_TOOL_CALL), "b", "g", "{}");
  c.part(OC_ROLE_USER, OC_PART_TEXT, "by the way");
  Conversation::named(c.more(OC_PART_TOOL_RESULT, "1"), "a");
  Conversation::named(c.part(OC_ROLE_TOOL, OC_PART_TOOL_RESULT, "2"), "b");
  EXPECT_JSON(messages(c.request()), R"([{"role":"assistant","content":null,"tool_calls":[
      {"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"b","type":"function","function":{"name":"g","arguments":"{}"}}]},
    {"role":"tool","tool_call_id":"a","content":"1"},{"role":"tool","tool_call_id":"b","content":"2"},
    {"role":"user","content":"by the way"}])");
}

// Responses' form: reasoning, text and each call are items of their own.
TEST_F(Translate, TurnsOfTheAssistantInARowAreOneMessage) {
  c.part(OC_ROLE_USER, OC_PART_TEXT, "go");
  c.part(OC_ROLE_ASSISTANT, OC_PART_REASONING, "thinking");
  c.part(OC_ROLE_ASSISTANT, OC_PART_TEXT, "I will look.");
  Conversation::named(c.part(OC_ROLE_ASSISTANT, OC_PART_TOOL_CALL), "a", "f", "");
  Conversation::named(c.part(OC_ROLE_TOOL, OC_PART_TOOL_RESULT, "1"), "a");
  EXPECT_JSON(messages(c.request()), R"([{"role":"user","content":"go"},{"role":"assistant","content":"I will look.","tool_calls":[
      {"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"1"}])");
}

TEST_F(Translate, AResultThatComesTurnsLaterStillFindsItsCall) {
  Conversation::named(c.part(OC_ROLE_ASSISTANT, OC_PART_TOOL_CALL), "a", "f", "{}");
  c.part(OC_ROLE_USER, OC_PART_TEXT, "wait");
  c.part(OC_ROLE_ASSISTANT, OC_PART_TEXT, "I wait");
  Conversation::named(c.part(OC_ROLE_TOOL, OC_PART_TOOL_RESULT, "1"), "a");
  EXPECT_JSON(messages(c.request()), R"([{"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function",
      "function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"1"},{"role":"user","content":"wait"},
    {"role":"assistant","content":"I wait"}])");
}

// Gemini's form: no ids, correlation by name and order.
TEST_F(Translate, CallsWithoutIdsAreLinkedByNameAndOrder) {
  Conversation::named(c.part(OC_ROLE_ASSISTANT, OC_PART_TOOL_CALL), "", "f", "{}");
  Conversation::named(c.more(OC_PART_TOOL_CALL), "", "g", "{}");
  Conversation::named(c.more(OC_PART_TOOL_CALL), "", "f", "{}");
  Conversation::named(c.part(OC_ROLE_USER, OC_PART_TOOL_RESULT, "G"), "", "g");
  Conversation::named(c.more(OC_PART_TOOL_RESULT, "F1"), "", "f");
  Conversation::named(c.more(OC_PART_TOOL_RESULT, "F2"), "", "");
  EXPECT_JSON(messages(c.request()), R"([{"role":"assistant","content":null,"tool_calls":[
      {"id":"call_made_0","type":"function","function":{"name":"f","arguments":"{}"}},
      {"id":"call_made_1","type":"function","function":{"name":"g","arguments":"{}"}},
      {"id":"call_made_2","type":"function","function":{"name":"f","arguments":"{}"}}]},
    {"role":"tool","tool_call_id":"call_made_1","content":"G"},{"role":"tool","tool_call_id":"call_made_0","content":"F1"},
    {"role":"tool","tool_call_id":"call_made_2","content":"F2"}])");
}

TEST_F(Translate, IdsThatAVendorWouldRefuseAreRespelledOnBothSides) {
  const std::string too_long(60, 'x');
  Conversation::named(c.part(OC_ROLE_ASSISTANT, OC_PART_TOOL_CALL), too_long, "f", "{}");
  Conversation::named(c.part(OC_ROLE_TOOL, OC_PART_TOOL_RESULT, "1"), too_long);
  const auto id_of = [&](const std::string& list) {
    Arena arena;
    const oc_json* root = json::parse(arena, list);
    const std::string id(json::get(json::get(root->first, "tool_calls")->first, "id")->text);
    EXPECT_EQ(json::get(root->first->next, "tool_call_id")->text, id);
    return id;
  };
  EXPECT_LE(id_of(messages(c.request())).size(), 40u);
  again(R"({"tool_ids":"nine"})");
  const std::string nine = id_of(messages(c.request()));
  EXPECT_EQ(nine.size(), 9u);
  EXPECT_EQ(nine.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"), std::string::npos) << nine;
}

TEST_F(Translate, MediaInAResultGoIntoTheNextMessageOfTheUser) {
  Conversation::named(c.part(OC_ROLE_ASSISTANT, OC_PART_TOOL_CALL), "a", "shot", "{}");
  oc_part& result = Conversation::named(c.part(OC_ROLE_USER, OC_PART_TOOL_RESULT), "a");
  Conversation::data(c.inside(result, OC_PART_IMAGE), "image/png", "QUJD");
  c.more(OC_PART_TEXT, "what is it?");
  EXPECT_JSON(messages(c.request()), R"x([{"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function",
      "function":{"name":"shot","arguments":"{}"}}]},
    {"role":"tool","tool_call_id":"a","content":"(The result is attached to the next message.)"},
    {"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,QUJD"}},{"type":"text","text":"what is it?"}]}])x");
}

TEST_F(Translate, MediaInTheLastResultGetAMessageOfTheirOwn) {
  Conversation::named(c.part(OC_ROLE_ASSISTANT, OC_PART_TOOL_CALL), "a", "shot", "{}");
  oc_part& result = Conversation::named(c.part(OC_ROLE_TOOL, OC_PART_TOOL_RESULT), "a");
  c.inside(result, OC_PART_TEXT, "done");
  Conversation::data(c.inside(result, OC_PART_IMAGE), "image/png", "QUJD");
  EXPECT_JSON(messages(c.request()), R"([{"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function",
      "function":{"name":"shot","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"done"},
    {"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,QUJD"}}]}])");
}

// ogx#6415, bifrost#2765: empty texts and empty messages are refused by some vendors.
TEST_F(Translate, NothingEmptyIsSent) {
  c.part(OC_ROLE_USER, OC_PART_TEXT, "a");
  c.part(OC_ROLE_ASSISTANT, OC_PART_TEXT, "");
  c.part(OC_ROLE_USER, OC_PART_TEXT, "");
  c.more(OC_PART_TEXT, "b");
  EXPECT_JSON(messages(c.request()), R"([{"role":"user","content":"a"},{"role":"user","content":"b"}])");
}

TEST_F(Translate, TextsOfOneTurnAreOneText) {
  c.part(OC_ROLE_SYSTEM, OC_PART_TEXT, "one");
  c.more(OC_PART_TEXT, "two");
  EXPECT_JSON(messages(c.request()), R"([{"role":"system","content":"one\n\ntwo"}])");
}

TEST_F(Translate, InstructionsInTheMiddleStayWhereTheyAre) {
  c.part(OC_ROLE_USER, OC_PART_TEXT, "a");
  c.part(OC_ROLE_DEVELOPER, OC_PART_TEXT, "now in French");
  EXPECT_JSON(messages(c.request()), R"([{"role":"user","content":"a"},{"role":"system","content":"now in French"}])");
  again(R"({"system_role":"developer"})");
  EXPECT_JSON(messages(c.request()), R"([{"role":"user","content":"a"},{"role":"developer","content":"now in French"}])");
}

TEST_F(Translate, FilesGoAsPdfOrAsText) {
  Conversation::data(c.part(OC_ROLE_USER, OC_PART_FILE), "application/pdf", "QUJD");
  Conversation::data(c.more(OC_PART_FILE), "text/plain", "aGVsbG8=");
  c.more(OC_PART_FILE).uri = oc::str("https://x/a.pdf");
  EXPECT_JSON(messages(c.request()), R"([{"role":"user","content":[
    {"type":"file","file":{"file_data":"data:application/pdf;base64,QUJD","filename":"file.pdf"}},{"type":"text","text":"hello"}]}])");
  EXPECT_EQ(call.dropped, std::vector<std::string>{"messages[].content[file].url"});
  again(R"({"takes":["file_url"]})");
  EXPECT_NE(messages(c.request()).find("https://x/a.pdf"), std::string::npos);
  EXPECT_TRUE(call.dropped.empty());
}

TEST_F(Translate, WhatHasNoPlaceIsToldOnceAndRefusedWhenStrict) {
  c.part(OC_ROLE_USER, OC_PART_OPAQUE).ext_json = oc::str(R"({"type":"search_result","x":1})");
  c.more(OC_PART_OPAQUE).ext_json = oc::str(R"({"type":"search_result","x":2})");
  oc_part& file = c.more(OC_PART_IMAGE);
  file.uri = oc::str("file_1");
  file.flags = OC_PARTF_FILE_ID;
  c.more(OC_PART_TEXT, "hi").ext_json = oc::str(R"({"cache_control":{"type":"ephemeral"}})");
  oc_request r = c.request();
  r.ext_json = oc::str(R"({"container":"c","context_management":null})");
  EXPECT_JSON(messages(r), R"([{"role":"user","content":"hi"}])");
  EXPECT_EQ(call.dropped, (std::vector<std::string>{"messages[].content[search_result]", "messages[].content[image]",
                                                    "messages[].cache_control", "container"}));
  call.strict = true;
  EXPECT_EQ(build(r), OC_E_UNSUPPORTED);
}

TEST_F(Translate, CacheBreakpointsGoToVendorsThatTakeThem) {
  create(R"({"cache_control":true})");
  c.part(OC_ROLE_SYSTEM, OC_PART_TEXT, "long").ext_json = oc::str(R"({"cache_control":{"type":"ephemeral"},"citations":{}})");
  oc_request r = c.request();
  oc_tool tool = oc::sized<oc_tool>();
  tool.name = oc::str("f");
  tool.ext_json = oc::str(R"({"cache_control":{"type":"ephemeral"},"eager":1})");
  const oc_tool* tools[] = {&tool};
  r.tools = tools;
  r.n_tools = 1;
  EXPECT_JSON(messages(r), R"([{"role":"system","content":[{"type":"text","text":"long","cache_control":{"type":"ephemeral"}}]}])");
  EXPECT_JSON(rest(r), R"({"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{}}},
    "cache_control":{"type":"ephemeral"}}]})");
  EXPECT_TRUE(call.dropped.empty());
}

// ---- reasoning and what models sign

TEST_F(Translate, EarlierReasoningIsReplayedOnlyWhereItIsWanted) {
  c.part(OC_ROLE_USER, OC_PART_TEXT, "hi");
  c.part(OC_ROLE_ASSISTANT, OC_PART_REASONING, "secret thoughts");
  c.more(OC_PART_TEXT, "hello");
  oc_request r = c.request();
  call.strict = true;
  ASSERT_EQ(build(r), OC_OK) << "leaving it out is the rule and no loss";
  EXPECT_EQ(body.find("secret"), std::string::npos);
  finish();
  again(R"({"reasoning_field":"reasoning_content"})");
  EXPECT_JSON(messages(r), R"([{"role":"user","content":"hi"},{"role":"assistant","content":"hello","reasoning_content":"secret thoughts"}])");
}

TEST_F(Translate, SignedStateGoesBackToItsOwnModelAndToNoOther) {
  const auto state = [&](oc_part& p, std::string_view opaque, std::string_view origin) {
    p.opaque = oc::str(opaque);
    p.opaque_origin = oc::str(origin);
  };
  c.part(OC_ROLE_USER, OC_PART_TEXT, "hi");
  state(c.part(OC_ROLE_ASSISTANT, OC_PART_REASONING, "hm"), R"([{"type":"reasoning.text","text":"hm","signature":"S"}])", "openai_chat/m");
  state(c.more(OC_PART_REASONING), R"([{"type":"reasoning.encrypted","data":"D"}])", "openai_chat/m");
  state(c.more(OC_PART_REASONING, "x"), "OTHERS", "anthropic_messages/claude");
  state(Conversation::named(c.more(OC_PART_TOOL_CALL), "a", "f", "{}"), "SIG", "openai_chat/");
  oc_request r = c.request();
  EXPECT_JSON(messages(r), R"([{"role":"user","content":"hi"},{"role":"assistant","content":null,
    "reasoning_details":[{"type":"reasoning.text","text":"hm","signature":"S"},{"type":"reasoning.encrypted","data":"D"}],
    "tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"},
      "extra_content":{"google":{"thought_signature":"SIG"}}}]}])");
  r.model = oc::str("another");
  const std::string foreign = messages(r);
  EXPECT_EQ(foreign.find("reasoning_details"), std::string::npos) << foreign;
  EXPECT_EQ(foreign.find("OTHERS"), std::string::npos);
  EXPECT_TRUE(call.dropped.empty());
}

TEST_F(Translate, TheWishToThinkInTheWordsOfTheVendor) {
  struct Case {
    const char *config, *effort;
    std::int64_t budget;  // INT64_MIN: not said
    const char* wanted;
    const char* lost;
  };
  constexpr std::int64_t kNo = INT64_MIN;
  const Case cases[] = {
      {"{}", "high", kNo, R"({"reasoning_effort":"high"})", ""},
      {"{}", "", 5000, R"({"reasoning_effort":"medium"})", ""},
      {"{}", "", 0, R"({"reasoning_effort":"none"})", ""},
      {"{}", "", -1, "{}", ""},
      {"{}", "", kNo, "{}", ""},
      {R"({"reasoning_efforts":["low","high"]})", "minimal", kNo, R"({"reasoning_effort":"low"})", ""},
      {R"({"reasoning_efforts":["low","high"]})", "max", kNo, R"({"reasoning_effort":"high"})", ""},
      {R"({"reasoning_efforts":["low","high"]})", "none", kNo, "{}", "reasoning_effort"},
      {R"({"reasoning_efforts":["none","low"]})", "high", kNo, R"({"reasoning_effort":"low"})", ""},
      {R"({"reasoning_style":"openrouter"})", "high", kNo, R"({"reasoning":{"effort":"high","exclude":true}})", ""},
      {R"({"reasoning_style":"openrouter"})", "", 3000, R"({"reasoning":{"max_tokens":3000,"exclude":true}})", ""},
      {R"({"reasoning_style":"openrouter"})", "none", kNo, R"({"reasoning":{"enabled":false}})", ""},
      {R"({"reasoning_style":"openrouter"})", "", -1, R"({"reasoning":{"enabled":true,"exclude":true}})", ""},
      {R"({"reasoning_style":"enable_thinking"})", "low", kNo, R"({"enable_thinking":true,"thinking_budget":1024})", ""},
      {R"({"reasoning_style":"enable_thinking"})", "none", kNo, R"({"enable_thinking":false})", ""},
      {R"({"reasoning_style":"thinking"})", "low", kNo, R"({"thinking":{"type":"enabled"}})", ""},
      {R"({"reasoning_style":"thinking"})", "", 0, R"({"thinking":{"type":"disabled"}})", ""},
      {R"({"reasoning_style":"none"})", "low", kNo, "{}", "reasoning_effort"},
      {R"({"reasoning_style":"none"})", "none", kNo, "{}", ""},
  };
  oc_request r = hello();
  for (const Case& one : cases) {
    again(one.config);
    r.reasoning_effort = oc::str(std::string_view(one.effort));
    r.set_mask = one.budget != kNo ? OC_SET_REASONING_BUDGET : 0;
    r.reasoning_budget = one.budget;
    EXPECT_TRUE(same_json(rest(r), one.wanted)) << one.config << one.effort << one.budget << body;
    EXPECT_EQ(call.dropped.empty() ? "" : call.dropped.front(), one.lost) << one.config << one.effort;
  }
}

// ---- parameters

TEST_F(Translate, EveryParameterThatOpenAiTakes) {
  oc_request r = hello();
  const oc_str stops[] = {oc::str("a"), oc::str("b"), oc::str("c"), oc::str("d"), oc::str("e")};
  r.stop = stops, r.n_stop = 5;
  r.set_mask = OC_SET_TOP_P | OC_SET_SEED | OC_SET_PRESENCE_PENALTY | OC_SET_FREQUENCY_PENALTY | OC_SET_LOGPROBS | OC_SET_TOP_K | OC_SET_N;
  r.top_p = 0.5, r.seed = 7, r.presence_penalty = 1, r.frequency_penalty = -1, r.top_logprobs = 3, r.top_k = 40, r.n = 2;
  r.service_tier = oc::str("standard_only");
  r.verbosity = oc::str("low");
  r.user = oc::str("u");
  EXPECT_JSON(rest(r), R"({"top_p":0.5,"seed":7,"presence_penalty":1,"frequency_penalty":-1,"logprobs":true,"top_logprobs":3,"n":2,
    "stop":["a","b","c","d"],"service_tier":"default","verbosity":"low","user":"u"})");
  EXPECT_EQ(call.dropped, (std::vector<std::string>{"top_k", "stop[4]"}));
  again(R"({"takes":["top_k"]})");
  EXPECT_JSON(rest(r), R"({"top_k":40})");
  EXPECT_EQ(call.dropped, (std::vector<std::string>{"n", "top_p", "presence_penalty", "frequency_penalty", "seed", "logprobs", "stop",
                                                    "service_tier", "verbosity", "user"}));
}

TEST_F(Translate, FormatsOfTheAnswer) {
  oc_request r = hello();
  r.format = OC_FORMAT_JSON;
  EXPECT_JSON(rest(r), R"({"response_format":{"type":"json_object"}})");
  r.format = OC_FORMAT_JSON_SCHEMA;
  r.format_schema_json = oc::str(R"({"type":"object"})");
  r.flags = OC_REQ_FORMAT_STRICT;
  EXPECT_JSON(rest(r), R"({"response_format":{"type":"json_schema","json_schema":{"name":"answer","schema":{"type":"object"},"strict":true}}})");
  r.format_name = oc::str("x");
  r.format_description = oc::str("d");
  r.flags = 0;
  EXPECT_JSON(rest(r),
              R"({"response_format":{"type":"json_schema","json_schema":{"name":"x","description":"d","schema":{"type":"object"}}}})");
  again(R"({"takes":[]})");
  EXPECT_JSON(rest(r), R"({"response_format":{"type":"json_object"}})");
  EXPECT_EQ(call.dropped, std::vector<std::string>{"response_format.json_schema"});
}

TEST_F(Translate, ChoicesAmongTools) {
  oc_request r = hello();
  oc_tool a = oc::sized<oc_tool>(), b = oc::sized<oc_tool>();
  a.name = oc::str("a"), b.name = oc::str("b");
  const oc_tool* tools[] = {&a, &b};
  r.tools = tools, r.n_tools = 2;
  const oc_str names[] = {oc::str("a"), oc::str("b")};
  struct Case {
    std::uint32_t choice;
    std::uint64_t names;
    const char *wanted, *without_allowed_tools;
  };
  const Case cases[] = {
      {OC_CHOICE_UNSET, 0, "", ""},
      {OC_CHOICE_AUTO, 0, "\"auto\"", "\"auto\""},
      {OC_CHOICE_NONE, 0, "\"none\"", "\"none\""},
      {OC_CHOICE_REQUIRED, 0, "\"required\"", "\"required\""},
      {OC_CHOICE_REQUIRED, 1, R"({"type":"function","function":{"name":"a"}})", R"({"type":"function","function":{"name":"a"}})"},
      {OC_CHOICE_AUTO, 1, R"({"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"a"}}]}})",
       "\"auto\""},
  };
  for (const Case& one : cases) {
    r.tool_choice = one.choice;
    r.choice_names = names;
    r.n_choice_names = one.names;
    for (const bool all : {true, false}) {
      again(all ? "{}" : R"({"takes":["strict_tools"]})");
      ASSERT_EQ(build(r), OC_OK);
      Arena arena;
      const oc_json* root = json::parse(arena, body);
      const oc_json* said = json::get(root, "tool_choice");
      EXPECT_EQ(said != nullptr ? said->raw : "", all ? one.wanted : one.without_allowed_tools);
      EXPECT_EQ(json::get(root, "tools")->size, !all && one.choice == OC_CHOICE_AUTO && one.names == 1 ? 1u : 2u) << "shown only what is allowed";
      finish();
    }
  }
  r.flags = OC_REQ_SERIAL_TOOLS;
  again("{}");
  EXPECT_NE(rest(r).find(R"("parallel_tool_calls":false)"), std::string::npos);
}

TEST_F(Translate, ToolsOfAllKinds) {
  oc_request r = hello();
  oc_tool builtin = oc::sized<oc_tool>(), custom = oc::sized<oc_tool>(), bare = oc::sized<oc_tool>();
  builtin.flags = OC_TOOLF_BUILTIN;
  builtin.ext_json = oc::str(R"({"type":"web_search_20250305","name":"web_search"})");
  custom.flags = OC_TOOLF_CUSTOM;
  custom.name = oc::str("patch");
  bare.flags = OC_TOOLF_STRICT;
  bare.name = oc::str("now");
  const oc_tool* tools[] = {&builtin, &custom, &bare};
  r.tools = tools, r.n_tools = 3;
  EXPECT_JSON(rest(r), R"({"tools":[{"type":"custom","custom":{"name":"patch"}},
    {"type":"function","function":{"name":"now","parameters":{"type":"object","properties":{}},"strict":true}}]})");
  EXPECT_EQ(call.dropped, std::vector<std::string>{"tools[web_search_20250305]"});
  again(R"({"takes":[]})");
  EXPECT_JSON(rest(r), R"({"tools":[{"type":"function","function":{"name":"patch","parameters":{"type":"object",
      "properties":{"input":{"type":"string"}},"required":["input"]}}},
    {"type":"function","function":{"name":"now","parameters":{"type":"object","properties":{}}}}]})");
}

TEST_F(Translate, CallsOfCustomToolsBecomeWhatTheVendorKnows) {
  oc_part& used = Conversation::named(c.part(OC_ROLE_ASSISTANT, OC_PART_TOOL_CALL), "a", "patch", "*** Begin");
  used.flags = OC_PARTF_CUSTOM;
  EXPECT_NE(messages(c.request()).find(R"("type":"custom","custom":{"name":"patch","input":"*** Begin"})"), std::string::npos);
  again(R"({"takes":[]})");
  EXPECT_NE(messages(c.request()).find(R"("function":{"name":"patch","arguments":"{\"input\":\"*** Begin\"}"})"), std::string::npos) << body;
}

// ---- embeddings and addresses

TEST_F(Translate, EmbeddingsOfAnotherDialect) {
  oc_request r = c.request();
  r.op = OC_OP_EMBED;
  r.dialect = oc::str("gemini");
  const oc_str inputs[] = {oc::str("a"), oc::str("b")};
  r.inputs = inputs, r.n_inputs = 2;
  r.ext_json = oc::str(R"({"dimensions":8,"taskType":"X"})");
  ASSERT_EQ(build(r), OC_OK);
  EXPECT_EQ(oc::view(http.path), "/embeddings");
  EXPECT_JSON(body, R"({"model":"m","input":["a","b"],"dimensions":8})");
  EXPECT_EQ(call.dropped, std::vector<std::string>{"taskType"});
  frame(R"({"object":"list","data":[{"index":0,"embedding":[0.5,-1]},{"index":1,"embedding":"AAAAPwAAgL8="}],
    "model":"e","usage":{"prompt_tokens":4,"total_tokens":4}})", false);
  ASSERT_EQ(finish(), OC_OK);
  std::vector<std::string> vectors;
  for (const Event& e : call.events)
    if (e.type == OC_EV_EMBEDDING) vectors.push_back(e.ext_json);
  EXPECT_EQ(vectors, (std::vector<std::string>{"[0.5,-1]", "[0.5,-1]"}));
  EXPECT_EQ(call.last(OC_EV_USAGE)->usage.input, 4u);
  EXPECT_EQ(call.events.back().type, std::uint32_t(OC_EV_FINISH));
}

TEST_F(Translate, AnAddressMayNameTheDeployment) {
  create(R"({"api_key":"k","api_key_header":"api-key","paths":{"chat":"/deployments/{model}/chat/completions?api-version=1"}})");
  oc_request r = hello();
  r.model = oc::str("gpt 4/o");
  ASSERT_EQ(build(r), OC_OK);
  EXPECT_EQ(oc::view(http.path), "/deployments/gpt%204%2Fo/chat/completions?api-version=1");
}

TEST_F(Translate, AnOperationThatTheApiLacksIsRefused) {
  oc_request r = hello();
  r.op = OC_OP_COUNT_TOKENS;
  EXPECT_EQ(build(r), OC_E_UNSUPPORTED);
}

}  // namespace
}  // namespace onechat::openai_chat
