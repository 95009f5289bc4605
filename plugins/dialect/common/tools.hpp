// Tools and their calls, where dialects differ in what they need to know of them.
#pragma once
#include <onechat/onechat.hpp>

#include <string_view>

namespace onechat::dialect {

const oc_tool* tool_named(const oc_request& request, std::string_view name);
// The name of the tool whose call has this id; results name it in some dialects and only give the id in others. "" if none.
std::string_view name_of_call(const oc_request& request, std::string_view tool_id);

// The arguments of a call as one JSON object, for dialects that take nothing else: an object as it is; nothing as {};
// anything else, broken JSON too, as {"input": the text}.
std::string_view arguments_object(const oc::Call& call, const oc_part& tool_call);
// What a function that stands for a custom tool takes: {"type":"object","properties":{"input":..},"required":["input"]}
std::string_view custom_tool_schema();
// The free text out of such a function's arguments; they themselves when they are no such object.
std::string_view custom_tool_input(const oc::Call& call, std::string_view arguments_json);

}  // namespace onechat::dialect
