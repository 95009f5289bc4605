#include "message_writer.hpp"

#include "common/members.hpp"
#include "common/state_token.hpp"
#include "common/tools.hpp"
#include "content_writer.hpp"
#include "openai_chat/legacy.hpp"
#include "part_name.hpp"

namespace onechat::openai_chat {
namespace {

constexpr std::string_view kDialect = "openai_chat";
constexpr std::string_view kMediaFollows = "(The result is attached to the next message.)";
constexpr std::uint64_t kLookAheadMax = 64;  // turns beyond the next answer in which a late result is looked for

bool is_media(const oc_part& p) { return p.type == OC_PART_IMAGE || p.type == OC_PART_AUDIO || p.type == OC_PART_FILE; }

}  // namespace

MessageWriter::MessageWriter(const oc::Call& call, const Settings& settings, const oc_request& request, Losses& losses,
                             oc::Writer out)
    : call_(call), settings_(settings), request_(request), losses_(losses), out_(out), own_(oc::view(request.dialect) == kDialect),
      links_(call, request, settings.tool_ids, own_) {
  std::uint64_t in_results = 0;
  for (std::uint64_t t = 0; t < request.n_turns; ++t)
    for (std::uint64_t i = 0; i < request.turns[t]->n_parts; ++i) in_results += request.turns[t]->parts[i]->n_parts;
  hoisted_ = {call.array<Ref>(in_results), 0};
}

void MessageWriter::write() {
  for (std::uint64_t t = 0; t < request_.n_turns;) {
    if (own_)
      own_turn(t++);
    else if (request_.turns[t]->role == OC_ROLE_ASSISTANT)
      t = assistant_turns(t);
    else
      other_turn(t++);
  }
  flush_hoisted();
}

void MessageWriter::own_turn(std::uint64_t t) {
  const oc_turn& turn = *request_.turns[t];
  Parts parts{call_.array<Ref>(turn.n_parts), 0};
  for (std::uint64_t i = 0; i < turn.n_parts; ++i) {
    const Ref r{turn.parts[i], t, i};
    r.part->type == OC_PART_TOOL_RESULT ? tool_message(r, turn) : parts.add(r);
  }
  if (turn.role != OC_ROLE_TOOL) message(role_name(turn.role), &turn, parts);
}

std::uint64_t MessageWriter::assistant_turns(std::uint64_t first) {
  flush_hoisted();
  std::uint64_t end = first, n = 0;
  for (; end < request_.n_turns && request_.turns[end]->role == OC_ROLE_ASSISTANT; ++end) n += request_.turns[end]->n_parts;
  Parts parts{call_.array<Ref>(n), 0};
  Parts calls{call_.array<Ref>(n), 0};
  for (std::uint64_t t = first; t < end; ++t) {
    for (std::uint64_t i = 0; i < request_.turns[t]->n_parts; ++i) {
      const Ref r{request_.turns[t]->parts[i], t, i};
      parts.add(r);
      if (r.part->type == OC_PART_TOOL_CALL) calls.add(r);
    }
  }
  if (worth_a_message(parts)) message("assistant", nullptr, parts);
  if (calls.n != 0) answers(calls, end);
  return end;
}

// An answer of which nothing is left, such as another model's reasoning alone, would be refused as an empty message.
bool MessageWriter::worth_a_message(const Parts& parts) const {
  for (const Ref& r : parts) {
    switch (r.part->type) {
      case OC_PART_TOOL_CALL: return true;
      case OC_PART_TEXT:
      case OC_PART_REFUSAL:
        if (r.part->text.len != 0) return true;
        break;
      case OC_PART_REASONING:
        if (belongs(*r.part) || (r.part->text.len != 0 && !settings_.reasoning_field.empty())) return true;
        break;
      default: break;
    }
  }
  return false;
}

// Results stand in the turns up to the next answer; those of calls that are still open may come later.
void MessageWriter::answers(const Parts& calls, std::uint64_t from) {
  std::uint64_t answered = 0, next_answer = request_.n_turns;
  for (std::uint64_t t = from; t < request_.n_turns; ++t) {
    const oc_turn& turn = *request_.turns[t];
    if (turn.role == OC_ROLE_ASSISTANT && next_answer == request_.n_turns) next_answer = t;
    if (t >= next_answer && (answered >= calls.n || t - next_answer > kLookAheadMax)) return;
    for (std::uint64_t i = 0; i < turn.n_parts; ++i) {
      if (turn.parts[i]->type != OC_PART_TOOL_RESULT || links_.is_written(t, i)) continue;
      for (const Ref& c : calls) {
        if (links_.id(c.turn, c.index) != links_.id(t, i)) continue;
        tool_message({turn.parts[i], t, i}, turn);
        ++answered;
        break;
      }
    }
  }
}

void MessageWriter::other_turn(std::uint64_t t) {
  const oc_turn& turn = *request_.turns[t];
  const bool user = turn.role == OC_ROLE_USER || turn.role == OC_ROLE_TOOL;
  Parts parts{call_.array<Ref>(turn.n_parts + hoisted_.n), 0};
  for (std::uint64_t i = 0; i < turn.n_parts; ++i) {
    const Ref r{turn.parts[i], t, i};
    if (r.part->type == OC_PART_TOOL_RESULT && !links_.is_written(t, i)) tool_message(r, turn);  // of a call that is not told
  }
  if (!user) flush_hoisted();
  for (std::uint64_t i = 0; i < turn.n_parts; ++i)
    if (turn.parts[i]->type != OC_PART_TOOL_RESULT) parts.add({turn.parts[i], t, i});
  if (parts.n == 0 && (turn.n_parts != 0 || turn.role == OC_ROLE_TOOL)) return;
  if (user && hoisted_.n != 0) {
    Parts all{call_.array<Ref>(parts.n + hoisted_.n), 0};
    for (const Ref& r : hoisted_) all.add(r);
    for (const Ref& r : parts) all.add(r);
    hoisted_.n = 0;
    return message("user", &turn, all);
  }
  message(role_name(user ? std::uint32_t(OC_ROLE_USER) : turn.role), &turn, parts);
}

void MessageWriter::flush_hoisted() {
  if (hoisted_.n == 0) return;
  message("user", nullptr, hoisted_);
  hoisted_.n = 0;
}

void MessageWriter::tool_message(const Ref& result, const oc_turn& turn) {
  links_.set_written(result.turn, result.index);
  const oc_part& p = *result.part;
  const auto id = links_.id(result.turn, result.index);
  const bool legacy = own_ && is_legacy_call(id);
  out_.object().member("role", legacy ? "function" : "tool");
  if (!legacy) out_.member("tool_call_id", id);
  if (own_ && p.tool_name.len != 0) out_.member("name", oc::view(p.tool_name));
  if (!own_ && (p.flags & OC_PARTF_ERROR) != 0) losses_.note("messages[].is_error");
  out_.key("content");
  result_text(p);
  if (own_) dialect::write_members(call_, out_, oc::view(turn.ext_json));
  out_.close();
}

void MessageWriter::result_text(const oc_part& result) {
  ContentWriter content(call_, settings_, request_, losses_, out_);
  content.begin(OC_ROLE_TOOL, result.n_parts + 2);
  if (result.text.len != 0) content.add_text(oc::view(result.text));
  bool hoists = false;
  for (std::uint64_t i = 0; i < result.n_parts; ++i) {
    const oc_part& p = *result.parts[i];
    if (!own_ && is_media(p)) {
      hoisted_.add({&p, 0, 0});
      hoists = true;
    } else {
      content.add(p);
    }
  }
  if (hoists && content.empty()) content.add_text(kMediaFollows);
  content.write();
}

void MessageWriter::message(std::string_view role, const oc_turn* turn, const Parts& parts) {
  const bool assistant = role == "assistant";
  out_.object().member("role", role);
  if (turn != nullptr && turn->name.len != 0) out_.member("name", oc::view(turn->name));
  ContentWriter content(call_, settings_, request_, losses_, out_);
  const std::uint32_t neutral = assistant ? OC_ROLE_ASSISTANT : role == "user" ? OC_ROLE_USER : OC_ROLE_SYSTEM;
  content.begin(neutral, parts.n);
  for (const Ref& r : parts)
    if (!assistant || !is_unknown_call(*r.part)) content.add(*r.part);
  out_.key("content");
  content.write();
  if (assistant) {
    reasoning(parts);
    for (const Ref& r : parts)
      if (r.part->type == OC_PART_REFUSAL) {
        out_.member("refusal", oc::view(r.part->text));
        break;
      }
    text_signature(parts);
    tool_calls(parts);
  }
  if (own_ && turn != nullptr) dialect::write_members(call_, out_, oc::view(turn->ext_json));
  out_.close();
}

// A call of a kind that is not modelled, as against a content part of such a kind.
bool MessageWriter::is_unknown_call(const oc_part& p) const {
  return own_ && p.type == OC_PART_OPAQUE && call_.parse(oc::view(p.ext_json))["id"];
}

bool MessageWriter::belongs(const oc_part& p) const {
  return p.opaque.len != 0 && dialect::belongs_to(oc::view(p.opaque_origin), kDialect, oc::view(request_.model));
}

// Text where the vendor reads it, and what the same model signed, as it gave it: a list of details from each part.
void MessageWriter::reasoning(const Parts& parts) {
  std::string_view text, details;
  for (const Ref& r : parts) {
    const oc_part& p = *r.part;
    if (p.type != OC_PART_REASONING) continue;
    text = text.empty() ? oc::view(p.text) : call_.concat({text, oc::view(p.text)});
    const oc::Json list = belongs(p) ? call_.parse(oc::view(p.opaque)) : oc::Json();
    if (!list.is_array() || list.size() == 0) continue;
    const auto inside = list.raw().substr(1, list.raw().size() - 2);
    details = details.empty() ? inside : call_.concat({details, ",", inside});
  }
  if (!text.empty() && !settings_.reasoning_field.empty()) out_.member(settings_.reasoning_field, text);
  if (!details.empty()) out_.key("reasoning_details").raw(call_.concat({"[", details, "]"}));
}

void MessageWriter::text_signature(const Parts& parts) {
  for (const Ref& r : parts) {
    if (r.part->type != OC_PART_TEXT || !belongs(*r.part)) continue;
    out_.key("extra_content").object().key("google").object().member("thought_signature", oc::view(r.part->opaque)).close().close();
    return;
  }
}

void MessageWriter::tool_calls(const Parts& parts) {
  bool open = false;
  for (const Ref& r : parts) {
    if (r.part->type != OC_PART_TOOL_CALL && !is_unknown_call(*r.part)) continue;
    if (own_ && is_legacy_call(oc::view(r.part->tool_id))) continue;
    if (!open) out_.key("tool_calls").array();
    open = true;
    tool_call(r);
  }
  if (open) out_.close();
  for (const Ref& r : parts) {
    if (!own_ || r.part->type != OC_PART_TOOL_CALL || !is_legacy_call(oc::view(r.part->tool_id))) continue;
    out_.key("function_call").object().member("name", oc::view(r.part->tool_name));
    out_.member("arguments", oc::view(r.part->tool_args_json)).close();
    return;
  }
}

void MessageWriter::tool_call(const Ref& r) {
  const oc_part& p = *r.part;
  if (p.type == OC_PART_OPAQUE) {
    out_.raw(oc::view(p.ext_json));
    return;
  }
  const bool was_custom = (p.flags & OC_PARTF_CUSTOM) != 0;
  const bool custom = was_custom && (own_ || settings_.takes(kTakesCustomTools));
  const std::string_view kind = custom ? "custom" : "function";
  std::string_view arguments = oc::view(p.tool_args_json);
  if (was_custom && !custom)
    arguments = dialect::arguments_object(call_, p);
  else if (!custom && !own_ && arguments.empty())
    arguments = "{}";
  out_.object().member("id", links_.id(r.turn, r.index)).member("type", kind).key(kind).object();
  out_.member("name", oc::view(p.tool_name)).member(custom ? "input" : "arguments", arguments).close();
  if (belongs(p))
    out_.key("extra_content").object().key("google").object().member("thought_signature", oc::view(p.opaque)).close().close();
  if (own_) dialect::write_members(call_, out_, oc::view(p.ext_json));
  out_.close();
}

std::string_view MessageWriter::role_name(std::uint32_t role) const {
  switch (role) {
    case OC_ROLE_SYSTEM: return own_ ? std::string_view("system") : std::string_view(settings_.system_role);
    case OC_ROLE_DEVELOPER: return own_ ? std::string_view("developer") : std::string_view(settings_.system_role);
    case OC_ROLE_ASSISTANT: return "assistant";
    default: return "user";
  }
}

}  // namespace onechat::openai_chat
