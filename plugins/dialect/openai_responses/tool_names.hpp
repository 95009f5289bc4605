// Tools inside a namespace, told as plain functions to everyone who knows no namespaces.
//
// {"type":"namespace","name":"files","tools":[{"type":"function","name":"read",..}]} becomes the tool "files__read",
// whose ext_json says {"namespace":"files","name":"read"}; so does a call of it. Only this dialect looks there.
#pragma once
#include <onechat/onechat.hpp>

#include <string_view>

namespace onechat::openai_responses {

inline constexpr std::string_view kDialect = "openai_responses";

// At most 64 of [a-zA-Z0-9_-], as every dialect takes; a longer pair keeps its beginning and gets a hash.
std::string_view flat_name(const oc::Call& call, std::string_view space, std::string_view name);

}  // namespace onechat::openai_responses
