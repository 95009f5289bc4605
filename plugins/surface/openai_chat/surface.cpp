#include "surface.hpp"

#include "common/headers.hpp"
#include "openai_errors/error_answer.hpp"
#include "openai_errors/error_shape.hpp"
#include "request_parser.hpp"

namespace onechat::openai_chat {
namespace {

constexpr oc_route route(std::uint32_t op, std::string_view method, std::string_view path) {
  oc_route r = oc::sized<oc_route>();
  r.op = op;
  r.method = oc::str(method);
  r.path = oc::str(path);
  return r;
}
constexpr oc_route kChat = route(OC_OP_GENERATE, "POST", "/v1/chat/completions");
constexpr oc_route kEmbeddings = route(OC_OP_EMBED, "POST", "/v1/embeddings");
constexpr oc_route kModels = route(OC_OP_LIST_MODELS, "GET", "/v1/models");
constexpr oc_route kModel = route(OC_OP_GET_MODEL, "GET", "/v1/models/{id...}");
constexpr const oc_route* kRoutes[] = {&kChat, &kEmbeddings, &kModels, &kModel};

void write_model(oc::Writer& w, const oc_model& m) {
  w.object().member("id", oc::view(m.id)).member("object", "model").member("created", m.created_s);
  w.member("owned_by", m.owned_by.len != 0 ? oc::view(m.owned_by) : std::string_view("1chat")).close();
}

}  // namespace

std::uint64_t Surface::routes(const oc_route* const** out) {
  *out = kRoutes;
  return sizeof kRoutes / sizeof kRoutes[0];
}

oc_status Surface::credential(const oc::Call& call, const oc_http_in& in, oc_str& api_key) {
  std::string_view key = dialect::bearer(dialect::header(in.headers, in.n_headers, "authorization"));
  if (key.empty()) key = dialect::trimmed(dialect::header(in.headers, in.n_headers, "api-key"));
  if (key.empty())
    return call.fail(OC_E_AUTH,
                     "You did not provide an API key. Send it in the Authorization header: \"Authorization: Bearer "
                     "YOUR_KEY\".",
                     "invalid_api_key", {}, 401);
  api_key = oc::str(key);
  return OC_OK;
}

oc_status Surface::parse(const oc::Call& call, State& state, const oc_http_in& in, const oc_request** out) {
  auto* request = call.make_sized<oc_request>();
  request->op = in.op;
  request->n = 1;
  request->dialect = oc::str(kDialect);
  request->raw = in.body;
  oc_status status = OC_OK;
  switch (in.op) {
    case OC_OP_GENERATE: status = RequestParser(call, *request).generate(); break;
    case OC_OP_EMBED: status = RequestParser(call, *request).embed(); break;
    case OC_OP_GET_MODEL: request->model = in.path_arg; break;
    case OC_OP_LIST_MODELS: break;
    default: return call.fail(OC_E_UNSUPPORTED, "This operation is not served.");
  }
  if (status != OC_OK) return status;
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
  openai_errors::write_error_answer(call, out, e);
  return OC_OK;
}

oc_status Surface::stream_error(const oc::Call& call, State&, const oc_event& e, oc::Out& out) {
  oc::Writer w = out.event();
  openai_errors::write_error(call, w, e);
  out.event_end();
  return OC_OK;
}

oc_status Surface::models(const oc::Call&, const oc_http_in& in, const oc_model* const* list, std::uint64_t n, oc::Out& out) {
  oc::Writer w = out.json();
  if (in.op == OC_OP_GET_MODEL && n == 1) {
    write_model(w, *list[0]);
    return OC_OK;
  }
  w.object().member("object", "list").key("data").array();
  for (std::uint64_t i = 0; i < n; ++i) write_model(w, *list[i]);
  w.close().close();
  return OC_OK;
}

}  // namespace onechat::openai_chat
