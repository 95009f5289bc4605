// Defects of answers: see golden.hpp.
#include "golden.hpp"
#include "sse.hpp"

namespace onechat::conformance {
namespace {

const std::string kChunk = R"({"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[)";
std::string chunk(const std::string& choice) { return kChunk + choice + "]}"; }
std::string delta(const std::string& d) { return chunk(R"({"index":0,"delta":)" + d + R"(,"finish_reason":null})"); }
std::string ends(const std::string& why) { return chunk(R"({"index":0,"delta":{},"finish_reason":")" + why + "\"}"); }
std::string usage_chunk(const std::string& usage) { return kChunk + R"(],"usage":)" + usage + "}"; }
std::string message(const std::string& m, const std::string& finish,
                    const std::string& usage = R"({"prompt_tokens":5,"completion_tokens":7,"total_tokens":12})") {
  return R"({"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":)" + m +
         R"(,"finish_reason":")" + finish + R"("}],"usage":)" + usage + "}";
}
std::string gemini(const std::string& parts, const std::string& finish) {
  return R"({"candidates":[{"content":{"role":"model","parts":[)" + parts + R"(]},"index":0)" +
         (finish.empty() ? "" : R"(,"finishReason":")" + finish + "\"") +
         R"(}],"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":7,"totalTokenCount":12},"modelVersion":"g","responseId":"r1"})";
}
const std::string kCallOfGemini = R"({"functionCall":{"name":"f","args":{"a":1}}})";

GOLDEN(AStopWithToolCallsIsAStopForThem, "GoModel#124",
       "finish_reason stop beside tool calls reaches every client as a stop for tools") {
  for (const auto client : kAll) {
    const Said s = said_whole(
        kChat,
        message(
            R"({"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]})",
            "stop"),
        client);
    EXPECT_EQ(s.finish, "tool") << client;
  }
}

GOLDEN(GeminiStopBehindACallIsAStopForIt, "envoyproxy/ai-gateway#2399, litellm#21577, Portkey#1534",
       "Gemini's STOP in a later chunk than the call is a stop for tools") {
  for (const auto client : kAll)
    EXPECT_EQ(said_streamed(kGemini, {gemini(kCallOfGemini, ""), gemini(R"({"text":""})", "STOP")}, client).finish,
              "tool")
        << client;
}

GOLDEN(ALengthIsNotMaskedByToolCalls, "hermes-agent#43478", "MAX_TOKENS beside a call stays what it is") {
  for (const auto client : kAll)
    EXPECT_EQ(said_whole(kGemini, gemini(kCallOfGemini, "MAX_TOKENS"), client).finish, "length") << client;
}

GOLDEN(UsageAloneInAChunkIsNoAnswer, "freellmapi#156", "chunks without choices do not break a stream") {
  const Payloads stream = {delta(R"({"role":"assistant","content":"hi"})"),
                           R"({"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","usage":null})",
                           ends("stop"), usage_chunk(R"({"prompt_tokens":1,"completion_tokens":2,"total_tokens":3})"),
                           "[DONE]"};
  for (const auto client : kAll) EXPECT_EQ(said_streamed(kChat, stream, client).text, "hi") << client;
}

GOLDEN(EachToolCallHasAnId, "opencode#25925", "a missing, empty or numeric tool call id becomes one that works") {
  for (const std::string id : {"", R"("id":"",)", R"("id":7,)", R"("id":null,)"})
    for (const auto client : kAll) {
      const Said s = said_streamed(kChat,
                                   {delta(R"({"role":"assistant","tool_calls":[{"index":0,)" + id +
                                          R"("type":"function","function":{"name":"f","arguments":"{}"}},{"index":1,)" +
                                          id + R"("type":"function","function":{"name":"g","arguments":"{}"}}]})"),
                                    ends("tool_calls"), "[DONE]"},
                                   client);
      ASSERT_EQ(s.calls.size(), 2u) << client << id;
      EXPECT_FALSE(s.calls[0].id.empty()) << client;
      EXPECT_NE(s.calls[0].id, s.calls[1].id) << client;
    }
}

