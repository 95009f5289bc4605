#include "surface.hpp"

#include "common/headers.hpp"
#include "gemini/error_shape.hpp"
#include "gemini/model_name.hpp"
#include "request_parser.hpp"

namespace onechat::gemini {
namespace {

constexpr std::string_view kJson = "application/json; charset=UTF-8";

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int hi = text[i] == '%' && i + 2 < text.size() ? hex(text[i + 1]) : -1;
    const int lo = hi >= 0 ? hex(text[i + 2]) : -1;
    if (lo >= 0) i += 2;
    out += lo >= 0 ? static_cast<char>(hi << 4 | lo) : text[i];
  }
  return out;
}

void write_model(const oc::Call& call, oc::Writer& w, const oc_model& m) {
  const auto id = oc::view(m.id);
  w.object().member("name", call.concat({"models/", id})).member("baseModelId", id).member("version", "001");
  w.member("displayName", id);
  if (m.input_tokens_max != 0) w.member("inputTokenLimit", static_cast<std::int64_t>(m.input_tokens_max));
  if (m.output_tokens_max != 0) w.member("outputTokenLimit", static_cast<std::int64_t>(m.output_tokens_max));
  w.key("supportedGenerationMethods").array().str("generateContent").str("countTokens").close().close();
}

}  // namespace

std::uint64_t Surface::routes(const oc_route* const** out) {
  *out = routes_.list();
  return routes_.size();
}

oc_status Surface::credential(const oc::Call& call, const oc_http_in& in, oc_str& api_key) {
  key_ = dialect::trimmed(dialect::header(in.headers, in.n_headers, "x-goog-api-key"));
  if (key_.empty()) key_ = decoded(dialect::query_value(oc::view(in.query), "key"));
  if (key_.empty()) key_ = dialect::bearer(dialect::header(in.headers, in.n_headers, "authorization"));
  if (key_.empty())
    return call.fail(
        OC_E_AUTH,
        "The request has no API key. Send it in the header x-goog-api-key, in the query parameter key, or as "
        "\"Authorization: Bearer YOUR_KEY\".",
        "missing_api_key", {}, 403);
  api_key = oc::str(key_);
  return OC_OK;
}

oc_status Surface::parse(const oc::Call& call, State& state, const oc_http_in& in, const oc_request** out) {
  const auto path = oc::view(in.path);
  const bool stream = in.op == OC_OP_GENERATE && is_stream(path);
  const bool array = stream && dialect::query_value(oc::view(in.query), "alt") != "sse";
  state.expect(stream, array);

  auto* request = call.make_sized<oc_request>();
  request->op = in.op;
  request->n = 1;
  request->dialect = oc::str(kDialect);
  request->raw = in.body;
  request->model = oc::str(bare_model(oc::view(in.path_arg)));
  if (path.find("/tunedModels/") != std::string_view::npos)
    request->model = oc::str(call.concat({"tunedModels/", oc::view(request->model)}));
  if (stream) request->flags |= OC_REQ_STREAM | OC_REQ_STREAM_USAGE;
  if (array) request->flags |= OC_REQ_JSON_ARRAY;

  RequestParser parser(call, *request);
  oc_status status = OC_OK;
  switch (in.op) {
    case OC_OP_GENERATE: status = parser.generate(); break;
    case OC_OP_COUNT_TOKENS: status = parser.count_tokens(); break;
    case OC_OP_EMBED: status = parser.embed(is_batch(path)); break;
    case OC_OP_LIST_MODELS:
    case OC_OP_GET_MODEL: break;
    default: return call.fail(OC_E_UNSUPPORTED, "This operation is not served.");
  }
  if (status != OC_OK) return status;
  state.begin(call, *request, is_batch(path), ++answers_);
  *out = request;
  return OC_OK;
}

oc_status Surface::event(const oc::Call& call, State& state, const oc_event& e, oc::Out& out) {
  if (e.type == OC_EV_ERROR) return state.streaming() ? stream_error(call, state, e, out) : error(call, state, e, out);
  return state.event(call, e, out);
}

oc_status Surface::finish(const oc::Call& call, State& state, oc::Out& out) { return state.finish(call, out); }

oc_status Surface::error(const oc::Call& call, State& state, const oc_event& e, oc::Out& out) {
  const StatusFacts& facts = facts_of(e.status);
  out.head(http_of(e), kJson);
  if (!facts.retry_is_futile) dialect::write_retry_after(out, e.retry_after_ms);
  if (facts.retry_is_futile) out.header("x-should-retry", "false");
  oc::Writer w = out.json();
  if (state.json_array()) w.array();
  write_error(call, w, e);
  if (state.json_array()) w.close();
  return OC_OK;
}

oc_status Surface::stream_error(const oc::Call& call, State& state, const oc_event& e, oc::Out& out) {
  state.stream_error(call, e, out);
  return OC_OK;
}

oc_status Surface::models(const oc::Call& call, const oc_http_in& in, const oc_model* const* list, std::uint64_t n,
                          oc::Out& out) {
  oc::Writer w = out.json();
  if (in.op == OC_OP_GET_MODEL && n == 1) {
    write_model(call, w, *list[0]);
    return OC_OK;
  }
  w.object().key("models").array();
  for (std::uint64_t i = 0; i < n; ++i) write_model(call, w, *list[i]);
  w.close().close();
  return OC_OK;
}

}  // namespace onechat::gemini
