// Events of a provider of any dialect, as a client of this one sees them: whole, and streamed by the strict grammar.
#include "common/state_token.hpp"
#include "openai_chat/stream_grammar_test.hpp"
#include "fixture_test.hpp"

namespace onechat::openai_chat {
namespace {

struct AnswerTest : SurfaceTest {
  void begin(bool stream, std::string_view members = "") {
    out = FakeOut();
    test::CallState fresh(surface->call_state_size);
    std::swap(state, fresh);
    call.dropped.clear();
    ASSERT_EQ(parse(R"({"model":"m","messages":[{"role":"user","content":"hi"}])" + std::string(stream ? R"(,"stream":true)" : "") +
                    std::string(members) + "}"),
              OC_OK);
    started("chatcmpl-1");
  }
  void begins(std::uint32_t index, std::string_view name, std::uint32_t flags = 0) {
    oc_event e = oc::Call::event(OC_EV_TOOL_BEGIN, 0, index);
    e.tool_id = oc::str("call_x");
    e.tool_name = oc::str(name);
    e.flags = flags;
    event(e);
  }
  void ends_part(std::uint32_t index) { event(oc::Call::event(OC_EV_PART_END, 0, index)); }
  void extra(std::uint32_t type, std::string_view json, std::uint32_t index = 0) {
    oc_event e = oc::Call::event(type, 0, index);
    e.ext_json = oc::str(json);
    event(e);
  }
  void signs(std::uint32_t index, std::string_view opaque, std::string_view origin) {
    oc_event e = oc::Call::event(OC_EV_STATE, 0, index);
    e.opaque = oc::str(opaque);
    e.opaque_origin = oc::str(origin);
    event(e);
  }
  void media(std::string_view type, std::string_view base64) {
    oc_event e = oc::Call::event(OC_EV_MEDIA, 0, 9);
    e.media_type = oc::str(type);
    e.text = oc::str(base64);
    event(e);
  }
  // The message of a whole answer.
  std::string message() {
    Arena arena;
    const std::string whole = finish();
    return std::string(json::get(json::get(json::parse(arena, whole), "choices")->first, "message")->raw);
  }
  // The deltas of a stream that obeys the grammar, without the first and the last.
  std::vector<std::string> deltas(bool usage = false) {
    const auto payloads = test::payloads_of(finish());
    EXPECT_EQ(test::stream_fault(payloads, usage), "") << out.body;
    std::vector<std::string> list;
    for (std::size_t i = 1; i + 2 < payloads.size(); ++i) {
      Arena arena;
      list.emplace_back(json::get(json::get(json::parse(arena, payloads[i]), "choices")->first, "delta")->raw);
    }
    return list;
  }
};

constexpr std::string_view kPatch = R"(,"tools":[{"type":"custom","custom":{"name":"patch"}}])";

TEST_F(AnswerTest, ACustomToolsTextIsTakenOutOfTheFunctionThatStoodForIt) {
  for (const bool stream : {false, true}) {
    begin(stream, kPatch);
    begins(0, "patch");
    text("{\"input\":\"*** Be", OC_EV_TOOL_ARGS, 0);
    text("gin\\n\"}", OC_EV_TOOL_ARGS, 0);
    ends_part(0);
    ends(OC_FIN_TOOL);
    if (!stream) {
      EXPECT_NE(message().find(R"({"id":"call_x","type":"custom","custom":{"name":"patch","input":"*** Begin\n"}})"), std::string::npos) << out.body;
      continue;
    }
    EXPECT_EQ(deltas(), (std::vector<std::string>{
                            R"({"tool_calls":[{"index":0,"id":"call_x","type":"custom","custom":{"name":"patch","input":""}}]})",
                            R"({"tool_calls":[{"index":0,"custom":{"input":"*** Begin\n"}}]})"}));
  }
}

TEST_F(AnswerTest, ACustomCallThatIsOneIsStreamedAsItComes) {
  begin(true, kPatch);
  begins(0, "patch", OC_EVF_CUSTOM);
  text("a", OC_EV_TOOL_ARGS, 0);
  text("b", OC_EV_TOOL_ARGS, 0);
  ends_part(0);
  ends(OC_FIN_TOOL);
  EXPECT_EQ(deltas().size(), 3u);
}

TEST_F(AnswerTest, AClientOfTheOldFunctionsGetsOne) {
  for (const bool stream : {false, true}) {
    begin(stream, R"(,"functions":[{"name":"f"}])");
    begins(0, "f");
    text("{}", OC_EV_TOOL_ARGS, 0);
    begins(1, "g");
    ends(OC_FIN_TOOL);
    if (!stream) {
      EXPECT_TRUE(same_json(message(), R"({"role":"assistant","content":null,"refusal":null,"function_call":{"name":"f","arguments":"{}"}})"));
    } else {
      EXPECT_EQ(deltas(), (std::vector<std::string>{R"({"function_call":{"name":"f","arguments":""}})", R"({"function_call":{"arguments":"{}"}})"}));
    }
    EXPECT_NE(out.body.find(R"("finish_reason":"function_call")"), std::string::npos);
  }
}

// ---- state

TEST_F(AnswerTest, ForeignStateTravelsWithTheTextItSigns) {
  const oc::Call c{host.table(), call.handle(), &call.arena};
  for (const bool stream : {false, true}) {
    begin(stream);
    text("think", OC_EV_REASONING, 0);
    text("ing", OC_EV_REASONING, 0);
    signs(0, "SIG", "anthropic_messages/claude");
    ends_part(0);
    signs(1, "REDACTED", "anthropic_messages/claude");
    ends_part(1);
    text("Hi", OC_EV_TEXT, 2);
    ends(OC_FIN_STOP);
    const std::string sig(dialect::to_slot(c, "openai_chat", "SIG", "anthropic_messages/claude"));
    const std::string redacted(dialect::to_slot(c, "openai_chat", "REDACTED", "anthropic_messages/claude"));
    const std::string first = R"({"type":"reasoning.text","text":"thinking","signature":")" + sig + R"(","id":null,"format":"1chat-state-v1","index":0})";
    const std::string second = R"({"type":"reasoning.encrypted","data":")" + redacted + R"(","id":null,"format":"1chat-state-v1","index":1})";
    if (!stream) {
      EXPECT_TRUE(same_json(message(), R"({"role":"assistant","content":"Hi","refusal":null,"reasoning_content":"thinking",
        "reasoning_details":[)" + first + "," + second + "]}"))
          << out.body;
    } else {
      EXPECT_EQ(deltas(), (std::vector<std::string>{R"({"reasoning_content":"think"})", R"({"reasoning_content":"ing"})",
                                                    R"({"reasoning_details":[)" + first + "]}", R"({"reasoning_details":[)" + second + "]}",
                                                    R"({"content":"Hi"})"}));
    }
  }
}

TEST_F(AnswerTest, WhatTheClientGotItCanSendBack) {
  begin(false);
  text("think", OC_EV_REASONING, 0);
  signs(0, "SIG", "anthropic_messages/claude");
  begins(1, "f");
  signs(1, "CALLSIG", "gemini/g-3");
  text("Hi", OC_EV_TEXT, 2);
  signs(2, "TEXTSIG", "gemini/g-3");
  ends(OC_FIN_TOOL);
  const std::string told = message();
  ASSERT_EQ(parse(R"({"model":"m","messages":[)" + told + "]}"), OC_OK);
  ASSERT_EQ(request->turns[0]->n_parts, 3u) << told;
  EXPECT_EQ(oc::view(part(0, 0).text), "think");
  EXPECT_EQ(oc::view(part(0, 0).opaque), "SIG");
  EXPECT_EQ(oc::view(part(0, 1).opaque), "TEXTSIG");
  EXPECT_EQ(oc::view(part(0, 2).opaque), "CALLSIG");
  EXPECT_EQ(oc::view(part(0, 2).opaque_origin), "gemini/g-3");
}

TEST_F(AnswerTest, AVendorsOwnDetailsAreShownAsTheyCame) {
  begin(false);
  text("hm", OC_EV_REASONING, 0);
  signs(0, R"([{"type":"reasoning.text","text":"hm","signature":"S","index":0}])", "openai_chat/m");
  ends(OC_FIN_STOP);
  EXPECT_NE(message().find(R"("reasoning_details":[{"type":"reasoning.text","text":"hm","signature":"S","index":0}])"), std::string::npos);
}

TEST_F(AnswerTest, TheSignatureOfACallIsAPieceOfIt) {
  begin(true);
  begins(0, "f");
  signs(0, "PLAIN", "openai_chat/m");
  text("{}", OC_EV_TOOL_ARGS, 0);
  ends(OC_FIN_TOOL);
  EXPECT_EQ(deltas()[1], R"({"tool_calls":[{"index":0,"function":{"arguments":""},"extra_content":{"google":{"thought_signature":"PLAIN"}}}]})");
}

// ---- more than text

TEST_F(AnswerTest, SourcesAreAnnotationsCountedInCharactersOfTheMessage) {
  for (const bool stream : {false, true}) {
    begin(stream);
    text("h\xc3\xa9 ", OC_EV_TEXT, 0);
    text("there", OC_EV_TEXT, 1);
    extra(OC_EV_CITATION, R"({"url":"https://x","title":"X","start":1,"end":4})", 1);
    extra(OC_EV_CITATION, R"({"title":"a book"})", 1);
    ends(OC_FIN_STOP);
    const std::string wanted =
        R"("annotations":[{"type":"url_citation","url_citation":{"url":"https://x","title":"X","start_index":4,"end_index":7}}])";
    EXPECT_NE((stream ? deltas()[2] : message()).find(wanted), std::string::npos) << out.body;
    EXPECT_EQ(call.dropped, std::vector<std::string>{"citations"});
  }
}

TEST_F(AnswerTest, PicturesSoundAndOtherMedia) {
  for (const bool stream : {false, true}) {
    begin(stream);
    media("image/png", "QUJD");
    media("audio/wav", "QQ==");
    media("video/mp4", "QQ==");
    ends(OC_FIN_STOP);
    const std::string image = R"("images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,QUJD"}}])";
    const std::string audio = R"("audio":{"id":"audio_0","data":"QQ==","expires_at":0,"transcript":""})";
    finish();
    EXPECT_NE(out.body.find(image), std::string::npos) << out.body;
    EXPECT_NE(out.body.find(audio), std::string::npos) << out.body;
    EXPECT_EQ(call.dropped, std::vector<std::string>{"media"});
  }
}

TEST_F(AnswerTest, ProbabilitiesStandBesideTheText) {
  for (const bool stream : {false, true}) {
    begin(stream);
    text("a");
    extra(OC_EV_LOGPROBS, R"([{"token":"a","logprob":-1}])");
    text("b");
    extra(OC_EV_LOGPROBS, R"([{"token":"b","logprob":-2}])");
    ends(OC_FIN_STOP);
    if (stream) {
      EXPECT_EQ(deltas().size(), 4u);
      EXPECT_NE(out.body.find(R"("logprobs":{"content":[{"token":"b","logprob":-2}],"refusal":null})"), std::string::npos);
    } else {
      finish();
      EXPECT_NE(out.body.find(R"("logprobs":{"content":[{"token":"a","logprob":-1},{"token":"b","logprob":-2}],"refusal":null})"), std::string::npos)
          << out.body;
    }
  }
}

TEST_F(AnswerTest, WhatNobodyModelsIsShownWhereItIsOursAndToldAsLostWhereItIsNot) {
  begin(false);
  extra(OC_EV_OPAQUE, R"({"audio":{"id":"a","data":"QQ=="}})");
  extra(OC_EV_OPAQUE, R"({"annotation":{"type":"file_citation"}})");
  extra(OC_EV_OPAQUE, R"({"type":"web_search_call","id":"ws_1"})");
  ends(OC_FIN_STOP);
  const std::string told = message();
  EXPECT_NE(told.find(R"("audio":{"id":"a","data":"QQ=="})"), std::string::npos);
  EXPECT_NE(told.find(R"("annotations":[{"type":"file_citation"}])"), std::string::npos);
  EXPECT_EQ(call.dropped, std::vector<std::string>{"answer"});
}

TEST_F(AnswerTest, EveryReasonOfTheEnd) {
  const std::pair<std::uint32_t, const char*> words[] = {
      {OC_FIN_STOP, "stop"},     {OC_FIN_SEQUENCE, "stop"}, {OC_FIN_PAUSE, "stop"},    {OC_FIN_LENGTH, "length"},
      {OC_FIN_CONTEXT, "length"}, {OC_FIN_TOOL, "tool_calls"}, {OC_FIN_FILTER, "content_filter"}, {OC_FIN_REFUSAL, "content_filter"},
      {OC_FIN_MALFORMED_TOOL, "stop"}};
  for (const auto& [why, word] : words) {
    for (const bool stream : {false, true}) {
      begin(stream);
      text("x");
      ends(why);
      finish();
      EXPECT_NE(out.body.find("\"finish_reason\":\"" + std::string(word) + "\""), std::string::npos) << why;
    }
  }
  begin(true);
  text("I will not", OC_EV_REFUSAL);
  ends(OC_FIN_REFUSAL);
  finish();
  EXPECT_NE(out.body.find(R"("finish_reason":"stop")"), std::string::npos) << "the refusal itself is told";
}

TEST_F(AnswerTest, UsageComesLastAndAddsUp) {
  begin(true, R"(,"n":2,"stream_options":{"include_usage":true})");
  oc_usage u = oc::sized<oc_usage>();
  u.input = 5, u.cache_read = 4, u.cache_write = 3, u.cache_write_1h = 2, u.output = 6, u.reasoning = 7;
  oc_event e = oc::Call::event(OC_EV_USAGE);
  e.usage = &u;
  event(e);  // before the first text, as Anthropic does
  text("b", OC_EV_TEXT, 0, 1);
  text("a", OC_EV_TEXT, 0, 0);
  ends(OC_FIN_STOP, 1);
  ends(OC_FIN_LENGTH, 0);
  EXPECT_EQ(test::stream_fault(test::payloads_of(finish()), true), "") << out.body;
  EXPECT_NE(out.body.find(R"("usage":{"prompt_tokens":14,"completion_tokens":13,"total_tokens":27,"prompt_tokens_details":{"cached_tokens":4,)"
                          R"("cache_write_tokens":5,)"),
            std::string::npos);
}

// ---- embeddings

TEST_F(AnswerTest, EmbeddingsAsNumbersAndAsBytes) {
  for (const bool base64 : {false, true}) {
    out = FakeOut();
    test::CallState fresh(surface->call_state_size);
    std::swap(state, fresh);
    ASSERT_EQ(parse(R"({"model":"e","input":["a","b"])" + std::string(base64 ? R"(,"encoding_format":"base64"})" : "}"), OC_OP_EMBED), OC_OK);
    extra(OC_EV_EMBEDDING, "[0.5,-1]", 0);
    extra(OC_EV_EMBEDDING, "[2,0]", 1);
    usage(7, 0);
    ends(OC_FIN_STOP);
    const char* first = base64 ? "\"AAAAPwAAgL8=\"" : "[0.5,-1]";
    const char* second = base64 ? "\"AAAAQAAAAAA=\"" : "[2,0]";
    EXPECT_EQ(finish(), R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":)" + std::string(first) +
                            R"(},{"object":"embedding","index":1,"embedding":)" + second +
                            R"(}],"model":"e","usage":{"prompt_tokens":7,"total_tokens":7}})");
  }
}

// ---- defects of others

// litellm#15884: index -1, or calls without id and name.
TEST_F(AnswerTest, CallsOfOtherDialectsBeginWithIdNameAndIndexFromZero) {
  begin(true);
  text("hm", OC_EV_REASONING, 0);
  text("Hi", OC_EV_TEXT, 1);
  begins(4, "f");
  text("{}", OC_EV_TOOL_ARGS, 4);
  ends(OC_FIN_TOOL);
  EXPECT_EQ(deltas()[2], R"({"tool_calls":[{"index":0,"id":"call_x","type":"function","function":{"name":"f","arguments":""}}]})");
}

// Portkey#1629, litellm#36553: usage in streams of clients that never asked.
TEST_F(AnswerTest, UsageThatNobodyAskedForIsNotShown) {
  begin(true);
  text("Hi");
  ends(OC_FIN_STOP);
  usage(1, 2);
  deltas(false);
  EXPECT_EQ(out.body.find("usage"), std::string::npos);
}

// dativo-io/talon#254, any-llm#847: an answer that broke off looked like one that ended.
TEST_F(AnswerTest, ABrokenAnswerHasNeitherReasonNorTerminator) {
  begin(true);
  text("Hi");
  oc_event e = oc::Call::event(OC_EV_ERROR);
  e.status = OC_E_UPSTREAM;
  event(e);
  EXPECT_EQ(out.body.find("[DONE]"), std::string::npos);
  EXPECT_EQ(out.body.find(R"("finish_reason":")"), std::string::npos);
  EXPECT_NE(out.body.find(R"(data: {"error":{)"), std::string::npos);
}

// litellm#29286: "tool_calls":[] where there are none.
TEST_F(AnswerTest, WithoutCallsThereIsNoListOfThem) {
  begin(false);
  text("Hi");
  ends(OC_FIN_STOP);
  EXPECT_TRUE(same_json(message(), R"({"role":"assistant","content":"Hi","refusal":null})"));
}

}  // namespace
}  // namespace onechat::openai_chat
