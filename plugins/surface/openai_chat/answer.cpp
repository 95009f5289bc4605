#include "answer.hpp"

#include <algorithm>

#include "common/ids.hpp"
#include "common/state_token.hpp"
#include "common/tools.hpp"
#include "extras.hpp"
#include "openai_chat/finish_reason.hpp"
#include "openai_chat/usage.hpp"

namespace onechat::openai_chat {
namespace {

constexpr std::string_view kDialect = "openai_chat", kIdPrefix = "chatcmpl-";
constexpr std::size_t kIdMax = 128, kIdRandom = 20;

}  // namespace

void Answer::begin(const oc::Call& call, const oc_request& request, std::uint64_t serial) {
  arena_ = call.arena;
  request_ = &request;
  generates_ = request.op == OC_OP_GENERATE;
  stream_ = (request.flags & OC_REQ_STREAM) != 0;
  usage_wanted_ = (request.flags & OC_REQ_STREAM_USAGE) != 0;
  model_ = request.model;
  created_s_ = call.host->unix_ms() / 1000;
  if (request.op == OC_OP_EMBED) embeddings_.begin(call, request);
  if (!generates_) return;
  for (std::uint64_t i = 0; i < request.n_anchors; ++i) legacy_ = legacy_ || oc::view(request.anchors[i].name) == "functions";
  n_ = request.n;
  choices_ = call.array<Choice>(n_);
  id_ = oc::str(dialect::made_id(call, kIdPrefix, kIdRandom, serial));
}

oc_status Answer::event(const oc::Call& call, const oc_event& e, oc::Out& out) {
  const oc::Call keep = lasting(call);
  if (e.type == OC_EV_START) {
    const auto id = oc::view(e.id);
    if (id.substr(0, kIdPrefix.size()) == kIdPrefix && id.size() <= kIdMax) id_ = oc::str(keep.copy(id));
    return OC_OK;
  }
  if (e.type == OC_EV_USAGE) {
    if (e.usage == nullptr) return OC_OK;
    std::memcpy(&usage_, e.usage, std::min<std::size_t>(sizeof usage_, e.usage->struct_size));
    has_usage_ = true;
    return OC_OK;
  }
  if (!generates_) {
    if (e.type == OC_EV_EMBEDDING) embeddings_.add(call, keep, e);
    return OC_OK;
  }
  return e.choice < n_ ? choice_event(call, choices_[e.choice], e, out) : OC_OK;
}

oc_status Answer::choice_event(const oc::Call& call, Choice& choice, const oc_event& e, oc::Out& out) {
  const oc::Call keep = lasting(call);
  const auto text = oc::view(e.text);
  switch (e.type) {
    case OC_EV_TEXT:
      choice.count_text(e.index, text);
      stream_ ? text_chunk(out, choice, e.choice, "content", text) : choice.text.append(keep, text);
      return OC_OK;
    case OC_EV_REASONING: {
      ReasoningPart& part = choice.reasoning_of(keep, e.index);
      part.summary = part.summary || (e.flags & OC_EVF_SUMMARY) != 0;
      part.text.append(keep, text);
      if (stream_) text_chunk(out, choice, e.choice, "reasoning_content", text);
      return OC_OK;
    }
    case OC_EV_REFUSAL:
      choice.refused = choice.refused || !text.empty();
      stream_ ? text_chunk(out, choice, e.choice, "refusal", text) : choice.refusal.append(keep, text);
      return OC_OK;
    case OC_EV_TOOL_BEGIN: return begin_tool(keep, choice, e, out), OC_OK;
    case OC_EV_TOOL_ARGS: return tool_arguments(keep, choice, e, out), OC_OK;
    case OC_EV_PART_END:
      if (ToolCall* tool = choice.tool(e.index)) end_tool(keep, choice, *tool, e.choice, out);
      return OC_OK;
    case OC_EV_STATE: return state(call, choice, e, out), OC_OK;
    case OC_EV_CITATION: {
      const auto annotation = annotation_of(call, choice, e);
      if (annotation.empty()) return call.dropped("citations");
      return listed(keep, choice.annotations, "annotations", annotation, choice, e.choice, out), OC_OK;
    }
    case OC_EV_MEDIA:
      if (oc::view(e.media_type).substr(0, 6) == "image/")
        return listed(keep, choice.images, "images", image_of(call, e), choice, e.choice, out), OC_OK;
      if (oc::view(e.media_type).substr(0, 6) != "audio/") return call.dropped("media");
      stream_ ? raw_chunk(out, choice, e.choice, "audio", audio_of(call, e)) : void(choice.audio = oc::str(audio_of(keep, e)));
      return OC_OK;
    case OC_EV_LOGPROBS: {
      const oc::Json list = call.parse(oc::view(e.ext_json));
      if (!list.is_array() || list.size() == 0) return OC_OK;
      if (!stream_) return choice.logprobs.add(keep, list.raw().substr(1, list.raw().size() - 2)), OC_OK;
      oc::Writer w = open_chunk(out, choice, e.choice);
      w.object().member("content", "").close();
      return close_chunk(out, w, {}, list.raw()), OC_OK;
    }
    case OC_EV_OPAQUE: return opaque(call, choice, e, out);
    case OC_EV_FINISH: return finish_choice(keep, choice, e, out), OC_OK;
    default: return OC_OK;
  }
}

void Answer::begin_tool(const oc::Call& keep, Choice& choice, const oc_event& e, oc::Out& out) const {
  ToolCall& tool = choice.add_tool(keep, e.index);
  tool.id = oc::str(keep.copy(oc::view(e.tool_id)));
  tool.name = oc::str(keep.copy(oc::view(e.tool_name)));
  const oc_tool* declared = dialect::tool_named(*request_, oc::view(e.tool_name));
  tool.custom = (e.flags & OC_EVF_CUSTOM) != 0;
  tool.wrapped = !tool.custom && declared != nullptr && (declared->flags & OC_TOOLF_CUSTOM) != 0;
  tool.custom = tool.custom || tool.wrapped;
  if (stream_) tool_chunk(out, choice, e.choice, tool, true, {});
}

void Answer::tool_arguments(const oc::Call& keep, Choice& choice, const oc_event& e, oc::Out& out) const {
  ToolCall* tool = choice.tool(e.index);
  if (tool == nullptr || e.text.len == 0) return;
  if (stream_ && !tool->wrapped)
    tool_chunk(out, choice, e.choice, *tool, false, oc::view(e.text));
  else
    tool->arguments.append(keep, oc::view(e.text));
}

void Answer::end_tool(const oc::Call& keep, Choice& choice, ToolCall& tool, std::uint32_t index, oc::Out& out) const {
  if (tool.ended) return;
  tool.ended = true;
  if (!stream_ || !tool.wrapped) return;
  const auto input = dialect::custom_tool_input(keep, tool.arguments.joined(keep));
  if (!input.empty()) tool_chunk(out, choice, index, tool, false, input);
}

// Of a call, of the text, or else of reasoning: each has its own place in the message.
void Answer::state(const oc::Call& call, Choice& choice, const oc_event& e, oc::Out& out) const {
  const oc::Call keep = lasting(call);
  const auto slot = dialect::to_slot(keep, kDialect, oc::view(e.opaque), oc::view(e.opaque_origin));
  if (ToolCall* tool = choice.tool(e.index)) {
    tool->signature = oc::str(keep.copy(slot));
    if (!stream_ || legacy_) return;
    oc::Writer w = open_chunk(out, choice, e.choice);
    w.object().key("tool_calls").array().object().member("index", tool->index);
    w.key(tool->custom ? "custom" : "function").object().member(tool->custom ? "input" : "arguments", "").close();
    w.key("extra_content").raw(signature_of(call, slot)).close().close().close();
    return close_chunk(out, w, {});
  }
  if (choice.has_text && choice.text_part == e.index) {
    choice.text_signature = oc::str(keep.copy(slot));
    if (stream_) raw_chunk(out, choice, e.choice, "extra_content", signature_of(call, slot));
    return;
  }
  const auto details = details_of(call, choice, choice.reasoning_of(keep, e.index), e);
  if (!details.empty()) listed(keep, choice.details, "reasoning_details", details, choice, e.choice, out);
}

oc_status Answer::opaque(const oc::Call& call, Choice& choice, const oc_event& e, oc::Out& out) const {
  const oc::Call keep = lasting(call);
  const oc::Json own = own_opaque(call, e);
  if (!own) return call.dropped("answer");
  if (own.key() == "annotation") return listed(keep, choice.annotations, "annotations", own.raw(), choice, e.choice, out), OC_OK;
  if (own.key() == "image") return listed(keep, choice.images, "images", own.raw(), choice, e.choice, out), OC_OK;
  if (stream_) return raw_chunk(out, choice, e.choice, own.key(), own.raw()), OC_OK;
  (own.key() == "audio" ? choice.audio : choice.executed_tools) = oc::str(keep.copy(own.raw()));
  return OC_OK;
}

void Answer::finish_choice(const oc::Call& keep, Choice& choice, const oc_event& e, oc::Out& out) const {
  if (choice.finished) return;
  for (ToolCall* t = choice.tools; t != nullptr; t = t->next) end_tool(keep, choice, *t, e.choice, out);
  choice.finished = true;
  choice.finish = e.finish;
  if (!stream_) return;
  oc::Writer w = open_chunk(out, choice, e.choice);
  w.object().close();
  close_chunk(out, w, finish_word(choice));
}

oc_status Answer::finish(const oc::Call& call, oc::Out& out) {
  if (!generates_) {
    oc::Writer w = out.json();
    embeddings_.write(w, oc::view(model_), has_usage_ ? &usage_ : nullptr);
    return OC_OK;
  }
  if (stream_) {
    if (usage_wanted_ && has_usage_) {
      oc::Writer w = out.event();
      write_head(w, "chat.completion.chunk");
      w.key("choices").array().close().key("usage");
      write_usage(w, usage_);
      w.close();
      out.event_end();
    }
    out.raw("data: [DONE]\n\n");
    return OC_OK;
  }
  const oc::Call keep = lasting(call);
  oc::Writer w = out.json();
  write_head(w, "chat.completion");
  w.key("choices").array();
  for (std::uint32_t i = 0; i < n_; ++i) write_choice(keep, w, i);
  w.close();
  if (has_usage_) {
    w.key("usage");
    write_usage(w, usage_);
  }
  w.close();
  return OC_OK;
}

void Answer::listed(const oc::Call& keep, JsonList& list, std::string_view name, std::string_view json, Choice& choice,
                    std::uint32_t index, oc::Out& out) const {
  if (!stream_) return list.add(keep, json);
  oc::Writer w = open_chunk(out, choice, index);
  w.object().key(name).raw(keep.concat({"[", json, "]"})).close();
  close_chunk(out, w, {});
}

// ---- streams

oc::Writer Answer::open_chunk(oc::Out& out, Choice& choice, std::uint32_t index) const {
  if (!choice.begun) {
    choice.begun = true;
    oc::Writer w = bare_chunk(out, index);
    w.object().member("role", "assistant").member("content", "").key("refusal").null().close();
    close_chunk(out, w, {});
  }
  return bare_chunk(out, index);
}

oc::Writer Answer::bare_chunk(oc::Out& out, std::uint32_t index) const {
  oc::Writer w = out.event();
  write_head(w, "chat.completion.chunk");
  w.key("choices").array().object().member("index", index).key("delta");
  return w;
}

void Answer::close_chunk(oc::Out& out, oc::Writer& w, std::string_view finish_reason, std::string_view logprobs) const {
  w.key("logprobs");
  logprobs.empty() ? w.null() : w.object().key("content").raw(logprobs).key("refusal").null().close();
  w.key("finish_reason");
  finish_reason.empty() ? w.null() : w.str(finish_reason);
  w.close().close();
  if (usage_wanted_) w.key("usage").null();
  w.close();
  out.event_end();
}

void Answer::text_chunk(oc::Out& out, Choice& choice, std::uint32_t index, std::string_view member, std::string_view text) const {
  if (text.empty()) return;
  oc::Writer w = open_chunk(out, choice, index);
  w.object().member(member, text).close();
  close_chunk(out, w, {});
}

void Answer::raw_chunk(oc::Out& out, Choice& choice, std::uint32_t index, std::string_view member, std::string_view json) const {
  oc::Writer w = open_chunk(out, choice, index);
  w.object().key(member).raw(json).close();
  close_chunk(out, w, {});
}

// The first piece of a call names it; the others have the next of its arguments.
void Answer::tool_chunk(oc::Out& out, Choice& choice, std::uint32_t index, const ToolCall& tool, bool begins,
                        std::string_view text) const {
  if (legacy_ && tool.index != 0) return;  // there is only one
  oc::Writer w = open_chunk(out, choice, index);
  w.object();
  if (legacy_) {
    w.key("function_call").object();
  } else {
    w.key("tool_calls").array().object().member("index", tool.index);
    if (begins) w.member("id", oc::view(tool.id)).member("type", tool.custom ? "custom" : "function");
    w.key(tool.custom ? "custom" : "function").object();
  }
  if (begins) w.member("name", oc::view(tool.name));
  w.member(tool.custom && !legacy_ ? "input" : "arguments", text).close();
  if (!legacy_) w.close().close();
  w.close();
  close_chunk(out, w, {});
}

// ---- whole answers

void Answer::write_head(oc::Writer& w, std::string_view object) const {
  w.object().member("id", oc::view(id_)).member("object", object).member("created", created_s_);
  w.member("model", oc::view(model_));
}

void Answer::write_choice(const oc::Call& keep, oc::Writer& w, std::uint32_t index) const {
  const Choice& choice = choices_[index];
  const auto text_or_null = [&](std::string_view name, const dialect::Rope& rope) {
    w.key(name);
    rope.empty() ? w.null() : w.str(rope.joined(keep));
  };
  const auto raw_if_any = [&](std::string_view name, oc_str json) {
    if (json.len != 0) w.key(name).raw(oc::view(json));
  };
  const auto list_if_any = [&](std::string_view name, const JsonList& list) {
    if (!list.empty()) w.key(name).raw(list.array(keep));
  };
  w.object().member("index", index).key("message").object().member("role", "assistant");
  // Clients take null as "look elsewhere"; an answer with nothing in it is an empty text.
  if (choice.text.empty() && choice.tools == nullptr && choice.refusal.empty() && choice.audio.len == 0)
    w.member("content", "");
  else
    text_or_null("content", choice.text);
  text_or_null("refusal", choice.refusal);
  if (const auto reasoning = choice.all_reasoning(keep); !reasoning.empty()) w.member("reasoning_content", reasoning);
  list_if_any("reasoning_details", choice.details);
  list_if_any("annotations", choice.annotations);
  list_if_any("images", choice.images);
  raw_if_any("audio", choice.audio);
  raw_if_any("executed_tools", choice.executed_tools);
  if (choice.text_signature.len != 0) w.key("extra_content").raw(signature_of(keep, oc::view(choice.text_signature)));
  write_tools(keep, w, choice);
  w.close().key("logprobs");
  choice.logprobs.empty() ? w.null() : w.object().key("content").raw(choice.logprobs.array(keep)).key("refusal").null().close();
  w.member("finish_reason", finish_word(choice)).close();
}

void Answer::write_tools(const oc::Call& keep, oc::Writer& w, const Choice& choice) const {
  if (choice.tools == nullptr) return;
  if (legacy_) {
    const ToolCall& only = *choice.tools;
    w.key("function_call").object().member("name", oc::view(only.name)).member("arguments", only.arguments.joined(keep)).close();
    return;
  }
  w.key("tool_calls").array();
  for (const ToolCall* t = choice.tools; t != nullptr; t = t->next) {
    const std::string_view kind = t->custom ? "custom" : "function";
    const auto arguments = t->arguments.joined(keep);
    w.object().member("id", oc::view(t->id)).member("type", kind).key(kind).object().member("name", oc::view(t->name));
    w.member(t->custom ? "input" : "arguments", t->wrapped ? dialect::custom_tool_input(keep, arguments) : arguments).close();
    if (t->signature.len != 0) w.key("extra_content").raw(signature_of(keep, oc::view(t->signature)));
    w.close();
  }
  w.close();
}

std::string_view Answer::finish_word(const Choice& choice) const {
  const auto word = finish_to_wire(choice.finish, choice.refused);
  return legacy_ && choice.finish == OC_FIN_TOOL ? std::string_view("function_call") : word;
}

}  // namespace onechat::openai_chat
