#include <gtest/gtest.h>

#include <set>

#include "gemini/error_shape.hpp"
#include "gemini/finish_reason.hpp"
#include "gemini/model_name.hpp"
#include "gemini/names.hpp"
#include "gemini/schema.hpp"
#include "gemini/tool_ids.hpp"
#include "gemini/usage.hpp"
#include "support/fake_host.hpp"

namespace onechat::gemini {
namespace {

using test::same_json;

struct GeminiDialect : ::testing::Test {
  test::FakeHost host;
  test::FakeCall fake;
  oc::Call call{host.table(), fake.handle(), &fake.arena};

  std::string written(const oc_event& e) {
    return std::string(call.json([&](oc::Writer& w) { write_error(call, w, e); }));
  }
  std::string subset(std::string_view schema) { return std::string(subset_of(call, call.parse(schema))); }
  std::string widened(std::string_view schema) { return std::string(json_schema_of(call, call.parse(schema))); }
};

TEST_F(GeminiDialect, AcceptsBothSpellingsOfAName) {
  EXPECT_TRUE(spells("maxOutputTokens", "maxOutputTokens"));
  EXPECT_TRUE(spells("max_output_tokens", "maxOutputTokens"));
  EXPECT_TRUE(spells("top_k", "topK"));
  EXPECT_FALSE(spells("maxoutputtokens", "maxOutputTokens"));
  EXPECT_FALSE(spells("max_output_token", "maxOutputTokens"));
  EXPECT_FALSE(spells("max_output_tokens_", "maxOutputTokens"));
  EXPECT_FALSE(spells("max_", "maxOutputTokens"));
  EXPECT_FALSE(spells("", "a"));
  EXPECT_EQ(member(call.parse(R"({"top_p":1,"topP":2})"), "topP").integer(), 2);
  EXPECT_EQ(named_twice(call.parse(R"({"topP":1,"top_p":2})"), {"topK", "topP"}), "topP");
  EXPECT_EQ(named_twice(call.parse(R"({"topP":1,"top_k":2})"), {"topK", "topP"}), "");
  EXPECT_EQ(extra_members(call, call.parse(R"({"top_p":1,"x_y":{"a":[1]}})"), {"topP"}), R"({"x_y":{"a":[1]}})");
  EXPECT_EQ(extra_members(call, call.parse(R"({"top_p":1})"), {"topP"}), "");
}

TEST_F(GeminiDialect, KnowsWhereAModelLives) {
  EXPECT_EQ(bare_model("models/gemini-2.5-pro"), "gemini-2.5-pro");
  EXPECT_EQ(bare_model("projects/p/locations/l/publishers/google/models/gemini-2.5-pro"), "gemini-2.5-pro");
  EXPECT_EQ(bare_model("tunedModels/mine"), "tunedModels/mine");
  EXPECT_EQ(bare_model("vendor/some-model"), "vendor/some-model");
  EXPECT_EQ(model_path(call, "gemini-2.5-pro", "countTokens"), "/models/gemini-2.5-pro:countTokens");
  EXPECT_EQ(model_path(call, "models/gemini-2.5-pro", "v"), "/models/gemini-2.5-pro:v");
  EXPECT_EQ(model_path(call, "tunedModels/mine", "v"), "/tunedModels/mine:v");
  EXPECT_EQ(model_path(call, "publishers/google/models/x", "v"), "/publishers/google/models/x:v");
}

// Where a model's name is the client's, it must stay one segment of the path.
TEST_F(GeminiDialect, ANameOfAModelCannotLeaveThePath) {
  EXPECT_EQ(model_path(call, "gemini-x?key=1", "v"), "/models/gemini-x%3Fkey%3D1:v");
  EXPECT_EQ(model_path(call, "gemini-x#", "v"), "/models/gemini-x%23:v");
  EXPECT_EQ(model_path(call, "gemini-x:countTokens", "v"), "/models/gemini-x%3AcountTokens:v");
  EXPECT_EQ(model_path(call, "gemini-x/files", "v"), "/models/gemini-x%2Ffiles:v");
  EXPECT_EQ(model_path(call, "gemini \r\nx", "v"), "/models/gemini%20%0D%0Ax:v");
  EXPECT_EQ(model_path(call, "gemini-/../files", "v"), "");
  EXPECT_EQ(model_path(call, "tunedModels/../files", "v"), "");
  EXPECT_EQ(model_path(call, "", "v"), "");
}

TEST_F(GeminiDialect, KnowsHowAModelThinks) {
  for (const char* name : {"gemini-3-pro-preview", "gemini-3.1-flash", "gemini-4-x", "gemini-10",
                           "models/gemini-3-flash", "gemini-flash-latest"})
    EXPECT_EQ(thinking_of(name), Thinking::level) << name;
  for (const char* name : {"gemini-2.5-pro", "gemini-2.5-flash-lite", "models/gemini-2.5-flash"})
    EXPECT_EQ(thinking_of(name), Thinking::budget) << name;
  for (const char* name : {"gemini-2.0-flash", "gemini-1.5-pro", "gemma-3-27b", "gemini-embedding-001", "", "m"})
    EXPECT_EQ(thinking_of(name), Thinking::none) << name;
}

TEST_F(GeminiDialect, MadeUpIdsAreStableDistinctAndRecognised) {
  EXPECT_EQ(id_in_history(call, "get.weather:now", 3), "gemini_3_get_weather_now");
  EXPECT_EQ(id_in_history(call, std::string(200, 'n'), 12).size(), 64u);
  std::set<std::string> ids;
  for (const char* answer : {"a", "b"})
    for (std::uint64_t choice : {0, 1})
      for (std::uint64_t n : {0, 1}) ids.emplace(id_in_answer(call, answer, choice, n));
  EXPECT_EQ(ids.size(), 8u);
  EXPECT_EQ(id_in_answer(call, "a", 0, 1), id_in_answer(call, "a", 0, 1));
  for (const auto& id : ids) EXPECT_TRUE(is_made_up(id));
  EXPECT_FALSE(is_made_up("call_1"));
  EXPECT_FALSE(is_made_up("zi06h2mp"));
}

TEST_F(GeminiDialect, ReasonsForTheEnd) {
  struct Row {
    const char* wire;
    std::uint32_t finish;
    const char* back;
  };
  const Row rows[] = {
      {"STOP", OC_FIN_STOP, "STOP"},
      {"MAX_TOKENS", OC_FIN_LENGTH, "MAX_TOKENS"},
      {"SAFETY", OC_FIN_FILTER, "SAFETY"},
      {"RECITATION", OC_FIN_FILTER, "SAFETY"},
      {"BLOCKLIST", OC_FIN_FILTER, "SAFETY"},
      {"PROHIBITED_CONTENT", OC_FIN_FILTER, "SAFETY"},
      {"SPII", OC_FIN_FILTER, "SAFETY"},
      {"MODEL_ARMOR", OC_FIN_FILTER, "SAFETY"},
      {"IMAGE_SAFETY", OC_FIN_FILTER, "SAFETY"},
      {"LANGUAGE", OC_FIN_FILTER, "SAFETY"},
      {"OTHER", OC_FIN_FILTER, "SAFETY"},
      {"MALFORMED_FUNCTION_CALL", OC_FIN_MALFORMED_TOOL, "MALFORMED_FUNCTION_CALL"},
      {"UNEXPECTED_TOOL_CALL", OC_FIN_MALFORMED_TOOL, "MALFORMED_FUNCTION_CALL"},
      {"TOO_MANY_TOOL_CALLS", OC_FIN_MALFORMED_TOOL, "MALFORMED_FUNCTION_CALL"},
      {"CONTINUATION", OC_FIN_PAUSE, "CONTINUATION"},
      {"MALFORMED_RESPONSE", OC_FIN_ERROR, "OTHER"},
      {"SOMETHING_NEW", OC_FIN_STOP, "STOP"},
  };
  for (const Row& r : rows) {
    EXPECT_EQ(finish_from_wire(r.wire), r.finish) << r.wire;
    EXPECT_EQ(finish_to_wire(r.finish), r.back) << r.wire;
  }
  EXPECT_EQ(finish_to_wire(OC_FIN_TOOL), "STOP");
  EXPECT_EQ(finish_to_wire(OC_FIN_SEQUENCE), "STOP");
  EXPECT_EQ(finish_to_wire(OC_FIN_CONTEXT), "MAX_TOKENS");
  EXPECT_EQ(finish_to_wire(OC_FIN_REFUSAL), "SAFETY");
  EXPECT_TRUE(is_no_reason("FINISH_REASON_UNSPECIFIED"));
}

TEST_F(GeminiDialect, UsageBucketsDoNotOverlap) {
  oc_usage u{};
  ASSERT_TRUE(read_usage(call.parse(R"({"promptTokenCount":100,"candidatesTokenCount":30,"thoughtsTokenCount":7,
      "toolUsePromptTokenCount":11,"cachedContentTokenCount":40,"totalTokenCount":148,
      "promptTokensDetails":[{"modality":"TEXT","tokenCount":70},{"modality":"AUDIO","tokenCount":30}],
      "cacheTokensDetails":[{"modality":"AUDIO","tokenCount":10}],
      "candidatesTokensDetails":[{"modality":"AUDIO","tokenCount":5}]})"),
                         u));
  EXPECT_EQ(u.cache_read, 40u);
  EXPECT_EQ(u.audio_input, 20u);
  EXPECT_EQ(u.input, 51u);
  EXPECT_EQ(u.output, 25u);
  EXPECT_EQ(u.audio_output, 5u);
  EXPECT_EQ(u.reasoning, 7u);
  EXPECT_EQ(prompt_tokens(u), 111u);
  const auto text = std::string(call.json([&](oc::Writer& w) { write_usage(w, u); }));
  EXPECT_TRUE(same_json(text, R"({"promptTokenCount":111,"candidatesTokenCount":30,"totalTokenCount":148,
      "cachedContentTokenCount":40,"thoughtsTokenCount":7,
      "promptTokensDetails":[{"modality":"TEXT","tokenCount":91},{"modality":"AUDIO","tokenCount":20}],
      "candidatesTokensDetails":[{"modality":"TEXT","tokenCount":25},{"modality":"AUDIO","tokenCount":5}]})"))
      << text;
}

TEST_F(GeminiDialect, TheServiceTierIsTheAnswers) {
  for (const auto& [word, flag] : std::vector<std::pair<std::string, std::uint32_t>>{
           {"standard", OC_USAGE_TIER_STANDARD}, {"flex", OC_USAGE_TIER_FLEX}, {"priority", OC_USAGE_TIER_PRIORITY}, {"", 0}}) {
    oc_usage u{};
    ASSERT_TRUE(read_usage(call.parse(R"({"promptTokenCount":1,"serviceTier":")" + word + "\"}"), u));
    EXPECT_EQ(u.flags & OC_USAGE_TIER, flag) << word;
  }
}

