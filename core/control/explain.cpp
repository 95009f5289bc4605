#include "control/explain.hpp"

#include <onechat/ledger_rows.hpp>

#include "base/ids.hpp"
#include "control/admin_json.hpp"
#include "control/date_text.hpp"
#include "control/money_text.hpp"
#include "control/statement.hpp"
#include "ledger/rerate.hpp"

namespace onechat::control {
namespace {

namespace core = ledger_core;

std::string_view state_of(const oc_ledger_hold& hold) {
  switch (hold.state) {
    case OC_HOLD_OPEN: return "open";
    case OC_HOLD_VOIDED: return "voided";
    case OC_HOLD_SWEPT: return "swept";
    default: return "free";
  }
}

// What became of the request, in one word.
std::string_view state_of(const Found& found) {
  for (const auto& hold : found.holds)
    if (hold.state == OC_HOLD_OPEN && hold.kind == OC_LOP_RESERVE) return "open";
  for (const Entry& e : found.entries)
    if (is_charge(e)) return "settled";
  for (const auto& hold : found.holds) return state_of(hold);
  return found.entries.empty() ? "unknown" : "posted";
}

std::string name_of_key(std::uint64_t number, const Directory& directory) {
  if (number == 0) return {};
  for (const auto& k : directory.keys(""))
    if (k.number == number) return k.id;
  return std::to_string(number);
}

std::string name_of_project(std::uint64_t number, const Directory& directory) {
  if (number == 0) return {};
  for (const auto& p : directory.projects())
    if (p.id == number) return p.name;
  return std::to_string(number);
}

void money(oc_jsonw& w, std::string_view name, std::int64_t nano) { w.key(name).string(to_usd(nano)); }

void time(oc_jsonw& w, std::string_view name, std::int64_t unix_ms) {
  w.key(name);
  if (unix_ms == 0)
    w.null();
  else
    w.string(to_time(unix_ms));
}

void write_hold(oc_jsonw& w, const oc_ledger_hold& h, const Directory& directory) {
  w.object().key("id").string(to_hex(h.id)).key("kind").string(h.kind == OC_LOP_LEASE ? "lease" : "request");
  w.key("state").string(state_of(h)).key("wallet").string(owner_name(core::kWallet, h.account, directory));
  w.key("project").string(name_of_project(h.project_id, directory));
  w.key("key").string(name_of_key(h.key_id, directory));
  money(w, h.state == OC_HOLD_OPEN ? "amount" : "released", h.amount);
  money(w, "settled", h.settled);
  money(w, "progress", h.progress);
  time(w, "created", h.created_unix_ms);
  time(w, "expires", h.expires_unix_ms);
  time(w, "ended", h.ended_unix_ms);
  w.key("node").raw(std::to_string(h.node)).key("epoch").raw(std::to_string(h.epoch)).close();
}

// The posting as the ledger keeps it, as far as an entry tells: its grants are one.
core::Transfer transfer_of(const Entry& e) {
  core::Transfer t;
  t.kind = e.kind;
  t.code = e.code;
  t.scopes.account = e.account;
  t.counter = e.account2;
  t.node = e.node;
  t.amount = e.amount;
  t.fee = e.fee;
  t.wallet_part = e.wallet_part;
  t.debt_part = e.debt_part;
  t.absorbed_part = e.absorbed_part;
  t.grants[0].amount = e.promo_part;
  if (e.kind == OC_LOP_GRANT) t.grants[0].number = core::grant_number(e.id);
  if (e.kind == OC_LOP_SWEEP) t.grants[0].number = core::grant_number(e.ref);
  return t;
}

void write_entry(oc_jsonw& w, const Entry& e, const Directory& directory) {
  w.object().key("time").string(to_time(e.unix_ms)).key("kind").string(entry_kind(e)).key("id").string(to_hex(e.id));
  if (!core::is_zero(e.ref)) w.key("ref").string(to_hex(e.ref));
  money(w, "amount", e.amount);
  money(w, "fee", e.fee);
  money(w, "total", e.amount + e.fee);
  w.key("late").boolean((e.flags & OC_LF_LATE) != 0).key("estimated").boolean((e.flags & OC_LF_ESTIMATED) != 0);
  w.key("swept").boolean((e.flags & OC_LF_SWEPT) != 0);
  money(w, "available", e.available);
  w.key("legs").array();
  core::for_each_leg(transfer_of(e), [&](core::AccountKey key, std::int64_t debit, std::int64_t credit) {
    w.object().key("account").string(account_name(key.code)).key("owner").string(owner_name(key.code, key.owner, directory));
    money(w, "debit", debit);
    money(w, "credit", credit);
    w.close();
  });
  w.close().close();
}

// How usage became money: what went into each attempt's charge and what came out, and the same in words.
void write_charge(oc_jsonw& w, const record::TraceRecord& trace) {
  Arena arena;
  const oc_json* meta = json::parse(arena, trace.meta_json);
  w.key("charge").object();
  money(w, "cost", trace.head.cost_nano);
  money(w, "fee", trace.head.fee_nano);
  money(w, "total", trace.head.cost_nano + trace.head.fee_nano);
  w.key("ratings").array();
  const oc_json* attempts = json::get(meta, "attempts");
  for (const oc_json* a = attempts ? attempts->first : nullptr; a; a = a->next)
    if (const oc_json* rating = json::get(a, "rating")) w.raw(rating->raw);
  w.close().key("lines").array();
  for (const std::string& line : ledger::explain_rating(trace.meta_json)) w.string(line);
  w.close().close();
}

}  // namespace

std::string_view account_name(std::uint32_t code) noexcept {
  switch (code) {
    case core::kPspClearing: return "psp_clearing";
    case core::kReceivable: return "receivable";
    case core::kWallet: return "wallet";
    case core::kGrant: return "grant";
    case core::kProviderPayable: return "provider_payable";
    case core::kRevenueMarkup: return "revenue_markup";
    case core::kBreakage: return "breakage";
    case core::kPromoExpense: return "promo_expense";
    case core::kAbsorbedOverage: return "absorbed_overage";
    default: return "unknown";
  }
}

std::string owner_name(std::uint32_t code, std::uint64_t owner, const Directory& directory) {
  if (owner == 0) return {};
  if (code == core::kWallet || code == core::kReceivable) {
    for (const auto& p : directory.projects())
      if (p.id == owner) return p.name;
    for (const auto& o : directory.orgs())
      if (o.id == owner) return o.name;
  }
  return std::to_string(owner);
}

Result<oc_id128> request_id_of(const std::string& text) {
  const std::string hex = text.compare(0, 4, "req_") == 0 ? text.substr(4) : text;
  if (const auto id = id_from_hex(hex)) return *id;
  return Error(OC_E_INVALID, "'" + text.substr(0, 60) + "' is no request id: 32 hex digits, as in x-request-id",
               "invalid_request", "request");
}

Result<Explanation> explain(Books& books, record::StoreEngine& store, oc_id128 request) {
  Explanation out;
  out.request = request;
  auto found = books.find(request);
  if (!found) return found.error();
  out.found = std::move(*found);
  auto trace = store.trace(request);
  if (trace) out.trace = std::move(*trace);
  if (!trace && trace.error().status != OC_E_NOT_FOUND) return trace.error();
  if (out.found.holds.empty() && out.found.entries.empty() && !out.trace)
    return Error(OC_E_NOT_FOUND, "neither ledger nor traces know request " + to_hex(request), "not_found");
  return out;
}

std::string to_json(const Explanation& x, const Directory& directory) {
  std::string out;
  oc_jsonw w(&out);
  w.object().key("request").string(to_hex(x.request)).key("state").string(state_of(x.found));
  w.key("holds").array();
  for (const auto& hold : x.found.holds) write_hold(w, hold, directory);
  w.close().key("postings").array();
  for (const Entry& e : x.found.entries) write_entry(w, e, directory);
  w.close();
  if (x.trace) {
    write_charge(w, *x.trace);
    w.key("trace");
    write_trace(w, *x.trace, false);
  }
  w.close();
  return out;
}

}  // namespace onechat::control
