#include <array>

#include "fixture_test.hpp"

namespace onechat::gemini {
namespace {

// ---- routes and credential

TEST_F(GeminiSurface, ServesEveryVersionAndClaimsWhatOthersServeToo) {
  const oc_route* const* routes = nullptr;
  const std::uint64_t n = surface->routes(surface.self(), &routes);
  const auto count = [&](std::string_view method, std::string_view path, std::uint32_t op, std::string_view claim) {
    int found = 0;
    for (std::uint64_t i = 0; i < n; ++i)
      found += oc::view(routes[i]->method) == method && oc::view(routes[i]->path) == path && routes[i]->op == op &&
               oc::view(routes[i]->claim_header) == claim;
    return found;
  };
  for (const std::string version : {"/v1", "/v1beta", "/v1alpha"}) {
    const std::string model = version + "/models/{model...}";
    EXPECT_EQ(count("POST", model + ":generateContent", OC_OP_GENERATE, ""), 1);
    EXPECT_EQ(count("POST", model + ":streamGenerateContent", OC_OP_GENERATE, ""), 1);
    EXPECT_EQ(count("POST", model + ":countTokens", OC_OP_COUNT_TOKENS, ""), 1);
    EXPECT_EQ(count("POST", model + ":embedContent", OC_OP_EMBED, ""), 1);
    EXPECT_EQ(count("POST", model + ":batchEmbedContents", OC_OP_EMBED, ""), 1);
    EXPECT_EQ(count("GET", version + "/models", OC_OP_LIST_MODELS, ""), version == "/v1" ? 0 : 1);
    EXPECT_EQ(count("GET", model, OC_OP_GET_MODEL, ""), version == "/v1" ? 0 : 1);
  }
  for (const char* claim : {"x-goog-api-key", "x-goog-api-client", "?key"}) {
    EXPECT_EQ(count("GET", "/v1/models", OC_OP_LIST_MODELS, claim), 1);
    EXPECT_EQ(count("GET", "/v1/models/{model...}", OC_OP_GET_MODEL, claim), 1);
  }
  EXPECT_EQ(count("POST", "/v1beta/tunedModels/{model...}:generateContent", OC_OP_GENERATE, ""), 1);
  EXPECT_EQ(count("POST", "/v1/projects/{model...}:streamGenerateContent", OC_OP_GENERATE, ""), 1);
  EXPECT_EQ(oc::view(surface->prefix), "/gemini");
  EXPECT_EQ(surface->flags, static_cast<std::uint32_t>(OC_SURF_CARRIES_STATE));
}

TEST_F(GeminiSurface, FindsTheKey) {
  struct Case {
    std::vector<std::array<const char*, 2>> headers;
    const char *query, *key;  // key nullptr: refused
  };
  const Case cases[] = {
      {{{"x-goog-api-key", " k1 "}}, "", "k1"},
      {{}, "key=k2", "k2"},
      {{}, "alt=sse&key=k%2B2%2f", "k+2/"},
      {{}, "key=a%zz%4", "a%zz%4"},
      {{{"authorization", "Bearer k3"}}, "", "k3"},
      {{{"x-goog-api-key", "k1"}, {"authorization", "Bearer k3"}}, "key=k2", "k1"},
      {{{"authorization", "Basic abc"}}, "key=", nullptr},
      {{{"x-api-key", "k4"}}, "monkey=1", nullptr},
      {{}, "", nullptr},
  };
  for (const Case& c : cases) {
    std::vector<oc_header> headers;
    for (const auto& h : c.headers) headers.push_back({oc::str(h[0]), oc::str(h[1])});
    oc_http_in in = oc::sized<oc_http_in>();
    in.headers = headers.data();
    in.n_headers = headers.size();
    in.query = oc::str(c.query);
    oc_str key{};
    const auto status = surface->credential(surface.self(), call.handle(), &in, &key);
    EXPECT_EQ(status, c.key != nullptr ? OC_OK : OC_E_AUTH) << c.query;
    if (c.key != nullptr)
      EXPECT_EQ(oc::view(key), c.key);
    else
      EXPECT_EQ(call.failure->http_status, 403u);
  }
}

// ---- requests

TEST_F(GeminiSurface, TheModelAndTheFormOfTheAnswerComeFromTheUrl) {
  ASSERT_EQ(parse(kHello), OC_OK);
  EXPECT_EQ(oc::view(request->model), "gemini-x");
  EXPECT_EQ(oc::view(request->dialect), "gemini");
  EXPECT_EQ(request->flags, 0u);
  stream(kHello, "alt=sse");
  EXPECT_EQ(request->flags, static_cast<std::uint32_t>(OC_REQ_STREAM | OC_REQ_STREAM_USAGE));
  stream(kHello, "");
  EXPECT_EQ(request->flags, static_cast<std::uint32_t>(OC_REQ_STREAM | OC_REQ_STREAM_USAGE | OC_REQ_JSON_ARRAY));
  stream(kHello, "alt=json&key=k");
  EXPECT_TRUE(request->flags & OC_REQ_JSON_ARRAY);
  ASSERT_EQ(parse(kHello, OC_OP_GENERATE, "/v1beta/tunedModels/gemini-x:generateContent"), OC_OK);
  EXPECT_EQ(oc::view(request->model), "tunedModels/gemini-x");
}

TEST_F(GeminiSurface, ReadsAWholeConfiguration) {
  for (const bool snake : {false, true}) {
    ASSERT_EQ(parse(snake ? R"({"contents":[{"parts":[{"text":"hi"}]}],
        "system_instruction":{"parts":[{"text":"be brief"}]},"service_tier":"flex",
        "safety_settings":[{"category":"C"}],"cached_content":"cachedContents/1",
        "generation_config":{"temperature":0.5,"top_p":0.25,"top_k":40,"candidate_count":2,"max_output_tokens":100,
          "stop_sequences":["a","b"],"presence_penalty":0.1,"frequency_penalty":-0.2,"seed":7,"response_logprobs":true,
          "logprobs":3,"response_mime_type":"application/json","response_json_schema":{"type":"object"},
          "response_modalities":["TEXT"],
          "thinking_config":{"include_thoughts":true,"thinking_budget":-1,"thinking_level":"LOW"}}})"
                          : R"({"contents":[{"parts":[{"text":"hi"}]}],
        "systemInstruction":{"parts":[{"text":"be brief"}]},"serviceTier":"flex",
        "safetySettings":[{"category":"C"}],"cachedContent":"cachedContents/1",
        "generationConfig":{"temperature":0.5,"topP":0.25,"topK":40,"candidateCount":2,"maxOutputTokens":100,
          "stopSequences":["a","b"],"presencePenalty":0.1,"frequencyPenalty":-0.2,"seed":7,"responseLogprobs":true,
          "logprobs":3,"responseMimeType":"application/json","responseJsonSchema":{"type":"object"},
          "responseModalities":["TEXT"],
          "thinkingConfig":{"includeThoughts":true,"thinkingBudget":-1,"thinkingLevel":"LOW"}}})"),
              OC_OK);
    EXPECT_EQ(request->set_mask,
              static_cast<std::uint64_t>(OC_SET_TEMPERATURE | OC_SET_TOP_P | OC_SET_TOP_K | OC_SET_N |
                                         OC_SET_MAX_TOKENS | OC_SET_PRESENCE_PENALTY | OC_SET_FREQUENCY_PENALTY |
                                         OC_SET_SEED | OC_SET_LOGPROBS | OC_SET_REASONING_BUDGET));
    EXPECT_EQ(request->temperature, 0.5);
    EXPECT_EQ(request->top_p, 0.25);
    EXPECT_EQ(request->top_k, 40);
    EXPECT_EQ(request->n, 2u);
    EXPECT_EQ(request->max_output_tokens, 100u);
    ASSERT_EQ(request->n_stop, 2u);
    EXPECT_EQ(oc::view(request->stop[1]), "b");
    EXPECT_EQ(request->presence_penalty, 0.1);
    EXPECT_EQ(request->frequency_penalty, -0.2);
    EXPECT_EQ(request->seed, 7);
    EXPECT_EQ(request->top_logprobs, 3);
    EXPECT_EQ(request->format, static_cast<std::uint32_t>(OC_FORMAT_JSON_SCHEMA));
    EXPECT_EQ(oc::view(request->format_schema_json), R"({"type":"object"})");
    EXPECT_EQ(request->reasoning_budget, -1);
    EXPECT_EQ(oc::view(request->reasoning_effort), "low");
    EXPECT_EQ(request->flags, static_cast<std::uint32_t>(OC_REQ_SHOW_REASONING));
    EXPECT_EQ(oc::view(request->service_tier), "flex");
    ASSERT_EQ(request->n_turns, 2u);
    EXPECT_EQ(request->turns[0]->role, static_cast<std::uint32_t>(OC_ROLE_SYSTEM));
    EXPECT_EQ(oc::view(part(0, 0).text), "be brief");
    EXPECT_EQ(request->turns[1]->role, static_cast<std::uint32_t>(OC_ROLE_USER));
    const std::string_view ext = oc::view(request->ext_json);
    EXPECT_TRUE(same_json(ext, snake ? R"({"safety_settings":[{"category":"C"}],"cached_content":"cachedContents/1",
        "generationConfig":{"response_modalities":["TEXT"]}})"
                                     : R"({"safetySettings":[{"category":"C"}],
        "cachedContent":"cachedContents/1","generationConfig":{"responseModalities":["TEXT"]}})"))
        << ext;
  }
}

