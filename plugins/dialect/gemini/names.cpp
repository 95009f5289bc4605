#include "gemini/names.hpp"

#include <algorithm>

namespace onechat::gemini {

bool spells(std::string_view key, std::string_view camel) noexcept {
  std::size_t at = 0;
  for (const char c : camel) {
    if (at == key.size()) return false;
    if (key[at] == '_' && c >= 'A' && c <= 'Z') {
      if (++at == key.size() || key[at] != static_cast<char>(c - 'A' + 'a')) return false;
    } else if (key[at] != c) {
      return false;
    }
    ++at;
  }
  return at == key.size();
}

oc::Json member(oc::Json object, std::string_view camel) {
  oc::Json found;
  if (object.is_object())
    for (const oc::Json m : object)
      if (spells(m.key(), camel)) found = m;
  return found;
}

std::string_view extra_members(const oc::Call& call, oc::Json object,
                               std::initializer_list<std::string_view> modelled) {
  if (!object.is_object()) return {};
  const auto extra = [&](oc::Json m) {
    return std::none_of(modelled.begin(), modelled.end(), [&](std::string_view name) { return spells(m.key(), name); });
  };
  bool any = false;
  for (const oc::Json m : object) any = any || extra(m);
  if (!any) return {};
  return call.json([&](oc::Writer& w) {
    w.object();
    for (const oc::Json m : object)
      if (extra(m)) w.key(m.key()).raw(m.raw());
    w.close();
  });
}

std::string_view named_twice(oc::Json object, std::initializer_list<std::string_view> names) {
  if (!object.is_object()) return {};
  for (const std::string_view name : names) {
    int n = 0;
    for (const oc::Json m : object) n += spells(m.key(), name) ? 1 : 0;
    if (n > 1) return name;
  }
  return {};
}

}  // namespace onechat::gemini
