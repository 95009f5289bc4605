// Ids that a codec makes up: unlike each other, not secret.
#pragma once
#include <onechat/onechat.hpp>

#include <string_view>

namespace onechat::dialect {

// `prefix` and `n` characters of [0-9A-Za-z]. `serial` counts up within the caller's instance.
std::string_view made_id(const oc::Call& call, std::string_view prefix, std::size_t n, std::uint64_t serial);
// An id of a tool call in the characters that every dialect takes (^[a-zA-Z0-9_-]{1,64}$). The same id gives the same
// result, so that a call and its result stay together; one that is fine stays as it is.
std::string_view portable_tool_id(const oc::Call& call, std::string_view id);

}  // namespace onechat::dialect
