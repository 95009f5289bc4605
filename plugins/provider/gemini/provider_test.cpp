#include "fixture_test.hpp"

namespace onechat::gemini {
namespace {

// ---- where requests go

TEST_F(GeminiProvider, TheUrlNamesModelAndOperation) {
  struct Row {
    std::uint32_t op, flags;
    bool straight;
    const char* path;
    std::uint32_t framing;
  };
  const Row rows[] = {
      {OC_OP_GENERATE, 0, true, "/models/target:generateContent", OC_FRAME_BODY},
      {OC_OP_GENERATE, OC_REQ_STREAM, true, "/models/target:streamGenerateContent?alt=sse", OC_FRAME_SSE},
      {OC_OP_GENERATE, OC_REQ_STREAM | OC_REQ_JSON_ARRAY, true, "/models/target:streamGenerateContent",
       OC_FRAME_JSON_ARRAY},
      {OC_OP_GENERATE, OC_REQ_STREAM | OC_REQ_JSON_ARRAY, false, "/models/target:streamGenerateContent?alt=sse",
       OC_FRAME_SSE},
      {OC_OP_COUNT_TOKENS, 0, true, "/models/target:countTokens", OC_FRAME_BODY},
      {OC_OP_COUNT_TOKENS, 0, false, "/models/target:countTokens", OC_FRAME_BODY},
      {OC_OP_EMBED, 0, true, "/models/target:embedContent", OC_FRAME_BODY},
  };
  for (const Row& r : rows) {
    ASSERT_EQ(build(own("{}", {}, r.flags, r.op), r.straight), OC_OK);
    EXPECT_EQ(path(), r.path);
    EXPECT_EQ(http.framing, r.framing) << r.path;
    EXPECT_EQ(http.straight, r.straight ? 1u : 0u);
    EXPECT_EQ(header("x-goog-api-key"), "sk-secret-key");
    EXPECT_EQ(header("content-type"), "application/json");
  }
  oc_request odd = own("{}", {});
  odd.model = oc::str("a/../b");
  EXPECT_EQ(build(odd, true), OC_E_NOT_FOUND);
  EXPECT_EQ(build(own("{}", {}, 0, OC_OP_LIST_MODELS), true), OC_E_UNSUPPORTED);
}

TEST(GeminiSettings, AHostAloneMeansItsBetaVersion) {
  test::FakeHost host;
  test::FakeCall fake;
  const oc::Call call{host.table(), fake.handle(), &fake.arena};
  const auto version = [&](const char* json) { return Settings(call.parse(std::string_view(json))).version; };
  EXPECT_EQ(version(R"({"base_url":"https://generativelanguage.googleapis.com"})"), "/v1beta");
  EXPECT_EQ(version(R"({"base_url":"http://127.0.0.1:1/"})"), "/v1beta");
  EXPECT_EQ(version(R"({"base_url":"https://generativelanguage.googleapis.com/v1"})"), "");
  EXPECT_EQ(version("{}"), "");
}

TEST_F(GeminiProvider, AStraightBodyChangesOnlyWhereItNamesTheModel) {
  ASSERT_EQ(build(own(R"({"contents": [ ], "x" : 1.0})", {}), true), OC_OK);
  EXPECT_EQ(sent(), raw);
  ASSERT_EQ(build(own(R"({"model": "models/alias", "contents":[]})", {"\"models/alias\""}), true), OC_OK);
  EXPECT_EQ(sent(), R"({"model": "models/target", "contents":[]})");
  ASSERT_EQ(build(own(R"({"model":"target"})", {"\"target\""}), true), OC_OK);
  EXPECT_EQ(http.n_splices, 0u);
  oc_request batch =
      own(R"({"requests":[{"model":"models/a"},{"model":"b"}]})", {"\"models/a\"", "\"b\""}, 0, OC_OP_EMBED);
  anchors.push_back({oc::str("requests"), 12, 1});
  batch.anchors = anchors.data();
  batch.n_anchors = anchors.size();
  ASSERT_EQ(build(batch, true), OC_OK);
  EXPECT_EQ(path(), "/models/target:batchEmbedContents");
  EXPECT_EQ(sent(), R"({"requests":[{"model":"models/target"},{"model":"target"}]})");
}

TEST_F(GeminiProvider, CredentialsAndHeaders) {
  create(R"({"api_key":"tok","api_key_header":"authorization","headers":{"x-goog-user-project":"p"}})");
  begin_whole();
  EXPECT_EQ(header("authorization"), "Bearer tok");
  EXPECT_EQ(header("x-goog-api-key"), "");
  EXPECT_EQ(header("x-goog-user-project"), "p");
  create("{}");
  begin_whole();
  EXPECT_EQ(header("x-goog-api-key"), "");
  EXPECT_THROW(create("{\"headers\":{\"a b\":\"x\"}}"), std::runtime_error);
  EXPECT_THROW(create("{\"api_key\":\"x\\r\\ny: z\"}"), std::runtime_error);
}

TEST_F(GeminiProvider, AnInstanceSaysWhatItCan) {
  create(R"({"cancel_stops_billing":false})");
  const auto* caps = static_cast<const std::uint64_t*>(kComponent.get_ext(provider->self(), "onechat.instance_caps/1"));
  ASSERT_NE(caps, nullptr);
  EXPECT_EQ(*caps, Provider::kCaps & ~std::uint64_t(OC_PROV_CAP_CANCEL_STOPS_BILLING));
  EXPECT_TRUE(Provider::kCaps & OC_PROV_CAP_COUNT_TOKENS);
  EXPECT_TRUE(Provider::kCaps & OC_PROV_CAP_STATE);
}

// ---- answers

TEST_F(GeminiProvider, TextAndThoughtsAreParts) {
  begin_stream();
  parts(R"({"text":"hm","thought":true})");
  parts(R"({"text":"m","thought":true},{"text":"Hel"})");
  parts(R"({"text":"lo"},{"text":""})", R"(,"finishReason":"STOP")");
  EXPECT_EQ(told(), "start think0:hm think0:m end0 text1:Hel text1:lo end1 finish1");
  EXPECT_EQ(finish(), OC_OK);
}

TEST_F(GeminiProvider, SignaturesNameTheirOrigin) {
  begin_stream("gemini-3-pro");
  parts(R"({"text":"plan","thought":true,"thoughtSignature":"s0"})");
  parts(
      R"({"functionCall":{"name":"f","args":{"a":1}},"thoughtSignature":"s1"},{"functionCall":{"id":"x","name":"g"}})");
  parts(R"({"text":"","thoughtSignature":"s2"})", R"(,"finishReason":"STOP")");
  EXPECT_EQ(told(),
            "start think0:plan state0:s0@gemini/gemini-3-pro end0 "
            "tool1:f state1:s1@gemini/gemini-3-pro args1:{\"a\":1} end1 tool2:g args2:{} end2 "
            "think3: state3:s2@gemini/gemini-3-pro end3 finish3");
  EXPECT_EQ(finish(), OC_OK);
  begin_stream("m");
  parts(R"({"text":"Hello"})");
  parts(R"({"text":"","thoughtSignature":"a"})");
  parts(R"({"text":" you","thoughtSignature":"b"})", R"(,"finishReason":"STOP")");
  EXPECT_EQ(told(), "start text0:Hello state0:a@gemini/m end0 text1: you state1:b@gemini/m end1 finish1");
}

TEST_F(GeminiProvider, CallsWithoutAnIdGetOneOfTheirOwn) {
  std::vector<std::string> ids;
  for (const char* answer : {"r1", "r2", "r1"}) {
    begin_stream();
    ASSERT_EQ(frame(std::string(R"({"responseId":")") + answer +
                    R"(","candidates":[{"content":{"parts":[{"functionCall":{"name":"f"}},
        {"functionCall":{"name":"f"}},{"functionCall":{"id":"own","name":"f"}}]},"finishReason":"STOP"}]})"),
              OC_OK);
    for (const Event& e : call.events)
      if (e.type == OC_EV_TOOL_BEGIN) ids.push_back(e.tool_id);
  }
  ASSERT_EQ(ids.size(), 9u);
  EXPECT_NE(ids[0], ids[1]);
  EXPECT_NE(ids[0], ids[3]);
  EXPECT_EQ(ids[0], ids[6]);  // the same bytes, the same events
  EXPECT_EQ(ids[2], "own");
}

TEST_F(GeminiProvider, TheToolReasonNeverHidesARealOne) {
  struct Row {
    const char* reason;
    std::uint32_t finish;
  };
  for (const Row& r : {Row{"STOP", OC_FIN_TOOL}, Row{"MAX_TOKENS", OC_FIN_LENGTH}, Row{"SAFETY", OC_FIN_FILTER},
                       Row{"UNEXPECTED_TOOL_CALL", OC_FIN_MALFORMED_TOOL}}) {
    begin_stream();
    parts(R"({"functionCall":{"name":"f","args":{}}})");
    parts(R"({"text":""})", std::string(R"(,"finishReason":")") + r.reason + "\"");  // in a later chunk, as Google does
    EXPECT_EQ(call.last(OC_EV_FINISH)->finish, r.finish) << r.reason;
    EXPECT_EQ(finish(), OC_OK);
  }
}

TEST_F(GeminiProvider, WordsThatOnlyGoogleHasTravelAlong) {
  begin_stream();
  parts("", R"(,"finishReason":"RECITATION","finishMessage":"too close")");
  EXPECT_EQ(call.last(OC_EV_FINISH)->ext_json, R"({"finishReason":"RECITATION","finishMessage":"too close"})");
  begin_stream();
  parts("", R"(,"finishReason":"SAFETY")");
  EXPECT_EQ(call.last(OC_EV_FINISH)->ext_json, "");
}

TEST_F(GeminiProvider, ABlockedPromptIsAFilteredAnswer) {
  for (const bool whole : {true, false}) {
    whole ? begin_whole() : begin_stream();
    ASSERT_EQ(
        frame(
            R"({"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{"promptTokenCount":4,"totalTokenCount":4}})"),
        OC_OK);
    EXPECT_EQ(told(), "start finish4 usage");
    EXPECT_EQ(call.last(OC_EV_FINISH)->ext_json, R"({"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"}})");
    EXPECT_TRUE(call.last(OC_EV_USAGE)->usage.flags & OC_USAGE_FINAL);
    EXPECT_EQ(finish(), OC_OK);
  }
}

TEST_F(GeminiProvider, OnlyAReasonMakesAStreamComplete) {
  begin_stream();
  parts(R"({"text":"Hel"})");
  EXPECT_EQ(finish(), OC_E_UPSTREAM);
  begin_stream();
  parts(R"({"text":"Hel"})", R"(,"finishReason":"FINISH_REASON_UNSPECIFIED")");
  EXPECT_EQ(finish(), OC_E_UPSTREAM);
  begin_stream();
  EXPECT_EQ(finish(), OC_E_UPSTREAM);
  begin_stream();
  parts(R"({"text":"Hel"})");
  EXPECT_EQ(finish(OC_E_IO), OC_E_IO);
  begin_stream();  // the connection died after everything was said
  parts("", R"(,"finishReason":"STOP")");
  ASSERT_EQ(frame(R"({"usageMetadata":{"promptTokenCount":1}})"), OC_OK);
  EXPECT_EQ(finish(OC_E_IO), OC_OK);
  begin_stream();  // one of two candidates is still at it
  ASSERT_EQ(
      frame(R"({"candidates":[{"index":0,"finishReason":"STOP"},{"index":1,"content":{"parts":[{"text":"a"}]}}]})"),
      OC_OK);
  EXPECT_EQ(finish(), OC_E_UPSTREAM);
  begin_whole();
  ASSERT_EQ(frame("{}"), OC_OK);
  EXPECT_EQ(finish(), OC_E_UPSTREAM);
}

TEST_F(GeminiProvider, ErrorsInsideAStream) {
  for (const char* chunk : {R"({"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}})",
                            R"([{"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}])"}) {
    begin_stream();
    parts(R"({"text":"Hel"})");
    ASSERT_EQ(frame(chunk), OC_OK);
    EXPECT_EQ(call.events.back().type, static_cast<std::uint32_t>(OC_EV_ERROR));
    EXPECT_EQ(call.events.back().status, OC_E_UNAVAILABLE);
    EXPECT_EQ(call.events.back().text, "overloaded");
    const auto n = call.events.size();
    parts(R"({"text":"lo"})", R"(,"finishReason":"STOP")");
    EXPECT_EQ(call.events.size(), n);  // nothing follows an error
    EXPECT_EQ(finish(), OC_E_UPSTREAM);
  }
  begin_stream();
  EXPECT_EQ(frame("{\"candidates\":"), OC_OK);  // the client sees it as it is
  EXPECT_EQ(frame("{\"candidates\":", false), OC_E_UPSTREAM);
}

TEST_F(GeminiProvider, UsageIsReportedAsItGrowsAndFinalAtTheEnd) {
  begin_stream();
  ASSERT_EQ(
      frame(
          R"({"candidates":[{"content":{"parts":[{"text":"a"}]}}],"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":1}})"),
      OC_OK);
  EXPECT_EQ(call.last(OC_EV_USAGE)->usage.flags, static_cast<std::uint32_t>(OC_USAGE_CUMULATIVE));
  ASSERT_EQ(
      frame(
          R"({"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":2,"thoughtsTokenCount":9}})"),
      OC_OK);
  const oc_usage& u = call.last(OC_EV_USAGE)->usage;
  EXPECT_EQ(u.flags, static_cast<std::uint32_t>(OC_USAGE_CUMULATIVE | OC_USAGE_FINAL));
  EXPECT_EQ(u.output, 2u);
  EXPECT_EQ(u.reasoning, 9u);
}

TEST_F(GeminiProvider, SearchesAreCountedAsGoogleChargesThem) {
  struct Row {
    const char* model;
    std::uint64_t searches;
  };
  for (const Row& r : {Row{"gemini-2.5-flash", 1}, Row{"gemini-3-flash", 3}}) {
    begin_stream(r.model);
    ASSERT_EQ(frame(R"({"candidates":[{"finishReason":"STOP","groundingMetadata":{"webSearchQueries":["a","b","c"]}}],
        "usageMetadata":{"promptTokenCount":5}})"),
              OC_OK);
    EXPECT_EQ(call.last(OC_EV_USAGE)->usage.searches, r.searches) << r.model;
  }
}

