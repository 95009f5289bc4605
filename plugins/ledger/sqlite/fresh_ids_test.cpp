// Certain is only what was never stored.
#include "fresh_ids.hpp"

#include <gtest/gtest.h>

namespace onechat::ledger_sqlite {
namespace {

oc_id128 at(std::uint64_t time, std::uint64_t low = 0) { return {time << 16, low}; }

TEST(FreshIds, AreThoseBetweenTheLineAndTheCeilingThatWereNotStoredSince) {
  FreshIds fresh;
  fresh.start(at(100, 5), at(200));
  EXPECT_FALSE(fresh.certainly_new(at(99)));
  EXPECT_FALSE(fresh.certainly_new(at(100, 5)));
  EXPECT_TRUE(fresh.certainly_new(at(100, 6)));
  EXPECT_TRUE(fresh.certainly_new(at(200)));
  EXPECT_FALSE(fresh.certainly_new(at(200, 1)));
  EXPECT_FALSE(fresh.certainly_new({~std::uint64_t{0}, 0}));
  fresh.note(at(150));
  EXPECT_FALSE(fresh.certainly_new(at(150)));
  EXPECT_TRUE(fresh.certainly_new(at(150, 1)));
  EXPECT_TRUE(fresh.certainly_new(at(149)));
}

TEST(FreshIds, NothingIsCertainBeforeTheFileWasLookedAt) { EXPECT_FALSE(FreshIds().certainly_new(at(1))); }

TEST(FreshIds, ForgetOldOnesByMovingTheLineNeverByCallingThemNew) {
  FreshIds fresh;
  fresh.start({}, at(1'000'000));
  const std::uint64_t stored = 3 * FreshIds::kRememberedMax + 7;
  for (std::uint64_t i = 1; i <= stored; ++i) {
    const oc_id128 id = at(i ^ 1);  // not quite in order
    ASSERT_TRUE(fresh.certainly_new(at(i + 2))) << i;
    fresh.note(id);
    ASSERT_FALSE(fresh.certainly_new(id)) << i;
  }
  for (std::uint64_t i = 1; i < stored; ++i) ASSERT_FALSE(fresh.certainly_new(at(i))) << i;
  EXPECT_TRUE(fresh.certainly_new(at(stored + 2)));
}

}  // namespace
}  // namespace onechat::ledger_sqlite
