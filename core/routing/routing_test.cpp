#include <gtest/gtest.h>

#include "routing/model_table.hpp"
#include "routing/retry_budget.hpp"
#include "routing/target_health.hpp"

namespace onechat::routing {
namespace {

constexpr std::uint64_t kMs = 1'000'000;

Model named(const std::string& id) {
  Model m;
  m.id = id;
  return m;
}

TEST(ModelTable, ExactNameGoesBeforeTheLongestPattern) {
  ModelTable table;
  for (const char* id : {"gpt-*", "gpt-4o", "gpt-4o-*", "*"}) table.add(named(id));
  EXPECT_EQ(table.find("gpt-4o")->id, "gpt-4o");
  EXPECT_EQ(table.find("gpt-4o-mini")->id, "gpt-4o-*");
  EXPECT_EQ(table.find("gpt-5")->id, "gpt-*");
  EXPECT_EQ(table.find("o3")->id, "*");
}

TEST(ModelTable, UnknownNamesAreUnknown) {
  ModelTable table;
  table.add(named("a"));
  EXPECT_EQ(table.find("b"), nullptr);
  EXPECT_EQ(table.find(""), nullptr);
}

TEST(ModelTable, AStarOfTheTargetStandsForWhatWasMatched) {
  Arena arena;
  const Model model = named("acme/gpt-*");
  Target target;
  target.model = "gpt-*-latest";
  EXPECT_EQ(target_model(model, target, "acme/gpt-5", arena), "gpt-5-latest");
  target.model = "acme/gpt-*";
  EXPECT_EQ(target_model(model, target, "acme/gpt-5", arena), "acme/gpt-5");
  target.model = "fixed";
  EXPECT_EQ(target_model(model, target, "acme/gpt-5", arena), "fixed");
}

TEST(Breaker, OpensAfterFailuresInARowLetsOneTryAndClosesOnSuccess) {
  TargetHealth health({3, 1000});
  std::uint64_t now = 5 * kMs;
  const auto fail = [&] {
    health.began();
    health.ended(true, 0, now);
  };
  fail();
  fail();
  health.began();
  health.ended(false, 20, now);  // a success in between starts the count anew
  fail();
  fail();
  EXPECT_TRUE(health.may_try(now));
  fail();
  EXPECT_FALSE(health.may_try(now));
  EXPECT_TRUE(health.open(now));
  now += 1001 * kMs;
  EXPECT_TRUE(health.may_try(now)) << "half open: one may try";
  EXPECT_FALSE(health.may_try(now)) << "but only one";
  health.began();
  health.ended(false, 20, now);
  EXPECT_TRUE(health.may_try(now));
  EXPECT_TRUE(health.may_try(now));
  EXPECT_EQ(health.in_flight(), 0u);
}

TEST(RetryBudget, IsAShareOfTheRequests) {
  RetryBudget budget(20, 2);
  EXPECT_TRUE(budget.take_retry());
  EXPECT_TRUE(budget.take_retry());
  EXPECT_FALSE(budget.take_retry());
  for (int i = 0; i < 5; ++i) budget.request();
  EXPECT_TRUE(budget.take_retry());
  EXPECT_FALSE(budget.take_retry());
}

}  // namespace
}  // namespace onechat::routing
