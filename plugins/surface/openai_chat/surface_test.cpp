#include "fixture_test.hpp"

namespace onechat::openai_chat {
namespace {

// ---- routes and credential

TEST_F(SurfaceTest, ServesFourRoutesBelowItsOwnPrefixToo) {
  const oc_route* const* routes = nullptr;
  ASSERT_EQ(surface->routes(surface.self(), &routes), 4u);
  EXPECT_EQ(oc::view(routes[0]->path), "/v1/chat/completions");
  EXPECT_EQ(oc::view(routes[3]->path), "/v1/models/{id...}");
  EXPECT_EQ(oc::view(surface->prefix), "/openai");
}

TEST_F(SurfaceTest, FindsTheKey) {
  struct Case {
    std::vector<std::array<const char*, 2>> headers;
    const char* key;  // nullptr: refused
  };
  const Case cases[] = {
      {{{"authorization", "Bearer sk-1"}}, "sk-1"},
      {{{"authorization", "bearer   sk-1 "}}, "sk-1"},
      {{{"api-key", "sk-2"}}, "sk-2"},
      {{{"api-key", "sk-2"}, {"authorization", "Bearer sk-1"}}, "sk-1"},
      {{{"authorization", "Basic abc"}, {"api-key", "sk-2"}}, "sk-2"},
      {{{"authorization", "Basic abc"}}, nullptr},
      {{{"authorization", "Bearer "}}, nullptr},
      {{{"authorization", "Bearer"}}, nullptr},
      {{{"x-api-key", "sk-3"}}, nullptr},
      {{}, nullptr},
  };
  for (const Case& c : cases) {
    std::vector<oc_header> headers;
    for (const auto& h : c.headers) headers.push_back({oc::str(h[0]), oc::str(h[1])});
    oc_http_in in = oc::sized<oc_http_in>();
    in.headers = headers.data();
    in.n_headers = headers.size();
    oc_str key{};
    const auto status = surface->credential(surface.self(), call.handle(), &in, &key);
    EXPECT_EQ(status, c.key != nullptr ? OC_OK : OC_E_AUTH);
    if (c.key != nullptr)
      EXPECT_EQ(oc::view(key), c.key);
    else
      EXPECT_EQ(call.failure->code, "invalid_api_key");
  }
}

// ---- parse

TEST_F(SurfaceTest, ReadsARichRequest) {
  ASSERT_EQ(parse(R"({"model":"gpt-x","n":2,"stream":true,"stream_options":{"include_usage":true},"max_completion_tokens":50,
    "temperature":0.5,"top_p":1,"seed":-3,"stop":["a","b"],"user":"u","reasoning_effort":"low","logit_bias":{"1":2},
    "tool_choice":"auto","response_format":{"type":"json_object"},
    "tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"},"strict":true}},
             {"type":"web_search"}],
    "messages":[
      {"role":"system","content":"be good"},{"role":"developer","content":[{"type":"text","text":"dev"}]},
      {"role":"user","name":"bob","content":[{"type":"text","text":"look","cache_control":{"type":"ephemeral"}},
        {"type":"image_url","image_url":{"url":"data:image/png;base64,QUJD","detail":"low"}},
        {"type":"image_url","image_url":{"url":"https://x/y.png"}},
        {"type":"input_audio","input_audio":{"data":"QUJD","format":"wav"}},
        {"type":"file","file":{"file_data":"data:application/pdf;base64,QUJD","filename":"a.pdf"}},
        {"type":"file","file":{"file_id":"file-1"}},{"type":"video_url","video_url":{"url":"v"}}]},
      {"role":"assistant","content":null,"reasoning_content":"hmm","refusal":null,
        "tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"x\":"}},
                      {"id":"c2","type":"custom","custom":{"name":"g","input":"raw"}}]},
      {"role":"tool","tool_call_id":"c1","content":"42"},
      {"role":"tool","tool_call_id":"c2","content":[{"type":"text","text":"43"}]},
      {"role":"assistant","content":"no","refusal":"I will not"}]})"),
            OC_OK)
      << call.failure->message;
  EXPECT_EQ(request->n, 2u);
  EXPECT_EQ(request->flags, std::uint32_t(OC_REQ_STREAM | OC_REQ_STREAM_USAGE));
  EXPECT_EQ(request->max_output_tokens, 50u);
  EXPECT_EQ(request->set_mask, std::uint64_t(OC_SET_TEMPERATURE | OC_SET_TOP_P | OC_SET_MAX_TOKENS | OC_SET_N | OC_SET_SEED));
  EXPECT_EQ(request->seed, -3);
  EXPECT_EQ(request->n_stop, 2u);
  EXPECT_EQ(oc::view(request->ext_json), R"({"logit_bias":{"1":2}})");
  ASSERT_EQ(request->n_tools, 2u);
  EXPECT_EQ(oc::view(request->tools[0]->schema_json), R"({"type":"object"})");
  EXPECT_EQ(request->tools[0]->flags, std::uint32_t(OC_TOOLF_STRICT));
  EXPECT_EQ(request->tools[0]->ext_json.len, 0u);
  EXPECT_EQ(request->tools[1]->flags, std::uint32_t(OC_TOOLF_BUILTIN));
  EXPECT_EQ(request->tool_choice, std::uint32_t(OC_CHOICE_AUTO));
  EXPECT_EQ(request->format, std::uint32_t(OC_FORMAT_JSON));
  EXPECT_EQ(oc::view(request->reasoning_effort), "low");
  EXPECT_EQ(oc::view(request->user), "u");
  EXPECT_EQ(oc::view(request->tools[1]->ext_json), R"({"type":"web_search"})");
  ASSERT_EQ(request->n_turns, 7u);
  EXPECT_EQ(request->turns[1]->role, std::uint32_t(OC_ROLE_DEVELOPER));
  EXPECT_EQ(oc::view(request->turns[2]->name), "bob");
  EXPECT_EQ(oc::view(part(2, 0).ext_json), R"({"cache_control":{"type":"ephemeral"}})");
  EXPECT_EQ(oc::view(part(2, 1).media_type), "image/png");
  EXPECT_EQ(oc::view(part(2, 1).data_base64), "QUJD");
  EXPECT_EQ(oc::view(part(2, 1).detail), "low");
  EXPECT_EQ(part(2, 1).ext_json.len, 0u);
  EXPECT_EQ(oc::view(part(2, 2).uri), "https://x/y.png");
  EXPECT_EQ(oc::view(part(2, 3).media_type), "audio/wav");
  EXPECT_EQ(oc::view(part(2, 4).media_type), "application/pdf");
  EXPECT_EQ(oc::view(part(2, 4).name), "a.pdf");
  EXPECT_EQ(oc::view(part(2, 5).uri), "file-1");
  EXPECT_EQ(part(2, 5).flags, std::uint32_t(OC_PARTF_FILE_ID));
  EXPECT_EQ(part(2, 6).type, std::uint32_t(OC_PART_OPAQUE));
  EXPECT_EQ(part(3, 0).type, std::uint32_t(OC_PART_REASONING));
  EXPECT_EQ(oc::view(part(3, 1).tool_args_json), "{\"x\":");
  EXPECT_EQ(oc::view(part(3, 2).tool_args_json), "raw");
  EXPECT_EQ(part(3, 2).flags, std::uint32_t(OC_PARTF_CUSTOM));
  EXPECT_EQ(part(4, 0).type, std::uint32_t(OC_PART_TOOL_RESULT));
  EXPECT_EQ(oc::view(part(4, 0).text), "42");
  EXPECT_EQ(oc::view(part(5, 0).parts[0]->text), "43");
  EXPECT_EQ(part(5, 0).flags, std::uint32_t(OC_PARTF_CUSTOM));
  EXPECT_EQ(part(6, 1).type, std::uint32_t(OC_PART_REFUSAL));
}

