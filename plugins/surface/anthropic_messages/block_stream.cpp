#include "block_stream.hpp"

#include "block_writer.hpp"
#include "common/members.hpp"

namespace onechat::anthropic_messages {
namespace {

bool is_text_like(const Part& p) { return p.kind == PartKind::text || p.kind == PartKind::thinking; }

}  // namespace

void BlockStream::added(const oc::Call& keep, Part* part, oc::Out& out) {
  if (current_ == nullptr) {
    current_ = part;
  } else if (is_text_like(*current_)) {
    current_->ended = true;
  }
  advance(keep, out);
}

void BlockStream::piece(const oc::Call& keep, Part& part, std::string_view words, oc::Out& out) {
  if (&part != current_) return part.text.append(keep, words);
  if (part.kind == PartKind::tool)
    arguments(keep, part, words, out);
  else
    text(keep, part, words, out);
}

void BlockStream::cited(const oc::Call& keep, Part& part, oc::Out& out) {
  if (&part == current_) citations(keep, part, out);
}

void BlockStream::ended(const oc::Call& keep, oc::Out& out) { advance(keep, out); }

void BlockStream::end_all(const oc::Call& keep, oc::Out& out) {
  for (Part* p = current_; p != nullptr; p = p->next) p->ended = true;
  advance(keep, out);
}

void BlockStream::advance(const oc::Call& keep, oc::Out& out) {
  while (current_ != nullptr) {
    flush(keep, *current_, out);
    // A text whose successor is there already has said what it had to say for now.
    if (!current_->ended && !(is_text_like(*current_) && current_->next != nullptr)) return;
    close(keep, *current_, out);
    current_->ended = true;
    current_ = current_->next;
  }
}

// Opens the block of a tool call at once, that of a text with its first piece: no empty text goes out.
void BlockStream::flush(const oc::Call& keep, Part& part, oc::Out& out) {
  if (part.kind == PartKind::tool && !part.open) open(keep, part, out);
  if (part.free_text) return;
  const dialect::Rope waiting = part.text;
  part.text = dialect::Rope{};
  for (const dialect::Rope::Piece* p = waiting.first; p != nullptr; p = p->next)
    part.kind == PartKind::tool ? arguments(keep, part, oc::view(p->text), out) : text(keep, part, oc::view(p->text), out);
  citations(keep, part, out);
}

void BlockStream::close(const oc::Call& keep, Part& part, oc::Out& out) {
  if (part.kind == PartKind::block) return whole_block(keep, part, out);
  if (part.kind == PartKind::tool && !part.args_sent) {
    // Nothing was sent yet: free text, or no arguments at all.
    delta("input_json_delta", "partial_json", input_of(keep, part), out);
  }
  const StateSlot slot = state_slot(keep, part, part.open);
  if (slot.kind == StateSlot::signature) {
    open(keep, part, out);
    delta("signature_delta", "signature", slot.text, out);
  }
  if (part.open) stop(out);
  part.open = false;
  if (slot.kind == StateSlot::redacted || slot.kind == StateSlot::redacted_after) redacted(slot.text, out);
}

void BlockStream::text(const oc::Call& keep, Part& part, std::string_view words, oc::Out& out) {
  if (words.empty() || (part.kind == PartKind::thinking && !show_)) return;
  open(keep, part, out);
  if (part.kind == PartKind::thinking)
    delta("thinking_delta", "thinking", words, out);
  else
    delta("text_delta", "text", words, out);
}

void BlockStream::arguments(const oc::Call& keep, Part& part, std::string_view words, oc::Out& out) {
  if (part.custom) part.free_text = true;
  if (!part.free_text) {
    const std::size_t good = part.args.accept(words);
    if (part.args.broken() && !part.args.begun()) part.free_text = true;
    lost_arguments_ = lost_arguments_ || (good < words.size() && !part.free_text);
    if (!part.args.begun()) {
      if (part.free_text) part.text.append(keep, words);
      return;
    }
    if (good == 0) return;
    part.args_sent = true;
    return delta("input_json_delta", "partial_json", words.substr(0, good), out);
  }
  part.text.append(keep, words);
}

void BlockStream::citations(const oc::Call& keep, Part& part, oc::Out& out) {
  for (const Citation* c = part.citations; c != nullptr; c = c->next) {
    open(keep, part, out);
    oc::Writer w = out.event("content_block_delta");
    w.object().member("type", "content_block_delta").member("index", blocks_ - 1);
    w.key("delta").object().member("type", "citations_delta").key("citation").raw(oc::view(c->json)).close().close();
    out.event_end();
  }
  part.citations = part.last_citation = nullptr;
}

void BlockStream::open(const oc::Call& keep, Part& part, oc::Out& out) {
  if (part.open) return;
  part.open = true;
  oc::Writer w = start(out);
  switch (part.kind) {
    case PartKind::thinking: w.object().member("type", "thinking").member("thinking", "").member("signature", "").close(); break;
    case PartKind::tool:
      w.object().member("type", "tool_use").member("id", oc::view(part.id)).member("name", oc::view(part.name));
      w.key("input").object().close();
      dialect::write_members(keep, w, oc::view(part.json));
      w.close();
      break;
    default: w.object().member("type", "text").member("text", "").close();
  }
  started(w, out);
  if (part.kind == PartKind::tool) delta("input_json_delta", "partial_json", "", out);
}

// A block that is not modelled: as the upstream would stream it, where it has an input or a content that is streamed.
void BlockStream::whole_block(const oc::Call& keep, const Part& part, oc::Out& out) {
  const oc::Json block = keep.parse(oc::view(part.json));
  const oc::Json input = block["input"], content = block["content"];
  const bool compaction = block["type"].str() == "compaction" && content.is_string();
  const std::string_view later = input.is_object() ? "input" : compaction ? "content" : "";
  oc::Writer w = start(out);
  w.object();
  for (const oc::Json m : block) {
    w.key(m.key());
    if (m.key() != later)
      w.raw(m.raw());
    else if (compaction)
      w.null();
    else
      w.object().close();
  }
  w.close();
  started(w, out);
  if (input.is_object()) delta("input_json_delta", "partial_json", input.raw(), out);
  if (compaction) delta("compaction_delta", "content", content.str(), out);
  stop(out);
}

void BlockStream::redacted(std::string_view data, oc::Out& out) {
  oc::Writer w = start(out);
  write_redacted(w, data);
  started(w, out);
  stop(out);
}

oc::Writer BlockStream::start(oc::Out& out) {
  oc::Writer w = out.event("content_block_start");
  w.object().member("type", "content_block_start").member("index", blocks_++).key("content_block");
  return w;
}

void BlockStream::started(oc::Writer& w, oc::Out& out) {
  w.close();
  out.event_end();
}

void BlockStream::delta(std::string_view type, std::string_view member, std::string_view text, oc::Out& out) {
  oc::Writer w = out.event("content_block_delta");
  w.object().member("type", "content_block_delta").member("index", blocks_ - 1);
  w.key("delta").object().member("type", type).member(member, text).close().close();
  out.event_end();
}

void BlockStream::stop(oc::Out& out) {
  oc::Writer w = out.event("content_block_stop");
  w.object().member("type", "content_block_stop").member("index", blocks_ - 1).close();
  out.event_end();
}

}  // namespace onechat::anthropic_messages
