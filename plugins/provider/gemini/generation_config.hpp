// The scalar wishes of a request become `generationConfig`.
#pragma once
#include <onechat/onechat.hpp>

#include "settings.hpp"

namespace onechat::gemini {

// Writes the member "generationConfig", unless it would be empty. < 0: a strict refusal has told why.
oc_status write_generation_config(const oc::Call& call, const Settings& settings, const oc_request& request,
                                  oc::Writer& out);

}  // namespace onechat::gemini
