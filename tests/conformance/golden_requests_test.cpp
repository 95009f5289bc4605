// Defects of requests on their way upstream: see golden.hpp.
#include "golden.hpp"

namespace onechat::conformance {
namespace {

const std::string kTool =
    R"({"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","properties":{"a":{"type":"number"}}}}})";
// A tool loop of a Chat client: question, two calls at once, their results.
std::string loop(const std::string& assistant_content, const std::string& more = "") {
  return R"({"model":"m","messages":[{"role":"user","content":"q"},{"role":"assistant","content":)" +
         assistant_content +
         R"(,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},{"id":"c2","type":"function","function":{"name":"f","arguments":"{\"a\":2}"}}]},)"
         R"({"role":"tool","tool_call_id":"c1","content":"one"},{"role":"tool","tool_call_id":"c2","content":"two"}],"tools":[)" +
         kTool + "]" + more + "}";
}

GOLDEN(ParallelResultsAreInOneMessage, "litellm#15307",
       "the results of parallel calls are one user message of an Anthropic upstream") {
  const Sent s = sent(kChat, loop("null"), kAnthropic);
  ASSERT_EQ(s["messages"].size(), 3u) << s.body;
  EXPECT_EQ(s["messages"].at(2)["content"].size(), 2u);
}

GOLDEN(ParallelResponsesAreInOneContent, "eino-ext#571, bifrost#1391, crewAI#4693, docker-agent#2959",
       "Gemini gets as many functionResponses in one content as there were calls") {
  for (const auto client : {kChat, kResponses}) {
    const std::string request = client == kChat ? loop("null") : R"({"model":"m","input":[{"role":"user","content":"q"},
      {"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},{"type":"function_call","call_id":"c2","name":"f","arguments":"{}"},
      {"type":"function_call_output","call_id":"c1","output":"one"},{"type":"function_call_output","call_id":"c2","output":"two"}]})";
    const Sent s = sent(client, request, kGemini);
    ASSERT_EQ(s["contents"].size(), 3u) << s.body;
    EXPECT_EQ(s["contents"].at(1)["parts"].size(), 2u);
    EXPECT_EQ(s["contents"].at(2)["parts"].size(), 2u);
    EXPECT_EQ(s["contents"].at(2)["parts"].at(0)["functionResponse"]["name"].str(), "f");
  }
}

GOLDEN(ResultsStayWhenTheTextIsEmpty, "opencodex#620",
       "an assistant message with empty text keeps its calls, and their results stay") {
  for (const auto upstream : kAll) {
    const Sent s = sent(kChat, loop("\"\""), upstream);
    const Asking a = read_request(upstream, s.document->root);
    EXPECT_EQ(a.calls.size(), 2u) << upstream;
    EXPECT_EQ(a.results.size(), 2u) << upstream;
  }
}

GOLDEN(NoEmptyContentGoesUpstream, "bifrost#2765",
       "empty texts and empty messages are left out where an upstream refuses them") {
  const Sent s = sent(
      kChat,
      R"({"model":"m","messages":[{"role":"user","content":"a"},{"role":"assistant","content":""},{"role":"user","content":[{"type":"text","text":""},{"type":"text","text":"b"}]}]})",
      kAnthropic);
  EXPECT_FALSE(has(s.body, R"("text":"")")) << s.body;
  EXPECT_FALSE(has(s.body, R"("content":[])")) << s.body;
  EXPECT_FALSE(has(s.body, R"("content":"")")) << s.body;
}

GOLDEN(ToolsOfOpenAiAreToolsOfAnthropic, "bifrost#3511",
       "every shape of a Chat tool makes an input_schema that Anthropic takes") {
  const Sent s = sent(
      kChat,
      R"({"model":"m","messages":[{"role":"user","content":"x"}],"tools":[)" + kTool +
          R"(,{"type":"function","function":{"name":"bare"}},{"type":"function","function":{"name":"empty","parameters":{}}},{"type":"custom","custom":{"name":"free"}}]})",
      kAnthropic);
  ASSERT_EQ(s["tools"].size(), 4u) << s.body;
  for (View t : s["tools"]) EXPECT_EQ(t["input_schema"]["type"].str(), "object") << t.raw();
}

