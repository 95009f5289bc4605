// What clients ask besides answers: counts of tokens, embeddings, lists of models.
#include <gtest/gtest.h>

#include "codec.hpp"
#include "specs.hpp"

namespace onechat::conformance {
namespace {

void expect_shape(std::string_view dialect, Shape shape, const std::string& text) {
  const Document d(text);
  ASSERT_NE(d.root.node, nullptr) << text;
  if (Specs::get() == nullptr) return;
  const Problems problems = Specs::get()->check(dialect, shape, d.root, Author::kOurs);
  EXPECT_TRUE(problems.empty()) << dialect << joined(problems) << "\n" << text;
}

test::Event usage(std::uint64_t input) {
  test::Event e;
  e.type = OC_EV_USAGE;
  e.usage = oc::sized<oc_usage>();
  e.usage.input = input;
  e.usage.flags = OC_USAGE_FINAL | OC_USAGE_CUMULATIVE;
  return e;
}

TEST(Operations, CountsAreToldInEachDialectThatHasThem) {
  struct Case {
    std::string_view dialect, body, verb, member;
  };
  const Case cases[] = {
      {"openai_responses", R"({"model":"model-1","input":"hi"})", "", "input_tokens"},
      {"anthropic_messages", R"({"model":"model-1","messages":[{"role":"user","content":"hi"}]})", "", "input_tokens"},
      {"gemini", R"({"contents":[{"role":"user","parts":[{"text":"hi"}]}]})", "countTokens", "totalTokens"}};
  for (const Case& c : cases) {
    Asked asked;
    asked.op = OC_OP_COUNT_TOKENS;
    asked.verb = c.verb;
    Client client(*dialect_named(c.dialect), std::string(c.body), asked);
    ASSERT_TRUE(client.parsed()) << c.dialect << client.refusal();
    client.answer({usage(42)});
    const Document d(client.out.body);
    EXPECT_EQ(d.root[c.member].integer(), 42) << c.dialect << client.out.body;
    expect_shape(c.dialect, Shape::kCountAnswer, client.out.body);
  }
}

TEST(Operations, CountsAreAskedInEachDialectThatHasThem) {
  Asked asked;
  asked.op = OC_OP_COUNT_TOKENS;
  const Client client(
      *dialect_named("anthropic_messages"),
      R"({"model":"model-1","system":"be","messages":[{"role":"user","content":"hi"}],"tools":[{"name":"f","input_schema":{"type":"object"}}]})",
      asked);
  ASSERT_TRUE(client.parsed()) << client.refusal();
  for (const auto upstream : {"openai_responses", "anthropic_messages", "gemini"}) {
    Upstream up(*dialect_named(upstream));
    const std::string body = up.build(*client.request);
    ASSERT_GE(up.built, 0) << upstream << up.refusal();
    expect_shape(upstream, Shape::kCountRequest, body);
  }
}

TEST(Operations, EmbeddingsGoFromOpenAiToGeminiAndBack) {
  Asked asked;
  asked.op = OC_OP_EMBED;
  Client chat(*dialect_named("openai_chat"),
              R"({"model":"model-1","input":["a","b"],"encoding_format":"float","dimensions":2})", asked);
  ASSERT_TRUE(chat.parsed()) << chat.refusal();
  Upstream to_gemini(*dialect_named("gemini"));
  expect_shape("gemini", Shape::kEmbedRequest, to_gemini.build(*chat.request));
  to_gemini.frame("", R"({"embeddings":[{"values":[0.5,1]},{"values":[0.25,2]}]})");
  EXPECT_GE(to_gemini.finish(), 0);
  chat.answer(to_gemini.call.events);
  const Document told(chat.out.body);
  EXPECT_EQ(told.root["data"].at(1)["embedding"].at(0).raw(), "0.25") << chat.out.body;
  expect_shape("openai_chat", Shape::kEmbedAnswer, chat.out.body);

  asked.verb = "batchEmbedContents";
  Client gemini(
      *dialect_named("gemini"),
      R"({"requests":[{"model":"models/model-1","content":{"parts":[{"text":"a"}]}},{"model":"models/model-1","content":{"parts":[{"text":"b"}]}}]})",
      asked);
  ASSERT_TRUE(gemini.parsed()) << gemini.refusal();
  Upstream to_chat(*dialect_named("openai_chat"));
  expect_shape("openai_chat", Shape::kEmbedRequest, to_chat.build(*gemini.request));
  to_chat.frame(
      "",
      R"({"object":"list","model":"m","data":[{"object":"embedding","index":0,"embedding":[0.5,1]},{"object":"embedding","index":1,"embedding":[0.25,2]}],"usage":{"prompt_tokens":2,"total_tokens":2}})");
  EXPECT_GE(to_chat.finish(), 0);
  gemini.answer(to_chat.call.events);
  const Document back(gemini.out.body);
  EXPECT_EQ(back.root["embeddings"].at(1)["values"].at(0).raw(), "0.25") << gemini.out.body;
  expect_shape("gemini", Shape::kEmbedAnswer, gemini.out.body);
}

TEST(Operations, ModelsAreListedInEachDialect) {
  oc_model model = oc::sized<oc_model>();
  model.id = oc::str("model-1");
  model.created_s = 1'700'000'000;
  model.input_tokens_max = 1000, model.output_tokens_max = 100;
  const oc_model* list[] = {&model};
  for (const std::string_view dialect : {"openai_chat", "anthropic_messages", "gemini"}) {
    test::FakeHost host;
    test::Instance<oc_surface> surface(host, *dialect_named(dialect)->surface);
    test::FakeCall call;
    test::FakeOut out;
    ASSERT_NE(surface->models, nullptr) << dialect;
    oc_http_in asked = oc::sized<oc_http_in>();
    asked.op = OC_OP_LIST_MODELS;
    EXPECT_EQ(surface->models(surface.self(), call.handle(), &call.arena, &asked, list, 1, out.handle()),
              OC_OK);
    EXPECT_NE(out.body.find("model-1"), std::string::npos) << dialect;
    expect_shape(dialect, Shape::kModels, out.body);
  }
}

}  // namespace
}  // namespace onechat::conformance
