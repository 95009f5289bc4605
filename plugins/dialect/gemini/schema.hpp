// Schemas of tools and answers: Google's subset of OpenAPI 3.0 on one side, JSON Schema on the other.
#pragma once
#include <onechat/onechat.hpp>

#include <string_view>

namespace onechat::gemini {

// From the subset: "STRING" -> "string", nullable -> a type beside "null"; counts that Google's JSON writes as strings
// become numbers; propertyOrdering goes. Anything else stays.
std::string_view json_schema_of(const oc::Call& call, oc::Json subset);
// Into the subset, which refuses what it does not know: only known members pass, references are followed, alternatives
// become anyOf, and a const an enum of one. Constraints that have no place there are lost.
std::string_view subset_of(const oc::Call& call, oc::Json json_schema);

}  // namespace onechat::gemini
