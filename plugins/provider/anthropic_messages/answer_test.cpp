// What upstreams say, whole and streamed, as events.
#include "fixture_test.hpp"

namespace onechat::anthropic_messages {
namespace {

using test::Event;

struct AnswerTest : ProviderFixture {
  Talk talk;

  void begin(bool stream = true, std::string_view config = R"({"api_key":"sk-secret-key"})") {
    create(config);
    talk = Talk();
    talk.say(OC_ROLE_USER, "hi");
    oc_request r = talk.request("openai_chat", "claude-x");
    r.flags = stream ? std::uint32_t(OC_REQ_STREAM) : 0u;
    ASSERT_EQ(build(r), OC_OK);
    call.events.clear();
  }
  void message_start() {
    frame(R"({"type":"message_start","message":{"id":"msg_1","model":"real","content":[],"usage":{"input_tokens":9,"output_tokens":1}}})");
  }
  void block(int index, std::string_view content) {
    frame(R"({"type":"content_block_start","index":)" + std::to_string(index) + R"(,"content_block":)" + std::string(content) + "}");
  }
  void delta(int index, std::string_view d) {
    frame(R"({"type":"content_block_delta","index":)" + std::to_string(index) + R"(,"delta":)" + std::string(d) + "}");
  }
  void block_stop(int index) { frame(R"({"type":"content_block_stop","index":)" + std::to_string(index) + "}"); }
  void ends(std::string_view reason = "end_turn") {
    frame(R"({"type":"message_delta","delta":{"stop_reason":")" + std::string(reason) + R"(","stop_sequence":null},"usage":{"output_tokens":5}})");
    frame(R"({"type":"message_stop"})");
  }
  oc_event map_error(std::uint32_t http_status, std::string_view text, std::vector<oc_header> headers = {}) {
    oc_event e{};
    body = text;
    EXPECT_EQ((*provider)->map_error(provider->self(), call.handle(), *state, &call.arena, http_status, headers.data(), headers.size(),
                                     oc::bytes(body), &e),
              OC_OK);
    return e;
  }
};

TEST_F(AnswerTest, AStreamBecomesEventsAtOnce) {
  begin();
  message_start();
  frame(R"({"type":"ping"})");
  block(0, R"({"type":"thinking","thinking":"","signature":""})");
  delta(0, R"({"type":"thinking_delta","thinking":"hm"})");
  delta(0, R"({"type":"signature_delta","signature":"SIG"})");
  block_stop(0);
  block(1, R"({"type":"text","text":""})");
  delta(1, R"({"type":"text_delta","text":"Hi"})");
  EXPECT_EQ(call.events.back().text, "Hi");
  block_stop(1);
  block(2, R"({"type":"tool_use","id":"t1","name":"f","input":{}})");
  delta(2, R"({"type":"input_json_delta","partial_json":""})");
  delta(2, R"({"type":"input_json_delta","partial_json":"{\"a\":"})");
  delta(2, R"({"type":"input_json_delta","partial_json":"1}"})");
  block_stop(2);
  block(3, R"({"type":"tool_use","id":"t2","name":"g","input":{}})");
  block_stop(3);
  ends("tool_use");
  EXPECT_EQ(types(), (std::vector<std::uint32_t>{OC_EV_USAGE, OC_EV_START, OC_EV_REASONING, OC_EV_STATE, OC_EV_PART_END, OC_EV_TEXT,
                                                 OC_EV_PART_END, OC_EV_TOOL_BEGIN, OC_EV_TOOL_ARGS, OC_EV_PART_END, OC_EV_TOOL_BEGIN,
                                                 OC_EV_TOOL_ARGS, OC_EV_PART_END, OC_EV_FINISH, OC_EV_USAGE}));
  const auto all = test::merged(call.events);
  EXPECT_EQ(all[1].id, "msg_1");
  EXPECT_EQ(all[1].model, "real");
  EXPECT_EQ(all[3].opaque, "SIG");
  EXPECT_EQ(all[3].opaque_origin, "anthropic_messages/claude-x") << "of the model that was asked for, not of the name it gives itself";
  EXPECT_EQ(all[3].index, all[2].index);
  EXPECT_EQ(all[7].tool_id, "t1");
  EXPECT_EQ(all[8].text, "{\"a\":1}");
  EXPECT_EQ(all[11].text, "{}") << "no arguments are an empty object";
  EXPECT_EQ(all[13].finish, std::uint32_t(OC_FIN_TOOL));
  EXPECT_EQ(all[14].usage.input, 9u);
  EXPECT_EQ(all[14].usage.output, 5u);
  EXPECT_EQ(all[14].usage.flags, std::uint32_t(OC_USAGE_FINAL | OC_USAGE_CUMULATIVE));
  EXPECT_EQ(all[0].usage.flags, std::uint32_t(OC_USAGE_CUMULATIVE));
  EXPECT_EQ(finish(), OC_OK);
}

TEST_F(AnswerTest, AWholeMessageGivesTheSameKindsOfEvents) {
  begin(false);
  frame(R"({"id":"msg_1","type":"message","model":"real","content":[{"type":"redacted_thinking","data":"RED"},
    {"type":"text","text":"Hi","citations":[{"type":"web_search_result_location","url":"u","title":"T","cited_text":"c","encrypted_index":"e"}]},
    {"type":"tool_use","id":"t","name":"f","input":{"a": 1}},
    {"type":"server_tool_use","id":"s","name":"web_search","input":{}}],
    "stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":4,"server_tool_use":{"web_search_requests":2}}})");
  EXPECT_EQ(types(), (std::vector<std::uint32_t>{OC_EV_USAGE, OC_EV_START, OC_EV_STATE, OC_EV_PART_END, OC_EV_TEXT, OC_EV_CITATION,
                                                 OC_EV_PART_END, OC_EV_TOOL_BEGIN, OC_EV_TOOL_ARGS, OC_EV_PART_END, OC_EV_OPAQUE,
                                                 OC_EV_FINISH, OC_EV_USAGE}));
  const auto& all = call.events;
  EXPECT_EQ(all[2].opaque, "redacted:RED");
  EXPECT_TRUE(test::same_json(all[5].ext_json, R"({"url":"u","title":"T","text":"c","raw":{"type":"web_search_result_location",
    "url":"u","title":"T","cited_text":"c","encrypted_index":"e"}})"));
  EXPECT_EQ(all[8].text, R"({"a": 1})");
  EXPECT_EQ(all[10].ext_json, R"({"anthropic_block":{"type":"server_tool_use","id":"s","name":"web_search","input":{}}})");
  EXPECT_EQ(all[11].finish, std::uint32_t(OC_FIN_TOOL)) << "a plain stop with calls is a tool stop";
  EXPECT_EQ(all[12].usage.searches, 2u);
  EXPECT_EQ(finish(), OC_OK);
}