TEST_F(GeminiProvider, GroundingBecomesCitations) {
  begin_stream();
  parts(R"({"text":"It is sunny"})");
  const std::string grounding =
      R"(,"groundingMetadata":{"groundingChunks":[{"web":{"uri":"https://a.example","title":"A"}},{"retrievedContext":{"title":"B"}}],
      "groundingSupports":[{"segment":{"text":"sunny"},"groundingChunkIndices":[1,0,7]}]})";
  parts("", grounding);
  parts("", grounding + R"(,"finishReason":"STOP")");  // told again: not cited again
  std::vector<const Event*> cited;
  for (const Event& e : call.events)
    if (e.type == OC_EV_CITATION) cited.push_back(&e);
  ASSERT_EQ(cited.size(), 2u) << told();
  EXPECT_TRUE(
      same_json(cited[0]->ext_json,
                R"({"title":"B","text":"sunny","raw":{"segment":{"text":"sunny"},"groundingChunkIndices":[1,0,7]}})"));
  EXPECT_TRUE(same_json(cited[1]->ext_json, R"({"url":"https://a.example","title":"A","text":"sunny",
      "raw":{"segment":{"text":"sunny"},"groundingChunkIndices":[1,0,7]}})"));
  EXPECT_EQ(finish(), OC_OK);
}

