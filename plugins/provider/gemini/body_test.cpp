// Requests of other dialects, written anew.
#include "fixture_test.hpp"

namespace onechat::gemini {
namespace {

struct GeminiBody : GeminiProvider {
  oc::Json json() { return {host.table(), json::parse(call.arena, body)}; }
  std::string contents() { return std::string(json()["contents"].raw()); }
  std::string config() { return std::string(json()["generationConfig"].raw()); }
};

TEST_F(GeminiBody, SystemComesFirstAndLaterSystemIsSaidByTheUser) {
  Conversation c;
  c.part(OC_ROLE_SYSTEM, OC_PART_TEXT, "be brief");
  c.part(OC_ROLE_DEVELOPER, OC_PART_TEXT, "be kind");
  c.part(OC_ROLE_USER, OC_PART_TEXT, "hi");
  c.part(OC_ROLE_ASSISTANT, OC_PART_TEXT, "hello");
  c.part(OC_ROLE_ASSISTANT, OC_PART_TEXT, "you");
  c.part(OC_ROLE_SYSTEM, OC_PART_TEXT, "be honest");
  c.part(OC_ROLE_USER, OC_PART_TEXT, "");
  c.part(OC_ROLE_USER, OC_PART_TEXT, "and?");
  ASSERT_EQ(build(c.request()), OC_OK);
  EXPECT_TRUE(same_json(body, R"({"systemInstruction":{"parts":[{"text":"be brief"},{"text":"be kind"}]},"contents":[
      {"role":"user","parts":[{"text":"hi"}]},{"role":"model","parts":[{"text":"hello"},{"text":"you"}]},
      {"role":"user","parts":[{"text":"be honest"},{"text":"and?"}]}]})"))
      << body;
}

TEST_F(GeminiBody, NothingButSystemIsSaidByTheUser) {
  Conversation c;
  c.part(OC_ROLE_SYSTEM, OC_PART_TEXT, "write");
  ASSERT_EQ(build(c.request()), OC_OK);
  EXPECT_TRUE(same_json(body, R"({"contents":[{"role":"user","parts":[{"text":"write"}]}]})")) << body;
}

// All results of one step in one content, in the order of the calls, with the names that others leave out.
TEST_F(GeminiBody, ResultsOfAStepAreOneContent) {
  Conversation c;
  c.part(OC_ROLE_USER, OC_PART_TEXT, "go");
  c.call(c.part(OC_ROLE_ASSISTANT, OC_PART_TOOL_CALL), "call_1", "f", R"({"a":1})");
  c.call(c.more(OC_PART_TOOL_CALL), "gemini_x_0_1", "g", "");
  c.call(c.part(OC_ROLE_ASSISTANT, OC_PART_TOOL_CALL), "call_3", "h", "not json");
  c.result(OC_ROLE_TOOL, "call_3", "three");
  c.result(OC_ROLE_TOOL, "call_1", R"({"one":1})");
  c.part(OC_ROLE_USER, OC_PART_TEXT, "well?");
  c.result(OC_ROLE_USER, "gemini_x_0_1", "broken").flags = OC_PARTF_ERROR;
  ASSERT_EQ(build(c.request()), OC_OK);
  EXPECT_TRUE(same_json(contents(), R"([{"role":"user","parts":[{"text":"go"}]},
      {"role":"model","parts":[{"functionCall":{"id":"call_1","name":"f","args":{"a":1}}},{"functionCall":{"name":"g","args":{}}},
        {"functionCall":{"id":"call_3","name":"h","args":{"input":"not json"}}}]},
      {"role":"user","parts":[{"functionResponse":{"id":"call_1","name":"f","response":{"one":1}}},
        {"functionResponse":{"name":"g","response":{"error":"broken"}}},
        {"functionResponse":{"id":"call_3","name":"h","response":{"result":"three"}}}]},
      {"role":"user","parts":[{"text":"well?"}]}])"))
      << body;
}

TEST_F(GeminiBody, PicturesInAResult) {
  for (const bool third : {true, false}) {
    Conversation c;
    c.call(c.part(OC_ROLE_ASSISTANT, OC_PART_TOOL_CALL), "i", "f");
    c.call(c.more(OC_PART_TOOL_CALL), "j", "f");
    oc_part& result = c.result(OC_ROLE_TOOL, "i", "");
    oc_part words = oc::sized<oc_part>(), picture = oc::sized<oc_part>();
    words.type = OC_PART_TEXT;
    words.text = oc::str("see");
    picture.type = OC_PART_IMAGE;
    picture.media_type = oc::str("image/png");
    picture.data_base64 = oc::str("QUJD");
    const oc_part* list[] = {&words, &picture};
    result.parts = list;
    result.n_parts = 2;
    c.result(OC_ROLE_TOOL, "j", "done");
    create(R"({"dummy_signature":false})");
    ASSERT_EQ(build(c.request(third ? "gemini-3-flash" : "gemini-2.5-flash")), OC_OK);
    const std::string image = R"({"inlineData":{"mimeType":"image/png","data":"QUJD"}})";
    const std::string inside = third ? R"(,"parts":[)" + image + "]" : "",
                      after = third ? "" : R"(,{"role":"user","parts":[)" + image + "]}";
    EXPECT_TRUE(same_json(
        contents(),
        R"([{"role":"model","parts":[{"functionCall":{"id":"i","name":"f","args":{}}},{"functionCall":{"id":"j","name":"f","args":{}}}]},
        {"role":"user","parts":[{"functionResponse":{"id":"i","name":"f","response":{"result":"see"})" +
            inside + R"(}},
        {"functionResponse":{"id":"j","name":"f","response":{"result":"done"}}}]})" +
            after + "]"))
        << body;
  }
}

// Google's signatures go back to the very model; those of others never do, and their reasoning is not told as text.
TEST_F(GeminiBody, SignaturesGoBackWhereTheyCameFrom) {
  const auto sign = [](oc_part& p, const char* opaque, const char* origin) {
    p.opaque = oc::str(opaque);
    p.opaque_origin = oc::str(origin);
  };
  Conversation c;
  sign(c.part(OC_ROLE_ASSISTANT, OC_PART_REASONING, "secret plan"), "s0", "gemini/gemini-2.5-flash");
  c.call(c.more(OC_PART_TOOL_CALL), "i", "f");
  sign(c.call(c.more(OC_PART_TOOL_CALL), "j", "g"), "s1", "gemini/gemini-2.5-flash");
  c.result(OC_ROLE_TOOL, "i", "1");
  c.result(OC_ROLE_TOOL, "j", "2");
  sign(c.part(OC_ROLE_ASSISTANT, OC_PART_REASONING, "foreign"), "s2", "anthropic_messages/claude");
  sign(c.more(OC_PART_REASONING, "other model"), "s3", "gemini/gemini-3-pro");
  sign(c.more(OC_PART_TEXT, "Hello"), "s4", "gemini/");
  sign(c.more(OC_PART_REASONING), "s5", "gemini/gemini-2.5-flash");
  sign(c.more(OC_PART_REASONING), "s6", "gemini/gemini-2.5-flash");
  ASSERT_EQ(build(c.request()), OC_OK);
  EXPECT_TRUE(same_json(contents(), R"([
      {"role":"model","parts":[{"functionCall":{"id":"i","name":"f","args":{}},"thoughtSignature":"s0"},
        {"functionCall":{"id":"j","name":"g","args":{}},"thoughtSignature":"s1"}]},
      {"role":"user","parts":[{"functionResponse":{"id":"i","name":"f","response":{"result":"1"}}},
        {"functionResponse":{"id":"j","name":"g","response":{"result":"2"}}}]},
      {"role":"model","parts":[{"text":"Hello","thoughtSignature":"s4"},{"text":"","thoughtSignature":"s5"},
        {"text":"","thoughtSignature":"s6"}]}])"))
      << body;
}

// A Gemini client carries what Claude signed in Google's own place. Google must not see it, even on the straight lane.
TEST_F(GeminiBody, AForeignSignatureLeavesTheStraightLane) {
  for (const bool foreign : {true, false}) {
    Conversation c;
    oc_part& thought = c.part(OC_ROLE_ASSISTANT, OC_PART_REASONING);
    thought.opaque = oc::str("sig");
    thought.opaque_origin = oc::str(foreign ? "anthropic_messages/claude" : "gemini/");
    oc_part& tool = c.call(c.more(OC_PART_TOOL_CALL), "i", "f");
    tool.opaque = thought.opaque;
    tool.opaque_origin = thought.opaque_origin;
    oc_part& alone = c.part(OC_ROLE_ASSISTANT, OC_PART_REASONING);
    alone.opaque = thought.opaque;
    alone.opaque_origin = thought.opaque_origin;
    oc_request r = c.request("gemini-3-pro");
    r.dialect = oc::str("gemini");
    r.raw = oc::bytes("{}");
    ASSERT_EQ(build(r, true), OC_OK);
    EXPECT_EQ(http.straight, foreign ? 0u : 1u);
    if (!foreign) continue;
    EXPECT_TRUE(same_json(contents(), R"([{"role":"model","parts":[{"functionCall":{"id":"i","name":"f","args":{}},
        "thoughtSignature":"skip_thought_signature_validator"}]}])"))
        << body;
  }
}

