#include "control/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace onechat::control {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr const char* kBase =
    "surfaces: [openai_chat]\n"
    "providers:\n"
    "  openai: { use: openai_chat, base_url: 'https://api.openai.com/v1', api_key: '${OPENAI_API_KEY}' }\n"
    "models:\n"
    "  gpt-4o: { targets: [{ provider: openai }] }\n";

class ConfigTest : public testing::Test {
 protected:
  void TearDown() override { fs::remove(file_); }

  std::vector<std::string> load(const std::string& text) {
    std::ofstream(file_, std::ios::binary) << text;
    return load_file(file_);
  }
  std::vector<std::string> load_file(const std::string& file) {
    std::vector<std::string> out;
    const auto problems = load_config(file, config_, [this](const std::string& name) -> std::optional<std::string> {
      const auto found = env_.find(name);
      return found == env_.end() ? std::nullopt : std::optional(found->second);
    });
    for (const auto& p : problems) out.push_back(std::to_string(p.line) + ": " + p.text);
    return out;
  }

  std::string file_ = (fs::temp_directory_path() / ("onechat_config_" + std::to_string(::getpid()) + ".yaml")).string();
  std::map<std::string, std::string> env_{{"OPENAI_API_KEY", "sk-test-123456"}};
  Config config_;
};

