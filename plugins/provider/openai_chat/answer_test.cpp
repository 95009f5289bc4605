// What vendors say, and the events it becomes: whatever is more than text, calls and usage; and the defects that other
// gateways had to repair, each named where it was reported.
#include "fixture_test.hpp"

namespace onechat::openai_chat {
namespace {

struct AnswerTest : ProviderTest {
  const Event& only(std::uint32_t type) {
    const auto n = std::count_if(call.events.begin(), call.events.end(), [&](const Event& e) { return e.type == type; });
    EXPECT_EQ(n, 1) << "of type " << type;
    return *call.last(type);
  }
  void ended() {
    frame(delta("{}", R"(,"finish_reason":"stop")"));
    frame("[DONE]");
    EXPECT_EQ(finish(), OC_OK);
    // Every part that began has ended, before its choice did.
    std::map<std::uint32_t, bool> open;
    for (const Event& e : call.events) {
      switch (e.type) {
        case OC_EV_TEXT:
        case OC_EV_REASONING:
        case OC_EV_REFUSAL:
        case OC_EV_TOOL_BEGIN:
        case OC_EV_MEDIA: open[e.index] = true; break;
        case OC_EV_PART_END: open[e.index] = false; break;
        case OC_EV_FINISH:
          for (const auto& [index, still] : open) EXPECT_FALSE(still) << "part " << index;
          break;
        default: break;
      }
    }
  }
};

// ---- state

TEST_F(AnswerTest, ReasoningDetailsInPiecesBecomeOneState) {
  begin_stream();
  const auto piece = [](const char* what) {
    return delta(R"({"reasoning":"x","reasoning_details":[{"type":"reasoning.text",)" + std::string(what) + R"(,"format":"f-v1","index":0}]})");
  };
  frame(piece(R"("text":"The ","signature":"")"));
  frame(piece(R"("text":"end","id":null)"));
  frame(delta(R"({"reasoning":"","reasoning_details":[{"type":"reasoning.text","signature":"SIG","format":"f-v1","index":0}]})"));
  frame(delta(R"({"content":"Hi"})"));
  ended();
  const Event& state = only(OC_EV_STATE);
  EXPECT_TRUE(same_json(state.opaque, R"([{"type":"reasoning.text","text":"The end","signature":"SIG","id":null,"format":"f-v1","index":0}])"))
      << state.opaque;
  EXPECT_EQ(state.opaque_origin, "openai_chat/m");
  EXPECT_EQ(state.index, 0u) << "of the reasoning";
  EXPECT_EQ(call.text(OC_EV_REASONING), "xx");
}

TEST_F(AnswerTest, EncryptedReasoningAfterTheCallsIsAPartOfItsOwn) {
  begin_stream();
  frame(delta(R"({"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}],
    "reasoning_details":[{"type":"reasoning.encrypted","data":"DATA","id":"a","format":"google-gemini-v1","index":0}]})"));
  ended();
  const Event& state = only(OC_EV_STATE);
  EXPECT_NE(state.opaque.find("DATA"), std::string::npos);
  EXPECT_EQ(state.index, 1u);
}

TEST_F(AnswerTest, UnsignedDetailsAreOnlyText) {
  begin_stream();
  frame(delta(R"({"reasoning_details":[{"type":"reasoning.summary","summary":"In short","index":0}]})"));
  frame(delta(R"({"content":"Hi"})"));
  ended();
  EXPECT_EQ(call.text(OC_EV_REASONING), "In short");
  EXPECT_EQ(only(OC_EV_REASONING).flags, std::uint32_t(OC_EVF_SUMMARY));
  EXPECT_EQ(call.last(OC_EV_STATE), nullptr);
}

TEST_F(AnswerTest, ThoughtSignaturesBelongToTheirCallOnce) {
  begin_stream();
  frame(delta(R"({"extra_content":{"google":{"thought_signature":"S"}},"tool_calls":[{"index":0,"id":"a","type":"function",
    "function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"S"}}}]})"));
  ended();
  EXPECT_EQ(only(OC_EV_STATE).opaque, "S");
  EXPECT_EQ(only(OC_EV_STATE).index, 0u);
}

