#include <gtest/gtest.h>

#include "openai_chat/error_shape.hpp"
#include "openai_chat/finish_reason.hpp"
#include "openai_chat/members.hpp"
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
  VendorError error(std::string_view json) { return read_error(call, call.parse(fake.arena.copy(json))); }
  std::string written(const oc_event& e) {
    std::string out;
    oc_jsonw w(&out);
    oc::Writer writer(host.table(), &w);
    write_error(call, writer, e);
    return out;
  }
};

TEST_F(Dialect, UsageBucketsAreDisjoint) {
  const oc_usage u = usage(R"({"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,
    "prompt_tokens_details":{"cached_tokens":30,"cache_write_tokens":20,"audio_tokens":5},
    "completion_tokens_details":{"reasoning_tokens":12,"audio_tokens":8}})");
  EXPECT_EQ(u.input, 45u);
  EXPECT_EQ(u.cache_read, 30u);
  EXPECT_EQ(u.cache_write, 20u);
  EXPECT_EQ(u.audio_input, 5u);
  EXPECT_EQ(u.output, 30u);
  EXPECT_EQ(u.reasoning, 12u);
  EXPECT_EQ(u.audio_output, 8u);
}

TEST_F(Dialect, ReasoningThatTheCountLeavesOutComesOnTop) {
  const oc_usage u = usage(
      R"({"prompt_tokens":288,"completion_tokens":27,"total_tokens":665,"completion_tokens_details":{"reasoning_tokens":350}})");
  EXPECT_EQ(u.output, 27u);
  EXPECT_EQ(u.reasoning, 350u);
}

TEST_F(Dialect, VendorsPutCachedTokensWhereTheyLike) {
  for (const char* json : {R"({"prompt_tokens":10,"completion_tokens":1,"prompt_cache_hit_tokens":7,"prompt_cache_miss_tokens":3})",
                           R"({"prompt_tokens":10,"completion_tokens":1,"cached_tokens":7})",
                           R"({"prompt_tokens":10,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":7},"cached_tokens":9})"}) {
    EXPECT_EQ(usage(json).cache_read, 7u) << json;
    EXPECT_EQ(usage(json).input, 3u) << json;
  }
}

TEST_F(Dialect, ContradictoryUsageNeverWrapsAround) {
  const oc_usage u = usage(R"({"prompt_tokens":7,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":163},
    "completion_tokens_details":{"reasoning_tokens":5,"audio_tokens":-3}})");
  EXPECT_EQ(u.input, 0u);
  EXPECT_EQ(u.cache_read, 163u);
  EXPECT_EQ(u.output, 0u);
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
  EXPECT_EQ(finish_to_wire(OC_FIN_CANCELLED), "stop");
}

TEST_F(Dialect, ErrorsOfManyVendorsAreRead) {
  EXPECT_EQ(error(R"({"error":{"message":"no","type":"t","code":"c","param":"p"}})").param, "p");
  EXPECT_EQ(error(R"({"code":"bad","error":"words"})").message, "words");
  EXPECT_EQ(error(R"({"code":"bad","error":"words"})").code, "bad");
  EXPECT_EQ(error(R"({"detail":"Invalid API Key"})").message, "Invalid API Key");
  EXPECT_EQ(error(R"({"detail":[{"loc":["body"],"msg":"field required"}]})").message, "field required");
  EXPECT_EQ(error(R"({"error":{"code":429,"message":"slow"}})").code, "429");
  EXPECT_EQ(error(R"([{"error":{"code":400,"message":"wrapped","status":"INVALID_ARGUMENT"}}])").message, "wrapped");
  EXPECT_EQ(error(R"({"message":"plain","object":"error"})").message, "plain");
  EXPECT_FALSE(error(R"({"choices":[]})").found);
  EXPECT_FALSE(error(R"("text")").found);
}

TEST_F(Dialect, AnErrorHasFourMembers) {
  oc_event e = oc::Call::event(OC_EV_ERROR);
  e.status = OC_E_INTERNAL;
  EXPECT_TRUE(test::same_json(written(e), R"({"error":{"message":"The server had an error while processing the request.",
    "type":"server_error","param":null,"code":null}})"))
      << written(e);
}

TEST_F(Dialect, AVendorsOwnErrorIsShownAsItIs) {
  const char* body = R"({"error":{"message":"m","type":"t","code":"tool_use_failed","failed_generation":"x"}})";
  oc_event e = oc::Call::event(OC_EV_ERROR);
  e.status = OC_E_INVALID;
  e.text = oc::str("m");
  e.ext_json = oc::str(body);
  EXPECT_EQ(written(e), body);
  e.text = oc::str("a stage changed the words");
  EXPECT_EQ(written(e).find("failed_generation"), std::string::npos);
}

TEST_F(Dialect, MembersThatNobodyModelsSurvive) {
  const auto object = call.parse(std::string_view("{\"a\":1,\"b\\u0022\\n\":[1, 2],\"c\":null}"));
  EXPECT_EQ(members_except(call, object, {"a"}), "{\"b\\\"\\u000a\":[1, 2],\"c\":null}");
  EXPECT_EQ(members_except(call, object, {"a", "b\"\n", "c"}), "");
}

}  // namespace
}  // namespace onechat::openai_chat
