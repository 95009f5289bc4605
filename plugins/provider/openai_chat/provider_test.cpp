#include "fixture_test.hpp"

namespace onechat::openai_chat {
namespace {

// ---- settings

TEST_F(ProviderTest, HeadersComeFromTheSettings) {
  create(R"({"api_key":"k","organization":"o","project":"p","headers":{"x-a":"1"},"paths":{"chat":"/c?v=1"}})");
  begin_whole();
  EXPECT_EQ(oc::view(http.path), "/c?v=1");
  EXPECT_EQ(oc::view(http.method), "POST");
  EXPECT_EQ(header("authorization"), "Bearer k");
  EXPECT_EQ(header("openai-organization"), "o");
  EXPECT_EQ(header("openai-project"), "p");
  EXPECT_EQ(header("x-a"), "1");
  EXPECT_EQ(header("accept"), "application/json");
}

TEST_F(ProviderTest, AzureStyleKeysAndKeylessServers) {
  create(R"({"api_key":"k","api_key_header":"api-key"})");
  begin_whole();
  EXPECT_EQ(header("api-key"), "k");
  EXPECT_EQ(header("authorization"), "");
  finish();
  provider.reset();
  create("{}");
  begin_whole();
  EXPECT_EQ(header("authorization"), "");
}

TEST_F(ProviderTest, ASettingCannotSmuggleAHeader) {
  EXPECT_THROW(create("{\"api_key\":\"k\\r\\nx: y\"}"), std::runtime_error);
  EXPECT_THROW(create(R"({"headers":{"bad name":"v"}})"), std::runtime_error);
  EXPECT_THROW(create(R"({"headers":{"":"v"}})"), std::runtime_error);
}

TEST_F(ProviderTest, TheSchemaIsJsonAndCapsFollowTheSettings) {
  Arena arena;
  EXPECT_NE(json::parse(arena, kSettingsSchema), nullptr);
  create(R"({"cancel_stops_billing":false})");
  const auto* caps = static_cast<const std::uint64_t*>(kComponent.get_ext(provider->self(), "onechat.instance_caps/1"));
  ASSERT_NE(caps, nullptr);
  EXPECT_EQ(*caps & OC_PROV_CAP_CANCEL_STOPS_BILLING, 0u);
  EXPECT_EQ(kComponent.get_ext(provider->self(), "other"), nullptr);
}

// ---- the straight lane

TEST_F(ProviderTest, TheModelIsReplacedOnlyWhenItDiffers) {
  oc_request r = own(R"({"messages":[], "model" : "m"})", {{"model", "\"m\""}}, 0);
  ASSERT_EQ(build(r, true), OC_OK);
  EXPECT_EQ(http.n_splices, 0u);
  finish();
  r.model = oc::str("b\"c");
  ASSERT_EQ(build(r, true), OC_OK);
  EXPECT_EQ(sent(), R"({"messages":[], "model" : "b\"c"})");
}

TEST_F(ProviderTest, UsageIsAskedForInStreamsWhereTheClientDidNot) {
  struct Case {
    const char *before, *options, *flag, *after;
  };
  const Case cases[] = {
      {R"({"model":"m","stream":true})", nullptr, nullptr, R"({"stream_options":{"include_usage":true},"model":"m","stream":true})"},
      {R"({"model":"m","stream_options":{}})", "{}", nullptr, R"({"model":"m","stream_options":{"include_usage":true}})"},
      {R"({"model":"m","stream_options":{ }})", "{ }", nullptr, R"({"model":"m","stream_options":{"include_usage":true }})"},
      {R"({"model":"m","stream_options":null})", "null", nullptr, R"({"model":"m","stream_options":{"include_usage":true}})"},
      {R"({"stream_options":{"a":1},"model":"m"})", R"({"a":1})", nullptr, R"({"stream_options":{"include_usage":true,"a":1},"model":"m"})"},
      {R"({"model":"m","stream_options":{"include_usage":false}})", R"({"include_usage":false})", "false",
       R"({"model":"m","stream_options":{"include_usage":true}})"},
  };
  for (const Case& c : cases) {
    oc_request r = own(c.before, {{"model", "\"m\""}}, OC_REQ_STREAM);
    if (c.options != nullptr) anchors.push_back({oc::str("stream_options"), raw.find(c.options), std::string_view(c.options).size()});
    if (c.flag != nullptr) anchors.push_back({oc::str("stream_options.include_usage"), raw.find(c.flag), std::string_view(c.flag).size()});
    r.anchors = anchors.data();
    r.n_anchors = anchors.size();
    ASSERT_EQ(build(r, true), OC_OK);
    EXPECT_EQ(sent(), c.after);
    EXPECT_EQ(http.framing, std::uint32_t(OC_FRAME_SSE));
    EXPECT_EQ(header("accept"), "text/event-stream");
    finish();
    r.model = oc::str("M");  // both edits together stay in order
    ASSERT_EQ(build(r, true), OC_OK);
    std::string renamed = c.after;
    renamed.replace(renamed.find("\"m\""), 3, "\"M\"");
    EXPECT_EQ(sent(), renamed);
    finish();
  }
}

TEST_F(ProviderTest, NothingIsAddedWhenTheClientAskedOrTheSettingsForbid) {
  ASSERT_EQ(build(own(R"({"model":"m"})", {{"model", "\"m\""}}, OC_REQ_STREAM | OC_REQ_STREAM_USAGE), true), OC_OK);
  EXPECT_EQ(http.n_splices, 0u);
  finish();
  provider.reset();
  create(R"({"stream_usage":false})");
  begin_stream();
  EXPECT_EQ(http.n_splices, 0u);
}

// What a model of another vendor signed is no other vendor's to see, not even between equals.
TEST_F(ProviderTest, ABodyWithForeignStateIsWrittenAnew) {
  oc_request r = own(R"({"model":"m","messages":[{"role":"assistant","content":"a","reasoning_details":[{"data":"TOKEN"}]}]})",
                     {{"model", "\"m\""}}, 0);
  Conversation c;
  oc_part& reasoning = c.part(OC_ROLE_ASSISTANT, OC_PART_REASONING);
  reasoning.opaque = oc::str("SIG");
  reasoning.opaque_origin = oc::str("openai_chat/");
  c.more(OC_PART_TEXT, "a");
  const oc_request turns = c.request();
  r.turns = turns.turns;
  r.n_turns = turns.n_turns;
  ASSERT_EQ(build(r, true), OC_OK);
  EXPECT_EQ(http.straight, 1u);
  finish();
  reasoning.opaque_origin = oc::str("anthropic_messages/claude");
  ASSERT_EQ(build(r, true), OC_OK);
  EXPECT_EQ(http.straight, 0u);
  EXPECT_TRUE(same_json(body, R"({"model":"m","messages":[{"role":"assistant","content":"a"}]})")) << body;
}

TEST_F(ProviderTest, WhatOnlyWeAskedForIsTakenOutToTheByte) {
  begin_stream();
  const struct {
    const char *in, *out;
  } cases[] = {
      {R"({"choices":[{"index":0,"delta":{"content":"a"}}],"usage":null,"obfuscation":"x"})",
       R"({"choices":[{"index":0,"delta":{"content":"a"}}],"obfuscation":"x"})"},
      {R"({"choices":[{"index":0,"delta":{}}] , "usage" : null})", R"({"choices":[{"index":0,"delta":{}}] })"},
      {R"({"usage":null,"choices":[{"index":0,"delta":{}}]})", R"({"choices":[{"index":0,"delta":{}}]})"},
      {R"({ "usage":null , "choices":[]})", R"({  "choices":[]})"},
      {R"({"usage":null})", R"({})"},
      {R"({"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}})", "DROPPED"},
      {R"({"usage":{"prompt_tokens":1,"completion_tokens":2}})", "DROPPED"},
      {R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}})",
       R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}})"},
      {R"({"choices":[{"index":0,"delta":{"usage":null}}]})", R"({"choices":[{"index":0,"delta":{"usage":null}}]})"},
      {R"({"choices":[],"prompt_filter_results":[]})", R"({"choices":[],"prompt_filter_results":[]})"},
      {"[DONE]", "[DONE]"},
  };
  for (const auto& c : cases) EXPECT_EQ(frame(c.in), c.out);
}