// ---- more than text

TEST_F(AnswerTest, ProbabilitiesFollowTheirText) {
  begin_stream();
  frame(R"({"choices":[{"index":0,"delta":{"content":"Hi"},"logprobs":{"content":[{"token":"Hi","logprob":-0.5}],"refusal":null}}]})");
  frame(R"({"choices":[{"index":0,"delta":{},"logprobs":null}]})");
  ended();
  EXPECT_EQ(only(OC_EV_LOGPROBS).ext_json, R"([{"token":"Hi","logprob":-0.5}])");
  EXPECT_EQ(only(OC_EV_LOGPROBS).index, 0u);
}

TEST_F(AnswerTest, SourcesInTheirManyForms) {
  const char* forms[] = {
      R"({"choices":[{"index":0,"delta":{"content":"Hi","annotations":[{"type":"url_citation","url_citation":{"url":"https://x","title":"X","start_index":1,"end_index":2}}]}}]})",
      R"({"choices":[{"index":0,"delta":{"content":"Hi"}}],"citations":["https://x"]})",
      R"({"choices":[{"index":0,"delta":{"content":"Hi"}}],"citations":["https://x"],"search_results":[{"url":"https://x","title":"X"}]})"};
  for (const char* form : forms) {
    provider.reset();
    call.events.clear();
    begin_stream();
    frame(form);
    if (std::string_view(form).find("annotations") == std::string_view::npos) frame(form);  // repeated with every chunk
    ended();
    Arena arena;
    const std::string told = only(OC_EV_CITATION).ext_json;
    const oc_json* c = json::parse(arena, told);
    EXPECT_EQ(json::get(c, "url")->text, "https://x") << form;
    EXPECT_NE(json::get(c, "raw"), nullptr);
    if (const oc_json* start = json::get(c, "start")) {
      EXPECT_EQ(start->raw, "1");
    }
  }
}

TEST_F(AnswerTest, PicturesArePartsAndSoundIsKeptAsItIs) {
  begin_whole();
  frame(R"({"choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"see",
    "images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,QUJD"}}],"audio":{"id":"a","data":"QQ==","transcript":"t"}}}]})");
  EXPECT_EQ(finish(), OC_OK);
  EXPECT_EQ(only(OC_EV_MEDIA).media_type, "image/png");
  EXPECT_EQ(only(OC_EV_MEDIA).text, "QUJD");
  EXPECT_EQ(only(OC_EV_MEDIA).index, 1u);
  EXPECT_EQ(only(OC_EV_OPAQUE).ext_json, R"({"audio":{"id":"a","data":"QQ==","transcript":"t"}})");
}

TEST_F(AnswerTest, CustomCallsAreMarked) {
  begin_stream();
  frame(delta(R"({"tool_calls":[{"index":0,"id":"a","type":"custom","custom":{"name":"patch","input":"*** "}}]})"));
  frame(delta(R"({"tool_calls":[{"index":0,"custom":{"input":"End"}}]})"));
  ended();
  EXPECT_EQ(only(OC_EV_TOOL_BEGIN).flags, std::uint32_t(OC_EVF_CUSTOM));
  EXPECT_EQ(call.text(OC_EV_TOOL_ARGS), "*** End");
  EXPECT_EQ(only(OC_EV_FINISH).finish, std::uint32_t(OC_FIN_TOOL));
}

TEST_F(AnswerTest, ARefusalIsTheReasonOfTheEnd) {
  begin_stream();
  frame(delta(R"({"refusal":"I will not"})"));
  ended();
  EXPECT_EQ(only(OC_EV_FINISH).finish, std::uint32_t(OC_FIN_REFUSAL));
}

TEST_F(AnswerTest, EmbeddingsAreReadForTheirCostOnlyWhereTheyAreRelayed) {
  oc_request r = own(R"({"model":"m","input":"x"})", {{"model", "\"m\""}}, 0);
  r.op = OC_OP_EMBED;
  ASSERT_EQ(build(r, true), OC_OK);
  EXPECT_EQ(http.straight, 1u);
  frame(R"({"object":"list","model":"e","data":[{"index":0,"embedding":[1]}],"usage":{"prompt_tokens":4,"total_tokens":4}})");
  EXPECT_EQ(call.last(OC_EV_USAGE)->usage.input, 4u);
  EXPECT_EQ(call.last(OC_EV_EMBEDDING), nullptr);
  EXPECT_EQ(finish(), OC_OK);
}

