// Does an answer still say the same in another dialect? As far as that dialect has words for it.
#pragma once
#include <string_view>

#include "codec.hpp"
#include "meaning.hpp"

namespace onechat::conformance {

// What a provider's events say.
Meaning read_events(const std::vector<test::Event>& events);
// `rendered` is what a client of `dialect` reads. Empty: nothing was lost that the dialect can say.
Problems compare_meaning(const Meaning& source, const Meaning& rendered, std::string_view dialect);
Problems compare_usage(const SaidUsage& source, const SaidUsage& rendered, std::string_view dialect);

}  // namespace onechat::conformance
