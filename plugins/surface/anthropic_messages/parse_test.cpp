// What a client may say, and how it is understood.
#include "common/base64.hpp"
#include "common/state_token.hpp"
#include "fixture_test.hpp"

namespace onechat::anthropic_messages {
namespace {

using test::same_json;

struct ParseTest : SurfaceFixture {
  void version(std::string_view v) { headers = {{oc::str("anthropic-version"), oc::str(v)}}; }
  // A request of one user message with this content.
  std::string asking(std::string_view content, std::string_view more = "") {
    return R"({"model":"m","max_tokens":1,"messages":[{"role":"user","content":)" + std::string(content) + "}]" +
           std::string(more) + "}";
  }
};

TEST_F(ParseTest, ServesItsRoutesAndClaimsTheSharedOnes) {
  const oc_route* const* routes = nullptr;
  ASSERT_EQ(surface->routes(surface.self(), &routes), 4u);
  EXPECT_EQ(oc::view(routes[0]->path), "/v1/messages");
  EXPECT_EQ(routes[1]->op, std::uint32_t(OC_OP_COUNT_TOKENS));
  EXPECT_EQ(oc::view(routes[1]->path), "/v1/messages/count_tokens");
  EXPECT_EQ(oc::view(routes[0]->claim_header), "");
  for (int shared : {2, 3}) EXPECT_EQ(oc::view(routes[shared]->claim_header), "anthropic-version");
  EXPECT_EQ(oc::view(surface->prefix), "/anthropic");
  EXPECT_EQ(oc::view(surface->request_id_header), "request-id");
  EXPECT_EQ(surface->flags & OC_SURF_CARRIES_STATE, std::uint32_t(OC_SURF_CARRIES_STATE));
}

TEST_F(ParseTest, FindsTheKey) {
  struct Case {
    std::vector<std::array<const char*, 2>> headers;
    const char* key;  // nullptr: refused
  };
  for (const Case& c : std::initializer_list<Case>{{{{"x-api-key", " k1 "}}, "k1"},
                                                   {{{"authorization", "Bearer k2"}}, "k2"},
                                                   {{{"authorization", "Bearer k2"}, {"x-api-key", "k1"}}, "k1"},
                                                   {{{"authorization", "Basic k2"}}, nullptr},
                                                   {{{"api-key", "k3"}}, nullptr},
                                                   {{}, nullptr}}) {
    headers.clear();
    for (const auto& h : c.headers) headers.push_back({oc::str(h[0]), oc::str(h[1])});
    const oc_http_in h = in(OC_OP_GENERATE);
    oc_str key{};
    EXPECT_EQ(surface->credential(surface.self(), call.handle(), &h, &key), c.key != nullptr ? OC_OK : OC_E_AUTH);
    if (c.key != nullptr)
      EXPECT_EQ(oc::view(key), c.key);
    else
      EXPECT_EQ(call.failure->http_status, 401u);
  }
}

TEST_F(ParseTest, ReadsEveryParameter) {
  headers = {{oc::str("anthropic-version"), oc::str("2023-06-01")}, {oc::str("anthropic-beta"), oc::str("a,b")},
             {oc::str("x-other"), oc::str("1")}};
  ASSERT_EQ(parse(R"({"model":"claude","max_tokens":100,"stream":true,"temperature":0.5,"top_p":0.9,"top_k":40,
    "stop_sequences":["a","b"],"system":"be good","metadata":{"user_id":"u","x":1},"service_tier":"standard_only",
    "thinking":{"type":"enabled","budget_tokens":2048},"context_management":{"edits":[]},"speed":"fast",
    "output_config":{"effort":"high","format":{"type":"json_schema","schema":{"type":"object"}}},
    "tools":[{"name":"f","description":"d","input_schema":{"type":"object"},"strict":true,"cache_control":{"type":"ephemeral"}},
             {"type":"custom","name":"g","input_schema":{}},{"type":"web_search_20250305","name":"web_search","max_uses":3}],
    "tool_choice":{"type":"tool","name":"f","disable_parallel_tool_use":true},
    "messages":[{"role":"user","content":"hi"}]})"),
            OC_OK)
      << call.failure->message;
  const oc_request& r = *request;
  EXPECT_EQ(oc::view(r.dialect), "anthropic_messages");
  EXPECT_EQ(oc::view(r.model), "claude");
  EXPECT_EQ(r.flags, std::uint32_t(OC_REQ_STREAM | OC_REQ_STREAM_USAGE | OC_REQ_SHOW_REASONING | OC_REQ_SERIAL_TOOLS | OC_REQ_FORMAT_STRICT));
  EXPECT_EQ(r.set_mask, std::uint64_t(OC_SET_MAX_TOKENS | OC_SET_TEMPERATURE | OC_SET_TOP_P | OC_SET_TOP_K | OC_SET_REASONING_BUDGET));
  EXPECT_EQ(r.max_output_tokens, 100u);
  EXPECT_EQ(r.temperature, 0.5);
  EXPECT_EQ(r.top_k, 40);
  EXPECT_EQ(r.reasoning_budget, 2048);
  EXPECT_EQ(oc::view(r.reasoning_effort), "high");
  EXPECT_EQ(r.format, std::uint32_t(OC_FORMAT_JSON_SCHEMA));
  EXPECT_EQ(oc::view(r.format_schema_json), R"({"type":"object"})");
  EXPECT_EQ(oc::view(r.user), "u");
  EXPECT_EQ(oc::view(r.service_tier), "standard_only");
  EXPECT_EQ(r.n_stop, 2u);
  EXPECT_EQ(r.tool_choice, std::uint32_t(OC_CHOICE_REQUIRED));
  ASSERT_EQ(r.n_choice_names, 1u);
  EXPECT_EQ(oc::view(r.choice_names[0]), "f");
  ASSERT_EQ(r.n_tools, 3u);
  EXPECT_EQ(r.tools[0]->flags, std::uint32_t(OC_TOOLF_STRICT));
  EXPECT_EQ(oc::view(r.tools[0]->ext_json), R"({"cache_control":{"type":"ephemeral"}})");
  EXPECT_EQ(r.tools[1]->flags, 0u);
  EXPECT_EQ(r.tools[2]->flags, std::uint32_t(OC_TOOLF_BUILTIN));
  EXPECT_TRUE(same_json(oc::view(r.tools[2]->ext_json), R"({"type":"web_search_20250305","name":"web_search","max_uses":3})"));
  EXPECT_TRUE(same_json(oc::view(r.ext_json), R"({"context_management":{"edits":[]},"speed":"fast","metadata":{"x":1}})"))
      << oc::view(r.ext_json);
  ASSERT_EQ(r.n_turns, 2u);
  EXPECT_EQ(r.turns[0]->role, std::uint32_t(OC_ROLE_SYSTEM));
  EXPECT_EQ(oc::view(part(0, 0).text), "be good");
  ASSERT_EQ(r.n_headers, 2u);
  EXPECT_EQ(oc::view(r.headers[1].value), "a,b");
}

TEST_F(ParseTest, ReadsEveryBlock) {
  ASSERT_EQ(parse(R"({"model":"m","max_tokens":1,"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}],"messages":[
    {"role":"user","content":[{"type":"text","text":"t","cache_control":{"type":"ephemeral"}},
      {"type":"image","source":{"type":"base64","media_type":"image/png","data":"QUJD"}},
      {"type":"image","source":{"type":"url","url":"https://x/y.png"}},
      {"type":"image","source":{"type":"file","file_id":"file_1"}},
      {"type":"document","title":"T","context":"c","source":{"type":"base64","media_type":"application/pdf","data":"QUJD"}},
      {"type":"document","source":{"type":"text","media_type":"text/plain","data":"words"}},
      {"type":"document","source":{"type":"url","url":"https://x/y.pdf"}},
      {"type":"document","source":{"type":"file","file_id":"file_2"}},
      {"type":"document","title":"T","source":{"type":"content","content":[{"type":"text","text":"one"},{"type":"text","text":"two"}]}},
      {"type":"search_result","source":"https://s","title":"R","content":[{"type":"text","text":"found"}]},
      {"type":"container_upload","file_id":"f"}]},
    {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"SIG"},{"type":"thinking","thinking":"","signature":"S2"},
      {"type":"redacted_thinking","data":"RED"},{"type":"text","text":"a"},
      {"type":"tool_use","id":"t1","name":"f","input":{"x": 1},"caller":{"type":"direct"}},
      {"type":"server_tool_use","id":"st","name":"web_search","input":{}}]},
    {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","is_error":true,"content":[{"type":"text","text":"42"},
       {"type":"image","source":{"type":"base64","media_type":"image/png","data":"QUJD"}},{"type":"tool_reference","tool_name":"q"}]},
      {"type":"tool_result","tool_use_id":"t2","content":"plain"},{"type":"tool_result","tool_use_id":"t3"}]},
    {"role":"system","content":"now be brief"}]})"),
            OC_OK)
      << call.failure->message;
  ASSERT_EQ(request->n_turns, 5u);
  EXPECT_EQ(oc::view(part(0, 0).ext_json), R"({"cache_control":{"type":"ephemeral"}})");
  ASSERT_EQ(request->turns[1]->n_parts, 11u);
  EXPECT_EQ(oc::view(part(1, 1).media_type), "image/png");
  EXPECT_EQ(oc::view(part(1, 1).data_base64), "QUJD");
  EXPECT_EQ(oc::view(part(1, 2).uri), "https://x/y.png");
  EXPECT_EQ(part(1, 3).flags, std::uint32_t(OC_PARTF_FILE_ID));
  EXPECT_EQ(part(1, 4).type, std::uint32_t(OC_PART_FILE));
  EXPECT_EQ(oc::view(part(1, 4).name), "T");
  EXPECT_EQ(oc::view(part(1, 4).ext_json), R"({"context":"c"})");
  oc::Call oc_call{host.table(), call.handle(), &call.arena};
  EXPECT_EQ(dialect::base64_decode(oc_call, oc::view(part(1, 5).data_base64)), "words");
  EXPECT_EQ(oc::view(part(1, 5).media_type), "text/plain");
  EXPECT_EQ(oc::view(part(1, 6).uri), "https://x/y.pdf");
  EXPECT_EQ(part(1, 7).flags, std::uint32_t(OC_PARTF_FILE_ID));
  EXPECT_EQ(part(1, 8).type, std::uint32_t(OC_PART_TEXT));
  EXPECT_EQ(oc::view(part(1, 8).text), "T\none\ntwo");
  EXPECT_EQ(oc::view(part(1, 9).text), "R\nhttps://s\nfound");
  EXPECT_EQ(part(1, 10).type, std::uint32_t(OC_PART_OPAQUE));
  ASSERT_EQ(request->turns[2]->n_parts, 6u);
  EXPECT_EQ(oc::view(part(2, 0).opaque), "SIG");
  EXPECT_EQ(oc::view(part(2, 0).opaque_origin), "anthropic_messages/");
  EXPECT_EQ(oc::view(part(2, 0).text), "hm");
  EXPECT_EQ(oc::view(part(2, 1).text), "");
  EXPECT_EQ(oc::view(part(2, 2).opaque), "redacted:RED");
  EXPECT_EQ(oc::view(part(2, 4).tool_args_json), R"({"x": 1})");
  EXPECT_EQ(oc::view(part(2, 4).ext_json), R"({"caller":{"type":"direct"}})");
  EXPECT_EQ(part(2, 5).type, std::uint32_t(OC_PART_OPAQUE));
  EXPECT_EQ(part(3, 0).flags, std::uint32_t(OC_PARTF_ERROR));
  ASSERT_EQ(part(3, 0).n_parts, 3u);
  EXPECT_EQ(part(3, 0).parts[1]->type, std::uint32_t(OC_PART_IMAGE));
  EXPECT_EQ(oc::view(part(3, 1).text), "plain");
  EXPECT_EQ(part(3, 2).n_parts, 0u);
  EXPECT_EQ(request->turns[4]->role, std::uint32_t(OC_ROLE_SYSTEM));
}