TEST_F(GeminiDialect, AContradictingUsageNeverWrapsAround) {
  oc_usage u{};
  ASSERT_TRUE(read_usage(call.parse(R"({"promptTokenCount":5,"cachedContentTokenCount":9,"candidatesTokenCount":1,
      "promptTokensDetails":[{"modality":"AUDIO","tokenCount":50}],"candidatesTokensDetails":[{"modality":"AUDIO","tokenCount":50}]})"),
                         u));
  EXPECT_EQ(u.input + u.audio_input, 0u);
  EXPECT_EQ(u.output, 0u);
  EXPECT_EQ(u.audio_output, 1u);
  ASSERT_TRUE(read_usage(call.parse(R"({"promptTokenCount":-4,"candidatesTokenCount":1e300})"), u));
  EXPECT_EQ(prompt_tokens(u) + u.output, 0u);
  EXPECT_FALSE(read_usage(call.parse(R"({"trafficType":"ON_DEMAND"})"), u));
  EXPECT_FALSE(read_usage(oc::Json(), u));
}

TEST_F(GeminiDialect, ReadsErrors) {
  struct Row {
    const char* body;
    std::uint32_t http;
    oc_status status;
    const char* code;
  };
  const Row rows[] = {
      {R"({"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[
          {"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}})",
       400, OC_E_AUTH, "API_KEY_INVALID"},
      {R"({"error":{"code":400,"message":"The input token count (9) exceeds the maximum number of tokens allowed (5).",
          "status":"INVALID_ARGUMENT"}})",
       400, OC_E_INVALID, "context_length_exceeded"},
      {R"({"error":{"code":403,"message":"m","status":"PERMISSION_DENIED"}})", 403, OC_E_AUTH, "PERMISSION_DENIED"},
      {R"({"error":{"code":404,"message":"m","status":"NOT_FOUND"}})", 404, OC_E_NOT_FOUND, "NOT_FOUND"},
      {R"({"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED"}})", 429, OC_E_RATE, "RESOURCE_EXHAUSTED"},
      {R"({"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED","details":[
          {"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"RequestsPerDayPerProject"}]}]}})",
       429, OC_E_LIMIT, "RESOURCE_EXHAUSTED"},
      {R"([{"error":{"code":503,"message":"m","status":"UNAVAILABLE"}}])", 503, OC_E_UNAVAILABLE, "UNAVAILABLE"},
      {R"({"error":{"code":500,"message":"m","status":"INTERNAL"}})", 500, OC_E_UPSTREAM, "INTERNAL"},
      {R"({"error":{"code":504,"message":"m","status":"DEADLINE_EXCEEDED"}})", 504, OC_E_TIMEOUT, "DEADLINE_EXCEEDED"},
      {R"({"error":{"message":"m","status":"UNAVAILABLE"}})", 0, OC_E_UNAVAILABLE, "UNAVAILABLE"},
      {R"({"error":503})", 0, OC_E_UNAVAILABLE, ""},
      {R"({"error":"words"})", 502, OC_E_UPSTREAM, ""},
      {R"({"error":{"message":null,"details":[7,null,{"@type":3}]}})", 418, OC_E_INVALID, ""},
  };
  for (const Row& r : rows) {
    const GoogleError e = read_error(call.parse(r.body));
    EXPECT_TRUE(e.found) << r.body;
    EXPECT_EQ(status_of(e, r.http), r.status) << r.body;
    EXPECT_EQ(code_of(e), r.code) << r.body;
  }
  EXPECT_FALSE(read_error(call.parse("{}")).found);
  EXPECT_FALSE(read_error(oc::Json()).found);
  const GoogleError e = read_error(call.parse(R"({"error":{"details":[
      {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.4s"},
      {"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"contents[0].role"}]}]}})"));
  EXPECT_EQ(e.retry_after_ms, 34400u);
  EXPECT_EQ(e.param, "contents[0].role");
  for (const char* odd : {"34", "-1s", "s", "1e9s", ""}) {
    const std::string body =
        std::string(R"({"error":{"details":[{"@type":"x.RetryInfo","retryDelay":")") + odd + "\"}]}}";
    EXPECT_EQ(read_error(call.parse(body)).retry_after_ms, 0u) << odd;
  }
}

TEST_F(GeminiDialect, WritesErrors) {
  oc_event e = oc::Call::event(OC_EV_ERROR);
  e.status = OC_E_INVALID;
  e.http_status = 400;
  e.text = oc::str("no role");
  e.param = oc::str("contents[0].role");
  EXPECT_TRUE(same_json(written(e), R"({"error":{"code":400,"message":"no role","status":"INVALID_ARGUMENT","details":[
      {"@type":"type.googleapis.com/google.rpc.BadRequest",
       "fieldViolations":[{"field":"contents[0].role","description":"no role"}]}]}})"))
      << written(e);

  e = oc::Call::event(OC_EV_ERROR);
  e.status = OC_E_AUTH;
  e.http_status = 401;
  e.text = oc::str("unknown key");
  e.code = oc::str("invalid_api_key");
  EXPECT_EQ(http_of(e), 400u);
  EXPECT_TRUE(
      same_json(written(e), R"({"error":{"code":400,"message":"unknown key","status":"INVALID_ARGUMENT","details":[
      {"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com"}]}})"))
      << written(e);

  e = oc::Call::event(OC_EV_ERROR);
  e.status = OC_E_FUNDS;
  EXPECT_EQ(http_of(e), 402u);
  EXPECT_TRUE(
      same_json(written(e), R"({"error":{"code":402,"message":"The project has not enough credit for this request.",
      "status":"FAILED_PRECONDITION","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[
      {"subject":"project","description":"The project has not enough credit for this request."}]}]}})"))
      << written(e);

  e = oc::Call::event(OC_EV_ERROR);
  e.status = OC_E_RATE;
  e.code = oc::str("rate_limit_exceeded");
  e.retry_after_ms = 34050;
  EXPECT_TRUE(same_json(written(e), R"({"error":{"code":429,"message":"Rate limit reached. Please retry later.",
      "status":"RESOURCE_EXHAUSTED","details":[
      {"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"RATE_LIMIT_EXCEEDED","domain":"1chat"},
      {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.050s"}]}})"))
      << written(e);
  const std::string text = written(e);
  EXPECT_EQ(read_error(call.parse(text)).retry_after_ms, 34050u);
}

TEST_F(GeminiDialect, EveryStatusHasAWordOfItsOwn) {
  struct Row {
    oc_status status;
    std::uint32_t http;
    const char* word;
  };
  const Row rows[] = {{OC_E_INVALID, 400, "INVALID_ARGUMENT"},  {OC_E_AUTH, 403, "PERMISSION_DENIED"},
                      {OC_E_AUTH, 401, "UNAUTHENTICATED"},      {OC_E_NOT_FOUND, 404, "NOT_FOUND"},
                      {OC_E_CONFLICT, 409, "ABORTED"},          {OC_E_TOO_LARGE, 413, "INVALID_ARGUMENT"},
                      {OC_E_RATE, 429, "RESOURCE_EXHAUSTED"},   {OC_E_LIMIT, 429, "RESOURCE_EXHAUSTED"},
                      {OC_E_CANCELLED, 499, "CANCELLED"},       {OC_E_INTERNAL, 500, "INTERNAL"},
                      {OC_E_UPSTREAM, 502, "UNAVAILABLE"},      {OC_E_UNAVAILABLE, 503, "UNAVAILABLE"},
                      {OC_E_TIMEOUT, 504, "DEADLINE_EXCEEDED"}, {OC_E_UPSTREAM, 599, "INTERNAL"},
                      {OC_E_INVALID, 422, "INVALID_ARGUMENT"},  {OC_E_UNSUPPORTED, 501, "UNIMPLEMENTED"}};
  for (const Row& r : rows) {
    oc_event e = oc::Call::event(OC_EV_ERROR);
    e.status = r.status;
    e.http_status = r.http;
    const std::string text = written(e);
    const oc::Json error = call.parse(text)["error"];
    EXPECT_EQ(error["code"].integer(), r.http);
    EXPECT_EQ(error["status"].str(), r.word) << r.http;
    EXPECT_FALSE(error["message"].str().empty());
  }
}

TEST_F(GeminiDialect, GooglesOwnErrorStaysAsItWas) {
  oc_event e = oc::Call::event(OC_EV_ERROR);
  e.status = OC_E_RATE;
  e.http_status = 429;
  e.text = oc::str("slow down");
  e.ext_json =
      oc::str("{\"error\":\n{\"code\":429,\"message\":\"slow down\",\"status\":\"RESOURCE_EXHAUSTED\",\"x\":1}}");
  EXPECT_EQ(written(e),
            "{\"error\": {\"code\":429,\"message\":\"slow down\",\"status\":\"RESOURCE_EXHAUSTED\",\"x\":1}}");
  e.text = oc::str("other words");  // the host tells something else
  EXPECT_EQ(written(e).find("\"x\""), std::string::npos);
}

TEST_F(GeminiDialect, TheSubsetBecomesJsonSchema) {
  EXPECT_TRUE(
      same_json(widened(R"({"type":"OBJECT","properties":{"type":{"type":"STRING","nullable":true,"enum":["A","B"]},
      "list":{"type":"ARRAY","minItems":"1","items":{"type":"INTEGER","format":"int32"}}},
      "required":["type"],"propertyOrdering":["type","list"],"any_of":[{"type":"NULL"}]})"),
                R"({"type":"object","properties":{"type":{"type":["string","null"],"enum":["A","B"]},
      "list":{"type":"array","minItems":1,"items":{"type":"integer","format":"int32"}}},
      "required":["type"],"anyOf":[{"type":"null"}]})"));
  EXPECT_TRUE(same_json(widened(R"({"type":"object","max_length":5})"), R"({"type":"object","maxLength":5})"));
}

