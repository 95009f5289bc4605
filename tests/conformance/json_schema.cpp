#include "json_schema.hpp"

#include <algorithm>
#include <cmath>

namespace onechat::conformance {
namespace {

struct Path {
  const Path* parent = nullptr;
  std::string_view name;
  std::int64_t index = -1;

  std::string text() const {
    const std::string above = parent != nullptr ? parent->text() : "";
    if (index >= 0) return above + "[" + std::to_string(index) + "]";
    return above.empty() ? std::string(name) : above + "." + std::string(name);
  }
};

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

bool is_whole(View v) {
  const double n = json::number(v.node, 0.5);
  return v.is(OC_JSON_NUMBER) && std::floor(n) == n;
}

bool has_type(View value, std::string_view type) {
  if (type == "object") return value.is(OC_JSON_OBJECT);
  if (type == "array") return value.is(OC_JSON_ARRAY);
  if (type == "string") return value.is(OC_JSON_STRING);
  if (type == "boolean") return value.is(OC_JSON_BOOL);
  if (type == "number") return value.is(OC_JSON_NUMBER);
  if (type == "integer") return is_whole(value);
  return type == "null" && value.is(OC_JSON_NULL);
}

bool same(View a, View b) {
  return a.is(OC_JSON_STRING) ? b.is(OC_JSON_STRING) && a.str() == b.str() : a.raw() == b.raw();
}

// The one word that a schema allows, which tells the forms of a union apart.
View only_word(View schema) {
  if (View c = schema["const"]) return c;
  return schema["enum"].size() == 1 ? schema["enum"].at(0) : View();
}

using Seen = std::vector<const oc_json*>;  // members that some schema named

}  // namespace

// One run. Problems are written only where `out` is set: a try of one form of a union only wants yes or no.
class JsonSchema::Checker {
 public:
  Checker(const JsonSchema& owner, Unknown unknown) : owner_(owner), unknown_(unknown) {}

  // A value of its own: all its members must be known to somebody.
  bool whole(View schema, View value, const Path& path, Problems* out) const {
    Seen seen;
    bool fine = in_place(schema, value, path, out, seen);
    if (unknown_ == Unknown::kAllowed || !value.is(OC_JSON_OBJECT)) return fine;
    for (View member : value) {
      if (std::find(seen.begin(), seen.end(), member.node) != seen.end()) continue;
      if (owner_.newer_.knows_member(member.key())) continue;
      fine = complain(out, {&path, member.key()}, "is no member the specification knows");
    }
    return fine;
  }

 private:
  static bool complain(Problems* out, const Path& path, const std::string& what) {
    if (out != nullptr) out->push_back(path.text() + ": " + what);
    return false;
  }

  View resolved(View schema) const {
    while (View ref = schema["$ref"]) {
      const auto name = ref.str().substr(ref.str().rfind('/') + 1);
      const auto found = owner_.schemas_.find(name);
      schema = found != owner_.schemas_.end() ? found->second : View();
    }
    return schema;
  }

  bool in_place(View schema, View value, const Path& path, Problems* out, Seen& seen) const {
    schema = resolved(schema);
    if (!schema.is(OC_JSON_OBJECT)) return true;
    if (value.is(OC_JSON_NULL) && (schema["nullable"].truth() || owner_.lenient_.nullable.contains(path.name)))
      return true;
    bool fine = type_and_words(schema, value, path, out);
    if (!fine && out == nullptr) return false;
    if (value.is(OC_JSON_STRING)) fine &= text(schema, value, path, out);
    if (value.is(OC_JSON_NUMBER)) fine &= number(schema, value, path, out);
    if (value.is(OC_JSON_ARRAY)) fine &= array(schema, value, path, out);
    if (value.is(OC_JSON_OBJECT)) fine &= object(schema, value, path, out, seen);
    for (View part : schema["allOf"]) {
      if (!fine && out == nullptr) return false;
      fine &= in_place(part, value, path, out, seen);
    }
    for (const auto union_of : {"anyOf", "oneOf"})
      if (View forms = schema[union_of]; forms.size() != 0 && (fine || out != nullptr))
        fine &= any(forms, value, path, out, seen);
    return fine;
  }

  bool type_and_words(View schema, View value, const Path& path, Problems* out) const {
    const View type = schema["type"];
    bool fits = !type;
    if (type.is(OC_JSON_STRING)) fits = has_type(value, type.str());
    for (View t : type) fits |= has_type(value, t.str());
    if (!fits)
      return complain(out, path, "should be " + std::string(type.raw()) + ", is " + shortened(value.raw(), 60));
    if (View c = schema["const"]; c && !same(c, value)) return complain(out, path, "should be " + std::string(c.raw()));
    const View words = schema["enum"];
    if (words.size() == 0) return true;
    for (View word : words)
      if (same(word, value)) return true;
    if (value.is(OC_JSON_STRING) && owner_.newer_.knows_word(path.name, value.str()) &&
        (words.size() > 1 || owner_.newer_.is_added_word(path.name, value.str())))
      return true;
    return complain(out, path, std::string(value.raw()) + " is none of " + shortened(words.raw()));
  }

  bool text(View schema, View value, const Path& path, Problems* out) const {
    const auto n = static_cast<std::int64_t>(characters(value.str()));
    if (n < schema["minLength"].integer(0)) return complain(out, path, "is too short");
    if (n > schema["maxLength"].integer(INT64_MAX)) return complain(out, path, "is too long");
    if (View wanted = schema["pattern"]) {
      const regex_t* regex = owner_.pattern(wanted.str());
      if (regex != nullptr && regexec(regex, std::string(value.str()).c_str(), 0, nullptr, 0) != 0)
        return complain(out, path, shortened(value.raw(), 60) + " does not match " + std::string(wanted.str()));
    }
    return true;
  }

