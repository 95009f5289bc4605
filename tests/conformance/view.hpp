// Reading parsed JSON in tests: paths can be chained, what is not there is nothing. Independent of the SDK's own view.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "json/json.hpp"

namespace onechat::conformance {

struct View {
  const oc_json* node = nullptr;

  explicit operator bool() const { return node != nullptr && node->type != OC_JSON_NULL; }
  bool is(std::uint32_t type) const { return node != nullptr && node->type == type; }
  View operator[](std::string_view key) const { return {is(OC_JSON_OBJECT) ? json::get(node, key) : nullptr}; }
  View at(std::size_t i) const {
    const oc_json* e = is(OC_JSON_ARRAY) ? node->first : nullptr;
    while (e != nullptr && i-- > 0) e = e->next;
    return {e};
  }
  std::string_view str() const { return is(OC_JSON_STRING) ? node->text : std::string_view(); }
  std::string_view raw() const { return node != nullptr ? node->raw : std::string_view(); }
  std::int64_t integer(std::int64_t otherwise = 0) const { return json::integer(node, otherwise); }
  bool truth() const { return is(OC_JSON_BOOL) && node->raw == "true"; }
  std::size_t size() const { return is(OC_JSON_ARRAY) || is(OC_JSON_OBJECT) ? node->size : 0; }
  std::string_view key() const { return node->key; }

  struct Iterator {
    const oc_json* node;
    View operator*() const { return {node}; }
    Iterator& operator++() { return node = node->next, *this; }
    bool operator!=(const Iterator& other) const { return node != other.node; }
  };
  Iterator begin() const { return {size() != 0 ? node->first : nullptr}; }
  Iterator end() const { return {nullptr}; }
};

// Text with the values that point into it. Not to be copied.
struct Document {
  explicit Document(std::string source) : text(std::move(source)), root{json::parse(arena, text)} {}
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;

  std::string text;
  Arena arena;
  View root;  // nothing when the text is not JSON
};

// A complaint of a validator: where, and what is wrong there.
using Problems = std::vector<std::string>;

inline std::string joined(const Problems& problems, std::size_t most = 5) {
  std::string out;
  for (std::size_t i = 0; i < problems.size() && i < most; ++i) out += "\n  " + problems[i];
  if (problems.size() > most) out += "\n  and " + std::to_string(problems.size() - most) + " more";
  return out;
}

inline std::string shortened(std::string_view text, std::size_t most = 120) {
  return text.size() <= most ? std::string(text) : std::string(text.substr(0, most)) + "...";
}

// Without white space: dialects join pieces of text in different ways.
inline std::string squeezed(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c != ' ' && c != '\n' && c != '\r' && c != '\t') out += c;
  return out;
}

}  // namespace onechat::conformance
