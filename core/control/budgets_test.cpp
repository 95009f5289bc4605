#include "control/budgets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "admission/spend_scope.hpp"
#include "control/control_fixture.hpp"

namespace onechat::control {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kUsd = 1'000'000'000;

class BudgetsTest : public testing::Test, protected ControlFixture {
 protected:
  void SetUp() override {
    open();
    ASSERT_TRUE(plane->boot().has_value());
    ASSERT_TRUE(plane->directory().create_project("web", {}, "acme").has_value());
    ASSERT_TRUE(plane->directory().create_project("batch", {}, "acme").has_value());
    org = *plane->wallet("", "acme");
    ASSERT_TRUE(plane->books().deposit({org.account, 100 * kUsd, "d", ""}).has_value());
  }
  BudgetWish wish(std::string project, std::string scope, std::string id, std::string period, std::int64_t limit) {
    BudgetWish w;
    w.project = std::move(project);
    w.scope = std::move(scope);
    w.id = std::move(id);
    w.period = std::move(period);
    w.limit_nano = limit;
    return w;
  }
  oc_ledger_result reserve(const std::string& project, std::int64_t amount, const std::string& user = {}) {
    oc_ledger_op op{};
    op.id = {++n, 1};
    op.kind = OC_LOP_RESERVE;
    op.account = plane->wallet(project, "")->account;
    op.project_id = plane->wallet(project, "")->project_id;
    op.user_id = admission::user_number(user);
    op.amount = amount;
    op.ttl_ms = 60'000;
    return ledger.apply_blocking(op);
  }
  Wallet org;
  std::uint64_t n = 0;
};

TEST_F(BudgetsTest, TwoProjectsDrawFromOneWalletEachWithinItsOwnLimit) {
  ASSERT_TRUE(plane->budgets().set(wish("web", "", "", "day", 10 * kUsd)).has_value());
  EXPECT_EQ(reserve("web", 10 * kUsd).status, OC_OK);
  const auto refused = reserve("web", 1);
  EXPECT_EQ(refused.status, OC_E_LIMIT);
  EXPECT_EQ(admission::limit_refusal(refused.limit_scope),
            "The daily spend limit of this project is reached. It opens again with the next day.");
  EXPECT_EQ(reserve("batch", 90 * kUsd).status, OC_OK);
  EXPECT_EQ(reserve("batch", 1).status, OC_E_FUNDS);
}

TEST_F(BudgetsTest, EveryScopeIsNamedInTheList) {
  KeyWish key_wish;
  key_wish.project = "web";
  key_wish.limit_nano = kUsd;
  const auto key = plane->create_key(key_wish);
  ASSERT_TRUE(key.has_value());
  BudgetWish of_org = wish("", "", "", "month", 50 * kUsd);
  of_org.org = "acme";
  of_org.time_zone = "Europe/Berlin";
  of_org.action = "report";
  ASSERT_TRUE(plane->budgets().set(of_org).has_value());
  ASSERT_TRUE(plane->budgets().set(wish("web", "user", "alice@example.com", "week", 2 * kUsd)).has_value());
  ASSERT_TRUE(plane->budgets().set(wish("web", "group", "frontier", "hour", 3 * kUsd)).has_value());
  ASSERT_TRUE(plane->budgets().set(wish("web", "project", "batch", "total", 4 * kUsd)).has_value());
  reserve("web", kUsd, "alice@example.com");

  std::vector<std::string> names;
  const auto list = plane->budgets().list(org);
  ASSERT_TRUE(list.has_value());
  for (const auto& b : *list) {
    names.push_back(std::string(admission::scope_name(b.budget.scope)) + " " + b.id);
    if (b.budget.scope == OC_SCOPE_USER) {
      EXPECT_EQ(b.budget.held_nano, kUsd);
    }
    if (b.budget.scope == OC_SCOPE_ORG) {
      EXPECT_EQ(b.budget.time_zone, "Europe/Berlin");
      EXPECT_EQ(b.budget.action, static_cast<std::uint32_t>(OC_BUDGET_REPORT));
      EXPECT_GT(b.budget.end_unix_ms, b.budget.begin_unix_ms);
    }
  }
  EXPECT_THAT(names, testing::UnorderedElementsAre("org ", "user alice@example.com", "group frontier", "project batch",
                                                   "key " + key->record.id));
}

TEST_F(BudgetsTest, AKeysLifetimeLimitIsShownWithTheKeyUntilItIsRemoved) {
  KeyWish key_wish;
  key_wish.project = "web";
  const auto key = plane->create_key(key_wish);
  const auto shown = [&] { return plane->directory().keys("web").front().limit_nano; };
  EXPECT_FALSE(shown().has_value());
  ASSERT_TRUE(plane->budgets().set(wish("web", "key", key->record.id, "total", kUsd)).has_value());
  EXPECT_EQ(shown(), kUsd);
  ASSERT_TRUE(plane->budgets().set(wish("web", "key", key->record.id, "day", 2 * kUsd)).has_value());
  EXPECT_EQ(shown(), kUsd);
  ASSERT_TRUE(plane->budgets().remove(wish("web", "key", key->record.id, "total", 0)).has_value());
  EXPECT_FALSE(shown().has_value());
  EXPECT_EQ(plane->budgets().list(org)->size(), 1u);
  EXPECT_EQ(plane->budgets().remove(wish("web", "key", key->record.id, "total", 0)).error().status, OC_E_NOT_FOUND);
}

TEST_F(BudgetsTest, WhatCannotBeIsSaidAndChangesNothing) {
  struct Bad {
    BudgetWish wish;
    const char* words;
  };
  BudgetWish zone = wish("web", "", "", "day", kUsd), action = zone, nobody = zone, both = zone;
  zone.time_zone = "Europe/Nowhere";
  action.action = "shrug";
  nobody.project = "nope";
  both.org = "acme";
  KeyWish other_wish;
  other_wish.project = "default";
  const std::string other_key = plane->create_key(other_wish)->record.id;
  for (const auto& bad : {Bad{zone, "time zone"}, Bad{action, "'action'"}, Bad{nobody, "no project 'nope'"},
                          Bad{both, "either 'project' or 'org'"},
                          Bad{wish("web", "planet", "", "day", 1), "'scope'"},
                          Bad{wish("web", "", "", "year", 1), "'period'"},
                          Bad{wish("web", "", "", "day", -1), "not be negative"},
                          Bad{wish("web", "user", "", "day", 1), "'id'"},
                          Bad{wish("web", "key", "key_x", "day", 1), "no key"},
                          Bad{wish("web", "key", other_key, "day", 1), "another wallet"},
                          Bad{wish("web", "project", "default", "day", 1), "another wallet"},
                          Bad{wish("web", "org", "acme", "day", 1), "takes no id"}}) {
    const auto answer = plane->budgets().set(bad.wish);
    ASSERT_FALSE(answer.has_value()) << bad.words;
    EXPECT_THAT(answer.error().message, HasSubstr(bad.words));
  }
  EXPECT_TRUE(plane->budgets().list(org)->empty());
}

}  // namespace
}  // namespace onechat::control
