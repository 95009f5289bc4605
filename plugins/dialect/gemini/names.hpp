// Names of members. Clients write Google's JSON in lowerCamelCase or with the snake_case names of the protos; both
// count.
#pragma once
#include <onechat/onechat.hpp>

#include <initializer_list>
#include <string_view>

namespace onechat::gemini {

// Is `key` the name `camel` in one of its two spellings?
bool spells(std::string_view key, std::string_view camel) noexcept;
// The last member of that name; nothing when it is not there.
oc::Json member(oc::Json object, std::string_view camel);
// The members whose names are not in `modelled`, verbatim, as one JSON object; "" when there are none.
std::string_view extra_members(const oc::Call& call, oc::Json object, std::initializer_list<std::string_view> modelled);
// The first of `names` that the object has twice, be it in two spellings; "" when there is none.
std::string_view named_twice(oc::Json object, std::initializer_list<std::string_view> names);

}  // namespace onechat::gemini
