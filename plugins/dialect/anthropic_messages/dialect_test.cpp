#include <gtest/gtest.h>

#include "anthropic_messages/error_shape.hpp"
#include "anthropic_messages/stop_reason.hpp"
#include "anthropic_messages/thinking_state.hpp"
#include "anthropic_messages/usage.hpp"
#include "anthropic_messages/version.hpp"
#include "support/fake_host.hpp"

namespace onechat::anthropic_messages {
namespace {

struct Dialect : ::testing::Test {
  test::FakeHost host;
  test::FakeCall fake;
  oc::Call call{host.table(), fake.handle(), &fake.arena};

  oc_usage usage(std::initializer_list<std::string_view> told) {
    UsageCounts counts;
    for (const auto text : told) EXPECT_TRUE(counts.merge(call.parse(text)));
    return counts.total();
  }
  std::string written(const oc_event& e) {
    std::string text;
    oc_jsonw w(&text);
    oc::Writer out(host.table(), &w);
    write_error(call, out, e);
    return text;
  }
};

TEST_F(Dialect, GenerationsAreReadFromNames) {
  struct Case {
    const char* name;
    std::uint32_t major, minor;
  };
  for (const Case& c : std::initializer_list<Case>{{"claude-3-7-sonnet-20250219", 3, 7},
                                                   {"claude-sonnet-4-20250514", 4, 0},
                                                   {"claude-opus-4-6", 4, 6},
                                                   {"us.anthropic.claude-sonnet-4-5-20250929-v1:0", 4, 5},
                                                   {"claude-sonnet-4-5@20250929", 4, 5},
                                                   {"claude-fable-5", 5, 0},
                                                   {"claude-3-5-haiku-latest", 3, 5},
                                                   {"anthropic/claude-opus-4.7", 4, 7},
                                                   {"claude", 0, 0},
                                                   {"MiniMax-M2", 0, 0}}) {
    const Generation g = generation_of(c.name);
    EXPECT_EQ(g.major, c.major) << c.name;
    EXPECT_EQ(g.minor, c.minor) << c.name;
  }
  EXPECT_TRUE(generation_of("claude-opus-5-5").at_least(4, 7));
  EXPECT_FALSE(generation_of("claude-opus-4-6").at_least(4, 7));
}

TEST_F(Dialect, StopReasonsGoThereAndBack) {
  for (const std::uint32_t f : {OC_FIN_STOP, OC_FIN_LENGTH, OC_FIN_TOOL, OC_FIN_SEQUENCE, OC_FIN_PAUSE, OC_FIN_FILTER, OC_FIN_CONTEXT})
    EXPECT_EQ(finish_from_wire(finish_to_wire(f)), f);
  EXPECT_EQ(finish_to_wire(OC_FIN_REFUSAL), "refusal");
  EXPECT_EQ(finish_to_wire(OC_FIN_MALFORMED_TOOL), "end_turn");
  EXPECT_EQ(finish_from_wire("brand_new"), std::uint32_t(OC_FIN_STOP));
}

TEST_F(Dialect, UsageIsDisjointAndCumulative) {
  const oc_usage u = usage({R"({"input_tokens":10,"cache_read_input_tokens":20,"cache_creation_input_tokens":30,
                              "cache_creation":{"ephemeral_5m_input_tokens":18,"ephemeral_1h_input_tokens":12},"output_tokens":1})",
                            R"({"output_tokens":50,"output_tokens_details":{"thinking_tokens":40},
                              "server_tool_use":{"web_search_requests":3}})"});
  EXPECT_EQ(u.input, 10u);
  EXPECT_EQ(u.cache_read, 20u);
  EXPECT_EQ(u.cache_write, 18u);
  EXPECT_EQ(u.cache_write_1h, 12u);
  EXPECT_EQ(u.output, 10u);
  EXPECT_EQ(u.reasoning, 40u);
  EXPECT_EQ(u.searches, 3u);
  EXPECT_EQ(u.flags, std::uint32_t(OC_USAGE_CUMULATIVE));
}

