// The header anthropic-beta on its way up.
#pragma once
#include <onechat/onechat.hpp>

#include <string_view>

#include "plan.hpp"
#include "settings.hpp"

namespace onechat::anthropic_messages {

// The client's betas that the upstream takes, as one header value; "" when there are none. The others are noted.
std::string_view betas_for(const oc::Call& call, const Settings& settings, const oc_request& request, Drops& drops);

}  // namespace onechat::anthropic_messages
