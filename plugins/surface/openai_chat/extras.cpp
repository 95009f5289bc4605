#include "extras.hpp"

#include "common/members.hpp"
#include "common/state_token.hpp"

namespace onechat::openai_chat {
namespace {

constexpr std::string_view kDialect = "openai_chat", kStateFormat = "1chat-state-v1";

bool is_own(oc_str origin) { return oc::view(origin).substr(0, kDialect.size() + 1) == "openai_chat/"; }

}  // namespace

std::string_view details_of(const oc::Call& call, Choice& choice, const ReasoningPart& part, const oc_event& state) {
  if (is_own(state.opaque_origin)) {
    const oc::Json list = call.parse(oc::view(state.opaque));
    if (!list.is_array() || list.size() == 0) return {};
    choice.n_details += static_cast<std::uint32_t>(list.size());
    return list.raw().substr(1, list.raw().size() - 2);
  }
  if (state.opaque.len == 0) return {};
  const auto slot = dialect::to_slot(call, kDialect, oc::view(state.opaque), oc::view(state.opaque_origin));
  const auto text = part.text.joined(call);
  return call.json([&](oc::Writer& w) {
    w.object();
    if (text.empty())
      w.member("type", "reasoning.encrypted").member("data", slot);
    else if (part.summary)
      w.member("type", "reasoning.summary").member("summary", text).member("data", slot);
    else
      w.member("type", "reasoning.text").member("text", text).member("signature", slot);
    w.key("id").null().member("format", kStateFormat).member("index", choice.n_details++).close();
  });
}

std::string_view signature_of(const oc::Call& call, std::string_view slot) {
  return dialect::object_of(call, "google", dialect::object_of(call, "thought_signature", dialect::quoted(call, slot)));
}

std::string_view annotation_of(const oc::Call& call, const Choice& choice, const oc_event& citation) {
  const oc::Json told = call.parse(oc::view(citation.ext_json));
  const auto url = told["url"].str();
  if (url.empty()) return {};
  // Places are told within the part; the message is one text.
  const auto before = choice.has_text && choice.text_part == citation.index ? static_cast<std::int64_t>(choice.chars_before) : 0;
  return call.json([&](oc::Writer& w) {
    w.object().member("type", "url_citation").key("url_citation").object().member("url", url).member("title", told["title"].str());
    w.member("start_index", before + told["start"].integer(0)).member("end_index", before + told["end"].integer(0));
    w.close().close();
  });
}

std::string_view image_of(const oc::Call& call, const oc_event& media) {
  const auto url = call.concat({"data:", oc::view(media.media_type), ";base64,", oc::view(media.text)});
  return call.concat({R"({"type":"image_url","image_url":{"url":)", dialect::quoted(call, url), "}}"});
}

std::string_view audio_of(const oc::Call& call, const oc_event& media) {
  return call.concat({R"({"id":"audio_0","data":)", dialect::quoted(call, oc::view(media.text)), R"(,"expires_at":0,"transcript":""})"});
}

oc::Json own_opaque(const oc::Call& call, const oc_event& opaque) {
  const oc::Json object = call.parse(oc::view(opaque.ext_json));
  if (!object.is_object() || object.size() != 1) return {};
  const oc::Json value = object.first();
  for (const std::string_view known : {"audio", "annotation", "image", "executed_tools"})
    if (value.key() == known) return value;
  return {};
}

}  // namespace onechat::openai_chat
