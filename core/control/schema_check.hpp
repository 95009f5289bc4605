// Checks a YAML tree against a JSON Schema and says where it is wrong, by line.
//
// Knows the part of draft 4 that config/schema.json is written in: $ref to #/definitions, type, properties, required,
// additionalProperties, items, minItems, enum, minimum, maximum, minLength, anyOf (told apart by type). A RapidJSON
// validator would know more of the draft, but not the lines, and would stop at the first error of an object.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.hpp"
#include "control/yaml_node.hpp"
#include "json/json.hpp"

namespace onechat::control {

class Schema {
 public:
  explicit Schema(std::string_view json);  // throws std::invalid_argument when it is no JSON
  // Appends every problem.
  void check(const YamlNode& root, const std::string& file, std::vector<Problem>& problems) const;

 private:
  std::string text_;
  Arena arena_;
  const oc_json* root_;
};

std::string_view config_schema_json() noexcept;  // config/schema.json, embedded by the build

}  // namespace onechat::control