TEST_F(SurfaceTest, AnchorsPointAtTheValues) {
  ASSERT_EQ(parse(R"( { "stream" : true, "model":"m\u0021" , "stream_options": {"include_usage" : false }, "max_tokens": 7, "n":1,
                     "messages":[{"role":"user","content":"hi"}]} )"),
            OC_OK);
  EXPECT_EQ(anchored("model"), R"("m\u0021")");
  EXPECT_EQ(oc::view(request->model), "m!");
  EXPECT_EQ(anchored("stream"), "true");
  EXPECT_EQ(anchored("stream_options"), R"({"include_usage" : false })");
  EXPECT_EQ(anchored("stream_options.include_usage"), "false");
  EXPECT_EQ(anchored("max_tokens"), "7");
  EXPECT_EQ(anchored("n"), "1");
  EXPECT_EQ(anchored("object").front(), '{');
  EXPECT_EQ(anchored("object").back(), '}');
  EXPECT_EQ(anchored("max_completion_tokens"), "");
}

TEST_F(SurfaceTest, NullMeansAbsentAndUnknownMembersAreFine) {
  EXPECT_EQ(parse(R"({"model":"m","messages":[{"role":"user","content":"hi","x":1,"name":null}],"stream":null,"n":null,"stop":null,
    "tools":null,"max_tokens":null,"stream_options":null,"temperature":null,"tool_choice":null,"brand_new":[1]})"),
            OC_OK);
  EXPECT_EQ(request->n, 1u);
  EXPECT_EQ(request->set_mask, 0u);
  EXPECT_EQ(request->tool_choice, std::uint32_t(OC_CHOICE_UNSET));
  EXPECT_EQ(oc::view(request->ext_json), R"({"brand_new":[1]})");
}