GOLDEN(ParallelDeltasBecomeBlocksOneAfterTheOther, "praxis-proxy/ai#266, litellm#18238",
       "interleaved calls are told to Anthropic clients block by block") {
  const auto call = [](int i, const std::string& rest) {
    return delta(R"({"tool_calls":[{"index":)" + std::to_string(i) + "," + rest + "}]}");
  };
  const Payloads stream = {delta(R"({"role":"assistant","content":"so"})"),
                           call(0, R"("id":"a","type":"function","function":{"name":"f","arguments":""})"),
                           call(1, R"("id":"b","type":"function","function":{"name":"g","arguments":""})"),
                           call(0, R"("function":{"arguments":"{\"x\":"})"),
                           call(1, R"("function":{"arguments":"{\"y\":"})"),
                           call(0, R"("function":{"arguments":"1}"})"),
                           call(1, R"("function":{"arguments":"2}"})"),
                           ends("tool_calls"),
                           "[DONE]"};
  for (const auto client : kAll) {
    const Said s = said_streamed(kChat, stream, client);
    ASSERT_EQ(s.calls.size(), 2u) << client;
    EXPECT_TRUE(test::same_json(arguments_of(s.calls[0]), R"({"x":1})")) << client << s.calls[0].args;
    EXPECT_TRUE(test::same_json(arguments_of(s.calls[1]), R"({"y":2})")) << client << s.calls[1].args;
  }
}

GOLDEN(EmptyToolCallsAreNone, "litellm#29286", "tool_calls:[] in a chunk begins nothing") {
  for (const auto client : kAll) {
    const Said s = said_streamed(
        kChat, {delta(R"({"role":"assistant","content":"hi","tool_calls":[]})"), ends("stop"), "[DONE]"}, client);
    EXPECT_TRUE(s.calls.empty()) << client;
    EXPECT_EQ(s.finish, "stop") << client;
  }
}

GOLDEN(ArgumentsInTheFirstFragmentCount, "litellm#29491", "arguments that come with the id and the name are not lost") {
  for (const auto client : kAll) {
    const Said s = said_streamed(
        kChat,
        {delta(
             R"({"role":"assistant","tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":1"}}]})"),
         delta(R"({"tool_calls":[{"index":0,"function":{"arguments":"}"}}]})"), ends("tool_calls"), "[DONE]"},
        client);
    ASSERT_EQ(s.calls.size(), 1u) << client;
    EXPECT_TRUE(test::same_json(s.calls[0].args, R"({"x":1})")) << client << " " << s.calls[0].args;
  }
}

GOLDEN(NoEmptyTextBeforeAToolUse, "litellm#34692",
       "content \"\" before tool calls is no text block, and the answer does not end with end_turn") {
  const std::string out = streamed(
      kChat,
      {delta(R"({"role":"assistant","content":""})"),
       delta(
           R"({"content":"","tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]})"),
       ends("tool_calls"), "[DONE]"},
      kAnthropic);
  EXPECT_FALSE(has(out, R"("type":"text")")) << out;
  EXPECT_TRUE(has(out, R"("stop_reason":"tool_use")")) << out;
}

GOLDEN(ToolIdsStayTheirOwn, "vllm#34745", "a client gets the upstream's own tool call id") {
  for (const auto client : kAll)
    EXPECT_EQ(
        said_whole(
            kAnthropic,
            R"({"id":"m","type":"message","role":"assistant","model":"c","content":[{"type":"tool_use","id":"toolu_01X","name":"f","input":{}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":2}})",
            client)
            .calls.at(0)
            .id,
        "toolu_01X")
        << client;
}

GOLDEN(GeminiArgumentsArriveWhole, "litellm#25836, #25561",
       "a functionCall's args reach a streaming Anthropic client as input") {
  const Said s = said_streamed(kGemini, {gemini(kCallOfGemini, "STOP")}, kAnthropic);
  ASSERT_EQ(s.calls.size(), 1u);
  EXPECT_TRUE(test::same_json(s.calls[0].args, R"({"a":1})")) << s.calls[0].args;
}

GOLDEN(ReasoningDoesNotHideContent, "litellm#27492", "content and reasoning_content of one chunk both arrive") {
  for (const auto client : kAll) {
    const Said s = said_streamed(
        kChat, {delta(R"({"role":"assistant","reasoning_content":"why","content":"so"})"), ends("stop"), "[DONE]"},
        client);
    EXPECT_EQ(s.text, "so") << client;
    EXPECT_EQ(s.reasoning, "why") << client;
  }
}

