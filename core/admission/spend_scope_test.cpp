#include "admission/spend_scope.hpp"

#include <gtest/gtest.h>

namespace onechat::admission {
namespace {

TEST(SpendScope, NamesAndNumbersGoBothWays) {
  for (const char* name : {"org", "project", "key", "user", "group"}) EXPECT_EQ(scope_name(*scope_of(name)), name);
  for (const char* name : {"hour", "day", "week", "month", "total"}) EXPECT_EQ(period_name(*period_of(name)), name);
  EXPECT_FALSE(scope_of("wallet"));
  EXPECT_FALSE(period_of("year"));
  EXPECT_EQ(scope_name(0), "");
  EXPECT_EQ(scope_name(6), "");
  EXPECT_EQ(period_name(5), "");
}

// They are stored in the ledger, so they may never change.
TEST(SpendScope, AUserAndAGroupKeepTheirNumbers) {
  EXPECT_EQ(user_number(""), 0u);
  EXPECT_EQ(group_number(""), 0u);
  EXPECT_EQ(user_number("alice"), user_number("alice"));
  EXPECT_NE(user_number("alice"), user_number("bob"));
  EXPECT_EQ(user_number("alice"), 0x4bf54cf4d55aa152u);
  EXPECT_EQ(group_number("frontier"), 0x9d0548dfu);
}

TEST(SpendScope, ARefusalSaysWhoseLimitAndWhenItOpensAgain) {
  EXPECT_EQ(limit_refusal(OC_SCOPE_KEY), "The spend limit of this API key is reached.");
  EXPECT_EQ(limit_refusal(OC_SCOPE_KEY | (OC_WINDOW_TOTAL + 1) << 8), "The spend limit of this API key is reached.");
  EXPECT_EQ(limit_refusal(OC_SCOPE_PROJECT | (OC_WINDOW_DAY + 1) << 8),
            "The daily spend limit of this project is reached. It opens again with the next day.");
  EXPECT_EQ(limit_refusal(OC_SCOPE_USER | (OC_WINDOW_HOUR + 1) << 8),
            "The hourly spend limit of this end user is reached. It opens again with the next hour.");
  EXPECT_EQ(limit_refusal(0), "The spend limit of this request is reached.");
}

}  // namespace
}  // namespace onechat::admission
