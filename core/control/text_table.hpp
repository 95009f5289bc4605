// Columns for people: a JSON array of objects, or one object, as aligned text.
#pragma once
#include <ostream>
#include <string_view>
#include <vector>

#include "json/json.hpp"

namespace onechat::control {

struct Column {
  std::string_view title, member;  // member of each object; "a.b" goes one level down
  bool right = false;
};

// One line per element, with titles; `none` when there is none.
void print_table(std::ostream& out, const oc_json* array, const std::vector<Column>& columns, std::string_view none);
// One line per member that is neither object nor array.
void print_members(std::ostream& out, const oc_json* object);

}  // namespace onechat::control