GOLDEN(RawReasoningTextIsReasoning, "litellm#40654", "response.reasoning_text deltas are not dropped") {
  const std::string item =
      R"({"id":"rs_1","type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"raw"}],"status":"completed"})";
  const std::string answer =
      R"({"id":"resp_1","object":"response","created_at":1,"status":"completed","model":"m","output":[)" + item +
      R"(],"usage":{"input_tokens":1,"output_tokens":2,"total_tokens":3,"input_tokens_details":{"cached_tokens":0},"output_tokens_details":{"reasoning_tokens":1}}})";
  for (const auto client : kAll) EXPECT_EQ(said_whole(kResponses, answer, client).reasoning, "raw") << client;
}

GOLDEN(ToolCallsOfAnthropicBeginAtZeroWithIdAndName, "litellm#15884",
       "the index in a Chat stream counts calls, not blocks") {
  const Payloads stream = {
      R"({"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"c","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}})",
      R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})",
      R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"x"}})",
      R"({"type":"content_block_stop","index":0})",
      R"({"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"toolu_1","name":"f","input":{}}})",
      R"({"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{}"}})",
      R"({"type":"content_block_stop","index":1})",
      R"({"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":5}})",
      R"({"type":"message_stop"})"};
  const std::string out = streamed(kAnthropic, stream, kChat);
  EXPECT_TRUE(has(out, R"("index":0,"id":"toolu_1")")) << out;
  EXPECT_FALSE(has(out, R"("index":-1)")) << out;
}

GOLDEN(CacheCountsOfMessageStartAreNotForgotten, "litellm#31069",
       "cache reads that only message_start tells are in the usage of the answer") {
  const Payloads stream = {
      R"({"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"c","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":10,"cache_read_input_tokens":80,"cache_creation_input_tokens":5,"output_tokens":1}}})",
      R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})",
      R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"x"}})",
      R"({"type":"content_block_stop","index":0})",
      R"({"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":7}})",
      R"({"type":"message_stop"})"};
  for (const auto client : kAll) {
    const SaidUsage u = read_stream(client, streamed(kAnthropic, stream, client)).usage;
    EXPECT_EQ(u.in_total, 95) << client;
    EXPECT_EQ(u.cached, 80) << client;
    EXPECT_EQ(u.out_total, 7) << client;
  }
}

GOLDEN(CachedTokensAreCountedOnce, "new-api#4395, #2744",
       "prompt_tokens holds the cached ones, Anthropic's input_tokens does not") {
  const Document d(whole(
      kChat,
      message(
          R"({"role":"assistant","content":"x"})", "stop",
          R"({"prompt_tokens":100,"completion_tokens":7,"total_tokens":107,"prompt_tokens_details":{"cached_tokens":80}})"),
      kAnthropic));
  EXPECT_EQ(d.root["usage"]["input_tokens"].integer(), 20);
  EXPECT_EQ(d.root["usage"]["cache_read_input_tokens"].integer(), 80);
}

GOLDEN(ReasoningTokensAreCountedOnce, "OmniRoute#12863, future-agi#1122, laravel/ai#924",
       "reasoning inside completion_tokens is not added to them") {
  const std::string usage =
      R"({"prompt_tokens":10,"completion_tokens":50,"total_tokens":60,"completion_tokens_details":{"reasoning_tokens":20}})";
  const Document d(whole(kChat, message(R"({"role":"assistant","content":"x"})", "stop", usage), kGemini));
  EXPECT_EQ(d.root["usageMetadata"]["candidatesTokenCount"].integer(), 30);
  EXPECT_EQ(d.root["usageMetadata"]["thoughtsTokenCount"].integer(), 20);
}

GOLDEN(ReasoningBesideCompletionIsNotLost, "ogx#6415",
       "where total = prompt + completion + reasoning, output is all of it") {
  const std::string usage =
      R"({"prompt_tokens":10,"completion_tokens":30,"total_tokens":60,"completion_tokens_details":{"reasoning_tokens":20}})";
  for (const auto client : kAll) {
    const Document d(whole(kChat, message(R"({"role":"assistant","content":"x"})", "stop", usage), client));
    EXPECT_EQ(read_answer(client, d.root).usage.out_total, 50) << client;
  }
}

GOLDEN(EventsHaveNumbersAndLogprobs, "PasClaw#62, onyx#13624",
       "strict clients find sequence_number and logprobs where they look for them") {
  const std::string out = streamed(
      kAnthropic,
      {R"({"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"c","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}})",
       R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})",
       R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"x"}})",
       R"({"type":"content_block_stop","index":0})",
       R"({"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":7}})",
       R"({"type":"message_stop"})"},
      kResponses);
  for (const auto& b : read_sse(out).blocks) {
    const Document e(b.data);
    EXPECT_TRUE(e.root["sequence_number"].is(OC_JSON_NUMBER)) << b.data;
    if (b.event.starts_with("response.output_text.d")) {
      EXPECT_TRUE(e.root["logprobs"].is(OC_JSON_ARRAY)) << b.data;
    }
  }
}

