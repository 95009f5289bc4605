// The configuration file as values (YAML, contract: docs/configuration.md, config/schema.json).
//
// load_config reports every problem with file and line, not only the first. ${VAR} is taken from the environment; a
// provider whose secret is missing is marked disabled, not an error. Nothing here opens sockets or plugins.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "admission/key_table.hpp"
#include "control/audit_plan.hpp"
#include "control/problem.hpp"
#include "control/yaml_node.hpp"
#include "ledger/hold_rules.hpp"
#include "ledger/markup.hpp"
#include "ledger/till.hpp"
#include "net/client.hpp"
#include "net/server.hpp"

namespace onechat::control {

struct Address {
  std::string host;
  std::uint16_t port = 0;
};

struct PluginUse {                   // a component and its settings
  std::string name;                  // how the configuration calls it
  std::string use;                   // "openai_chat" (kind is known by the place) or a full id "com.acme.provider"
  std::string config_json;           // what create() gets, secrets resolved
  std::vector<std::string> secrets;  // values to mask in logs and errors
  int line = 0;
};

struct ProviderConfig : PluginUse {
  std::string base_url;  // "" for active providers
  net::ClientOptions client;
  bool byok = false;         // its account is the customer's: the gateway charges its markup only
  bool disabled = false;     // its secret is not in the environment
  std::string disabled_why;  // "OPENAI_API_KEY is not set"
};

struct PriceConfig {                                   // USD per 1M units, exact decimals as written; absent = not set
  std::map<std::string, std::string> usd_per_million;  // input, output, cache_read, ... (contract names)
};

struct MarkupConfig {
  ledger::MarkupRule rule;
  int line = 0;
};

struct TargetConfig {
  std::string provider;
  std::string model;  // a "*" in it stands for what the "*" of the model's id matched; default: the id itself
  std::uint32_t weight = 1;
  // Not 0: one of several doors to the same model, written as a list of providers; targets of one number are those of one
  // list. A request goes through the door that speaks its client's dialect, else through the first.
  std::uint32_t doors = 0;
  int line = 0;
};

struct ModelConfig {
  std::string id;      // what clients ask for; a last "*" matches any rest ("gpt-*"); an exact id goes first, then the
                       // longest pattern
  std::string router;  // "" = direct
  std::vector<TargetConfig> targets;
  std::optional<PriceConfig> price;
  std::uint64_t max_output_tokens = 0;  // 0: prices file, else 16'384
  std::string owned_by;
  std::string group;  // models that share budgets of scope "group"; "" = none
  int line = 0;
};

inline constexpr std::uint32_t kMarkupBps = 1000;  // prices.markup_percent where it is not said

struct Config {
  std::string file;
  Address listen{"127.0.0.1", 8080};
  std::string tls_certificate_file, tls_key_file;  // both or neither; TLS listener when set
  Address admin{"127.0.0.1", 8081};
  std::string data_dir = "./data";
  unsigned workers = 0;  // 0 = number of cores
  std::vector<std::string> plugin_dirs;
  std::vector<PluginUse> surfaces;
  std::vector<ProviderConfig> providers;
  std::vector<ModelConfig> models;
  std::vector<PluginUse> routers;  // named routers beside "direct"
  std::vector<PluginUse> stages;   // settings of stage plugins named in the pipeline
  std::string price_file;
  std::vector<MarkupConfig> markups;              // the rules as written
  std::vector<std::string> orgs;                  // prices.orgs
  ledger::MarkupTable markup_table{kMarkupBps};   // prices.markup_percent, markups and orgs, ready for use
  PluginUse ledger{}, store{};
  bool ledger_none = false;           // "ledger: none"
  bool ledger_durable = true;         // "durable: false" takes a ledger that may forget, for tests
  AuditPlan audit;  // of the ledger; no anchor_file: one in the data folder
  std::uint64_t node = 1;             // this process' number among those on the same ledger
  ledger::HoldTable holds;
  ledger::TillOptions till;
  ledger::JournalLimits journal;
  std::vector<std::string> pipeline;  // authenticate, admit, <stages>, route, reserve, call, settle, trace
  net::ServerLimits server;
  net::ClientOptions client;  // defaults for every provider
  std::uint32_t drain_s = 30;
  std::uint32_t drain_on_disconnect_ms = 10'000;
  struct Retry {
    std::uint32_t attempts_max = 3;     // tries of one request over all targets
    std::uint32_t budget_percent = 20;  // retries as a share of requests, per worker
    std::uint32_t backoff_ms = 100;
  } retry;
  struct Breaker {
    std::uint32_t failures = 5;  // in a row
    std::uint32_t open_ms = 10'000;
  } breaker;
  admission::Limits key_limits, project_limits;  // defaults, a key's or project's own go first
  bool trace_bodies = true;
  std::string log_level = "info";
  std::int64_t first_boot_credit_nano = 5'000'000'000;
};

// Reads, substitutes, validates against the schema and checks what a schema cannot: names that point nowhere, a
// pipeline that reaches `call` without authenticate and reserve. Returns the problems; `out` is valid when there are
// none.
std::vector<Problem> load_config(const std::string& file, Config& out);
// The same with an environment of the caller's.
std::vector<Problem> load_config(const std::string& file, Config& out, const Environment& env);

// The settings of a ledger or store with "file" set to `file`, unless they name one themselves.
std::string with_file(const PluginUse& use, const std::string& file);

// Every value that must not be shown: of all plugins' settings.
std::vector<std::string> secrets_of(const Config& config);

}  // namespace onechat::control