  static bool number(View schema, View value, const Path& path, Problems* out) {
    const double n = json::number(value.node, 0);
    const auto bound = [&](const char* name, double otherwise) { return json::number(schema[name].node, otherwise); };
    if (n < bound("minimum", n) || n <= bound("exclusiveMinimum", n - 1)) return complain(out, path, "is too small");
    if (n > bound("maximum", n) || n >= bound("exclusiveMaximum", n + 1)) return complain(out, path, "is too large");
    return true;
  }

  bool array(View schema, View value, const Path& path, Problems* out) const {
    bool fine = true;
    const auto n = static_cast<std::int64_t>(value.size());
    if (n < schema["minItems"].integer(0)) fine = complain(out, path, "has too few elements");
    if (n > schema["maxItems"].integer(INT64_MAX)) fine = complain(out, path, "has too many elements");
    const View items = schema["items"];
    if (!items) return fine;
    std::int64_t i = 0;
    for (View element : value) {
      if (!fine && out == nullptr) return false;
      fine &= whole(items, element, {&path, path.name, i++}, out);
    }
    return fine;
  }

  bool object(View schema, View value, const Path& path, Problems* out, Seen& seen) const {
    bool fine = true;
    const View properties = schema["properties"];
    for (View name : schema["required"])
      if (value[name.str()].node == nullptr && !owner_.lenient_.optional.contains(name.str())) {
        fine = complain(out, {&path, name.str()}, "is missing");
        if (out == nullptr) return false;
      }
    const View others = schema["additionalProperties"];
    const bool closed = others.is(OC_JSON_BOOL) && !others.truth();
    const bool is_map = others.is(OC_JSON_OBJECT) || others.truth();
    const bool names_members =
        properties.size() != 0 || schema["allOf"].size() + schema["anyOf"].size() + schema["oneOf"].size() != 0;
    for (View member : value) {
      const Path at{&path, member.key()};
      if (View rule = properties[member.key()]; rule.node != nullptr) {
        seen.push_back(member.node);
        fine &= whole(rule, member, at, out);
      } else if (closed) {
        seen.push_back(member.node);
        if (!owner_.newer_.knows_member(member.key())) fine = complain(out, at, "is not allowed here");
      } else if (is_map || !names_members) {
        seen.push_back(member.node);
        if (others.is(OC_JSON_OBJECT)) fine &= whole(others, member, at, out);
      }
      if (!fine && out == nullptr) return false;
    }
    return fine;
  }

  // Could the value be meant as this form? By its type and by the words that name the form.
  bool meant(View form, View value) const {
    form = resolved(form);
    if (View type = form["type"]; type.is(OC_JSON_STRING) && !has_type(value, type.str())) return false;
    if (!value.is(OC_JSON_OBJECT)) return true;
    for (View rule : form["properties"]) {
      const View word = only_word(resolved(rule));
      const View member = value[rule.key()];
      if (word && member && !same(word, member)) return false;
    }
    for (View part : form["allOf"])
      if (!meant(part, value)) return false;
    for (const auto union_of : {"anyOf", "oneOf"}) {
      bool any_meant = form[union_of].size() == 0;
      for (View inner : form[union_of]) any_meant = any_meant || meant(inner, value);
      if (!any_meant) return false;
    }
    return true;
  }

  bool any(View forms, View value, const Path& path, Problems* out, Seen& seen) const {
    bool fits = false;
    std::vector<View> candidates;
    for (View form : forms) {
      if (!meant(form, value)) continue;
      Seen by_this;
      if (in_place(form, value, path, nullptr, by_this)) {
        fits = true;
        seen.insert(seen.end(), by_this.begin(), by_this.end());
      }
      candidates.push_back(form);
    }
    if (fits) return true;
    if (candidates.empty() && value.is(OC_JSON_OBJECT) && owner_.newer_.knows_word("type", value["type"].str())) {
      for (View member : value) seen.push_back(member.node);
      return true;  // a kind that is newer than the specification
    }
    if (out == nullptr) return false;
    if (candidates.empty()) return complain(out, path, "is none of the forms allowed here: " + shortened(value.raw()));
    in_place(candidates.front(), value, path, out, seen);
    if (candidates.size() > 1)
      complain(out, path, "nor fits " + std::to_string(candidates.size() - 1) + " other forms");
    return false;
  }

  const JsonSchema& owner_;
  Unknown unknown_;
};

JsonSchema::JsonSchema(std::string openapi, Inventory newer, Leniency lenient)
    : document_(std::move(openapi)), newer_(std::move(newer)), lenient_(std::move(lenient)) {
  for (View schema : document_.root["components"]["schemas"]) schemas_[schema.key()] = schema;
}

JsonSchema::~JsonSchema() {
  for (auto& [text, regex] : patterns_)
    if (regex != nullptr) regfree(regex.get());
}

const regex_t* JsonSchema::pattern(std::string_view text) const {
  const auto found = patterns_.find(text);
  if (found != patterns_.end()) return found->second.get();
  auto made = std::make_unique<regex_t>();
  if (regcomp(made.get(), std::string(text).c_str(), REG_EXTENDED | REG_NOSUB) != 0) made.reset();
  return (patterns_[std::string(text)] = std::move(made)).get();
}

Problems JsonSchema::check(std::string_view schema, View value, Unknown unknown) const {
  const auto found = schemas_.find(schema);
  if (found == schemas_.end()) return {"the specification has no schema " + std::string(schema)};
  if (value.node == nullptr) return {"is not JSON"};
  Problems out;
  Checker(*this, unknown).whole(found->second, value, {nullptr, "$"}, &out);
  return out;
}

}  // namespace onechat::conformance
