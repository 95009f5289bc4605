// Keeps retries from multiplying an outage: they are paid from a share of the requests that came in.
//
// Confined to one loop.
#pragma once
#include <cstdint>

namespace onechat::routing {

class RetryBudget {
 public:
  // `percent` of requests may be retried; `burst` more at any time.
  explicit RetryBudget(std::uint32_t percent, std::uint32_t burst = 10)
      : percent_(percent), tokens_max_((burst + 1) * 100), tokens_(burst * 100) {}
  void request() noexcept;    // one came in
  bool take_retry() noexcept; // false: no budget left, pass the failure on

 private:
  std::uint32_t percent_, tokens_max_, tokens_;  // hundredths of a retry
};

}  // namespace onechat::routing
