// How parts, items and the answer end, and the response object that tells of it.
#include "answer.hpp"
#include "common/tools.hpp"
#include "openai_errors/error_shape.hpp"
#include "openai_responses/usage.hpp"

namespace onechat::openai_responses {

struct Answer::Ending {
  std::string_view status, event, incomplete_reason, error_code, error_message;
};

// Before the first event. What only the dialect's own upstream has is told here; its bytes would not have come this
// way.
oc_status Answer::open(const oc::Call& call, oc::Out& out) {
  if (begun_) return OC_OK;
  begun_ = true;
  for (const auto& [asked, name] : {std::pair<bool, std::string_view>(facts_->background, "background"),
                                    std::pair<bool, std::string_view>(facts_->conversation, "conversation"),
                                    std::pair<bool, std::string_view>(facts_->prompt, "prompt")}) {
    if (!asked) continue;
    if (const auto s = call.dropped(name); s < 0) return s;
  }
  if (!stream_) return OC_OK;
  const Ending now{"in_progress", {}, {}, {}, {}};
  for (const std::string_view type : {"response.created", "response.in_progress"})
    events_.event(out, type, [&](oc::Writer& w) {
      w.key("response");
      write_response(call, w, now);
    });
  return OC_OK;
}

void Answer::end_content(const oc::Call& keep, Item& item, ContentPart& part, oc::Out& out) {
  if (part.done) return;
  part.done = true;
  settle(keep, part.text);
  if (!stream_) return;
  const auto where = place(item, "content_index", part.index);
  events_.at(out, part.refusal ? "response.refusal.done" : "response.output_text.done", where, [&](oc::Writer& w) {
    w.member(part.text_name(), part.text.joined(keep));
    if (part.refusal) return;
    w.key("logprobs").array();
    if (!part.logprobs.empty()) w.raw(part.logprobs.joined(keep));
    w.close();
  });
  events_.at(out, "response.content_part.done", where, [&](oc::Writer& w) {
    w.key("part");
    write_content(keep, w, part, false);
  });
}

void Answer::end_reasoning(const oc::Call& keep, Item& item, oc::Out& out) {
  settle(keep, item.text);
  if (!item.begun || !stream_) return;
  const auto where = place(item, item.summary ? "summary_index" : "content_index");
  const auto text = item.text.joined(keep);
  events_.text(out, item.summary ? "response.reasoning_summary_text.done" : "response.reasoning_text.done", where,
               "text", text);
  events_.at(out, item.summary ? "response.reasoning_summary_part.done" : "response.content_part.done", where,
             [&](oc::Writer& w) {
               w.key("part")
                   .object()
                   .member("type", item.summary ? "summary_text" : "reasoning_text")
                   .member("text", text)
                   .close();
             });
}

void Answer::end_tool(const oc::Call& keep, Item& item, oc::Out& out) {
  if (item.unwraps) {
    const auto input = dialect::custom_tool_input(keep, item.text.joined(keep));
    item.text = dialect::Rope{};
    item.text.append(keep, input);
    if (stream_) events_.text(out, "response.custom_tool_call_input.delta", place(item), "delta", input);
  }
  if (item.kind == ItemKind::function && item.text.empty()) {
    item.text.append(keep, "{}");  // what a client parses
    if (stream_) events_.text(out, "response.function_call_arguments.delta", place(item), "delta", "{}");
  }
  settle(keep, item.text);
  if (!stream_) return;
  const bool custom = item.kind == ItemKind::custom;
  events_.text(out, custom ? "response.custom_tool_call_input.done" : "response.function_call_arguments.done",
               place(item), custom ? "input" : "arguments", item.text.joined(keep));
}

void Answer::end_item(const oc::Call& keep, Item& item, oc::Out& out) {
  if (item.done) return;
  for (ContentPart* p = item.first; p != nullptr; p = p->next) end_content(keep, item, *p, out);
  if (item.kind == ItemKind::reasoning) end_reasoning(keep, item, out);
  if (item.is_tool()) end_tool(keep, item, out);
  item.done = true;
  if (stream_)
    events_.item(out, "response.output_item.done", item.output_index,
                 [&](oc::Writer& w) { write_item(keep, w, item, false, facts_->shows_state); });
}

void Answer::end_message(const oc::Call& keep, oc::Out& out) {
  if (message_ != nullptr) end_item(keep, *message_, out);
  message_ = nullptr;
}

// What is still open when the answer ends, ended with it: if that was too early, so were they.
void Answer::end_all(const oc::Call& keep, oc::Out& out) {
  const bool early = finish_ == OC_FIN_LENGTH || finish_ == OC_FIN_CONTEXT || finish_ == OC_FIN_FILTER ||
                     finish_ == OC_FIN_ERROR || finish_ == OC_FIN_CANCELLED ||
                     (finish_ == OC_FIN_REFUSAL && !says_no());
  for (Item* i = first_; i != nullptr; i = i->next) {
    if (i->done) continue;
    i->cut = early;
    end_item(keep, *i, out);
  }
  message_ = nullptr;
  completed_s_ = keep.host->unix_ms() / 1000;
}

bool Answer::says_no() const {
  for (const Item* i = first_; i != nullptr; i = i->next)
    for (const ContentPart* p = i->first; p != nullptr; p = p->next)
      if (p->refusal) return true;
  return false;
}

Answer::Ending Answer::ending() const {
  switch (finish_) {
    case OC_FIN_LENGTH:
    case OC_FIN_CONTEXT: return {"incomplete", "response.incomplete", "max_output_tokens", {}, {}};
    case OC_FIN_REFUSAL:
      if (says_no()) return {"completed", "response.completed", {}, {}, {}};
      [[fallthrough]];  // declined without a word of its own
    case OC_FIN_FILTER: return {"incomplete", "response.incomplete", "content_filter", {}, {}};
    case OC_FIN_MALFORMED_TOOL:
      return {
          "failed", "response.failed", {}, "server_error", "The model called a tool in a way that could not be read."};
    case OC_FIN_ERROR:
    case OC_FIN_CANCELLED:
      return {"failed", "response.failed", {}, "server_error", "The model's provider broke off its answer."};
    default: return {"completed", "response.completed", {}, {}, {}};
  }
}

void Answer::write_response(const oc::Call& call, oc::Writer& w, const Ending& ending) const {
  ResponseHead head;
  head.id = oc::view(id_);
  head.model = oc::view(model_);
  head.status = ending.status;
  head.created_s = created_s_;
  if (ending.status == "completed") head.completed_s = completed_s_;
  head.incomplete_reason = ending.incomplete_reason;
  head.error_code = ending.error_code;
  head.error_message = ending.error_message;
  open_response(w, head);
  write_output(call, w, true);
  close_response(w, facts_->echo, has_usage_ ? &usage_ : nullptr);
}

void Answer::write_output(const oc::Call& call, oc::Writer& w, bool for_client) const {
  w.array();
  for (const Item* i = first_; i != nullptr; i = i->next)
    if (!for_client || !i->hidden) write_item(call, w, *i, false, !for_client || facts_->shows_state);
  w.close();
}

void Answer::write_shown(const oc::Call& call, oc::Writer& w) const { write_response(call, w, ending()); }

bool Answer::hides_state() const {
  for (const Item* i = first_; i != nullptr; i = i->next)
    if (!facts_->shows_state && i->kind == ItemKind::reasoning && i->state.len != 0) return true;
  return false;
}

oc_status Answer::finish(const oc::Call& call, oc::Out& out) {
  if (!generates_) {
    oc::Writer w = out.json();
    w.object().member("object", "response.input_tokens");
    w.member("input_tokens", static_cast<std::int64_t>(input_total(usage_))).close();
    return OC_OK;
  }
  if (const auto s = open(call, out); s < 0) return s;
  end_all(lasting(call), out);
  const Ending how = ending();
  if (!stream_) {
    oc::Writer w = out.json();
    write_response(call, w, how);
    return OC_OK;
  }
  events_.last_event(out, how.event, [&](oc::Writer& w) {
    w.key("response");
    write_response(call, w, how);
  });
  return OC_OK;
}

void Answer::fail(const oc::Call& call, const oc_event& error, oc::Out& out) {
  const auto& facts = openai_errors::facts_of(error.status);
  const auto code = error.code.len != 0 ? oc::view(error.code) : facts.code;
  Ending how{"failed", "response.failed", {}, code.empty() ? "server_error" : code, oc::view(error.text)};
  if (how.error_message.empty()) how.error_message = facts.message;
  finish_ = OC_FIN_ERROR;
  if (begun_) end_all(lasting(call), out);
  events_.last_event(out, how.event, [&](oc::Writer& w) {
    w.key("response");
    write_response(call, w, how);
  });
}

}  // namespace onechat::openai_responses