TEST_F(GeminiSurface, ReadsFormsOfTheAnswer) {
  struct Row {
    const char* config;
    std::uint32_t format;
    const char *schema, *kept;
  };
  const Row rows[] = {
      {R"({"responseMimeType":"text/plain"})", OC_FORMAT_TEXT, "", ""},
      {R"({"responseMimeType":"application/json"})", OC_FORMAT_JSON, "", ""},
      {R"({"responseMimeType":"application/json","responseSchema":{"type":"STRING"}})", OC_FORMAT_JSON_SCHEMA,
       R"({"type":"string"})", R"({"generationConfig":{"responseSchema":{"type":"STRING"}}})"},
      {R"({"responseMimeType":"text/x.enum","responseSchema":{"type":"STRING","enum":["a"]}})", OC_FORMAT_UNSET, "",
       R"({"generationConfig":{"responseSchema":{"type":"STRING","enum":["a"]},"responseMimeType":"text/x.enum"}})"},
      {R"({})", OC_FORMAT_UNSET, "", ""},
  };
  for (const Row& r : rows) {
    ASSERT_EQ(parse(std::string(R"({"contents":"hi","generationConfig":)") + r.config + "}"), OC_OK) << r.config;
    EXPECT_EQ(request->format, r.format) << r.config;
    EXPECT_EQ(oc::view(request->format_schema_json), r.schema) << r.config;
    EXPECT_TRUE(oc::view(request->ext_json) == r.kept || same_json(oc::view(request->ext_json), r.kept))
        << oc::view(request->ext_json);
  }
}

