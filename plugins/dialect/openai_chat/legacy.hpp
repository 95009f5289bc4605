// Calls of the API before tools ("function_call", role "function") have no ids: the surface gives them one of this form, by
// which the provider of the dialect knows them again.
#pragma once
#include <string_view>

namespace onechat::openai_chat {

inline constexpr std::string_view kLegacyCallId = "function_call_";
inline bool is_legacy_call(std::string_view tool_id) { return tool_id.substr(0, kLegacyCallId.size()) == kLegacyCallId; }

}  // namespace onechat::openai_chat