TEST_F(SurfaceTest, RefusesWhatItMustUnderstand) {
  struct Case {
    std::string_view body, param;
  };
  const Case cases[] = {
      {"", ""},
      {"{", ""},
      {"[]", ""},
      {R"({"model":"m"} x)", ""},
      {R"({"messages":[{"role":"user","content":"x"}]})", "model"},
      {R"({"model":3,"messages":[{"role":"user","content":"x"}]})", "model"},
      {R"({"model":"","messages":[{"role":"user","content":"x"}]})", "model"},
      {R"({"model":"m"})", "messages"},
      {R"({"model":"m","messages":"hi"})", "messages"},
      {R"({"model":"m","messages":[]})", "messages"},
      {R"({"model":"m","messages":["hi"]})", "messages[0]"},
      {R"({"model":"m","messages":[{"content":"x"}]})", "messages[0].role"},
      {R"({"model":"m","messages":[{"role":"user","content":"x"},{"role":"robot","content":"x"}]})", "messages[1].role"},
      {R"({"model":"m","messages":[{"role":"user","content":7}]})", "messages[0].content"},
      {R"({"model":"m","messages":[{"role":"user","content":[7]}]})", "messages[0].content[0]"},
      {R"({"model":"m","messages":[{"role":"user","content":[{"text":"x"}]}]})", "messages[0].content[0].type"},
      {R"({"model":"m","messages":[{"role":"user","content":[{"type":1}]}]})", "messages[0].content[0].type"},
      {R"({"model":"m","messages":[{"role":"user","content":[{"type":"text"}]}]})", "messages[0].content[0].text"},
      {R"({"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{}}]}]})",
       "messages[0].content[0].image_url.url"},
      {R"({"model":"m","messages":[{"role":"tool","content":"x"}]})", "messages[0].tool_call_id"},
      {R"({"model":"m","messages":[{"role":"assistant","tool_calls":{}}]})", "messages[0].tool_calls"},
      {R"({"model":"m","messages":[{"role":"assistant","tool_calls":[{"function":{"arguments":"{}"}}]}]})",
       "messages[0].tool_calls[0].function.name"},
      {R"({"model":"m","messages":[{"role":"user","content":"x"}],"stream":"yes"})", "stream"},
      {R"({"model":"m","messages":[{"role":"user","content":"x"}],"stream_options":true})", "stream_options"},
      {R"({"model":"m","messages":[{"role":"user","content":"x"}],"n":0})", "n"},
      {R"({"model":"m","messages":[{"role":"user","content":"x"}],"n":129})", "n"},
      {R"({"model":"m","messages":[{"role":"user","content":"x"}],"n":1.5})", "n"},
      {R"({"model":"m","messages":[{"role":"user","content":"x"}],"max_tokens":-1})", "max_tokens"},
      {R"({"model":"m","messages":[{"role":"user","content":"x"}],"max_completion_tokens":"9"})", "max_completion_tokens"},
      {R"({"model":"m","messages":[{"role":"user","content":"x"}],"max_tokens":99999999999999999999})", "max_tokens"},
      {R"({"model":"m","messages":[{"role":"user","content":"x"}],"stop":[1]})", "stop"},
      {R"({"model":"m","messages":[{"role":"user","content":"x"}],"tools":{}})", "tools"},
      {R"({"model":"m","messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{}}]})",
       "tools[0].function.name"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(parse(c.body), OC_E_INVALID) << c.body;
    ASSERT_TRUE(call.failure.has_value());
    EXPECT_EQ(call.failure->param, c.param) << c.body;
    EXPECT_EQ(call.failure->http_status, 400u);
    EXPECT_FALSE(call.failure->message.empty());
  }
}

