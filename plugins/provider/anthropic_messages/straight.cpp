#include "straight.hpp"

#include <algorithm>

#include "anthropic_messages/thinking_state.hpp"
#include "common/members.hpp"
#include "common/state_token.hpp"
#include "conversation.hpp"

namespace onechat::anthropic_messages {
namespace {

const oc_anchor* find(const oc_request& request, std::string_view name) {
  for (std::uint64_t i = 0; i < request.n_anchors; ++i)
    if (oc::view(request.anchors[i].name) == name) return &request.anchors[i];
  return nullptr;
}

// Cuts elements out of arrays and members out of objects, each with one comma.
class Cutter {
 public:
  Cutter(std::string_view raw, std::vector<oc_splice>& splices) : raw_(raw), splices_(splices) {}

  // `cut(child)` says which go. Returns how many stay.
  template <class Cut>
  std::size_t cut(oc::Json parent, Cut&& cut) {
    std::size_t kept = 0;
    const char* last_end = nullptr;  // of the child before, kept or cut
    const char* open_from = nullptr;  // cut children with nothing kept before them end where the next one begins
    for (const oc::Json child : parent) {
      const char *const from = begin_of(child), *const to = child.raw().data() + child.raw().size();
      if (from == nullptr) return ok_ = false, 0;
      if (open_from != nullptr) add(open_from, from);
      open_from = nullptr;
      if (!cut(child))
        ++kept;
      else if (kept != 0)
        add(last_end, to);
      else
        open_from = from;
      last_end = to;
    }
    if (open_from != nullptr) add(open_from, last_end);
    return kept;
  }
  bool ok() const { return ok_; }

 private:
  // Where a child begins, with its name; nullptr: its name has escapes and was decoded elsewhere.
  const char* begin_of(oc::Json child) const {
    const auto key = child.key();
    if (key.data() == nullptr) return child.raw().data();
    const bool inside = key.data() > raw_.data() && key.data() < child.raw().data() && key.data()[-1] == '"';
    return inside ? key.data() - 1 : nullptr;
  }
  void add(const char* from, const char* to) {
    splices_.push_back({static_cast<std::uint64_t>(from - raw_.data()), static_cast<std::uint64_t>(to - from), {}});
  }

  std::string_view raw_;
  std::vector<oc_splice>& splices_;
  bool ok_ = true;
};

class Editor {
 public:
  Editor(const oc::Call& call, const Settings& settings, const oc_request& request, const Plan& plan, Drops& drops)
      : call_(call), settings_(settings), request_(request), plan_(plan), drops_(drops),
        replay_{oc::view(request.model), settings.replay_unsigned} {}

  bool edit(std::vector<oc_splice>& splices) {
    const oc::Json root = call_.parse(oc::view(request_.raw));
    if (!root.is_object()) return false;
    Cutter cutter(oc::view(request_.raw), splices);
    cutter.cut(root, [this](oc::Json m) { return unwanted(m); });
    std::vector<oc::Json> empty;
    for (const oc::Json message : root["messages"])
      if (loses_all(message)) empty.push_back(message);
    cutter.cut(root["messages"], [&](oc::Json message) {
      return std::any_of(empty.begin(), empty.end(), [&](oc::Json e) { return e.raw().data() == message.raw().data(); });
    });
    for (const oc::Json message : root["messages"])
      if (!loses_all(message) && message["content"].is_array())
        cutter.cut(message["content"], [this](oc::Json block) { return foreign(block); });
    return cutter.ok();
  }

 private:
  bool unwanted(oc::Json member) {
    const auto name = member.key();
    const bool sampling = (name == "temperature" && !plan_.temperature) || (name == "top_p" && !plan_.top_p) ||
                          (name == "top_k" && !plan_.top_k);
    if (sampling && !member.absent_or_null()) return true;  // the plan has noted it
    if (name == "thinking" && plan_.thinking == Plan::Thinking::unsaid && (request_.set_mask & OC_SET_REASONING_BUDGET) != 0)
      return true;
    if (settings_.takes_member(name)) return false;
    drops_.add(call_.copy(name));
    return true;
  }

  // Is it thinking that the target's model would not know again?
  bool foreign(oc::Json block) const {
    const auto type = block["type"].str();
    const bool redacted = type == "redacted_thinking";
    if (!redacted && type != "thinking") return false;
    SlotState slot;
    if (redacted)
      slot = from_redacted_slot(call_, block["data"].str());
    else
      slot.state = dialect::from_slot(call_, kDialectName, block["signature"].str());
    return slot.of_previous || !replay_.takes(slot.state.opaque, slot.state.origin);
  }

  bool loses_all(oc::Json message) const {
    const oc::Json content = message["content"];
    if (!content.is_array() || content.size() == 0) return false;
    for (const oc::Json block : content)
      if (!foreign(block)) return false;
    return true;
  }

  const oc::Call& call_;
  const Settings& settings_;
  const oc_request& request_;
  const Plan& plan_;
  Drops& drops_;
  const Replay replay_;
};

bool loses_sampling(const oc_request& r, const Plan& p) {
  const auto set = [&](std::uint64_t bit) { return (r.set_mask & bit) != 0; };
  return (set(OC_SET_TEMPERATURE) && !p.temperature) || (set(OC_SET_TOP_P) && !p.top_p) || (set(OC_SET_TOP_K) && !p.top_k);
}

}  // namespace

StraightEdits edit_request(const oc::Call& call, const Settings& settings, const oc_request& request, const Plan& plan,
                           Drops& drops) {
  StraightEdits edits;
  const oc_anchor *model = find(request, "model"), *object = find(request, "object");
  if (model == nullptr || object == nullptr || model->length < 2) return edits;
  if (plan.format == Plan::Format::tool) return edits;
  const auto written = oc::view(request.raw).substr(model->offset + 1, model->length - 2);
  if (written != oc::view(request.model))
    edits.splices.push_back({model->offset, model->length, oc::str(dialect::quoted(call, oc::view(request.model)))});
  const bool stops_thinking = (request.set_mask & OC_SET_REASONING_BUDGET) != 0 && plan.thinking == Plan::Thinking::unsaid;
  edits.possible = true;
  if (settings.limited || stops_thinking || loses_sampling(request, plan) || has_foreign_state(request, {oc::view(request.model), settings.replay_unsigned}))
    edits.possible = Editor(call, settings, request, plan, drops).edit(edits.splices);
  std::sort(edits.splices.begin(), edits.splices.end(),
            [](const oc_splice& a, const oc_splice& b) { return a.offset < b.offset; });
  return edits;
}

}  // namespace onechat::anthropic_messages