TEST_F(GeminiBody, AForeignCallGetsTheDummyWhereOneIsNeeded) {
  struct Row {
    const char *model, *config;
    bool dummy;
  };
  for (const Row& r : {Row{"gemini-3-pro", "{}", true}, Row{"gemini-2.5-pro", "{}", false},
                       Row{"gemini-3-pro", R"({"dummy_signature":false})", false}}) {
    Conversation c;
    c.call(c.part(OC_ROLE_ASSISTANT, OC_PART_TOOL_CALL), "i", "f");
    c.call(c.part(OC_ROLE_ASSISTANT, OC_PART_TOOL_CALL), "j", "g");
    c.result(OC_ROLE_TOOL, "i", "1");
    c.result(OC_ROLE_TOOL, "j", "2");
    c.call(c.part(OC_ROLE_ASSISTANT, OC_PART_TOOL_CALL), "k", "g");
    create(r.config);
    ASSERT_EQ(build(c.request(r.model)), OC_OK);
    std::string signed_calls;
    for (const oc::Json content : json()["contents"])
      for (const oc::Json p : content["parts"])
        if (p["thoughtSignature"].str() == "skip_thought_signature_validator")
          signed_calls += p["functionCall"]["id"].str();
    EXPECT_EQ(signed_calls, r.dummy ? "ik" : "") << r.model;
  }
}

