#include "gemini/schema.hpp"

#include <algorithm>
#include <charconv>

#include "gemini/names.hpp"

namespace onechat::gemini {
namespace {

constexpr int kDepthMax = 24;    // of nested schemas, references followed
constexpr int kNodesMax = 2048;  // a schema that refers to itself twice would double with every level

template <std::size_t N>
bool one_of(std::string_view name, const std::string_view (&list)[N]) {
  return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

std::string_view lower(const oc::Call& call, std::string_view text) {
  const auto copy = call.copy(text);
  char* const at = const_cast<char*>(copy.data());  // in the arena
  for (std::size_t i = 0; i < copy.size(); ++i)
    if (at[i] >= 'A' && at[i] <= 'Z') at[i] = static_cast<char>(at[i] - 'A' + 'a');
  return copy;
}

std::string_view upper(const oc::Call& call, std::string_view text) {
  const auto copy = call.copy(text);
  char* const at = const_cast<char*>(copy.data());  // in the arena
  for (std::size_t i = 0; i < copy.size(); ++i)
    if (at[i] >= 'a' && at[i] <= 'z') at[i] = static_cast<char>(at[i] - 'a' + 'A');
  return copy;
}

// ---- from the subset

struct Renamed {
  std::string_view from, to;
};
constexpr Renamed kCounts[] = {{"maxItems", "maxItems"},           {"minItems", "minItems"},
                               {"minProperties", "minProperties"}, {"maxProperties", "maxProperties"},
                               {"minLength", "minLength"},         {"maxLength", "maxLength"}};

void widen(const oc::Call& call, oc::Writer& w, oc::Json s, int depth);

bool write_count(oc::Writer& w, oc::Json m) {
  for (const Renamed& r : kCounts) {
    if (!spells(m.key(), r.from)) continue;
    std::int64_t n = 0;
    const auto text = m.str();
    const bool number = m.is_string() && std::from_chars(text.data(), text.data() + text.size(), n).ec == std::errc();
    w.key(r.to);
    number ? w.integer(n) : w.raw(m.raw());
    return true;
  }
  return false;
}

void widen_type(const oc::Call& call, oc::Writer& w, oc::Json type, bool nullable) {
  w.key("type");
  if (!type.is_string()) {
    w.raw(type.raw());
    return;
  }
  const auto word = lower(call, type.str());
  if (nullable && word != "null")
    w.array().str(word).str("null").close();
  else
    w.str(word);
}

void widen_member(const oc::Call& call, oc::Writer& w, oc::Json m, bool nullable, int depth) {
  const auto key = m.key();
  if (key == "type") {
    widen_type(call, w, m, nullable);
  } else if (key == "items") {
    w.key(key);
    widen(call, w, m, depth);
  } else if (key == "properties" && m.is_object()) {
    w.key(key).object();
    for (const oc::Json p : m) {
      w.key(p.key());
      widen(call, w, p, depth);
    }
    w.close();
  } else if (spells(key, "anyOf") && m.is_array()) {
    w.key("anyOf").array();
    for (const oc::Json p : m) widen(call, w, p, depth);
    w.close();
  } else if (key == "nullable" || spells(key, "propertyOrdering")) {
    return;
  } else if (!write_count(w, m)) {
    w.key(key).raw(m.raw());
  }
}

void widen(const oc::Call& call, oc::Writer& w, oc::Json s, int depth) {
  if (!s.is_object() || depth > kDepthMax) {
    w.raw(s.is_object() ? std::string_view("{}") : s.raw());
    return;
  }
  const bool nullable = s["nullable"].boolean();
  w.object();
  for (const oc::Json m : s) widen_member(call, w, m, nullable, depth + 1);
  w.close();
}

// ---- into the subset

// Members whose values pass as they are.
constexpr std::string_view kKept[] = {"title",         "description",   "maxItems", "minItems",
                                      "minProperties", "maxProperties", "minimum",  "maximum",
                                      "minLength",     "maxLength",     "pattern",  "required",
                                      "default",       "example",       "nullable", "propertyOrdering"};
constexpr std::string_view kFormats[] = {"float", "double", "int32", "int64", "enum", "date-time"};

class Narrowing {
 public:
  Narrowing(const oc::Call& call, oc::Json root) : call_(call), root_(root) {}

  void schema(oc::Writer& w, oc::Json s, int depth) {
    s = followed(s);
    if (!s.is_object() || depth > kDepthMax || ++nodes_ > kNodesMax) {
      w.object().member("type", "OBJECT").close();
      return;
    }
    w.object();
    body(w, s, depth + 1, false);
    w.close();
  }

 private:
  void body(oc::Writer& w, oc::Json s, int depth, bool inside_all_of) {
    bool nullable = type(w, s);
    nullable = alternatives(w, s, depth) || nullable;
    if (const oc::Json all = s["allOf"]; all.is_array() && all.size() == 1 && !inside_all_of) {
      const oc::Json only = followed(all.first());
      if (only.is_object() && !s["type"]) body(w, only, depth + 1, true);
    }
    if (const oc::Json v = s["properties"]; v.is_object() && v.size() != 0) {
      w.key("properties").object();
      for (const oc::Json p : v) {
        w.key(p.key());
        schema(w, p, depth);
      }
      w.close();
    }
    if (const oc::Json v = s["items"]; v.is_object()) {
      w.key("items");
      schema(w, v, depth);
    } else if (s["type"].str() == "array") {
      w.key("items").object().member("type", "STRING").close();
    }
    values(w, s);
    if (const auto f = s["format"].str(); one_of(f, kFormats)) w.member("format", f);
    for (const oc::Json m : s)
      if (one_of(m.key(), kKept) && !(m.key() == "nullable" && nullable)) w.key(m.key()).raw(m.raw());
    if (nullable) w.key("nullable").boolean(true);
  }

  // One type, in capitals; a list of types is one of them that may be null, or alternatives.
  bool type(oc::Writer& w, oc::Json s) {
    const oc::Json t = s["type"];
    if (t.is_string()) {
      w.member("type", upper(call_, t.str()));
      return false;
    }
    if (!t.is_array()) {
      if (s["properties"].is_object()) w.member("type", "OBJECT");
      return false;
    }
    bool nullable = false;
    std::uint64_t others = 0;
    for (const oc::Json word : t) {
      const bool null = word.str() == "null";
      nullable = nullable || null;
      others += null ? 0 : 1;
    }
    if (others == 1) {
      for (const oc::Json word : t)
        if (word.str() != "null") w.member("type", upper(call_, word.str()));
    } else if (others > 1) {
      w.key("anyOf").array();
      for (const oc::Json word : t)
        if (word.str() != "null") w.object().member("type", upper(call_, word.str())).close();
      w.close();
    }
    return nullable;
  }

  bool alternatives(oc::Writer& w, oc::Json s, int depth) {
    const oc::Json list = s["anyOf"].is_array() ? s["anyOf"] : s["oneOf"];
    if (!list.is_array() || (s["type"].is_array() && s["type"].size() > 2)) return false;
    bool nullable = false;
    std::uint64_t others = 0;
    for (const oc::Json a : list) {
      const bool null = a["type"].str() == "null";
      nullable = nullable || null;
      others += null ? 0 : 1;
    }
    if (others == 0) return nullable;
    w.key("anyOf").array();
    for (const oc::Json a : list)
      if (a["type"].str() != "null") schema(w, a, depth);
    w.close();
    return nullable;
  }

  // Enums are strings there; one of anything else cannot be said.
  void values(oc::Writer& w, oc::Json s) {
    const oc::Json list = s["enum"], only = s["const"];
    if (only.is_string()) {
      w.key("enum").array().str(only.str()).close();
      return;
    }
    if (!list.is_array()) return;
    for (const oc::Json v : list)
      if (!v.is_string() && !v.absent_or_null()) return;
    w.key("enum").array();
    for (const oc::Json v : list)
      if (v.is_string()) w.str(v.str());
    w.close();
  }

  oc::Json followed(oc::Json s) const {
    for (int hops = 0; hops < kDepthMax && s["$ref"].is_string(); ++hops) {
      std::string_view path = s["$ref"].str();
      if (path.substr(0, 2) != "#/") return {};
      path.remove_prefix(2);
      oc::Json at = root_;
      while (!path.empty()) {
        const auto end = path.find('/');
        at = at[path.substr(0, end)];
        path = end == std::string_view::npos ? std::string_view() : path.substr(end + 1);
      }
      s = at;
    }
    return s;
  }

  const oc::Call& call_;
  oc::Json root_;
  int nodes_ = 0;
};

}  // namespace

std::string_view json_schema_of(const oc::Call& call, oc::Json subset) {
  return call.json([&](oc::Writer& w) { widen(call, w, subset, 0); });
}

std::string_view subset_of(const oc::Call& call, oc::Json json_schema) {
  return call.json([&](oc::Writer& w) { Narrowing(call, json_schema).schema(w, json_schema, 0); });
}

}  // namespace onechat::gemini
