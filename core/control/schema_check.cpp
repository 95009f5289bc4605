#include "control/schema_check.hpp"

#include <cmath>
#include <cstdlib>
#include <stdexcept>

namespace onechat::control {
namespace {

using Kind = YamlNode::Kind;

bool is_integer(const YamlNode& n) { return n.is(Kind::number) && n.text.find_first_of(".eE") == std::string::npos; }

bool has_type(const YamlNode& node, std::string_view type) {
  if (type == "object") return node.is(Kind::object);
  if (type == "array") return node.is(Kind::array);
  if (type == "string") return node.is(Kind::string);
  if (type == "integer") return is_integer(node);
  if (type == "number") return node.is(Kind::number);
  if (type == "boolean") return node.is(Kind::boolean);
  return type == "null" && node.is(Kind::null);
}

std::string_view said_type(std::string_view type) {
  if (type == "object") return "a mapping";
  if (type == "array") return "a list";
  if (type == "string") return "text";
  if (type == "integer") return "a whole number";
  if (type == "number") return "a number";
  if (type == "boolean") return "true or false";
  return "nothing";
}

std::string said_value(const YamlNode& node) {
  switch (node.kind) {
    case Kind::null: return "nothing";
    case Kind::array: return "a list";
    case Kind::object: return "a mapping";
    default: break;
  }
  if (!node.printable()) return "what the environment gives";
  return "'" + node.text.substr(0, 60) + "'";
}

std::vector<std::string> types_of(const oc_json* schema) {
  std::vector<std::string> types;
  const oc_json* type = json::get(schema, "type");
  if (type && type->type == OC_JSON_STRING) types.emplace_back(type->text);
  if (type && type->type == OC_JSON_ARRAY)
    for (const oc_json* t = type->first; t; t = t->next) types.emplace_back(t->text);
  return types;
}

bool fits_type(const oc_json* schema, const YamlNode& node) {
  const auto types = types_of(schema);
  if (types.empty()) return true;
  for (const auto& type : types)
    if (has_type(node, type)) return true;
  return false;
}

class Walk {
 public:
  Walk(const oc_json* root, const std::string& file, std::vector<Problem>& problems)
      : root_(root), file_(file), problems_(problems) {}

  void value(const oc_json* schema, const YamlNode& node, const std::string& path) {
    schema = resolve(schema);
    if (!node.missing_env.empty()) return;  // reported, or the reason why its provider is off
    if (const oc_json* any = json::get(schema, "anyOf")) {
      schema = branch(any, node, path);
      if (!schema) return;
    }
    if (!fits_type(schema, node)) return wrong_type(types_of(schema), node, path);
    if (node.is(Kind::object)) return object(schema, node, path);
    if (node.is(Kind::array)) return array(schema, node, path);
    scalar(schema, node, path);
  }

 private:
  const oc_json* resolve(const oc_json* schema) const {
    const oc_json* ref = json::get(schema, "$ref");
    if (!ref) return schema;
    constexpr std::string_view kPrefix = "#/definitions/";
    const oc_json* found = nullptr;
    if (ref->text.substr(0, kPrefix.size()) == kPrefix)
      found = json::get(json::get(root_, "definitions"), ref->text.substr(kPrefix.size()));
    if (!found) throw std::invalid_argument("schema: cannot resolve " + std::string(ref->text));
    return resolve(found);
  }

  const oc_json* branch(const oc_json* any, const YamlNode& node, const std::string& path) {
    std::vector<std::string> types;
    for (const oc_json* b = any->first; b; b = b->next) {
      const oc_json* schema = resolve(b);
      if (fits_type(schema, node)) return schema;
      for (auto& type : types_of(schema)) types.push_back(std::move(type));
    }
    wrong_type(types, node, path);
    return nullptr;
  }

  void wrong_type(const std::vector<std::string>& types, const YamlNode& node, const std::string& path) {
    std::string wanted;
    for (const auto& type : types) wanted += (wanted.empty() ? "" : " or ") + std::string(said_type(type));
    say(node.line, path + " must be " + wanted + ", not " + said_value(node));
  }