TEST_F(SurfaceTest, AMemberNamedTwiceIsRefusedBecauseTwoReadersMayPickDifferentOnes) {
  for (const char* twice : {R"("model":"cheap","model":"dear")", R"("model":"cheap","mod\u0065l":"dear")",
                            R"("model":"m","max_tokens":1,"max_tokens":9)", R"("model":"m","other":1,"x":0,"other":2)",
                            R"("model":"m","n":null,"n":2)"}) {
    EXPECT_EQ(parse(std::string("{") + twice + R"(,"messages":[{"role":"user","content":"hi"}]})"), OC_E_INVALID) << twice;
    EXPECT_EQ(call.failure->code, "duplicate_parameter");
  }
}

TEST_F(SurfaceTest, AHugeNumberOfMembersIsRefusedQuickly) {
  std::string many = R"({"model":"m","messages":[{"role":"user","content":"hi"}])";
  for (int i = 0; i < 100'000; ++i) many += ",\"a" + std::to_string(i) + "\":0";
  EXPECT_EQ(parse(many + "}"), OC_E_INVALID);
}

TEST_F(SurfaceTest, InputBytesBoundTheTokens) {
  ASSERT_EQ(parse(kHello), OC_OK);
  EXPECT_EQ(request->input_bytes, kHello.size());
  // Text hidden in a member that is read once but written twice still counts.
  const std::string twice = R"({"model":"m","messages":[{"role":"user","content":")" + std::string(5000, 'x') + R"(","content":"hi"}]})";
  ASSERT_EQ(parse(twice), OC_OK);
  EXPECT_GE(request->input_bytes, 5000u);
  // A picture counts for what it is charged, not for its base64.
  const std::string image = R"({"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,)" +
                            std::string(1'000'000, 'A') + R"("}}]}]})";
  ASSERT_EQ(parse(image), OC_OK);
  EXPECT_LT(request->input_bytes, 4096u + 300);
  EXPECT_GE(request->input_bytes, 4096u);
  const std::string file = R"({"model":"m","messages":[{"role":"user","content":[{"type":"file","file":{"file_data":")" +
                           std::string(400'000, 'A') + R"("}}]}]})";
  ASSERT_EQ(parse(file), OC_OK);
  EXPECT_GE(request->input_bytes, 75'000u);
  EXPECT_LT(request->input_bytes, 76'000u);
}

TEST_F(SurfaceTest, ReadsEmbeddings) {
  ASSERT_EQ(parse(R"({"model":"e","input":["a","b"],"encoding_format":"base64"})", OC_OP_EMBED), OC_OK);
  EXPECT_EQ(request->op, std::uint32_t(OC_OP_EMBED));
  EXPECT_EQ(request->n_inputs, 2u);
  EXPECT_EQ(anchored("model"), "\"e\"");
  EXPECT_EQ(parse(R"({"model":"e","input":[1,2,3]})", OC_OP_EMBED), OC_OK);
  EXPECT_EQ(parse(R"({"model":"e"})", OC_OP_EMBED), OC_E_INVALID);
  EXPECT_EQ(call.failure->param, "input");
}

TEST_F(SurfaceTest, LegacyFunctionsAreTools) {
  ASSERT_EQ(parse(R"({"model":"m","messages":[{"role":"user","content":"hi"},
    {"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},{"role":"function","name":"f","content":"1"}],
    "functions":[{"name":"f","parameters":{}}],"function_call":{"name":"f"}})"),
            OC_OK);
  EXPECT_EQ(oc::view(request->tools[0]->name), "f");
  EXPECT_EQ(request->tool_choice, std::uint32_t(OC_CHOICE_REQUIRED));
  ASSERT_EQ(request->n_choice_names, 1u);
  EXPECT_EQ(oc::view(request->choice_names[0]), "f");
  EXPECT_EQ(part(1, 0).type, std::uint32_t(OC_PART_TOOL_CALL));
  EXPECT_EQ(part(2, 0).type, std::uint32_t(OC_PART_TOOL_RESULT));
  EXPECT_EQ(oc::view(part(1, 0).tool_id), "function_call_0");
  EXPECT_EQ(oc::view(part(2, 0).tool_id), "function_call_0");
}

// ---- whole answers

TEST_F(SurfaceTest, RendersAWholeAnswer) {
  ASSERT_EQ(parse(kHello), OC_OK);
  started("chatcmpl-abc");
  text("think", OC_EV_REASONING, 0);
  text("Hel", OC_EV_TEXT, 1);
  text("lo", OC_EV_TEXT, 1);
  tool("call_1", "f", 2);
  text("{\"a\"", OC_EV_TOOL_ARGS, 2);
  text(":1}", OC_EV_TOOL_ARGS, 2);
  ends(OC_FIN_TOOL);
  usage(3, 4);
  EXPECT_TRUE(same_json(finish(), R"({"id":"chatcmpl-abc","object":"chat.completion","created":1700000000,"model":"m",
    "choices":[{"index":0,"message":{"role":"assistant","content":"Hello","refusal":null,"reasoning_content":"think",
      "tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},
      "logprobs":null,"finish_reason":"tool_calls"}],
    "usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7,
      "prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":0,"audio_tokens":0},
      "completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0}}})"))
      << out.body;
}

TEST_F(SurfaceTest, RendersEveryChoiceAndRefusals) {
  ASSERT_EQ(parse(R"({"model":"m","n":2,"messages":[{"role":"user","content":"hi"}]})"), OC_OK);
  text("b", OC_EV_TEXT, 0, 1);
  ends(OC_FIN_LENGTH, 1);
  text("no", OC_EV_REFUSAL, 0, 0);
  ends(OC_FIN_STOP, 0);
  text("nobody asked for a third", OC_EV_TEXT, 0, 2);
  Arena arena;
  const std::string whole = finish();
  const oc_json* root = json::parse(arena, whole);
  const oc_json* choices = json::get(root, "choices");
  ASSERT_EQ(choices->size, 2u);
  EXPECT_EQ(json::get(json::get(choices->first, "message"), "refusal")->text, "no");
  EXPECT_EQ(json::get(json::get(choices->first, "message"), "content")->type, std::uint32_t(OC_JSON_NULL));
  EXPECT_EQ(json::get(choices->first->next, "finish_reason")->text, "length");
  EXPECT_TRUE(json::get(root, "id")->text.starts_with("chatcmpl-"));
}

// ---- streams

TEST_F(SurfaceTest, RendersAStreamAsOpenAiDoes) {
  ASSERT_EQ(parse(R"({"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]})"), OC_OK);
  started("chatcmpl-s");
  text("Hi");
  tool("call_1", "f", 1);
  text("{}", OC_EV_TOOL_ARGS, 1);
  tool("call_2", "g", 2);
  text("[]", OC_EV_TOOL_ARGS, 2);
  ends(OC_FIN_TOOL);
  usage(1, 1);
  const std::string head =
      R"(data: {"id":"chatcmpl-s","object":"chat.completion.chunk","created":1700000000,"model":"m","choices":[{"index":0,"delta":)";
  const std::string tail = R"(,"logprobs":null,"finish_reason":null}]})"
                           "\n\n";
  const auto chunk = [&](std::string_view delta) { return head + std::string(delta) + tail; };
  EXPECT_EQ(finish(),
            chunk(R"({"role":"assistant","content":"","refusal":null})") + chunk(R"({"content":"Hi"})") +
                chunk(R"({"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":""}}]})") +
                chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]})") +
                chunk(R"({"tool_calls":[{"index":1,"id":"call_2","type":"function","function":{"name":"g","arguments":""}}]})") +
                chunk(R"({"tool_calls":[{"index":1,"function":{"arguments":"[]"}}]})") + head +
                R"({},"logprobs":null,"finish_reason":"tool_calls"}]})" + "\n\ndata: [DONE]\n\n");
}