TEST_F(ConfigTest, DefaultsStandWhereTheFileIsSilent) {
  ASSERT_THAT(load(kBase), IsEmpty());
  EXPECT_EQ(config_.listen.port, 8080);
  EXPECT_EQ(config_.admin.port, 8081);
  EXPECT_THAT(config_.pipeline, ElementsAre("authenticate", "admit", "route", "reserve", "call", "settle", "trace"));
  EXPECT_EQ(config_.ledger.use, "sqlite");
  EXPECT_EQ(config_.store.use, "sqlite");
  EXPECT_EQ(config_.markup_table.find("any", "gpt-4o", "openai"), 1000u);
  EXPECT_EQ(config_.first_boot_credit_nano, 5'000'000'000);
  ASSERT_EQ(config_.models.size(), 1u);
  EXPECT_EQ(config_.models[0].targets[0].model, "gpt-4o");
}

TEST_F(ConfigTest, AListOfProvidersIsSeveralDoorsToOneModel) {
  const std::string providers = "surfaces: [openai_chat]\nproviders: { a: { use: x, base_url: 'http://h' }, b: { use: y, base_url: 'http://h' } }\n";
  ASSERT_THAT(load(providers + "models: { m: { targets: [{ provider: [a, b], model: n }, { provider: a }, { provider: [b, a] }] } }\n"),
              IsEmpty());
  const auto& targets = config_.models[0].targets;
  ASSERT_EQ(targets.size(), 5u);
  EXPECT_EQ(targets[0].provider + targets[1].provider, "ab");
  EXPECT_EQ(targets[1].model, "n");
  EXPECT_NE(targets[0].doors, 0u);
  EXPECT_EQ(targets[0].doors, targets[1].doors);
  EXPECT_EQ(targets[2].doors, 0u) << "a target of its own";
  EXPECT_EQ(targets[3].doors, targets[4].doors);
  EXPECT_NE(targets[3].doors, targets[0].doors);
  EXPECT_THAT(load(providers + "models: { m: { targets: [{ provider: [a, nobody] }] } }\n"), SizeIs(1));
  EXPECT_THAT(load(providers + "models: { m: { targets: [{ provider: [] }] } }\n"), Not(IsEmpty()));
}

TEST_F(ConfigTest, EveryKeyReachesTheStruct) {
  ASSERT_THAT(
      load("listen: '[::1]:9000'\nadmin: { listen: 127.0.0.1:0 }\ndata: /d\nworkers: 3\n"
           "plugins: { path: [a, b] }\nsurfaces: [openai_chat, { use: com.acme.surface, depth: 3 }]\n"
           "upstream: { timeouts: { connect_s: 1.5 }, pool_size_max: 7, proxy: 'http://p:1' }\n"
           "providers: { p: { use: x, base_url: 'http://h:1/v1', timeouts: { idle_s: 2 }, proxy: '', byok: true, n: 0.10 } }\n"
           "models: { 'm/*': { router: cheap, targets: [{ provider: p, model: 'z-*', weight: 4 }],\n"
            "  price: { input: 0.10, output: '0.000000001', search: 0.01, flex: 1/3 }, max_output_tokens: 9, owned_by: o, group: dear } }\n"
           "routers: { cheap: { use: auto, floor: 1 } }\nstages: { red: { use: redact, a: [1] } }\n"
           "prices: { markup_percent: 7.25, orgs: { big: [one, two] },\n"
           "  markups: [{ org: big, percent: 3 }, { project: one, model: 'm/fast*', percent: '2.5' }, { provider: p, percent: 0 }] }\n"
           "ledger: { use: com.acme.ledger, dsn: d }\nstore: sqlite\n"
           "pipeline: [authenticate, admit, red, route, reserve, call, settle]\n"
           "limits: { head_bytes: 2048, body_bytes: 4096, keep_alive_s: 0.5 }\n"
           "rates: { key: { requests_per_minute: 60 }, project: { tokens_per_minute: 5, concurrency: 2 } }\n"
           "retry: { attempts_max: 1, budget_percent: 0, backoff_ms: 5 }\nbreaker: { failures: 2, open_s: 1 }\n"
           "drain_s: 1\ndrain_on_disconnect_s: 0.25\ntraces: { bodies: false }\nlog: { level: debug }\n"
           "holds: { overage: absorb, crash: void }\n"
           "audit: { verify_every_h: 6 }\nfirst_boot_credit_usd: 0.000000001\n"),
      IsEmpty());
  const Config& c = config_;
  EXPECT_EQ(c.listen.host, "::1");
  EXPECT_EQ(c.admin.port, 0);
  EXPECT_EQ(c.data_dir, "/d");
  EXPECT_EQ(c.workers, 3u);
  EXPECT_THAT(c.plugin_dirs, ElementsAre("a", "b"));
  EXPECT_EQ(c.surfaces[1].use, "com.acme.surface");
  EXPECT_EQ(c.surfaces[1].config_json, R"({"depth":3})");
  EXPECT_EQ(c.client.connect_ms, 1500u);
  const auto& p = c.providers[0];
  EXPECT_EQ(p.client.connect_ms, 1500u);
  EXPECT_EQ(p.client.idle_ms, 2000u);
  EXPECT_EQ(p.client.pool_size_max, 7u);
  EXPECT_EQ(p.client.proxy, "");
  EXPECT_EQ(p.base_url, "http://h:1/v1");
  EXPECT_EQ(p.config_json, R"({"base_url":"http://h:1/v1","n":0.10})");
  EXPECT_TRUE(p.byok);
  const auto& m = c.models[0];
  EXPECT_EQ(m.router, "cheap");
  EXPECT_EQ(m.targets[0].model, "z-*");
  EXPECT_EQ(m.targets[0].weight, 4u);
  EXPECT_EQ(m.price->usd_per_million.at("input"), "0.10");
  EXPECT_EQ(m.price->usd_per_million.at("output"), "0.000000001");
  EXPECT_EQ(m.max_output_tokens, 9u);
  EXPECT_EQ(m.group, "dear");
  EXPECT_EQ(c.audit.verify_every, std::chrono::hours(6));
  EXPECT_EQ(c.audit.anchor_every, std::chrono::seconds(60));
  EXPECT_EQ(c.routers[0].config_json, R"({"floor":1})");
  EXPECT_EQ(c.stages[0].use, "redact");
  EXPECT_EQ(m.price->usd_per_million.at("flex"), "1/3");
  EXPECT_EQ(c.markup_table.find("one", "m/fast-1", "p"), 250u);
  EXPECT_EQ(c.markup_table.find("one", "m/slow", "p"), 300u);
  EXPECT_EQ(c.markup_table.find("other", "m/slow", "p"), 0u);
  EXPECT_EQ(c.markup_table.find("other", "m/slow", "q"), 725u);
  EXPECT_EQ(c.ledger.use, "com.acme.ledger");
  EXPECT_EQ(c.server.head_bytes_max, 2048u);
  EXPECT_EQ(c.server.keep_alive_ms, 500u);
  EXPECT_EQ(c.key_limits.requests_per_minute, 60u);
  EXPECT_EQ(c.project_limits.concurrency, 2u);
  EXPECT_EQ(c.retry.attempts_max, 1u);
  EXPECT_EQ(c.breaker.open_ms, 1000u);
  EXPECT_EQ(c.drain_on_disconnect_ms, 250u);
  EXPECT_FALSE(c.trace_bodies);
  EXPECT_EQ(c.log_level, "debug");
  EXPECT_EQ(c.first_boot_credit_nano, 1);
  EXPECT_EQ(c.till.crash, static_cast<std::uint32_t>(OC_CRASH_VOID));
  EXPECT_EQ(c.till.overage, static_cast<std::uint32_t>(OC_OVERAGE_ABSORB)) << "of what sweeps end";
}

TEST_F(ConfigTest, AProjectHoldsAsAllDoButForWhatIsSaidOfIt) {
  ASSERT_THAT(load(std::string(kBase) +
                   "holds: { policy: expected, clip_floor_tokens: 7, overage: absorb,\n"
                   "  projects: { one: { policy: worst_case, clip: false }, two: { overage: overdraft, clip_floor_tokens: 9 } } }\n"),
              IsEmpty());
  const auto said = [&](const char* project) {
    const ledger::HoldRules& r = config_.holds.of(project);
    return std::make_tuple(r.expected, r.clip, r.clip_floor_tokens, r.overage);
  };
  EXPECT_EQ(said("any"), std::make_tuple(true, true, 7u, OC_OVERAGE_ABSORB));
  EXPECT_EQ(said("one"), std::make_tuple(false, false, 7u, OC_OVERAGE_ABSORB));
  EXPECT_EQ(said("two"), std::make_tuple(true, true, 9u, OC_OVERAGE_OVERDRAFT));
}

TEST_F(ConfigTest, AProviderWithoutItsSecretIsSwitchedOffNotAnError) {
  env_.clear();
  ASSERT_THAT(load(kBase), IsEmpty());
  EXPECT_TRUE(config_.providers[0].disabled);
  EXPECT_EQ(config_.providers[0].disabled_why, "OPENAI_API_KEY is not set");
  env_["OPENAI_API_KEY"] = "";
  ASSERT_THAT(load(kBase), IsEmpty());
  EXPECT_TRUE(config_.providers[0].disabled);
}

TEST_F(ConfigTest, SecretsAreResolvedForThePluginAndListedForMasking) {
  ASSERT_THAT(load(std::string(kBase)), IsEmpty());
  EXPECT_THAT(config_.providers[0].config_json, HasSubstr(R"("api_key":"sk-test-123456")"));
  EXPECT_THAT(secrets_of(config_), ElementsAre("sk-test-123456"));
  ASSERT_THAT(
      load("surfaces: [s]\nmodels: {}\nproviders: { p: { use: x, api_key_header: api-key, api_key: written-down,\n"
           "  headers: { Authorization: 'Bearer ${OPENAI_API_KEY}' } } }\n"),
      IsEmpty());
  EXPECT_THAT(secrets_of(config_), ElementsAre("Bearer sk-test-123456", "sk-test-123456", "written-down"));
}

TEST_F(ConfigTest, NoProblemRepeatsASecret) {
  env_["OPENAI_API_KEY"] = "hunter2hunter2";
  const auto problems = load(
      "surfaces: [s]\nmodels: {}\nproviders: { p: { use: x, timeouts: '${OPENAI_API_KEY}' } }\n"
      "workers: '${OPENAI_API_KEY}'\n");
  ASSERT_EQ(problems.size(), 2u);
  for (const auto& p : problems) EXPECT_THAT(p, testing::Not(HasSubstr("hunter2")));
}

// A secret in the wrong place is still a secret.
TEST_F(ConfigTest, NoProblemRepeatsWhatTheEnvironmentGave) {
  env_["OPENAI_API_KEY"] = "hunter2hunter2";
  const auto problems = load(
      "surfaces: [s]\nproviders: { p: { use: x } }\nlisten: '${OPENAI_API_KEY}:1'\n"
      "models: { m: { router: '${OPENAI_API_KEY}x', targets: [{ provider: '${OPENAI_API_KEY}' }] } }\n"
      "pipeline: [authenticate, '${OPENAI_API_KEY}', '${OPENAI_API_KEY}', route, reserve, call, settle]\n");
  EXPECT_GE(problems.size(), 3u);
  for (const auto& p : problems) EXPECT_THAT(p, testing::Not(HasSubstr("hunter2")));
  EXPECT_THAT(problems, testing::Contains(HasSubstr("points to provider '***', which is not defined")));
}

TEST_F(ConfigTest, AProblemIsOneLineWhateverTheFileHolds) {
  std::ofstream(file_, std::ios::binary) << "surfaces: [s]\n\"pro\\e[31m\\nviders\": {}\nmodels: {}\n";
  const auto problems = load_config(file_, config_);
  ASSERT_FALSE(problems.empty());
  for (const auto& p : problems) EXPECT_EQ(to_string(p).find_first_of("\n\x1b"), std::string::npos) << to_string(p);
}

TEST_F(ConfigTest, NoLedgerInSoManyWordsNeedsNoReserve) {
  ASSERT_THAT(load(std::string(kBase) + "ledger: none\n"), IsEmpty());
  EXPECT_TRUE(config_.ledger_none);
  EXPECT_THAT(config_.pipeline, ElementsAre("authenticate", "admit", "route", "call", "trace"));
  EXPECT_THAT(load(std::string(kBase) + "ledger: none\npipeline: [route, call]\n"), IsEmpty());
}

TEST_F(ConfigTest, PluginsMayBeNamedWhereTheyAreUsed) {
  ASSERT_THAT(
      load("surfaces: [s]\nproviders: { p: { use: x } }\nmodels: { m: { router: auto, targets: [{ provider: p }] } }\n"
           "pipeline: [authenticate, redact_pii, route, reserve, call, settle]\n"),
      IsEmpty());
  ASSERT_EQ(config_.routers.size(), 1u);
  EXPECT_EQ(config_.routers[0].use, "auto");
  ASSERT_EQ(config_.stages.size(), 1u);
  EXPECT_EQ(config_.stages[0].use, "redact_pii");
}

TEST_F(ConfigTest, WithFileAddsADefaultOnly) {
  PluginUse use;
  use.config_json = "{}";
  EXPECT_EQ(with_file(use, "a\"b"), R"({"file":"a\"b"})");
  use.config_json = R"({"x":1})";
  EXPECT_EQ(with_file(use, "f"), R"({"file":"f","x":1})");
  use.config_json = R"({"file":"mine"})";
  EXPECT_EQ(with_file(use, "f"), R"({"file":"mine"})");
}

struct Bad {
  const char* text;                   // appended to kBase, which has five lines
  std::vector<std::string> problems;  // how each begins
};

TEST_F(ConfigTest, EveryProblemIsToldWithItsLine) {
  const std::vector<Bad> cases{
      {"modles: {}\n", {"6: unknown key 'modles'"}},
      {"lisen: x\n", {"6: unknown key 'lisen' (did you mean 'listen'?)"}},
      {"listen: 8080\n", {"6: listen must be text, not '8080'"}},
      {"listen: localhost\n", {"6: 'localhost' is not ADDRESS:PORT, as 127.0.0.1:8080: the port is missing"}},
      {"listen: example.com:80\n",
       {"6: 'example.com:80' is not ADDRESS:PORT, as 127.0.0.1:8080: names are not looked up, give an IP address"}},
      {"listen: 127.0.0.1:7\nadmin: { listen: 127.0.0.1:7 }\n",
       {"6: listen and admin.listen are the same address, 127.0.0.1:7"}},
      {"workers: many\n", {"6: workers must be a whole number, not 'many'"}},
      {"workers: 2.5\n", {"6: workers must be a whole number, not '2.5'"}},
      {"workers: -1\n", {"6: workers must be at least 0, not '-1'"}},
      {"workers: ${WORKERS}\n", {"6: WORKERS is not set; ${WORKERS:-VALUE} gives a default"}},
      {"tls: { certificate_file: /nowhere.pem }\n",
       {"6: tls needs the key 'key_file'", "6: tls.certificate_file '/nowhere.pem' cannot be read"}},
      {"prices: { file: /nowhere.yaml, markup_percent: 1.234 }\n",
       {"6: markup_percent must be a percentage of at most two decimals, such as 10 or 7.5",
        "6: prices.file '/nowhere.yaml' cannot be read"}},
      {"prices: { file: config/schema.json }\n", {"6: prices.file: "}},
      {"prices:\n  markups:\n    - { project: a, percent: 1.234 }\n    - { percent: 5 }\n    - { model: gpt-4o, provider: openai, percent: 5 }\n",
       {"8: percent must be a percentage of at most two decimals, such as 10 or 7.5", "9: prices.markups: a markup is for a project, ",
        "10: prices.markups: a markup is for a project, "}},
      {"prices:\n  markups:\n    - { provider: opnai, percent: 1 }\n    - { model: gpt-4, percent: 1 }\n    - { org: big, percent: 1 }\n",
       {"8: prices.markups: provider 'opnai' is not defined (did you mean 'openai'?)",
        "9: prices.markups: no model is called 'gpt-4'", "10: prices.markups: org 'big' is not defined under prices.orgs"}},
      {"prices:\n  orgs: { a: [x], b: [x] }\n  markups:\n    - { project: x, percent: 1 }\n    - { project: x, percent: 2 }\n",
       {"7: prices.orgs: project 'x' is in org 'a' already", "10: prices.markups: a second markup for project 'x'"}},
      {"prices: { markups: [{ project: x }, { user: y, percent: 1 }] }\n",
       {"6: prices.markups[0] needs the key 'percent'", "6: unknown key 'user' in prices.markups[1]", "6: prices.markups: a markup is for a project, "}},
      {"holds: { projects: { a: { policy: guess, ttl_s: 90 } } }\n",
       {"6: holds.projects.a.policy must be one of worst_case, expected, not 'guess'", "6: unknown key 'ttl_s' in holds.projects.a"}},
      {"  priced: { targets: [{ provider: openai }], price: { input: 1, flex: cheap } }\n",
       {"6: price of model 'priced': price flex: 'cheap' is not a multiplier such as 0.5 or 1/3"}},
      {"  priced: { targets: [{ provider: openai }], price: { input: 0.1234567891 } }\n",
       {"6: price of model 'priced': "}},
      {"ledger: nonne\n", {"6: ledger must be one of none, sqlite, not 'nonne' (did you mean 'none'?)"}},
      {"ledger: {}\n", {"6: ledger needs the key 'use'"}},
      {"log: { level: loud }\n", {"6: log.level must be one of trace, debug, info, warn, error, not 'loud'"}},
      {"retry: { attempts_max: 0, budget: 1 }\n",
       {"6: retry.attempts_max must be at least 1, not '0'", "6: unknown key 'budget' in retry"}},
      {"first_boot_credit_usd: -1\n",
       {"6: first_boot_credit_usd must be an amount of at most 9 decimals, such as 5.00"}},
      {"limits: { head_s: 0 }\n", {"6: limits.head_s must be at least 0.001, not '0'"}},
      {"upstream: { proxy: 'socks://x' }\n", {"6: the proxy must begin with http://"}},
      {"surfaces: [a]\n", {"6: key 'surfaces' is given twice (first in line 1)"}},
      {"pipeline: [authenticate, route, call]\n",
       {"6: pipeline: 'call' can be reached without 'reserve', so it could not be charged; add it, or say `ledger: "
        "none`",
        "6: pipeline: 'call' can be reached without 'settle', so it could not be charged; add it, or say `ledger: "
        "none`"}},
      {"pipeline: [route, reserve, call, settle]\n",
       {"6: pipeline: 'call' can be reached without 'authenticate', so it could not be charged; add it, or say "
        "`ledger: none`"}},
      {"pipeline: [authenticate, route, call, reserve, settle]\n", {"6: pipeline: 'call' must come after 'reserve'"}},
      {"pipeline:\n  - authenticate\n  - route\n  - reserve\n  - reserve\n  - call\n  - settle\n",
       {"10: pipeline: 'reserve' is named twice"}},
      {"pipeline: [authenticat, route, reserve, call, settle]\n",
       {"6: pipeline step 'authenticat' is not defined (did you mean 'authenticate'?)",
        "6: pipeline: 'call' can be reached without 'authenticate', so it could not be charged; add it, or say "
        "`ledger: none`"}},
      {"pipeline: [redaction, authenticate, route, reserve, call, settle]\n",
       {"6: pipeline: stage 'redaction' must come after 'authenticate'"}},
      {"pipeline: [authenticate, route, reserve, call, redaction, settle]\n",
       {"6: pipeline: stage 'redaction' must come before 'call'; it sees the answer from there"}},
      {"ledger: none\npipeline: [route, reserve, call]\n",
       {"7: pipeline: 'reserve' needs a ledger, and the file says `ledger: none`"}},
      {"stages:\n  redact: { use: redact }\n", {"7: stage 'redact' is not in the pipeline: it would never run"}},
      {"stages: { call: { use: x } }\n", {"6: stage 'call' has the name of a built-in step"}},
  };
  for (const auto& c : cases) {
    const auto problems = load(std::string(kBase) + c.text);
    ASSERT_EQ(problems.size(), c.problems.size()) << c.text << testing::PrintToString(problems);
    for (std::size_t i = 0; i < problems.size(); ++i)
      EXPECT_THAT(problems[i], testing::StartsWith(c.problems[i])) << c.text;
  }
}

TEST_F(ConfigTest, ModelsAndProvidersAreCheckedToo) {
  EXPECT_THAT(load("surfaces: [a, a]\n"
                   "providers:\n"
                   "  one: { base_url: 'ftp://x' }\n"
                   "  two: { use: x, base_url: 'https://u:secret@h/', pool_size_max: 0, timeouts: { conect_s: 1 } }\n"
                   "models:\n"
                   "  a*b: { targets: [{ provider: tow }] }\n"
                   "  c: { targets: [{ provider: two, model: '*' }], price: { input: -1, output: 1e3, inptu: 1 } }\n"
                   "  d: { targets: [] }\n"
                   "  e: {}\n"
                   "  f: { router: dirct, targets: [{ provider: two, weight: x }] }\n"),
              ElementsAre("1: surface 'a' is named twice",                                                        //
                          "3: providers.one needs the key 'use'",                                                 //
                          "3: base_url of provider 'one' must begin with https or http://",                       //
                          "4: providers.two.pool_size_max must be at least 1, not '0'",                           //
                          "4: unknown key 'conect_s' in providers.two.timeouts (did you mean 'connect_s'?)",      //
                          "4: base_url of provider 'two' must not carry a user or password",                      //
                          "6: model 'a*b': '*' can only stand at the end",                                        //
                          "6: model 'a*b' points to provider 'tow', which is not defined (did you mean 'two'?)",  //
                          "7: unknown key \'inptu\' in models.c.price",                                           //
                          "7: price 'input' of model 'c' must be a plain decimal that is not negative, such as 0.15",
                          "7: price 'output' of model 'c' must be a plain decimal that is not negative, such as 0.15",
                          "7: model 'c': '*' in a target needs one in the model's name",     //
                          "8: models.d.targets needs at least 1 entry",                      //
                          "9: models.e needs the key 'targets'",                             //
                          "10: models.f.targets[0].weight must be a whole number, not 'x'",  //
                          "10: router 'dirct' is not defined (did you mean 'direct'?)"));
}

TEST_F(ConfigTest, AFileThatIsNoMappingIsRefused) {
  EXPECT_THAT(load("- a\n"), ElementsAre("1: the configuration must be a mapping, not a list"));
  EXPECT_THAT(load("{}\n"), testing::Contains(HasSubstr("needs the key 'surfaces'")));
  EXPECT_THAT(load_file("/no/such/file.yaml"), ElementsAre("0: cannot be read"));
}

TEST_F(ConfigTest, ABadFileLeavesTheOldConfigurationAlone) {
  ASSERT_THAT(load(kBase), IsEmpty());
  EXPECT_FALSE(load("surfaces: [other]\n").empty());
  EXPECT_EQ(config_.surfaces[0].use, "openai_chat");
}

TEST_F(ConfigTest, TheShippedConfigurationAndEveryExampleLoad) {
  env_.clear();
  std::vector<std::string> files{"config/1chat.yaml"};
  for (const auto& e : fs::directory_iterator("config/examples")) files.push_back(e.path().string());
  ASSERT_GE(files.size(), 5u);
  for (const auto& file : files) EXPECT_THAT(load_file(file), IsEmpty()) << file;
}

TEST_F(ConfigTest, EveryProviderSnippetLoads) {
  unsigned n = 0;
  for (const auto& e : fs::directory_iterator("config/providers")) {
    std::ostringstream text;
    text << "surfaces: [openai_chat]\n" << std::ifstream(e.path()).rdbuf();
    EXPECT_THAT(load(text.str()), IsEmpty()) << e.path();
    ++n;
  }
  EXPECT_GE(n, 10u);
}

}  // namespace
}  // namespace onechat::control