TEST_F(GeminiDialect, JsonSchemaIsCutDownToTheSubset) {
  struct Row {
    const char *from, *to;
  };
  const Row rows[] = {
      {R"({"$schema":"x","type":"object","additionalProperties":false,"properties":{"a":{"type":"integer","exclusiveMinimum":1,
          "multipleOf":2,"minimum":0}},"required":["a"],"patternProperties":{"x":{}},"propertyNames":{}})",
       R"({"type":"OBJECT","properties":{"a":{"type":"INTEGER","minimum":0}},"required":["a"]})"},
      {R"({"type":["string","null"]})", R"({"type":"STRING","nullable":true})"},
      {R"({"type":["string","integer"]})", R"({"anyOf":[{"type":"STRING"},{"type":"INTEGER"}]})"},
      {R"({"oneOf":[{"type":"string"},{"type":"null"}]})", R"({"anyOf":[{"type":"STRING"}],"nullable":true})"},
      {R"({"const":"x","type":"string"})", R"({"type":"STRING","enum":["x"]})"},
      {R"({"type":"integer","enum":[1,2]})", R"({"type":"INTEGER"})"},
      {R"({"type":"string","format":"email"})", R"({"type":"STRING"})"},
      {R"({"type":"string","format":"date-time"})", R"({"type":"STRING","format":"date-time"})"},
      {R"({"type":"array"})", R"({"type":"ARRAY","items":{"type":"STRING"}})"},
      {R"({"type":"array","uniqueItems":true,"items":{"not":{},"type":"number"}})",
       R"({"type":"ARRAY","items":{"type":"NUMBER"}})"},
      {R"({"allOf":[{"type":"string","description":"d"}]})", R"({"type":"STRING","description":"d"})"},
      {R"({"$defs":{"p":{"type":"object","properties":{"n":{"type":"string"}}}},"type":"object","properties":{"who":{"$ref":"#/$defs/p"}}})",
       R"({"type":"OBJECT","properties":{"who":{"type":"OBJECT","properties":{"n":{"type":"STRING"}}}}})"},
      {R"({"properties":{"a":{"type":"string"}}})", R"({"type":"OBJECT","properties":{"a":{"type":"STRING"}}})"},
      {R"({"$ref":"http://elsewhere/x"})", R"({"type":"OBJECT"})"},
      {"true", R"({"type":"OBJECT"})"},
  };
  for (const Row& r : rows) EXPECT_TRUE(same_json(subset(r.from), r.to)) << r.from << "\n" << subset(r.from);
}

// A schema that contains itself twice would grow without end.
TEST_F(GeminiDialect, ASchemaThatRefersToItselfIsBounded) {
  const std::string text =
      subset(R"({"$defs":{"t":{"type":"object","properties":{"l":{"$ref":"#/$defs/t"},"r":{"$ref":"#/$defs/t"}}}},
      "$ref":"#/$defs/t"})");
  EXPECT_NE(call.parse(text)["properties"]["l"]["properties"]["r"]["type"].str(), "");
  EXPECT_LT(text.size(), 400'000u);
  EXPECT_TRUE(same_json(subset(R"({"$defs":{"a":{"$ref":"#/$defs/a"}},"$ref":"#/$defs/a"})"), "{}"));
}

}  // namespace
}  // namespace onechat::gemini