TEST_F(GeminiSurface, ReadsTools) {
  ASSERT_EQ(parse(R"({"contents":"hi","tools":[
      {"functionDeclarations":[{"name":"a","description":"d","parameters":{"type":"OBJECT"},"behavior":"BLOCKING"},
                               {"name":"b","parametersJsonSchema":{"type":"object","x":1}}]},
      {"googleSearch":{"x":1},"codeExecution":{}},{"function_declarations":[{"name":"c"}]}],
      "toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["a"],"streamFunctionCallArguments":true},
                    "retrievalConfig":{"languageCode":"de"}}})"),
            OC_OK);
  ASSERT_EQ(request->n_tools, 5u);
  EXPECT_EQ(oc::view(request->tools[0]->name), "a");
  EXPECT_EQ(oc::view(request->tools[0]->description), "d");
  EXPECT_EQ(oc::view(request->tools[0]->schema_json), R"({"type":"object"})");
  EXPECT_EQ(oc::view(request->tools[0]->ext_json), R"({"parameters":{"type":"OBJECT"},"behavior":"BLOCKING"})");
  EXPECT_EQ(oc::view(request->tools[1]->schema_json), R"({"type":"object","x":1})");
  EXPECT_EQ(request->tools[2]->flags, static_cast<std::uint32_t>(OC_TOOLF_BUILTIN));
  EXPECT_EQ(oc::view(request->tools[2]->ext_json), R"({"googleSearch":{"x":1}})");
  EXPECT_EQ(oc::view(request->tools[3]->ext_json), R"({"codeExecution":{}})");
  EXPECT_EQ(oc::view(request->tools[4]->name), "c");
  EXPECT_EQ(request->tool_choice, static_cast<std::uint32_t>(OC_CHOICE_REQUIRED));
  ASSERT_EQ(request->n_choice_names, 1u);
  EXPECT_EQ(oc::view(request->choice_names[0]), "a");
  EXPECT_TRUE(same_json(oc::view(request->ext_json), R"({"toolConfig":{"retrievalConfig":{"languageCode":"de"},
      "functionCallingConfig":{"streamFunctionCallArguments":true}}})"))
      << oc::view(request->ext_json);

  struct Row {
    const char* mode;
    std::uint32_t choice;
  };
  for (const Row& r : {Row{"AUTO", OC_CHOICE_AUTO}, Row{"NONE", OC_CHOICE_NONE}, Row{"VALIDATED", OC_CHOICE_AUTO},
                       Row{"NEW", OC_CHOICE_UNSET}}) {
    ASSERT_EQ(
        parse(std::string(R"({"contents":"hi","toolConfig":{"functionCallingConfig":{"mode":")") + r.mode + "\"}}}"),
        OC_OK);
    EXPECT_EQ(request->tool_choice, r.choice) << r.mode;
  }
}

