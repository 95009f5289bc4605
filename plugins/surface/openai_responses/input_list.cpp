#include "input_list.hpp"

#include "common/headers.hpp"

namespace onechat::openai_responses {
namespace {

bool is_reference(oc::Json item) {
  const oc::Json type = item["type"], id = item["id"];
  return id.is_string() && (type.str() == "item_reference" || (type.absent_or_null() && item["role"].absent_or_null()));
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto from = text.find_first_not_of(kSpace);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kSpace) - from + 1);
}

oc::Json item_with_id(oc::Json items, std::string_view id) {
  for (const oc::Json item : items)
    if (item["id"].str() == id) return item;
  return {};
}

}  // namespace

std::string_view input_elements(const oc::Call& call, oc::Json input) {
  if (input.is_string()) return call.concat({R"({"type":"message","role":"user","content":)", input.raw(), "}"});
  if (!input.is_array()) return {};
  const auto raw = input.raw();
  return trimmed(raw.substr(1, raw.size() - 2));
}

std::string_view joined(const oc::Call& call, std::string_view elements, std::string_view more) {
  if (elements.empty() || more.empty()) return elements.empty() ? more : elements;
  return call.concat({elements, ",", more});
}

std::string_view item_id(const oc::Call& call, std::string_view prefix, std::string_view response_id,
                         std::uint64_t index) {
  const auto underscore = response_id.find('_');
  return call.concat({prefix, response_id.substr(underscore + 1), "x", dialect::Digits(index).view()});
}

std::string_view referred_response(const oc::Call& call, oc::Json input) {
  std::string_view last;
  for (const oc::Json item : input) {
    if (!is_reference(item)) continue;
    const auto id = item["id"].str();
    const auto begin = id.find('_'), end = id.rfind('x');
    if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) continue;
    const auto inner = id.substr(begin + 1, end - begin - 1);
    if (inner.substr(0, kMark.size()) == kMark) last = inner;
  }
  return last.empty() ? last : call.concat({"resp_", last});
}

std::string_view resolved(const oc::Call& call, std::string_view elements, oc::Json kept_items, bool leave_out) {
  const oc::Json own = call.parse(call.concat({"[", elements, "]"}));
  bool any = false;
  for (const oc::Json item : own) any = any || is_reference(item);
  if (!any) return elements;
  const auto whole = call.json([&](oc::Writer w) {
    w.array();
    for (const oc::Json item : own) {
      const oc::Json meant = is_reference(item) ? item_with_id(kept_items, item["id"].str()) : oc::Json();
      if (!meant)
        w.raw(item.raw());
      else if (!leave_out)
        w.raw(meant.raw());
    }
    w.close();
  });
  return whole.substr(1, whole.size() - 2);
}

}  // namespace onechat::openai_responses
