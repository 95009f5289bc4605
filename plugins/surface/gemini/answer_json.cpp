// How an answer looks on the wire.
#include "answer.hpp"
#include "common/tools.hpp"
#include "gemini/finish_reason.hpp"
#include "common/members.hpp"
#include "gemini/usage.hpp"

namespace onechat::gemini {

void Answer::write_part(const oc::Call& keep, oc::Writer& w, const Part& p) const {
  const auto body = p.text.joined(keep);
  if (p.type == OC_EV_OPAQUE) {
    w.raw(dialect::one_line(keep, body));
    return;
  }
  w.object();
  if (p.type == OC_EV_TOOL_BEGIN) {
    oc_part call = oc::sized<oc_part>();
    call.tool_args_json = oc::str(body);
    call.flags = p.custom ? std::uint32_t(OC_PARTF_CUSTOM) : 0u;
    w.key("functionCall").object();
    if (p.id.len != 0) w.member("id", oc::view(p.id));
    w.member("name", oc::view(p.name)).key("args").raw(dialect::one_line(keep, dialect::arguments_object(keep, call))).close();
  } else if (p.type == OC_EV_MEDIA) {
    w.key("inlineData").object().member("mimeType", oc::view(p.name)).member("data", body).close();
  } else {
    w.member("text", p.type == OC_EV_REASONING && !show_reasoning_ ? std::string_view() : body);
    if (p.type == OC_EV_REASONING) w.key("thought").boolean(true);
  }
  if (p.signature.len != 0) w.member("thoughtSignature", oc::view(p.signature));
  w.close();
}

void Answer::write_candidate(const oc::Call& keep, oc::Writer& w, std::uint32_t index) const {
  const Candidate& c = candidates_[index];
  w.object().key("content").object().key("parts").array();
  bool any = false;
  for (const Part* p = c.first; p != nullptr; p = p->next) {
    if (!shown(*p)) continue;
    write_part(keep, w, *p);
    any = true;
  }
  if (!any && stream_) w.object().member("text", "").close();
  w.close().member("role", "model").close();
  const auto reason = c.finish_reason.len != 0 ? oc::view(c.finish_reason) : finish_to_wire(c.finish);
  w.member("finishReason", reason).member("index", index);
  if (c.finish_message.len != 0) w.member("finishMessage", oc::view(c.finish_message));
  if (!c.chosen.empty()) {
    w.key("logprobsResult").object();
    w.key("chosenCandidates").raw(keep.concat({"[", c.chosen.joined(keep), "]"}));
    w.key("topCandidates").raw(keep.concat({"[", c.top.joined(keep), "]"})).close();
  }
  if (!c.chunks.empty()) {
    w.key("groundingMetadata").object().key("groundingChunks").raw(keep.concat({"[", c.chunks.joined(keep), "]"}));
    if (!c.supports.empty()) w.key("groundingSupports").raw(keep.concat({"[", c.supports.joined(keep), "]"}));
    w.close();
  }
  w.close();
}

// What every response object has.
void Answer::write_tail(oc::Writer& w) const {
  if (has_usage_) {
    w.key("usageMetadata");
    write_usage(w, usage_);
  }
  w.member("modelVersion", oc::view(model_)).member("responseId", oc::view(id_));
}

// A whole answer, or the last chunk of a stream: the reasons, and everything that was kept.
void Answer::write_last(const oc::Call& keep, oc::Writer& w) const {
  w.object();
  if (candidates_[0].prompt_feedback.len != 0) {
    w.key("promptFeedback").raw(oc::view(candidates_[0].prompt_feedback));
  } else {
    w.key("candidates").array();
    for (std::uint32_t i = 0; i < n_; ++i)
      if (candidates_[i].finished || candidates_[i].first != nullptr) write_candidate(keep, w, i);
    w.close();
  }
  write_tail(w);
  w.close();
}

void Answer::write_embeddings(const oc::Call&, oc::Writer& w) const {
  const auto one = [&](oc_str values) {
    w.object().key("values").raw(values.len != 0 ? oc::view(values) : std::string_view("[]")).close();
  };
  w.object();
  if (batch_) {
    w.key("embeddings").array();
    for (std::uint32_t i = 0; i < n_; ++i) one(embeddings_[i]);
    w.close();
  } else {
    w.key("embedding");
    one(embeddings_[0]);
  }
  if (has_usage_)
    w.key("usageMetadata")
        .object()
        .member("promptTokenCount", static_cast<std::int64_t>(prompt_tokens(usage_)))
        .close();
  w.close();
}

void Answer::write_count(oc::Writer& w) const {
  const auto total = static_cast<std::int64_t>(prompt_tokens(usage_));
  w.object().member("totalTokens", total);
  if (usage_.cache_read != 0) w.member("cachedContentTokenCount", static_cast<std::int64_t>(usage_.cache_read));
  w.key("promptTokensDetails")
      .array()
      .object()
      .member("modality", "TEXT")
      .member("tokenCount", total)
      .close()
      .close()
      .close();
}

}  // namespace onechat::gemini
