#include "control/ledger_json.hpp"

#include "admission/spend_scope.hpp"
#include "control/date_text.hpp"
#include "control/explain.hpp"
#include "control/money_text.hpp"
#include "json/json.hpp"

namespace onechat::control {
namespace {

void money(oc_jsonw& w, std::string_view name, std::int64_t nano) { w.key(name).string(to_usd(nano)); }

// {"project":...,"org":...: who was meant. A project of an organization has both.
void begin(oc_jsonw& w, const Wallet& wallet) {
  w.object();
  if (!wallet.project.empty()) w.key("project").string(wallet.project);
  if (!wallet.org.empty()) w.key("org").string(wallet.org);
}

}  // namespace

void write_balance(oc_jsonw& w, const Wallet& wallet, const Balance& b) {
  begin(w, wallet);
  w.key("currency").string("USD");
  money(w, "available", b.available);
  money(w, "held", b.held);
  money(w, "spent", b.spent);
  money(w, "deposited", b.deposited);
  money(w, "leased", b.leased);
  money(w, "promo", b.promo);
  money(w, "debt", b.debt);
  money(w, "overdraft", b.overdraft);
  money(w, "debt_limit", b.debt_limit);
  w.key("frozen").boolean((b.flags & OC_TERMS_FROZEN) != 0).close();
}

void write_posted(oc_jsonw& w, const Wallet& wallet, const std::string& id, std::int64_t nano, const Posted& posted) {
  begin(w, wallet);
  w.key("currency").string("USD").key("id").string(id);
  money(w, "amount", nano);
  w.key("duplicate").boolean(posted.duplicate);
  money(w, "available", posted.available_nano);
  if (posted.shortfall_nano != 0) money(w, "debt", posted.shortfall_nano);
  w.close();
}

void write_budget(oc_jsonw& w, const Wallet& wallet, const NamedBudget& named) {
  const Budget& b = named.budget;
  begin(w, wallet);
  w.key("scope").string(admission::scope_name(b.scope)).key("id").string(named.id);
  w.key("period").string(admission::period_name(b.period));
  money(w, "limit_usd", b.limit_nano);
  w.key("time_zone").string(b.time_zone.empty() ? "UTC" : b.time_zone);
  w.key("action").string(b.action == OC_BUDGET_REPORT ? "report" : "refuse");
  money(w, "spent", b.spent_nano);
  money(w, "held", b.held_nano);
  money(w, "left", b.limit_nano - b.spent_nano - b.held_nano);
  for (auto [name, at] : {std::pair{"begin", b.begin_unix_ms}, {"end", b.end_unix_ms}}) {
    w.key(name);
    if (b.period == OC_WINDOW_TOTAL)
      w.null();
    else
      w.string(to_time(at));
  }
  w.close();
}

void write_verdict(oc_jsonw& w, const Verdict& v) {
  w.object().key("ok").boolean(v.breaches.empty());
  w.key("transfers").raw(std::to_string(v.transfers));
  write_breaches(w, v.breaches);
  w.close();
}

void write_breaches(oc_jsonw& w, const std::vector<Verdict::Breach>& breaches) {
  w.key("breaches").array();
  for (const auto& b : breaches) w.object().key("invariant").string(b.invariant).key("detail").string(b.detail).close();
  w.close();
}

void write_trial_balance(oc_jsonw& w, std::int64_t at_unix_ms, const std::vector<Sum>& sums,
                         const Directory& directory) {
  std::int64_t debits = 0, credits = 0;
  w.object().key("at").string(to_time(at_unix_ms)).key("currency").string("USD").key("accounts").array();
  for (const Sum& s : sums) {
    debits += s.debits;
    credits += s.credits;
    w.object().key("account").string(account_name(s.code)).key("code").raw(std::to_string(s.code));
    w.key("owner").string(owner_name(s.code, s.owner, directory));
    money(w, "debits", s.debits);
    money(w, "credits", s.credits);
    money(w, "balance", s.debits - s.credits);
    w.close();
  }
  w.close();
  money(w, "debits", debits);
  money(w, "credits", credits);
  w.key("balanced").boolean(debits == credits).close();
}

}  // namespace onechat::control
