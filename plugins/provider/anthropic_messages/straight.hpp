// The straight lane: what is changed in a client's own body on its way up. Everything else is sent to the byte.
#pragma once
#include <onechat/onechat.hpp>

#include <string_view>
#include <vector>

#include "plan.hpp"
#include "settings.hpp"

namespace onechat::anthropic_messages {

struct StraightEdits {
  bool possible = false;  // false: the body cannot be edited in place, it has to be written anew
  std::vector<oc_splice> splices;
};

// Puts the target's model in. Takes out thinking of other models, members that the upstream does not take, sampling that
// its version has not, and the thinking budget of a tool loop that cannot have one.
StraightEdits edit_request(const oc::Call& call, const Settings& settings, const oc_request& request, const Plan& plan,
                           Drops& drops);

}  // namespace onechat::anthropic_messages
