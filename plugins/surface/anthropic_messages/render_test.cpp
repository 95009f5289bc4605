// What a client gets: whole messages and streams, of answers of every dialect.
#include <deque>

#include "common/state_token.hpp"
#include "fixture_test.hpp"

namespace onechat::anthropic_messages {
namespace {

using test::MessageBlock;
using test::same_json;

struct RenderTest : SurfaceFixture {
  oc_event error(oc_status status, std::string_view words, std::uint32_t http = 0) {
    oc_event e = oc::Call::event(OC_EV_ERROR);
    e.status = status;
    e.text = oc::str(words);
    e.http_status = http;
    return e;
  }
  // An answer of everything: thinking, text, two calls.
  void say_all() {
    started("msg_up");
    reasoning("let me ", 0);
    reasoning("see", 0);
    state_of(0, "SIG", "anthropic_messages/m");
    part_end(0);
    text("Hel", 1);
    text("lo", 1);
    part_end(1);
    tool("t1", "f", 2);
    args("{\"a\":", 2);
    args("1}", 2);
    part_end(2);
    tool("t2", "g", 3);
    part_end(3);
    ends(OC_FIN_TOOL);
    usage(10, 20, 5, 3);
  }
};

TEST_F(RenderTest, AStreamToTheByte) {
  begin(true, false);
  usage(7, 1);
  started("msg_1");
  text("Hi", 0);
  part_end(0);
  ends(OC_FIN_STOP);
  usage(7, 2);
  EXPECT_EQ(finish(),
            "event: message_start\n"
            R"(data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],)"
            R"("stop_reason":null,"stop_sequence":null,"stop_details":null,"container":null,"usage":{"input_tokens":7,)"
            R"("cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":1,"output_tokens_details":)"
            R"({"thinking_tokens":0},"server_tool_use":null,"cache_creation":{"ephemeral_5m_input_tokens":0,)"
            R"("ephemeral_1h_input_tokens":0},"service_tier":null,"inference_geo":null,"speed":null}}})" "\n\n"
            "event: ping\n" R"(data: {"type":"ping"})" "\n\n"
            "event: content_block_start\n"
            R"(data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})" "\n\n"
            "event: content_block_delta\n"
            R"(data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}})" "\n\n"
            "event: content_block_stop\n" R"(data: {"type":"content_block_stop","index":0})" "\n\n"
            "event: message_delta\n"
            R"(data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null,"stop_details":null},)"
            R"("usage":{"input_tokens":7,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":2,)"
            R"("output_tokens_details":{"thinking_tokens":0},"server_tool_use":null}})" "\n\n"
            "event: message_stop\n" R"(data: {"type":"message_stop"})" "\n\n");
}

TEST_F(RenderTest, AWholeMessage) {
  begin(false);
  say_all();
  const std::string text = finish();
  EXPECT_TRUE(same_json(text, R"({"id":"msg_up","type":"message","role":"assistant","model":"m","content":[
      {"type":"thinking","thinking":"let me see","signature":"SIG"},{"type":"text","text":"Hello"},
      {"type":"tool_use","id":"t1","name":"f","input":{"a":1}},{"type":"tool_use","id":"t2","name":"g","input":{}}],
    "stop_reason":"tool_use","stop_sequence":null,"stop_details":null,"container":null,
    "usage":{"input_tokens":10,"cache_creation_input_tokens":0,"cache_read_input_tokens":3,"output_tokens":25,
      "output_tokens_details":{"thinking_tokens":5},"server_tool_use":null,"cache_creation":{"ephemeral_5m_input_tokens":0,
      "ephemeral_1h_input_tokens":0},"service_tier":null,"inference_geo":null,"speed":null}})"))
      << text;
}

TEST_F(RenderTest, AStreamSaysWhatTheWholeSays) {
  begin();
  say_all();
  const test::Message m = streamed();
  ASSERT_EQ(m.content.size(), 4u);
  EXPECT_EQ(m.content[0].text, "let me see");
  EXPECT_EQ(m.content[0].signature, "SIG");
  EXPECT_EQ(m.content[1].text, "Hello");
  EXPECT_EQ(m.content[2].input, "{\"a\":1}");
  EXPECT_EQ(m.content[3].input, "{}");
  EXPECT_EQ(m.content[3].id, "t2");
  EXPECT_EQ(m.stop_reason, "tool_use");
  EXPECT_TRUE(same_json(m.usage, R"({"input_tokens":10,"cache_creation_input_tokens":0,"cache_read_input_tokens":3,
     "output_tokens":25,"output_tokens_details":{"thinking_tokens":5},"server_tool_use":null})"));
}

