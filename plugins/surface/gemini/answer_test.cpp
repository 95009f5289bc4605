#include "fixture_test.hpp"

namespace onechat::gemini {
namespace {

using GeminiAnswer = GeminiSurface;

// ---- whole answers

TEST_F(GeminiAnswer, AWholeAnswer) {
  ASSERT_EQ(parse(R"({"contents":"hi","generationConfig":{"thinkingConfig":{"includeThoughts":true}}})"), OC_OK);
  started("resp1");
  text("thin", OC_EV_REASONING, 0);
  text("king", OC_EV_REASONING, 0);
  part_end(0);
  text("Hel", OC_EV_TEXT, 1);
  text("lo", OC_EV_TEXT, 1);
  signature("sig", "gemini/m", 1);
  part_end(1);
  tool("c1", "f", 2);
  text("{\"a\":", OC_EV_TOOL_ARGS, 2);
  text("1}", OC_EV_TOOL_ARGS, 2);
  part_end(2);
  ends(OC_FIN_TOOL);
  usage(10, 5, 3);
  EXPECT_TRUE(same_json(finish(), R"({"candidates":[{"content":{"parts":[{"text":"thinking","thought":true},
      {"text":"Hello","thoughtSignature":"sig"},{"functionCall":{"id":"c1","name":"f","args":{"a":1}}}],"role":"model"},
      "finishReason":"STOP","index":0}],
      "usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":5,"totalTokenCount":18,"thoughtsTokenCount":3,
        "promptTokensDetails":[{"modality":"TEXT","tokenCount":10}]},
      "modelVersion":"gemini-x","responseId":"resp1"})"))
      << out.body;
}

TEST_F(GeminiAnswer, ThoughtsAreShownOnDemandAndSignaturesAlways) {
  for (const bool whole : {true, false}) {
    out = FakeOut();
    begin(whole);
    text("secret", OC_EV_REASONING, 0);
    signature("opaque", "openai_responses/m", 0);
    part_end(0);
    text("more", OC_EV_REASONING, 1);
    part_end(1);
    text("Hello", OC_EV_TEXT, 2);
    part_end(2);
    ends(OC_FIN_STOP);
    finish();
    EXPECT_EQ(out.body.find("secret"), std::string::npos);
    EXPECT_EQ(out.body.find("more"), std::string::npos);
    const auto parts = parts_sent();
    ASSERT_EQ(parts.size(), 2u) << out.body;
    const oc_json* first = json::parse(call.arena, parts[0]);
    EXPECT_EQ(json::get(first, "thought")->raw, "true");
    EXPECT_EQ(json::get(first, "text")->text, "");
    const auto state = dialect::from_slot({host.table(), call.handle(), &call.arena}, "gemini",
                                          json::get(first, "thoughtSignature")->text);
    EXPECT_EQ(state.opaque, "opaque");
    EXPECT_EQ(state.origin, "openai_responses/m");
    EXPECT_EQ(parts[1], R"({"text":"Hello"})");
  }
}

TEST_F(GeminiAnswer, ArgumentsAreAlwaysOneObjectOnOneLine) {
  struct Row {
    const char *args, *object;
    std::uint32_t flags;
  };
  const Row rows[] = {
      {"", "{}", 0},
      {"  ", "{}", 0},
      {"{\n \"a\": 1\r\n}", R"({"a":1})", 0},
      {"{\"a\":", R"({"input":"{\"a\":"})", 0},
      {"[1]", R"({"input":"[1]"})", 0},
      {"free text", R"({"input":"free text"})", OC_EVF_CUSTOM},
      {"{}", R"({"input":"{}"})", OC_EVF_CUSTOM},
  };
  for (const Row& r : rows) {
    out = FakeOut();
    stream();
    tool("", "f", 0, r.flags);
    text(r.args, OC_EV_TOOL_ARGS, 0);
    part_end(0);
    ends(OC_FIN_TOOL);
    finish();
    const auto parts = parts_sent();
    ASSERT_EQ(parts.size(), 1u) << out.body;
    EXPECT_TRUE(same_json(parts[0], std::string(R"({"functionCall":{"name":"f","args":)") + r.object + "}}"))
        << parts[0];
    EXPECT_EQ(parts[0].find_first_of("\r\n"), std::string::npos);
  }
}