TEST_F(AnswerTest, OwnBlocksAreGatheredWhole) {
  begin();
  message_start();
  block(0, R"({"type":"server_tool_use","id":"s","name":"web_search","input":{}})");
  delta(0, R"({"type":"input_json_delta","partial_json":"{\"q\":"})");
  delta(0, R"({"type":"input_json_delta","partial_json":"\"x\"}"})");
  block_stop(0);
  block(1, R"({"type":"web_search_tool_result","tool_use_id":"s","content":[]})");
  block_stop(1);
  block(2, R"({"type":"compaction","content":null})");
  delta(2, R"({"type":"compaction_delta","content":"sh\"ort"})");
  block_stop(2);
  frame(R"({"type":"brand_new","x":1})");
  frame(R"({"type":"message_delta","delta":{"stop_reason":"pause_turn","container":{"id":"c"}},"usage":{"output_tokens":1},"context_management":{"applied_edits":[]}})");
  frame(R"({"type":"message_stop"})");
  std::vector<std::string> opaque;
  for (const Event& e : call.events)
    if (e.type == OC_EV_OPAQUE) opaque.push_back(e.ext_json);
  ASSERT_EQ(opaque.size(), 6u);
  EXPECT_TRUE(test::same_json(opaque[0], R"({"anthropic_block":{"type":"server_tool_use","id":"s","name":"web_search","input":{"q":"x"}}})"));
  EXPECT_TRUE(test::same_json(opaque[2], R"({"anthropic_block":{"type":"compaction","content":"sh\"ort"}})"));
  EXPECT_EQ(opaque[3], R"({"anthropic_event":{"type":"brand_new","x":1}})");
  EXPECT_EQ(opaque[4], R"({"anthropic_message":{"context_management":{"applied_edits":[]}}})");
  EXPECT_EQ(opaque[5], R"({"anthropic_message":{"container":{"id":"c"}}})");
  EXPECT_EQ(call.last(OC_EV_FINISH)->finish, std::uint32_t(OC_FIN_PAUSE));
}