// Pieces of parallel calls alternate in other dialects; here blocks do not.
TEST_F(RenderTest, AlternatingPiecesBecomeSequentialBlocks) {
  begin();
  tool("a", "f", 0);
  tool("b", "g", 1);
  args("{\"x\":", 0);
  args("{\"y\":", 1);
  args("1}", 0);
  EXPECT_NE(out.body.find(R"(partial_json":"1})"), std::string::npos) << "the open block's pieces go out at once";
  EXPECT_EQ(out.body.find("\"y"), std::string::npos);
  args("2}", 1);
  part_end(1);
  part_end(0);
  ends(OC_FIN_STOP);
  const test::Message m = streamed();
  ASSERT_EQ(m.content.size(), 2u);
  EXPECT_EQ(m.content[0].input, "{\"x\":1}");
  EXPECT_EQ(m.content[1].input, "{\"y\":2}");
  EXPECT_EQ(m.stop_reason, "tool_use") << "calls and a plain stop are tool_use";
}

TEST_F(RenderTest, TextDoesNotMakeOthersWait) {
  begin();
  reasoning("why", 0);
  text("a", 1);
  reasoning("more", 0);
  text("b", 1);
  ends(OC_FIN_STOP);
  const test::Message m = streamed();
  ASSERT_EQ(m.content.size(), 4u);
  EXPECT_EQ(m.content[2].text, "more");
  EXPECT_EQ(m.content[3].text, "b");
}

TEST_F(RenderTest, TextBehindAnOpenCallWaits) {
  begin();
  tool("a", "f", 0);
  text("later", 1);
  args("{}", 0);
  text("!", 1);
  part_end(0);
  ends(OC_FIN_STOP);
  const test::Message m = streamed();
  ASSERT_EQ(m.content.size(), 2u);
  EXPECT_EQ(m.content[0].input, "{}");
  EXPECT_EQ(m.content[1].text, "later!");
}

TEST_F(RenderTest, EmptyTextsAreNoBlocks) {
  for (const bool stream : {true, false}) {
    again();
    begin(stream);
    started("x");
    text("", 0);
    part_end(0);
    tool("t", "f", 1);
    part_end(1);
    ends(OC_FIN_TOOL);
    const test::Message m = stream ? streamed() : whole();
    ASSERT_EQ(m.content.size(), 1u);
    EXPECT_EQ(m.content[0].type, "tool_use");
    EXPECT_EQ(m.id.substr(0, 4), "msg_") << "an id of another dialect is not passed on";
  }
}

TEST_F(RenderTest, AnAnswerOfNothingIsStillAMessage) {
  begin();
  const test::Message m = streamed();
  EXPECT_TRUE(m.content.empty());
  EXPECT_EQ(m.stop_reason, "end_turn");
}

