#include "answer.hpp"

#include <algorithm>

#include "openai_chat/finish_reason.hpp"
#include "openai_chat/usage.hpp"

namespace onechat::openai_chat {
namespace {

constexpr std::string_view kIdPrefix = "chatcmpl-";
constexpr std::size_t kIdMax = 128;

std::uint64_t mixed(std::uint64_t x) {  // splitmix64
  x += 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

std::string_view made_id(const oc::Call& call, std::uint64_t serial) {
  static constexpr char kAlphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  constexpr std::size_t kRandom = 20;
  char* id = static_cast<char*>(call.allocate(kIdPrefix.size() + kRandom, 1));
  std::memcpy(id, kIdPrefix.data(), kIdPrefix.size());
  // Instances on other loops count their own serials: the address of the call tells them apart.
  std::uint64_t seed = mixed(serial) ^ mixed(call.host->now_ns()) ^ mixed(reinterpret_cast<std::uintptr_t>(call.handle));
  for (std::size_t i = 0; i < kRandom; ++i) {
    seed = mixed(seed);
    id[kIdPrefix.size() + i] = kAlphabet[seed % 62];
  }
  return {id, kIdPrefix.size() + kRandom};
}

}  // namespace

void Answer::begin(const oc::Call& call, const oc_request& request, std::uint64_t serial) {
  arena_ = call.arena;
  generates_ = request.op == OC_OP_GENERATE;
  stream_ = (request.flags & OC_REQ_STREAM) != 0;
  usage_wanted_ = (request.flags & OC_REQ_STREAM_USAGE) != 0;
  model_ = request.model;
  created_s_ = call.host->unix_ms() / 1000;
  if (!generates_) return;
  n_ = request.n;
  choices_ = call.array<Choice>(n_);
  id_ = oc::str(made_id(call, serial));
}

oc_status Answer::event(const oc::Call& call, const oc_event& e, oc::Out& out) {
  if (!generates_)
    return call.fail(OC_E_UNSUPPORTED, "Embeddings need a model whose provider speaks the OpenAI API.", "unsupported");
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
  if (e.choice >= n_) return OC_OK;
  Choice& choice = choices_[e.choice];
  if (e.type == OC_EV_FINISH) {
    if (choice.finished) return OC_OK;
    choice.finished = true;
    choice.finish = e.finish;
  }
  if (stream_)
    stream_event(keep, choice, e, out);
  else
    collect(keep, choice, e);
  return OC_OK;
}

oc_status Answer::finish(const oc::Call& call, oc::Out& out) {
  if (!generates_) return OC_OK;
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

void Answer::append(const oc::Call& call, Rope& rope, oc_str text) const {
  if (text.len == 0) return;
  auto* piece = call.make<Piece>();
  piece->text = oc::str(call.copy(oc::view(text)));
  (rope.last != nullptr ? rope.last->next : rope.first) = piece;
  rope.last = piece;
  rope.size += text.len;
}

oc_str Answer::joined(const oc::Call& call, const Rope& rope) const {
  if (rope.first == rope.last) return rope.first != nullptr ? rope.first->text : oc_str{};
  char* const begin = static_cast<char*>(call.allocate(rope.size, 1));
  char* at = begin;
  for (const Piece* p = rope.first; p != nullptr; p = p->next) {
    std::memcpy(at, p->text.ptr, p->text.len);
    at += p->text.len;
  }
  return {begin, rope.size};
}

Answer::ToolCall& Answer::add_tool(const oc::Call& call, Choice& choice, const oc_event& e) const {
  auto* tool = call.make<ToolCall>();
  tool->part = e.index;
  tool->index = choice.n_tools++;
  tool->custom = e.ext_json.len != 0 && call.parse(oc::view(e.ext_json))["type"].str() == "custom";
  (choice.last_tool != nullptr ? choice.last_tool->next : choice.tools) = tool;
  choice.last_tool = tool;
  return *tool;
}

Answer::ToolCall* Answer::tool_of(Choice& choice, std::uint32_t part) {
  if (choice.last_tool != nullptr && choice.last_tool->part == part) return choice.last_tool;
  for (ToolCall* t = choice.tools; t != nullptr; t = t->next)
    if (t->part == part) return t;
  return nullptr;
}

void Answer::collect(const oc::Call& call, Choice& choice, const oc_event& e) const {
  switch (e.type) {
    case OC_EV_TEXT: append(call, choice.text, e.text); break;
    case OC_EV_REASONING: append(call, choice.reasoning, e.text); break;
    case OC_EV_REFUSAL: append(call, choice.refusal, e.text); break;
    case OC_EV_TOOL_BEGIN: {
      ToolCall& tool = add_tool(call, choice, e);
      tool.id = oc::str(call.copy(oc::view(e.tool_id)));
      tool.name = oc::str(call.copy(oc::view(e.tool_name)));
      break;
    }
    case OC_EV_TOOL_ARGS:
      if (ToolCall* tool = tool_of(choice, e.index)) append(call, tool->arguments, e.text);
      break;
    default: break;
  }
}

void Answer::stream_event(const oc::Call& call, Choice& choice, const oc_event& e, oc::Out& out) {
  switch (e.type) {
    case OC_EV_TEXT:
    case OC_EV_REASONING:
    case OC_EV_REFUSAL:
    case OC_EV_TOOL_BEGIN:
    case OC_EV_TOOL_ARGS:
    case OC_EV_FINISH: break;
    default: return;
  }
  if (!choice.begun) {
    choice.begun = true;
    oc::Writer w = open_chunk(out, e.choice);
    w.object().member("role", "assistant").member("content", "").key("refusal").null().close();
    close_chunk(out, w, 0);
  }
  const auto text = [&](std::string_view member) {
    if (e.text.len == 0) return;
    oc::Writer w = open_chunk(out, e.choice);
    w.object().member(member, oc::view(e.text)).close();
    close_chunk(out, w, 0);
  };
  if (e.type == OC_EV_TEXT) return text("content");
  if (e.type == OC_EV_REASONING) return text("reasoning_content");
  if (e.type == OC_EV_REFUSAL) return text("refusal");
  if (e.type == OC_EV_FINISH) {
    oc::Writer w = open_chunk(out, e.choice);
    w.object().close();
    return close_chunk(out, w, e.finish);
  }
  const bool begins = e.type == OC_EV_TOOL_BEGIN;
  const ToolCall* tool = begins ? &add_tool(call, choice, e) : tool_of(choice, e.index);
  if (tool == nullptr || (!begins && e.text.len == 0)) return;
  oc::Writer w = open_chunk(out, e.choice);
  w.object().key("tool_calls").array().object().member("index", tool->index);
  if (begins) w.member("id", oc::view(e.tool_id)).member("type", tool->custom ? "custom" : "function");
  w.key(tool->custom ? "custom" : "function").object();
  if (begins) w.member("name", oc::view(e.tool_name));
  w.member(tool->custom ? "input" : "arguments", begins ? std::string_view() : oc::view(e.text));
  w.close().close().close().close();
  close_chunk(out, w, 0);
}

oc::Writer Answer::open_chunk(oc::Out& out, std::uint32_t choice) const {
  oc::Writer w = out.event();
  write_head(w, "chat.completion.chunk");
  w.key("choices").array().object().member("index", choice).key("delta");
  return w;
}

void Answer::close_chunk(oc::Out& out, oc::Writer& w, std::uint32_t finish) const {
  w.key("logprobs").null().key("finish_reason");
  finish != 0 ? w.str(finish_to_wire(finish)) : w.null();
  w.close().close();
  if (usage_wanted_) w.key("usage").null();
  w.close();
  out.event_end();
}

void Answer::write_head(oc::Writer& w, std::string_view object) const {
  w.object().member("id", oc::view(id_)).member("object", object).member("created", created_s_);
  w.member("model", oc::view(model_));
}

void Answer::write_choice(const oc::Call& call, oc::Writer& w, std::uint32_t index) const {
  const Choice& choice = choices_[index];
  const auto text_or_null = [&](std::string_view name, const Rope& rope) {
    w.key(name);
    rope.size != 0 ? w.str(oc::view(joined(call, rope))) : w.null();
  };
  w.object().member("index", index).key("message").object().member("role", "assistant");
  // Clients take null as "look elsewhere"; an answer with nothing in it is an empty text.
  if (choice.text.size == 0 && choice.tools == nullptr && choice.refusal.size == 0)
    w.member("content", "");
  else
    text_or_null("content", choice.text);
  text_or_null("refusal", choice.refusal);
  if (choice.reasoning.size != 0) text_or_null("reasoning_content", choice.reasoning);
  if (choice.tools != nullptr) {
    w.key("tool_calls").array();
    for (const ToolCall* t = choice.tools; t != nullptr; t = t->next) write_tool(call, w, *t);
    w.close();
  }
  w.close().key("logprobs").null().member("finish_reason", finish_to_wire(choice.finish)).close();
}

void Answer::write_tool(const oc::Call& call, oc::Writer& w, const ToolCall& tool) const {
  const std::string_view kind = tool.custom ? "custom" : "function";
  w.object().member("id", oc::view(tool.id)).member("type", kind).key(kind).object();
  w.member("name", oc::view(tool.name));
  w.member(tool.custom ? "input" : "arguments", oc::view(joined(call, tool.arguments))).close().close();
}

}  // namespace onechat::openai_chat
