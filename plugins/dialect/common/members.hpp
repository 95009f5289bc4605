// JSON texts in the arena: members that nobody models are carried along verbatim, as one object.
#pragma once
#include <initializer_list>
#include <onechat/onechat.hpp>
#include <string_view>

namespace onechat::dialect {

// `text` as a JSON string with its quotes.
std::string_view quoted(const oc::Call& call, std::string_view text);
// The members of `object` whose names are not in `modelled`, as a JSON object; "" when there are none.
std::string_view members_except(const oc::Call& call, oc::Json object, std::initializer_list<std::string_view> modelled);
// Valid JSON on one line: line ends lie between its values only and become spaces. A copy is made only where there are any.
std::string_view one_line(const oc::Call& call, std::string_view json);
// {"name":value}
std::string_view object_of(const oc::Call& call, std::string_view name, std::string_view value_json);
// Writes the members of the JSON object `object_json` (may be "") into the object that is open.
void write_members(const oc::Call& call, oc::Writer& out, std::string_view object_json);

}  // namespace onechat::dialect
