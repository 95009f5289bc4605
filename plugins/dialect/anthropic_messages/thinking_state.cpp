#include "anthropic_messages/thinking_state.hpp"

#include "anthropic_messages/version.hpp"

namespace onechat::anthropic_messages {
namespace {

constexpr std::string_view kRedacted = "redacted:";  // no base64 has a colon
constexpr std::string_view kPrevious = "previous:";

bool starts(std::string_view text, std::string_view with) { return text.substr(0, with.size()) == with; }

}  // namespace

std::string_view redacted_state(const oc::Call& call, std::string_view data) { return call.concat({kRedacted, data}); }

std::optional<std::string_view> redacted_data(std::string_view opaque) {
  if (!starts(opaque, kRedacted)) return std::nullopt;
  return opaque.substr(kRedacted.size());
}

std::string_view slot_of_previous(const oc::Call& call, std::string_view opaque, std::string_view origin) {
  return dialect::to_slot(call, kDialectName, call.concat({kPrevious, opaque}), origin);
}

SlotState from_redacted_slot(const oc::Call& call, std::string_view data) {
  SlotState slot{dialect::from_slot(call, kDialectName, data)};
  if (slot.state.opaque == data)
    slot.state.opaque = redacted_state(call, data);
  else if (starts(slot.state.opaque, kPrevious)) {
    slot.state.opaque.remove_prefix(kPrevious.size());
    slot.of_previous = true;
  }
  return slot;
}

}  // namespace onechat::anthropic_messages