TEST_F(ParseTest, ThinkingIsOffOnOrTheModelsOwnAffair) {
  struct Case {
    const char* thinking;
    std::int64_t budget;
    bool set, show;
    const char* ext;
  };
  for (const Case& c : std::initializer_list<Case>{
           {R"({"type":"disabled"})", 0, true, false, ""},
           {R"({"type":"adaptive"})", -1, true, true, ""},
           {R"({"type":"adaptive","display":"summarized"})", -1, true, true, R"({"thinking":{"display":"summarized"}})"},
           {R"({"type":"enabled","budget_tokens":1024,"display":"omitted"})", 1024, true, false,
            R"({"thinking":{"display":"omitted"}})"},
           {R"({"type":"between_tools","x":1})", -1, true, true, R"({"thinking":{"type":"between_tools","x":1}})"},
           {"null", 0, false, false, ""}}) {
    ASSERT_EQ(parse(asking(R"("hi")", R"(,"thinking":)" + std::string(c.thinking))), OC_OK);
    EXPECT_EQ(request->reasoning_budget, c.budget) << c.thinking;
    EXPECT_EQ((request->set_mask & OC_SET_REASONING_BUDGET) != 0, c.set);
    EXPECT_EQ((request->flags & OC_REQ_SHOW_REASONING) != 0, c.show);
    EXPECT_EQ(oc::view(request->ext_json), c.ext);
  }
}

