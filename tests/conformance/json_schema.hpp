// Checks JSON values against the schemas of an OpenAPI 3.1 document.
//
// Of JSON Schema: type, nullable, enum, const, properties, required, additionalProperties, items, allOf, anyOf, oneOf
// (as anyOf), $ref, bounds of numbers, lengths and counts, pattern. Other keywords are not looked at.
#pragma once
#include <regex.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "inventory.hpp"
#include "view.hpp"

namespace onechat::conformance {

// Where vendors do not keep to their own document: members they leave out although it requires them, and members they
// send as null although it does not say so. By name, wherever they stand.
struct Leniency {
  std::set<std::string_view> optional, nullable;
};

enum class Unknown { kAllowed, kRefused };  // members that no schema names, in objects whose members are named

class JsonSchema {
 public:
  // `newer` excuses what the document is too old to know.
  JsonSchema(std::string openapi, Inventory newer, Leniency lenient = {});
  ~JsonSchema();

  bool has(std::string_view schema) const { return schemas_.contains(schema); }
  // `schema`: a name of components/schemas. Empty: fine.
  Problems check(std::string_view schema, View value, Unknown unknown) const;

 private:
  class Checker;
  const regex_t* pattern(std::string_view text) const;

  Document document_;
  Inventory newer_;
  Leniency lenient_;
  std::unordered_map<std::string_view, View> schemas_;
  mutable std::map<std::string, std::unique_ptr<regex_t>, std::less<>> patterns_;
};

}  // namespace onechat::conformance