GOLDEN(ToolsWithoutATypeAreFunctions, "found by this suite", "Mistral's clients leave the type of a tool out") {
  const Sent s = sent(
      kChat,
      R"({"model":"m","messages":[{"role":"user","content":"x"}],"tools":[{"function":{"name":"f","parameters":{"type":"object"}}}],"tool_choice":"any"})",
      kAnthropic);
  EXPECT_EQ(s["tools"].at(0)["name"].str(), "f") << s.body;
  EXPECT_EQ(s["tool_choice"]["type"].str(), "any") << s.body;
}

GOLDEN(MaxTokensGoesWithTheRequest, "bifrost#6132, #6457", "the limit a client set is the limit every upstream gets") {
  const std::pair<std::string_view, std::string> asks[] = {
      {kChat, R"({"model":"m","max_tokens":77,"messages":[{"role":"user","content":"x"}]})"},
      {kChat, R"({"model":"m","max_completion_tokens":77,"messages":[{"role":"user","content":"x"}]})"},
      {kResponses, R"({"model":"m","max_output_tokens":77,"input":"x"})"},
      {kAnthropic, R"({"model":"m","max_tokens":77,"messages":[{"role":"user","content":"x"}]})"},
      {kGemini, R"({"contents":[{"role":"user","parts":[{"text":"x"}]}],"generationConfig":{"maxOutputTokens":77}})"}};
  for (const auto& [client, request] : asks)
    for (const auto upstream : kAll)
      EXPECT_EQ(read_request(upstream, sent(client, request, upstream).document->root).max_tokens, "77")
          << client << upstream;
}

GOLDEN(ALimitIsThereWhereAnUpstreamDemandsOne, "surfaces 4: max_tokens is required",
       "an Anthropic upstream always gets max_tokens") {
  for (const auto client : {kChat, kResponses, kGemini})
    EXPECT_GT(sent(client, plain_request(client, false), kAnthropic)["max_tokens"].integer(0), 0) << client;
}

GOLDEN(EffortIsNotPassedAsAnObject, "litellm#36197, #36363",
       "reasoning{effort} becomes thinking in Anthropic's own words") {
  const Sent s =
      sent(kResponses,
           R"({"model":"m","input":"x","max_output_tokens":20000,"reasoning":{"effort":"high","summary":"auto"}})",
           kAnthropic);
  EXPECT_FALSE(has(s.body, R"("reasoning":)")) << s.body;
  EXPECT_TRUE(s["thinking"] || s["output_config"]["effort"]) << s.body;
  if (s["thinking"]["type"].str() == "enabled") {
    EXPECT_LT(s["thinking"]["budget_tokens"].integer(), s["max_tokens"].integer());
  }
}

GOLDEN(ThinkingIsOffWhereItsBlocksAreGone, "litellm#8961, #15601, openai-agents#1704",
       "a tool loop whose thinking did not come back goes on without thinking, instead of into a 400") {
  const Sent s = sent(kChat, loop("null", R"(,"reasoning_effort":"high","max_tokens":9000)"), kAnthropic);
  const auto type = s["thinking"]["type"].str();
  EXPECT_TRUE(type.empty() || type == "disabled") << s.body;
  EXPECT_TRUE(s.says_dropped("reasoning")) << s.body;
}

GOLDEN(ForcedToolsAndThinkingDoNotMeet, "surfaces 9: forced choice with thinking is a 400",
       "a forced tool call is asked of Anthropic without thinking") {
  const Sent s = sent(
      kChat,
      R"({"model":"m","max_tokens":9000,"reasoning_effort":"high","messages":[{"role":"user","content":"x"}],"tool_choice":"required","tools":[)" +
          kTool + "]}",
      kAnthropic);
  const bool thinks = s["thinking"]["type"].str() == "enabled" || s["thinking"]["type"].str() == "adaptive";
  const auto choice = s["tool_choice"]["type"].str();
  EXPECT_FALSE(thinks && (choice == "any" || choice == "tool")) << s.body;
}