TEST_F(ParseTest, WhatIsNotKnownYetIsCarriedAlong) {
  ASSERT_EQ(parse(asking(R"("hi")", R"(,"tool_choice":{"type":"brand_new"},"output_format":{"type":"grammar","g":1},
     "output_config":{"effort":"galactic","x":2},"metadata":{"user_id":null},"tools":[{"name":"f","input_schema":{},"description":""}])")),
            OC_OK)
      << call.failure->message;
  EXPECT_EQ(request->tool_choice, std::uint32_t(OC_CHOICE_UNSET));
  EXPECT_EQ(oc::view(request->reasoning_effort), "galactic");
  EXPECT_TRUE(same_json(oc::view(request->ext_json),
                        R"({"tool_choice":{"type":"brand_new"},"output_format":{"type":"grammar","g":1},"output_config":{"x":2},
                            "metadata":{"user_id":null}})"))
      << oc::view(request->ext_json);
  EXPECT_EQ(oc::view(request->tools[0]->ext_json), R"({"description":""})");
}

TEST_F(ParseTest, AnswersErrorsWithTheirPlace) {
  struct Case {
    std::string body;
    const char *param, *words;
  };
  const std::string tail = R"(,"messages":[{"role":"user","content":"x"}]})";
  const Case cases[] = {
      {"{", "", "not valid JSON"},
      {"[]", "", "JSON object"},
      {R"({"max_tokens":1)" + tail, "model", "required"},
      {R"({"model":7,"max_tokens":1)" + tail, "model", "valid string"},
      {R"({"model":"m")" + tail, "max_tokens", "required"},
      {R"({"model":"m","max_tokens":"1")" + tail, "max_tokens", "valid integer"},
      {R"({"model":"m","max_tokens":-1)" + tail, "max_tokens", "greater"},
      {R"({"model":"m","max_tokens":1,"messages":[]})", "messages", "at least one"},
      {R"({"model":"m","max_tokens":1})", "messages", "required"},
      {R"({"model":"m","max_tokens":1,"max_tokens":2)" + tail, "max_tokens", "twice"},
      {R"({"model":"m","max_tokens":1,"x":1,"x":2)" + tail, "x", "twice"},
      {R"({"model":"m","max_tokens":1,"stream":"yes")" + tail, "stream", "boolean"},
      {R"({"model":"m","max_tokens":1,"temperature":"hot")" + tail, "temperature", "number"},
      {R"({"model":"m","max_tokens":1,"top_k":1.5)" + tail, "top_k", "integer"},
      {R"({"model":"m","max_tokens":1,"stop_sequences":["a",1])" + tail, "stop_sequences.1", "string"},
      {R"({"model":"m","max_tokens":1,"tools":[{"name":"f"}])" + tail, "tools.0.input_schema", "required"},
      {R"({"model":"m","max_tokens":1,"tools":[{"input_schema":{}}])" + tail, "tools.0.name", "required"},
      {R"({"model":"m","max_tokens":1,"tool_choice":"auto")" + tail, "tool_choice", "dictionary"},
      {R"({"model":"m","max_tokens":1,"tool_choice":{"type":"tool"})" + tail, "tool_choice.name", "required"},
      {R"({"model":"m","max_tokens":1,"thinking":{"type":"enabled"})" + tail, "thinking.enabled.budget_tokens", "required"},
      {R"({"model":"m","max_tokens":1,"output_config":{"format":{"type":"json_schema"}})" + tail, "output_config.format.schema", "required"},
      {asking(R"([{"type":"text"}])"), "messages.0.content.0.text", "required"},
      {asking(R"([{"text":"x"}])"), "messages.0.content.0.type", "required"},
      {asking(R"([{"type":"image","source":{"type":"base64","data":"x"}}])"), "messages.0.content.0.source.media_type", "required"},
      {asking(R"([{"type":"tool_result","content":"x"}])"), "messages.0.content.0.tool_use_id", "required"},
      {asking(R"([{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":1}]}])"),
       "messages.0.content.0.content.0.text", "string"},
      {asking("7"), "messages.0.content", "list"},
      {asking("null"), "messages.0.content", "required"},
      {R"({"model":"m","max_tokens":1,"messages":[{"role":"tool","content":"x"}]})", "messages.0.role", "'user'"},
      {R"({"model":"m","max_tokens":1,"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f"}]}]})",
       "messages.0.content.0.input", "required"},
      {R"({"model":"m","max_tokens":1,"system":7)" + tail, "system", "list"},
  };
  for (const Case& c : cases) {
    ASSERT_EQ(parse(c.body), OC_E_INVALID) << c.body;
    EXPECT_EQ(call.failure->param, c.param) << c.body;
    EXPECT_EQ(call.failure->http_status, 400u);
    std::string lower = call.failure->message;
    for (char& ch : lower) ch = static_cast<char>(std::tolower(ch));
    std::string wanted = c.words;
    for (char& ch : wanted) ch = static_cast<char>(std::tolower(ch));
    EXPECT_NE(lower.find(wanted), std::string::npos) << call.failure->message;
  }
}

