#include <algorithm>
#include <limits>

#include "admission/key_table.hpp"

namespace onechat::admission {
namespace {

constexpr std::uint64_t kMinuteNs = 60'000'000'000;
constexpr std::uint64_t kNsPerMs = 1'000'000;
constexpr std::uint64_t kCostNsMax = std::uint64_t{1} << 61;  // 73 years: sums of two still fit

// Rounded down, so that a whole minute's worth, taken one by one, costs no more than the minute.
std::uint64_t cost_ns(std::uint64_t units, std::uint64_t per_minute) noexcept {
  __extension__ using Wide = unsigned __int128;
  const Wide cost = Wide(units) * kMinuteNs / per_minute;
  return cost > kCostNsMax ? kCostNsMax : static_cast<std::uint64_t>(cost);
}

std::uint64_t sum(std::uint64_t a, std::uint64_t b) noexcept {
  return a > std::numeric_limits<std::uint64_t>::max() - b ? std::numeric_limits<std::uint64_t>::max() : a + b;
}

}  // namespace

std::uint64_t RateGate::take(std::uint64_t units, std::uint64_t per_minute, std::uint64_t now_ns) noexcept {
  if (per_minute == 0) return 0;
  const std::uint64_t cost = cost_ns(units, per_minute);
  const std::uint64_t needed = std::min(cost, kMinuteNs);
  std::uint64_t next = next_ns_.load(std::memory_order_relaxed);
  for (;;) {
    const std::uint64_t start = std::max(next, now_ns);
    const std::uint64_t used = start - now_ns;
    if (used > kMinuteNs - needed) {
      const std::uint64_t wait = used - (kMinuteNs - needed);
      return wait / kNsPerMs + (wait % kNsPerMs != 0);
    }
    if (next_ns_.compare_exchange_weak(next, sum(start, cost), std::memory_order_relaxed)) return 0;
  }
}

void RateGate::adjust(std::int64_t units, std::uint64_t per_minute, std::uint64_t now_ns) noexcept {
  if (per_minute == 0 || units == 0) return;
  const bool back = units < 0;
  const std::uint64_t cost =
      cost_ns(back ? 0 - static_cast<std::uint64_t>(units) : static_cast<std::uint64_t>(units), per_minute);
  std::uint64_t next = next_ns_.load(std::memory_order_relaxed), wanted = 0;
  do wanted = back ? next - std::min(next, cost) : sum(std::max(next, now_ns), cost);
  while (!next_ns_.compare_exchange_weak(next, wanted, std::memory_order_relaxed));
}

}  // namespace onechat::admission