// ---- defects of others

// litellm#27492: content was lost where reasoning_content stood beside it.
TEST_F(AnswerTest, TextBesideReasoningIsKept) {
  begin_stream();
  frame(delta(R"({"reasoning_content":"hm","content":"Hi"})"));
  ended();
  EXPECT_EQ(call.text(OC_EV_REASONING), "hm");
  EXPECT_EQ(call.text(), "Hi");
}

// freellmapi#156: chunks with usage and without choices.
TEST_F(AnswerTest, AChunkWithoutChoicesIsNoAccident) {
  begin_stream();
  frame(R"({"id":"x","usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}})");
  frame(R"({"id":"x","choices":null})");
  frame(delta(R"({"content":"Hi"})"));
  ended();
  EXPECT_EQ(call.text(), "Hi");
}

// hermes-agent#43478: an over-eager tool_calls hid that the limit was reached.
TEST_F(AnswerTest, TheLimitIsNotHiddenByACall) {
  begin_stream();
  frame(delta(R"({"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":"{"}}]})", R"(,"finish_reason":"length")"));
  EXPECT_EQ(only(OC_EV_FINISH).finish, std::uint32_t(OC_FIN_LENGTH));
}

// GoModel#124: finish_reason "stop" although there are calls.
TEST_F(AnswerTest, AStopWithCallsIsACallForTools) {
  begin_stream();
  frame(delta(R"({"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]})"));
  ended();
  EXPECT_EQ(only(OC_EV_FINISH).finish, std::uint32_t(OC_FIN_TOOL));
}

// opencode#25925: ids that are missing, empty or numbers.
TEST_F(AnswerTest, EveryCallHasAnId) {
  begin_stream();
  frame(delta(R"({"tool_calls":[{"index":0,"type":"function","function":{"name":"f","arguments":"{}"}},
    {"index":1,"id":"","function":{"name":"g","arguments":"{}"}},{"index":2,"id":7,"function":{"name":"h","arguments":"{}"}}]})"));
  ended();
  std::vector<std::string> ids;
  for (const Event& e : call.events)
    if (e.type == OC_EV_TOOL_BEGIN) ids.push_back(e.tool_id);
  ASSERT_EQ(ids.size(), 3u);
  for (const auto& id : ids) EXPECT_FALSE(id.empty());
  EXPECT_NE(ids[0], ids[1]);
  EXPECT_NE(ids[1], ids[2]);
}

// vLLM and Snowflake fill finish_reason with "" from the first chunk on.
TEST_F(AnswerTest, AnEmptyReasonIsNoEnd) {
  begin_stream();
  frame(R"({"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":""}]})");
  frame(R"({"choices":[{"index":0,"delta":{"content":"b"},"finish_reason":""}]})");
  ended();
  EXPECT_EQ(call.text(), "ab");
  only(OC_EV_FINISH);
}

TEST_F(AnswerTest, TheServiceTierIsWhatTheAnswerSays) {
  begin_stream();
  frame(R"({"choices":[],"service_tier":"flex","usage":{"prompt_tokens":10,"completion_tokens":30}})");
  EXPECT_EQ(only(OC_EV_USAGE).usage.flags & OC_USAGE_TIER, std::uint32_t(OC_USAGE_TIER_FLEX));
}

// new-api#4395: reasoning counted twice.
TEST_F(AnswerTest, ReasoningIsCountedOnce) {
  begin_stream();
  frame(R"({"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":30,"total_tokens":40,"completion_tokens_details":{"reasoning_tokens":20}}})");
  const oc_usage& u = only(OC_EV_USAGE).usage;
  EXPECT_EQ(u.output + u.reasoning, 30u);
  EXPECT_EQ(u.reasoning, 20u);
}

}  // namespace
}  // namespace onechat::openai_chat