TEST_F(ParseTest, BothVersionsOfTheApiAreServed) {
  const std::string plain = asking(R"("hi")");
  for (const char* v : {"2023-06-01", "2026-10-21"}) {
    version(v);
    EXPECT_EQ(parse(plain), OC_OK) << v;
  }
  version("2019-01-01");
  EXPECT_EQ(parse(plain), OC_E_INVALID);
  EXPECT_EQ(call.failure->param, "anthropic-version");
  headers.clear();
  EXPECT_EQ(parse(asking(R"("hi")", R"(,"temperature":1)")), OC_OK) << "without the header the older version holds";
}

TEST_F(ParseTest, TheNewerVersionHasItsOwnRules) {
  struct Case {
    std::string body;
    const char* param;
  };
  const std::string cited = R"([{"type":"text","text":"x","citations":[{"type":"char_location"}]}])";
  const std::string document = R"([{"type":"document","source":{"type":"text","data":"x","media_type":"text/plain"}}])";
  const Case cases[] = {
      {asking(R"("hi")", R"(,"temperature":1)"), "temperature"},
      {asking(R"("hi")", R"(,"top_p":0.5)"), "top_p"},
      {asking(R"("hi")", R"(,"top_k":5)"), "top_k"},
      {asking(cited), "messages.0.content.0.citations"},
      {R"({"model":"m","max_tokens":1,"messages":[{"role":"assistant","content":)" + document + "}]}", "messages.0.content.0"},
  };
  for (const Case& c : cases) {
    version("2026-10-21");
    EXPECT_EQ(parse(c.body), OC_E_INVALID) << c.body;
    EXPECT_EQ(call.failure->param, c.param);
    version("2023-06-01");
    EXPECT_EQ(parse(c.body), OC_OK) << c.body;
  }
  version("2026-10-21");
  EXPECT_EQ(parse(asking(R"([{"type":"text","text":"x","citations":[]}])")), OC_OK);
  EXPECT_EQ(parse(asking(document, R"(,"temperature":null)")), OC_OK);
}