// ---- streams

TEST_F(GeminiAnswer, AStreamOfChunks) {
  stream();
  started("r");
  text("He");
  text("llo");
  part_end(0);
  ends(OC_FIN_LENGTH);
  usage(4, 2);
  EXPECT_EQ(
      finish(),
      "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"He\"}],\"role\":\"model\"},\"index\":0}],"
      "\"modelVersion\":\"gemini-x\",\"responseId\":\"r\"}\r\n\r\n"
      "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"llo\"}],\"role\":\"model\"},\"index\":0}],"
      "\"modelVersion\":\"gemini-x\",\"responseId\":\"r\"}\r\n\r\n"
      "data: "
      "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\"}],\"role\":\"model\"},\"finishReason\":\"MAX_TOKENS\","
      "\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":4,\"candidatesTokenCount\":2,\"totalTokenCount\":6,"
      "\"promptTokensDetails\":[{\"modality\":\"TEXT\",\"tokenCount\":4}]},\"modelVersion\":\"gemini-x\","
      "\"responseId\":\"r\"}\r\n\r\n");
  EXPECT_EQ(out.framing, static_cast<std::uint32_t>(OC_OUT_SSE_CRLF));
}

TEST_F(GeminiAnswer, AStreamAsOneArray) {
  stream(kHello, "");
  text("He");
  text("llo");
  ends(OC_FIN_STOP);
  finish();
  EXPECT_EQ(out.framing, static_cast<std::uint32_t>(OC_OUT_JSON_ARRAY));
  EXPECT_EQ(out.content_type, "application/json; charset=UTF-8");
  const oc_json* root = json::parse(call.arena, out.body);
  ASSERT_NE(root, nullptr) << out.body;
  EXPECT_EQ(root->size, 3u);
}

TEST_F(GeminiAnswer, ParallelCallsAreSentAsEachIsWhole) {
  stream();
  tool("a", "f", 0);
  tool("b", "g", 1);
  text("{\"x\"", OC_EV_TOOL_ARGS, 0);
  text("{\"y\"", OC_EV_TOOL_ARGS, 1);
  text(":1}", OC_EV_TOOL_ARGS, 0);
  text(":2}", OC_EV_TOOL_ARGS, 1);
  EXPECT_EQ(out.body, "");
  signature("s", "gemini/m", 1);
  part_end(1);
  EXPECT_NE(out.body, "");
  part_end(0);
  ends(OC_FIN_TOOL);
  finish();
  const auto parts = parts_sent();
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_TRUE(same_json(parts[0], R"({"functionCall":{"id":"b","name":"g","args":{"y":2}},"thoughtSignature":"s"})"));
  EXPECT_TRUE(same_json(parts[1], R"({"functionCall":{"id":"a","name":"f","args":{"x":1}}})"));
}

TEST_F(GeminiAnswer, ACallThatWasNeverEndedIsSentAtTheEnd) {
  stream();
  tool("a", "f", 0);
  text("{}", OC_EV_TOOL_ARGS, 0);
  ends(OC_FIN_TOOL);
  finish();
  EXPECT_EQ(parts_sent().size(), 1u) << out.body;
}

TEST_F(GeminiAnswer, ASignatureAfterTheTextFollowsOnAnEmptyPart) {
  stream();
  text("Hello");
  signature("s", "gemini/m", 0);
  part_end(0);
  ends(OC_FIN_STOP);
  finish();
  const auto parts = parts_sent();
  ASSERT_EQ(parts.size(), 2u) << out.body;
  EXPECT_TRUE(same_json(parts[1], R"({"text":"","thoughtSignature":"s"})")) << parts[1];
}

