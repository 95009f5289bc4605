#include "item.hpp"

namespace onechat::openai_responses {
namespace {

void write_array(const oc::Call& call, oc::Writer& w, const dialect::Rope& elements, bool empty) {
  w.array();
  if (!empty && !elements.empty()) w.raw(elements.joined(call));
  w.close();
}

std::string_view status_of(const Item& item, bool fresh) {
  if (fresh) return "in_progress";
  return item.cut ? "incomplete" : "completed";
}

void write_message(const oc::Call& call, oc::Writer& w, const Item& item, bool fresh) {
  w.member("status", status_of(item, fresh)).member("role", "assistant").key("content").array();
  for (const ContentPart* p = fresh ? nullptr : item.first; p != nullptr; p = p->next)
    write_content(call, w, *p, false);
  w.close();
}

void write_reasoning(const oc::Call& call, oc::Writer& w, const Item& item, bool fresh, bool with_state) {
  const bool said = !fresh && !item.text.empty();
  const auto text = [&](std::string_view type) {
    w.object().member("type", type).member("text", item.text.joined(call)).close();
  };
  w.key("summary").array();
  if (said && item.summary) text("summary_text");
  w.close();
  if (!item.summary && (said || !item.text.empty())) {
    w.key("content").array();
    if (said) text("reasoning_text");
    w.close();
  }
  if (with_state && !fresh) {
    w.key("encrypted_content");
    item.state.len != 0 ? w.str(oc::view(item.state)) : w.null();
  }
}

void write_call(const oc::Call& call, oc::Writer& w, const Item& item, bool fresh) {
  w.member("status", status_of(item, fresh))
      .member("call_id", oc::view(item.call_id))
      .member("name", oc::view(item.name));
  if (item.space.len != 0) w.member("namespace", oc::view(item.space));
  w.member(item.kind == ItemKind::custom ? "input" : "arguments", fresh ? std::string_view() : item.text.joined(call));
}

void write_image(oc::Writer& w, const Item& item, bool fresh) {
  const auto type = oc::view(item.media_type);
  w.member("status", status_of(item, fresh)).key("result");
  fresh ? w.null() : w.str(oc::view(item.raw));
  if (!fresh) w.member("output_format", type.substr(type.find('/') + 1));
}

std::string_view type_of(ItemKind kind) {
  switch (kind) {
    case ItemKind::message: return "message";
    case ItemKind::reasoning: return "reasoning";
    case ItemKind::function: return "function_call";
    case ItemKind::custom: return "custom_tool_call";
    default: return "image_generation_call";
  }
}

}  // namespace

void settle(const oc::Call& keep, dialect::Rope& text) {
  if (text.first == text.last) return;
  auto* piece = keep.make<dialect::Rope::Piece>();
  piece->text = oc::str(text.joined(keep));
  text.first = text.last = piece;
}

void write_content(const oc::Call& call, oc::Writer& w, const ContentPart& part, bool empty) {
  w.object().member("type", part.type()).member(part.text_name(), empty ? std::string_view() : part.text.joined(call));
  if (!part.refusal) {
    w.key("annotations");
    write_array(call, w, part.annotations, empty);
    w.key("logprobs");
    write_array(call, w, part.logprobs, empty);
  }
  w.close();
}

void write_item(const oc::Call& call, oc::Writer& w, const Item& item, bool fresh, bool with_state) {
  if (item.kind == ItemKind::foreign) {
    w.raw(oc::view(item.raw));
    return;
  }
  w.object().member("id", oc::view(item.id)).member("type", type_of(item.kind));
  switch (item.kind) {
    case ItemKind::message: write_message(call, w, item, fresh); break;
    case ItemKind::reasoning: write_reasoning(call, w, item, fresh, with_state); break;
    case ItemKind::image: write_image(w, item, fresh); break;
    default: write_call(call, w, item, fresh);
  }
  w.close();
}

}  // namespace onechat::openai_responses
