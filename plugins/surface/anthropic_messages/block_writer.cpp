#include "block_writer.hpp"

#include <algorithm>

#include "anthropic_messages/thinking_state.hpp"
#include "anthropic_messages/version.hpp"
#include "common/members.hpp"
#include "common/state_token.hpp"
#include "common/tools.hpp"

namespace onechat::anthropic_messages {
namespace {

constexpr std::string_view kLocation = "_location";

bool is_location(oc::Json raw) {
  const auto type = raw["type"].str();
  return type.size() > kLocation.size() && type.substr(type.size() - kLocation.size()) == kLocation;
}

void write_text(const oc::Call& call, oc::Writer& out, const Part& part) {
  out.object().member("type", "text").member("text", part.text.joined(call));
  if (part.citations != nullptr) {
    out.key("citations").array();
    for (const Citation* c = part.citations; c != nullptr; c = c->next) out.raw(oc::view(c->json));
    out.close();
  }
  out.close();
}

void write_thinking(const oc::Call& call, oc::Writer& out, const Part& part, bool show) {
  const bool shown = show && !part.text.empty();
  const StateSlot slot = state_slot(call, part, shown);
  if (slot.kind == StateSlot::redacted) return write_redacted(out, slot.text);
  if (slot.kind == StateSlot::none && !shown) return;
  out.object().member("type", "thinking");
  out.member("thinking", shown ? part.text.joined(call) : std::string_view()).member("signature", slot.text).close();
}

}  // namespace

StateSlot state_slot(const oc::Call& call, const Part& part, bool shown) {
  const auto opaque = oc::view(part.opaque), origin = oc::view(part.origin);
  if (opaque.empty()) return {};
  const bool own = dialect::belongs_to(origin, kDialectName, origin.substr(std::min(origin.size(), kDialectName.size() + 1)));
  if (part.kind != PartKind::thinking) {
    if (own) return {};
    return {StateSlot::redacted_after, slot_of_previous(call, opaque, origin)};
  }
  if (own) {
    if (const auto data = redacted_data(opaque)) return {StateSlot::redacted, *data};
    return {StateSlot::signature, opaque};
  }
  return {shown ? StateSlot::signature : StateSlot::redacted, dialect::to_slot(call, kDialectName, opaque, origin)};
}

void write_blocks(const oc::Call& call, oc::Writer& out, const Part& part, bool show) {
  switch (part.kind) {
    case PartKind::text:
      if (!part.text.empty()) write_text(call, out, part);
      break;
    case PartKind::thinking: return write_thinking(call, out, part, show);
    case PartKind::tool:
      out.object().member("type", "tool_use").member("id", oc::view(part.id)).member("name", oc::view(part.name));
      out.key("input").raw(input_of(call, part));
      dialect::write_members(call, out, oc::view(part.json));
      out.close();
      break;
    case PartKind::block: out.raw(oc::view(part.json)); return;
  }
  if (const StateSlot slot = state_slot(call, part, true); slot.kind == StateSlot::redacted_after)
    write_redacted(out, slot.text);
}

void write_redacted(oc::Writer& out, std::string_view data) {
  out.object().member("type", "redacted_thinking").member("data", data).close();
}

std::string_view input_of(const oc::Call& call, const Part& part) {
  oc_part as_call = oc::sized<oc_part>();
  as_call.flags = part.custom ? std::uint32_t(OC_PARTF_CUSTOM) : 0u;
  as_call.tool_args_json = oc::str(part.text.joined(call));
  return dialect::arguments_object(call, as_call);
}

std::string_view location_of(const oc::Call& call, std::string_view citation_json) {
  const oc::Json said = call.parse(citation_json);
  if (const oc::Json raw = said["raw"]; is_location(raw)) return raw.raw();
  if (is_location(said)) return said.raw();
  const auto url = said["url"].str();
  if (url.empty()) return {};
  return call.json([&](oc::Writer& w) {
    w.object().member("type", "web_search_result_location").member("url", url).key("title");
    said["title"].is_string() ? w.str(said["title"].str()) : w.null();
    w.member("cited_text", said["text"].str()).member("encrypted_index", "").close();
  });
}

}  // namespace onechat::anthropic_messages