TEST_F(GeminiAnswer, SeveralCandidates) {
  for (const bool whole : {true, false}) {
    out = FakeOut();
    const std::string body = R"({"contents":"hi","generationConfig":{"candidateCount":2}})";
    begin(whole, body);
    text("b", OC_EV_TEXT, 0, 1);
    text("a", OC_EV_TEXT, 0, 0);
    text("beyond", OC_EV_TEXT, 0, 2);
    ends(OC_FIN_STOP, 0);
    ends(OC_FIN_FILTER, 1);
    finish();
    const auto at = out.body.rfind("\"candidates\"");
    const std::string last = out.body.substr(at - 1, out.body.find_last_of('}') - at + 2);
    const oc::Json list = oc::Json(host.table(), json::parse(call.arena, last))["candidates"];
    ASSERT_EQ(list.size(), 2u) << out.body;
    EXPECT_EQ(list.first()["index"].integer(), 0);
    EXPECT_EQ(list.first()["finishReason"].str(), "STOP");
    EXPECT_EQ(list.first().next()["finishReason"].str(), "SAFETY");
    EXPECT_EQ(out.body.find("beyond"), std::string::npos);
  }
}

TEST_F(GeminiAnswer, GooglesOwnWordsStay) {
  ASSERT_EQ(parse(kHello), OC_OK);
  ends(OC_FIN_FILTER, 0, R"({"finishReason":"RECITATION","finishMessage":"too close"})");
  finish();
  EXPECT_EQ(answer()["candidates"].first()["finishReason"].str(), "RECITATION");
  EXPECT_EQ(answer()["candidates"].first()["finishMessage"].str(), "too close");

  out = FakeOut();
  stream();
  ends(OC_FIN_FILTER, 0, R"({"promptFeedback":{"blockReason":"SAFETY"}})");
  finish();
  EXPECT_NE(out.body.find(R"({"promptFeedback":{"blockReason":"SAFETY"},"modelVersion")"), std::string::npos)
      << out.body;
  EXPECT_EQ(out.body.find("candidates"), std::string::npos);

  out = FakeOut();  // words that say something else than the event are not believed
  ASSERT_EQ(parse(kHello), OC_OK);
  ends(OC_FIN_LENGTH, 0, R"({"finishReason":"SAFETY"})");
  finish();
  EXPECT_EQ(answer()["candidates"].first()["finishReason"].str(), "MAX_TOKENS");
}

