#include <gtest/gtest.h>

#include "openai_chat/finish_reason.hpp"
#include "openai_chat/usage.hpp"
#include "support/fake_host.hpp"

namespace onechat::openai_chat {
namespace {

struct Dialect : ::testing::Test {
  test::FakeHost host;
  test::FakeCall fake;
  oc::Call call{host.table(), fake.handle(), &fake.arena};

  oc_usage usage(std::string_view json) {
    oc_usage u = oc::sized<oc_usage>();
    EXPECT_TRUE(read_usage(call.parse(fake.arena.copy(json)), u)) << json;
    return u;
  }
};

// Every way in which a vendor is known to count, and what it comes to.
TEST_F(Dialect, UsageBucketsAreDisjoint) {
  struct Case {
    const char *vendor, *json;
    std::uint64_t input, cache_read, cache_write, audio_input, output, reasoning, audio_output;
  };
  const Case cases[] = {
      {"OpenAI", R"({"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,
        "prompt_tokens_details":{"cached_tokens":30,"cache_write_tokens":20,"audio_tokens":5},
        "completion_tokens_details":{"reasoning_tokens":12,"audio_tokens":8}})", 45, 30, 20, 5, 30, 12, 8},
      {"xAI: reasoning beside completion, in the total", R"({"prompt_tokens":288,"completion_tokens":27,"total_tokens":665,
        "completion_tokens_details":{"reasoning_tokens":350}})", 288, 0, 0, 0, 27, 350, 0},
      {"xAI: less reasoning than completion", R"({"prompt_tokens":10,"completion_tokens":30,"total_tokens":45,
        "completion_tokens_details":{"reasoning_tokens":5}})", 10, 0, 0, 0, 30, 5, 0},
      {"Vercel before Gemini: reasoning in neither", R"({"prompt_tokens":61,"completion_tokens":10,"total_tokens":71,
        "completion_tokens_details":{"reasoning_tokens":96}})", 61, 0, 0, 0, 10, 96, 0},
      {"Google's address: thoughts in the total alone", R"({"prompt_tokens":35,"completion_tokens":12,"total_tokens":109})",
       35, 0, 0, 0, 12, 62, 0},
      {"DeepSeek", R"({"prompt_tokens":10,"completion_tokens":1,"total_tokens":11,"prompt_cache_hit_tokens":7,"prompt_cache_miss_tokens":3})",
       3, 7, 0, 0, 1, 0, 0},
      {"Moonshot", R"({"prompt_tokens":10,"completion_tokens":1,"total_tokens":11,"cached_tokens":7})", 3, 7, 0, 0, 1, 0, 0},
      {"Mistral", R"({"prompt_tokens":10,"completion_tokens":1,"total_tokens":11,"num_cached_tokens":7})", 3, 7, 0, 0, 1, 0, 0},
      {"the details before the top level", R"({"prompt_tokens":10,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":7},
        "cached_tokens":9})", 3, 7, 0, 0, 1, 0, 0},
      {"Vercel before Anthropic", R"({"prompt_tokens":10,"completion_tokens":1,"total_tokens":11,"cache_creation_input_tokens":4})",
       6, 0, 4, 0, 1, 0, 0},
      {"cached tokens beside the prompt", R"({"prompt_tokens":10,"completion_tokens":1,"total_tokens":111,
        "prompt_tokens_details":{"cached_tokens":100}})", 10, 100, 0, 0, 1, 0, 0},
      {"the same tokens as read and as written", R"({"prompt_tokens":2168,"completion_tokens":1,"total_tokens":2169,
        "prompt_tokens_details":{"cached_tokens":2161,"cache_write_tokens":2161}})", 0, 2161, 7, 0, 1, 0, 0},
      {"embeddings", R"({"prompt_tokens":8,"total_tokens":8})", 8, 0, 0, 0, 0, 0, 0},
      {"null details", R"({"prompt_tokens":8,"completion_tokens":2,"prompt_tokens_details":null,"completion_tokens_details":null})",
       8, 0, 0, 0, 2, 0, 0},
  };
  for (const Case& c : cases) {
    const oc_usage u = usage(c.json);
    EXPECT_EQ(u.input, c.input) << c.vendor;
    EXPECT_EQ(u.cache_read, c.cache_read) << c.vendor;
    EXPECT_EQ(u.cache_write, c.cache_write) << c.vendor;
    EXPECT_EQ(u.audio_input, c.audio_input) << c.vendor;
    EXPECT_EQ(u.output, c.output) << c.vendor;
    EXPECT_EQ(u.reasoning, c.reasoning) << c.vendor;
    EXPECT_EQ(u.audio_output, c.audio_output) << c.vendor;
  }
}

