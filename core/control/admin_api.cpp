#include "control/admin_api.hpp"

#include <openssl/crypto.h>

#include <array>
#include <charconv>
#include <exception>

#include "control/admin_call.hpp"
#include "control/admin_json.hpp"

namespace onechat::control {
namespace {

constexpr std::string_view kBearer = "Bearer ";
constexpr std::uint32_t kPageMax = 1'000, kPageDefault = 50, kExportPage = 200;

AdminResponse hook_response(const std::function<std::string()>& hook) {
  AdminResponse response;
  response.body = hook ? hook() : "[]";
  return response;
}

// "/api/v1/keys/{id}" against a path; the argument is one segment that is not empty.
bool matches(std::string_view pattern, std::string_view path, std::string& argument) {
  const auto open = pattern.find('{');
  if (open == pattern.npos) return pattern == path;
  if (path.size() <= open || path.substr(0, open) != pattern.substr(0, open)) return false;
  const auto rest = path.substr(open);
  if (rest.find('/') != rest.npos) return false;
  argument = rest;
  return true;
}

Result<record::StoreEngine::Filter> filter_of(const AdminApi::Call& call) {
  record::StoreEngine::Filter filter;
  filter.project = call.query("project");
  filter.model = call.query("model");
  filter.status = call.query("status");
  const auto from = call.time("from"), to = call.time("to");
  if (!from) return from.error();
  if (!to) return to.error();
  filter.from_unix_ms = *from;
  filter.to_unix_ms = *to;
  if (const auto before = call.query("before"); !before.empty()) {
    const auto id = id_from_hex(before);
    if (!id) return Error(OC_E_INVALID, "'before' must be the id of a trace", "invalid_request", "before");
    filter.before = *id;
  }
  filter.limit = kPageDefault;
  if (const auto limit = call.query("limit"); !limit.empty()) {
    const auto [end, code] = std::from_chars(limit.data(), limit.data() + limit.size(), filter.limit);
    if (code != std::errc() || end != limit.data() + limit.size() || filter.limit < 1 || filter.limit > kPageMax)
      return Error(OC_E_INVALID, "'limit' must be 1 to " + std::to_string(kPageMax), "invalid_request", "limit");
  }
  return filter;
}

Result<oc_id128> trace_id(const std::string& text) {
  if (const auto id = id_from_hex(text)) return *id;
  return Error(OC_E_NOT_FOUND, "there is no trace '" + text.substr(0, 60) + "'", "not_found");
}

}  // namespace

// A literal path stands before a pattern that would match it too.
std::span<const AdminApi::Route> AdminApi::routes() noexcept {
  static constexpr std::array kRoutes{
      Route{"GET", "/healthz", true, &AdminApi::health},
      Route{"GET", "/readyz", true, &AdminApi::readiness},
      Route{"GET", "/metrics", true, &AdminApi::metrics},
      Route{"GET", "/openapi.json", true, &AdminApi::openapi},
      Route{"GET", "/api/v1/projects", false, &AdminApi::list_projects},
      Route{"POST", "/api/v1/projects", false, &AdminApi::create_project},
      Route{"DELETE", "/api/v1/projects/{name}", false, &AdminApi::delete_project},
      Route{"GET", "/api/v1/keys", false, &AdminApi::list_keys},
      Route{"POST", "/api/v1/keys", false, &AdminApi::create_key},
      Route{"DELETE", "/api/v1/keys/{id}", false, &AdminApi::revoke_key},
      Route{"GET", "/api/v1/orgs", false, &AdminApi::list_orgs},
      Route{"POST", "/api/v1/deposits", false, &AdminApi::deposit},
      Route{"POST", "/api/v1/withdrawals", false, &AdminApi::withdraw},
      Route{"POST", "/api/v1/transfers", false, &AdminApi::transfer},
      Route{"POST", "/api/v1/grants", false, &AdminApi::grant},
      Route{"POST", "/api/v1/refunds", false, &AdminApi::refund},
      Route{"PUT", "/api/v1/terms", false, &AdminApi::set_terms},
      Route{"GET", "/api/v1/balance", false, &AdminApi::balance},
      Route{"GET", "/api/v1/budgets", false, &AdminApi::list_budgets},
      Route{"PUT", "/api/v1/budgets", false, &AdminApi::set_budget},
      Route{"DELETE", "/api/v1/budgets", false, &AdminApi::remove_budget},
      Route{"GET", "/api/v1/ledger/verify", false, &AdminApi::verify},
      Route{"GET", "/api/v1/ledger/anchors", false, &AdminApi::anchors},
      Route{"POST", "/api/v1/ledger/anchors", false, &AdminApi::check_anchors},
      Route{"GET", "/api/v1/ledger/statement", false, &AdminApi::statement},
      Route{"GET", "/api/v1/ledger/trial-balance", false, &AdminApi::trial_balance},
      Route{"GET", "/api/v1/ledger/explain/{request}", false, &AdminApi::explain},
      Route{"GET", "/api/v1/traces", false, &AdminApi::list_traces},
      Route{"GET", "/api/v1/traces/export", false, &AdminApi::export_traces},
      Route{"GET", "/api/v1/traces/{id}", false, &AdminApi::show_trace},
      Route{"DELETE", "/api/v1/traces/{id}", false, &AdminApi::delete_trace},
      Route{"GET", "/api/v1/prices", false, &AdminApi::prices},
      Route{"POST", "/api/v1/prices/rerate", false, &AdminApi::rerate},
      Route{"GET", "/api/v1/plugins", false, &AdminApi::plugins},
      Route{"POST", "/api/v1/reload", false, &AdminApi::reload},
  };
  return kRoutes;
}

AdminApi::AdminApi(ControlPlane& plane, std::string_view admin_token)
    : plane_(plane), token_hash_(sha256(admin_token)) {}

AdminResponse AdminApi::error(const Error& e) {
  const unsigned status = e.http_status ? e.http_status : http_status_of(e.status);
  return json_response(status, [&](oc_jsonw& w) {
    w.object().key("error").object();
    w.key("code").string(e.code.empty() ? status_name(e.status) : std::string_view(e.code));
    w.key("message").string(e.message);
    if (!e.param.empty()) w.key("param").string(e.param);
    w.close().close();
  });
}

// Hashes are compared, in constant time: neither length nor prefix of the token shows.
bool AdminApi::authorized(const AdminRequest& request) const {
  const std::string_view said = request.authorization;
  if (said.substr(0, kBearer.size()) != kBearer) return false;
  const Sha256 given = sha256(said.substr(kBearer.size()));
  return CRYPTO_memcmp(given.data(), token_hash_.data(), given.size()) == 0;
}

AdminResponse AdminApi::handle(const AdminRequest& request) noexcept {
  try {
    return dispatch(request);
  } catch (const std::exception&) {
    return error(Error(OC_E_INTERNAL, "the gateway could not do this; its log says why"));
  }
}

AdminResponse AdminApi::dispatch(const AdminRequest& request) {
  std::string allow;
  for (const auto& route : routes()) {
    std::string argument;
    if (!matches(route.path, request.path, argument)) continue;
    if (!route.open && !authorized(request))
      return error(Error(OC_E_AUTH, "the admin token is missing or wrong (file admin.token in the data folder)",
                         "unauthorized"));
    if (route.method != request.method) {
      allow += (allow.empty() ? "" : ", ") + std::string(route.method);
      continue;
    }
    auto result = (this->*route.handler)(Call{request, std::move(argument)});
    return result ? std::move(*result) : error(result.error());
  }
  const bool api = request.path.compare(0, 5, "/api/") == 0;
  if (api && !authorized(request))
    return error(Error(OC_E_AUTH, "the admin token is missing or wrong", "unauthorized"));
  Error e(OC_E_NOT_FOUND, "there is no " + request.path.substr(0, 100), "not_found");
  if (!allow.empty()) {
    e = Error(OC_E_UNSUPPORTED, request.method.substr(0, 20) + " is not possible here, only " + allow,
              "method_not_allowed");
    e.http_status = 405;
  }
  AdminResponse response = error(e);
  response.allow = allow;
  return response;
}

Result<AdminResponse> AdminApi::health(const Call&) {
  return json_response(200, [](oc_jsonw& w) { w.object().key("status").string("ok").close(); });
}

Result<AdminResponse> AdminApi::readiness(const Call&) {
  const auto ready = plane_.ready();
  return json_response(ready ? 200 : 503, [&](oc_jsonw& w) {
    w.object().key("status").string(ready ? "ready" : "not ready");
    if (!ready) w.key("why").string(ready.error().message);
    w.close();
  });
}

Result<AdminResponse> AdminApi::metrics(const Call&) {
  AdminResponse response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = plane_.metrics_text();
  return response;
}

Result<AdminResponse> AdminApi::openapi(const Call&) {
  AdminResponse response;
  response.body = admin_openapi_json();
  return response;
}

Result<AdminResponse> AdminApi::list_projects(const Call& call) {
  if (const auto fine = call.only({}); !fine) return fine.error();
  return json_response(200, [&](oc_jsonw& w) {
    w.array();
    for (const auto& p : plane_.directory().projects()) write_project(w, p);
    w.close();
  });
}

Result<AdminResponse> AdminApi::create_project(const Call& call) {
  BodyReader body(call.request.body, {"name", "limits", "org"});
  const std::string name = body.text("name", true), org = body.text("org");
  const auto limits = body.limits("limits");
  if (body.problem()) return *body.problem();
  const auto project = plane_.directory().create_project(name, limits, org);
  if (!project) return project.error();
  return json_response(201, [&](oc_jsonw& w) { write_project(w, *project); });
}

Result<AdminResponse> AdminApi::delete_project(const Call& call) {
  const auto project = plane_.directory().delete_project(call.argument);
  if (!project) return project.error();
  return json_response(200, [&](oc_jsonw& w) { write_project(w, *project); });
}

Result<AdminResponse> AdminApi::list_keys(const Call& call) {
  if (const auto fine = call.only({"project"}); !fine) return fine.error();
  const std::string project = call.query("project");
  if (!project.empty())
    if (const auto known = plane_.directory().project(project); !known) return known.error();
  return json_response(200, [&](oc_jsonw& w) {
    w.array();
    for (const auto& k : plane_.directory().keys(project)) write_key(w, k);
    w.close();
  });
}

Result<AdminResponse> AdminApi::create_key(const Call& call) {
  BodyReader body(call.request.body, {"project", "name", "limit_usd", "expires", "limits"});
  KeyWish wish;
  wish.project = body.text("project", true);
  wish.name = body.text("name");
  wish.limit_nano = body.usd("limit_usd");
  wish.expires_unix_ms = body.time("expires");
  wish.limits = body.limits("limits");
  if (body.problem()) return *body.problem();
  if (wish.limit_nano && *wish.limit_nano < 0)
    return Error(OC_E_INVALID, "'limit_usd' must not be negative", "invalid_amount", "limit_usd");
  const auto key = plane_.create_key(wish);
  if (!key) return key.error();
  return json_response(201, [&](oc_jsonw& w) { write_key(w, key->record, key->text); });
}

Result<AdminResponse> AdminApi::revoke_key(const Call& call) {
  const auto key = plane_.directory().revoke_key(call.argument);
  if (!key) return key.error();
  return json_response(200, [&](oc_jsonw& w) { write_key(w, *key); });
}

Result<AdminResponse> AdminApi::list_traces(const Call& call) {
  if (const auto fine = call.only({"project", "model", "status", "from", "to", "before", "limit"}); !fine)
    return fine.error();
  const auto filter = filter_of(call);
  if (!filter) return filter.error();
  const auto traces = plane_.store().traces(*filter);
  if (!traces) return traces.error();
  return json_response(200, [&](oc_jsonw& w) {
    w.array();
    for (const auto& t : *traces) write_trace(w, *t, false);
    w.close();
  });
}

// Pages through the store while it writes: memory stays at one page, whatever is asked for.
Result<AdminResponse> AdminApi::export_traces(const Call& call) {
  if (const auto fine = call.only({"project", "model", "status", "from", "to"}); !fine) return fine.error();
  auto filter = filter_of(call);
  if (!filter) return filter.error();
  filter->limit = kExportPage;
  AdminResponse response;
  response.content_type = "application/x-ndjson";
  response.stream = [this, page = *filter](std::ostream& out) mutable {
    for (;;) {
      const auto traces = plane_.store().traces(page);
      if (!traces || traces->empty()) return;
      for (const auto& t : *traces) {
        const auto whole = plane_.store().trace(t->head.id);
        if (!whole) continue;  // deleted meanwhile
        std::string line;
        oc_jsonw w(&line);
        write_trace(w, **whole, true);
        out << line << '\n';
        if (!out.good()) return;
      }
      page.before = traces->back()->head.id;
    }
  };
  return response;
}

Result<AdminResponse> AdminApi::show_trace(const Call& call) {
  const auto id = trace_id(call.argument);
  if (!id) return id.error();
  const auto trace = plane_.store().trace(*id);
  if (!trace) return trace.error();
  return json_response(200, [&](oc_jsonw& w) { write_trace(w, **trace, true); });
}

Result<AdminResponse> AdminApi::delete_trace(const Call& call) {
  const auto id = trace_id(call.argument);
  if (!id) return id.error();
  if (const auto erased = plane_.store().erase_trace(*id); !erased) return erased.error();
  return json_response(
      200, [&](oc_jsonw& w) { w.object().key("id").string(call.argument).key("deleted").boolean(true).close(); });
}

Result<AdminResponse> AdminApi::prices(const Call&) { return hook_response(plane_.hooks().prices_json); }

Result<AdminResponse> AdminApi::rerate(const Call& call) {
  BodyReader body(call.request.body, {"project", "from", "to", "prices"});
  record::StoreEngine::Filter filter;
  filter.project = body.text("project", true);
  filter.from_unix_ms = body.time("from");
  filter.to_unix_ms = body.time("to");
  const std::string prices = body.text("prices");
  if (body.problem()) return *body.problem();
  if (const auto known = plane_.directory().project(filter.project); !known) return known.error();
  std::shared_ptr<const ledger::PriceBook> book;
  if (!prices.empty()) {
    auto parsed = ledger::PriceBook::parse(prices, "prices");
    if (!parsed) return Error(OC_E_INVALID, parsed.error().message, "invalid_prices", "prices");
    book = std::make_shared<const ledger::PriceBook>(std::move(*parsed));
  }
  AdminResponse response;
  response.stream = [this, filter, at = plane_.hooks().prices_at ? plane_.hooks().prices_at(book) : PriceAt()](
                        std::ostream& out) { write_rerate(out, plane_.store(), filter, at); };
  return response;
}

Result<AdminResponse> AdminApi::plugins(const Call&) { return hook_response(plane_.hooks().plugins_json); }

Result<AdminResponse> AdminApi::reload(const Call&) {
  if (!plane_.hooks().reload) return Error(OC_E_UNSUPPORTED, "this gateway cannot reload its configuration");
  if (auto done = plane_.hooks().reload(); !done) {
    Error e = done.error();
    if (e.status == OC_E_CONFIG) e.http_status = 422;  // the file is wrong, not the gateway
    return e;
  }
  return json_response(200, [](oc_jsonw& w) { w.object().key("reloaded").boolean(true).close(); });
}

}  // namespace onechat::control
