#include "provider.hpp"

#include <algorithm>

#include "body_writer.hpp"
#include "common/headers.hpp"
#include "gemini/error_shape.hpp"
#include "gemini/model_name.hpp"
#include "common/members.hpp"
#include "straight.hpp"

namespace onechat::gemini {
namespace {

constexpr std::size_t kMessageMax = 2048;
constexpr std::size_t kSecretMin = 8;  // shorter keys are placeholders

bool wants_array(const oc_request& r) { return (r.flags & OC_REQ_JSON_ARRAY) != 0; }

std::string_view verb_of(const oc_request& r, bool straight, bool vertex) {
  if (r.op == OC_OP_COUNT_TOKENS) return "countTokens";
  if (r.op == OC_OP_EMBED) {
    const bool single = straight ? !has_anchor(r, "requests") : vertex;
    return single ? "embedContent" : "batchEmbedContents";
  }
  if ((r.flags & OC_REQ_STREAM) == 0) return "generateContent";
  // An array upstream only for a client that gets its very bytes.
  return straight && wants_array(r) ? "streamGenerateContent" : "streamGenerateContent?alt=sse";
}

}  // namespace

Provider::Provider(const oc_host*, oc::Json config) : settings_(config), caps_(kCaps) {
  if (!settings_.cancel_stops_billing) caps_ &= ~std::uint64_t(OC_PROV_CAP_CANCEL_STOPS_BILLING);
}

std::string_view Provider::path(const oc::Call& call, const oc_request& r, bool straight) const {
  const auto path = model_path(call, oc::view(r.model), verb_of(r, straight, settings_.vertex));
  return path.empty() || settings_.version.empty() ? path : call.concat({settings_.version, path});
}

oc_status Provider::build(oc::Call& call, State& state, const oc_request& request, bool straight_ok, oc::Http& http) {
  state.op = request.op;
  if (request.op != OC_OP_GENERATE && request.op != OC_OP_EMBED && request.op != OC_OP_COUNT_TOKENS)
    return call.fail(OC_E_UNSUPPORTED, "The model's provider does not offer this operation.", "unsupported");
  const bool straight =
      straight_ok && oc::view(request.dialect) == kDialect && request.raw.len != 0 && !has_foreign_state(request);
  const bool streams = request.op == OC_OP_GENERATE && (request.flags & OC_REQ_STREAM) != 0;
  state.whole = !streams;
  state.reader.begin(oc::view(request.model), !straight && (request.flags & OC_REQ_SERIAL_TOOLS) != 0,
                     (request.flags & OC_REQ_KEEP) != 0);
  const auto where = path(call, request, straight);
  if (where.empty())
    return call.fail(OC_E_NOT_FOUND, "This is not the name of a model.", "model_not_found", "model", 404);
  http.post(where);
  const std::uint32_t stream_framing = straight && wants_array(request) ? OC_FRAME_JSON_ARRAY : OC_FRAME_SSE;
  http.framing(streams ? stream_framing : std::uint32_t(OC_FRAME_BODY));
  for (const auto& [name, value] : settings_.headers) http.header(name, value);
  http.header("content-type", "application/json");
  http.header("accept", streams && stream_framing == OC_FRAME_SSE ? "text/event-stream" : "application/json");
  if (straight) {
    const Edits edits = name_the_target(call, request);
    http.straight(edits.splices, edits.n);
    return OC_OK;
  }
  BodyWriter body(call, settings_, request, http.json());
  if (request.op == OC_OP_EMBED) return body.embed();
  return request.op == OC_OP_COUNT_TOKENS ? body.count_tokens() : body.generate();
}

oc_status Provider::frame(oc::Call& call, State& state, const oc_frame& frame, oc_relay* relay) {
  const oc::Json root = call.parse(frame.data);
  if (!root) {
    // Between equals the client is the better judge of an odd chunk; a translation needs to understand it.
    if (!state.whole && relay != nullptr) return OC_OK;
    return call.fail(OC_E_UPSTREAM, "The provider's answer is not valid JSON.");
  }
  if (state.op == OC_OP_EMBED)
    state.reader.read_embeddings(call, root);
  else if (state.op == OC_OP_COUNT_TOKENS)
    state.reader.read_count(call, root);
  else if (state.whole)
    state.reader.read_body(call, root);
  else
    state.reader.read_chunk(call, root);
  return OC_OK;
}

// There is no terminator: an answer is complete when every candidate has its reason.
oc_status Provider::finish(oc::Call&, State& state, oc_status transport) {
  const AnswerReader& reader = state.reader;
  if (reader.failed()) return OC_E_UPSTREAM;
  if (transport < 0) return reader.finished() && reader.usage_seen() ? OC_OK : transport;
  return reader.finished() ? OC_OK : OC_E_UPSTREAM;
}

oc_status Provider::map_error(oc::Call& call, State&, std::uint32_t http_status, const oc_header* headers,
                              std::uint64_t n, std::string_view body, oc_event& out) {
  const oc::Json root = call.parse(body);
  const GoogleError said = read_error(root);
  out = oc::Call::event(OC_EV_ERROR);
  out.http_status = http_status;
  out.status = status_of(said, http_status);
  out.code = oc::str(code_of(said));
  out.param = oc::str(said.param);
  out.retry_after_ms = std::max(said.retry_after_ms, dialect::retry_after_ms(headers, n));
  const bool tells_secret =
      settings_.api_key.size() >= kSecretMin && body.find(settings_.api_key) != std::string_view::npos;
  if (said.message.empty() || tells_secret) {
    out.text = oc::str(facts_of(out.status).message);
    return OC_OK;
  }
  out.text = oc::str(said.message.substr(0, kMessageMax));
  out.ext_json = oc::str(dialect::one_line(call, root.raw()));
  return OC_OK;
}

oc_status Provider::estimate(const oc_request& request, oc_usage& out) {
  out.input = request.input_bytes;
  const std::uint64_t n = request.n != 0 ? request.n : 1;
  if ((request.set_mask & OC_SET_MAX_TOKENS) != 0) out.output = request.max_output_tokens * n;
  return OC_OK;
}

const void* Provider::get_ext(std::string_view id) noexcept { return id == kInstanceCaps ? &caps_ : nullptr; }

}  // namespace onechat::gemini
