// Leases under lost messages, repeats, partitions, crashes and drifting clocks. ONECHAT_SEEDS sets how many histories.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "world.hpp"

namespace onechat::lease_simulation {
namespace {

std::uint64_t seeds(std::uint64_t standard) {
  const char* said = std::getenv("ONECHAT_SEEDS");
  return said != nullptr ? std::strtoull(said, nullptr, 10) : standard;
}

Totals histories(std::uint64_t n, const Faults& faults) {
  Totals sum;
  for (std::uint64_t seed = 1; seed <= n; ++seed) {
    const Totals one = World(seed, faults).run();
    sum.requests += one.requests;
    sum.leased += one.leased;
    sum.refused += one.refused;
    sum.late += one.late;
    sum.crashes += one.crashes;
    sum.messages += one.messages;
    sum.credits += one.credits;
    sum.receivable += one.receivable;
    for (const auto& v : one.violations)
      if (sum.violations.size() < 20) sum.violations.push_back(v);
  }
  std::cout << n << " histories: " << sum.requests << " requests, " << sum.leased << " from leases, " << sum.refused
            << " refused, " << sum.crashes << " crashes, " << sum.messages << " messages, " << sum.late
            << " late settles, " << sum.receivable << " of " << sum.credits << " put on the receivable account\n";
  for (const auto& v : sum.violations) ADD_FAILURE() << v;
  return sum;
}

TEST(LeaseSimulation, WithTheDrainRuleNothingIsLateAndNobodyOwes) {
  const Totals t = histories(seeds(2'000), {});
  EXPECT_EQ(t.late, 0u);
  EXPECT_EQ(t.receivable, 0);
  EXPECT_GT(t.leased, t.requests / 10);
  EXPECT_GT(t.refused, 0u) << "the wallet has to be short";
}

// The simulation must be able to see what the rule is for.
TEST(LeaseSimulation, ALeaseTakenBackAtOnceLeaksMoney) {
  Faults faults;
  faults.drain_s = 0;
  const Totals t = histories(seeds(2'000) / 10, faults);
  EXPECT_GT(t.late, 0u);
  EXPECT_GT(t.receivable, 0);
}

TEST(LeaseSimulation, WhatRequestsCostBeyondTheirHoldIsOwedAndNothingElseBreaks) {
  Faults faults;
  faults.overage = 0.02;
  const Totals t = histories(seeds(2'000) / 10, faults);
  EXPECT_EQ(t.late, 0u);
  EXPECT_GT(t.receivable, 0);
  EXPECT_LT(t.receivable, t.credits / 50);
}

}  // namespace
}  // namespace onechat::lease_simulation
