// Any bytes: the parser refuses them or gives a tree whose pieces lie in the text, and what the writer makes of a string
// reads back as that string.
#include <cstdlib>

#include "json/json.hpp"

namespace {

void check(const oc_json* v, std::string_view text) {
  if (v->raw.data() < text.data() || v->raw.data() + v->raw.size() > text.data() + text.size() || v->raw.empty()) std::abort();
  std::uint32_t n = 0;
  for (const oc_json* m = v->first; m != nullptr; m = m->next, ++n) check(m, v->raw);
  if (n != v->size) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  onechat::Arena arena;
  const oc_json* v = onechat::json::parse(arena, text);
  if (v == nullptr) return 0;
  check(v, text);
  if (v->type != OC_JSON_STRING) return 0;
  std::string written;
  onechat::json::append_string(written, v->text);
  const oc_json* again = onechat::json::parse(arena, written);
  if (again == nullptr || again->text != v->text) std::abort();
  return 0;
}
