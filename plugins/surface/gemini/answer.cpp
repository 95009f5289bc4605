#include "answer.hpp"

#include <algorithm>

#include "common/ids.hpp"
#include "common/state_token.hpp"
#include "gemini/error_shape.hpp"
#include "gemini/finish_reason.hpp"
#include "common/members.hpp"

namespace onechat::gemini {
namespace {

constexpr std::string_view kDialect = "gemini";
constexpr std::size_t kIdMax = 128, kIdMade = 22;
constexpr std::uint64_t kInputsMax = 65536;

bool fit_for_an_id(std::string_view id) {
  const auto odd = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == '"' || c == 0x7F; };
  return !id.empty() && id.size() <= kIdMax && std::none_of(id.begin(), id.end(), odd);
}

// Parts of this dialect that nobody models, as provider.gemini hands them on.
bool is_own_part(oc::Json value) {
  if (!value.is_object() || value["type"]) return false;
  for (const std::string_view name : {"executableCode", "codeExecutionResult", "toolCall", "toolResponse", "fileData"})
    if (value[name].is_object()) return true;
  return false;
}

void add_element(const oc::Call& keep, dialect::Rope& list, std::string_view json) {
  if (!list.empty()) list.append(keep, ",");
  list.append(keep, json);
}

}  // namespace

void Answer::expect(bool stream, bool json_array) {
  stream_ = stream;
  array_ = json_array;
}

void Answer::begin(const oc::Call& call, const oc_request& request, bool batch, std::uint64_t serial) {
  arena_ = call.arena;
  op_ = request.op;
  batch_ = batch;
  show_reasoning_ = (request.flags & OC_REQ_SHOW_REASONING) != 0;
  model_ = request.model;
  n_ = op_ == OC_OP_GENERATE ? std::max(request.n, 1u) : 0;
  candidates_ = call.array<Candidate>(n_);
  id_ = oc::str(dialect::made_id(call, "", kIdMade, serial));
  if (op_ == OC_OP_EMBED) {
    n_ = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(request.n_inputs, 1, kInputsMax));
    embeddings_ = call.array<oc_str>(n_);
  }
}

oc_status Answer::event(const oc::Call& call, const oc_event& e, oc::Out& out) {
  const oc::Call keep = lasting(call);
  if (e.type == OC_EV_START) {
    if (fit_for_an_id(oc::view(e.id))) id_ = oc::str(keep.copy(oc::view(e.id)));
    return OC_OK;
  }
  if (e.type == OC_EV_USAGE) {
    if (e.usage == nullptr) return OC_OK;
    std::memcpy(&usage_, e.usage, std::min<std::size_t>(sizeof usage_, e.usage->struct_size));
    has_usage_ = true;
    return OC_OK;
  }
  if (op_ == OC_OP_EMBED) {
    if (e.type == OC_EV_EMBEDDING && e.index < n_) embeddings_[e.index] = oc::str(keep.copy(oc::view(e.ext_json)));
    return OC_OK;
  }
  if (e.choice >= n_ || candidates_ == nullptr) return OC_OK;
  return answer_event(keep, candidates_[e.choice], e, out);
}

oc_status Answer::answer_event(const oc::Call& keep, Candidate& c, const oc_event& e, oc::Out& out) {
  if (c.finished) return OC_OK;
  switch (e.type) {
    case OC_EV_TEXT:
    case OC_EV_REFUSAL:
    case OC_EV_REASONING: return text(keep, c, e, out);
    case OC_EV_TOOL_BEGIN: tool(keep, c, e); break;
    case OC_EV_TOOL_ARGS:
      if (Part* p = find(c, e.index)) p->text.append(keep, oc::view(e.text));
      break;
    case OC_EV_STATE: return state(keep, c, e, out);
    case OC_EV_PART_END: part_end(keep, c, e, out); break;
    case OC_EV_MEDIA: media(keep, c, e, out); break;
    case OC_EV_CITATION: cite(keep, c, e); break;
    case OC_EV_LOGPROBS: logprobs(keep, c, e); break;
    case OC_EV_OPAQUE: return opaque(keep, c, e, out);
    case OC_EV_FINISH: ended(keep, c, e); break;
    default: break;
  }
  return OC_OK;
}

