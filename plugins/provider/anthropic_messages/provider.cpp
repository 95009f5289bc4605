#include "provider.hpp"

#include "anthropic_messages/error_shape.hpp"
#include "betas.hpp"
#include "body_writer.hpp"
#include "common/headers.hpp"
#include "straight.hpp"

namespace onechat::anthropic_messages {
namespace {

constexpr std::size_t kMessageMax = 2048;
constexpr std::size_t kSecretMin = 8;  // shorter keys are placeholders of local servers

// "speed":"fast" among the members of the dialect's own body: the same model at another price.
bool asks_for_speed(const oc_request& r) {
  const auto ext = oc::view(r.ext_json);
  const std::size_t at = ext.find("\"speed\"");
  return oc::view(r.dialect) == "anthropic_messages" && at != ext.npos &&
         ext.substr(at, sizeof "\"speed\" : \"fast\"").find("\"fast\"") != ext.npos;
}

}  // namespace

Provider::Provider(const oc_host*, oc::Json config) : settings_(config), caps_(kCaps) {
  if (!settings_.cancel_stops_billing) caps_ &= ~std::uint64_t(OC_PROV_CAP_CANCEL_STOPS_BILLING);
  if (!settings_.counts_tokens) caps_ &= ~std::uint64_t(OC_PROV_CAP_COUNT_TOKENS);
}

oc_status Provider::build(oc::Call& call, State& state, const oc_request& request, bool straight_ok, oc::Http& http) {
  state.counts = request.op == OC_OP_COUNT_TOKENS;
  if (request.op != OC_OP_GENERATE && !(state.counts && settings_.counts_tokens))
    return call.fail(OC_E_UNSUPPORTED, "The model's provider does not offer this operation.", "unsupported");
  if (request.n > 1)
    return call.fail(OC_E_UNSUPPORTED, "The model's provider gives one answer a request.", "unsupported", "n", 400);
  Drops drops;
  const Plan plan = plan_of(settings_, request, drops);
  const bool streams = !state.counts && (request.flags & OC_REQ_STREAM) != 0;
  state.whole = !streams;
  http.post(state.counts ? settings_.count_path : settings_.messages_path);
  http.framing(streams ? OC_FRAME_SSE : OC_FRAME_BODY);
  for (const auto& [name, value] : settings_.headers) http.header(name, value);
  http.header("content-type", "application/json");
  http.header("accept", streams ? "text/event-stream" : "application/json");
  http.header("anthropic-version", plan.version);
  if (const auto betas = betas_for(call, settings_, request, drops); !betas.empty()) http.header("anthropic-beta", betas);

  bool done = false;
  if (straight_ok && plan.own)
    if (const oc_status s = straight(call, state, request, plan, drops, http, done); s < 0 || done) return s;
  return anew(call, state, request, plan, drops, http);
}

oc_status Provider::straight(oc::Call& call, State& state, const oc_request& request, const Plan& plan, Drops& drops,
                             oc::Http& http, bool& done) {
  const StraightEdits edits = edit_request(call, settings_, request, plan, drops);
  if (!edits.possible) return OC_OK;
  done = true;
  if (const oc_status s = drops.tell(call); s < 0) return s;
  oc_splice* splices = call.array<oc_splice>(edits.splices.size());
  std::copy(edits.splices.begin(), edits.splices.end(), splices);
  http.straight(splices, edits.splices.size());
  state.reader.expect(oc::view(request.model), {}, {});
  return OC_OK;
}

oc_status Provider::anew(oc::Call& call, State& state, const oc_request& request, const Plan& plan, Drops& drops,
                         oc::Http& http) {
  BodyWriter body(call, settings_, request, plan, drops, http.json());
  if (const oc_status s = body.write(); s != OC_OK) return s;
  state.reader.expect(oc::view(request.model), body.format_tool(), std::move(body.names()));
  return drops.tell(call);
}

oc_status Provider::frame(oc::Call& call, State& state, const oc_frame& frame, oc_relay* relay) {
  if (state.reader.done()) return OC_OK;  // some vendors add another dialect's terminator
  const oc::Json root = call.parse(frame.data);
  if (!root.is_object()) {
    // Between equals the client is the better judge of an odd event; a translation needs to understand it.
    if (!state.whole && relay != nullptr) return OC_OK;
    return call.fail(OC_E_UPSTREAM, "The provider's answer is not valid JSON.");
  }
  if (state.counts)
    state.reader.read_count(call, root);
  else if (state.whole)
    state.reader.read_body(call, root);
  else
    state.reader.read_event(call, root);
  return OC_OK;
}

oc_status Provider::finish(oc::Call&, State& state, oc_status transport) {
  if (state.reader.failed()) return OC_E_UPSTREAM;
  if (state.reader.done()) return OC_OK;
  return transport < 0 ? transport : oc_status(OC_E_UPSTREAM);
}

oc_status Provider::map_error(oc::Call& call, State&, std::uint32_t http_status, const oc_header* headers, std::uint64_t n,
                              std::string_view body, oc_event& out) {
  const oc::Json root = call.parse(body);
  const VendorError said = read_error(root);
  out = oc::Call::event(OC_EV_ERROR);
  out.http_status = http_status;
  out.status = status_of(http_status, said);
  out.code = oc::str(call.copy(said.code.empty() ? said.type : said.code));
  out.retry_after_ms = dialect::retry_after_ms(headers, n);
  const bool tells_secret =
      settings_.api_key.size() >= kSecretMin && said.message.find(settings_.api_key) != std::string_view::npos;
  if (said.message.empty() || tells_secret) return OC_OK;  // the host has words for the status
  out.text = oc::str(call.copy(said.message.substr(0, kMessageMax)));
  if (root.raw().find_first_of("\r\n") == std::string_view::npos) out.ext_json = oc::str(root.raw());
  return OC_OK;
}

oc_status Provider::estimate(const oc_request& request, oc_usage& out) {
  out.input = request.input_bytes;
  if (request.op != OC_OP_GENERATE) return OC_OK;
  Drops drops;
  out.output = plan_of(settings_, request, drops).max_tokens;
  if (asks_for_speed(request)) out.flags |= OC_USAGE_TIER_FAST;
  return OC_OK;
}

const void* Provider::get_ext(std::string_view id) noexcept { return id == kInstanceCaps ? &caps_ : nullptr; }

}  // namespace onechat::anthropic_messages
