// What stands in the opaque strings of thinking blocks.
//
// Anthropic has two kinds of state: the signature of a thinking block and the data of a redacted one. As oc_part.opaque and
// in OC_EV_STATE a signature is as it is and redacted data has a mark before it, so that the kind survives the way through
// the slots of another dialect. State of another dialect travels to our clients and back as a token (state_token.hpp): in
// the signature of a thinking block or in a redacted block; one that belongs to a part which has no slot here (a tool
// call, a text) stands in a redacted block right after it, with a mark of its own inside the token.
#pragma once
#include <onechat/onechat.hpp>

#include <optional>
#include <string_view>

#include "common/state_token.hpp"

namespace onechat::anthropic_messages {

// State of a redacted block, from its data, and back; nullopt: it is a signature.
std::string_view redacted_state(const oc::Call& call, std::string_view data);
std::optional<std::string_view> redacted_data(std::string_view opaque);

// The slot text of foreign state that belongs to the block before it.
std::string_view slot_of_previous(const oc::Call& call, std::string_view opaque, std::string_view origin);

struct SlotState {
  dialect::State state;
  bool of_previous = false;
};
SlotState from_redacted_slot(const oc::Call& call, std::string_view data);

}  // namespace onechat::anthropic_messages
