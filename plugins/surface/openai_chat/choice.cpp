#include "choice.hpp"

namespace onechat::openai_chat {

ToolCall& Choice::add_tool(const oc::Call& keep, std::uint32_t part) {
  auto* made = keep.make<ToolCall>();
  made->part = part;
  made->index = n_tools++;
  (last_tool != nullptr ? last_tool->next : tools) = made;
  last_tool = made;
  return *made;
}

ToolCall* Choice::tool(std::uint32_t part) {
  if (last_tool != nullptr && last_tool->part == part) return last_tool;
  for (ToolCall* t = tools; t != nullptr; t = t->next)
    if (t->part == part) return t;
  return nullptr;
}

ReasoningPart& Choice::reasoning_of(const oc::Call& keep, std::uint32_t part) {
  if (last_reasoning != nullptr && last_reasoning->part == part) return *last_reasoning;
  for (ReasoningPart* r = reasoning; r != nullptr; r = r->next)
    if (r->part == part) return *r;
  auto* made = keep.make<ReasoningPart>();
  made->part = part;
  (last_reasoning != nullptr ? last_reasoning->next : reasoning) = made;
  last_reasoning = made;
  return *made;
}

void Choice::count_text(std::uint32_t part, std::string_view text) {
  if (!has_text || text_part != part) chars_before = chars_now;
  has_text = true;
  text_part = part;
  for (const char c : text)
    if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) ++chars_now;
}

std::string_view Choice::all_reasoning(const oc::Call& keep) const {
  std::string_view all;
  for (const ReasoningPart* r = reasoning; r != nullptr; r = r->next)
    if (!r->text.empty()) all = all.empty() ? r->text.joined(keep) : keep.concat({all, r->text.joined(keep)});
  return all;
}

}  // namespace onechat::openai_chat