TEST_F(ProviderTest, AnOddChunkIsRelayedBetweenEqualsAndRefusedInTranslation) {
  begin_stream();
  EXPECT_EQ(frame("not json"), "not json");
  EXPECT_EQ(status, OC_OK);
  frame("not json", false);
  EXPECT_EQ(status, OC_E_UPSTREAM);
}

// ---- answers

TEST_F(ProviderTest, AStreamBecomesEvents) {
  begin_stream();
  frame(delta(R"({"role":"assistant","content":""})"));
  frame(delta(R"({"reasoning_content":"hm"})"));
  frame(delta(R"({"content":"Hel"})"));
  frame(delta(R"({"content":"lo"})"));
  frame(delta(R"({"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}]})"));
  frame(delta(R"({"tool_calls":[{"index":0,"function":{"arguments":"{\"x\""}},{"index":1,"id":"b","function":{"name":"g","arguments":"{"}}]})"));
  frame(delta(R"({"tool_calls":[{"index":0,"function":{"arguments":":1}"}},{"index":1,"function":{"arguments":"}"}}]})"));
  frame(delta("{}", R"(,"finish_reason":"stop")"));
  frame(R"({"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}})");
  frame("[DONE]");
  EXPECT_EQ(finish(), OC_OK);
  EXPECT_EQ(types(), (std::vector<std::uint32_t>{OC_EV_START, OC_EV_REASONING, OC_EV_PART_END, OC_EV_TEXT, OC_EV_PART_END,
                                                 OC_EV_TOOL_BEGIN, OC_EV_TOOL_ARGS, OC_EV_TOOL_BEGIN, OC_EV_TOOL_ARGS,
                                                 OC_EV_PART_END, OC_EV_PART_END, OC_EV_FINISH, OC_EV_USAGE}));
  const auto events = test::merged(call.events);
  EXPECT_EQ(events[0].model, "real");
  EXPECT_EQ(events[3].text, "Hello");
  EXPECT_EQ(events[3].index, 1u);
  EXPECT_EQ(events[6].text, R"({"x":1})");
  EXPECT_EQ(events[7].tool_id, "b");
  EXPECT_EQ(events[8].text, "{}");
  EXPECT_EQ(events[11].finish, std::uint32_t(OC_FIN_TOOL)) << "stop with tool calls is a tool finish";
  EXPECT_TRUE(events[12].usage.flags & OC_USAGE_FINAL);
}

