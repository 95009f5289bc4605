// Events become responses and event streams that keep the dialect's rules.
#include "common/state_token.hpp"
#include "exchange_test.hpp"

namespace onechat::openai_responses {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(Responses, ATextIsToldStepByStep) {
  const auto wire =
      streamed("", {of(OC_EV_START), of(OC_EV_TEXT, 0, "Hel"), of(OC_EV_TEXT, 0, "lo"), end(0), usage(), finish()});
  EXPECT_THAT(names(wire), ElementsAre("created", "in_progress", "output_item.added", "content_part.added",
                                       "output_text.delta", "output_text.delta", "output_text.done",
                                       "content_part.done", "output_item.done", "completed"));
  EXPECT_EQ(at(wire[4].data, "delta"), "Hel");
  EXPECT_EQ(at(wire[4].data, "logprobs"), "[]");
  EXPECT_EQ(at(wire[9].data, "response.output.0.content.0.text"), "Hello");
  EXPECT_EQ(
      at(wire[9].data, "response.usage"),
      R"({"input_tokens":17,"input_tokens_details":{"cached_tokens":5,"cache_write_tokens":2},"output_tokens":10,)"
      R"("output_tokens_details":{"reasoning_tokens":3},"total_tokens":27})");
}

TEST_F(Responses, AWholeAnswerRepeatsTheRequest) {
  const std::string body =
      whole(R"(,"metadata":{"a":"b"},"temperature":0.25,"tools":[{"type":"web_search"}],"instructions":"x")",
            {of(OC_EV_TEXT, 0, "Hello"), end(0), finish()});
  EXPECT_EQ(at(body, "status"), "completed");
  EXPECT_EQ(at(body, "model"), "m");
  EXPECT_EQ(at(body, "metadata.a"), "b");
  EXPECT_EQ(at(body, "temperature"), "0.25");
  EXPECT_EQ(at(body, "tools.0.type"), "web_search");
  EXPECT_EQ(at(body, "instructions"), "x");
  EXPECT_EQ(at(body, "output.0.role"), "assistant");
  EXPECT_EQ(at(body, "usage"), "null");
}

TEST_F(Responses, NeighbouringTextsArePartsOfOneMessage) {
  const std::string body =
      whole("", {of(OC_EV_TEXT, 0, "a"), end(0), of(OC_EV_TEXT, 1, "b"), end(1), of(OC_EV_REFUSAL, 2, "no"), end(2),
                 tool(3, "c", "f"), end(3), of(OC_EV_TEXT, 4, "z"), end(4), finish()});
  EXPECT_EQ(at(body, "output.0.content.1.text"), "b");
  EXPECT_EQ(at(body, "output.0.content.2.refusal"), "no");
  EXPECT_EQ(at(body, "output.1.arguments"), "{}");
  EXPECT_EQ(at(body, "output.2.content.0.text"), "z");
  streamed("",
           {of(OC_EV_TEXT, 0, "a"), end(0), of(OC_EV_REFUSAL, 2, "no"), end(2), tool(3, "c", "f"), end(3), finish()});
}

TEST_F(Responses, ParallelCallsMayAlternate) {
  const auto wire =
      streamed("", {tool(0, "c0", "f"), tool(1, "c1", "g"), of(OC_EV_TOOL_ARGS, 1, "{\"b\""),
                    of(OC_EV_TOOL_ARGS, 0, "{}"), of(OC_EV_TOOL_ARGS, 1, ":2}"), end(0), end(1), finish(OC_FIN_TOOL)});
  const std::string& last = wire.back().data;
  EXPECT_EQ(at(last, "response.status"), "completed");
  EXPECT_EQ(at(last, "response.output.0.arguments"), "{}");
  EXPECT_EQ(at(last, "response.output.1.arguments"), R"({"b":2})");
  EXPECT_EQ(at(last, "response.output.1.call_id"), "c1");
}

TEST_F(Responses, ReasoningIsASummaryOrTheThingItself) {
  const auto wire = streamed("", {reasoning(0, "first ", OC_EVF_SUMMARY), reasoning(0, "second", OC_EVF_SUMMARY),
                                  end(0), reasoning(1, "raw"), end(1), of(OC_EV_TEXT, 2, "x"), end(2), finish()});
  const std::string& last = wire.back().data;
  EXPECT_EQ(at(last, "response.output.0.summary.0.text"), "first second");
  EXPECT_EQ(at(last, "response.output.1.summary"), "[]");
  EXPECT_EQ(at(last, "response.output.1.content.0.text"), "raw");
  EXPECT_EQ(at(last, "response.output.1.encrypted_content"), "(nothing)");
}

TEST_F(Responses, StateIsGivenToThoseWhoKeepIt) {
  const std::vector<Event> events{reasoning(0, "hm"),
                                  state_of(0, "SIG", "anthropic_messages/claude"),
                                  end(0),
                                  state_of(1, "ENC", "openai_responses/m"),
                                  end(1),
                                  of(OC_EV_TEXT, 2, "x"),
                                  end(2),
                                  finish()};
  for (const char* asked : {R"(,"store":false)", R"(,"include":["reasoning.encrypted_content"])"}) {
    const std::string body = whole(asked, events);
    // Another dialect's state comes back as what it was; the dialect's own is plain.
    test::FakeCall fake;
    const oc::Call call{host.table(), fake.handle(), &fake.arena};
    const std::string slot = at(body, "output.0.encrypted_content");
    const auto state = dialect::from_slot(call, "openai_responses", slot);
    EXPECT_EQ(state.opaque, "SIG");
    EXPECT_EQ(state.origin, "anthropic_messages/claude");
    EXPECT_EQ(at(body, "output.1.encrypted_content"), "ENC");
    EXPECT_EQ(at(body, "output.1.summary"), "[]");
    streamed(asked, events);
  }
  // A client that leaves the keeping to us does not see it, but what is kept has it.
  Exchange x(host, R"({"model":"m","input":"hi"})");
  const std::string body = x.render(events);
  EXPECT_EQ(at(body, "output.1.encrypted_content"), "(nothing)");
  const std::string kept = x.keep().second;
  EXPECT_EQ(at(kept, "output.1.encrypted_content"), "ENC");
  EXPECT_EQ(at(kept, "response.output.1.encrypted_content"), "(nothing)");
}

TEST_F(Responses, StateOfACallTravelsBehindIt) {
  const std::vector<Event> events{tool(0, "c0", "f"), of(OC_EV_TOOL_ARGS, 0, "{}"), state_of(0, "THOUGHT", "gemini/g"),
                                  end(0), finish(OC_FIN_TOOL)};
  const std::string body = whole(R"(,"store":false)", events);
  EXPECT_EQ(at(body, "output.1.type"), "reasoning");
  streamed(R"(,"store":false)", events);
  Arena arena;
  const std::string items(json::get(json::parse(arena, body), "output")->raw);
  const Exchange again(host, R"({"model":"m","input":)" + items + "}");
  ASSERT_EQ(again.status, OC_OK);
  ASSERT_EQ(again.request->n_turns, 1u);
  EXPECT_EQ(again.part(0).type, std::uint32_t(OC_PART_TOOL_CALL));
  EXPECT_EQ(oc::view(again.part(0).opaque), "THOUGHT");
  EXPECT_EQ(oc::view(again.part(0).opaque_origin), "gemini/g");
  // Kept, but not shown to a client that asked for no state.
  Exchange x(host, R"({"model":"m","input":"hi"})");
  EXPECT_EQ(at(x.render(events), "output.1"), "(nothing)");
  EXPECT_EQ(at(x.keep().second, "output.1.type"), "reasoning");
}

TEST_F(Responses, ACustomToolsArgumentsBecomeFreeText) {
  const std::string declared = R"(,"tools":[{"type":"custom","name":"patch"}])";
  const auto wire = streamed(declared, {tool(0, "c0", "patch"), of(OC_EV_TOOL_ARGS, 0, R"({"inp)"),
                                        of(OC_EV_TOOL_ARGS, 0, R"(ut":"a\nb"})"), end(0), finish(OC_FIN_TOOL)});
  EXPECT_EQ(at(wire.back().data, "response.output.0.type"), "custom_tool_call");
  EXPECT_EQ(at(wire.back().data, "response.output.0.input"), "a\nb");
  // An upstream that knows custom tools streams the text itself.
  const auto own = streamed(declared, {tool(0, "c0", "patch", OC_EVF_CUSTOM), of(OC_EV_TOOL_ARGS, 0, "a"),
                                       of(OC_EV_TOOL_ARGS, 0, "b"), end(0), finish(OC_FIN_TOOL)});
  EXPECT_EQ(at(own.back().data, "response.output.0.input"), "ab");
  EXPECT_EQ(at(own[3].data, "delta"), "a");
}

TEST_F(Responses, ANamespaceIsGivenBack) {
  const std::string declared =
      R"(,"tools":[{"type":"namespace","name":"files","tools":[{"type":"function","name":"read","parameters":{}}]}])";
  const std::string body =
      whole(declared, {tool(0, "c0", "files__read"), of(OC_EV_TOOL_ARGS, 0, "{}"), end(0), finish(OC_FIN_TOOL)});
  EXPECT_EQ(at(body, "output.0.name"), "read");
  EXPECT_EQ(at(body, "output.0.namespace"), "files");
  Arena arena;
  const std::string items(json::get(json::parse(arena, body), "output")->raw);
  const Exchange again(host, R"({"model":"m","input":)" + items + declared + "}");
  EXPECT_EQ(oc::view(again.part(0).tool_name), "files__read");
}

TEST_F(Responses, CitationsAndLogprobsStandAtTheText) {
  const std::vector<Event> events{
      of(OC_EV_TEXT, 0, "see here"),
      with_json(OC_EV_CITATION, 0, R"({"url":"https://u","title":"t","start":0,"end":8})"),
      with_json(OC_EV_CITATION, 0, R"({"raw":{"type":"file_citation","file_id":"f","filename":"n","index":1}})"),
      with_json(OC_EV_LOGPROBS, 0, "[{\"token\":\"see\",\n\"logprob\":-0.5,\"bytes\":[],\"top_logprobs\":[]}]"),
      end(0),
      finish()};
  const auto wire = streamed("", events);
  const std::string& last = wire.back().data;
  EXPECT_EQ(at(last, "response.output.0.content.0.annotations.0"),
            R"({"type":"url_citation","start_index":0,"end_index":8,"url":"https://u","title":"t"})");
  EXPECT_EQ(at(last, "response.output.0.content.0.annotations.1.file_id"), "f");
  EXPECT_EQ(at(last, "response.output.0.content.0.logprobs.0.logprob"), "-0.5");
}

TEST_F(Responses, APictureIsAnItemAndSoundIsDropped) {
  Event picture = of(OC_EV_MEDIA, 0, "iVBOR"), sound = of(OC_EV_MEDIA, 1, "RIFF");
  picture.media_type = "image/webp";
  sound.media_type = "audio/wav";
  Exchange x(host, R"({"model":"m","input":"hi"})");
  const std::string body = x.render({picture, end(0), sound, end(1), finish()});
  EXPECT_EQ(at(body, "output.0.type"), "image_generation_call");
  EXPECT_EQ(at(body, "output.0.result"), "iVBOR");
  EXPECT_EQ(at(body, "output.0.output_format"), "webp");
  EXPECT_EQ(at(body, "output.1"), "(nothing)");
  EXPECT_THAT(x.call.dropped, ElementsAre("output[audio]"));
  streamed("", {picture, end(0), finish()});
}

TEST_F(Responses, ItemsOfTheOwnDialectPassAndOthersAreDropped) {
  Event own = with_json(OC_EV_OPAQUE, 0, "{\"type\":\"web_search_call\",\n \"id\":\"ws_1\",\"status\":\"completed\"}");
  own.opaque_origin = "openai_responses/m";
  const Event foreign = with_json(OC_EV_OPAQUE, 1, R"({"type":"server_tool_use","id":"x"})");
  Exchange x(host, R"({"model":"m","input":"hi"})");
  const std::string body = x.render({own, end(0), foreign, end(1), finish()});
  EXPECT_EQ(at(body, "output.0.id"), "ws_1");
  EXPECT_EQ(at(body, "output.1"), "(nothing)");
  EXPECT_THAT(x.call.dropped, ElementsAre("output[server_tool_use]"));
  streamed("", {own, end(0), finish()});
}

TEST_F(Responses, EveryEndingHasItsStatus) {
  struct Row {
    std::uint32_t finish;
    const char *status, *reason;
  };
  for (const Row& row :
       {Row{OC_FIN_STOP, "completed", "(nothing)"}, Row{OC_FIN_TOOL, "completed", "(nothing)"},
        Row{OC_FIN_SEQUENCE, "completed", "(nothing)"}, Row{OC_FIN_REFUSAL, "incomplete", "content_filter"},
        Row{OC_FIN_LENGTH, "incomplete", "max_output_tokens"}, Row{OC_FIN_CONTEXT, "incomplete", "max_output_tokens"},
        Row{OC_FIN_FILTER, "incomplete", "content_filter"}, Row{OC_FIN_MALFORMED_TOOL, "failed", "(nothing)"},
        Row{OC_FIN_ERROR, "failed", "(nothing)"}}) {
    const auto wire = streamed("", {of(OC_EV_TEXT, 0, "x"), end(0), finish(row.finish)});
    EXPECT_EQ(wire.back().name, std::string("response.") + row.status);
    EXPECT_EQ(at(wire.back().data, "response.incomplete_details.reason"), row.reason);
    const bool cut = std::string_view(row.status) == "incomplete";
    EXPECT_EQ(at(whole("", {of(OC_EV_TEXT, 0, "x"), end(0), finish(row.finish)}), "output.0.status") == "incomplete",
              cut || row.finish == OC_FIN_ERROR);
  }
}

// A refusal that says something is an answer; one without words is told like a filter's.
TEST_F(Responses, ARefusalWithWordsIsComplete) {
  EXPECT_EQ(at(whole("", {of(OC_EV_REFUSAL, 0, "no"), end(0), finish(OC_FIN_REFUSAL)}), "status"), "completed");
}

TEST_F(Responses, AnErrorInTheStreamIsAFailedResponse) {
  Exchange x(host, R"({"model":"m","input":"hi","stream":true})");
  x.event(of(OC_EV_TEXT, 0, "half"));
  Event error = of(OC_EV_ERROR, 0, "it broke");
  error.status = OC_E_UPSTREAM;
  EXPECT_EQ(x.event(error), OC_OK);
  const auto wire = wire_events(x.out.body);
  EXPECT_THAT(StreamRules::problems(wire), IsEmpty());
  EXPECT_EQ(wire.back().name, "response.failed");
  EXPECT_EQ(at(wire.back().data, "response.error.message"), "it broke");
  EXPECT_EQ(at(wire.back().data, "response.output.0.status"), "incomplete");
  EXPECT_EQ(at(wire.back().data, "response.output.0.content.0.text"), "half");
}

TEST_F(Responses, AnErrorBeforeTheAnswerIsAnHttpError) {
  Exchange x(host, R"({"model":"m","input":"hi","stream":true})");
  Event error = of(OC_EV_ERROR, 0, "slow down");
  error.status = OC_E_RATE;
  error.retry_after_ms = 1500;
  const oc_event view = error.view();
  EXPECT_EQ(x.surface->error(x.surface.self(), x.call.handle(), x.state, &x.call.arena, &view, x.out.handle()), OC_OK);
  EXPECT_EQ(x.out.status, 429u);
  EXPECT_EQ(x.out.header("retry-after"), "2");
  EXPECT_EQ(at(x.out.body, "error.code"), "rate_limit_exceeded");
}

TEST_F(Responses, WhatOnlyItsOwnUpstreamHasIsReported) {
  Exchange x(host, R"({"model":"m","input":"hi","background":true,"conversation":{"id":"conv_1"}})");
  x.render({of(OC_EV_TEXT, 0, "x"), end(0), finish()});
  EXPECT_THAT(x.call.dropped, ElementsAre("background", "conversation"));
  Exchange strict(host, R"({"model":"m","input":"hi","background":true})");
  strict.call.strict = true;
  EXPECT_EQ(strict.event(of(OC_EV_START)), OC_E_UNSUPPORTED);
}

TEST_F(Responses, CountingTokensAnswersWithTheInput) {
  Exchange x(host, R"({"model":"m","input":"hi"})", OC_OP_COUNT_TOKENS);
  ASSERT_EQ(x.status, OC_OK);
  EXPECT_EQ(x.request->flags, 0u);
  EXPECT_EQ(x.render({usage(), finish()}), R"({"object":"response.input_tokens","input_tokens":17})");
}

// A request that a person indented must not tear the events apart.
TEST_F(Responses, LineBreaksOfTheRequestStayOutOfTheEvents) {
  Exchange x(host,
             "{\"model\":\"m\",\"input\":\"hi\",\"stream\":true,\"metadata\":{\n  \"a\":\"b\"\n},\"tools\":[\n]}");
  const auto wire = wire_events(x.render({of(OC_EV_TEXT, 0, "x"), end(0), finish()}));
  EXPECT_THAT(StreamRules::problems(wire), IsEmpty());
}

}  // namespace
}  // namespace onechat::openai_responses