TEST_F(GeminiBody, Media) {
  Conversation c;
  oc_part& image = c.part(OC_ROLE_USER, OC_PART_IMAGE);
  image.media_type = oc::str("image/jpeg");
  image.data_base64 = oc::str("QUJD");
  oc_part& file = c.more(OC_PART_FILE);
  file.data_base64 = oc::str("QUJD");
  file.name = oc::str("a.txt");
  oc_part& bucket = c.more(OC_PART_FILE);
  bucket.uri = oc::str("gs://b/a.pdf");
  oc_part& data = c.more(OC_PART_IMAGE);
  data.uri = oc::str("data:image/gif;base64,QQ==");
  c.more(OC_PART_FILE, "plain words");
  oc_part& video = c.more(OC_PART_FILE);
  video.uri = oc::str("https://youtu.be/x");
  ASSERT_EQ(build(c.request()), OC_OK);
  EXPECT_TRUE(same_json(contents(), R"([{"role":"user","parts":[{"inlineData":{"mimeType":"image/jpeg","data":"QUJD"}},
      {"inlineData":{"mimeType":"text/plain","data":"QUJD"}},{"fileData":{"mimeType":"application/pdf","fileUri":"gs://b/a.pdf"}},
      {"inlineData":{"mimeType":"image/gif","data":"QQ=="}},{"text":"plain words"},{"fileData":{"fileUri":"https://youtu.be/x"}}]}])"))
      << body;
}

