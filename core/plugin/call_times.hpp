// How long plugin calls take: a histogram per function, cheap enough to be always on.
//
// Written by one loop, read by the metrics thread; relaxed atomics, no locks. Measured in processor ticks and turned into
// seconds when read.
#pragma once
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstdint>
#include <string_view>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace onechat::plugin {

inline std::uint64_t ticks() noexcept {
#if defined(__x86_64__)
  return __rdtsc();
#else
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
}
double seconds_per_tick() noexcept;  // measured once, on first use

class CallTimes {
 public:
  static constexpr std::size_t kBuckets = 32;  // bucket b counts calls of [2^b, 2^(b+1)) ticks

  void add(std::uint64_t spent) noexcept {
    const auto b = static_cast<std::size_t>(std::bit_width(spent | 1) - 1);
    bump(buckets_[b < kBuckets ? b : kBuckets - 1], 1);
    bump(total_, spent);
  }
  std::uint64_t count(std::size_t bucket) const noexcept { return buckets_[bucket].load(std::memory_order_relaxed); }
  std::uint64_t total_ticks() const noexcept { return total_.load(std::memory_order_relaxed); }

 private:
  // One writer: a plain load and store instead of a locked add.
  static void bump(std::atomic<std::uint64_t>& a, std::uint64_t n) noexcept {
    a.store(a.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  std::array<std::atomic<std::uint64_t>, kBuckets> buckets_{};
  std::atomic<std::uint64_t> total_{0};
};

// Runs f and adds its time.
template <class F>
auto timed(CallTimes& times, F&& f) {
  const std::uint64_t begin = ticks();
  auto result = f();
  times.add(ticks() - begin);
  return result;
}

}  // namespace onechat::plugin
