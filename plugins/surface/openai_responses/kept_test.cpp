// Answers that are kept, gone back to and gone on from.
#include "exchange_test.hpp"

namespace onechat::openai_responses {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(Responses, AConversationGoesOnFromWhatIsKept) {
  Exchange first(host, R"({"model":"m","instructions":"old","input":"hi"})");
  first.render({of(OC_EV_TEXT, 0, "Hello"), end(0), tool(1, "c1", "f"), of(OC_EV_TOOL_ARGS, 1, "{}"), end(1),
                finish(OC_FIN_TOOL)});
  const auto [id, document] = first.keep();
  EXPECT_EQ(id.rfind("resp_", 0), 0u);

  Exchange second(host, R"({"model":"m","instructions":"new","previous_response_id":")" + id +
                            R"(","input":[{"type":"function_call_output","call_id":"c1","output":"42"}]})");
  EXPECT_EQ(oc::view(second.request->previous_id), id);
  ASSERT_EQ(second.resume(document), OC_OK);
  ASSERT_EQ(second.request->n_turns, 5u);
  EXPECT_EQ(oc::view(second.part(0).text), "new");
  EXPECT_EQ(oc::view(second.part(1).text), "hi");
  EXPECT_EQ(oc::view(second.part(2).text), "Hello");
  EXPECT_EQ(oc::view(second.part(3).tool_id), "c1");
  EXPECT_EQ(oc::view(second.part(4).text), "42");
  EXPECT_GT(second.request->input_bytes, document.size());

  // The second document stands for the whole of it.
  second.render({of(OC_EV_TEXT, 0, "It is 42"), end(0), finish()});
  const auto [next_id, whole] = second.keep();
  EXPECT_NE(next_id, id);
  Exchange third(host, R"({"model":"m","input":"thanks","previous_response_id":")" + next_id + "\"}");
  ASSERT_EQ(third.resume(whole), OC_OK);
  EXPECT_EQ(third.request->n_turns, 6u);
  EXPECT_EQ(oc::view(third.part(5).text), "thanks");
}

TEST_F(Responses, AStraightAnswerIsKeptAsItCame) {
  Exchange x(host, R"({"model":"m","input":[{"role":"user","content":"hi"}]})");
  const auto [id, document] =
      x.keep(R"({"id":"resp_up","object":"response","output":[{"type":"message","id":"msg_up"}]})");
  EXPECT_EQ(id, "resp_up");
  EXPECT_EQ(document, R"({"input":[{"role":"user","content":"hi"}],"response":{"id":"resp_up","object":"response",)"
                      R"("output":[{"type":"message","id":"msg_up"}]}})");
}

TEST_F(Responses, StateThatTheClientDidNotAskForIsKeptButNotShown) {
  const std::string answer =
      R"({"id":"resp_up","output":[{"type":"reasoning","summary":[],"encrypted_content":"ENC"}]})";
  Exchange x(host, R"({"model":"m","input":"hi"})");
  const auto [id, document] = x.keep(answer);
  EXPECT_EQ(Exchange(host, "", OC_OP_RETRIEVE, "", id).kept(document),
            R"({"id":"resp_up","output":[{"type":"reasoning","summary":[]}]})");
  Exchange next(host, R"({"model":"m","input":"go on","previous_response_id":"resp_up"})");
  ASSERT_EQ(next.resume(document), OC_OK);
  EXPECT_EQ(oc::view(next.part(1).opaque), "ENC");
  Exchange asked(host, R"({"model":"m","input":"hi","include":["reasoning.encrypted_content"]})");
  EXPECT_EQ(Exchange(host, "", OC_OP_RETRIEVE, "", id).kept(asked.keep(answer).second), answer);
}

// Clients that know their items by id may send the id alone.
TEST_F(Responses, ReferencesToOurItemsAreResolved) {
  Exchange first(host, R"({"model":"m","input":"hi"})");
  const std::string body = first.render({of(OC_EV_TEXT, 0, "Hello"), end(0), finish()});
  const std::string item = at(body, "output.0.id");
  const auto [id, document] = first.keep();
  Exchange second(host, R"({"model":"m","input":[{"role":"user","content":"hi"},{"type":"item_reference","id":")" +
                            item + R"("},{"role":"user","content":"and?"}]})");
  EXPECT_EQ(oc::view(second.request->previous_id), id);
  ASSERT_EQ(second.resume(document), OC_OK);
  ASSERT_EQ(second.request->n_turns, 3u);
  EXPECT_EQ(oc::view(second.part(1).text), "Hello");
  EXPECT_EQ(second.turn(1).role, std::uint32_t(OC_ROLE_ASSISTANT));
  // With the conversation before it, the item is there already.
  Exchange third(host, R"({"model":"m","previous_response_id":")" + id +
                           R"(","input":[{"type":"item_reference","id":")" + item +
                           R"("},{"role":"user","content":"and?"}]})");
  ASSERT_EQ(third.resume(document), OC_OK);
  EXPECT_EQ(third.request->n_turns, 3u);
}

