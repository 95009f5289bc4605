#include "control/cli.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "control/cli_ledger.hpp"
#include "control/cli_session.hpp"
#include "control/config.hpp"
#include "control/price_import.hpp"
#include "control/text_table.hpp"

namespace onechat::control {
namespace {

void show_projects(std::ostream& out, const oc_json* v) {
  print_table(out, v, {{"NAME", "name"}, {"ID", "id", true}, {"CREATED", "created"}}, "no projects");
}
void show_keys(std::ostream& out, const oc_json* v) {
  print_table(out, v,
              {{"ID", "id"},
               {"PROJECT", "project"},
               {"NAME", "name"},
               {"ENDS IN", "hint"},
               {"LIMIT USD", "limit_usd", true},
               {"EXPIRES", "expires"},
               {"REVOKED", "revoked"}},
              "no keys");
}
void show_traces(std::ostream& out, const oc_json* v) {
  print_table(out, v,
              {{"TIME", "time"},
               {"ID", "id"},
               {"PROJECT", "project"},
               {"MODEL", "model"},
               {"PROVIDER", "provider"},
               {"STATUS", "status"},
               {"IN", "usage.input", true},
               {"OUT", "usage.output", true},
               {"USD", "charged_usd", true}},
              "no traces");
}
void show_prices(std::ostream& out, const oc_json* v) {
  print_table(out, v,
              {{"MODEL", "model"},
               {"PROVIDER", "provider"},
               {"INPUT", "input", true},
               {"OUTPUT", "output", true},
               {"CACHE READ", "cache_read", true},
               {"CACHE WRITE", "cache_write", true}},
              "no prices");
}
void show_trace(std::ostream& out, const oc_json* v) {
  print_members(out, v);
  for (const char* member : {"usage", "turns", "meta"})
    if (const oc_json* part = json::get(v, member); part && part->type != OC_JSON_NULL)
      out << '\n' << member << '\n' << part->raw << '\n';
}
void show_new_key(std::ostream& out, const oc_json* v) {
  out << text_of(v, "key") << "\n\nKey " << text_of(v, "id") << " of project " << text_of(v, "project")
      << ". It is shown this once: keep it now.\n";
}
void show_revoked(std::ostream& out, const oc_json* v) { out << "revoked " << text_of(v, "id") << '\n'; }
int project_create(const Session& s) {
  return call_and_show(s, "POST", "/api/v1/projects", {},
                       body_of(s, {{"org", "--org"}}, {{"name", s.args.words[0]}}), print_members);
}
int project_list(const Session& s) { return call_and_show(s, "GET", "/api/v1/projects", {}, "", show_projects); }
int project_delete(const Session& s) {
  return call_and_show(s, "DELETE", "/api/v1/projects/" + path_segment(s.args.words[0]), {}, "", print_members);
}
int key_create(const Session& s) {
  const auto body = body_of(
      s, {{"project", "--project"}, {"name", "--name"}, {"limit_usd", "--limit-usd"}, {"expires", "--expires"}});
  return call_and_show(s, "POST", "/api/v1/keys", {}, body, show_new_key);
}
int key_list(const Session& s) {
  return call_and_show(s, "GET", "/api/v1/keys", {{"project", s.option("--project")}}, "", show_keys);
}
int key_revoke(const Session& s) {
  return call_and_show(s, "DELETE", "/api/v1/keys/" + path_segment(s.args.words[0]), {}, "", show_revoked);
}
AdminClient::Query trace_query(const Session& s) {
  return {{"project", s.option("--project")},
          {"model", s.option("--model")},
          {"status", s.option("--status")},
          {"from", s.option("--from")},
          {"to", s.option("--to")}};
}
int trace_list(const Session& s) {
  auto query = trace_query(s);
  query.emplace_back("before", s.option("--before"));
  query.emplace_back("limit", s.option("--limit"));
  return call_and_show(s, "GET", "/api/v1/traces", query, "", show_traces);
}
int trace_show(const Session& s) {
  return call_and_show(s, "GET", "/api/v1/traces/" + path_segment(s.args.words[0]), {}, "", show_trace);
}
int trace_export(const Session& s) {
  return download(s, "/api/v1/traces/export", trace_query(s));
}
int prices_list(const Session& s) { return call_and_show(s, "GET", "/api/v1/prices", {}, "", show_prices); }
int prices_import(const Session& s) {
  const auto done = import_prices(s.args.words[0], s.option("--out"), s.out, s.err);
  return done ? kDone : s.fail(done.error());
}

void show_rerate(std::ostream& out, const oc_json* v) {
  print_table(out, json::get(v, "changes"),
              {{"TIME", "time"},
               {"TRACE", "trace"},
               {"MODEL", "model"},
               {"PROVIDER", "provider"},
               {"KIND", "kind"},
               {"COST", "stored.cost_usd", true},
               {"FEE", "stored.fee_usd", true},
               {"NOW COST", "now.cost_usd", true},
               {"NOW FEE", "now.fee_usd", true},
               {"WHY", "why"}},
              "no differences");
  out << '\n';
  print_members(out, json::get(v, "totals"));
}
// Fails when a stored charge does not recompute, or when not all were looked at; another price today is no failure.
int rerate_code(const oc_json* v) {
  const oc_json* totals = json::get(v, "totals");
  const oc_json* complete = json::get(totals, "complete");
  return json::integer(json::get(totals, "broken"), 1) == 0 && complete && complete->raw == "true" ? kDone : kFailed;
}
int prices_rerate(const Session& s) {
  std::vector<std::pair<std::string, std::string>> fixed{{"project", s.option("--project")}};
  if (const std::string file = s.option("--prices"); !file.empty()) {
    std::ifstream in(file, std::ios::binary);
    if (!in) return s.fail(Error(OC_E_CONFIG, file + ": cannot be read"));
    fixed.emplace_back("prices", std::string(std::istreambuf_iterator<char>(in), {}));
  }
  const auto body = body_of(s, {{"from", "--from"}, {"to", "--to"}}, fixed);
  return call_and_show(s, "POST", "/api/v1/prices/rerate", {}, body, show_rerate, rerate_code);
}

std::vector<Command> all_commands() {
  std::vector<Command> out{
      {"project", "create", "NAME [--org ORG]", 1, {}, {"--org"}, project_create},
      {"project", "list", "", 0, {}, {}, project_list},
      {"project", "delete", "NAME", 1, {}, {}, project_delete},
      {"key",
       "create",
       "--project NAME [--name S] [--limit-usd X] [--expires DATE]",
       0,
       {"--project"},
       {"--name", "--limit-usd", "--expires"},
       key_create},
      {"key", "list", "[--project NAME]", 0, {}, {"--project"}, key_list},
      {"key", "revoke", "ID", 1, {}, {}, key_revoke},
      {"trace",
       "list",
       "[--project NAME] [--model M] [--status S] [--from DATE] [--to DATE] [--limit N] [--before ID]",
       0,
       {},
       {"--project", "--model", "--status", "--from", "--to", "--limit", "--before"},
       trace_list},
      {"trace", "show", "ID", 1, {}, {}, trace_show},
      {"trace",
       "export",
       "[--project NAME] [--model M] [--status S] [--from DATE] [--to DATE]",
       0,
       {},
       {"--project", "--model", "--status", "--from", "--to"},
       trace_export},
      {"prices", "list", "", 0, {}, {}, prices_list},
      {"prices", "import", "FILE [--out PRICES.yaml]", 1, {}, {"--out"}, prices_import},
      {"prices",
       "rerate",
       "--project NAME [--from DATE] [--to DATE] [--prices FILE]",
       0,
       {"--project"},
       {"--from", "--to", "--prices"},
       prices_rerate},
  };
  const auto money = ledger_commands();
  out.insert(out.end(), money.begin(), money.end());
  return out;
}

const std::vector<Command>& commands() {
  static const std::vector<Command> kCommands = all_commands();
  return kCommands;
}

std::string usage_line(const Command& c) {
  std::string line = "  1chat " + std::string(c.group);
  if (*c.verb) line += " " + std::string(c.verb);
  if (*c.usage) line += " " + std::string(c.usage);
  return line + "\n";
}

std::string group_usage(const std::string& group) {
  std::string out;
  for (const auto& c : commands())
    if (group.empty() || group == c.group) out += usage_line(c);
  return out;
}

int bad_usage(std::ostream& err, const std::string& why, const std::string& usage) {
  err << "1chat: " << why << "\n\nusage:\n"
      << usage
      << "every command also takes: --json, --admin-url URL (ONECHAT_ADMIN_URL), --data DIR (token file; or "
         "ONECHAT_ADMIN_TOKEN)\n";
  return kBadUsage;
}

int run_command(const Command& c, const std::vector<std::string>& rest, std::ostream& out, std::ostream& err) {
  std::vector<std::string> with_value{"--admin-url", "--data"};
  with_value.insert(with_value.end(), c.needed.begin(), c.needed.end());
  with_value.insert(with_value.end(), c.optional.begin(), c.optional.end());
  std::vector<std::string> flags{"--json"};
  flags.insert(flags.end(), c.flags.begin(), c.flags.end());
  const auto args = parse_args(rest, with_value, flags);
  if (!args) return bad_usage(err, args.error().message, usage_line(c));
  for (const auto& name : c.needed)
    if (args->get(name).empty()) return bad_usage(err, name + " is missing", usage_line(c));
  if (c.wallet && args->get("--project").empty() && args->get("--org").empty())
    return bad_usage(err, "--project is missing", usage_line(c));
  if (c.wallet && args->has("--project") && args->has("--org"))
    return bad_usage(err, "--project or --org, not both", usage_line(c));
  if (args->words.size() < c.words ||
      std::any_of(args->words.begin(), args->words.end(), [](const auto& w) { return w.empty(); }))
    return bad_usage(err, "a word is missing", usage_line(c));
  if (args->words.size() > c.words)
    return bad_usage(err, "'" + args->words[c.words] + "' is one word too many", usage_line(c));
  return c.run(Session{*args, out, err, args->has("--json")});
}

}  // namespace

bool is_cli_command(const std::string& word) {
  return std::any_of(commands().begin(), commands().end(), [&](const Command& c) { return word == c.group; });
}

std::string cli_usage() { return group_usage(""); }

int run_cli(std::vector<std::string> args, std::ostream& out, std::ostream& err) {
  const std::string group = args.empty() ? std::string() : args[0];
  if (!is_cli_command(group))
    return bad_usage(err, group.empty() ? "a command is missing" : "unknown command '" + group + "'", cli_usage());
  for (const auto& word : args)
    if (word == "--help" || word == "-h") {
      out << "usage:\n" << group_usage(group);
      return kDone;
    }
  const std::string verb = args.size() > 1 ? args[1] : std::string();
  for (const auto& c : commands())
    if (group == c.group && (!*c.verb || verb == c.verb))
      return run_command(c, {args.begin() + (*c.verb ? 2 : 1), args.end()}, out, err);
  return bad_usage(err, verb.empty() ? group + " needs a second word" : "unknown command '" + group + " " + verb + "'",
                   group_usage(group));
}

int run_check(std::vector<std::string> args, std::ostream& out, std::ostream& err) {
  const std::string usage = "  1chat check --config FILE\n";
  const auto parsed = parse_args(args, {"--config"}, {});
  if (!parsed) return bad_usage(err, parsed.error().message, usage);
  if (parsed->get("--config").empty() || !parsed->words.empty())
    return bad_usage(err, "check takes --config FILE", usage);
  const std::string file = parsed->get("--config");
  Config config;
  const auto problems = load_config(file, config);
  for (const auto& p : problems) err << to_string(p) << '\n';
  if (!problems.empty()) return kBadUsage;
  out << file << ": fine. " << config.surfaces.size() << " surfaces, " << config.providers.size() << " providers, "
      << config.models.size() << " models\n";
  for (const auto& p : config.providers)
    if (p.disabled) out << "  provider '" << p.name << "' is switched off: " << p.disabled_why << '\n';
  return kDone;
}

}  // namespace onechat::control
