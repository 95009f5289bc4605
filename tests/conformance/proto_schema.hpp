// Checks JSON values against protocol buffer messages, by the rules of the proto JSON mapping: camelCase or snake_case
// names, 64 bit numbers as text or number, enumerations by name, one member of a oneof at most.
#pragma once
#include <set>
#include <string>
#include <string_view>

#include "inventory.hpp"
#include "view.hpp"

namespace onechat::conformance {

class ProtoSchema {
 public:
  // `descriptor`: a protobuf.js JSON descriptor. `package`: path of the namespace whose messages are checked.
  ProtoSchema(std::string descriptor, std::string_view package, Inventory newer);

  // `misplaced_too`: a field that is of another message is no newer field, but a wrong one.
  Problems check(std::string_view message, View value, bool misplaced_too) const;

 private:
  class Checker;

  Document document_;
  Inventory newer_;
  View package_;
  std::set<std::string_view> names_;  // of all fields
};

}  // namespace onechat::conformance