// SDKs parse arguments as they come and throw on what is no JSON object.
TEST_F(RenderTest, ArgumentsAlwaysParse) {
  struct Case {
    std::vector<std::string_view> pieces;
    const char *streamed, *whole;
  };
  for (const Case& c : std::initializer_list<Case>{
           {{"{\"a\"", ":[1,", "{\"b\":null}]}"}, "{\"a\":[1,{\"b\":null}]}", "{\"a\":[1,{\"b\":null}]}"},
           {{}, "{}", "{}"},
           {{" ", ""}, "{}", "{}"},
           {{"free ", "words"}, R"({"input":"free words"})", R"({"input":"free words"})"},
           {{"[1]"}, R"({"input":"[1]"})", R"({"input":"[1]"})"},
           {{"{\"a\":1} trailing"}, "{\"a\":1} ", R"({"input":"{\"a\":1} trailing"})"},
           {{"{\"a\":", "tru", "x}"}, "{\"a\":tru", R"({"input":"{\"a\":trux}"})"},
           {{"{\"a\":\"cut o"}, "{\"a\":\"cut o", R"({"input":"{\"a\":\"cut o"})"}}) {
    for (const bool stream : {true, false}) {
      again();
      begin(stream);
      tool("t", "f", 0);
      for (const auto piece : c.pieces) args(piece, 0);
      part_end(0);
      ends(OC_FIN_TOOL);
      const test::Message m = stream ? streamed() : whole();
      ASSERT_EQ(m.content.size(), 1u);
      EXPECT_EQ(m.content[0].input, stream ? c.streamed : c.whole);
    }
  }
}

TEST_F(RenderTest, FreeTextOfACustomToolIsWrapped) {
  begin();
  tool("t", "f", 0, OC_EVF_CUSTOM);
  args("{not", 0);
  args(" json", 0);
  part_end(0);
  ends(OC_FIN_TOOL);
  EXPECT_EQ(streamed().content[0].input, R"({"input":"{not json"})");
}

// ---- thinking and state

TEST_F(RenderTest, StateTravelsInTheDialectsOwnPlaces) {
  oc::Call oc_call{host.table(), call.handle(), &call.arena};
  const std::string token(dialect::to_slot(oc_call, "anthropic_messages", "enc", "openai_responses/o"));
  const std::string after(dialect::to_slot(oc_call, "anthropic_messages", "previous:sig", "gemini/g"));
  for (const bool stream : {true, false}) {
    again();
    begin(stream);
    state_of(0, "redacted:RED", "anthropic_messages/m");  // redacted thinking
    part_end(0);
    state_of(1, "S2", "anthropic_messages/m");            // thinking whose text was left out
    part_end(1);
    reasoning("sum", 2);
    state_of(2, "enc", "openai_responses/o");             // foreign, with a text
    part_end(2);
    state_of(3, "enc", "openai_responses/o");             // foreign, without
    part_end(3);
    tool("t", "f", 4);
    args("{}", 4);
    state_of(4, "sig", "gemini/g");                       // of a call
    part_end(4);
    ends(OC_FIN_TOOL);
    const test::Message m = stream ? streamed() : whole();
    const std::vector<MessageBlock> wanted = {{"redacted_thinking", "", "", "RED", "", "", "", {}},
                                              {"thinking", "", "", "", "S2", "", "", {}},
                                              {"thinking", "", "", "sum", token, "", "", {}},
                                              {"redacted_thinking", "", "", token, "", "", "", {}},
                                              {"tool_use", "t", "f", "", "", "{}", "", {}},
                                              {"redacted_thinking", "", "", after, "", "", "", {}}};
    EXPECT_EQ(m.content, wanted) << out.body;
  }
}

TEST_F(RenderTest, ThinkingThatNobodyAskedForIsNotShown) {
  for (const bool stream : {true, false}) {
    again();
    begin(stream, false);
    reasoning("secret", 0);
    part_end(0);
    reasoning("own", 1);
    state_of(1, "SIG", "anthropic_messages/m");
    part_end(1);
    text("answer", 2);
    part_end(2);
    ends(OC_FIN_STOP);
    const test::Message m = stream ? streamed() : whole();
    ASSERT_EQ(m.content.size(), 2u) << out.body;
    EXPECT_EQ(m.content[0].text, "");
    EXPECT_EQ(m.content[0].signature, "SIG") << "the state goes back all the same";
    EXPECT_EQ(m.content[1].text, "answer");
  }
}

TEST_F(RenderTest, ReasoningWithoutStateIsThinkingWithoutSignature) {
  begin();
  reasoning("because", 0);
  part_end(0);
  text("so", 1);
  ends(OC_FIN_STOP);
  const test::Message m = streamed();
  EXPECT_EQ(m.content[0].text, "because");
  EXPECT_EQ(m.content[0].signature, "");
}

// ---- the rest of an answer

TEST_F(RenderTest, StopReasonsAreMapped) {
  for (const auto& [why, word] : std::initializer_list<std::pair<std::uint32_t, const char*>>{
           {OC_FIN_STOP, "end_turn"}, {OC_FIN_LENGTH, "max_tokens"}, {OC_FIN_FILTER, "refusal"}, {OC_FIN_REFUSAL, "refusal"},
           {OC_FIN_SEQUENCE, "stop_sequence"}, {OC_FIN_CONTEXT, "model_context_window_exceeded"}, {OC_FIN_PAUSE, "pause_turn"},
           {OC_FIN_MALFORMED_TOOL, "end_turn"}}) {
    again();
    begin();
    text("x", 0);
    ends(why, "###");
    const test::Message m = streamed();
    EXPECT_EQ(m.stop_reason, word);
    EXPECT_EQ(m.stop_sequence, why == OC_FIN_SEQUENCE ? "###" : "");
    EXPECT_EQ(m.stop_details, std::string_view(word) == "refusal" ? R"({"type":"refusal","category":null,"explanation":null})" : "null");
  }
}

TEST_F(RenderTest, ALimitIsNotMaskedByCalls) {
  begin();
  tool("t", "f", 0);
  ends(OC_FIN_LENGTH);
  EXPECT_EQ(streamed().stop_reason, "max_tokens");
}

TEST_F(RenderTest, CitationsKeepTheirPlaces) {
  const std::string own = R"({"type":"char_location","cited_text":"c","document_index":0,"document_title":null,"start_char_index":1,"end_char_index":2})";
  for (const bool stream : {true, false}) {
    again();
    begin(stream);
    text("said", 0);
    ASSERT_EQ(with_json(OC_EV_CITATION, 0, R"({"text":"c","raw":)" + own + "}"), OC_OK);
    ASSERT_EQ(with_json(OC_EV_CITATION, 0, R"({"url":"https://u","title":"T","start":1,"end":2,"raw":{"type":"url_citation"}})"), OC_OK);
    ASSERT_EQ(with_json(OC_EV_CITATION, 0, R"({"start":1})"), OC_OK);
    part_end(0);
    ends(OC_FIN_STOP);
    const test::Message m = stream ? streamed() : whole();
    ASSERT_EQ(m.content.size(), 1u);
    ASSERT_EQ(m.content[0].citations.size(), 2u);
    EXPECT_TRUE(same_json(m.content[0].citations[0], own));
    EXPECT_TRUE(same_json(m.content[0].citations[1], R"({"type":"web_search_result_location","url":"https://u","title":"T",
       "cited_text":"","encrypted_index":""})"));
  }
  EXPECT_EQ(call.dropped, (std::vector<std::string>{"answer.citations", "answer.citations"}));
}

TEST_F(RenderTest, BlocksThatOnlyThisDialectHasPassThrough) {
  for (const bool stream : {true, false}) {
    again();
    begin(stream);
    ASSERT_EQ(with_json(OC_EV_OPAQUE, 0, "{\"anthropic_block\":{\"type\":\"server_tool_use\",\n\"id\":\"s\",\"name\":\"web_search\",\"input\":{\"q\":1}}}"),
              OC_OK);
    ASSERT_EQ(with_json(OC_EV_OPAQUE, 1, R"({"anthropic_block":{"type":"web_search_tool_result","tool_use_id":"s","content":[]}})"), OC_OK);
    ASSERT_EQ(with_json(OC_EV_OPAQUE, 2, R"({"anthropic_block":{"type":"compaction","content":"short"}})"), OC_OK);
    ASSERT_EQ(with_json(OC_EV_OPAQUE, 3, R"({"anthropic_message":{"container":{"id":"c"}}})"), OC_OK);
    text("x", 4);
    ends(OC_FIN_PAUSE);
    const test::Message m = stream ? streamed() : whole();
    ASSERT_EQ(m.content.size(), 4u);
    EXPECT_EQ(m.content[0].input, R"({"q":1})");
    EXPECT_EQ(m.content[1].type, "web_search_tool_result");
    EXPECT_NE(out.body.find(R"("container":{"id":"c"})"), std::string::npos);
    EXPECT_NE(out.body.find("short"), std::string::npos);
  }
  EXPECT_TRUE(call.dropped.empty());
}

TEST_F(RenderTest, WhatCannotBeToldIsNoted) {
  begin();
  ASSERT_EQ(event(oc::Call::event(OC_EV_MEDIA)), OC_OK);
  ASSERT_EQ(with_json(OC_EV_OPAQUE, 0, R"({"reasoning_details":[]})"), OC_OK);
  ASSERT_EQ(with_json(OC_EV_LOGPROBS, 0, "[]"), OC_OK);
  EXPECT_EQ(call.dropped, (std::vector<std::string>{"answer.media", "answer.opaque"}));
  call.strict = true;
  EXPECT_EQ(event(oc::Call::event(OC_EV_MEDIA)), OC_E_UNSUPPORTED);
}

TEST_F(RenderTest, CountsOfTokens) {
  ASSERT_EQ(parse(R"({"model":"m","messages":[{"role":"user","content":"hi"}]})", OC_OP_COUNT_TOKENS), OC_OK);
  usage(12, 0, 0, 3);
  ends(OC_FIN_STOP);
  EXPECT_EQ(finish(), R"({"input_tokens":15})");
}

// ---- errors and models

TEST_F(RenderTest, ErrorsBeforeTheFirstByte) {
  oc_event e = error(OC_E_RATE, "slow down", 429);
  e.retry_after_ms = 1500;
  ASSERT_EQ(surface->error(surface.self(), call.handle(), state, &call.arena, &e, out.handle()), OC_OK);
  EXPECT_EQ(out.status, 429u);
  EXPECT_EQ(out.header("retry-after"), "2");
  EXPECT_EQ(out.header("x-should-retry"), "");
  EXPECT_EQ(out.body, R"({"type":"error","error":{"type":"rate_limit_error","message":"slow down"},"request_id":"req_1"})");
  out = test::FakeOut();
  e = error(OC_E_FUNDS, "no money");
  ASSERT_EQ(surface->error(surface.self(), call.handle(), state, &call.arena, &e, out.handle()), OC_OK);
  EXPECT_EQ(out.status, 402u);
  EXPECT_EQ(out.header("x-should-retry"), "false");
  EXPECT_NE(out.body.find("billing_error"), std::string::npos);
}

TEST_F(RenderTest, AStreamThatBreaksOffSaysSo) {
  begin();
  text("half", 0);
  ASSERT_EQ(event(error(OC_E_UNAVAILABLE, "gone")), OC_OK);
  const test::Message m = test::read_stream(out.body);
  EXPECT_TRUE(m.broken.empty());
  EXPECT_FALSE(m.stopped);
  EXPECT_EQ(m.error, R"({"type":"error","error":{"type":"overloaded_error","message":"gone"},"request_id":"req_1"})");
}

struct ModelList {
  std::deque<std::string> names;
  std::deque<oc_model> models;
  std::vector<const oc_model*> list;
  explicit ModelList(int n) {
    for (int i = 0; i < n; ++i) {
      names.push_back(std::string("m").append(std::to_string(i)));
      models.push_back(oc::sized<oc_model>());
      models.back().id = oc::str(names.back());
      models.back().created_s = 1'709'210'096;
      list.push_back(&models.back());
    }
  }
};

TEST_F(RenderTest, AModel) {
  ModelList all(1);
  all.models[0].input_tokens_max = 200'000;
  const oc_http_in asked = in(OC_OP_GET_MODEL);
  ASSERT_EQ(surface->models(surface.self(), call.handle(), &call.arena, &asked, all.list.data(), 1, out.handle()), OC_OK);
  EXPECT_TRUE(same_json(out.body, R"({"type":"model","id":"m0","display_name":"m0","created_at":"2024-02-29T12:34:56Z",
    "max_input_tokens":200000,"max_tokens":null,"capabilities":null,"line":null,"lifecycle":"active","deprecated_at":null,
    "retires_at":null})"))
      << out.body;
}

TEST_F(RenderTest, ModelsComeInPages) {
  struct Case {
    const char *query, *first, *last;
    bool more;
    std::size_t n;
  };
  const ModelList all(30);
  for (const Case& c : std::initializer_list<Case>{{"", "m0", "m19", true, 20},
                                                   {"limit=100", "m0", "m29", false, 30},
                                                   {"limit=5&after_id=m19", "m20", "m24", true, 5},
                                                   {"after_id=%6d28", "m29", "m29", false, 1},
                                                   {"after_id=m29", "", "", false, 0},
                                                   {"after_id=unknown", "", "", false, 0},
                                                   {"before_id=m3&limit=2", "m1", "m2", true, 2},
                                                   {"before_id=m3", "m0", "m2", false, 3},
                                                   {"limit=zero", "m0", "m19", true, 20}}) {
    oc_http_in h = in(OC_OP_LIST_MODELS);
    h.query = oc::str(c.query);
    out = test::FakeOut();
    ASSERT_EQ(surface->models(surface.self(), call.handle(), &call.arena, &h, all.list.data(), all.list.size(), out.handle()),
              OC_OK);
    Arena arena;
    const oc_json* root = json::parse(arena, out.body);
    ASSERT_NE(root, nullptr);
    EXPECT_EQ(json::get(root, "data")->size, c.n) << c.query;
    EXPECT_EQ(json::get(root, "first_id")->text, c.first) << c.query;
    EXPECT_EQ(json::get(root, "last_id")->text, c.last) << c.query;
    EXPECT_EQ(json::get(root, "has_more")->raw, c.more ? "true" : "false") << c.query;
  }
}

}  // namespace
}  // namespace onechat::anthropic_messages