TEST_F(GeminiSurface, ReadsEveryKindOfPart) {
  ASSERT_EQ(parse(R"({"contents":[
    {"role":"user","parts":[{"text":"look"},{"inlineData":{"mimeType":"image/png","data":"QUJD","displayName":"n"}},
      {"inline_data":{"mime_type":"audio/wav","data":"QUJD"}},{"inlineData":{"mimeType":"application/pdf","data":"QUJD"}},
      {"fileData":{"mimeType":"video/mp4","fileUri":"https://youtu.be/x"},"videoMetadata":{"fps":1}},
      {"fileData":{"mimeType":"image/png","fileUri":"https://generativelanguage.googleapis.com/v1beta/files/1"}}]},
    {"role":"model","parts":[{"text":"hm","thought":true,"thoughtSignature":"s0"},{"text":"so","thoughtSignature":"s1"},
      {"functionCall":{"id":"i1","name":"f","args":{"a":1}},"thoughtSignature":"s2"},
      {"executableCode":{"code":"1"},"thoughtSignature":"s3"},{"thoughtSignature":"s4"}]}]})"),
            OC_OK);
  ASSERT_EQ(request->turns[0]->n_parts, 6u);
  EXPECT_EQ(part(0, 1).type, static_cast<std::uint32_t>(OC_PART_IMAGE));
  EXPECT_EQ(oc::view(part(0, 1).media_type), "image/png");
  EXPECT_EQ(oc::view(part(0, 1).data_base64), "QUJD");
  EXPECT_EQ(oc::view(part(0, 1).name), "n");
  EXPECT_EQ(part(0, 2).type, static_cast<std::uint32_t>(OC_PART_AUDIO));
  EXPECT_EQ(part(0, 3).type, static_cast<std::uint32_t>(OC_PART_FILE));
  EXPECT_EQ(oc::view(part(0, 4).uri), "https://youtu.be/x");
  EXPECT_EQ(oc::view(part(0, 4).ext_json), R"({"videoMetadata":{"fps":1}})");
  EXPECT_EQ(part(0, 4).flags, 0u);
  EXPECT_EQ(part(0, 5).flags, static_cast<std::uint32_t>(OC_PARTF_FILE_ID));

  ASSERT_EQ(request->turns[1]->role, static_cast<std::uint32_t>(OC_ROLE_ASSISTANT));
  EXPECT_EQ(part(1, 0).type, static_cast<std::uint32_t>(OC_PART_REASONING));
  EXPECT_EQ(oc::view(part(1, 0).opaque), "s0");
  EXPECT_EQ(oc::view(part(1, 0).opaque_origin), "gemini/");
  EXPECT_EQ(part(1, 1).type, static_cast<std::uint32_t>(OC_PART_TEXT));
  EXPECT_EQ(oc::view(part(1, 1).opaque), "s1");
  EXPECT_EQ(part(1, 2).type, static_cast<std::uint32_t>(OC_PART_TOOL_CALL));
  EXPECT_EQ(oc::view(part(1, 2).tool_id), "i1");
  EXPECT_EQ(oc::view(part(1, 2).tool_args_json), R"({"a":1})");
  EXPECT_EQ(oc::view(part(1, 2).opaque), "s2");
  EXPECT_EQ(part(1, 3).type, static_cast<std::uint32_t>(OC_PART_OPAQUE));
  EXPECT_EQ(oc::view(part(1, 3).ext_json), R"({"executableCode":{"code":"1"},"thoughtSignature":"s3"})");
  EXPECT_EQ(part(1, 4).type, static_cast<std::uint32_t>(OC_PART_TEXT));
  EXPECT_EQ(oc::view(part(1, 4).opaque), "s4");
}

