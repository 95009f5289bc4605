#include "routing/retry_budget.hpp"

#include <algorithm>

namespace onechat::routing {

void RetryBudget::request() noexcept { tokens_ = std::min(tokens_max_, tokens_ + percent_); }

bool RetryBudget::take_retry() noexcept {
  if (tokens_ < 100) return false;
  tokens_ -= 100;
  return true;
}

}  // namespace onechat::routing