TEST_F(GeminiProvider, EverythingElseIsPassedOn) {
  begin_stream();
  parts(
      R"({"text":"see"},{"inlineData":{"mimeType":"image/png","data":"QUJD"},"thoughtSignature":"s"},{"executableCode":{"code":"1"}},{"brandNew":{"a":1}})",
      R"(,"finishReason":"STOP","logprobsResult":{"chosenCandidates":[{"token":"see","logProbability":-0.5}],"topCandidates":[{"candidates":[{"token":"sea","logProbability":-2}]}]})");
  EXPECT_EQ(
      told(),
      "start text0:see end0 media1:image/png:QUJD state1:s@gemini/gemini-3-flash end1 "
      "opaque2:{\"executableCode\":{\"code\":\"1\"}} end2 opaque3:{\"brandNew\":{\"a\":1}} end3 logprobs0 finish1");
  EXPECT_TRUE(same_json(call.last(OC_EV_LOGPROBS)->ext_json, R"([{"token":"see","logprob":-0.5,"bytes":[115,101,101],
      "top_logprobs":[{"token":"sea","logprob":-2,"bytes":[115,101,97]}]}])"));
}

TEST_F(GeminiProvider, ArgumentsMayComeValueByValue) {
  begin_stream();
  parts(R"({"functionCall":{"name":"f","willContinue":true},"thoughtSignature":"s"})");
  parts(
      R"({"functionCall":{"partialArgs":[{"jsonPath":"$.a.b[1]['c d']","stringValue":"x\"","willContinue":true},{"jsonPath":"$.n","numberValue":2.5}],"willContinue":true}})");
  parts(
      R"({"functionCall":{"partialArgs":[{"jsonPath":"$.a.b[1]['c d']","stringValue":"y"},{"jsonPath":"$.t","boolValue":true},{"jsonPath":"$.z","nullValue":"NULL_VALUE"}],"willContinue":true}})");
  parts(R"({"functionCall":{}})");
  parts(R"({"functionCall":{"name":"g","willContinue":true}})");
  parts(R"({"functionCall":{"name":"h","args":{"q":1}}})", R"(,"finishReason":"STOP")");
  EXPECT_EQ(told(),
            "start tool0:f state0:s@gemini/gemini-3-flash args0:{\"a\":{\"b\":[null,{\"c "
            "d\":\"x\\\"y\"}]},\"n\":2.5,\"t\":true,\"z\":null} end0 "
            "tool1:g args1:{} end1 tool2:h args2:{\"q\":1} end2 finish3");
}