TEST_F(ProviderTest, ALengthOrFilterFinishIsNotMaskedByToolCalls) {
  for (const auto& [word, fin] : {std::pair("length", OC_FIN_LENGTH), std::pair("content_filter", OC_FIN_FILTER)}) {
    provider.reset();
    call.events.clear();
    begin_stream();
    frame(delta(R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}]})", R"(,"finish_reason":")" + std::string(word) + "\""));
    EXPECT_EQ(call.last(OC_EV_FINISH)->finish, std::uint32_t(fin));
    finish();
  }
}

TEST_F(ProviderTest, ToolCallsWithoutIdsOrWithOneIndexForAllAreToldApart) {
  begin_stream();
  frame(delta(R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"1"}}]})"));
  frame(delta(R"({"tool_calls":[{"index":0,"id":"b","function":{"name":"f","arguments":"2"}}]})"));  // a whole new call
  frame(delta(R"({"tool_calls":[{"index":2,"id":"","function":{"name":"g","arguments":"3"}}]})"));
  frame(delta(R"({"tool_calls":[{"index":2,"id":null,"function":{"name":"g","arguments":"4"}}]})"));  // repeats its name
  frame(delta(R"({"tool_calls":[{"id":"c","function":{"name":"h","arguments":"5"}}]})"));
  frame(delta("{}", R"(,"finish_reason":"tool_calls")"));
  std::vector<std::string> ids, arguments;
  for (const Event& e : test::merged(call.events)) {
    if (e.type == OC_EV_TOOL_BEGIN) ids.push_back(e.tool_id);
    if (e.type == OC_EV_TOOL_ARGS) arguments.push_back(e.text);
  }
  ASSERT_EQ(ids.size(), 4u);
  EXPECT_EQ(ids[0], "a");
  EXPECT_EQ(ids[1], "b");
  EXPECT_TRUE(ids[2].starts_with("call_chatcmpl-1_")) << ids[2];
  EXPECT_EQ(ids[3], "c");
  EXPECT_EQ(arguments, (std::vector<std::string>{"1", "2", "34", "5"}));
}

TEST_F(ProviderTest, SeveralChoicesKeepApart) {
  begin_stream();
  frame(R"({"choices":[{"index":1,"delta":{"content":"b"}},{"index":0,"delta":{"content":"a"}}]})");
  frame(R"({"choices":[{"index":1,"delta":{"content":"B"},"finish_reason":"length"}]})");
  EXPECT_EQ(call.text(OC_EV_TEXT, 0), "a");
  EXPECT_EQ(call.text(OC_EV_TEXT, 1), "bB");
  EXPECT_EQ(finish(), OC_E_UPSTREAM) << "one choice never ended";
}