TEST_F(GeminiBody, WhatNobodyCanFetchIsRefused) {
  for (const bool vertex : {false, true}) {
    create(vertex ? R"({"base_url":"https://aiplatform.googleapis.com/v1"})" : "{}");
    Conversation c;
    c.part(OC_ROLE_USER, OC_PART_IMAGE).uri = oc::str("https://a.example/x.png?y");
    EXPECT_EQ(build(c.request()), vertex ? OC_OK : OC_E_INVALID);
    EXPECT_EQ(call.failure.has_value(), !vertex);
    EXPECT_TRUE(
        !vertex ||
        contents() ==
            R"([{"parts":[{"fileData":{"mimeType":"image/png","fileUri":"https://a.example/x.png?y"}}],"role":"user"}])");
    Conversation id;
    oc_part& file = id.part(OC_ROLE_USER, OC_PART_FILE);
    file.uri = oc::str("file-123");
    file.flags = OC_PARTF_FILE_ID;
    EXPECT_EQ(build(id.request()), OC_E_INVALID);
    EXPECT_EQ(call.failure->http_status, 400u);
  }
}

TEST_F(GeminiBody, Tools) {
  Conversation c;
  c.tool("f", R"({"type":"object","additionalProperties":false})").description = oc::str("does f");
  c.tool("web", "", OC_TOOLF_BUILTIN).ext_json = oc::str(R"({"type":"web_search"})");
  c.tool("free", "", OC_TOOLF_CUSTOM);
  c.tool("bare");
  ASSERT_EQ(build(saying_hi(c)), OC_OK);
  EXPECT_TRUE(same_json(json()["tools"].raw(), R"([{"functionDeclarations":[
      {"name":"f","description":"does f","parametersJsonSchema":{"type":"object","additionalProperties":false}},
      {"name":"free","parametersJsonSchema":{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}},
      {"name":"bare"}]}])"))
      << body;
  EXPECT_EQ(call.dropped, std::vector<std::string>{"tools[web_search]"});

  create(R"({"json_schema":false})");
  Conversation old;
  old.tool("f", R"({"type":"object","additionalProperties":false,"properties":{"a":{"type":"string"}}})");
  old.tool("none", R"({"type":"object","properties":{}})");
  ASSERT_EQ(build(saying_hi(old)), OC_OK);
  EXPECT_TRUE(same_json(json()["tools"].raw(), R"([{"functionDeclarations":[
      {"name":"f","parameters":{"type":"OBJECT","properties":{"a":{"type":"STRING"}}}},{"name":"none"}]}])"))
      << body;
}

TEST_F(GeminiBody, ToolChoice) {
  struct Row {
    std::uint32_t choice;
    bool named;
    const char* calling;
  };
  for (const Row& r :
       {Row{OC_CHOICE_AUTO, false, R"({"mode":"AUTO"})"}, Row{OC_CHOICE_NONE, false, R"({"mode":"NONE"})"},
        Row{OC_CHOICE_REQUIRED, false, R"({"mode":"ANY"})"},
        Row{OC_CHOICE_REQUIRED, true, R"({"mode":"ANY","allowedFunctionNames":["f"]})"},
        Row{OC_CHOICE_AUTO, true, R"({"mode":"VALIDATED","allowedFunctionNames":["f"]})"},
        Row{OC_CHOICE_UNSET, false, ""}}) {
    Conversation c;
    c.tool("f");
    oc_request q = saying_hi(c);
    const oc_str name = oc::str("f");
    q.tool_choice = r.choice;
    q.choice_names = &name;
    q.n_choice_names = r.named ? 1 : 0;
    ASSERT_EQ(build(q), OC_OK);
    EXPECT_EQ(json()["toolConfig"]["functionCallingConfig"].raw(), r.calling);
  }
  Conversation c;
  oc_request q = saying_hi(c);
  q.tool_choice = OC_CHOICE_AUTO;  // without tools there is nothing to choose
  ASSERT_EQ(build(q), OC_OK);
  EXPECT_FALSE(json()["toolConfig"]);
}

TEST_F(GeminiBody, Scalars) {
  Conversation c;
  oc_request r = saying_hi(c);
  r.set_mask = OC_SET_TEMPERATURE | OC_SET_TOP_P | OC_SET_TOP_K | OC_SET_N | OC_SET_MAX_TOKENS | OC_SET_SEED |
               OC_SET_PRESENCE_PENALTY | OC_SET_FREQUENCY_PENALTY | OC_SET_LOGPROBS;
  r.temperature = 0.5, r.top_p = 0.25, r.top_k = 40, r.n = 2, r.max_output_tokens = 100,
  r.seed = (std::int64_t(1) << 40) + 5;
  r.presence_penalty = 0.125, r.frequency_penalty = -0.5, r.top_logprobs = 99;
  const oc_str stop[] = {oc::str("1"), oc::str("2"), oc::str("3"), oc::str("4"), oc::str("5"), oc::str("6")};
  r.stop = stop;
  r.n_stop = 6;
  r.service_tier = oc::str("default");
  r.verbosity = oc::str("low");
  r.ext_json = oc::str(R"({"logit_bias":{"1":2},"metadata":{},"prediction":null})");
  ASSERT_EQ(build(r), OC_OK);
  EXPECT_TRUE(
      same_json(config(), R"({"temperature":0.5,"topP":0.25,"topK":40,"candidateCount":2,"maxOutputTokens":100,"seed":5,
      "presencePenalty":0.125,"frequencyPenalty":-0.5,"responseLogprobs":true,"logprobs":20,"stopSequences":["1","2","3","4","5"]})"))
      << body;
  EXPECT_EQ(json()["serviceTier"].str(), "standard");
  EXPECT_EQ(call.dropped, (std::vector<std::string>{"stop", "verbosity", "logit_bias"}));
  call.dropped.clear();
  call.strict = true;
  EXPECT_EQ(build(r), OC_E_UNSUPPORTED);
}

