// The smallest value that fits a JSON Schema, for schemas as tools and structured outputs use them.
#pragma once
#include <onechat/onechat.hpp>

#include <string>

namespace onechat::demo {

// JSON text. Required members only, first of enum and anyOf, local $ref followed. What the schema leaves open is an empty
// object; a schema that refers to itself without end is cut off.
std::string example_of(oc::Json schema);

}  // namespace onechat::demo
