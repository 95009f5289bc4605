// Recordings that a rule of the suite cannot hold for, each with its reason.
#pragma once
#include <string_view>

#include "corpus.hpp"

namespace onechat::conformance {

// `about`: "provider", or the surface the answer is rendered on.
bool is_excused(const Recording& r, std::string_view about);
// Several answers, recorded one after the other into one file.
bool is_several(const Recording& r);

}  // namespace onechat::conformance