TEST_F(SurfaceTest, UsageInAStreamOnlyWhenAskedFor) {
  for (const bool asked : {false, true}) {
    out = FakeOut();
    test::CallState fresh(surface->call_state_size);
    std::swap(state, fresh);
    ASSERT_EQ(parse(std::string(R"({"model":"m","stream":true,)") + (asked ? R"("stream_options":{"include_usage":true},)" : "") +
                    R"("messages":[{"role":"user","content":"hi"}]})"),
              OC_OK);
    text("Hi");
    ends(OC_FIN_STOP);
    usage(5, 6);
    const std::string body = finish();
    EXPECT_EQ(body.find("\"usage\":null") != std::string::npos, asked);
    EXPECT_EQ(body.find("\"choices\":[],\"usage\":{\"prompt_tokens\":5") != std::string::npos, asked) << body;
    EXPECT_TRUE(body.ends_with("data: [DONE]\n\n"));
  }
}

TEST_F(SurfaceTest, AnErrorInAStreamIsItsLastEvent) {
  ASSERT_EQ(parse(R"({"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]})"), OC_OK);
  text("Hi");
  out.body.clear();
  oc_event e = oc::Call::event(OC_EV_ERROR);
  e.status = OC_E_UPSTREAM;
  e.text = oc::str("broke off");
  event(e);
  EXPECT_EQ(out.body, "data: {\"error\":{\"message\":\"broke off\",\"type\":\"server_error\",\"param\":null,\"code\":\"upstream_error\"}}\n\n");
}