TEST_F(GeminiAnswer, MediaCitationsAndLogprobs) {
  for (const bool whole : {true, false}) {
    out = FakeOut();
    begin(whole);
    text("Hello");
    told(OC_EV_CITATION, R"({"url":"https://a.example","title":"A","text":"Hel","start":0,"end":3})");
    told(OC_EV_CITATION, R"({"title":"B"})");
    told(OC_EV_LOGPROBS,
         R"([{"token":"Hello","logprob":-0.5,"bytes":[1],"top_logprobs":[{"token":"Hi","logprob":-1}]}])");
    oc_event media = oc::Call::event(OC_EV_MEDIA, 0, 1);
    media.media_type = oc::str("image/png");
    media.text = oc::str("QUJD");
    ASSERT_EQ(event(media), OC_OK);
    part_end(1);
    told(OC_EV_OPAQUE, "{\"executableCode\":\n{\"code\":\"1\"},\"thoughtSignature\":\"x\"}", 2);
    part_end(2);
    ends(OC_FIN_STOP);
    finish();
    const auto parts = parts_sent();
    ASSERT_EQ(parts.size(), 3u) << out.body;
    EXPECT_EQ(parts[1], R"({"inlineData":{"mimeType":"image/png","data":"QUJD"}})");
    EXPECT_TRUE(same_json(parts[2], R"({"executableCode":{"code":"1"},"thoughtSignature":"x"})"));
    EXPECT_NE(
        out.body.find(
            R"("groundingMetadata":{"groundingChunks":[{"web":{"uri":"https://a.example","title":"A"}},{"web":{"title":"B"}}],)"
            R"("groundingSupports":[{"segment":{"text":"Hel"},"groundingChunkIndices":[0]}]})"),
        std::string::npos)
        << out.body;
    EXPECT_NE(out.body.find(R"("logprobsResult":{"chosenCandidates":[{"token":"Hello","logProbability":-0.5}],)"
                            R"("topCandidates":[{"candidates":[{"token":"Hi","logProbability":-1}]}]})"),
              std::string::npos)
        << out.body;
  }
}

TEST_F(GeminiAnswer, WhatHasNoFormHereIsToldOnce) {
  stream();
  told(OC_EV_OPAQUE, R"({"type":"web_search_call"})", 0);
  told(OC_EV_OPAQUE, R"({"annotations":[]})", 1);
  EXPECT_EQ(call.dropped.size(), 1u);
  call.strict = true;
  stream();
  oc_event e = oc::Call::event(OC_EV_OPAQUE);
  e.ext_json = oc::str(R"({"type":"x"})");
  EXPECT_EQ(event(e), OC_E_UNSUPPORTED);
}

TEST_F(GeminiAnswer, TheUpstreamsIdIsUsedWhenItIsOne) {
  for (const auto& [id, used] : {std::pair{"resp_1-x", true}, std::pair{"with space", false}, std::pair{"", false}}) {
    out = FakeOut();
    ASSERT_EQ(parse(kHello), OC_OK);
    started(id);
    finish();
    EXPECT_EQ(answer()["responseId"].str() == id, used) << id;
    EXPECT_FALSE(answer()["responseId"].str().empty());
  }
}

// ---- counting, embedding, models

TEST_F(GeminiAnswer, CountsTokens) {
  for (
      const char* text :
      {R"({"contents":"hi"})",
       R"({"generateContentRequest":{"model":"models/gemini-x","contents":"hi","tools":[{"functionDeclarations":[{"name":"f"}]}]}})"}) {
    out = FakeOut();
    ASSERT_EQ(parse(text, OC_OP_COUNT_TOKENS, "/v1/models/gemini-x:countTokens"), OC_OK) << text;
    EXPECT_EQ(request->n_turns, 1u);
    usage(31, 0);
    EXPECT_TRUE(
        same_json(finish(), R"({"totalTokens":31,"promptTokensDetails":[{"modality":"TEXT","tokenCount":31}]})"))
        << out.body;
  }
  EXPECT_EQ(request->n_tools, 1u);
  ASSERT_EQ(request->n_anchors, 2u);
  EXPECT_EQ(body.substr(request->anchors[1].offset, request->anchors[1].length), "\"models/gemini-x\"");
}

TEST_F(GeminiAnswer, EmbedsOneAndMany) {
  ASSERT_EQ(parse(R"({"content":{"parts":[{"text":"a"},{"text":"b"}]},"taskType":"X","outputDimensionality":3})",
                  OC_OP_EMBED, "/v1beta/models/e:embedContent"),
            OC_OK);
  ASSERT_EQ(request->n_inputs, 1u);
  EXPECT_EQ(oc::view(request->inputs[0]), "a\nb");
  EXPECT_TRUE(same_json(oc::view(request->ext_json), R"({"taskType":"X","outputDimensionality":3,"dimensions":3})"));
  told(OC_EV_EMBEDDING, "[0.5,1]", 0);
  usage(2, 0);
  EXPECT_TRUE(same_json(finish(), R"({"embedding":{"values":[0.5,1]},"usageMetadata":{"promptTokenCount":2}})"))
      << out.body;

  out = FakeOut();
  ASSERT_EQ(parse(R"({"requests":[{"model":"models/gemini-x","content":{"parts":[{"text":"a"}]}},
      {"model":"models/gemini-x","content":{"parts":[{"text":"b"}]}}]})",
                  OC_OP_EMBED, "/v1beta/models/e:batchEmbedContents"),
            OC_OK);
  ASSERT_EQ(request->n_inputs, 2u);
  EXPECT_EQ(oc::view(request->inputs[1]), "b");
  EXPECT_EQ(request->n_anchors, 4u);
  told(OC_EV_EMBEDDING, "[2]", 1);
  told(OC_EV_EMBEDDING, "[1]", 0);
  EXPECT_TRUE(same_json(finish(), R"({"embeddings":[{"values":[1]},{"values":[2]}]})")) << out.body;

  ASSERT_EQ(parse(R"({"content":{"parts":[{"inlineData":{"mimeType":"image/png","data":"QUJD"}}]}})", OC_OP_EMBED,
                  "/v1beta/models/e:embedContent"),
            OC_OK);
  EXPECT_EQ(request->n_inputs, 0u);
  EXPECT_EQ(parse(R"({"requests":[{}]})", OC_OP_EMBED, "/v1beta/models/e:batchEmbedContents"), OC_E_INVALID);
  EXPECT_EQ(call.failure->param, "requests[0].content");
  EXPECT_EQ(parse(R"({})", OC_OP_EMBED, "/v1beta/models/e:embedContent"), OC_E_INVALID);
  EXPECT_EQ(call.failure->param, "content");
}

