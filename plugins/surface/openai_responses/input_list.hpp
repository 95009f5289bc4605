// The items of a conversation as JSON text: what is kept of it, and how a later request goes on from there.
//
// An id made here says which kept answer it belongs to: "msg_1chat<R>x3" is an item of "resp_1chat<R>". So a client
// that refers to items instead of repeating them is understood without an index over items.
#pragma once
#include <onechat/onechat.hpp>

#include <string_view>

#include "openai_responses/made_ids.hpp"

namespace onechat::openai_responses {

inline constexpr std::string_view kInstructionsMark = R"({"type":"instructions"})";

// The value of "input" as the elements of an array, without brackets; a string becomes a user's message.
std::string_view input_elements(const oc::Call& call, oc::Json input);
std::string_view joined(const oc::Call& call, std::string_view elements, std::string_view more);
std::string_view item_id(const oc::Call& call, std::string_view prefix, std::string_view response_id,
                         std::uint64_t index);
// The kept answer that the last reference of the input points into; "" when there is no reference to an id made here.
std::string_view referred_response(const oc::Call& call, oc::Json input);

// The elements of `input` with references replaced by the items of `kept` they point at, or left out when these come
// before it anyway. References to unknown items stay.
std::string_view resolved(const oc::Call& call, std::string_view elements, oc::Json kept_items, bool leave_out);

}  // namespace onechat::openai_responses