// message_start tells it; message_delta, which tells no more of it, does not take it back.
TEST_F(Dialect, TheServiceTierIsTheAnswers) {
  const auto tier = [&](const std::string& said) {
    return usage({"{\"input_tokens\":1," + said + "}", R"({"output_tokens":5,"service_tier":null})"}).flags & OC_USAGE_TIER;
  };
  EXPECT_EQ(tier(R"("service_tier":"standard")"), std::uint32_t(OC_USAGE_TIER_STANDARD));
  EXPECT_EQ(tier(R"("service_tier":"priority")"), std::uint32_t(OC_USAGE_TIER_PRIORITY));
  EXPECT_EQ(tier(R"("service_tier":"batch")"), std::uint32_t(OC_USAGE_TIER_BATCH));
  EXPECT_EQ(tier(R"("service_tier":"standard","speed":"fast")"), std::uint32_t(OC_USAGE_TIER_FAST));
  EXPECT_EQ(tier(R"("service_tier":"standard","speed":"standard")"), std::uint32_t(OC_USAGE_TIER_STANDARD));
  EXPECT_EQ(tier(R"("speed":null)"), 0u);
}

TEST_F(Dialect, UsageSurvivesNullsAndNonsense) {
  const oc_usage u = usage({R"({"input_tokens":7,"cache_read_input_tokens":null,"cache_creation":null,"output_tokens":-5})",
                            R"({"input_tokens":null,"output_tokens":2,"output_tokens_details":{"thinking_tokens":9}})"});
  EXPECT_EQ(u.input, 7u);
  EXPECT_EQ(u.output, 0u);
  EXPECT_EQ(u.reasoning, 2u) << "thinking is inside the output";
  UsageCounts counts;
  EXPECT_FALSE(counts.merge(call.parse("null")));
}

// A compaction and an adviser are paid for, though the totals leave them out; a fallback is in the totals already.
TEST_F(Dialect, IterationsOutsideTheTotalsAreAdded) {
  const oc_usage u = usage({R"({"input_tokens":181,"output_tokens":8,"iterations":[
    {"type":"compaction","input_tokens":100,"output_tokens":83,"cache_read_input_tokens":55096,"cache_creation_input_tokens":5,
     "cache_creation":{"ephemeral_1h_input_tokens":2}},
    {"type":"message","input_tokens":181,"output_tokens":8},{"type":"fallback_message","input_tokens":1,"output_tokens":1}]})"});
  EXPECT_EQ(u.input, 281u);
  EXPECT_EQ(u.output, 91u);
  EXPECT_EQ(u.cache_read, 55096u);
  EXPECT_EQ(u.cache_write, 3u);
  EXPECT_EQ(u.cache_write_1h, 2u);
}

TEST_F(Dialect, WrittenUsageAddsUp) {
  oc_usage u = oc::sized<oc_usage>();
  u.input = 10, u.cache_read = 20, u.cache_write = 30, u.cache_write_1h = 5, u.output = 7, u.reasoning = 3, u.audio_input = 1;
  std::string text;
  oc_jsonw w(&text);
  oc::Writer out(host.table(), &w);
  write_usage(out, u);
  EXPECT_TRUE(test::same_json(text, R"({"input_tokens":11,"cache_creation_input_tokens":35,"cache_read_input_tokens":20,
    "output_tokens":10,"output_tokens_details":{"thinking_tokens":3},"server_tool_use":null,
    "cache_creation":{"ephemeral_5m_input_tokens":30,"ephemeral_1h_input_tokens":5},"service_tier":null,"inference_geo":null,
    "speed":null})"))
      << text;
}

TEST_F(Dialect, EveryStatusHasItsWord) {
  struct Case {
    oc_status status;
    std::uint32_t said, http;
    const char* type;
  };
  for (const Case& c : std::initializer_list<Case>{{OC_E_INVALID, 0, 400, "invalid_request_error"},
                                                   {OC_E_AUTH, 401, 401, "authentication_error"},
                                                   {OC_E_AUTH, 403, 403, "permission_error"},
                                                   {OC_E_FUNDS, 402, 402, "billing_error"},
                                                   {OC_E_NOT_FOUND, 404, 404, "not_found_error"},
                                                   {OC_E_UNSUPPORTED, 405, 405, "invalid_request_error"},
                                                   {OC_E_CONFLICT, 0, 409, "conflict_error"},
                                                   {OC_E_TOO_LARGE, 413, 413, "request_too_large"},
                                                   {OC_E_RATE, 429, 429, "rate_limit_error"},
                                                   {OC_E_LIMIT, 0, 429, "rate_limit_error"},
                                                   {OC_E_UPSTREAM, 502, 502, "api_error"},
                                                   {OC_E_INTERNAL, 0, 500, "api_error"},
                                                   {OC_E_TIMEOUT, 504, 504, "timeout_error"},
                                                   {OC_E_TIMEOUT, 408, 408, "timeout_error"},
                                                   {OC_E_UNAVAILABLE, 503, 529, "overloaded_error"},
                                                   {OC_E_UNAVAILABLE, 529, 529, "overloaded_error"}}) {
    oc_event e = oc::Call::event(OC_EV_ERROR);
    e.status = c.status;
    e.http_status = c.said;
    EXPECT_EQ(http_status_of(e), c.http) << c.type;
    EXPECT_EQ(error_type_of(e), c.type) << c.status;
  }
}

