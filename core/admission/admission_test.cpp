#include "admission/admission.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <thread>
#include <vector>

namespace onechat::admission {
namespace {

constexpr std::uint64_t kNow = 600'000'000'000;

std::shared_ptr<Principal> principal_of(Limits key, Limits project) {
  auto p = std::make_shared<Principal>();
  p->limits = key;
  p->project = std::make_shared<Project>();
  p->project->limits = project;
  return p;
}

Result<Ticket> admit(const std::shared_ptr<Principal>& p, std::uint64_t tokens = 0, std::uint64_t now = kNow) {
  return Admission().admit(p, tokens, now, {}, {});
}

struct Case {
  const char* name;
  Limits key, project;
  std::uint64_t tokens;
  const char* says;
};

class EachLimit : public testing::TestWithParam<Case> {};

// Every limit admits its number, refuses the next with its own name and a time, and the refusal takes nothing.
TEST_P(EachLimit, RefusesTheNextOneInItsOwnWords) {
  const Case& c = GetParam();
  const auto p = principal_of(c.key, c.project);
  std::vector<Ticket> held;
  for (int i = 0; i < 3; ++i) {
    auto ticket = admit(p, c.tokens);
    ASSERT_TRUE(ticket) << i;
    held.push_back(std::move(*ticket));
  }
  for (int again = 0; again < 5; ++again) {
    const auto refused = admit(p, c.tokens);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status, OC_E_RATE);
    EXPECT_NE(refused.error().message.find(c.says), std::string::npos) << refused.error().message;
    EXPECT_GT(refused.error().retry_after_ms, 0u);
    EXPECT_LE(refused.error().retry_after_ms, 60'000u);
  }
  EXPECT_EQ(p->meter->in_flight, 3u);
  EXPECT_EQ(p->project->meter->in_flight, 3u);
  held.clear();
  EXPECT_EQ(p->meter->in_flight, 0u);
  EXPECT_EQ(p->project->meter->in_flight, 0u);
  EXPECT_TRUE(admit(p, c.tokens, kNow + 60'000'000'000));
}

INSTANTIATE_TEST_SUITE_P(
    Admission, EachLimit,
    testing::Values(Case{"KeyRequests", {.requests_per_minute = 3}, {}, 0, "requests per minute of this key"},
                    Case{"ProjectRequests", {}, {.requests_per_minute = 3}, 0, "requests per minute of this project"},
                    Case{"KeyTokens", {.tokens_per_minute = 300}, {}, 100, "tokens per minute of this key"},
                    Case{"ProjectTokens", {}, {.tokens_per_minute = 300}, 100, "tokens per minute of this project"},
                    Case{"KeyConcurrency", {.concurrency = 3}, {}, 0, "requests at once of this key"},
                    Case{"ProjectConcurrency", {}, {.concurrency = 3}, 0, "requests at once of this project"}),
    [](const auto& info) { return info.param.name; });

TEST(Admission, ARefusalByTheLastLimitGivesBackAllTheOthers) {
  const auto p = principal_of({.requests_per_minute = 10, .tokens_per_minute = 1'000, .concurrency = 10},
                              {.requests_per_minute = 10, .tokens_per_minute = 100, .concurrency = 10});
  { ASSERT_TRUE(admit(p, 100)); }
  for (int i = 0; i < 50; ++i) {
    const auto refused = admit(p, 90);
    ASSERT_FALSE(refused);
    ASSERT_NE(refused.error().message.find("tokens per minute of this project"), std::string::npos)
        << refused.error().message;
  }
  for (int i = 0; i < 9; ++i) EXPECT_TRUE(admit(p, 0)) << "request " << i;
  EXPECT_FALSE(admit(p, 0));
  EXPECT_EQ(p->meter->tokens.take(900, 1'000, kNow), 0u) << "the key's tokens were not given back";
}

TEST(Admission, DefaultsCountWhereTheKeySaysNothing) {
  const auto p = principal_of({}, {});
  const Limits one{.requests_per_minute = 1};
  ASSERT_TRUE(Admission().admit(p, 0, kNow, one, {}));
  EXPECT_FALSE(Admission().admit(p, 0, kNow, one, {}));
  const auto own = principal_of({.requests_per_minute = 2}, {});
  ASSERT_TRUE(Admission().admit(own, 0, kNow, one, {}));
  EXPECT_TRUE(Admission().admit(own, 0, kNow, one, {}));
}

TEST(Ticket, UnusedTokensComeBackAndMoreAreCounted) {
  const auto p = principal_of({.tokens_per_minute = 1'000}, {.tokens_per_minute = 2'000});
  auto ticket = admit(p, 900);
  ASSERT_TRUE(ticket);
  EXPECT_FALSE(admit(p, 200));
  ticket->settle_tokens(100);
  EXPECT_EQ(p->meter->tokens.take(900, 1'000, kNow), 0u);
  EXPECT_NE(p->meter->tokens.take(1, 1'000, kNow), 0u);
  EXPECT_EQ(p->project->meter->tokens.take(1'900, 2'000, kNow), 0u);
  ticket->settle_tokens(1'100, kNow);  // said again: the last word counts
  EXPECT_EQ(p->meter->tokens.take(1, 1'000, kNow), 60'060u);
}

TEST(Ticket, MovedOrReleasedItGivesItsPlaceBackOnce) {
  const auto p = principal_of({.concurrency = 5}, {});
  {
    auto first = admit(p);
    ASSERT_TRUE(first);
    Ticket moved = std::move(*first);
    EXPECT_EQ(p->meter->in_flight, 1u);
    Ticket other = std::move(*admit(p));
    EXPECT_EQ(p->meter->in_flight, 2u);
    other = std::move(moved);
    EXPECT_EQ(p->meter->in_flight, 1u);
    other.release();
    EXPECT_EQ(p->meter->in_flight, 0u);
    other.settle_tokens(5);
  }
  EXPECT_EQ(p->meter->in_flight, 0u);
}

TEST(Admission, ConcurrencyHoldsUnderManyThreads) {
  const auto p = principal_of({.concurrency = 4}, {.concurrency = 3});
  std::atomic<int> inside{0}, most{0}, admitted{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 2'000; ++i) {
          const auto ticket = admit(p);
          if (!ticket) continue;
          const int now = ++inside;
          int seen = most.load();
          while (now > seen && !most.compare_exchange_weak(seen, now)) {
          }
          ++admitted;
          --inside;
        }
      });
  }
  EXPECT_LE(most, 3);
  EXPECT_GT(admitted, 0);
  EXPECT_EQ(p->meter->in_flight, 0u);
  EXPECT_EQ(p->project->meter->in_flight, 0u);
}

}  // namespace
}  // namespace onechat::admission
