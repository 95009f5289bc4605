// The router "direct": the configured order; a target that is known to be down waits at the end.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>

namespace onechat::direct {

class Router {
 public:
  Router(const oc_host*, oc::Json) {}

  oc_status plan(const oc::Call& call, const oc_request&, const oc_candidate* const* candidates, std::uint64_t n,
                 oc_plan& out) {
    auto* order = call.array<std::uint64_t>(n);
    std::uint64_t placed = 0;
    for (const bool open : {false, true})
      for (std::uint64_t i = 0; i < n; ++i)
        if ((candidates[i]->breaker_open != 0) == open) order[placed++] = candidates[i]->id;
    out.order = order;
    out.n = placed;
    out.attempts_max = static_cast<std::uint32_t>(n);
    out.reason = oc::str("as configured");
    return OC_OK;
  }
};

}  // namespace onechat::direct
