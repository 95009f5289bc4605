#include "provider.hpp"

#include "body_writer.hpp"
#include "common/state_token.hpp"
#include "openai_errors/error_answer.hpp"
#include "straight.hpp"

namespace onechat::openai_chat {
namespace {

constexpr std::string_view kModelSlot = "{model}";

// Azure's address names the deployment: /openai/deployments/{model}/chat/completions
std::string_view path_for(const oc::Call& call, const std::string& path, std::string_view model) {
  const auto slot = path.find(kModelSlot);
  if (slot == std::string::npos) return path;
  static constexpr char kHex[] = "0123456789ABCDEF";
  char* const begin = static_cast<char*>(call.allocate(model.size() * 3, 1));
  char* at = begin;
  for (const char c : model) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      *at++ = c;
      continue;
    }
    const auto u = static_cast<unsigned char>(c);
    *at++ = '%', *at++ = kHex[u >> 4], *at++ = kHex[u & 15];
  }
  const std::string_view text = path;
  return call.concat({text.substr(0, slot), {begin, static_cast<std::size_t>(at - begin)}, text.substr(slot + kModelSlot.size())});
}

// A client may send back what another dialect's model signed; a body with that in it cannot go through as it is.
bool carries_foreign_state(const oc_request& request) {
  for (std::uint64_t t = 0; t < request.n_turns; ++t) {
    for (std::uint64_t i = 0; i < request.turns[t]->n_parts; ++i) {
      const oc_part& p = *request.turns[t]->parts[i];
      if (p.opaque.len != 0 && !dialect::belongs_to(oc::view(p.opaque_origin), Provider::kDialect, oc::view(request.model))) return true;
    }
  }
  return false;
}

}  // namespace

Provider::Provider(const oc_host*, oc::Json config) : settings_(config), caps_(kCaps) {
  if (!settings_.cancel_stops_billing) caps_ &= ~std::uint64_t(OC_PROV_CAP_CANCEL_STOPS_BILLING);
}

oc_status Provider::build(oc::Call& call, State& state, const oc_request& request, bool straight_ok, oc::Http& http) {
  state.embeds = request.op == OC_OP_EMBED;
  if (!state.embeds && request.op != OC_OP_GENERATE)
    return call.fail(OC_E_UNSUPPORTED, "The model's provider does not offer this operation.", "unsupported");
  const bool streams = !state.embeds && (request.flags & OC_REQ_STREAM) != 0;
  state.whole = !streams;
  state.reader.begin(std::string(kDialect) + "/" + std::string(oc::view(request.model)));
  http.post(path_for(call, state.embeds ? settings_.embeddings_path : settings_.chat_path, oc::view(request.model)));
  http.framing(streams ? OC_FRAME_SSE : OC_FRAME_BODY);
  for (const auto& [name, value] : settings_.headers) http.header(name, value);
  http.header("content-type", "application/json");
  http.header("accept", streams ? "text/event-stream" : "application/json");

  if (straight_ok && oc::view(request.dialect) == kDialect && !carries_foreign_state(request)) {
    const StraightEdits edits = edit_request(call, request, streams && settings_.stream_usage);
    if (edits.possible) {
      state.asked_for_usage = edits.asks_for_usage;
      http.straight(edits.splices, edits.n);
      return OC_OK;
    }
  }
  BodyWriter body(call, settings_, request, http.json());
  return state.embeds ? body.write_embeddings() : body.write_chat();
}

oc_status Provider::frame(oc::Call& call, State& state, const oc_frame& frame, oc_relay* relay) {
  const auto data = oc::view(frame.data);
  if (!state.whole && data == "[DONE]") {
    state.reader.read_done(call);
    return OC_OK;
  }
  const oc::Json root = call.parse(frame.data);
  if (!root) {
    // Between equals the client is the better judge of an odd chunk; a translation needs to understand it.
    if (!state.whole && relay != nullptr) return OC_OK;
    return call.fail(OC_E_UPSTREAM, "The provider's answer is not valid JSON.");
  }
  if (state.embeds)
    state.reader.read_embeddings(call, root, relay == nullptr);
  else if (state.whole)
    state.reader.read_body(call, root);
  else
    state.reader.read_chunk(call, root);
  if (relay != nullptr && state.asked_for_usage) hide_usage(call, data, root, *relay);
  return OC_OK;
}

oc_status Provider::finish(oc::Call&, State& state, oc_status transport) {
  const AnswerReader& reader = state.reader;
  if (reader.failed()) return OC_E_UPSTREAM;
  if (reader.done()) return OC_OK;
  if (transport < 0) return reader.finished() && reader.usage_seen() ? OC_OK : transport;
  return reader.finished() ? OC_OK : OC_E_UPSTREAM;
}

oc_status Provider::map_error(oc::Call& call, State&, std::uint32_t http_status, const oc_header* headers, std::uint64_t n,
                              std::string_view body, oc_event& out) {
  openai_errors::map_error(call, http_status, headers, n, body, settings_.api_key, out);
  return OC_OK;
}

oc_status Provider::estimate(const oc_request& request, oc_usage& out) {
  out.input = request.input_bytes;
  const std::uint64_t n = request.n != 0 ? request.n : 1;
  if ((request.set_mask & OC_SET_MAX_TOKENS) != 0) out.output = request.max_output_tokens * n;
  return OC_OK;
}

const void* Provider::get_ext(std::string_view id) noexcept { return id == kInstanceCaps ? &caps_ : nullptr; }

}  // namespace onechat::openai_chat
