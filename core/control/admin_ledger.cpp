// The ledger's routes of the admin API: money in and out, budgets, and what the books say.
#include <onechat/ledger_rows.hpp>

#include <limits>

#include "control/admin_api.hpp"
#include "control/admin_call.hpp"
#include "control/admin_json.hpp"
#include "control/explain.hpp"
#include "control/ledger_json.hpp"
#include "control/statement.hpp"

namespace onechat::control {
namespace {

AdminResponse posted_response(const Wallet& wallet, const std::string& id, std::int64_t nano, const Posted& posted) {
  return json_response(posted.duplicate ? 200 : 201, [&](oc_jsonw& w) { write_posted(w, wallet, id, nano, posted); });
}

Result<Wallet> wallet_of(const AdminApi::Call& call, ControlPlane& plane) {
  return plane.wallet(call.query("project"), call.query("org"));
}

}  // namespace

Result<AdminResponse> AdminApi::list_orgs(const Call& call) {
  if (const auto fine = call.only({}); !fine) return fine.error();
  return json_response(200, [&](oc_jsonw& w) {
    w.array();
    for (const auto& o : plane_.directory().orgs()) write_org(w, o);
    w.close();
  });
}

Result<AdminResponse> AdminApi::deposit(const Call& call) {
  BodyReader body(call.request.body, {"project", "org", "usd", "id", "provider"});
  const std::string project = body.text("project"), org = body.text("org");
  const auto nano = body.usd("usd", true);
  Payment payment;
  payment.id = body.text("id", true);
  payment.provider = body.text("provider");
  if (body.problem()) return *body.problem();
  const auto wallet = plane_.wallet(project, org);
  if (!wallet) return wallet.error();
  payment.account = wallet->account;
  payment.nano = *nano;
  const auto done = plane_.books().deposit(payment);
  if (!done) return done.error();
  return posted_response(*wallet, payment.id, payment.nano, *done);
}

Result<AdminResponse> AdminApi::withdraw(const Call& call) {
  BodyReader body(call.request.body, {"project", "org", "usd", "id", "provider", "chargeback"});
  const std::string project = body.text("project"), org = body.text("org");
  const auto nano = body.usd("usd", true);
  Payment payment;
  payment.id = body.text("id", true);
  payment.provider = body.text("provider");
  const bool chargeback = body.flag("chargeback").value_or(false);
  if (body.problem()) return *body.problem();
  const auto wallet = plane_.wallet(project, org);
  if (!wallet) return wallet.error();
  payment.account = wallet->account;
  payment.nano = *nano;
  const auto done = plane_.books().withdraw(payment, chargeback);
  if (!done) return done.error();
  return posted_response(*wallet, payment.id, payment.nano, *done);
}

Result<AdminResponse> AdminApi::transfer(const Call& call) {
  BodyReader body(call.request.body, {"from_project", "from_org", "to_project", "to_org", "usd", "id"});
  const std::string from_project = body.text("from_project"), from_org = body.text("from_org");
  const std::string to_project = body.text("to_project"), to_org = body.text("to_org"), id = body.text("id", true);
  const auto nano = body.usd("usd", true);
  if (body.problem()) return *body.problem();
  const auto from = plane_.wallet(from_project, from_org), to = plane_.wallet(to_project, to_org);
  if (!from) return from.error();
  if (!to) return to.error();
  const auto done = plane_.books().transfer(from->account, to->account, *nano, id);
  if (!done) return done.error();
  return posted_response(*from, id, *nano, *done);
}

Result<AdminResponse> AdminApi::grant(const Call& call) {
  BodyReader body(call.request.body, {"project", "org", "usd", "id", "priority", "expires"});
  const std::string project = body.text("project"), org = body.text("org");
  const auto nano = body.usd("usd", true);
  GrantWish wish;
  wish.id = body.text("id", true);
  wish.priority = static_cast<std::uint32_t>(body.number("priority", std::numeric_limits<std::uint32_t>::max()));
  wish.expires_unix_ms = body.time("expires");
  if (body.problem()) return *body.problem();
  const auto wallet = plane_.wallet(project, org);
  if (!wallet) return wallet.error();
  wish.account = wallet->account;
  wish.nano = *nano;
  const auto done = plane_.books().grant(wish);
  if (!done && done.error().status == OC_E_INVALID && wish.expires_unix_ms != 0 &&
      wish.expires_unix_ms <= plane_.unix_ms())
    return Error(OC_E_INVALID, "the grant would have expired already", "invalid_date", "expires");
  if (!done) return done.error();
  return posted_response(*wallet, wish.id, wish.nano, *done);
}

Result<AdminResponse> AdminApi::refund(const Call& call) {
  BodyReader body(call.request.body, {"request", "usd", "id", "provider_refunds"});
  const std::string request = body.text("request", true);
  RefundWish wish;
  wish.nano = body.usd("usd");
  wish.id = body.text("id");
  wish.provider_refunds = body.flag("provider_refunds").value_or(false);
  if (body.problem()) return *body.problem();
  const auto id = request_id_of(request);
  if (!id) return id.error();
  wish.request = *id;
  const auto done = plane_.books().refund(wish);
  if (!done) return done.error();
  Wallet wallet;
  const std::string name = owner_name(ledger_core::kWallet, done->account, plane_.directory());
  (plane_.directory().org(name) ? wallet.org : wallet.project) = name;
  return json_response(done->duplicate ? 200 : 201, [&](oc_jsonw& w) {
    write_posted(w, wallet, to_hex(*id), done->nano, *done);
  });
}

Result<AdminResponse> AdminApi::set_terms(const Call& call) {
  BodyReader body(call.request.body, {"project", "org", "overdraft_usd", "debt_limit_usd", "frozen"});
  const std::string project = body.text("project"), org = body.text("org");
  TermsWish wish;
  wish.overdraft_nano = body.usd("overdraft_usd");
  wish.debt_limit_nano = body.usd("debt_limit_usd");
  wish.frozen = body.flag("frozen");
  if (body.problem()) return *body.problem();
  const auto wallet = plane_.wallet(project, org);
  if (!wallet) return wallet.error();
  if (const auto done = plane_.books().set_terms(wallet->account, wish); !done) return done.error();
  const auto balance = plane_.books().balance(wallet->account);
  if (!balance) return balance.error();
  return json_response(200, [&](oc_jsonw& w) { write_balance(w, *wallet, *balance); });
}

Result<AdminResponse> AdminApi::balance(const Call& call) {
  if (const auto fine = call.only({"project", "org"}); !fine) return fine.error();
  const auto wallet = wallet_of(call, plane_);
  if (!wallet) return wallet.error();
  const auto balance = plane_.books().balance(wallet->account);
  if (!balance) return balance.error();
  return json_response(200, [&](oc_jsonw& w) { write_balance(w, *wallet, *balance); });
}

// --- budgets --------------------------------------------------------------------------------------------------------

Result<AdminResponse> AdminApi::list_budgets(const Call& call) {
  if (const auto fine = call.only({"project", "org"}); !fine) return fine.error();
  const auto wallet = wallet_of(call, plane_);
  if (!wallet) return wallet.error();
  const auto budgets = plane_.budgets().list(*wallet);
  if (!budgets) return budgets.error();
  return json_response(200, [&](oc_jsonw& w) {
    w.array();
    for (const auto& b : *budgets) write_budget(w, *wallet, b);
    w.close();
  });
}

Result<AdminResponse> AdminApi::set_budget(const Call& call) {
  BodyReader body(call.request.body,
                  {"project", "org", "scope", "id", "period", "limit_usd", "time_zone", "action"});
  BudgetWish wish;
  wish.project = body.text("project");
  wish.org = body.text("org");
  wish.scope = body.text("scope");
  wish.id = body.text("id");
  wish.period = body.text("period", true);
  const auto limit = body.usd("limit_usd", true);
  wish.time_zone = body.text("time_zone");
  wish.action = body.text("action");
  if (body.problem()) return *body.problem();
  wish.limit_nano = *limit;
  const auto budget = plane_.budgets().set(wish);
  if (!budget) return budget.error();
  const auto wallet = plane_.wallet(wish.project, wish.org);
  if (!wallet) return wallet.error();
  return json_response(200, [&](oc_jsonw& w) { write_budget(w, *wallet, *budget); });
}

Result<AdminResponse> AdminApi::remove_budget(const Call& call) {
  if (const auto fine = call.only({"project", "org", "scope", "id", "period"}); !fine) return fine.error();
  const auto period = call.needed("period");
  if (!period) return period.error();
  BudgetWish wish;
  wish.project = call.query("project");
  wish.org = call.query("org");
  wish.scope = call.query("scope");
  wish.id = call.query("id");
  wish.period = *period;
  const auto budget = plane_.budgets().remove(wish);
  if (!budget) return budget.error();
  const auto wallet = plane_.wallet(wish.project, wish.org);
  if (!wallet) return wallet.error();
  return json_response(200, [&](oc_jsonw& w) { write_budget(w, *wallet, *budget); });
}

// --- what the books say ---------------------------------------------------------------------------------------------

Result<AdminResponse> AdminApi::verify(const Call&) {
  const auto verdict = plane_.auditor().verify();
  if (!verdict) return verdict.error();
  return json_response(200, [&](oc_jsonw& w) { write_verdict(w, *verdict); });
}

Result<AdminResponse> AdminApi::anchors(const Call&) {
  const auto links = plane_.books().links();
  if (!links) return links.error();
  return json_response(200, [&](oc_jsonw& w) {
    w.object().key("anchors").array();
    for (const Link& link : *links) write_anchor(w, link);
    w.close().close();
  });
}

Result<AdminResponse> AdminApi::check_anchors(const Call& call) {
  Arena arena;
  const oc_json* body = json::parse(arena, call.request.body);
  const oc_json* said = json::get(body, "anchors");
  if (said == nullptr || said->type != OC_JSON_ARRAY)
    return Error(OC_E_INVALID, "the body is an object with an array 'anchors'", "invalid_request", "anchors");
  std::vector<Link> anchors;
  for (const oc_json* one = said->first; one != nullptr; one = one->next) {
    const auto anchor = read_anchor(one);
    if (!anchor) return anchor.error();
    anchors.push_back(*anchor);
  }
  const auto breaches = control::check_anchors(plane_.books(), anchors);
  if (!breaches) return breaches.error();
  return json_response(200, [&](oc_jsonw& w) {
    w.object().key("ok").boolean(breaches->empty()).key("anchors").integer(static_cast<std::int64_t>(anchors.size()));
    write_breaches(w, *breaches);
    w.close();
  });
}

Result<AdminResponse> AdminApi::statement(const Call& call) {
  if (const auto fine = call.only({"project", "org", "from", "to", "format"}); !fine) return fine.error();
  const auto wallet = wallet_of(call, plane_);
  const auto from = call.time("from"), to = call.time("to");
  const std::string format = call.query("format");
  if (!wallet) return wallet.error();
  if (!from) return from.error();
  if (!to) return to.error();
  const bool csv = format == "csv";
  if (!csv && !format.empty() && format != "json")
    return Error(OC_E_INVALID, "'format' must be json or csv", "invalid_request", "format");
  const auto statement =
      Statement::open(plane_.books(), plane_.directory(), *wallet, {*from, *to}, plane_.unix_ms());
  if (!statement) return statement.error();
  AdminResponse response;
  if (csv) response.content_type = "text/csv; charset=utf-8";
  response.stream = [s = *statement, csv, bounds = *from != 0 || *to != 0](std::ostream& out) {
    if (csv)
      s.write_csv(out);
    else
      s.write_json(out, bounds);
  };
  return response;
}

Result<AdminResponse> AdminApi::trial_balance(const Call& call) {
  if (const auto fine = call.only({"at"}); !fine) return fine.error();
  const auto asked = call.time("at");
  if (!asked) return asked.error();
  const std::int64_t at = *asked == 0 ? plane_.unix_ms() + 1 : *asked;  // what was posted just now is in it
  const auto sums = plane_.books().trial_balance(at);
  if (!sums) return sums.error();
  return json_response(200, [&](oc_jsonw& w) { write_trial_balance(w, at, *sums, plane_.directory()); });
}

Result<AdminResponse> AdminApi::explain(const Call& call) {
  if (const auto fine = call.only({}); !fine) return fine.error();
  const auto id = request_id_of(call.argument);
  if (!id) return id.error();
  const auto found = control::explain(plane_.books(), plane_.store(), *id);
  if (!found) return found.error();
  AdminResponse response;
  response.body = to_json(*found, plane_.directory());
  return response;
}

}  // namespace onechat::control