TEST_F(GeminiAnswer, ListsModels) {
  oc_model m = oc::sized<oc_model>();
  m.id = oc::str("gemini-x");
  m.input_tokens_max = 1000;
  const oc_model* list[] = {&m};
  oc_http_in asked = oc::sized<oc_http_in>();
  asked.op = OC_OP_LIST_MODELS;
  ASSERT_EQ(surface->models(surface.self(), call.handle(), &call.arena, &asked, list, 1, out.handle()),
            OC_OK);
  const std::string one =
      R"({"name":"models/gemini-x","baseModelId":"gemini-x","version":"001","displayName":"gemini-x",
      "inputTokenLimit":1000,"supportedGenerationMethods":["generateContent","countTokens"]})";
  EXPECT_TRUE(same_json(out.body, R"({"models":[)" + one + "]}")) << out.body;
  out = FakeOut();
  asked.op = OC_OP_GET_MODEL;
  ASSERT_EQ(surface->models(surface.self(), call.handle(), &call.arena, &asked, list, 1, out.handle()), OC_OK);
  EXPECT_TRUE(same_json(out.body, one));
}

// ---- errors

TEST_F(GeminiAnswer, ErrorsBeforeTheFirstByte) {
  oc_event e = oc::Call::event(OC_EV_ERROR);
  e.status = OC_E_RATE;
  e.http_status = 429;
  e.text = oc::str("slow down");
  e.retry_after_ms = 1500;
  for (const bool array : {false, true}) {
    out = FakeOut();
    begin(!array, kHello, "");
    ASSERT_EQ(surface->error(surface.self(), call.handle(), *state, &call.arena, &e, out.handle()), OC_OK);
    EXPECT_EQ(out.status, 429u);
    EXPECT_EQ(out.header("retry-after"), "2");
    const std::string object = R"({"error":{"code":429,"message":"slow down","status":"RESOURCE_EXHAUSTED","details":[
        {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1.500s"}]}})";
    EXPECT_TRUE(same_json(out.body, array ? "[" + object + "]" : object)) << out.body;
  }
  out = FakeOut();
  e = oc::Call::event(OC_EV_ERROR);
  e.status = OC_E_FUNDS;
  ASSERT_EQ(surface->error(surface.self(), call.handle(), *state, &call.arena, &e, out.handle()), OC_OK);
  EXPECT_EQ(out.status, 402u);
  EXPECT_EQ(out.header("x-should-retry"), "false");
}

TEST_F(GeminiAnswer, AnErrorOfParseHasTheFormOfTheAnswerAskedFor) {
  EXPECT_EQ(parse("{}", OC_OP_GENERATE, kStreamPath, ""), OC_E_INVALID);
  oc_event e = oc::Call::event(OC_EV_ERROR);
  e.status = OC_E_INVALID;
  ASSERT_EQ(surface->error(surface.self(), call.handle(), *state, &call.arena, &e, out.handle()), OC_OK);
  EXPECT_EQ(out.body.front(), '[');
}

TEST_F(GeminiAnswer, ErrorsInsideAStream) {
  for (const bool array : {false, true}) {
    out = FakeOut();
    stream(kHello, array ? "" : "alt=sse");
    text("Hel");
    oc_event e = oc::Call::event(OC_EV_ERROR);
    e.status = OC_E_UPSTREAM;
    e.text = oc::str("broke off");
    ASSERT_EQ(surface->stream_error(surface.self(), call.handle(), *state, &call.arena, &e, out.handle()), OC_OK);
    const std::string error = R"({"error":{"code":502,"message":"broke off","status":"UNAVAILABLE"}})";
    EXPECT_TRUE(out.body.ends_with(array ? error + "]" : "data: " + error + "\r\n\r\n")) << out.body;
    EXPECT_TRUE(!array || json::parse(call.arena, out.body) != nullptr);
    EXPECT_EQ(out.body.find("finishReason"), std::string::npos);
  }
}

}  // namespace
}  // namespace onechat::gemini
