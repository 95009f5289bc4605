#include "conversation.hpp"

#include <algorithm>

#include "anthropic_messages/thinking_state.hpp"
#include "anthropic_messages/version.hpp"
#include "common/headers.hpp"
#include "common/rope.hpp"
#include "common/state_token.hpp"

namespace onechat::anthropic_messages {
namespace {

bool is_instruction(const oc_turn& t) { return t.role == OC_ROLE_SYSTEM || t.role == OC_ROLE_DEVELOPER; }

bool only_text(const oc_turn& t) {
  return std::all_of(t.parts, t.parts + t.n_parts, [](const oc_part* p) { return p->type == OC_PART_TEXT; });
}

template <class Visit>
void each_part(const oc_request& r, Visit&& visit) {
  for (std::uint64_t t = 0; t < r.n_turns; ++t)
    for (std::uint64_t i = 0; i < r.turns[t]->n_parts; ++i) visit(*r.turns[t], *r.turns[t]->parts[i]);
}

class Builder {
 public:
  Builder(const oc::Call& call, const oc_request& request, const Replay& replay)
      : call_(call), request_(request), replay_(replay), own_(oc::view(request.dialect) == kDialectName) {}

  Conversation build() {
    std::uint64_t t = 0;
    for (; t < request_.n_turns && is_instruction(*request_.turns[t]) && only_text(*request_.turns[t]); ++t)
      for (std::uint64_t i = 0; i < request_.turns[t]->n_parts; ++i)
        if (says(*request_.turns[t]->parts[i])) out_.system.push_back(request_.turns[t]->parts[i]);
    for (; t < request_.n_turns; ++t) add(*request_.turns[t]);
    drop_pieces();
    // What only the client's own API knows is never written, only told as dropped: it makes no message of its own.
    if (!out_.messages.empty()) {
      auto& last = out_.messages.back().parts;
      last.insert(last.end(), foreign_.begin(), foreign_.end());
    }
    if (!own_)
      for (std::size_t m = 0; m < out_.messages.size(); ++m)
        out_.messages[m].role == OC_ROLE_USER ? results_first(m) : thinking_first(out_.messages[m]);
    return std::move(out_);
  }

 private:
  std::uint32_t role_of(const oc_turn& t) const {
    if (t.role == OC_ROLE_ASSISTANT) return OC_ROLE_ASSISTANT;
    return own_ && is_instruction(t) ? std::uint32_t(OC_ROLE_SYSTEM) : std::uint32_t(OC_ROLE_USER);
  }

  bool says(const oc_part& p) const {
    if (p.type == OC_PART_TEXT || p.type == OC_PART_REFUSAL) return p.text.len != 0;  // the API refuses empty texts
    return replay_.takes(p);
  }

  void add(const oc_turn& turn) {
    if (turn.role != OC_ROLE_ASSISTANT) drop_pieces();
    Message* to = nullptr;
    for (std::uint64_t i = 0; i < turn.n_parts; ++i) {
      const oc_part* p = turn.parts[i];
      if (!own_ && p->type == OC_PART_OPAQUE) {
        foreign_.push_back(p);
        continue;
      }
      if (!own_ && p->type == OC_PART_REASONING && p->opaque.len == 0) {
        pieces_.push_back(p);
        pieces_of_ = &turn;
        continue;
      }
      const bool is_their_end = p->type == OC_PART_REASONING && replay_.takes(*p) && !redacted_data(oc::view(p->opaque));
      if (!pieces_.empty() && is_their_end) p = joined(p);
      drop_pieces();
      if (!says(*p)) continue;
      if (to == nullptr) to = &message_for(turn);
      to->parts.push_back(with_id(p));
    }
  }

  // Streams of other dialects tell one thinking in parts of its text, with the signature on the last.
  const oc_part* joined(const oc_part* last) {
    pieces_.push_back(last);
    dialect::Rope text{};
    for (const oc_part* p : pieces_) text.append(call_, oc::view(p->text));
    auto* whole = call_.make<oc_part>();
    *whole = *last;
    whole->text = oc::str(text.joined(call_));
    pieces_.clear();
    return whole;
  }

  // No signature came: what was unsigned goes the way of unsigned thinking.
  void drop_pieces() {
    for (const oc_part* p : pieces_)
      if (says(*p)) message_for(*pieces_of_).parts.push_back(p);
    pieces_.clear();
  }

  Message& message_for(const oc_turn& turn) {
    const std::uint32_t role = role_of(turn);
    if (own_ || out_.messages.empty() || out_.messages.back().role != role)
      out_.messages.push_back({role, {}, own_ ? turn.ext_json : oc_str{}});
    return out_.messages.back();
  }