TEST_F(ParseTest, CountingNeedsNeitherLimitNorStream) {
  ASSERT_EQ(parse(R"({"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true})", OC_OP_COUNT_TOKENS), OC_OK);
  EXPECT_EQ(request->flags, 0u);
  EXPECT_EQ(request->op, std::uint32_t(OC_OP_COUNT_TOKENS));
}

TEST_F(ParseTest, AnchorsPointAtTheValuesAndMediaWeighLess) {
  const std::string data(40'000, 'A');
  ASSERT_EQ(parse(asking(R"([{"type":"image","source":{"type":"base64","media_type":"image/png","data":")" + data + R"("}}])")), OC_OK);
  EXPECT_LT(request->input_bytes, 8'000u);
  for (std::uint64_t i = 0; i < request->n_anchors; ++i) {
    const auto at = std::string_view(body).substr(request->anchors[i].offset, request->anchors[i].length);
    const auto name = oc::view(request->anchors[i].name);
    EXPECT_EQ(at, name == "model" ? "\"m\"" : name == "max_tokens" ? "1" : std::string_view(body));
  }
}

// State of other dialects comes back where it was put.
TEST_F(ParseTest, ForeignStateReturnsToItsPart) {
  oc::Call oc_call{host.table(), call.handle(), &call.arena};
  const std::string token(dialect::to_slot(oc_call, "anthropic_messages", "enc", "openai_responses/o4"));
  const std::string previous(dialect::to_slot(oc_call, "anthropic_messages", "previous:sig", "gemini/g-3"));
  ASSERT_EQ(parse(R"({"model":"m","max_tokens":1,"messages":[{"role":"assistant","content":[
      {"type":"thinking","thinking":"sum","signature":")" + token + R"("},{"type":"redacted_thinking","data":")" + token + R"("},
      {"type":"tool_use","id":"t","name":"f","input":{}},{"type":"redacted_thinking","data":")" + previous + R"("}]}]})"),
            OC_OK)
      << call.failure->message;
  ASSERT_EQ(request->turns[0]->n_parts, 3u);
  EXPECT_EQ(oc::view(part(0, 0).opaque), "enc");
  EXPECT_EQ(oc::view(part(0, 0).opaque_origin), "openai_responses/o4");
  EXPECT_EQ(oc::view(part(0, 1).opaque), "enc");
  EXPECT_EQ(oc::view(part(0, 2).opaque), "sig");
  EXPECT_EQ(oc::view(part(0, 2).opaque_origin), "gemini/g-3");
  EXPECT_EQ(part(0, 2).type, std::uint32_t(OC_PART_TOOL_CALL));
}

}  // namespace
}  // namespace onechat::anthropic_messages