GOLDEN(NumbersHaveNoGap, "GoModel#953", "the events of a Responses stream are numbered from 0 without a gap") {
  const std::string out = streamed(kChat,
                                   {delta(R"({"role":"assistant","reasoning_content":"r"})"),
                                    delta(R"({"content":"a"})"), delta(R"({"content":"b"})"), ends("stop"), "[DONE]"},
                                   kResponses);
  std::int64_t next = 0;
  for (const auto& b : read_sse(out).blocks) {
    const Document e(b.data);
    EXPECT_EQ(e.root["sequence_number"].integer(-1), next++);
  }
}

GOLDEN(ACompleteStreamSaysSo, "CLIProxyAPI#1407, cc-switch#4484, tingly-box#1384",
       "a Responses stream ends with response.completed and nothing behind it") {
  for (const bool calls : {false, true}) {
    const auto stream =
        read_sse(streamed(kGemini, {gemini(calls ? kCallOfGemini : R"({"text":"x"})", "STOP")}, kResponses));
    EXPECT_EQ(stream.blocks.back().event, "response.completed");
  }
}

void expect_failure_in_stream(std::string_view client, const std::string& wanted) {
  Asked asked;
  asked.streamed = true;
  Client c(*dialect_named(client), plain_request(client, true), asked);
  test::Event text, error;
  text.type = OC_EV_TEXT, text.text = "half";
  error.type = OC_EV_ERROR, error.status = OC_E_UNAVAILABLE, error.text = "gone";
  c.answer({text, error});
  EXPECT_TRUE(has(c.out.body, wanted)) << client << "\n" << c.out.body;
  for (const auto end : {"[DONE]", "response.completed", "message_stop", "\"finishReason\"", "\"finish_reason\":\""})
    EXPECT_FALSE(has(c.out.body, end)) << client;
}

GOLDEN(AFailedStreamFailsInTheResponsesWay, "codex-proxy-rs#90",
       "an upstream's error inside a stream is response.failed, which Codex waits for") {
  expect_failure_in_stream(kResponses, "event: response.failed");
}

GOLDEN(ADeadStreamIsNoSuccess, "dativo-io/talon#254, mozilla-ai/any-llm#847",
       "a stream that dies ends with the dialect's own error, and with no terminator") {
  expect_failure_in_stream(kChat, R"(data: {"error":)");
  expect_failure_in_stream(kAnthropic, "event: error");
  expect_failure_in_stream(kGemini, R"("error":)");
}

GOLDEN(AnErrorChunkOfGeminiIsAnError, "OmniRoute#4182", "a chunk with an error is not swallowed and ended as a stop") {
  const Heard h = hear_frames(kGemini,
                              {{"", gemini(R"({"text":"a"})", "")},
                               {"", R"({"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}})"}},
                              true);
  EXPECT_TRUE(read_events(h.events).failed || h.framed < 0 || h.finished < 0);
  EXPECT_TRUE(read_events(h.events).choices[0].finish.empty());
}

GOLDEN(AnErrorBeforeTheFirstByteHasItsStatus, "openclaw/clawrouter#101",
       "an error before the stream began is an HTTP status, not a 200 with an error in it") {
  for (const auto client : kAll) {
    Asked asked;
    asked.streamed = true;
    Client c(*dialect_named(client), plain_request(client, true), asked);
    test::Event e;
    e.type = OC_EV_ERROR, e.status = OC_E_RATE, e.http_status = 429, e.text = "slow down", e.retry_after_ms = 3000;
    c.error(e);
    EXPECT_EQ(c.out.status, 429u) << client;
    EXPECT_TRUE(has(c.out.body, "slow down")) << client;
    EXPECT_FALSE(has(c.out.body, "data:")) << client;
  }
}

GOLDEN(AnEmptyAnswerIsAnError, "preloop#121", "a 200 without anything in it is not passed on as an answer") {
  for (const auto upstream : kAll) {
    const Heard h = hear_frames(upstream, {}, true);
    EXPECT_LT(h.framed < 0 ? h.framed : h.finished, 0) << upstream;
  }
}