// ---- errors and models

TEST_F(SurfaceTest, EveryStatusHasItsHttpStatusTypeAndCode) {
  struct Case {
    oc_status status;
    std::uint32_t http;
    const char *type, *code;
    bool futile;
  };
  const Case cases[] = {
      {OC_E_INVALID, 400, "invalid_request_error", nullptr, false},
      {OC_E_AUTH, 401, "invalid_request_error", "invalid_api_key", false},
      {OC_E_FUNDS, 402, "insufficient_quota", "insufficient_quota", true},
      {OC_E_NOT_FOUND, 404, "invalid_request_error", "model_not_found", false},
      {OC_E_TOO_LARGE, 413, "invalid_request_error", "request_too_large", false},
      {OC_E_RATE, 429, "rate_limit_error", "rate_limit_exceeded", false},
      {OC_E_LIMIT, 429, "insufficient_quota", "insufficient_quota", true},
      {OC_E_CANCELLED, 499, "server_error", "cancelled", false},
      {OC_E_INTERNAL, 500, "server_error", nullptr, false},
      {OC_E_UPSTREAM, 502, "server_error", "upstream_error", false},
      {OC_E_UNAVAILABLE, 503, "server_error", "server_is_overloaded", false},
      {OC_E_TIMEOUT, 504, "server_error", "timeout", false},
      {-12345, 500, "server_error", nullptr, false},
  };
  test::CallState zeroed(surface->call_state_size);
  for (const Case& c : cases) {
    FakeOut answer;
    oc_event e = oc::Call::event(OC_EV_ERROR);
    e.status = c.status;
    e.text = oc::str("words");
    ASSERT_EQ(surface->error(surface.self(), call.handle(), zeroed, &call.arena, &e, answer.handle()), OC_OK);
    EXPECT_EQ(answer.status, c.http);
    EXPECT_EQ(answer.content_type, "application/json");
    EXPECT_EQ(answer.header("x-should-retry"), c.futile ? "false" : "");
    const std::string code = c.code != nullptr ? "\"" + std::string(c.code) + "\"" : "null";
    EXPECT_EQ(answer.body, R"({"error":{"message":"words","type":")" + std::string(c.type) + R"(","param":null,"code":)" + code + "}}");
  }
}