TEST_F(GeminiBody, FormOfTheAnswer) {
  struct Row {
    std::uint32_t format;
    const char *schema, *model, *settings;
    bool tool;
    const char* config;
  };
  const Row rows[] = {
      {OC_FORMAT_TEXT, "", "gemini-2.5-pro", "{}", false, ""},
      {OC_FORMAT_JSON, "", "gemini-2.5-pro", "{}", false, R"({"responseMimeType":"application/json"})"},
      {OC_FORMAT_JSON_SCHEMA, R"({"type":"object"})", "gemini-2.5-pro", "{}", false,
       R"({"responseMimeType":"application/json","responseJsonSchema":{"type":"object"}})"},
      {OC_FORMAT_JSON_SCHEMA, R"({"type":"object","$schema":"x"})", "gemini-2.5-pro", R"({"json_schema":false})", false,
       R"({"responseMimeType":"application/json","responseSchema":{"type":"OBJECT"}})"},
      {OC_FORMAT_JSON, "", "gemini-3-pro", "{}", true, R"({"responseMimeType":"application/json"})"},
      {OC_FORMAT_JSON, "", "gemini-2.5-pro", "{}", true, ""},  // one or the other
  };
  for (const Row& r : rows) {
    create(r.settings);
    call.dropped.clear();
    Conversation c;
    if (r.tool) c.tool("f");
    oc_request q = saying_hi(c, r.model);
    q.format = r.format;
    q.format_schema_json = oc::str(r.schema);
    ASSERT_EQ(build(q), OC_OK);
    EXPECT_TRUE(config() == r.config || same_json(config(), r.config)) << body;
    EXPECT_EQ(call.dropped.size(), r.tool && std::string_view(r.config).empty() ? 1u : 0u) << r.model;
  }
}

TEST_F(GeminiBody, HowHardToThink) {
  constexpr std::int64_t kUnset = -9;
  struct Row {
    const char *model, *effort;
    std::int64_t budget;
    const char* thinking;
  };
  const Row rows[] = {
      {"gemini-3-flash", "none", kUnset, R"({"thinkingLevel":"MINIMAL"})"},
      {"gemini-3-pro", "none", kUnset, R"({"thinkingLevel":"LOW"})"},
      {"gemini-3-pro", "medium", kUnset, R"({"thinkingLevel":"HIGH"})"},
      {"gemini-3.1-pro", "medium", kUnset, R"({"thinkingLevel":"MEDIUM"})"},
      {"gemini-3-flash", "xhigh", kUnset, R"({"thinkingLevel":"HIGH"})"},
      {"gemini-3-flash", "", 1024, R"({"thinkingLevel":"LOW"})"},
      {"gemini-3-flash", "", 10000, R"({"thinkingLevel":"MEDIUM"})"},
      {"gemini-3-flash", "", 32000, R"({"thinkingLevel":"HIGH"})"},
      {"gemini-3-flash", "", -1, ""},
      {"gemini-2.5-flash", "none", kUnset, R"({"thinkingBudget":0})"},
      {"gemini-2.5-pro", "none", kUnset, R"({"thinkingBudget":128})"},
      {"gemini-2.5-flash", "low", kUnset, R"({"thinkingBudget":1024})"},
      {"gemini-2.5-flash", "max", kUnset, R"({"thinkingBudget":24576})"},
      {"gemini-2.5-flash", "low", 5000, R"({"thinkingBudget":5000})"},
      {"gemini-2.0-flash", "none", kUnset, ""},
      {"gemini-2.5-flash", "", kUnset, ""},
  };
  for (const Row& r : rows) {
    Conversation c;
    oc_request q = saying_hi(c, r.model);
    q.reasoning_effort = oc::str(r.effort);
    if (r.budget != kUnset) q.set_mask |= OC_SET_REASONING_BUDGET, q.reasoning_budget = r.budget;
    ASSERT_EQ(build(q), OC_OK);
    EXPECT_EQ(json()["generationConfig"]["thinkingConfig"].raw(), r.thinking) << r.model << r.effort << r.budget;
  }
  EXPECT_TRUE(call.dropped.empty());
  Conversation c;
  oc_request q = saying_hi(c, "gemini-2.5-flash");
  q.reasoning_effort = oc::str("high");
  q.flags = OC_REQ_SHOW_REASONING;
  q.set_mask = OC_SET_MAX_TOKENS;
  q.max_output_tokens = 3000;
  ASSERT_EQ(build(q), OC_OK);
  EXPECT_TRUE(same_json(config(),
                        R"({"maxOutputTokens":3000,"thinkingConfig":{"thinkingBudget":3000,"includeThoughts":true}})"))
      << body;
  q.model = oc::str("gemini-2.0-flash");
  ASSERT_EQ(build(q), OC_OK);
  EXPECT_EQ(call.dropped, std::vector<std::string>{"reasoning"});
  create(R"({"thinking":"budget"})");
  q.model = oc::str("tunedModels/mine");
  ASSERT_EQ(build(q), OC_OK);
  EXPECT_EQ(json()["generationConfig"]["thinkingConfig"]["thinkingBudget"].integer(), 3000);
}