TEST_F(AnswerTest, ReasonsToStop) {
  struct Case {
    const char *delta, *text;
    std::uint32_t finish;
    const char* ext;
  };
  for (const Case& c : std::initializer_list<Case>{
           {R"({"stop_reason":"stop_sequence","stop_sequence":"###"})", "###", OC_FIN_SEQUENCE, ""},
           {R"({"stop_reason":"max_tokens"})", "", OC_FIN_LENGTH, ""},
           {R"({"stop_reason":"model_context_window_exceeded"})", "", OC_FIN_CONTEXT, ""},
           {R"({"stop_reason":"refusal","stop_details":{"type":"refusal","category":"bio"}})", "", OC_FIN_FILTER,
            R"({"stop_details":{"type":"refusal","category":"bio"}})"},
           {R"({"stop_reason":"brand_new"})", "", OC_FIN_STOP, ""}}) {
    begin();
    message_start();
    frame(R"({"type":"message_delta","delta":)" + std::string(c.delta) + R"(,"usage":{"output_tokens":1}})");
    const Event* e = call.last(OC_EV_FINISH);
    ASSERT_NE(e, nullptr);
    EXPECT_EQ(e->finish, c.finish) << c.delta;
    EXPECT_EQ(e->text, c.text);
    EXPECT_EQ(e->ext_json, c.ext);
  }
}

TEST_F(AnswerTest, ALimitIsNotMaskedByACall) {
  begin();
  message_start();
  block(0, R"({"type":"tool_use","id":"t","name":"f","input":{}})");
  delta(0, R"({"type":"input_json_delta","partial_json":"{\"a"})");
  ends("max_tokens");
  EXPECT_EQ(call.last(OC_EV_FINISH)->finish, std::uint32_t(OC_FIN_LENGTH));
  const auto all = types();
  EXPECT_LT(std::find(all.begin(), all.end(), std::uint32_t(OC_EV_PART_END)), std::find(all.begin(), all.end(), std::uint32_t(OC_EV_FINISH)))
      << "an open part ends before the answer does";
}

TEST_F(AnswerTest, AStreamWithoutItsEndIsNoAnswer) {
  begin();
  message_start();
  block(0, R"({"type":"text","text":""})");
  delta(0, R"({"type":"text_delta","text":"Hi"})");
  EXPECT_EQ(finish(), OC_E_UPSTREAM);
  begin();
  message_start();
  frame(R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":1}})");
  EXPECT_EQ(finish(), OC_E_UPSTREAM) << "message_stop is the end";
  begin();
  message_start();
  EXPECT_EQ(finish(OC_E_TIMEOUT), OC_E_TIMEOUT);
  begin();
  message_start();
  ends();
  EXPECT_EQ(finish(OC_E_IO), OC_OK) << "all was said when the connection went";
}

TEST_F(AnswerTest, ErrorsInsideAStream) {
  begin();
  message_start();
  frame(R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})");
  const Event* e = call.last(OC_EV_ERROR);
  ASSERT_NE(e, nullptr);
  EXPECT_EQ(e->status, OC_E_UNAVAILABLE);
  EXPECT_EQ(e->text, "Overloaded");
  EXPECT_EQ(e->code, "overloaded_error");
  block(0, R"({"type":"text","text":"late"})");
  EXPECT_EQ(call.text(), "") << "nothing follows an error";
  EXPECT_EQ(finish(), OC_E_UPSTREAM);
}

