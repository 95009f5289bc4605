#include "provider.hpp"

#include <charconv>

#include "body_writer.hpp"
#include "openai_chat/error_shape.hpp"
#include "straight.hpp"

namespace onechat::openai_chat {
namespace {

constexpr std::size_t kMessageMax = 2048;
constexpr std::size_t kSecretMin = 8;  // shorter keys are placeholders of local servers
constexpr double kRetryAfterMaxS = 86400;

// "20", "0.5"; a date is read as "not said".
std::uint64_t milliseconds(std::string_view text, double unit_ms) {
  double n = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (code != std::errc() || end != text.data() + text.size() || !(n > 0) || n * unit_ms > kRetryAfterMaxS * 1000) return 0;
  return static_cast<std::uint64_t>(n * unit_ms + 0.5);
}

std::uint64_t retry_after_ms(const oc_header* headers, std::uint64_t n) {
  std::uint64_t seconds = 0;
  for (std::uint64_t i = 0; i < n; ++i) {
    const auto name = oc::view(headers[i].name), value = oc::view(headers[i].value);
    if (name == "retry-after-ms")
      if (const auto ms = milliseconds(value, 1); ms != 0) return ms;
    if (name == "retry-after") seconds = milliseconds(value, 1000);
  }
  return seconds;
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
  http.post(state.embeds ? settings_.embeddings_path : settings_.chat_path);
  http.framing(streams ? OC_FRAME_SSE : OC_FRAME_BODY);
  for (const auto& [name, value] : settings_.headers) http.header(name, value);
  http.header("content-type", "application/json");
  http.header("accept", streams ? "text/event-stream" : "application/json");

  if (straight_ok && oc::view(request.dialect) == kDialect) {
    const StraightEdits edits = edit_request(call, request, streams && settings_.stream_usage);
    if (edits.possible) {
      state.asked_for_usage = edits.asks_for_usage;
      http.straight(edits.splices, edits.n);
      return OC_OK;
    }
  }
  return build_anew(call, request, http);
}

oc_status Provider::build_anew(oc::Call& call, const oc_request& request, oc::Http& http) {
  if (request.op == OC_OP_EMBED)
    return call.fail(OC_E_UNSUPPORTED, "Embeddings of this model are offered to clients of the OpenAI API only.", "unsupported");
  BodyWriter body(call, settings_, request, http.json());
  body.write();
  if ((request.flags & OC_REQ_STRICT) != 0 && !body.left_out().empty())
    return call.fail(OC_E_UNSUPPORTED, call.concat({"The model's provider cannot take ", body.left_out(), "."}), "unsupported");
  return OC_OK;
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
    state.reader.read_embeddings(call, root);
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
  const oc::Json root = call.parse(body);
  const VendorError said = read_error(call, root);
  out = oc::Call::event(OC_EV_ERROR);
  out.http_status = http_status;
  out.status = status_from_http(http_status, is_quota_code(said.type) ? said.type : said.code);
  out.code = oc::str(said.code);
  out.param = oc::str(said.param);
  out.retry_after_ms = retry_after_ms(headers, n);
  const bool tells_secret = settings_.api_key.size() >= kSecretMin && said.message.find(settings_.api_key) != std::string_view::npos;
  if (said.message.empty() || tells_secret) {
    out.text = oc::str(facts_of(out.status).message);
    return OC_OK;
  }
  out.text = oc::str(said.message.substr(0, kMessageMax));
  out.ext_json = oc::str(root.raw());
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
