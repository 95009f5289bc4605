#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <thread>

#include "admission/key_table.hpp"

namespace onechat::admission {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000, kMinute = 60 * kSecond;

// The same promise as a bucket that fills continuously, in long double: a minute's worth at most, `units` taken when
// they (or, for a large take, a full bucket) are there.
class Bucket {
 public:
  explicit Bucket(std::uint64_t per_minute) : size_(per_minute), level_(per_minute) {}
  bool take(std::uint64_t units, std::uint64_t now_ns) {
    fill(now_ns);
    if (margin(units) < 0) return false;
    level_ -= units;
    return true;
  }
  void give_back(std::uint64_t units) { level_ = std::min(size_, level_ + units); }
  long double margin(std::uint64_t units) const { return level_ - std::min<long double>(units, size_); }
  void fill(std::uint64_t now_ns) {
    level_ = std::min(size_, level_ + size_ * (now_ns - last_) / kMinute);
    last_ = now_ns;
  }

 private:
  long double size_, level_;
  std::uint64_t last_ = 0;
};

TEST(RateGate, AMinutesWorthAtOnceThenOneByOne) {
  for (const std::uint64_t rate : {1u, 7u, 60u, 1'000u, 999'983u}) {
    RateGate gate;
    const std::uint64_t start = kMinute;
    const std::uint64_t n = std::min<std::uint64_t>(rate, 10'000);
    const std::uint64_t each = rate / n;
    std::uint64_t admitted = 0;
    while (gate.take(each, rate, start) == 0) ++admitted;
    EXPECT_EQ(admitted, rate / each) << rate;
    const std::uint64_t wait_ms = gate.take(each, rate, start);
    EXPECT_GT(wait_ms, 0u);
    EXPECT_EQ(gate.take(each, rate, start + wait_ms * 1'000'000), 0u) << "what it said was not enough";
  }
}

TEST(RateGate, NoLimitAdmitsAll) {
  RateGate gate;
  for (int i = 0; i < 1'000; ++i) EXPECT_EQ(gate.take(1'000'000, 0, kMinute), 0u);
}

TEST(RateGate, MoreThanAMinutesWorthPassesWhenNothingIsUsedAndIsPaidFor) {
  RateGate gate;
  EXPECT_EQ(gate.take(300, 100, kMinute), 0u);
  EXPECT_EQ(gate.take(1, 100, kMinute), 120'600u);  // two minutes of debt and the place of one unit
  EXPECT_NE(gate.take(100, 100, 3 * kMinute), 0u);
  EXPECT_EQ(gate.take(100, 100, 4 * kMinute), 0u);
}

TEST(RateGate, AbsurdNumbersNeitherWrapNorAdmit) {
  RateGate gate;
  EXPECT_EQ(gate.take(UINT64_MAX, 1, 0), 0u);
  EXPECT_GT(gate.take(1, 1, kMinute * 1'000'000), 0u);
  gate.adjust(INT64_MAX, 1);
  gate.adjust(INT64_MAX, 1);
  EXPECT_GT(gate.take(1, 1, kMinute), 0u);
  gate.adjust(INT64_MIN, 1);
  gate.adjust(INT64_MIN, 1);
}

TEST(RateGate, ACorrectionCountsFromNowEvenAfterALull) {
  RateGate gate;
  ASSERT_EQ(gate.take(1, 60, kMinute), 0u);
  gate.adjust(60, 60, 10 * kMinute);
  EXPECT_EQ(gate.take(1, 60, 10 * kMinute), 1'000u);
}

// Against the bucket over random times. A decision may differ only where the two stand within a rounding (1 ns a take)
// of the border.
TEST(RateGate, AgreesWithABucketOverRandomTimes) {
  std::mt19937_64 random(20'260'101);
  std::uint64_t decisions = 0, refusals = 0;
  for (int round = 0; round < 200; ++round) {
    const std::uint64_t rate = 1 + random() % (round % 2 == 0 ? 50 : 200'000);
    const std::uint64_t step_ns = 1 + 2 * kMinute / std::min<std::uint64_t>(rate, 500);
    RateGate gate;
    Bucket bucket(rate);
    std::uint64_t now = kMinute;
    bucket.fill(now);
    for (int i = 0; i < 1'000; ++i) {
      now += random() % step_ns;
      const std::uint64_t units = 1 + random() % std::max<std::uint64_t>(1, rate / 20);
      bucket.fill(now);
      const long double margin = bucket.margin(units);
      const std::uint64_t wait_ms = gate.take(units, rate, now);
      const long double rounding = 1e-6L + 1'001.0L * rate / kMinute;
      ++decisions;
      if (wait_ms != 0) {
        ++refusals;
        ASSERT_LT(margin, rounding) << "refused though there was room; rate " << rate << " step " << i;
        const long double wait_needed = -margin * kMinute / rate / 1e6L;
        ASSERT_NEAR(static_cast<double>(wait_ms), static_cast<double>(wait_needed), 1.01);
        continue;
      }
      ASSERT_GT(margin, -rounding) << "admitted beyond the limit; rate " << rate << " step " << i;
      if (!bucket.take(units, now)) bucket.give_back(0);
      if (random() % 4 == 0) {  // an estimate that was too high
        gate.adjust(-static_cast<std::int64_t>(units / 2), rate);
        bucket.give_back(units / 2);
      }
    }
  }
  EXPECT_GT(refusals, decisions / 20) << "the random times never reached the limit";
}

TEST(RateGate, ManyThreadsTogetherGetNoMoreThanOne) {
  constexpr std::uint64_t kRate = 10'000;
  RateGate gate;
  std::atomic<std::uint64_t> admitted{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 5'000; ++i)
          if (gate.take(1, kRate, kMinute) == 0) ++admitted;
      });
  }
  EXPECT_EQ(admitted, kRate);
}

}  // namespace
}  // namespace onechat::admission