TEST_F(AnswerTest, AnAnswerThatBeginsAnewIsAnError) {
  begin();
  message_start();
  message_start();
  EXPECT_EQ(call.last(OC_EV_ERROR)->status, OC_E_UPSTREAM);
}

TEST_F(AnswerTest, OddAnswersAreErrorsOrPassedOver) {
  begin(false);
  frame("<html>");
  EXPECT_EQ(status, OC_E_UPSTREAM);
  begin(false);
  frame(R"({"type":"error","error":{"type":"api_error","message":"boom"}})");
  EXPECT_EQ(call.last(OC_EV_ERROR)->text, "boom");
  begin(false);
  frame(R"({"choices":[]})");
  EXPECT_EQ(call.last(OC_EV_ERROR)->status, OC_E_UPSTREAM);
  begin();
  message_start();
  delta(7, R"({"type":"text_delta","text":"of no block"})");
  delta(7, "null");
  block_stop(7);
  block(0, "null");
  block_stop(0);
  block(1, R"({"type":"text","text":null,"citations":null})");
  delta(1, R"({"type":"brand_new_delta"})");
  delta(1, R"({"type":"text_delta","text":null})");
  block_stop(1);
  frame(R"({"type":"message_delta","delta":null,"usage":null})");
  frame(R"({"type":"message_stop"})");
  frame("[DONE]");
  EXPECT_EQ(status, OC_OK) << "a terminator of another dialect behind ours";
  EXPECT_EQ(call.text(), "");
  EXPECT_EQ(call.last(OC_EV_FINISH)->finish, std::uint32_t(OC_FIN_STOP));
  EXPECT_EQ(finish(), OC_OK);
}

// Vendors that put the content into the start of a block.
TEST_F(AnswerTest, ContentInTheStartOfABlockCounts) {
  begin();
  frame(R"({"type":"message_start","message":{"id":"1"}})");
  block(0, R"({"type":"text","text":"Hi"})");
  block_stop(0);
  block(1, R"({"type":"tool_use","id":"t","name":"f","input":{"a":1}})");
  block_stop(1);
  ends();
  EXPECT_EQ(call.text(), "Hi");
  EXPECT_EQ(call.text(OC_EV_TOOL_ARGS), R"({"a":1})");
}

TEST_F(AnswerTest, ErrorAnswersAreMapped) {
  begin();
  oc_event e = map_error(429, R"({"type":"error","error":{"type":"rate_limit_error","message":"slow"},"request_id":"r"})",
                         {{oc::str("retry-after"), oc::str("7")}});
  EXPECT_EQ(e.status, OC_E_RATE);
  EXPECT_EQ(e.retry_after_ms, 7000u);
  EXPECT_EQ(oc::view(e.text), "slow");
  EXPECT_EQ(oc::view(e.code), "rate_limit_error");
  EXPECT_EQ(oc::view(e.ext_json), body);
  e = map_error(429, R"({"type":"error","error":{"type":"rate_limit_error","message":"m","details":{"error_code":"enforced_spend_limit_reached"}}})");
  EXPECT_EQ(e.status, OC_E_LIMIT);
  EXPECT_EQ(oc::view(e.code), "enforced_spend_limit_reached");
  e = map_error(529, "overloaded, try later");
  EXPECT_EQ(e.status, OC_E_UNAVAILABLE);
  EXPECT_EQ(e.text.len, 0u) << "the host has words of its own";
  EXPECT_EQ(e.ext_json.len, 0u);
  e = map_error(401, R"({"type":"error","error":{"type":"authentication_error","message":"bad sk-secret-key"}})");
  EXPECT_EQ(oc::view(e.text).find("sk-secret"), std::string_view::npos);
  EXPECT_EQ(e.ext_json.len, 0u);
  e = map_error(400, "{\"type\":\"error\",\n\"error\":{\"message\":\"m\"}}");
  EXPECT_EQ(e.ext_json.len, 0u) << "not on one line";
  EXPECT_EQ(oc::view(e.text), "m");
}

}  // namespace
}  // namespace onechat::anthropic_messages
