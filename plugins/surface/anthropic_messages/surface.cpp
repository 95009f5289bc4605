#include "surface.hpp"

#include "anthropic_messages/error_shape.hpp"
#include "common/headers.hpp"
#include "request_parser.hpp"

namespace onechat::anthropic_messages {
namespace {

constexpr oc_route route(std::uint32_t op, std::string_view method, std::string_view path, std::string_view claim = {}) {
  oc_route r = oc::sized<oc_route>();
  r.op = op;
  r.method = oc::str(method);
  r.path = oc::str(path);
  r.claim_header = oc::str(claim);
  return r;
}
// Other dialects have lists of models at the same place; ours are asked for with the version.
constexpr std::string_view kClaim = "anthropic-version";
constexpr oc_route kMessages = route(OC_OP_GENERATE, "POST", "/v1/messages");
constexpr oc_route kCount = route(OC_OP_COUNT_TOKENS, "POST", "/v1/messages/count_tokens");
constexpr oc_route kModels = route(OC_OP_LIST_MODELS, "GET", "/v1/models", kClaim);
constexpr oc_route kModel = route(OC_OP_GET_MODEL, "GET", "/v1/models/{id...}", kClaim);
constexpr const oc_route* kRoutes[] = {&kMessages, &kCount, &kModels, &kModel};

}  // namespace

std::uint64_t Surface::routes(const oc_route* const** out) {
  *out = kRoutes;
  return sizeof kRoutes / sizeof kRoutes[0];
}

// With both, the API itself looks at x-api-key.
oc_status Surface::credential(const oc::Call& call, const oc_http_in& in, oc_str& api_key) {
  std::string_view key = dialect::trimmed(dialect::header(in.headers, in.n_headers, "x-api-key"));
  if (key.empty()) key = dialect::bearer(dialect::header(in.headers, in.n_headers, "authorization"));
  if (key.empty())
    return call.fail(OC_E_AUTH, "x-api-key header or Authorization: Bearer is required", "authentication_error", {}, 401);
  api_key = oc::str(key);
  return OC_OK;
}

oc_status Surface::parse(const oc::Call& call, State& state, const oc_http_in& in, const oc_request** out) {
  auto* request = call.make_sized<oc_request>();
  request->op = in.op;
  request->n = 1;
  request->dialect = oc::str(kDialect);
  request->raw = in.body;
  switch (in.op) {
    case OC_OP_GENERATE:
    case OC_OP_COUNT_TOKENS:
      if (const oc_status s = RequestParser(call, in, *request).parse(); s != OC_OK) return s;
      break;
    case OC_OP_GET_MODEL: request->model = in.path_arg; break;
    case OC_OP_LIST_MODELS: break;
    default: return call.fail(OC_E_UNSUPPORTED, "This operation is not served.");
  }
  state.begin(call, *request, ++answers_);
  *out = request;
  return OC_OK;
}

oc_status Surface::event(const oc::Call& call, State& state, const oc_event& e, oc::Out& out) {
  if (e.type == OC_EV_ERROR) return state.streaming() ? stream_error(call, state, e, out) : error(call, state, e, out);
  return state.event(call, e, out);
}

oc_status Surface::finish(const oc::Call& call, State& state, oc::Out& out) { return state.finish(call, out); }

oc_status Surface::error(const oc::Call& call, State&, const oc_event& e, oc::Out& out) {
  out.head(http_status_of(e), "application/json");
  dialect::write_retry_after(out, e.retry_after_ms);
  if (retry_is_futile(e)) out.header("x-should-retry", "false");
  oc::Writer w = out.json();
  write_error(call, w, e);
  return OC_OK;
}

oc_status Surface::stream_error(const oc::Call& call, State&, const oc_event& e, oc::Out& out) {
  oc::Writer w = out.event("error");
  write_error(call, w, e);
  out.event_end();
  return OC_OK;
}

oc_status Surface::models(const oc::Call& call, const oc_http_in& in, const oc_model* const* list, std::uint64_t n,
                          oc::Out& out) {
  oc::Writer w = out.json();
  if (in.op == OC_OP_GET_MODEL && n == 1)
    write_model(call, w, *list[0]);
  else
    write_page(call, w, list, n, PageWish::read(oc::view(in.query)));
  return OC_OK;
}

}  // namespace onechat::anthropic_messages
