// How much of the recordings a run looks at: all, or every n-th (ONECHAT_CONFORMANCE_EVERY=n) where a run is slow.
#pragma once
#include <cstdlib>
#include <functional>
#include <string>

#include "corpus.hpp"

namespace onechat::conformance {

inline std::size_t sample_every() {
  const char* set = std::getenv("ONECHAT_CONFORMANCE_EVERY");
  const int n = set != nullptr ? std::atoi(set) : 1;
  return n > 0 ? static_cast<std::size_t>(n) : 1;
}

inline bool in_sample(const Recording& r) { return std::hash<std::string>{}(r.id) % sample_every() == 0; }

}  // namespace onechat::conformance