oc_status Answer::text(const oc::Call& keep, Candidate& c, const oc_event& e, oc::Out& out) {
  const std::uint32_t type = e.type == OC_EV_REASONING ? OC_EV_REASONING : OC_EV_TEXT;
  c.text_part = e.index;
  c.text_type = type;
  if (!stream_) {
    Part* p = find(c, e.index);
    if (p == nullptr) p = &add(keep, c, e, type);
    p->text.append(keep, oc::view(e.text));
    return OC_OK;
  }
  if (e.text.len == 0 || (type == OC_EV_REASONING && !show_reasoning_)) return OC_OK;
  open_event(out);
  oc::Writer w = out.event();
  w.object().key("candidates").array().object().key("content").object().key("parts").array();
  w.object().member("text", oc::view(e.text));
  if (type == OC_EV_REASONING) w.key("thought").boolean(true);
  w.close().close().member("role", "model").close().member("index", e.choice).close().close();
  write_tail(w);
  w.close();
  out.event_end();
  return OC_OK;
}

void Answer::tool(const oc::Call& keep, Candidate& c, const oc_event& e) {
  Part& p = add(keep, c, e, OC_EV_TOOL_BEGIN);
  p.id = oc::str(keep.copy(oc::view(e.tool_id)));
  p.name = oc::str(keep.copy(oc::view(e.tool_name)));
  p.custom = (e.flags & OC_EVF_CUSTOM) != 0;
}

// The signature of a tool call goes out with it; that of a text that is already out follows on an empty part, as Google
// does it.
oc_status Answer::state(const oc::Call& keep, Candidate& c, const oc_event& e, oc::Out& out) {
  const auto slot = dialect::to_slot(keep, kDialect, oc::view(e.opaque), oc::view(e.opaque_origin));
  if (slot.empty()) return OC_OK;
  Part* p = find(c, e.index);
  if (p != nullptr) {
    p->signature = oc::str(keep.copy(slot));
    return OC_OK;
  }
  const bool of_text = c.text_type == OC_EV_TEXT && c.text_part == e.index;
  Part& lone = add(keep, c, e, of_text ? OC_EV_TEXT : OC_EV_REASONING);
  lone.signature = oc::str(keep.copy(slot));
  if (!stream_) return OC_OK;
  send_part(keep, e.choice, lone, out);
  remove(c, &lone);
  return OC_OK;
}

oc_status Answer::opaque(const oc::Call& keep, Candidate& c, const oc_event& e, oc::Out& out) {
  if (!is_own_part(keep.parse(oc::view(e.ext_json)))) {
    if (told_opaque_) return OC_OK;
    told_opaque_ = true;
    return keep.dropped("parts of the answer that this API has no form for");
  }
  Part& p = add(keep, c, e, OC_EV_OPAQUE);
  p.text.append(keep, oc::view(e.ext_json));
  if (stream_) {
    send_part(keep, e.choice, p, out);
    remove(c, &p);
  }
  return OC_OK;
}

void Answer::media(const oc::Call& keep, Candidate& c, const oc_event& e, oc::Out& out) {
  Part& p = add(keep, c, e, OC_EV_MEDIA);
  p.name = oc::str(keep.copy(oc::view(e.media_type)));
  if (!stream_) return p.text.append(keep, oc::view(e.text));
  // Megabytes of base64 are not copied where nobody will ask for them again.
  dialect::Rope::Piece piece{nullptr, e.text};
  p.text.first = p.text.last = &piece;
  p.text.size = e.text.len;
  send_part(keep, e.choice, p, out);
  remove(c, &p);
}

void Answer::part_end(const oc::Call& keep, Candidate& c, const oc_event& e, oc::Out& out) {
  Part* p = find(c, e.index);
  if (p == nullptr || !stream_) return;
  send_part(keep, e.choice, *p, out);
  remove(c, p);
}

void Answer::ended(const oc::Call& keep, Candidate& c, const oc_event& e) {
  c.finished = true;
  c.finish = e.finish;
  if (e.ext_json.len == 0) return;
  // Of this dialect: the very words.
  const oc::Json told = keep.parse(oc::view(e.ext_json));
  const auto reason = told["finishReason"].str();
  if (!reason.empty() && finish_from_wire(reason) == e.finish) c.finish_reason = oc::str(keep.copy(reason));
  c.finish_message = oc::str(keep.copy(told["finishMessage"].str()));
  if (const oc::Json feedback = told["promptFeedback"]; feedback.is_object())
    c.prompt_feedback = oc::str(dialect::one_line(keep, keep.copy(feedback.raw())));
}

