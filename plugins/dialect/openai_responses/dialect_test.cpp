#include <gtest/gtest.h>

#include "openai_responses/tool_names.hpp"
#include "openai_responses/usage.hpp"
#include "support/fake_host.hpp"

namespace onechat::openai_responses {
namespace {

struct Dialect : ::testing::Test {
  test::FakeHost host;
  test::FakeCall fake;
  oc::Call call{host.table(), fake.handle(), &fake.arena};
};

TEST_F(Dialect, AToolInANamespaceHasANameThatEveryDialectTakes) {
  EXPECT_EQ(flat_name(call, "files", "read"), "files__read");
  const std::string space(60, 'n');
  const auto a = flat_name(call, space, "read"), b = flat_name(call, space, "write");
  EXPECT_EQ(a.size(), 64u);
  EXPECT_NE(a, b);
  EXPECT_EQ(a, flat_name(call, space, "read"));
  for (const char c : flat_name(call, "mcp.server/1", "read it"))
    EXPECT_TRUE(std::isalnum(c) || c == '_' || c == '-') << c;
}

TEST_F(Dialect, AUsageThatContradictsItselfNeverWrapsAround) {
  oc_usage u{};
  ASSERT_TRUE(
      read_usage(call.parse(R"({"usage":{"input_tokens":3,"input_tokens_details":{"cached_tokens":9},"output_tokens":2,
                                        "output_tokens_details":{"reasoning_tokens":5}}})"),
                 u));
  EXPECT_EQ(u.input, 0u);
  EXPECT_EQ(u.output, 0u);
  EXPECT_FALSE(read_usage(call.parse(R"({"usage":null})"), u));
  EXPECT_FALSE(read_usage(call.parse("{}"), u));
}

TEST_F(Dialect, HostedSearchesAreCounted) {
  oc_usage u{};
  ASSERT_TRUE(read_usage(
      call.parse(R"({"usage":{"input_tokens":1,"output_tokens":1},"tool_usage":{"web_search":{"num_requests":2}}})"),
      u));
  EXPECT_EQ(u.searches, 2u);
  ASSERT_TRUE(read_usage(
      call.parse(
          R"({"usage":{"input_tokens":1,"output_tokens":1,"server_side_tool_usage_details":{"web_search_calls":3}}})"),
      u));
  EXPECT_EQ(u.searches, 3u);
  ASSERT_TRUE(read_usage(call.parse(R"({"usage":{"input_tokens":1,"output_tokens":1},"output":[
      {"type":"web_search_call","action":{"type":"search"}},{"type":"web_search_call","action":{"type":"open_page"}},
      {"type":"web_search_call"},{"type":"message"}]})"), u));
  EXPECT_EQ(u.searches, 2u) << "nobody counted but the items";
}

TEST_F(Dialect, TheServiceTierIsTheAnswers) {
  for (const auto& [word, flag] : std::vector<std::pair<std::string, std::uint32_t>>{
           {"default", OC_USAGE_TIER_STANDARD}, {"flex", OC_USAGE_TIER_FLEX}, {"priority", OC_USAGE_TIER_PRIORITY},
           {"scale", 0}, {"auto", 0}, {"", 0}}) {
    oc_usage u{};
    ASSERT_TRUE(read_usage(call.parse(R"({"usage":{"input_tokens":1,"output_tokens":1},"service_tier":")" + word + "\"}"), u));
    EXPECT_EQ(u.flags & OC_USAGE_TIER, flag) << word;
  }
}

}  // namespace
}  // namespace onechat::openai_responses
