// Ids that the surface makes up, and how to know them again: no upstream does.
#pragma once
#include <onechat/onechat.hpp>

#include <string_view>

#include "common/state_token.hpp"
#include "openai_responses/tool_names.hpp"

namespace onechat::openai_responses {

// In every such id behind its prefix: "msg_1chat...".
inline constexpr std::string_view kMark = "1chat";

inline bool is_made_id(std::string_view id) {
  const auto underscore = id.find('_');
  return underscore != std::string_view::npos && id.substr(underscore + 1, kMark.size()) == kMark;
}

// Does a client's body hold ids, or state of another dialect, that only the gateway can read? (It may say yes for
// nothing.)
inline bool speaks_of_us(const oc::Call& call, std::string_view body) {
  constexpr std::size_t kTokenMark = 8;  // characters that all tokens begin with
  const auto token = dialect::to_slot(call, kDialect, "x", "another/x").substr(0, kTokenMark);
  return body.find(call.concat({"_", kMark})) != std::string_view::npos || body.find(token) != std::string_view::npos;
}

}  // namespace onechat::openai_responses