void Answer::cite(const oc::Call& keep, Candidate& c, const oc_event& e) {
  const oc::Json told = keep.parse(oc::view(e.ext_json));
  const auto url = told["url"].str(), title = told["title"].str(), quote = told["text"].str();
  if (url.empty() && title.empty()) return;
  add_element(keep, c.chunks, keep.json([&](oc::Writer& w) {
    w.object().key("web").object();
    if (!url.empty()) w.member("uri", url);
    if (!title.empty()) w.member("title", title);
    w.close().close();
  }));
  const std::uint32_t chunk = c.n_chunks++;
  if (quote.empty()) return;
  add_element(keep, c.supports, keep.json([&](oc::Writer& w) {
    w.object().key("segment").object().member("text", quote).close();
    w.key("groundingChunkIndices").array().integer(chunk).close().close();
  }));
}

void Answer::logprobs(const oc::Call& keep, Candidate& c, const oc_event& e) {
  const oc::Json list = keep.parse(oc::view(e.ext_json));
  if (!list.is_array()) return;
  const auto write = [](oc::Writer& w, oc::Json t) {
    w.object().member("token", t["token"].str()).key("logProbability").number(t["logprob"].number()).close();
  };
  for (const oc::Json t : list) {
    add_element(keep, c.chosen, keep.json([&](oc::Writer& w) { write(w, t); }));
    add_element(keep, c.top, keep.json([&](oc::Writer& w) {
      w.object().key("candidates").array();
      if (t["top_logprobs"].is_array())
        for (const oc::Json other : t["top_logprobs"]) write(w, other);
      w.close().close();
    }));
  }
}

Answer::Part& Answer::add(const oc::Call& keep, Candidate& c, const oc_event& e, std::uint32_t type) const {
  auto* p = keep.make<Part>();
  p->index = e.index;
  p->type = type;
  (c.last != nullptr ? c.last->next : c.first) = p;
  c.last = p;
  return *p;
}

Answer::Part* Answer::find(Candidate& c, std::uint32_t index) {
  if (c.last != nullptr && c.last->index == index) return c.last;
  for (Part* p = c.first; p != nullptr; p = p->next)
    if (p->index == index) return p;
  return nullptr;
}

void Answer::remove(Candidate& c, const Part* part) {
  Part* before = nullptr;
  for (Part* p = c.first; p != part; p = p->next) before = p;
  (before != nullptr ? before->next : c.first) = part->next;
  if (c.last == part) c.last = before;
}

// Reasoning that was not asked for is not shown, but its signature is: the model wants it back.
bool Answer::shown(const Part& p) const {
  if (p.signature.len != 0) return true;
  if (p.type == OC_EV_REASONING) return show_reasoning_ && !p.text.empty();
  return p.type != OC_EV_TEXT || !p.text.empty();
}

oc_status Answer::finish(const oc::Call& call, oc::Out& out) {
  const oc::Call keep = lasting(call);
  if (stream_ && op_ == OC_OP_GENERATE) {
    for (std::uint32_t i = 0; i < n_; ++i)
      while (candidates_[i].first != nullptr) {  // a call that was never ended
        Part* const p = candidates_[i].first;
        send_part(keep, i, *p, out);
        remove(candidates_[i], p);
      }
    open_event(out);
    oc::Writer w = out.event();
    write_last(keep, w);
    out.event_end();
    if (array_) out.raw("]");
    return OC_OK;
  }
  oc::Writer w = out.json();
  if (op_ == OC_OP_EMBED)
    write_embeddings(keep, w);
  else if (op_ == OC_OP_COUNT_TOKENS)
    write_count(w);
  else
    write_last(keep, w);
  return OC_OK;
}

void Answer::stream_error(const oc::Call& call, const oc_event& e, oc::Out& out) {
  open_event(out);
  oc::Writer w = out.event();
  write_error(call, w, e);
  out.event_end();
  if (array_) out.raw("]");
}

void Answer::open_event(oc::Out& out) {
  if (begun_) return;
  begun_ = true;
  if (array_) out.head(200, "application/json; charset=UTF-8");
  out.framing(array_ ? OC_OUT_JSON_ARRAY : OC_OUT_SSE_CRLF);
}

void Answer::send_part(const oc::Call& keep, std::uint32_t candidate, const Part& p, oc::Out& out) {
  open_event(out);
  oc::Writer w = out.event();
  w.object().key("candidates").array().object().key("content").object().key("parts").array();
  write_part(keep, w, p);
  w.close().member("role", "model").close().member("index", candidate).close().close();
  write_tail(w);
  w.close();
  out.event_end();
}

}  // namespace onechat::gemini
