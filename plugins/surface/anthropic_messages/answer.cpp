#include "answer.hpp"

#include <algorithm>

#include "common/members.hpp"
#include "anthropic_messages/opaque_event.hpp"
#include "anthropic_messages/stop_reason.hpp"
#include "anthropic_messages/usage.hpp"
#include "block_writer.hpp"
#include "common/ids.hpp"

namespace onechat::anthropic_messages {
namespace {

constexpr std::string_view kIdPrefix = "msg_";
constexpr std::size_t kIdMax = 128, kIdRandom = 24;

void value_or_null(oc::Writer& w, std::string_view name, oc_str json) {
  w.key(name);
  json.len != 0 ? w.raw(oc::view(json)) : w.null();
}

}  // namespace

void Answer::begin(const oc::Call& call, const oc_request& request, std::uint64_t serial) {
  arena_ = call.arena;
  op_ = request.op;
  stream_ = (request.flags & OC_REQ_STREAM) != 0;
  show_ = (request.flags & OC_REQ_SHOW_REASONING) != 0;
  model_ = request.model;
  id_ = oc::str(dialect::made_id(call, kIdPrefix, kIdRandom, serial));
  blocks_.begin(show_);
}

oc_status Answer::event(const oc::Call& call, const oc_event& e, oc::Out& out) {
  const oc::Call keep = lasting(call);
  if (e.type == OC_EV_USAGE) {
    if (e.usage != nullptr) std::memcpy(&usage_, e.usage, std::min<std::size_t>(sizeof usage_, e.usage->struct_size));
    return OC_OK;
  }
  if (op_ != OC_OP_GENERATE || e.choice != 0) return OC_OK;
  if (e.type == OC_EV_START) started(e, keep);
  if (stream_ && !opened_) open(keep, out);
  if (e.type == OC_EV_FINISH) {
    finished(keep, e);
    return OC_OK;
  }
  return part_event(keep, e, out);
}

oc_status Answer::part_event(const oc::Call& keep, const oc_event& e, oc::Out& out) {
  switch (e.type) {
    case OC_EV_TEXT:
    case OC_EV_REFUSAL:
      if (e.text.len != 0) piece(keep, part(keep, PartKind::text, e.index, out), e.text, out);
      return OC_OK;
    case OC_EV_REASONING:
      if (e.text.len != 0) piece(keep, part(keep, PartKind::thinking, e.index, out), e.text, out);
      return OC_OK;
    case OC_EV_TOOL_BEGIN: {
      Part& tool = add(keep, PartKind::tool, e.index);
      tool.id = oc::str(keep.copy(dialect::portable_tool_id(keep, oc::view(e.tool_id))));
      tool.name = oc::str(keep.copy(oc::view(e.tool_name)));
      tool.custom = (e.flags & OC_EVF_CUSTOM) != 0;
      if (e.ext_json.len != 0)
        tool.json = oc::str(dialect::one_line(keep, keep.copy(keep.parse(oc::view(e.ext_json))[kOpaqueBlock].raw())));
      has_tools_ = true;
      if (stream_) blocks_.added(keep, &tool, out);
      return OC_OK;
    }
    case OC_EV_TOOL_ARGS:
      for (Part* p = first_; p != nullptr; p = p->next)
        if (p->kind == PartKind::tool && p->index == e.index && !p->ended) piece(keep, *p, e.text, out);
      return OC_OK;
    case OC_EV_STATE: {
      Part* owner = nullptr;
      for (Part* p = first_; p != nullptr; p = p->next)
        if (p->index == e.index && !p->ended) owner = p;
      if (owner == nullptr) owner = &part(keep, PartKind::thinking, e.index, out);
      owner->opaque = oc::str(keep.copy(oc::view(e.opaque)));
      owner->origin = oc::str(keep.copy(oc::view(e.opaque_origin)));
      return OC_OK;
    }
    case OC_EV_PART_END:
      for (Part* p = first_; p != nullptr; p = p->next)
        if (p->index == e.index) p->ended = true;
      if (stream_) blocks_.ended(keep, out);
      return OC_OK;
    case OC_EV_CITATION: return citation(keep, e, out);
    case OC_EV_OPAQUE: return opaque(keep, e, out);
    case OC_EV_MEDIA: return keep.dropped("answer.media");
    default: return OC_OK;
  }
}

oc_status Answer::citation(const oc::Call& keep, const oc_event& e, oc::Out& out) {
  const auto json = location_of(keep, oc::view(e.ext_json));
  if (json.empty()) return keep.dropped("answer.citations");
  Part& owner = part(keep, PartKind::text, e.index, out);
  auto* c = keep.make<Citation>();
  c->json = oc::str(dialect::one_line(keep, keep.copy(json)));
  (owner.last_citation != nullptr ? owner.last_citation->next : owner.citations) = c;
  owner.last_citation = c;
  if (stream_) blocks_.cited(keep, owner, out);
  return OC_OK;
}

oc_status Answer::opaque(const oc::Call& keep, const oc_event& e, oc::Out& out) {
  const oc::Json said = keep.parse(dialect::one_line(keep, keep.copy(oc::view(e.ext_json))));
  if (const oc::Json block = said[kOpaqueBlock]; block.is_object()) {
    Part& p = add(keep, PartKind::block, e.index);
    p.json = oc::str(block.raw());
    p.ended = true;
    if (stream_) blocks_.added(keep, &p, out);
    return OC_OK;
  }
  if (const oc::Json message = said[kOpaqueMessage]; message.is_object()) {
    const auto take = [&](std::string_view name, oc_str& to) {
      if (const oc::Json v = message[name]; !v.absent_or_null()) to = oc::str(v.raw());
    };
    take("container", container_);
    take("context_management", context_management_);
    return OC_OK;
  }
  if (const oc::Json other = said[kOpaqueEvent]; other.is_object()) {
    if (!stream_) return OC_OK;
    oc::Writer w = out.event(other["type"].str());
    w.raw(other.raw());
    out.event_end();
    return OC_OK;
  }
  return keep.dropped("answer.opaque");
}

// The part that an event of this kind belongs to; a new one when there is none, or when it has ended.
Part& Answer::part(const oc::Call& keep, PartKind kind, std::uint32_t index, oc::Out& out) {
  if (last_ != nullptr && last_->index == index && last_->kind == kind && !last_->ended) return *last_;
  for (Part* p = first_; p != nullptr; p = p->next)
    if (p->index == index && p->kind == kind && !p->ended) return *p;
  Part& made = add(keep, kind, index);
  if (stream_) blocks_.added(keep, &made, out);
  return made;
}

Part& Answer::add(const oc::Call& keep, PartKind kind, std::uint32_t index) {
  auto* p = keep.make<Part>();
  p->kind = kind;
  p->index = index;
  (last_ != nullptr ? last_->next : first_) = p;
  last_ = p;
  return *p;
}

void Answer::piece(const oc::Call& keep, Part& p, oc_str text, oc::Out& out) {
  if (stream_)
    blocks_.piece(keep, p, oc::view(text), out);
  else
    p.text.append(keep, oc::view(text));
}

void Answer::started(const oc_event& e, const oc::Call& keep) {
  const auto id = oc::view(e.id);
  if (id.substr(0, kIdPrefix.size()) == kIdPrefix && id.size() <= kIdMax) id_ = oc::str(keep.copy(id));
}

void Answer::finished(const oc::Call& keep, const oc_event& e) {
  if (has_finish_) return;
  has_finish_ = true;
  finish_ = e.finish;
  if (e.finish == OC_FIN_SEQUENCE) stop_sequence_ = oc::str(keep.copy(oc::view(e.text)));
  if (e.ext_json.len == 0) return;
  const oc::Json details = keep.parse(oc::view(e.ext_json))[kStopDetails];
  if (details.is_object()) stop_details_ = oc::str(dialect::one_line(keep, keep.copy(details.raw())));
}

void Answer::open(const oc::Call& keep, oc::Out& out) {
  opened_ = true;
  oc::Writer w = out.event("message_start");
  w.object().member("type", "message_start").key("message");
  write_message(keep, w);
  w.close();
  out.event_end();
  oc::Writer ping = out.event("ping");
  ping.object().member("type", "ping").close();
  out.event_end();
}

// Of a stream the message as it begins, else all of it.
void Answer::write_message(const oc::Call& keep, oc::Writer& w) {
  w.object().member("id", oc::view(id_)).member("type", "message").member("role", "assistant");
  w.member("model", oc::view(model_)).key("content").array();
  if (!stream_)
    for (const Part* p = first_; p != nullptr; p = p->next) write_blocks(keep, w, *p, show_);
  w.close();
  if (stream_)
    w.key("stop_reason").null().key("stop_sequence").null().key("stop_details").null();
  else
    write_stop(w);
  value_or_null(w, "container", stream_ ? oc_str{} : container_);
  if (!stream_ && context_management_.len != 0) w.key("context_management").raw(oc::view(context_management_));
  w.key("usage");
  write_usage(w, usage_);
  w.close();
}

void Answer::write_stop(oc::Writer& w) const {
  std::uint32_t why = has_finish_ ? finish_ : std::uint32_t(OC_FIN_STOP);
  if (why == OC_FIN_STOP && has_tools_) why = OC_FIN_TOOL;
  const auto word = finish_to_wire(why);
  w.member("stop_reason", word).key("stop_sequence");
  stop_sequence_.len != 0 ? w.str(oc::view(stop_sequence_)) : w.null();
  w.key("stop_details");
  if (stop_details_.len != 0)
    w.raw(oc::view(stop_details_));
  else if (word == "refusal")
    w.object().member("type", "refusal").key("category").null().key("explanation").null().close();
  else
    w.null();
}

oc_status Answer::finish(const oc::Call& call, oc::Out& out) {
  const oc::Call keep = lasting(call);
  if (op_ == OC_OP_COUNT_TOKENS) {
    const std::uint64_t n = usage_.input + usage_.audio_input + usage_.cache_read + usage_.cache_write + usage_.cache_write_1h;
    out.json().object().member("input_tokens", static_cast<std::int64_t>(n)).close();
    return OC_OK;
  }
  if (op_ != OC_OP_GENERATE) return OC_OK;
  if (stream_) {
    end_stream(keep, out);
    return blocks_.lost_arguments() ? keep.dropped("answer.tool_use.input") : oc_status(OC_OK);
  }
  oc::Writer w = out.json();
  write_message(keep, w);
  return OC_OK;
}

void Answer::end_stream(const oc::Call& keep, oc::Out& out) {
  if (!opened_) open(keep, out);
  blocks_.end_all(keep, out);
  oc::Writer w = out.event("message_delta");
  w.object().member("type", "message_delta").key("delta").object();
  write_stop(w);
  if (container_.len != 0) w.key("container").raw(oc::view(container_));
  w.close().key("usage");
  write_delta_usage(w, usage_);
  if (context_management_.len != 0) w.key("context_management").raw(oc::view(context_management_));
  w.close();
  out.event_end();
  oc::Writer last = out.event("message_stop");
  last.object().member("type", "message_stop").close();
  out.event_end();
}

}  // namespace onechat::anthropic_messages
