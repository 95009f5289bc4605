#include "conversation/state_memory.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "json/json.hpp"

namespace onechat::conversation {
namespace {

bool has_state(const oc_turn& turn) {
  return std::any_of(turn.parts, turn.parts + turn.n_parts, [](const oc_part* p) { return p->opaque.len != 0; });
}

const oc_part* first_call(const oc_turn& turn) {
  if (turn.role != OC_ROLE_ASSISTANT) return nullptr;
  const auto end = turn.parts + turn.n_parts;
  const auto found =
      std::find_if(turn.parts, end, [](const oc_part* p) { return p->type == OC_PART_TOOL_CALL && p->tool_id.len != 0; });
  return found != end ? *found : nullptr;
}

oc_str member(const oc_json* object, std::string_view name) {
  const oc_json* v = json::get(object, name);
  return v != nullptr && v->type == OC_JSON_STRING ? str(v->text) : oc_str{};
}

// The turn with its state: kept reasoning first, in place of reasoning without state, and the calls with theirs.
const oc_turn* restored(Arena& arena, const oc_turn& turn, const oc_json* kept, std::uint64_t& bytes) {
  const oc_json* reasoning = json::get(kept, "reasoning");
  const oc_json* calls = json::get(kept, "calls");
  auto parts = arena.make_array<const oc_part*>(turn.n_parts + (reasoning != nullptr ? reasoning->size : 0));
  std::uint64_t n = 0;
  for (const oc_json* r = reasoning != nullptr ? reasoning->first : nullptr; r != nullptr; r = r->next) {
    if (r->type != OC_JSON_OBJECT) continue;
    auto* p = arena.make_sized<oc_part>();
    p->type = OC_PART_REASONING;
    p->text = member(r, "text");
    p->opaque = member(r, "opaque");
    p->opaque_origin = member(r, "origin");
    if (json::get(r, "summary") != nullptr) p->flags |= OC_PARTF_SUMMARY;
    bytes += p->text.len + p->opaque.len;
    parts[n++] = p;
  }
  const bool replaces = n != 0;
  for (std::uint64_t i = 0; i < turn.n_parts; ++i) {
    const oc_part* p = turn.parts[i];
    if (replaces && p->type == OC_PART_REASONING) continue;
    if (p->type == OC_PART_TOOL_CALL) {
      for (const oc_json* c = calls != nullptr ? calls->first : nullptr; c != nullptr; c = c->next) {
        if (view(member(c, "id")) != view(p->tool_id)) continue;
        auto* with = arena.make<oc_part>();
        *with = *p;
        with->opaque = member(c, "opaque");
        with->opaque_origin = member(c, "origin");
        bytes += with->opaque.len;
        p = with;
        break;
      }
    }
    parts[n++] = p;
  }
  auto* out = arena.make<oc_turn>();
  *out = turn;
  out->parts = parts.data();
  out->n_parts = n;
  return out;
}

}  // namespace

StateCollector::Part* StateCollector::find(std::uint32_t index) {
  for (auto p = parts_.rbegin(); p != parts_.rend(); ++p)
    if (p->index == index) return &*p;
  return nullptr;
}

void StateCollector::add(const oc_event& e) {
  if (e.choice != 0 || overflow_) return;
  switch (e.type) {
    case OC_EV_REASONING:
    case OC_EV_STATE: {
      Part* p = find(e.index);
      if (p == nullptr) {
        parts_.push_back({e.index, OC_PART_REASONING, (e.flags & OC_EVF_SUMMARY) != 0, {}, {}, {}, {}});
        p = &parts_.back();
      }
      if (e.type == OC_EV_REASONING) {
        p->text += view(e.text);
      } else {
        has_state_ = true;
        p->opaque += view(e.opaque);
        p->origin = view(e.opaque_origin);
      }
      bytes_ += e.text.len + e.opaque.len;
      break;
    }
    case OC_EV_TOOL_BEGIN:
      parts_.push_back({e.index, OC_PART_TOOL_CALL, false, {}, {}, {}, std::string(view(e.tool_id))});
      bytes_ += e.tool_id.len;
      break;
    default: return;
  }
  if (bytes_ <= kStateBytesMax) return;
  clear();
  overflow_ = true;
}

void StateCollector::clear() { *this = StateCollector(); }

std::string_view StateCollector::key() const {
  if (!has_state_) return {};
  for (const Part& p : parts_)
    if (p.type == OC_PART_TOOL_CALL && !p.tool_id.empty()) return p.tool_id;
  return {};
}

std::string StateCollector::json() const {
  std::string out;
  oc_jsonw w(&out);
  w.object().key("reasoning").array();
  for (const Part& p : parts_) {
    if (p.type != OC_PART_REASONING || (p.opaque.empty() && p.text.empty())) continue;
    w.object().key("text").string(p.text).key("opaque").string(p.opaque).key("origin").string(p.origin);
    if (p.summary) w.key("summary").boolean(true);
    w.close();
  }
  w.close().key("calls").array();
  for (const Part& p : parts_)
    if (p.type == OC_PART_TOOL_CALL && !p.opaque.empty())
      w.object().key("id").string(p.tool_id).key("opaque").string(p.opaque).key("origin").string(p.origin).close();
  w.close().close();
  return out;
}

std::vector<std::string> missing_state(const oc_request& request) {
  std::vector<std::string> keys;
  for (std::uint64_t i = 0; i < request.n_turns; ++i) {
    const oc_part* call = first_call(*request.turns[i]);
    if (call == nullptr || has_state(*request.turns[i])) continue;
    const std::string_view id = view(call->tool_id);
    if (std::find(keys.begin(), keys.end(), id) == keys.end()) keys.emplace_back(id);
  }
  return keys;
}

const oc_request* with_state(Arena& arena, const oc_request& request, const std::vector<KeptState>& kept) {
  auto turns = arena.make_array<const oc_turn*>(request.n_turns);
  std::uint64_t bytes = 0;
  for (std::uint64_t i = 0; i < request.n_turns; ++i) {
    turns[i] = request.turns[i];
    const oc_part* call = first_call(*turns[i]);
    if (call == nullptr || has_state(*turns[i])) continue;
    const auto found =
        std::find_if(kept.begin(), kept.end(), [&](const KeptState& k) { return k.key == view(call->tool_id); });
    if (found == kept.end()) continue;
    const oc_json* state = json::parse(arena, arena.copy(found->json));
    if (state != nullptr && state->type == OC_JSON_OBJECT) turns[i] = restored(arena, *turns[i], state, bytes);
  }
  auto* out = arena.make<oc_request>();
  *out = request;
  out->turns = turns.data();
  out->input_bytes += bytes;
  return out;
}

}  // namespace onechat::conversation
