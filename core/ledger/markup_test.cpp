// Whose markup it is: the most specific rule, whatever order they were written in.
#include "ledger/markup.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace onechat::ledger {
namespace {

const std::vector<MarkupRule> kRules{
    {"acme", "", "gpt-4o", "", 1},  {"acme", "", "gpt-*", "", 2},   {"acme", "", "", "openai", 3}, {"acme", "", "", "", 4},
    {"", "big", "", "", 5},         {"", "", "gpt-4o", "", 6},      {"", "", "gpt-4*", "", 7},     {"", "", "*", "", 8},
    {"solo", "", "", "openai", 10}, {"", "", "", "anthropic", 99}};

TEST(Markup, TheMostSpecificRuleWins) {
  std::vector<MarkupRule> rules = kRules;
  for (int round = 0; round < 50; ++round) {
    std::rotate(rules.begin(), rules.begin() + 3, rules.end());
    if (round % 7 == 0) std::reverse(rules.begin(), rules.end());
    MarkupTable t(1000);
    for (const auto& rule : rules) ASSERT_TRUE(t.add(rule));
    for (const char* project : {"acme", "one", "two"}) ASSERT_TRUE(t.add_to_org(project, "big"));
    struct Row {
      const char *project, *model, *provider;
      std::uint32_t bps;
    };
    for (const Row& row : {
             Row{"acme", "gpt-4o", "openai", 1},     // project and model
             Row{"acme", "gpt-5", "openai", 2},      // by its pattern
             Row{"acme", "o3", "openai", 3},         // project and provider
             Row{"acme", "o3", "azure", 4},          // project
             Row{"one", "gpt-4o", "openai", 5},      // org, before the model
             Row{"other", "gpt-4o", "openai", 6},    // model
             Row{"other", "gpt-4.1", "openai", 7},   // the longer pattern
             Row{"other", "o3", "anthropic", 8},     // a pattern of a model goes before a provider
             Row{"solo", "gpt-4o", "openai", 10},    // project and provider before the model of everyone
         })
      ASSERT_EQ(t.find(row.project, row.model, row.provider), row.bps) << row.project << " " << row.model;
  }
}

TEST(Markup, WhatNoRuleFitsCostsTheDefault) {
  MarkupTable t(1000);
  EXPECT_EQ(t.find("any", "model", "provider"), 1000u);
  ASSERT_TRUE(t.add({"", "", "", "anthropic", 0}));
  EXPECT_EQ(t.find("any", "claude", "anthropic"), 0u);
  EXPECT_EQ(t.find("any", "gpt", "openai"), 1000u);
  EXPECT_EQ(t.find("", "", ""), 1000u);
}

TEST(Markup, RulesWithoutAPlaceAndSecondOnesAreRefused) {
  for (const MarkupRule& bad : {MarkupRule{"", "", "", "", 1}, MarkupRule{"", "", "m", "p", 1},
                                MarkupRule{"a", "o", "", "", 1}, MarkupRule{"", "o", "m", "", 1},
                                MarkupRule{"a", "", "m", "p", 1}}) {
    MarkupTable t;
    EXPECT_FALSE(t.add(bad));
  }
  MarkupTable t;
  for (const auto& rule : kRules) {
    ASSERT_TRUE(t.add(rule));
    const auto again = t.add(rule);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().status, OC_E_CONFIG);
  }
  ASSERT_TRUE(t.add_to_org("p", "a"));
  EXPECT_FALSE(t.add_to_org("p", "b"));
}

}  // namespace
}  // namespace onechat::ledger