  void object(const oc_json* schema, const YamlNode& node, const std::string& path) {
    const oc_json* properties = json::get(schema, "properties");
    const oc_json* rest = json::get(schema, "additionalProperties");
    for (const auto& member : node.members) {
      const std::string at = path == kRoot ? member.key : path + "." + member.key;
      if (const oc_json* known = json::get(properties, member.key))
        value(known, member.value, at);
      else if (rest && rest->type == OC_JSON_OBJECT)
        value(rest, member.value, at);
      else if (rest && rest->raw == "false")
        unknown_key(properties, node, member, path);
    }
    const oc_json* required = json::get(schema, "required");
    for (const oc_json* r = required ? required->first : nullptr; r; r = r->next)
      if (!node.get(r->text)) say(node.line, path + " needs the key '" + std::string(r->text) + "'");
  }

  void unknown_key(const oc_json* properties, const YamlNode& node, const YamlMember& member, const std::string& path) {
    std::vector<std::string> known;
    for (const oc_json* p = properties ? properties->first : nullptr; p; p = p->next)
      if (!node.get(p->key)) known.emplace_back(p->key);
    const std::string where = path == kRoot ? "" : " in " + path;
    say(member.line, "unknown key '" + member.key.substr(0, 60) + "'" + where + did_you_mean(member.key, known));
  }

  void array(const oc_json* schema, const YamlNode& node, const std::string& path) {
    if (const oc_json* items = json::get(schema, "items"))
      for (std::size_t i = 0; i < node.items.size(); ++i)
        value(items, node.items[i], path + "[" + std::to_string(i) + "]");
    const auto least = json::integer(json::get(schema, "minItems"), 0);
    if (static_cast<std::int64_t>(node.items.size()) < least)
      say(node.line, path + " needs at least " + std::to_string(least) + (least == 1 ? " entry" : " entries"));
  }

  void scalar(const oc_json* schema, const YamlNode& node, const std::string& path) {
    if (const oc_json* choices = json::get(schema, "enum")) one_of(choices, node, path);
    if (node.is(Kind::string) &&
        json::integer(json::get(schema, "minLength"), 0) > static_cast<std::int64_t>(node.text.size()))
      say(node.line, path + " must not be empty");
    if (!node.is(Kind::number)) return;
    const double number = std::strtod(node.text.c_str(), nullptr);
    const oc_json* least = json::get(schema, "minimum");
    const oc_json* most = json::get(schema, "maximum");
    if (least && !(number >= json::number(least, 0)))
      say(node.line, path + " must be at least " + std::string(least->raw) + ", not " + said_value(node));
    if (most && !(number <= json::number(most, 0)))
      say(node.line, path + " must be at most " + std::string(most->raw) + ", not " + said_value(node));
  }

  void one_of(const oc_json* choices, const YamlNode& node, const std::string& path) {
    std::vector<std::string> known;
    std::string said;
    for (const oc_json* c = choices->first; c; c = c->next) {
      if (c->text == node.text) return;
      known.emplace_back(c->text);
      said += (said.empty() ? "" : ", ") + known.back();
    }
    const std::string hint = node.printable() ? did_you_mean(node.text, known) : std::string();
    say(node.line, path + " must be one of " + said + ", not " + said_value(node) + hint);
  }

  void say(int line, std::string text) { problems_.push_back({file_, line, std::move(text)}); }

 public:
  static constexpr const char* kRoot = "the configuration";

 private:
  const oc_json* root_;
  const std::string& file_;
  std::vector<Problem>& problems_;
};

}  // namespace

Schema::Schema(std::string_view json) : text_(json), root_(json::parse(arena_, text_)) {
  if (!root_) throw std::invalid_argument("the schema is not JSON");
}

void Schema::check(const YamlNode& root, const std::string& file, std::vector<Problem>& problems) const {
  Walk(root_, file, problems).value(root_, root, Walk::kRoot);
}

}  // namespace onechat::control
