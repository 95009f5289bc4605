#include <gtest/gtest.h>

#include <vector>

#include "router.hpp"
#include "support/fake_host.hpp"

namespace onechat {
namespace {

constexpr oc_component kComponent = oc::router<direct::Router>({"router.direct", "0", "", nullptr, 0});

std::vector<std::uint64_t> order_of(const std::vector<bool>& open) {
  test::FakeHost host;
  test::FakeCall call;
  test::Instance<oc_router> router(host, kComponent);
  std::vector<oc_candidate> list(open.size(), oc::sized<oc_candidate>());
  std::vector<const oc_candidate*> pointers;
  for (std::size_t i = 0; i < open.size(); ++i) {
    list[i].id = 10 + i;
    list[i].breaker_open = open[i] ? 1 : 0;
    pointers.push_back(&list[i]);
  }
  oc_plan plan = oc::sized<oc_plan>();
  const auto request = oc::sized<oc_request>();
  EXPECT_EQ(router->plan(router.self(), call.handle(), &call.arena, &request, pointers.data(), pointers.size(), &plan), OC_OK);
  EXPECT_EQ(plan.attempts_max, open.size());
  return {plan.order, plan.order + plan.n};
}

TEST(DirectRouter, KeepsTheConfiguredOrder) {
  EXPECT_EQ(order_of({false, false, false}), (std::vector<std::uint64_t>{10, 11, 12}));
}
TEST(DirectRouter, PutsOpenBreakersLastButStillUsesThem) {
  EXPECT_EQ(order_of({true, false, true, false}), (std::vector<std::uint64_t>{11, 13, 10, 12}));
  EXPECT_EQ(order_of({true}), (std::vector<std::uint64_t>{10}));
}
TEST(DirectRouter, HasNoTargetsToOfferWhenThereAreNone) { EXPECT_TRUE(order_of({}).empty()); }

}  // namespace
}  // namespace onechat
