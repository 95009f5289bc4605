#include "control/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace onechat::control {
namespace {

using testing::HasSubstr;

TEST(MetricsText, SamplesOfOneNameFormOneFamily) {
  MetricsText m;
  m.counter("onechat_requests_total", "Requests", 3, {{"surface", "openai_chat"}, {"status", "ok"}});
  m.gauge("onechat_up", "Up", 1);
  m.counter("onechat_requests_total", "Requests", 4, {{"surface", "a\"b\\c\nd"}, {"status", "ok"}});
  const std::string text = m.text();
  EXPECT_THAT(text, HasSubstr("# TYPE onechat_requests_total counter\n"
                              "onechat_requests_total{surface=\"openai_chat\",status=\"ok\"} 3\n"
                              "onechat_requests_total{surface=\"a\\\"b\\\\c\\nd\",status=\"ok\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE onechat_up gauge\nonechat_up 1\n"));
}

TEST(MetricsText, HistogramBucketsAccumulate) {
  MetricsText m;
  const std::array bounds{0.1, 1.0};
  const std::array<std::uint64_t, 3> counts{2, 3, 1};
  m.histogram("onechat_seconds", "Time", bounds, counts, 4.5);
  const std::string text = m.text();
  EXPECT_THAT(text, HasSubstr("onechat_seconds_count 6\nonechat_seconds_sum 4.5\n"));
  EXPECT_THAT(text, HasSubstr("onechat_seconds_bucket{le=\"0.1\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("onechat_seconds_bucket{le=\"1\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("onechat_seconds_bucket{le=\"+Inf\"} 6\n"));
}

TEST(ProcessFacts, AreOfThisProcess) {
  const ProcessFacts facts = process_facts();
  EXPECT_GT(facts.resident_bytes, 1u << 20);
  EXPECT_LT(facts.resident_bytes, 4ull << 30);
  EXPECT_GE(facts.open_fds, 3u);
  EXPECT_GE(facts.threads, 1u);
}

}  // namespace
}  // namespace onechat::control