// Most clients give calls no ids: name and order say which result is whose.
TEST_F(GeminiSurface, PairsCallsAndResults) {
  ASSERT_EQ(parse(R"({"contents":[
    {"role":"user","parts":[{"text":"go"}]},
    {"role":"model","parts":[{"functionCall":{"name":"f","args":{"n":1}}},{"functionCall":{"name":"g"}},{"functionCall":{"name":"f","args":{"n":2}}}]},
    {"role":"user","parts":[{"functionResponse":{"name":"f","response":{"result":"one"}}},{"functionResponse":{"name":"f","response":{"result":"two"}}},
                            {"functionResponse":{"name":"g","response":{"output":[1]}}}]},
    {"role":"model","parts":[{"functionCall":{"name":"f","id":"own"}}]},
    {"role":"function","parts":[{"functionResponse":{"name":"f","id":"own","response":{"error":"broken"}}}]}]})"),
            OC_OK);
  EXPECT_EQ(oc::view(part(1, 0).tool_id), "gemini_0_f");
  EXPECT_EQ(oc::view(part(1, 1).tool_id), "gemini_1_g");
  EXPECT_EQ(oc::view(part(1, 2).tool_id), "gemini_2_f");
  EXPECT_EQ(oc::view(part(1, 1).tool_args_json), "{}");
  EXPECT_EQ(oc::view(part(2, 0).tool_id), "gemini_0_f");
  EXPECT_EQ(oc::view(part(2, 1).tool_id), "gemini_2_f");
  EXPECT_EQ(oc::view(part(2, 2).tool_id), "gemini_1_g");
  EXPECT_EQ(oc::view(part(2, 0).text), "one");
  EXPECT_EQ(oc::view(part(2, 2).text), R"({"output":[1]})");
  EXPECT_EQ(oc::view(part(4, 0).tool_id), "own");
  EXPECT_EQ(oc::view(part(4, 0).text), "broken");
  EXPECT_EQ(part(4, 0).flags, static_cast<std::uint32_t>(OC_PARTF_ERROR));
}