  // Calls of dialects that need no ids pair up with their results by order.
  const oc_part* with_id(const oc_part* p) {
    const bool call = p->type == OC_PART_TOOL_CALL;
    if (p->tool_id.len != 0 || (!call && p->type != OC_PART_TOOL_RESULT)) return p;
    const dialect::Digits n(call ? ++calls_ : ++results_);
    auto* named = call_.make<oc_part>();
    *named = *p;
    named->tool_id = oc::str(call_.concat({"call_unnamed_", n.view()}));
    return named;
  }

  void results_first(std::size_t at) {
    Message& m = out_.messages[at];
    const Message* calls = at != 0 ? &out_.messages[at - 1] : nullptr;
    const auto rank = [calls](const oc_part* p) -> std::size_t {
      if (p->type != OC_PART_TOOL_RESULT) return SIZE_MAX;
      for (std::size_t i = 0; calls != nullptr && i < calls->parts.size(); ++i)
        if (calls->parts[i]->type == OC_PART_TOOL_CALL && oc::view(calls->parts[i]->tool_id) == oc::view(p->tool_id)) return i;
      return SIZE_MAX - 1;
    };
    std::stable_sort(m.parts.begin(), m.parts.end(), [&](const oc_part* a, const oc_part* b) { return rank(a) < rank(b); });
  }

  // Where it was kept apart from the text it came with, nobody knows any more which was first; the API wants thinking.
  static void thinking_first(Message& m) {
    const auto is_thinking = [](const oc_part* p) { return p->type == OC_PART_REASONING; };
    const auto from = std::find_if(m.parts.begin(), m.parts.end(), is_thinking);
    const auto to = std::find_if_not(from, m.parts.end(), is_thinking);
    const auto is_call = [](const oc_part* p) { return p->type == OC_PART_TOOL_CALL; };
    if (std::none_of(m.parts.begin(), from, is_call)) std::rotate(m.parts.begin(), from, to);
  }

  const oc::Call& call_;
  const oc_request& request_;
  const Replay& replay_;
  const bool own_;
  Conversation out_;
  std::vector<const oc_part*> foreign_;
  std::vector<const oc_part*> pieces_;  // of thinking whose signature is still to come
  const oc_turn* pieces_of_ = nullptr;
  std::uint64_t calls_ = 0, results_ = 0;
};

}  // namespace

bool Replay::takes(std::string_view opaque, std::string_view origin) const {
  return opaque.empty() ? unsigned_too : dialect::belongs_to(origin, kDialectName, model);
}

bool Replay::takes(const oc_part& p) const {
  if (p.type != OC_PART_REASONING) return true;
  return (p.opaque.len != 0 || p.text.len != 0) && takes(oc::view(p.opaque), oc::view(p.opaque_origin));
}

Conversation conversation_of(const oc::Call& call, const oc_request& request, const Replay& replay) {
  return Builder(call, request, replay).build();
}

bool has_foreign_state(const oc_request& request, const Replay& replay) {
  bool found = false;
  each_part(request, [&](const oc_turn&, const oc_part& p) {
    const bool foreign = p.opaque.len != 0 && !replay.takes(oc::view(p.opaque), oc::view(p.opaque_origin));
    found = found || foreign || !replay.takes(p);
  });
  return found;
}

bool loop_lacks_thinking(const oc_request& request, const Replay& replay) {
  // Of the last assistant message, which may be several turns: what it begins with, whether it calls, what follows it.
  const bool own = oc::view(request.dialect) == kDialectName;
  bool in_assistant = false, begun = false, thinks_first = false, calls = false, results = false;
  each_part(request, [&](const oc_turn& t, const oc_part& p) {
    if (t.role != OC_ROLE_ASSISTANT) {
      in_assistant = false;
      results = results || p.type == OC_PART_TOOL_RESULT;
      return;
    }
    if (!in_assistant) begun = thinks_first = calls = results = false;
    in_assistant = true;
    calls = calls || p.type == OC_PART_TOOL_CALL;
    const bool left_out = !replay.takes(p) || (p.type == OC_PART_TEXT && p.text.len == 0);
    if (begun || left_out) return;
    thinks_first = p.type == OC_PART_REASONING;
    // Of other dialects' turns the thinking goes to the front, before all but calls (conversation_of).
    begun = own || thinks_first || p.type == OC_PART_TOOL_CALL;
  });
  return calls && results && !thinks_first;
}

}  // namespace onechat::anthropic_messages