TEST_F(Dialect, ErrorsAreToldInTheDialectsShape) {
  oc_event e = oc::Call::event(OC_EV_ERROR);
  e.status = OC_E_LIMIT;
  e.text = oc::str("no more");
  EXPECT_TRUE(retry_is_futile(e));
  EXPECT_EQ(written(e), R"({"type":"error","error":{"type":"rate_limit_error","message":"no more",)"
                        R"("details":{"error_code":"enforced_spend_limit_reached"}},"request_id":"req_1"})");
  e.status = OC_E_RATE;
  EXPECT_FALSE(retry_is_futile(e));
  // What the upstream said stays as it is, unless other words were put in its place.
  e.ext_json = oc::str(R"({"type":"error","error":{"type":"rate_limit_error","message":"no more","x":1},"request_id":"r"})");
  EXPECT_EQ(written(e), oc::view(e.ext_json));
  e.text = oc::str("masked");
  EXPECT_EQ(written(e), R"({"type":"error","error":{"type":"rate_limit_error","message":"masked"},"request_id":"req_1"})");
}

TEST_F(Dialect, ErrorsOfUpstreamsAreUnderstood) {
  struct Case {
    std::uint32_t http;
    const char* body;
    oc_status status;
    const char *message, *code;
  };
  const Case cases[] = {
      {429, R"({"type":"error","error":{"type":"rate_limit_error","message":"slow","details":{"error_code":"enforced_spend_limit_reached"}}})",
       OC_E_LIMIT, "slow", "enforced_spend_limit_reached"},
      {429, R"({"type":"error","error":{"type":"rate_limit_error","message":"slow"}})", OC_E_RATE, "slow", ""},
      {529, R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})", OC_E_UNAVAILABLE, "Overloaded", ""},
      {400, R"({"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to"}})", OC_E_FUNDS,
       "Your credit balance is too low to", ""},
      {403, R"({"message":"forbidden"})", OC_E_AUTH, "forbidden", ""},
      {500, R"({"error":"boom"})", OC_E_UPSTREAM, "boom", ""},
      {502, "null", OC_E_UPSTREAM, "", ""},
      {0, R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})", OC_E_UNAVAILABLE, "Overloaded", ""},
      {0, R"({"type":"error","error":{"type":"brand_new","message":"?"}})", OC_E_UPSTREAM, "?", ""},
  };
  for (const Case& c : cases) {
    const VendorError said = read_error(call.parse(std::string_view(c.body)));
    EXPECT_EQ(status_of(c.http, said), c.status) << c.body;
    EXPECT_EQ(said.message, c.message);
    EXPECT_EQ(said.code, c.code);
  }
}

TEST_F(Dialect, TheKindOfAStateSurvivesItsWay) {
  EXPECT_EQ(redacted_data(redacted_state(call, "abc=")), "abc=");
  EXPECT_EQ(redacted_data("abc="), std::nullopt);
  const SlotState own = from_redacted_slot(call, "abc=");
  EXPECT_EQ(own.state.opaque, "redacted:abc=");
  EXPECT_EQ(own.state.origin, "anthropic_messages/");
  const SlotState after = from_redacted_slot(call, slot_of_previous(call, "sig", "gemini/g-3"));
  EXPECT_TRUE(after.of_previous);
  EXPECT_EQ(after.state.opaque, "sig");
  EXPECT_EQ(after.state.origin, "gemini/g-3");
  const SlotState alone = from_redacted_slot(call, dialect::to_slot(call, kDialectName, "enc", "openai_responses/o"));
  EXPECT_FALSE(alone.of_previous);
  EXPECT_EQ(alone.state.opaque, "enc");
}

}  // namespace
}  // namespace onechat::anthropic_messages