TEST_F(ProviderTest, UsageIsTakenWhereverItIs) {
  for (const char* chunk : {
           R"({"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}})",
           R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":4}})",
           R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop","usage":{"prompt_tokens":3,"completion_tokens":4}}]})",
           R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"x_groq":{"usage":{"prompt_tokens":3,"completion_tokens":4}}})",
           R"({"usage":{"prompt_tokens":3,"completion_tokens":4}})",
       }) {
    provider.reset();
    call.events.clear();
    begin_stream();
    frame(chunk);
    ASSERT_NE(call.last(OC_EV_USAGE), nullptr) << chunk;
    EXPECT_EQ(call.last(OC_EV_USAGE)->usage.input, 3u);
    EXPECT_EQ(call.last(OC_EV_USAGE)->usage.output, 4u);
    finish();
  }
}

TEST_F(ProviderTest, AWholeAnswerBecomesTheSameKindOfEvents) {
  begin_whole();
  const std::string text = R"({"id":"x","model":"real","choices":[{"index":0,"message":{"role":"assistant",
    "content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"Hi"}],"refusal":null,
    "annotations":[{"type":"url_citation","url_citation":{"url":"https://x","title":"X","start_index":0,"end_index":2}}],
    "tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"},"vendor":{"s":1}}]},
    "finish_reason":"tool_calls"}],"usage":{"prompt_tokens":1,"completion_tokens":2}})";
  EXPECT_EQ(frame(text), text);
  EXPECT_EQ(call.text(OC_EV_REASONING), "hm");
  EXPECT_EQ(call.text(), "Hi");
  EXPECT_EQ(call.last(OC_EV_CITATION)->index, 1u);
  EXPECT_EQ(call.last(OC_EV_TOOL_BEGIN)->ext_json, R"({"vendor":{"s":1}})");
  EXPECT_EQ(finish(), OC_OK);
}

TEST_F(ProviderTest, ABodyThatIsNotJsonIsTheUpstreamsFault) {
  begin_whole();
  frame("<html>");
  EXPECT_EQ(status, OC_E_UPSTREAM);
  EXPECT_EQ(finish(), OC_E_UPSTREAM);
}

// ---- how a stream may end

TEST_F(ProviderTest, OnlyACompleteStreamIsComplete) {
  struct Case {
    const char* what;
    std::vector<std::string> frames;
    oc_status transport, judged;
  };
  const std::string text = delta(R"({"content":"a"})"), end = delta("{}", R"(,"finish_reason":"stop")");
  const std::string usage = R"({"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}})";
  const Case cases[] = {
      {"nothing came", {}, OC_OK, OC_E_UPSTREAM},
      {"cut before the end", {text}, OC_OK, OC_E_UPSTREAM},
      {"finished, no terminator", {text, end}, OC_OK, OC_OK},
      {"terminator, no finish_reason", {text, "[DONE]"}, OC_OK, OC_OK},
      {"all of it", {text, end, usage, "[DONE]"}, OC_OK, OC_OK},
      {"reset after the terminator", {text, end, "[DONE]"}, OC_E_IO, OC_OK},
      {"reset before usage came", {text, end}, OC_E_IO, OC_E_IO},
      {"reset after usage came", {text, end, usage}, OC_E_IO, OC_OK},
      {"cancelled", {text}, OC_E_CANCELLED, OC_E_CANCELLED},
  };
  for (const Case& c : cases) {
    provider.reset();
    call.events.clear();
    begin_stream();
    for (const auto& f : c.frames) frame(f);
    EXPECT_EQ(finish(c.transport), c.judged) << c.what;
  }
}

TEST_F(ProviderTest, AnErrorInsideAStreamEndsIt) {
  struct Case {
    const char* chunk;
    oc_status status;
    const char* code;
  };
  const Case cases[] = {
      {R"({"error":{"message":"bad","type":"invalid_request_error","code":"tool_use_failed"}})", OC_E_UPSTREAM, "tool_use_failed"},
      {R"({"error":{"message":"bad","code":503}})", OC_E_UNAVAILABLE, "503"},
      {R"({"error":{"message":"bad","code":"rate_limit_exceeded"}})", OC_E_RATE, "rate_limit_exceeded"},
      {R"({"id":"x","choices":[{"index":0,"delta":{},"finish_reason":"error"}],"error":{"message":"bad","code":429}})", OC_E_RATE, "429"},
      {R"({"error":"bad"})", OC_E_UPSTREAM, ""},
  };
  for (const Case& c : cases) {
    provider.reset();
    call.events.clear();
    begin_stream();
    frame(delta(R"({"content":"a"})"));
    frame(c.chunk);
    frame(delta(R"({"content":"after the end"})"));
    frame("[DONE]");
    const Event& last = call.events.back();
    EXPECT_EQ(last.type, std::uint32_t(OC_EV_ERROR)) << c.chunk;
    EXPECT_EQ(last.status, c.status) << c.chunk;
    EXPECT_EQ(last.code, c.code);
    EXPECT_EQ(last.text, "bad");
    EXPECT_EQ(finish(), OC_E_UPSTREAM);
  }
}

