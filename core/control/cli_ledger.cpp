#include "control/cli_ledger.hpp"

#include <fstream>

#include "control/text_table.hpp"

namespace onechat::control {
namespace {

const Members kWallet{{"project", "--project"}, {"org", "--org"}};

Members with_wallet(Members more) {
  more.insert(more.begin(), kWallet.begin(), kWallet.end());
  return more;
}

// The options that were given, as a query.
AdminClient::Query query_of(const Session& s, const Members& members) {
  AdminClient::Query out;
  for (const auto& [name, option] : members) out.emplace_back(name, s.option(option));
  return out;
}

bool is_true(const oc_json* object, std::string_view name) {
  const oc_json* v = json::get(object, name);
  return v && v->raw == "true";
}

void show_posted(std::ostream& out, const oc_json* v, const char* done) {
  out << (is_true(v, "duplicate") ? "was there before: " : done) << text_of(v, "amount") << " USD, available "
      << text_of(v, "available") << " USD\n";
  if (const std::string debt = text_of(v, "debt"); !debt.empty()) out << "of it became debt: " << debt << " USD\n";
}
void show_deposit(std::ostream& out, const oc_json* v) { show_posted(out, v, "deposited "); }
void show_withdrawal(std::ostream& out, const oc_json* v) { show_posted(out, v, "taken out "); }
void show_transfer(std::ostream& out, const oc_json* v) { show_posted(out, v, "moved "); }
void show_grant(std::ostream& out, const oc_json* v) { show_posted(out, v, "granted "); }
void show_refund(std::ostream& out, const oc_json* v) { show_posted(out, v, "refunded "); }

void show_budget(std::ostream& out, const oc_json* v) { print_members(out, v); }
void show_budgets(std::ostream& out, const oc_json* v) {
  print_table(out, v,
              {{"SCOPE", "scope"},
               {"ID", "id"},
               {"PERIOD", "period"},
               {"LIMIT USD", "limit_usd", true},
               {"SPENT", "spent", true},
               {"HELD", "held", true},
               {"LEFT", "left", true},
               {"ACTION", "action"},
               {"ZONE", "time_zone"},
               {"ENDS", "end"}},
              "no budgets");
}

void show_statement(std::ostream& out, const oc_json* v) {
  print_table(out, v,
              {{"TIME", "time"},
               {"KIND", "kind"},
               {"USD", "amount", true},
               {"BALANCE", "balance", true},
               {"COST", "cost", true},
               {"FEE", "fee", true},
               {"KEY", "key"},
               {"TRACE", "trace"}},
              "nothing in this period");
}

void show_trial_balance(std::ostream& out, const oc_json* v) {
  print_table(out, json::get(v, "accounts"),
              {{"ACCOUNT", "account"},
               {"OWNER", "owner"},
               {"DEBITS", "debits", true},
               {"CREDITS", "credits", true},
               {"BALANCE", "balance", true}},
              "nothing was ever posted");
  out << "debits " << text_of(v, "debits") << ", credits " << text_of(v, "credits") << ": "
      << (is_true(v, "balanced") ? "balanced" : "NOT BALANCED") << '\n';
}
int trial_balance_code(const oc_json* v) { return is_true(v, "balanced") ? kDone : kFailed; }

void show_verdict(std::ostream& out, const oc_json* v) {
  const oc_json* breaches = json::get(v, "breaches");
  for (const oc_json* b = breaches ? breaches->first : nullptr; b; b = b->next)
    out << text_of(b, "invariant") << "  " << text_of(b, "detail") << '\n';
  const oc_json* n = json::get(v, "transfers");
  out << (n ? std::string(n->raw) : "?") << " transfers checked, " << (breaches ? breaches->size : 0) << " breaches\n";
}
int verdict_code(const oc_json* v) { return is_true(v, "ok") ? kDone : kFailed; }

void show_explanation(std::ostream& out, const oc_json* v) {
  out << "request " << text_of(v, "request") << ": " << text_of(v, "state") << '\n';
  if (const oc_json* holds = json::get(v, "holds"); holds && holds->size > 0) {
    out << "\nholds\n";
    print_table(out, holds,
                {{"KIND", "kind"},
                 {"STATE", "state"},
                 {"USD", "amount", true},
                 {"RELEASED", "released", true},
                 {"PROGRESS", "progress", true},
                 {"CREATED", "created"},
                 {"EXPIRES", "expires"},
                 {"PROJECT", "project"},
                 {"KEY", "key"}},
                "");
  }
  const oc_json* postings = json::get(v, "postings");
  for (const oc_json* p = postings ? postings->first : nullptr; p; p = p->next) {
    out << '\n' << text_of(p, "kind") << ' ' << text_of(p, "id") << " of " << text_of(p, "time") << ": amount "
        << text_of(p, "amount") << " + fee " << text_of(p, "fee") << " = " << text_of(p, "total") << " USD"
        << (is_true(p, "late") ? ", late" : "") << (is_true(p, "estimated") ? ", estimated" : "")
        << (is_true(p, "swept") ? ", swept" : "") << '\n';
    print_table(out, json::get(p, "legs"),
                {{"ACCOUNT", "account"}, {"OWNER", "owner"}, {"DEBIT", "debit", true}, {"CREDIT", "credit", true}}, "");
  }
  if (const oc_json* charge = json::get(v, "charge")) {
    out << "\ncharge\n";
    print_members(out, charge);
    const oc_json* lines = json::get(charge, "lines");
    for (const oc_json* l = lines ? lines->first : nullptr; l; l = l->next) out << l->text << '\n';
  }
  if (const oc_json* trace = json::get(v, "trace")) {
    out << "\ntrace\n";
    print_members(out, trace);
    if (const oc_json* usage = json::get(trace, "usage")) out << "usage " << usage->raw << '\n';
  }
}

int deposit(const Session& s) {
  const auto body = body_of(s, with_wallet({{"usd", "--usd"}, {"id", "--id"}, {"provider", "--provider"}}));
  return call_and_show(s, "POST", "/api/v1/deposits", {}, body, show_deposit);
}
int withdraw(const Session& s) {
  const auto body = body_of(s, with_wallet({{"usd", "--usd"}, {"id", "--id"}, {"provider", "--provider"}}), {},
                            {{"chargeback", "--chargeback"}});
  return call_and_show(s, "POST", "/api/v1/withdrawals", {}, body, show_withdrawal);
}
int transfer(const Session& s) {
  const auto body = body_of(s, {{"from_project", "--from-project"},
                                {"from_org", "--from-org"},
                                {"to_project", "--to-project"},
                                {"to_org", "--to-org"},
                                {"usd", "--usd"},
                                {"id", "--id"}});
  return call_and_show(s, "POST", "/api/v1/transfers", {}, body, show_transfer);
}
int grant(const Session& s) {
  const auto body = body_of(
      s, with_wallet({{"usd", "--usd"}, {"id", "--id"}, {"priority", "--priority"}, {"expires", "--expires"}}));
  return call_and_show(s, "POST", "/api/v1/grants", {}, body, show_grant);
}
int terms(const Session& s) {
  if (s.args.has("--freeze") && s.args.has("--unfreeze")) {
    s.err << "1chat: --freeze or --unfreeze, not both\n";
    return kBadUsage;
  }
  Members flags{{"frozen", "--freeze"}};
  std::string body =
      body_of(s, with_wallet({{"overdraft_usd", "--overdraft-usd"}, {"debt_limit_usd", "--debt-limit-usd"}}), {}, flags);
  if (s.args.has("--unfreeze")) body.insert(body.size() - 1, R"(,"frozen":false)");
  return call_and_show(s, "PUT", "/api/v1/terms", {}, body, print_members);
}
int balance(const Session& s) {
  return call_and_show(s, "GET", "/api/v1/balance", query_of(s, kWallet), "", print_members);
}

int budget_set(const Session& s) {
  const auto body = body_of(s, with_wallet({{"scope", "--scope"},
                                            {"id", "--id"},
                                            {"period", "--period"},
                                            {"limit_usd", "--limit-usd"},
                                            {"time_zone", "--time-zone"},
                                            {"action", "--action"}}));
  return call_and_show(s, "PUT", "/api/v1/budgets", {}, body, show_budget);
}
int budget_list(const Session& s) {
  return call_and_show(s, "GET", "/api/v1/budgets", query_of(s, kWallet), "", show_budgets);
}
int budget_remove(const Session& s) {
  const auto query = query_of(s, with_wallet({{"scope", "--scope"}, {"id", "--id"}, {"period", "--period"}}));
  return call_and_show(s, "DELETE", "/api/v1/budgets", query, "", show_budget);
}

int ledger_verify(const Session& s) {
  return call_and_show(s, "GET", "/api/v1/ledger/verify", {}, "", show_verdict, verdict_code);
}
// The file is sent a thousand lines at a time; what it finds is told as it comes.
int ledger_check_anchors(const Session& s, const std::string& file) {
  const auto client = s.client();
  if (!client) return s.fail(client.error());
  std::ifstream in(file);
  if (!in) return s.fail(Error(OC_E_CONFIG, "cannot read " + file));
  std::size_t anchors = 0, breaches = 0;
  for (std::string line; in.good();) {
    std::string body = R"({"anchors":[)";
    std::size_t some = 0;
    while (some < 1'000 && std::getline(in, line)) {
      if (line.empty()) continue;
      body += (some++ == 0 ? "" : ",") + line;
    }
    if (some == 0) break;
    const auto answer = client->call("POST", "/api/v1/ledger/anchors", {}, body + "]}");
    if (!answer) return s.fail(answer.error());
    Arena arena;
    const oc_json* found = json::get(json::parse(arena, *answer), "breaches");
    for (const oc_json* b = found ? found->first : nullptr; b; b = b->next, ++breaches)
      (s.json ? s.err : s.out) << text_of(b, "invariant") << "  " << text_of(b, "detail") << '\n';
    anchors += some;
  }
  if (s.json)
    s.out << R"({"ok":)" << (breaches == 0 ? "true" : "false") << R"(,"anchors":)" << anchors << R"(,"breaches":)" << breaches << "}\n";
  else
    s.out << anchors << " anchors checked, " << breaches << " breaches\n";
  return breaches == 0 ? kDone : kFailed;
}
void show_anchors(std::ostream& out, const oc_json* v) {
  const oc_json* anchors = json::get(v, "anchors");
  for (const oc_json* a = anchors ? anchors->first : nullptr; a; a = a->next) out << a->raw << '\n';
}
int ledger_anchors(const Session& s) {
  if (s.args.has("--check")) return ledger_check_anchors(s, s.option("--check"));
  return call_and_show(s, "GET", "/api/v1/ledger/anchors", {}, "", show_anchors);
}
int ledger_statement(const Session& s) {
  auto query = query_of(s, with_wallet({{"from", "--from"}, {"to", "--to"}}));
  const char* path = "/api/v1/ledger/statement";
  if (s.args.has("--csv")) {
    query.emplace_back("format", "csv");
    return download(s, path, query);
  }
  return s.json ? download(s, path, query) : call_and_show(s, "GET", path, query, "", show_statement);
}
int ledger_trial_balance(const Session& s) {
  return call_and_show(s, "GET", "/api/v1/ledger/trial-balance", {{"at", s.option("--at")}}, "", show_trial_balance,
                       trial_balance_code);
}
int ledger_explain(const Session& s) {
  return call_and_show(s, "GET", "/api/v1/ledger/explain/" + path_segment(s.args.words[0]), {}, "", show_explanation);
}
int ledger_refund(const Session& s) {
  const auto body = body_of(s, {{"usd", "--usd"}, {"id", "--id"}}, {{"request", s.args.words[0]}},
                            {{"provider_refunds", "--provider-refunds"}});
  return call_and_show(s, "POST", "/api/v1/refunds", {}, body, show_refund);
}

}  // namespace

std::vector<Command> ledger_commands() {
  const std::vector<std::string> wallet{"--project", "--org"};
  const auto and_wallet = [&](std::vector<std::string> more) {
    more.insert(more.begin(), wallet.begin(), wallet.end());
    return more;
  };
  return {
      {"deposit", "", "--project NAME --usd 25.00 --id UNIQUE [--provider PSP]", 0, {"--usd", "--id"},
       and_wallet({"--provider"}), deposit, {}, true},
      {"withdraw", "", "--project NAME --usd 25.00 --id UNIQUE [--provider PSP] [--chargeback]", 0, {"--usd", "--id"},
       and_wallet({"--provider"}), withdraw, {"--chargeback"}, true},
      {"transfer", "", "--from-project NAME --to-project NAME --usd 25.00 --id UNIQUE (or --from-org, --to-org)", 0,
       {"--usd", "--id"}, {"--from-project", "--from-org", "--to-project", "--to-org"}, transfer},
      {"grant", "", "--project NAME --usd 5.00 --id UNIQUE [--expires DATE] [--priority N]", 0, {"--usd", "--id"},
       and_wallet({"--expires", "--priority"}), grant, {}, true},
      {"terms", "", "--project NAME [--overdraft-usd X] [--debt-limit-usd X] [--freeze | --unfreeze]", 0, {},
       and_wallet({"--overdraft-usd", "--debt-limit-usd"}), terms, {"--freeze", "--unfreeze"}, true},
      {"balance", "", "--project NAME", 0, {}, wallet, balance, {}, true},
      {"budget", "set",
       "--project NAME --period hour|day|week|month|total --limit-usd X [--scope org|project|key|user|group] [--id ID] "
       "[--time-zone Europe/Berlin] [--action refuse|report]",
       0, {"--period", "--limit-usd"}, and_wallet({"--scope", "--id", "--time-zone", "--action"}), budget_set, {}, true},
      {"budget", "list", "--project NAME", 0, {}, wallet, budget_list, {}, true},
      {"budget", "remove", "--project NAME --period P [--scope S] [--id ID]", 0, {"--period"},
       and_wallet({"--scope", "--id"}), budget_remove, {}, true},
      {"ledger", "verify", "", 0, {}, {}, ledger_verify},
      {"ledger", "anchors", "[--check FILE]", 0, {}, {"--check"}, ledger_anchors},
      {"ledger", "statement", "--project NAME [--from DATE] [--to DATE] [--csv]", 0, {}, and_wallet({"--from", "--to"}),
       ledger_statement, {"--csv"}, true},
      {"ledger", "trial-balance", "[--at DATE]", 0, {}, {"--at"}, ledger_trial_balance},
      {"ledger", "explain", "REQUEST", 1, {}, {}, ledger_explain},
      {"ledger", "refund", "REQUEST [--usd X] [--id UNIQUE] [--provider-refunds]", 1, {}, {"--usd", "--id"},
       ledger_refund, {"--provider-refunds"}},
  };
}

}  // namespace onechat::control