TEST_F(GeminiProvider, OddPiecesOfArgumentsDoNoHarm) {
  begin_stream();
  parts(R"({"functionCall":{"name":"f","willContinue":true}})");
  for (const char* path : {"", "$", "a", "$.", "$[", "$[x]", "$[99999999]", "$['a", "$..a", "$.a[0", "$.ok[-1]"})
    parts(std::string(R"({"functionCall":{"partialArgs":[{"jsonPath":")") + path +
          R"(","stringValue":"x"},7],"willContinue":true}})");
  parts(R"({"functionCall":{"partialArgs":[{"jsonPath":"$.fine","stringValue":"x"}]}})", R"(,"finishReason":"STOP")");
  const Event* args = call.last(OC_EV_TOOL_ARGS);
  ASSERT_NE(args, nullptr);
  Arena arena;
  EXPECT_EQ(json::get(json::parse(arena, args->text), "fine")->text, "x") << args->text;
  EXPECT_EQ(finish(), OC_OK);
}

TEST_F(GeminiProvider, OneCallAtATimeWhenTheClientTakesNoMore) {
  Conversation c;
  oc_request r = saying_hi(c);
  r.flags = OC_REQ_STREAM | OC_REQ_SERIAL_TOOLS;
  ASSERT_EQ(build(r), OC_OK);
  parts(R"({"functionCall":{"name":"f"}},{"functionCall":{"name":"g","willContinue":true}})");
  parts(R"({"functionCall":{"partialArgs":[{"jsonPath":"$.a","stringValue":"x"}]}})", R"(,"finishReason":"STOP")");
  EXPECT_EQ(told(), "start tool0:f args0:{} end0 finish3");
}