GOLDEN(ErrorsInAnArrayAreInAnArray, "opensquilla#225", "without alt=sse even Gemini's errors come as an array") {
  Asked asked;
  asked.streamed = asked.json_array = true;
  Client c(*dialect_named(kGemini), plain_request(kGemini, true), asked);
  test::Event e;
  e.type = OC_EV_ERROR, e.status = OC_E_RATE, e.http_status = 429, e.text = "slow down";
  c.error(e);
  const Document d(c.out.body);
  EXPECT_TRUE(d.root.is(OC_JSON_ARRAY)) << c.out.body;
  EXPECT_EQ(d.root.at(0)["error"]["status"].str(), "RESOURCE_EXHAUSTED");
}

GOLDEN(AStreamWithoutSseIsOneArray, "surfaces 5: alt=sse or one growing array",
       "without alt=sse a Gemini stream is one JSON array of chunks") {
  Asked asked;
  asked.streamed = asked.json_array = true;
  Client c(*dialect_named(kGemini), plain_request(kGemini, true), asked);
  c.answer(hear_frames(kChat,
                       {{"", delta(R"({"role":"assistant","content":"a"})")},
                        {"", delta(R"({"content":"b"})")},
                        {"", ends("stop")},
                        {"", "[DONE]"}},
                       true)
               .events);
  Rules rules;
  rules.json_array = true;
  rules.usage_expected = false;
  rules.specs = Specs::get();
  const Problems problems = check_stream(kGemini, c.out.body, rules);
  EXPECT_TRUE(problems.empty()) << joined(problems) << c.out.body;
  EXPECT_EQ(read_stream(kGemini, c.out.body, true).choices[0].text, "ab");
}

GOLDEN(ABlockedPromptIsAFilter, "surfaces 5: a blocked prompt has no candidates",
       "promptFeedback alone is a filtered answer, not an empty one") {
  const std::string blocked =
      R"({"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{"promptTokenCount":5,"totalTokenCount":5},"modelVersion":"g","responseId":"r"})";
  EXPECT_EQ(said_whole(kGemini, blocked, kChat).finish, "filter");
  EXPECT_EQ(said_whole(kGemini, blocked, kResponses).finish, "filter");
  EXPECT_EQ(said_whole(kGemini, blocked, kAnthropic).finish, "refusal");
}

GOLDEN(EachDialectEndsInItsOwnWay, "surfaces 1: terminators",
       "[DONE] ends Chat and nothing else; Gemini's lines end with CRLF") {
  const Payloads stream = {delta(R"({"role":"assistant","content":"x"})"), ends("stop"), "[DONE]"};
  for (const auto client : kAll) {
    const std::string out = streamed(kChat, stream, client);
    EXPECT_EQ(has(out, "[DONE]"), client == kChat) << client;
    EXPECT_EQ(has(out, "\r\n"), client == kGemini) << client;
  }
}

GOLDEN(JsonWithLineEndsDoesNotBreakAnEvent, "found by this suite",
       "args that an upstream wrote on several lines stay one line of an event") {
  const Said s = said_streamed(
      kGemini, {gemini("{\"functionCall\":{\"name\":\"f\",\"args\":{\n  \"a\": 1\r\n}}}", "STOP")}, kGemini);
  ASSERT_EQ(s.calls.size(), 1u);
  EXPECT_TRUE(test::same_json(s.calls[0].args, R"({"a":1})"));
}

GOLDEN(WhatOnlyTheGatewayAskedForIsTakenOut, "headroom#2026, apfel#100, litellm#36553, Portkey#1629",
       "the usage chunk that metering asked for does not reach a client that did not") {
  Asked asked;
  asked.streamed = true;
  const Client c(*dialect_named(kChat), R"({"model":"m","stream":true,"messages":[{"role":"user","content":"x"}]})",
                 asked);
  ASSERT_TRUE(c.parsed());
  Upstream up(*dialect_named(kChat));
  EXPECT_TRUE(has(up.build(*c.request, true), R"("include_usage":true)"));
  Arena scratch;
  const std::string data = usage_chunk(R"({"prompt_tokens":1,"completion_tokens":2,"total_tokens":3})");
  oc_frame frame = oc::sized<oc_frame>();
  frame.data = oc::bytes(data);
  oc_relay relay = oc::sized<oc_relay>();
  up.provider->frame(up.provider.self(), up.call.handle(), up.state, &scratch, &frame, &relay);
  EXPECT_EQ(relay.drop, 1u);
  EXPECT_NE(up.call.last(OC_EV_USAGE), nullptr);
}

}  // namespace
}  // namespace onechat::conformance