GOLDEN(SchemasKeepTheirWords, "CLIProxyAPI#97, #2142, weave-os/router#65, pizza-bot#62, nodetool#4269",
       "JSON Schema words that Gemini's own schema does not know do not get there as such") {
  const Sent s = sent(
      kChat,
      R"({"model":"m","messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"$schema":"http://json-schema.org/draft-07/schema#",
    "type":"object","additionalProperties":false,"properties":{"a":{"type":"number","exclusiveMinimum":0},"b":{"const":1},"c":{"oneOf":[{"type":"string"},{"type":"null"}]}}}}}],
    "response_format":{"type":"json_schema","json_schema":{"name":"r","schema":{"type":"object","additionalProperties":false,"properties":{}}}}})",
      kGemini);
  EXPECT_FALSE(s.body.empty()) << s.refusal;  // its shape is checked by sent()
  EXPECT_EQ(s["tools"].at(0)["functionDeclarations"].size(), 1u) << s.body;
}

GOLDEN(ReasoningNeverBecomesText, "litellm#36355",
       "reasoning of another model is left out of a request, not told as text") {
  const Sent s = sent(
      kResponses,
      R"({"model":"m","input":[{"role":"user","content":"q"},{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"SECRET"}],"encrypted_content":"enc"},
    {"type":"message","role":"assistant","content":[{"type":"output_text","text":"a"}]},{"role":"user","content":"next"}]})",
      kAnthropic);
  EXPECT_FALSE(has(s.body, "SECRET")) << s.body;
  EXPECT_FALSE(has(s.body, "enc\"")) << s.body;
  for (const auto upstream : {kChat, kGemini})
    EXPECT_FALSE(has(
        sent(
            kAnthropic,
            R"({"model":"m","max_tokens":99,"messages":[{"role":"user","content":"q"},{"role":"assistant","content":[{"type":"thinking","thinking":"SECRET","signature":"sig"},{"type":"text","text":"a"}]},{"role":"user","content":"n"}]})",
            upstream)
            .body,
        "SECRET"))
        << upstream;
}

GOLDEN(ThinkingIsNeverReordered, "bifrost#6342", "thinking blocks go back unmodified, first and in their order") {
  const std::string blocks =
      R"([{"type":"thinking","thinking":"one","signature":"s1"},{"type":"redacted_thinking","data":"d2"},{"type":"text","text":"so"},{"type":"tool_use","id":"t1","name":"f","input":{"b":1,"a":2}}])";
  const std::string request =
      R"({"model":"m","max_tokens":9000,"thinking":{"type":"enabled","budget_tokens":2000},"tools":[{"name":"f","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"q"},
    {"role":"assistant","content":)" +
      blocks + R"(},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"r"}]}]})";
  const Sent s = sent(kAnthropic, request, kAnthropic);
  EXPECT_TRUE(test::same_json(s["messages"].at(1)["content"].raw(), blocks)) << s.body;
}

GOLDEN(ReasoningContentIsReplayedWhereAVendorWantsIt, "new-api#4577",
       "DeepSeek gets the reasoning of its tool loop back, where the settings say so") {
  const std::string request =
      R"({"model":"m","messages":[{"role":"user","content":"q"},{"role":"assistant","content":null,"reasoning_content":"why","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c1","content":"r"}]})";
  EXPECT_TRUE(has(sent(kChat, request, kChat, "m2", R"({"reasoning_field":"reasoning_content"})").body,
                  R"("reasoning_content":"why")"));
}

GOLDEN(BetaMembersStayWithAnthropic, "anthropics/claude-code#21612, 9router#1468, CLIProxyAPI#4750",
       "context_management and its like do not go to an upstream that does not know them") {
  const std::string request =
      R"({"model":"m","max_tokens":99,"context_management":{"edits":[]},"messages":[{"role":"user","content":"q"}]})";
  for (const auto upstream : {kChat, kResponses, kGemini}) {
    const Sent s = sent(kAnthropic, request, upstream);
    EXPECT_FALSE(has(s.body, "context_management")) << upstream;
    EXPECT_TRUE(s.says_dropped("context_management") || upstream == kGemini)
        << upstream;  // harmless, its provider says
  }
}

