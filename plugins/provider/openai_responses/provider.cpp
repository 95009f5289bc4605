#include "provider.hpp"

#include "body_writer.hpp"
#include "openai_errors/error_answer.hpp"
#include "openai_responses/made_ids.hpp"
#include "straight.hpp"

namespace onechat::openai_responses {
Provider::Provider(const oc_host*, oc::Json config) : settings_(config), caps_(kCaps) {
  if (!settings_.cancel_stops_billing) caps_ &= ~std::uint64_t(OC_PROV_CAP_CANCEL_STOPS_BILLING);
  if (!settings_.count_tokens) caps_ &= ~std::uint64_t(OC_PROV_CAP_COUNT_TOKENS);
}

oc_status Provider::build(oc::Call& call, State& state, const oc_request& request, bool straight_ok, oc::Http& http) {
  state.counts = request.op == OC_OP_COUNT_TOKENS;
  if (request.op != OC_OP_GENERATE && !(state.counts && settings_.count_tokens))
    return call.fail(OC_E_UNSUPPORTED, "The model's provider does not offer this operation.", "unsupported");
  const bool streams = !state.counts && (request.flags & OC_REQ_STREAM) != 0;
  state.whole = !streams;
  state.reader.begin(request, call);
  http.post(state.counts ? settings_.count_path : settings_.responses_path);
  http.framing(streams ? OC_FRAME_SSE : OC_FRAME_BODY);
  for (const auto& [name, value] : settings_.headers) http.header(name, value);
  http.header("content-type", "application/json");
  http.header("accept", streams ? "text/event-stream" : "application/json");
  // A previous response is the gateway's to know: its items are in the turns by now, not in the client's body.
  // Nor does the upstream know items that another one said and that the surface made into this dialect's.
  const bool same = oc::view(request.dialect) == kDialect && request.previous_id.len == 0;
  if (straight_ok && same && !speaks_of_us(call, oc::view(request.raw))) {
    const bool want_state = !state.counts && settings_.wants_state(oc::view(request.model));
    const StraightEdits edits = edit_request(call, request, want_state);
    if (edits.possible) {
      state.hides_state = edits.asks_for_state;
      http.straight(edits.splices, edits.n);
      return OC_OK;
    }
  }
  return BodyWriter(call, settings_, request, http.json()).write();
}

oc_status Provider::frame(oc::Call& call, State& state, const oc_frame& frame, oc_relay* relay) {
  if (!state.whole && oc::view(frame.data) == "[DONE]") return OC_OK;  // some add it; the answer has ended before
  const oc::Json root = call.parse(frame.data);
  if (!root) {
    // Between equals the client is the better judge of an odd event; a translation needs to understand it.
    if (!state.whole && relay != nullptr) return OC_OK;
    return call.fail(OC_E_UPSTREAM, "The provider's answer is not valid JSON.");
  }
  if (state.counts) return read_count(call, state, root);
  if (state.whole)
    state.reader.read_body(call, root);
  else
    state.reader.read_event(call, root);
  if (relay != nullptr && state.hides_state) hide_state(call, oc::view(frame.data), root, *relay);
  return OC_OK;
}

oc_status Provider::read_count(oc::Call& call, State& state, oc::Json root) {
  const std::int64_t n = root["input_tokens"].integer(-1);
  if (n < 0) return call.fail(OC_E_UPSTREAM, "The provider's answer is not a count of tokens.");
  state.counted = true;
  oc_usage used = oc::sized<oc_usage>();
  used.input = static_cast<std::uint64_t>(n);
  used.flags = OC_USAGE_CUMULATIVE | OC_USAGE_FINAL;
  return call.usage(used);
}

oc_status Provider::finish(oc::Call&, State& state, oc_status transport) {
  if (state.reader.failed()) return OC_E_UPSTREAM;
  if (state.counts ? state.counted : state.reader.done()) return OC_OK;
  return transport < 0 ? transport : OC_E_UPSTREAM;
}

oc_status Provider::map_error(oc::Call& call, State&, std::uint32_t http_status, const oc_header* headers,
                              std::uint64_t n, std::string_view body, oc_event& out) {
  openai_errors::map_error(call, http_status, headers, n, body, settings_.api_key, out);
  return OC_OK;
}

oc_status Provider::estimate(const oc_request& request, oc_usage& out) {
  out.input = request.input_bytes;
  if ((request.set_mask & OC_SET_MAX_TOKENS) != 0) out.output = request.max_output_tokens;
  return OC_OK;
}

const void* Provider::get_ext(std::string_view id) noexcept { return id == kInstanceCaps ? &caps_ : nullptr; }

}  // namespace onechat::openai_responses