TEST_F(Dialect, ContradictoryUsageNeverWrapsAround) {
  const oc_usage u = usage(R"({"prompt_tokens":7,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":163},
    "completion_tokens_details":{"reasoning_tokens":1,"audio_tokens":-3}})");
  EXPECT_EQ(u.input, 0u);
  EXPECT_EQ(u.cache_read, 163u);
  EXPECT_EQ(u.output, 0u);
  EXPECT_EQ(u.reasoning, 1u);
  EXPECT_EQ(u.audio_output, 0u);
  EXPECT_EQ(usage(R"({"prompt_tokens":9223372036854775807,"completion_tokens":1})").input, 0u);
}

TEST_F(Dialect, WhatIsNoUsageIsNotReadAsOne) {
  oc_usage u = oc::sized<oc_usage>();
  for (const char* json : {"null", "{}", "[]", "3", R"({"prompt_tokens":"3"})"}) EXPECT_FALSE(read_usage(call.parse(std::string_view(json)), u)) << json;
}

TEST_F(Dialect, WrittenUsageReadsBackTheSame) {
  oc_usage u = oc::sized<oc_usage>();
  u.flags = OC_USAGE_CUMULATIVE;
  u.input = 5, u.cache_read = 4, u.cache_write = 3, u.audio_input = 2, u.output = 6, u.reasoning = 7, u.audio_output = 1;
  std::string out;
  oc_jsonw w(&out);
  oc::Writer writer(host.table(), &w);
  write_usage(writer, u);
  const oc_usage back = usage(out);
  EXPECT_EQ(std::memcmp(&back, &u, sizeof u), 0) << out;
}

TEST_F(Dialect, FinishReasonsGoThereAndBack) {
  for (const char* word : {"stop", "length", "tool_calls", "content_filter"}) EXPECT_EQ(finish_to_wire(finish_from_wire(word)), word);
  EXPECT_EQ(finish_to_wire(finish_from_wire("function_call")), "tool_calls");
  EXPECT_EQ(finish_from_wire("brand_new_reason"), std::uint32_t(OC_FIN_STOP));
}

TEST_F(Dialect, EveryReasonHasAWordThatClientsKnow) {
  const std::pair<std::uint32_t, const char*> words[] = {
      {OC_FIN_STOP, "stop"},      {OC_FIN_LENGTH, "length"},  {OC_FIN_TOOL, "tool_calls"}, {OC_FIN_FILTER, "content_filter"},
      {OC_FIN_ERROR, "stop"},     {OC_FIN_CANCELLED, "stop"}, {OC_FIN_SEQUENCE, "stop"},   {OC_FIN_CONTEXT, "length"},
      {OC_FIN_PAUSE, "stop"},     {OC_FIN_REFUSAL, "content_filter"}, {OC_FIN_MALFORMED_TOOL, "stop"}, {0, "stop"}, {999, "stop"}};
  for (const auto& [finish, word] : words) EXPECT_EQ(finish_to_wire(finish), word) << finish;
  EXPECT_EQ(finish_to_wire(OC_FIN_REFUSAL, true), "stop") << "the message tells the refusal";
}

}  // namespace
}  // namespace onechat::openai_chat