GOLDEN(CodexIsServed, "surfaces 0.4: client_metadata, a namespace tool, web_search",
       "the Responses surface takes what Codex sends, and other upstreams get its functions") {
  const std::string request =
      R"({"model":"m","instructions":"be","input":[{"type":"message","role":"developer","content":[{"type":"input_text","text":"dev"}]},{"type":"message","role":"user","content":[{"type":"input_text","text":"hi"}]}],
    "tools":[{"type":"function","name":"shell","description":"d","strict":false,"parameters":{"type":"object","properties":{}}},{"type":"namespace","name":"files","description":"d","tools":[{"type":"function","name":"read","parameters":{"type":"object","properties":{}}}]},{"type":"web_search"}],
    "tool_choice":"auto","parallel_tool_calls":false,"reasoning":{"effort":"medium","summary":"auto"},"store":false,"stream":true,"include":["reasoning.encrypted_content"],"prompt_cache_key":"k","client_metadata":{"x":"y"}})";
  for (const auto upstream : kAll) {
    const Asking a = read_request(upstream, sent(kResponses, request, upstream).document->root);
    EXPECT_GE(a.tools.size(), 2u) << upstream;
    EXPECT_TRUE(has(a.system + a.user, "dev")) << upstream;
  }
}

GOLDEN(TheNewVersionOfAnthropicRefusesSampling, "surfaces 0.1: version 2026-10-21",
       "temperature is a 400 in 2026-10-21 and fine in 2023-06-01") {
  const std::string request =
      R"({"model":"m","max_tokens":9,"temperature":0.5,"messages":[{"role":"user","content":"q"}]})";
  Asked now;
  now.version = "2026-10-21";
  const Client refused(*dialect_named(kAnthropic), request, now), taken(*dialect_named(kAnthropic), request, {});
  EXPECT_FALSE(refused.parsed());
  EXPECT_EQ(refused.call.failure->param, "temperature");
  EXPECT_TRUE(taken.parsed());
}

GOLDEN(SnakeCaseIsFine, "surfaces 5: proto JSON takes both spellings", "a Gemini request in snake_case says the same") {
  const Sent s = sent(
      kGemini,
      R"({"system_instruction":{"parts":[{"text":"be"}]},"contents":[{"role":"user","parts":[{"inline_data":{"mime_type":"image/png","data":"QUJD"}}]}],"generation_config":{"max_output_tokens":9,"top_p":0.5}})",
      kChat);
  const Asking a = read_request(kChat, s.document->root);
  EXPECT_EQ(a.system, "be");
  EXPECT_EQ(a.images, 1);
  EXPECT_EQ(a.max_tokens, "9");
}

GOLDEN(AudioIsRefusedWhereThereIsNone, "surfaces 9: audio",
       "sound for an Anthropic upstream is refused, not silently left out") {
  const Sent s = sent(
      kChat,
      R"({"model":"m","messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"QUJD","format":"wav"}}]}]})",
      kAnthropic);
  EXPECT_TRUE(s.body.empty()) << s.body;
  EXPECT_FALSE(s.refusal.empty());
}

GOLDEN(PicturesOfResultsAreHoisted, "surfaces 9: images in tool results",
       "a picture in a tool's result reaches a Chat upstream in a user message behind the results") {
  const Sent s = sent(
      kAnthropic,
      R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"q"},{"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"f","input":{}},{"type":"tool_use","id":"t2","name":"f","input":{}}]},
    {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"see"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"QUJD"}}]},{"type":"tool_result","tool_use_id":"t2","content":"two"}]}]})",
      kChat);
  ASSERT_EQ(s["messages"].size(), 5u) << s.body;
  EXPECT_EQ(s["messages"].at(4)["role"].str(), "user");
  EXPECT_TRUE(has(s["messages"].at(4).raw(), "data:image/png;base64,QUJD"));
}

GOLDEN(StopIsNotLostInSilence, "surfaces 9: Responses has no stop",
       "stop sequences for a Responses upstream are told as dropped") {
  EXPECT_TRUE(sent(kChat, R"({"model":"m","stop":["x"],"messages":[{"role":"user","content":"q"}]})", kResponses)
                  .says_dropped("stop"));
}

GOLDEN(LateSystemTextKeepsItsPlace, "surfaces 9: mid-conversation system",
       "a system message in the middle is not moved to the top, nor lost") {
  for (const auto upstream : {kAnthropic, kGemini}) {
    const std::string body =
        sent(
            kChat,
            R"({"model":"m","messages":[{"role":"user","content":"FIRST"},{"role":"system","content":"LATER"},{"role":"user","content":"LAST"}]})",
            upstream)
            .body;
    EXPECT_LT(body.find("FIRST"), body.find("LATER")) << body;
    EXPECT_LT(body.find("LATER"), body.find("LAST")) << body;
  }
}

}  // namespace
}  // namespace onechat::conformance