TEST_F(Responses, AKeptAnswerIsRetrievedDeletedAndNotCancelled) {
  Exchange first(host, R"({"model":"m","input":"hi"})");
  const std::string body = first.render({of(OC_EV_TEXT, 0, "Hello"), end(0), usage(), finish()});
  const auto [id, document] = first.keep();
  EXPECT_TRUE(test::same_json(Exchange(host, "", OC_OP_RETRIEVE, "", id).kept(document), body));
  EXPECT_EQ(Exchange(host, "", OC_OP_DELETE, "", id).kept(document),
            R"({"id":")" + id + R"(","object":"response","deleted":true})");
  Exchange cancel(host, "", OC_OP_CANCEL, "", id);
  EXPECT_EQ(cancel.surface->kept(cancel.surface.self(), cancel.call.handle(), cancel.state, &cancel.call.arena,
                                 cancel.request, oc::bytes(document), cancel.out.handle()),
            OC_E_INVALID);
  EXPECT_EQ(cancel.call.failure->http_status, 400u);
  EXPECT_EQ(cancel.call.failure->message, "Cannot cancel a synchronous response.");
}

TEST_F(Responses, AKeptAnswerIsReplayedAsAStream) {
  Exchange first(host, R"({"model":"m","store":true,"include":["reasoning.encrypted_content"],"input":"hi",
                            "tools":[{"type":"custom","name":"p"}]})");
  first.render(
      {reasoning(0, "hm", OC_EVF_SUMMARY), state_of(0, "ENC", "openai_responses/m"), end(0), reasoning(1, "raw"),
       end(1), of(OC_EV_TEXT, 2, "see"), with_json(OC_EV_CITATION, 2, R"({"url":"https://u","start":0,"end":3})"),
       end(2), of(OC_EV_REFUSAL, 3, "no"), end(3), tool(4, "c", "f"), of(OC_EV_TOOL_ARGS, 4, "{}"), end(4),
       tool(5, "d", "p", OC_EVF_CUSTOM), of(OC_EV_TOOL_ARGS, 5, "free"), end(5), usage(), finish(OC_FIN_TOOL)});
  const auto [id, document] = first.keep();
  Exchange all(host, "", OC_OP_RETRIEVE, "stream=true", id);
  ASSERT_NE(all.request->flags & OC_REQ_STREAM, 0u);
  const auto wire = wire_events(all.kept(document));
  EXPECT_THAT(StreamRules::problems(wire), IsEmpty());
  EXPECT_EQ(wire.back().name, "response.completed");

  Exchange rest(host, "", OC_OP_RETRIEVE, "stream=true&starting_after=4", id);
  const auto later = wire_events(rest.kept(document));
  ASSERT_EQ(later.size(), wire.size() - 5);
  EXPECT_EQ(at(later.front().data, "sequence_number"), "5");
  // Beyond the end: the ending itself is never withheld.
  Exchange beyond(host, "", OC_OP_RETRIEVE, "stream=true&starting_after=999", id);
  EXPECT_THAT(names(wire_events(beyond.kept(document))), ElementsAre("completed"));
}

TEST_F(Responses, TheInputOfAnAnswerIsListedInPages) {
  Exchange first(host,
                 R"({"model":"m","input":[{"role":"user","content":"a","id":"msg_a"},{"role":"assistant","content":"b"},
                            {"type":"function_call_output","call_id":"c","output":"x"}]})");
  first.render({of(OC_EV_TEXT, 0, "Hello"), end(0), finish()});
  const auto [id, document] = first.keep();
  const std::string newest = Exchange(host, "", OC_OP_LIST_INPUT, "limit=2", id).kept(document);
  EXPECT_EQ(at(newest, "object"), "list");
  EXPECT_EQ(at(newest, "data.0.type"), "function_call_output");
  EXPECT_EQ(at(newest, "data.1.content.0"), R"({"type":"output_text","text":"b","annotations":[]})");
  EXPECT_EQ(at(newest, "has_more"), "true");
  EXPECT_EQ(at(newest, "first_id"), at(newest, "data.0.id"));
  const std::string next =
      Exchange(host, "", OC_OP_LIST_INPUT, "limit=2&after=" + at(newest, "last_id"), id).kept(document);
  EXPECT_EQ(at(next, "data.0.id"), "msg_a");
  EXPECT_EQ(at(next, "data.0.content.0.type"), "input_text");
  EXPECT_EQ(at(next, "has_more"), "false");
  const std::string oldest = Exchange(host, "", OC_OP_LIST_INPUT, "order=asc", id).kept(document);
  EXPECT_EQ(at(oldest, "data.0.id"), "msg_a");
  EXPECT_EQ(Exchange(host, "", OC_OP_LIST_INPUT, "limit=0", id).call.failure->param, "limit");
}

TEST_F(Responses, KeysComeInTheHeader) {
  test::Instance<oc_surface> surface(host, kComponent);
  test::FakeCall call;
  oc_http_in in = oc::sized<oc_http_in>();
  oc_str key{};
  EXPECT_EQ(surface->credential(surface.self(), call.handle(), &in, &key), OC_E_AUTH);
  EXPECT_EQ(call.failure->code, "invalid_api_key");
  const oc_header header{oc::str("authorization"), oc::str("Bearer sk-1")};
  in.headers = &header;
  in.n_headers = 1;
  EXPECT_EQ(surface->credential(surface.self(), call.handle(), &in, &key), OC_OK);
  EXPECT_EQ(oc::view(key), "sk-1");
}

}  // namespace
}  // namespace onechat::openai_responses