TEST_F(GeminiProvider, AWholeAnswerIsKeptOnDemand) {
  begin_whole(OC_REQ_KEEP);
  ASSERT_EQ(frame(R"({"candidates":[{"content":{"parts":[{"text":"a"}]}}]})"), OC_OK);  // a body needs no reason
  EXPECT_EQ(told(), "start text0:a end0 finish1 answer");
  EXPECT_EQ(finish(), OC_OK);
}

TEST_F(GeminiProvider, SeveralCandidates) {
  begin_stream();
  ASSERT_EQ(
      frame(
          R"({"responseId":"r","candidates":[{"index":1,"content":{"parts":[{"text":"b"}]}},{"content":{"parts":[{"text":"?"}]},"index":-1}]})"),
      OC_OK);
  ASSERT_EQ(
      frame(
          R"({"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"},{"index":1,"finishReason":"MAX_TOKENS"}]})"),
      OC_OK);
  EXPECT_EQ(told(), "start text0:b/1 text0:a end0 finish1 end0/1 finish2/1");
  EXPECT_EQ(finish(), OC_OK);
}

TEST_F(GeminiProvider, OddChunksDoNoHarm) {
  begin_stream();
  for (
      const char* chunk :
      {"{}", R"({"candidates":null})", R"({"candidates":[]})", R"({"candidates":[null]})",
       R"({"candidates":[{"content":null}]})", R"({"candidates":[{"content":{"parts":null}}]})",
       R"({"candidates":[{"content":{"parts":[null,3,{}, {"text":null}]}}]})",
       R"({"candidates":[{"content":{"parts":[{"functionCall":null},{"functionCall":{}},{"inlineData":{}}]}}]})",
       R"({"candidates":[{"groundingMetadata":{"groundingChunks":[null,{}],"groundingSupports":[null,{"groundingChunkIndices":[0,"x",-1]}]}}]})",
       R"({"usageMetadata":null})", R"({"usageMetadata":{}})"})
    EXPECT_EQ(frame(chunk), OC_OK) << chunk;
  EXPECT_EQ(call.last(OC_EV_ERROR), nullptr);
}

