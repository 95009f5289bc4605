#include "routing/target_health.hpp"

namespace onechat::routing {
namespace {

// Exponential moving average with weight 1/8: recent enough to follow an outage, slow enough to ignore one request.
std::uint32_t averaged(std::uint32_t old, std::uint32_t now) noexcept {
  return static_cast<std::uint32_t>((std::uint64_t{old} * 7 + now + 4) / 8);
}

}  // namespace

bool TargetHealth::open(std::uint64_t now_ns) const noexcept {
  const std::uint64_t until = open_until_ns_.load(std::memory_order_relaxed);
  return until != 0 && now_ns < until;
}

bool TargetHealth::may_try(std::uint64_t now_ns) noexcept {
  std::uint64_t until = open_until_ns_.load(std::memory_order_relaxed);
  if (until == 0) return true;
  if (now_ns < until) return false;
  // Half open: whoever moves the time on is the one that tries.
  return open_until_ns_.compare_exchange_strong(until, now_ns + limits_.open_ms * 1'000'000ull, std::memory_order_relaxed);
}

void TargetHealth::ended(bool failed, std::uint32_t first_byte_ms, std::uint64_t now_ns) noexcept {
  in_flight_.fetch_sub(1, std::memory_order_relaxed);
  error_permille_.store(averaged(error_permille(), failed ? 1000 : 0), std::memory_order_relaxed);
  if (!failed) {
    failures_.store(0, std::memory_order_relaxed);
    open_until_ns_.store(0, std::memory_order_relaxed);
    first_byte_ms_.store(averaged(this->first_byte_ms(), first_byte_ms), std::memory_order_relaxed);
    return;
  }
  if (failures_.fetch_add(1, std::memory_order_relaxed) + 1 >= limits_.failures)
    open_until_ns_.store(now_ns + limits_.open_ms * 1'000'000ull, std::memory_order_relaxed);
}

}  // namespace onechat::routing
