// What only this dialect has, as OC_EV_OPAQUE events: {"anthropic_block":{..}} is a whole content block that is not
// modelled, {"anthropic_message":{..}} members of the message itself, {"anthropic_event":{..}} an event of the stream.
// A TOOL_BEGIN event carries the members of its block that are not modelled the same way, as {"anthropic_block":{..}}.
// A FINISH event of this dialect may carry {"stop_details":{..}}.
#pragma once
#include <string_view>

namespace onechat::anthropic_messages {

inline constexpr std::string_view kOpaqueBlock = "anthropic_block";
inline constexpr std::string_view kOpaqueMessage = "anthropic_message";
inline constexpr std::string_view kOpaqueEvent = "anthropic_event";
inline constexpr std::string_view kStopDetails = "stop_details";

}  // namespace onechat::anthropic_messages