TEST_F(GeminiProvider, CountsTokens) {
  ASSERT_EQ(build(own("{}", {}, 0, OC_OP_COUNT_TOKENS), true), OC_OK);
  ASSERT_EQ(frame(R"({"totalTokens":31,"cachedContentTokenCount":10})"), OC_OK);
  EXPECT_EQ(told(), "start usage finish1");
  EXPECT_EQ(call.last(OC_EV_USAGE)->usage.input, 21u);
  EXPECT_EQ(call.last(OC_EV_USAGE)->usage.cache_read, 10u);
  EXPECT_EQ(finish(), OC_OK);
}

TEST_F(GeminiProvider, Embeds) {
  ASSERT_EQ(build(own("{}", {}, 0, OC_OP_EMBED), true), OC_OK);
  ASSERT_EQ(frame(R"({"embeddings":[{"values":[1,0.5]},{"values":[2]}],"usageMetadata":{"promptTokenCount":3}})"),
            OC_OK);
  EXPECT_EQ(told(), "start embedding0:[1,0.5] embedding1:[2] usage finish1");
  EXPECT_EQ(finish(), OC_OK);
  ASSERT_EQ(build(own("{}", {}, 0, OC_OP_EMBED), true), OC_OK);
  ASSERT_EQ(frame(R"({"embedding":{"values":[1]}})"), OC_OK);
  EXPECT_EQ(told(), "start embedding0:[1] finish1");
}

TEST_F(GeminiProvider, MapsErrors) {
  begin_whole();
  const auto map = [&](std::uint32_t http_status, std::string_view text, std::vector<oc_header> headers = {}) {
    raw = text;
    oc_event e{};
    EXPECT_EQ((*provider)->map_error(provider->self(), call.handle(), *state, &call.arena, http_status, headers.data(),
                                     headers.size(), oc::bytes(raw), &e),
              OC_OK);
    return Event::of(e);
  };
  Event e =
      map(429,
          "[{\"error\":\n{\"code\":429,\"message\":\"slow\",\"status\":\"RESOURCE_EXHAUSTED\",\"details\":[{\"@type\":"
          "\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"2.5s\"}]}}]");
  EXPECT_EQ(e.status, OC_E_RATE);
  EXPECT_EQ(e.http_status, 429u);
  EXPECT_EQ(e.text, "slow");
  EXPECT_EQ(e.retry_after_ms, 2500u);
  EXPECT_EQ(e.ext_json.find('\n'), std::string::npos);
  e = map(503, "<html>", {{oc::str("retry-after"), oc::str("7")}});
  EXPECT_EQ(e.status, OC_E_UNAVAILABLE);
  EXPECT_EQ(e.retry_after_ms, 7000u);
  EXPECT_EQ(e.ext_json, "");
  EXPECT_FALSE(e.text.empty());
  e = map(400, R"({"error":{"message":"your key sk-secret-key is odd"}})");  // never shown to a client
  EXPECT_EQ(e.text.find("sk-secret-key"), std::string::npos);
  EXPECT_EQ(e.ext_json, "");
}

TEST_F(GeminiProvider, EstimatesAnUpperBound) {
  create();
  Conversation c;
  oc_request r = saying_hi(c);
  r.input_bytes = 50;
  r.n = 2;
  r.set_mask = OC_SET_MAX_TOKENS;
  r.max_output_tokens = 100;
  oc_usage u{};
  ASSERT_EQ((*provider)->estimate(provider->self(), &r, &u), OC_OK);
  EXPECT_EQ(u.input, 50u);
  EXPECT_EQ(u.output, 200u);
}

}  // namespace
}  // namespace onechat::gemini
