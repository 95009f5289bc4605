// How a target has been doing: circuit breaker and the figures that routers look at. Shared by all workers, lock-free.
//
// The breaker opens after `failures` failures in a row and stays open for `open_ms`; then one request at a time may try,
// and its success closes it. An open target is used only when no other is left.
#pragma once
#include <atomic>
#include <cstdint>

namespace onechat::routing {

struct BreakerLimits {
  std::uint32_t failures = 5;      // in a row
  std::uint32_t open_ms = 10'000;
};

class TargetHealth {
 public:
  explicit TargetHealth(BreakerLimits limits) : limits_(limits) {}

  // Whether a request may go there now. Lets one through per open_ms once the breaker is half open.
  bool may_try(std::uint64_t now_ns) noexcept;
  bool open(std::uint64_t now_ns) const noexcept;

  void began() noexcept { in_flight_.fetch_add(1, std::memory_order_relaxed); }
  // failed: the target is to blame (connection, 5xx, 429), not the request.
  void ended(bool failed, std::uint32_t first_byte_ms, std::uint64_t now_ns) noexcept;

  std::uint32_t in_flight() const noexcept { return in_flight_.load(std::memory_order_relaxed); }
  std::uint32_t first_byte_ms() const noexcept { return first_byte_ms_.load(std::memory_order_relaxed); }  // moving average
  std::uint32_t error_permille() const noexcept { return error_permille_.load(std::memory_order_relaxed); }

 private:
  BreakerLimits limits_;
  std::atomic<std::uint64_t> open_until_ns_{0};  // 0: closed
  std::atomic<std::uint32_t> failures_{0}, in_flight_{0}, first_byte_ms_{0}, error_permille_{0};
};

}  // namespace onechat::routing
