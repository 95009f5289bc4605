// How parts and tools of other dialects are called when they have to be left out.
#pragma once
#include <onechat/onechat.hpp>

#include <string_view>

namespace onechat::openai_chat {

// "messages[].content[image]"; a part that nobody models goes by its own type.
std::string_view part_name(const oc::Call& call, const oc_part& p);
// "tools[web_search_20250305]"
std::string_view tool_label(const oc::Call& call, const oc_tool& t);

}  // namespace onechat::openai_chat
