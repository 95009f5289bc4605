// The word with which an upstream says how it served a request, as a bit of oc_usage.flags.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>
#include <string_view>

namespace onechat::dialect {

// OC_USAGE_TIER_*; 0 when nothing is said, or nothing that we know. Reserved capacity ("scale") is paid for elsewhere.
inline std::uint32_t usage_tier(std::string_view word) noexcept {
  if (word == "default" || word == "standard" || word == "on_demand") return OC_USAGE_TIER_STANDARD;
  if (word == "flex") return OC_USAGE_TIER_FLEX;
  if (word == "priority") return OC_USAGE_TIER_PRIORITY;
  if (word == "batch") return OC_USAGE_TIER_BATCH;
  if (word == "fast") return OC_USAGE_TIER_FAST;
  return 0;
}

}  // namespace onechat::dialect
