// Opaque reasoning state on its way out through a client of another dialect, and back in: see golden.hpp.
#include "golden.hpp"

namespace onechat::conformance {
namespace {

const std::string kReasoned =
    R"({"id":"resp_1","object":"response","created_at":1,"status":"completed","model":"model-1","output":[
  {"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"sum"}],"encrypted_content":"ENC-1"},
  {"id":"fc_1","type":"function_call","call_id":"call_1","name":"f","arguments":"{}","status":"completed"}],
  "usage":{"input_tokens":1,"output_tokens":2,"total_tokens":3,"input_tokens_details":{"cached_tokens":0},"output_tokens_details":{"reasoning_tokens":1}}})";
const std::string kThought =
    R"({"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"name":"f","args":{}},"thoughtSignature":"U0lHTg=="},{"functionCall":{"name":"g","args":{}}}]},"index":0,"finishReason":"STOP"}],
  "usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":7,"totalTokenCount":12},"modelVersion":"model-1","responseId":"r1"})";
const std::string kSigned =
    R"({"id":"m","type":"message","role":"assistant","model":"model-1","content":[{"type":"thinking","thinking":"why","signature":"SIGN-A"},{"type":"tool_use","id":"toolu_1","name":"f","input":{}}],
  "stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":2}})";

// The next request of a client that sends the answer back as it got it, with results for its calls.
std::string next_request(std::string_view client, const std::string& answer) {
  const Document d(answer);
  const Said said = read_answer(client, d.root).choices[0];
  std::string results;
  const auto each = [&](const char* before, const char* after) {
    for (const auto& c : said.calls) results += (results.empty() ? "" : ",") + (before + c.id) + after;
    return results;
  };
  const std::string raw_message(d.root["choices"].at(0)["message"].raw());
  if (client == kChat)
    return R"({"model":"model-1","messages":[{"role":"user","content":"q"},)" + raw_message + "," +
           each(R"({"role":"tool","tool_call_id":")", R"(","content":"r"})") + "]}";
  if (client == kResponses) {
    std::string items(d.root["output"].raw());
    items = items.substr(1, items.size() - 2);
    return R"({"model":"model-1","store":false,"input":[{"role":"user","content":"q"},)" + items + "," +
           each(R"({"type":"function_call_output","call_id":")", R"(","output":"r"})") + "]}";
  }
  if (client == kAnthropic)
    return R"({"model":"model-1","max_tokens":9000,"thinking":{"type":"enabled","budget_tokens":1024},"messages":[{"role":"user","content":"q"},{"role":"assistant","content":)" +
           std::string(d.root["content"].raw()) + R"(},{"role":"user","content":[)" +
           each(R"({"type":"tool_result","tool_use_id":")", R"(","content":"r"})") + "]}]}";
  for (const auto& c : said.calls)
    results += (results.empty() ? "" : ",") + (R"({"functionResponse":{"id":")" + c.id) + R"(","name":")" + c.name +
               R"(","response":{"result":"r"}}})";
  return R"({"contents":[{"role":"user","parts":[{"text":"q"}]},)" +
         std::string(d.root["candidates"].at(0)["content"].raw()) + R"(,{"role":"user","parts":[)" + results + "]}]}";
}

// What the upstream gets back, sent through a client of `client`.
Sent round_trip(std::string_view upstream, const std::string& answer, std::string_view client,
                std::string_view model = "model-1") {
  return sent(client, next_request(client, whole(upstream, answer, client)), upstream, model);
}

GOLDEN(EncryptedReasoningComesBack, "envoyproxy/ai-gateway#2530",
       "a reasoning item's encrypted_content survives the way through every client dialect") {
  for (const auto client : kAll) {
    const Sent s = round_trip(kResponses, kReasoned, client);
    EXPECT_TRUE(has(s.body, R"("encrypted_content":"ENC-1")")) << client << " " << s.body;
  }
}

GOLDEN(ThoughtSignaturesComeBackAtTheirCall, "surfaces 5: the signature is on the first of parallel calls",
       "a thoughtSignature returns on the same part, through every client dialect") {
  for (const auto client : kAll) {
    const Sent s = round_trip(kGemini, kThought, client);
    const View parts = s["contents"].at(1)["parts"];
    ASSERT_GE(parts.size(), 2u) << client << s.body;
    for (View part : parts) {
      if (!part["functionCall"]) continue;
      EXPECT_EQ(part["thoughtSignature"].str(), part["functionCall"]["name"].str() == "f" ? "U0lHTg==" : "")
          << client << s.body;
    }
  }
}

GOLDEN(SignedThinkingComesBack, "litellm#24690",
       "Anthropic's signed thinking survives the way through every client dialect") {
  for (const auto client : kAll) {
    const Sent s = round_trip(kAnthropic, kSigned, client);
    EXPECT_TRUE(has(s.body, R"("signature":"SIGN-A")")) << client << s.body;
    EXPECT_TRUE(has(s.body, R"("thinking":"why")")) << client << s.body;
  }
}

GOLDEN(StateGoesToNoOtherModel, "surfaces 6: replay to the model that made it",
       "another model gets neither the state nor its text") {
  for (const auto client : kAll) {
    // In its own dialect's slot it does not say which model it is of: there its API is the judge.
    if (client != kResponses) {
      EXPECT_FALSE(has(round_trip(kResponses, kReasoned, client, "model-2").body, "ENC-1")) << client;
    }
    if (client != kAnthropic) {
      EXPECT_FALSE(has(round_trip(kAnthropic, kSigned, client, "model-2").body, "SIGN-A")) << client;
    }
  }
  for (const auto client : kAll)
    for (const auto upstream : {kChat, kGemini, kResponses})
      EXPECT_FALSE(has(sent(client, next_request(client, whole(kAnthropic, kSigned, client)), upstream).body, "SIGN-A"))
          << client << upstream;
}

GOLDEN(ToolIdsCarryNoState, "litellm#25561",
       "signatures are not packed into tool call ids, which have to stay short and plain") {
  for (const auto client : {kChat, kResponses, kAnthropic}) {
    const Said s = said_whole(kGemini, kThought, client);
    for (const auto& c : s.calls) {
      EXPECT_LE(c.id.size(), 64u);
      EXPECT_EQ(c.id.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"),
                std::string::npos)
          << c.id;
      EXPECT_FALSE(has(c.id, "U0lH"));
    }
  }
}

}  // namespace
}  // namespace onechat::conformance
