#include "tool_links.hpp"

#include "common/headers.hpp"
#include "common/ids.hpp"

namespace onechat::openai_chat {
namespace {

constexpr std::size_t kIdMax = 40;  // OpenAI refuses longer ones
constexpr std::size_t kNine = 9;

bool is_nine(std::string_view id) {
  if (id.size() != kNine) return false;
  for (const char c : id)
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))) return false;
  return true;
}

}  // namespace

ToolLinks::ToolLinks(const oc::Call& call, const oc_request& request, ToolIds form, bool verbatim)
    : call_(call), form_(form), verbatim_(verbatim) {
  std::uint64_t parts = 0;
  first_ = call.array<std::uint64_t>(request.n_turns);
  for (std::uint64_t t = 0; t < request.n_turns; ++t) {
    first_[t] = parts;
    parts += request.turns[t]->n_parts;
  }
  ids_ = call.array<std::string_view>(parts);
  written_ = call.array<bool>(parts);
  for (std::uint64_t t = 0; t < request.n_turns; ++t) {
    for (std::uint64_t i = 0; i < request.turns[t]->n_parts; ++i) {
      const oc_part& p = *request.turns[t]->parts[i];
      const bool calls = p.type == OC_PART_TOOL_CALL;
      if (!calls && p.type != OC_PART_TOOL_RESULT) continue;
      ids_[first_[t] + i] = p.tool_id.len != 0 ? respelled(oc::view(p.tool_id)) : calls ? made_for_call(p) : taken_by_result(p);
    }
  }
}

std::string_view ToolLinks::respelled(std::string_view id) const {
  if (verbatim_) return id;
  if (form_ == ToolIds::nine) {
    if (is_nine(id)) return id;
    // The mark makes any id one that has to be respelled; the hash stands behind the prefix.
    return dialect::portable_tool_id(call_, call_.concat({id, "!"})).substr(sizeof("call_") - 1, kNine);
  }
  const auto portable = dialect::portable_tool_id(call_, id);
  return portable.size() <= kIdMax ? portable : dialect::portable_tool_id(call_, call_.concat({id, "!"}));
}

std::string_view ToolLinks::made_for_call(const oc_part& p) {
  auto* w = call_.make<Waiting>();
  w->name = oc::view(p.tool_name);
  w->id = call_.concat({"call_made_", dialect::Digits(made_++).view()});
  if (form_ == ToolIds::nine) w->id = respelled(w->id);
  (last_ != nullptr ? last_->next : waiting_) = w;
  last_ = w;
  return w->id;
}

std::string_view ToolLinks::taken_by_result(const oc_part& p) {
  const auto name = oc::view(p.tool_name);
  for (const bool by_name : {true, false}) {
    if (by_name && name.empty()) continue;
    for (Waiting* w = waiting_; w != nullptr; w = w->next) {
      if (w->answered || (by_name && w->name != name)) continue;
      w->answered = true;
      return w->id;
    }
  }
  return "call_unknown";
}

}  // namespace onechat::openai_chat
