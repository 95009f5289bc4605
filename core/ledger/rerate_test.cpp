// A charge can be recomputed from its trace alone, and one that was tampered with is told.
#include "ledger/rerate.hpp"

#include <gtest/gtest.h>

#include "json/json.hpp"

namespace onechat::ledger {
namespace {

oc_usage usage(std::uint64_t input, std::uint64_t output, std::uint32_t flags = 0) {
  oc_usage u{};
  u.struct_size = sizeof u;
  u.input = input;
  u.output = output;
  u.flags = flags;
  u.requests = 1;
  return u;
}

const char* const kRow =
    "{from: 2026-07-30, input: 0.0375, output: 0.15, search: 0.01, flex: 1/3, above: [{input_tokens: 1000, input: 2}]}";

std::string attempt(const oc_usage& u, const Terms& terms, const std::string& row = kRow) {
  const auto v = parse_row(row);
  EXPECT_TRUE(v) << v.error().message;
  const auto rated = rate(v->price, u, terms);
  EXPECT_TRUE(rated);
  std::string out;
  oc_jsonw w(&out);
  w.object().key("provider").string("openai").key("model").string("m").key("status").string("ok").key("rating");
  write_rating(w, v->text, u, terms, *rated);
  w.close();
  return out;
}

std::string meta(const std::string& attempts) { return R"({"straight":true,"attempts":[)" + attempts + "]}"; }

TEST(Rerate, AChargeComesBackFromItsTraceAsItWasMade) {
  oc_usage u = usage(1001, 7, OC_USAGE_TIER_FLEX | OC_USAGE_ESTIMATED);
  u.searches = 2;
  u.cache_read = 3;
  const auto stored = stored_ratings(meta(attempt(u, {1234, true})));
  ASSERT_TRUE(stored) << stored.error().message;
  ASSERT_EQ(stored->size(), 1u);
  const StoredRating& r = stored->front();
  EXPECT_EQ(r.provider, "openai");
  EXPECT_EQ(r.usage.input, 1001u);
  EXPECT_EQ(r.usage.searches, 2u);
  EXPECT_EQ(tier_of(r.usage), ServiceTier::flex);
  EXPECT_NE(r.usage.flags & OC_USAGE_ESTIMATED, 0u);
  EXPECT_EQ(r.terms, (Terms{1234, true}));
  EXPECT_EQ(r.price, parse_row(kRow)->price);
  EXPECT_EQ(recompute(r), "");
}

TEST(Rerate, EveryAttemptThatCostMoneyIsThereAndNoOther) {
  const std::string free = R"({"provider":"p","model":"m","status":"upstream"})";
  const auto stored =
      stored_ratings(meta(attempt(usage(1, 0), {1000}) + "," + free + "," + attempt(usage(0, 9), {0})));
  ASSERT_TRUE(stored);
  ASSERT_EQ(stored->size(), 2u);
  EXPECT_EQ((*stored)[0].cost, 38);
  EXPECT_EQ((*stored)[0].fee, 4);
  EXPECT_EQ((*stored)[1].cost, 1350);
  EXPECT_TRUE(stored_ratings(meta(free))->empty());
  EXPECT_TRUE(stored_ratings("{}")->empty());
  EXPECT_TRUE(stored_ratings("")->empty()) << "a trace that was shed";
}

TEST(Rerate, AnyChangedNumberIsFound) {
  const std::string good = meta(attempt(usage(1, 0), {1000}));
  for (const auto& [was, is] : std::vector<std::pair<std::string, std::string>>{{"\"cost_nano\":38", "\"cost_nano\":37"},
                                                                                {"\"fee_nano\":4", "\"fee_nano\":5"},
                                                                                {"\"markup_bps\":1000", "\"markup_bps\":2000"},
                                                                                {"\"37500000\"", "\"37500001\""},
                                                                                {"\"denominator\":1000000", "\"denominator\":100"},
                                                                                {"\"input\":1,", "\"input\":2,"},
                                                                                {"\"0.0375\"", "\"0.0376\""}}) {
    std::string bad = good;
    const auto at = bad.find(was);
    ASSERT_NE(at, std::string::npos) << was << " in " << good;
    bad.replace(at, was.size(), is);
    const auto stored = stored_ratings(bad);
    ASSERT_TRUE(stored) << is;
    EXPECT_NE(recompute(stored->front()), "") << is;
  }
}

TEST(Rerate, WhatCannotBeReadIsNamed) {
  const std::string good = meta(attempt(usage(1, 0), {1000}));
  for (const auto& [was, is, says] : std::vector<std::tuple<std::string, std::string, std::string>>{
           {"\"input\":1,", "\"input\":-1,", "input"},
           {"\"input\":1,", "\"inptu\":1,", "usage.inptu"},
           {"\"cost_nano\":38", "\"cost_nano\":3.8", "cost_nano"},
           {"\"numerator\"", "\"nominator\"", "numerator"},
           {"\"0.0375\"", "\"cheap\"", "price"}}) {
    std::string bad = good;
    bad.replace(bad.find(was), was.size(), is);
    const auto stored = stored_ratings(bad);
    ASSERT_FALSE(stored) << is;
    EXPECT_NE(stored.error().message.find("attempt 1: rating." + says), std::string::npos) << stored.error().message;
  }
  EXPECT_FALSE(stored_ratings("{"));
}

TEST(Rerate, AnotherPriceGivesAnotherChargeForTheSameUsage) {
  const auto stored = stored_ratings(meta(attempt(usage(10, 0), {1000})));
  const auto now = rate(parse_row("{input: 0.05}")->price, stored->front().usage, stored->front().terms);
  EXPECT_EQ(now->cost, 500);
  EXPECT_EQ(stored->front().cost, 375);
}

TEST(Rerate, TheExplanationShowsTheWholeWayToTheTotal) {
  oc_usage u = usage(2, 1, OC_USAGE_TIER_FLEX);
  u.searches = 1;
  EXPECT_EQ(explain_rating(meta(attempt(u, {1000}))),
            (std::vector<std::string>{
                "openai / m",
                R"(  price row: {"from":"2026-07-30","input":"0.0375","output":"0.15","search":"0.01",)"
                R"("above":[{"input_tokens":1000,"input":"2"}],"flex":"1/3"})",
                "  prices: flex, tokens x 1/3",
                "  input: 2 x 0.0375 USD per million = 0.000000075 USD",
                "  output: 1 x 0.15 USD per million = 0.00000015 USD",
                "  search: 1 x 0.01 USD = 0.01 USD",
                "  exact cost: 30000225000000 / 3000000 nano-USD",
                "  cost rounded half to even, total with a markup of 10 % rounded up",
                "  cost 0.010000075 + fee 0.001000008 = 0.011000083 USD",
                "  recomputed: the same",
            }));
  const auto own_key = explain_rating(meta(attempt(usage(10, 0, OC_USAGE_TIER_PRIORITY), {500, true})));
  EXPECT_EQ(own_key[2], "  prices: standard (served as priority, which has no price of its own)");
  EXPECT_EQ(own_key[6], "  cost 0 + fee 0.000000019 = 0.000000019 USD");
  EXPECT_EQ(explain_rating("{}"), std::vector<std::string>{"nothing was charged"});
}

}  // namespace
}  // namespace onechat::ledger