TEST_F(SurfaceTest, AnErrorTellsWhenToComeBackAndWhatTheUpstreamSaid) {
  test::CallState zeroed(surface->call_state_size);
  oc_event e = oc::Call::event(OC_EV_ERROR);
  e.status = OC_E_INVALID;
  e.http_status = 422;
  e.retry_after_ms = 1500;
  e.code = oc::str("odd");
  e.param = oc::str("messages[0]");
  ASSERT_EQ(surface->error(surface.self(), call.handle(), zeroed, &call.arena, &e, out.handle()), OC_OK);
  EXPECT_EQ(out.status, 422u);
  EXPECT_EQ(out.header("retry-after"), "2");
  EXPECT_EQ(out.header("retry-after-ms"), "1500");
  EXPECT_NE(out.body.find(R"("param":"messages[0]","code":"odd")"), std::string::npos) << out.body;
}

TEST_F(SurfaceTest, ListsModels) {
  oc_model a = oc::sized<oc_model>(), b = oc::sized<oc_model>();
  a.id = oc::str("x/y");
  a.created_s = 5;
  b.id = oc::str("z");
  b.owned_by = oc::str("me");
  const oc_model* list[] = {&a, &b};
  oc_http_in asked = oc::sized<oc_http_in>();
  asked.op = OC_OP_LIST_MODELS;
  ASSERT_EQ(surface->models(surface.self(), call.handle(), &call.arena, &asked, list, 2, out.handle()), OC_OK);
  EXPECT_EQ(out.body, R"({"object":"list","data":[{"id":"x/y","object":"model","created":5,"owned_by":"1chat"},)"
                      R"({"id":"z","object":"model","created":0,"owned_by":"me"}]})");
  FakeOut one;
  asked.op = OC_OP_GET_MODEL;
  ASSERT_EQ(surface->models(surface.self(), call.handle(), &call.arena, &asked, list, 1, one.handle()), OC_OK);
  EXPECT_EQ(one.body, R"({"id":"x/y","object":"model","created":5,"owned_by":"1chat"})");
}

}  // namespace
}  // namespace onechat::openai_chat