TEST_F(GeminiBody, WhatOnlyTheClientsDialectHasIsTold) {
  Conversation c;
  c.part(OC_ROLE_USER, OC_PART_OPAQUE).ext_json = oc::str(R"({"type":"search_result"})");
  c.more(OC_PART_TEXT, "hi").ext_json = oc::str(R"({"cache_control":{"type":"ephemeral"}})");
  oc_request r = c.request();
  r.dialect = oc::str("anthropic_messages");
  ASSERT_EQ(build(r), OC_OK);
  EXPECT_EQ(contents(), R"([{"parts":[{"text":"hi"}],"role":"user"}])");
  EXPECT_EQ(call.dropped,
            (std::vector<std::string>{"messages[] parts of the client's own API", "messages[].cache_control"}));
}

TEST_F(GeminiBody, CountsTheWholeRequest) {
  for (const bool vertex : {false, true}) {
    create(vertex ? R"({"base_url":"https://aiplatform.googleapis.com/v1"})" : "{}");
    Conversation c;
    c.part(OC_ROLE_SYSTEM, OC_PART_TEXT, "s");
    oc_request r = saying_hi(c);
    r.op = OC_OP_COUNT_TOKENS;
    ASSERT_EQ(build(r), OC_OK);
    const std::string inner =
        R"("systemInstruction":{"parts":[{"text":"s"}]},"contents":[{"parts":[{"text":"hi"}],"role":"user"}])";
    EXPECT_EQ(body, vertex ? "{" + inner + "}"
                           : R"({"generateContentRequest":{"model":"models/gemini-2.5-flash",)" + inner + "}}");
  }
}

TEST_F(GeminiBody, Embeds) {
  const oc_str inputs[] = {oc::str("a"), oc::str("b")};
  Conversation c;
  oc_request r = c.request("e");
  r.op = OC_OP_EMBED;
  r.inputs = inputs;
  r.n_inputs = 2;
  r.ext_json = oc::str(R"({"dimensions":3,"encoding_format":"base64"})");
  ASSERT_EQ(build(r), OC_OK);
  EXPECT_EQ(path(), "/models/e:batchEmbedContents");
  EXPECT_TRUE(
      same_json(body, R"({"requests":[{"model":"models/e","content":{"parts":[{"text":"a"}]},"outputDimensionality":3},
      {"model":"models/e","content":{"parts":[{"text":"b"}]},"outputDimensionality":3}]})"))
      << body;
  r.n_inputs = 0;
  EXPECT_EQ(build(r), OC_E_UNSUPPORTED);
  create(R"({"base_url":"https://us-aiplatform.googleapis.com/v1"})");
  r.n_inputs = 1;
  ASSERT_EQ(build(r), OC_OK);
  EXPECT_EQ(path(), "/models/e:embedContent");
  EXPECT_TRUE(same_json(body, R"({"content":{"parts":[{"text":"a"}]},"outputDimensionality":3})")) << body;
  r.n_inputs = 2;
  EXPECT_EQ(build(r), OC_E_UNSUPPORTED);
}

}  // namespace
}  // namespace onechat::gemini