// A call that was given up must not take the result of a later one.
TEST_F(GeminiSurface, AResultBelongsToTheLatestStep) {
  ASSERT_EQ(parse(R"({"contents":[
    {"role":"model","parts":[{"functionCall":{"name":"f"}}]},
    {"role":"user","parts":[{"text":"never mind, again"}]},
    {"role":"model","parts":[{"functionCall":{"name":"f"}}]},
    {"role":"user","parts":[{"functionResponse":{"name":"f"}}]}]})"),
            OC_OK);
  EXPECT_EQ(oc::view(part(3, 0).tool_id), oc::view(part(2, 0).tool_id));
  EXPECT_NE(oc::view(part(0, 0).tool_id), oc::view(part(2, 0).tool_id));
}

TEST_F(GeminiSurface, AResultMayHavePictures) {
  ASSERT_EQ(parse(R"({"contents":[{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"result":"see"},
      "parts":[{"inlineData":{"mimeType":"image/png","data":"QUJD"}}],"willContinue":true}}]}]})"),
            OC_OK);
  ASSERT_EQ(part(0, 0).n_parts, 2u);
  EXPECT_EQ(oc::view(part(0, 0).parts[0]->text), "see");
  EXPECT_EQ(part(0, 0).parts[1]->type, static_cast<std::uint32_t>(OC_PART_IMAGE));
  EXPECT_EQ(oc::view(part(0, 0).ext_json), R"({"functionResponse":{"willContinue":true}})");
}

TEST_F(GeminiSurface, IsTolerantAboutTheFormOfContents) {
  for (const char* text :
       {R"({"contents":"hi"})", R"({"contents":{"parts":{"text":"hi"}}})", R"({"contents":["hi"]})",
        R"({"contents":[{"role":null,"parts":["hi"]}]})", R"({"contents":[{"text":"hi"}]})",
        R"({"contents":[{"role":"user","parts":[{"text":"hi"}],"new":1}],"systemInstruction":null})"}) {
    ASSERT_EQ(parse(text), OC_OK) << text;
    ASSERT_EQ(request->n_turns, 1u) << text;
    ASSERT_EQ(request->turns[0]->n_parts, 1u) << text;
    EXPECT_EQ(oc::view(part(0, 0).text), "hi") << text;
  }
  for (const char* system : {R"("be brief")", R"({"text":"be brief"})", R"([{"text":"be brief"}])",
                             R"({"role":"x","parts":[{"text":"be brief"}]})"}) {
    ASSERT_EQ(parse(std::string(R"({"contents":"hi","systemInstruction":)") + system + "}"), OC_OK) << system;
    EXPECT_EQ(oc::view(part(0, 0).text), "be brief") << system;
  }
}