// ---- errors before the stream, and estimates

TEST_F(ProviderTest, ErrorsAreMapped) {
  struct Case {
    std::uint32_t http;
    const char* body;
    oc_status status;
    const char *text, *code;
  };
  const Case cases[] = {
      {400, R"({"error":{"message":"too long","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}})",
       OC_E_INVALID, "too long", "context_length_exceeded"},
      {401, R"({"detail":"Invalid API Key"})", OC_E_AUTH, "Invalid API Key", ""},
      {404, R"({"error":{"message":"no such model","code":"model_not_found"}})", OC_E_NOT_FOUND, "no such model", "model_not_found"},
      {429, R"({"error":{"message":"slow down","code":"rate_limit_exceeded"}})", OC_E_RATE, "slow down", "rate_limit_exceeded"},
      {429, R"({"error":{"message":"pay","type":"insufficient_quota","code":"insufficient_quota"}})", OC_E_LIMIT, "pay", "insufficient_quota"},
      {400, R"({"code":"Client specified an invalid argument","error":"words of xAI"})", OC_E_INVALID, "words of xAI",
       "Client specified an invalid argument"},
      {502, "<html>bad gateway</html>", OC_E_UPSTREAM, "The model's provider failed.", ""},
      {503, "", OC_E_UNAVAILABLE, "The server is overloaded. Please retry later.", ""},
  };
  for (const Case& c : cases) {
    const oc_event e = map_error(c.http, c.body);
    EXPECT_EQ(e.type, std::uint32_t(OC_EV_ERROR));
    EXPECT_EQ(e.status, c.status) << c.body;
    EXPECT_EQ(e.http_status, c.http);
    EXPECT_EQ(oc::view(e.text), c.text);
    EXPECT_EQ(oc::view(e.code), c.code);
  }
}

TEST_F(ProviderTest, RetryAfterIsReadInBothForms) {
  const auto said = [&](std::vector<oc_header> h) { return map_error(429, "{}", std::move(h)).retry_after_ms; };
  EXPECT_EQ(said({{oc::str("retry-after"), oc::str("20")}}), 20000u);
  EXPECT_EQ(said({{oc::str("retry-after"), oc::str("0.25")}}), 250u);
  EXPECT_EQ(said({{oc::str("retry-after"), oc::str("20")}, {oc::str("retry-after-ms"), oc::str("1500")}}), 1500u);
  EXPECT_EQ(said({{oc::str("retry-after"), oc::str("Wed, 21 Oct 2026 07:28:00 GMT")}}), 0u);
  EXPECT_EQ(said({{oc::str("retry-after"), oc::str("-5")}}), 0u);
  EXPECT_EQ(said({{oc::str("retry-after"), oc::str("1e300")}}), 0u);
  EXPECT_EQ(said({{oc::str("retry-after"), oc::str("nan")}}), 0u);
}

TEST_F(ProviderTest, TheProvidersKeyIsNeverShown) {
  const oc_event e = map_error(401, R"({"error":{"message":"Incorrect API key provided: sk-secret-key"}})");
  EXPECT_EQ(oc::view(e.text).find("sk-secret-key"), std::string_view::npos);
  EXPECT_EQ(e.ext_json.len, 0u);
}

TEST_F(ProviderTest, EstimatesByBytesAndLimits) {
  create();
  oc_request r = oc::sized<oc_request>();
  r.input_bytes = 100;
  r.n = 3;
  oc_usage u = oc::sized<oc_usage>();
  ASSERT_EQ((*provider)->estimate(provider->self(), &r, &u), OC_OK);
  EXPECT_EQ(u.input, 100u);
  EXPECT_EQ(u.output, 0u);
  r.set_mask = OC_SET_MAX_TOKENS;
  r.max_output_tokens = 7;
  ASSERT_EQ((*provider)->estimate(provider->self(), &r, &u), OC_OK);
  EXPECT_EQ(u.output, 21u);
}

}  // namespace
}  // namespace onechat::openai_chat