TEST_F(GeminiSurface, RefusesAndNamesThePlace) {
  struct Row {
    const char *body, *param;
  };
  const Row rows[] = {
      {"", ""},
      {"[]", ""},
      {"{", ""},
      {"{}", "contents"},
      {R"({"contents":[]})", "contents"},
      {R"({"contents":7})", "contents"},
      {R"({"contents":[7]})", "contents[0]"},
      {R"({"contents":[{"role":"robot","parts":[]}]})", "contents[0].role"},
      {R"({"contents":[{"parts":[{"text":1}]}]})", "contents[0].parts[0].text"},
      {R"({"contents":[{"parts":[3]}]})", "contents[0].parts[0]"},
      {R"({"contents":[{"parts":[{"inlineData":{"data":"x"}}]}]})", "contents[0].parts[0].inlineData.mimeType"},
      {R"({"contents":[{"parts":[{"fileData":{}}]}]})", "contents[0].parts[0].fileData.fileUri"},
      {R"({"contents":[{"parts":[{"functionCall":{}}]}]})", "contents[0].parts[0].functionCall.name"},
      {R"({"contents":[{"parts":[{"functionCall":{"name":"f","args":[]}}]}]})",
       "contents[0].parts[0].functionCall.args"},
      {R"({"contents":[{"parts":[{"functionResponse":{"name":"f","response":"x"}}]}]})",
       "contents[0].parts[0].functionResponse.response"},
      {R"({"contents":"x","contents":"y"})", "contents"},
      {R"({"contents":"x","systemInstruction":"a","system_instruction":"b"})", "systemInstruction"},
      {R"({"contents":"x","generationConfig":{"maxOutputTokens":1,"max_output_tokens":2}})",
       "generationConfig.maxOutputTokens"},
      {R"({"contents":"x","generationConfig":[]})", "generationConfig"},
      {R"({"contents":"x","generationConfig":{"maxOutputTokens":-1}})", "generationConfig.maxOutputTokens"},
      {R"({"contents":"x","generationConfig":{"maxOutputTokens":1.5}})", "generationConfig.maxOutputTokens"},
      {R"({"contents":"x","generationConfig":{"maxOutputTokens":"many"}})", "generationConfig.maxOutputTokens"},
      {R"({"contents":"x","generationConfig":{"candidateCount":0}})", "generationConfig.candidateCount"},
      {R"({"contents":"x","generationConfig":{"candidateCount":900}})", "generationConfig.candidateCount"},
      {R"({"contents":"x","generationConfig":{"temperature":"hot"}})", "generationConfig.temperature"},
      {R"({"contents":"x","generationConfig":{"stopSequences":"a"}})", "generationConfig.stopSequences"},
      {R"({"contents":"x","generationConfig":{"stopSequences":["a",1]}})", "generationConfig.stopSequences[1]"},
      {R"({"contents":"x","generationConfig":{"thinkingConfig":{"thinkingBudget":-2}}})",
       "generationConfig.thinkingConfig.thinkingBudget"},
      {R"({"contents":"x","tools":{}})", "tools"},
      {R"({"contents":"x","tools":[1]})", "tools[0]"},
      {R"({"contents":"x","tools":[{"functionDeclarations":[{}]}]})", "tools[0].functionDeclarations[0].name"},
      {R"({"contents":"x","toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":[1]}}})",
       "toolConfig.functionCallingConfig.allowedFunctionNames[0]"},
  };
  for (const Row& r : rows) {
    EXPECT_EQ(parse(r.body), OC_E_INVALID) << r.body;
    ASSERT_TRUE(call.failure.has_value()) << r.body;
    EXPECT_EQ(call.failure->param, r.param) << r.body;
    EXPECT_EQ(call.failure->http_status, 400u);
  }
}

TEST_F(GeminiSurface, AForeignSignatureComesBackWithItsOrigin) {
  const auto token =
      dialect::to_slot({host.table(), call.handle(), &call.arena}, "gemini", "sig", "anthropic_messages/claude");
  ASSERT_EQ(
      parse(std::string(R"({"contents":[{"role":"model","parts":[{"text":"","thought":true,"thoughtSignature":")") +
            std::string(token) + "\"}]}]}"),
      OC_OK);
  EXPECT_EQ(part(0, 0).type, static_cast<std::uint32_t>(OC_PART_REASONING));
  EXPECT_EQ(oc::view(part(0, 0).opaque), "sig");
  EXPECT_EQ(oc::view(part(0, 0).opaque_origin), "anthropic_messages/claude");
}

TEST_F(GeminiSurface, MediaWeighByWhatTheyCost) {
  const std::string picture = R"({"contents":[{"parts":[{"inlineData":{"mimeType":"image/png","data":")" +
                              std::string(400'000, 'A') + R"("}}]}]})";
  ASSERT_EQ(parse(picture), OC_OK);
  EXPECT_LT(request->input_bytes, 5000u);
  ASSERT_EQ(parse(kHello), OC_OK);
  EXPECT_EQ(request->input_bytes, kHello.size());
}

}  // namespace
}  // namespace onechat::gemini
