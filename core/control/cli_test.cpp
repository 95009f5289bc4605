#include "control/cli.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "control/admin_client.hpp"
#include "control/control_fixture.hpp"
#include "json/json.hpp"
#include "ledger/price_book.hpp"

namespace onechat::control {
namespace {

using testing::HasSubstr;
using testing::Not;

class CliTest : public testing::Test, protected ControlFixture {
 protected:
  void SetUp() override {
    ::unsetenv("ONECHAT_ADMIN_URL");
    ::unsetenv("ONECHAT_ADMIN_TOKEN");
    serve();
    ASSERT_TRUE(plane->boot().has_value());
  }
  int run(std::vector<std::string> args, bool connect = true) {
    out.str("");
    err.str("");
    if (connect)
      for (const auto& word : {std::string("--admin-url"), url, std::string("--data"), data_dir}) args.push_back(word);
    return run_cli(std::move(args), out, err);
  }
  std::string member(std::string_view name) {
    Arena arena;
    const std::string text = out.str();
    const oc_json* v = json::parse(arena, text);
    for (std::size_t dot; v && (dot = name.find('.')) != name.npos; name.remove_prefix(dot + 1))
      v = json::get(v, name.substr(0, dot));
    v = v ? json::get(v, name) : nullptr;
    return v ? std::string(v->type == OC_JSON_STRING ? v->text : v->raw) : "(absent)";
  }
  std::ostringstream out, err;
};

TEST_F(CliTest, TheWholeLifeOfAProject) {
  EXPECT_EQ(run({"project", "create", "team"}), 0) << err.str();
  EXPECT_EQ(run({"project", "create", "team"}), 1);
  EXPECT_THAT(err.str(), HasSubstr("exists already"));
  EXPECT_EQ(run({"project", "list"}), 0);
  EXPECT_THAT(out.str(), HasSubstr("team"));

  EXPECT_EQ(run({"key", "create", "--project", "team", "--name=ci", "--limit-usd", "1.5", "--expires", "2099-01-01",
                 "--json"}),
            0);
  const std::string key = member("key"), id = member("id");
  EXPECT_EQ(member("project"), "team");
  EXPECT_NE(keys.find(sha256(key)), nullptr);
  EXPECT_EQ(run({"key", "list", "--project", "team"}), 0);
  EXPECT_THAT(out.str(), HasSubstr(id));
  EXPECT_THAT(out.str(), Not(HasSubstr(key)));

  EXPECT_EQ(run({"deposit", "--project", "team", "--usd", "25.00", "--id", "inv 1&x=y"}), 0);
  EXPECT_THAT(out.str(), HasSubstr("deposited 25.00 USD, available 25.00 USD"));
  EXPECT_EQ(run({"deposit", "--project", "team", "--usd", "25", "--id", "inv 1&x=y"}), 0);
  EXPECT_THAT(out.str(), HasSubstr("was there before"));
  EXPECT_EQ(run({"deposit", "--project", "team", "--usd", "24", "--id", "inv 1&x=y"}), 1);
  EXPECT_EQ(run({"balance", "--project", "team", "--json"}), 0);
  EXPECT_EQ(member("available"), "25.00");
  EXPECT_EQ(member("held"), "0.00");
  EXPECT_EQ(member("currency"), "USD");
  EXPECT_EQ(run({"ledger", "statement", "--project", "team", "--from", "1970-01-01"}), 0);
  EXPECT_THAT(out.str(), HasSubstr("deposit"));

  EXPECT_EQ(run({"key", "revoke", id}), 0);
  EXPECT_TRUE(keys.find(sha256(key))->revoked);
  EXPECT_EQ(run({"project", "delete", "team"}), 0);
  EXPECT_EQ(run({"balance", "--project", "team"}), 1);
}

TEST_F(CliTest, LedgerVerifyFailsOnABreach) {
  EXPECT_EQ(run({"ledger", "verify"}), 0);
  EXPECT_THAT(out.str(), HasSubstr("0 breaches"));
  fake_ledger.breached = true;
  EXPECT_EQ(run({"ledger", "verify"}), 1);
  EXPECT_THAT(out.str(), HasSubstr("I2  account 7: off by 1"));
  EXPECT_EQ(run({"ledger", "verify", "--json"}), 1);
  EXPECT_EQ(member("ok"), "false");
}

TEST_F(CliTest, TracesAndPrices) {
  auto t = std::make_unique<record::TraceRecord>();
  t->head.struct_size = sizeof(oc_trace);
  t->head.id = {5, 5};
  t->project = "default";
  t->model = "gpt";
  t->status = "ok";
  t->turns_json = "[1]";
  t->seal();
  store.put_trace(std::move(t));
  EXPECT_EQ(run({"trace", "list", "--limit", "1"}), 0);
  EXPECT_THAT(out.str(), HasSubstr(to_hex({5, 5})));
  EXPECT_EQ(run({"trace", "show", to_hex({5, 5})}), 0);
  EXPECT_THAT(out.str(), HasSubstr("turns\n[1]"));
  EXPECT_EQ(run({"trace", "show", "nope"}), 1);
  EXPECT_EQ(run({"trace", "export"}), 0);
  EXPECT_EQ(member("id"), to_hex({5, 5}));
  EXPECT_EQ(run({"trace", "list", "--limit", "0"}), 1);
  EXPECT_EQ(run({"prices", "list"}), 0);
  EXPECT_THAT(out.str(), HasSubstr("0.60"));
}

// The exit code is about the books: a charge that does not follow from its own price. Another price today is no failure.
TEST_F(CliTest, StoredChargesAreRecomputed) {
  const auto put = [&](std::uint64_t n, const std::string& attempts, std::int64_t cost, std::int64_t fee) {
    auto t = std::make_unique<record::TraceRecord>();
    t->head.struct_size = sizeof(oc_trace);
    t->head.id = {n, 1};
    t->head.unix_ms = static_cast<std::int64_t>(n) * 1000;
    t->head.cost_nano = cost;
    t->head.fee_nano = fee;
    t->project = "default";
    t->model = "gpt";
    t->meta_json = R"({"attempts":[)" + attempts + "]}";
    t->seal();
    store.put_trace(std::move(t));
  };
  const auto attempt = [](const std::string& model, std::int64_t cost) {
    return R"({"provider":"openai","model":")" + model + R"(","rating":{"price":{"input":"0.0375"},"usage":{"input":10},)" +
           R"("markup_bps":1000,"numerator":"375000000","denominator":1000000,"cost_nano":)" + std::to_string(cost) +
           R"(,"fee_nano":38}})";
  };
  put(1, attempt("m", 375), 375, 38);
  put(2, attempt("m", 375) + "," + attempt("m", 375), 750, 76);
  put(3, "", 0, 0);
  put(4, "", 5, 1);
  const std::string file = data_dir + "/other.yaml";
  std::ofstream(file) << "providers: { openai: { m: { prices: [{ input: 0.0375 }] } } }";
  EXPECT_EQ(run({"prices", "rerate", "--project", "default", "--prices", file, "--json"}), 0) << out.str();
  EXPECT_EQ(member("totals.charges"), "3");
  EXPECT_EQ(member("totals.broken"), "0");
  EXPECT_EQ(member("totals.different"), "0");
  EXPECT_EQ(member("totals.unrated"), "1");
  EXPECT_EQ(member("totals.stored_usd"), "0.000001239");
  EXPECT_EQ(member("totals.difference_usd"), "0.00");

  std::ofstream(file) << "providers: { openai: { m: { prices: [{ input: 0.04 }] } } }";
  EXPECT_EQ(run({"prices", "rerate", "--project", "default", "--prices", file}), 0);
  EXPECT_THAT(out.str(), HasSubstr("different"));
  EXPECT_THAT(out.str(), HasSubstr("0.000000081"));  // 3 x (440 - 413)
  EXPECT_EQ(run({"prices", "rerate", "--project", "default", "--to", "1970-01-01T00:00:02Z", "--json"}), 0);
  EXPECT_EQ(member("totals.traces"), "1");
  EXPECT_EQ(member("totals.unpriced"), "0") << "the prices in force know it";

  put(5, attempt("n", 375), 375, 38);
  EXPECT_EQ(run({"prices", "rerate", "--project", "default", "--json"}), 0);
  EXPECT_EQ(member("totals.unpriced"), "1");
  put(6, attempt("m", 376), 376, 38);
  EXPECT_EQ(run({"prices", "rerate", "--project", "default"}), 1);
  EXPECT_THAT(out.str(), HasSubstr("cost_nano is stored as 376, recomputed 375"));
  EXPECT_EQ(run({"prices", "rerate", "--project", "default", "--to", "1970-01-01T00:00:06Z"}), 0);
  put(7, attempt("m", 375), 999, 38);
  EXPECT_EQ(run({"prices", "rerate", "--project", "default", "--from", "1970-01-01T00:00:07Z"}), 1);
  EXPECT_THAT(out.str(), HasSubstr("its attempts add up to"));

  EXPECT_EQ(run({"prices", "rerate"}), 2);
  EXPECT_EQ(run({"prices", "rerate", "--project", "nobody"}), 1);
  EXPECT_EQ(run({"prices", "rerate", "--project", "default", "--prices", "/nowhere.yaml"}), 2);
  std::ofstream(file) << "providers: [";
  EXPECT_EQ(run({"prices", "rerate", "--project", "default", "--prices", file}), 1);
  EXPECT_THAT(err.str(), HasSubstr("prices:1:"));
}

TEST_F(CliTest, ACatalogueBecomesAPricesFileThatLoads) {
  const std::string catalogue = data_dir + "/catalogue.json", file = data_dir + "/prices.yaml";
  std::ofstream(catalogue) << R"({"gpt-x":{"litellm_provider":"openai","mode":"chat","input_cost_per_token":1.5e-07,)"
                              R"("output_cost_per_token":6e-07,"max_output_tokens":16384}})";
  EXPECT_EQ(run({"prices", "import", catalogue, "--out", file}, false), 0) << err.str();
  EXPECT_THAT(out.str(), HasSubstr("1 models"));
  const auto book = ledger::PriceBook::load(file);
  ASSERT_TRUE(book.has_value()) << book.error().message;
  EXPECT_EQ(book->find("openai", "gpt-x", 0).price->base.input, 150'000'000);
  EXPECT_EQ(run({"prices", "import", catalogue, "--out", file}, false), 1);  // never over an old one
  EXPECT_EQ(run({"prices", "import", catalogue}, false), 0);
  EXPECT_THAT(out.str(), HasSubstr("gpt-x"));
  EXPECT_EQ(run({"prices", "import", "/nowhere.json"}, false), 1);
}

TEST_F(CliTest, TokenAndAddressComeFromTheEnvironmentToo) {
  ::setenv("ONECHAT_ADMIN_URL", (url + "/").c_str(), 1);
  ::setenv("ONECHAT_ADMIN_TOKEN", token.c_str(), 1);
  EXPECT_EQ(run({"project", "list"}, false), 0) << err.str();
  ::setenv("ONECHAT_ADMIN_TOKEN", "wrong", 1);
  EXPECT_EQ(run({"project", "list"}, false), 1);
  EXPECT_THAT(err.str(), HasSubstr("token"));
  EXPECT_EQ(run({"project", "list", "--data", data_dir}, false), 0);  // what is said goes before the environment
  ::unsetenv("ONECHAT_ADMIN_URL");
  ::unsetenv("ONECHAT_ADMIN_TOKEN");
}

TEST_F(CliTest, AGatewayThatIsNotThereIsSaid) {
  EXPECT_EQ(run({"project", "list", "--admin-url", "http://127.0.0.1:1", "--data", data_dir}, false), 1);
  EXPECT_THAT(err.str(), HasSubstr("cannot reach the gateway"));
  EXPECT_EQ(run({"project", "list", "--admin-url", url, "--data", "/nowhere"}, false), 1);
  EXPECT_THAT(err.str(), HasSubstr("/nowhere/admin.token"));
  EXPECT_EQ(run({"project", "list", "--admin-url", "ftp://x", "--data", data_dir}, false), 2);
}

TEST_F(CliTest, BadUsageIsTwoWithTheRightUsageText) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
      {{}, "a command is missing"},
      {{"frobnicate"}, "unknown command 'frobnicate'"},
      {{"project"}, "project needs a second word"},
      {{"project", "rename"}, "unknown command 'project rename'"},
      {{"project", "create"}, "a word is missing"},
      {{"project", "create", "a", "b"}, "'b' is one word too many"},
      {{"key", "create"}, "--project is missing"},
      {{"key", "create", "--projct", "x"}, "unknown option --projct (did you mean '--project'?)"},
      {{"deposit", "--project", "p", "--usd", "1"}, "--id is missing"},
      {{"balance", "--project"}, "--project needs a value"},
      {{"balance", "--project", "a", "--project", "b"}, "--project is given twice"},
      {{"ledger", "verify", "--json=yes"}, "--json takes no value"},
  };
  for (const auto& [args, words] : cases) {
    EXPECT_EQ(run(args, false), 2) << words;
    EXPECT_THAT(err.str(), HasSubstr(words));
    EXPECT_THAT(err.str(), HasSubstr("usage:"));
  }
  EXPECT_EQ(run({"key", "--help"}, false), 0);
  EXPECT_THAT(out.str(), HasSubstr("1chat key revoke ID"));
}

TEST_F(CliTest, CheckSaysEveryProblem) {
  const std::string file = data_dir + "/c.yaml";
  std::ofstream(file) << "surfaces: [s]\nprovders: {}\nmodels: {}\n";
  EXPECT_EQ(run_check({"--config", file}, out, err), 2);
  EXPECT_THAT(err.str(), HasSubstr("c.yaml:2: unknown key 'provders' (did you mean 'providers'?)"));
  EXPECT_THAT(err.str(), HasSubstr("needs the key 'providers'"));
  std::ofstream(file) << "surfaces: [s]\nproviders: { p: { use: x, api_key: '${ONECHAT_NO_SUCH_KEY}' } }\nmodels: {}\n";
  EXPECT_EQ(run_check({"--config", file}, out, err), 0);
  EXPECT_THAT(out.str(), HasSubstr("provider 'p' is switched off: ONECHAT_NO_SUCH_KEY is not set"));
  EXPECT_EQ(run_check({}, out, err), 2);
  EXPECT_EQ(run_check({"--config", "/nowhere.yaml"}, out, err), 2);
}

TEST_F(CliTest, TheServerRefusesBodiesThatAreTooLarge) {
  const AdminClient client(url, token);
  const std::string large = R"({"name":")" + std::string(AdminApi::kBodyBytesMax, 'x') + "\"}";
  const auto answer = client.call("POST", "/api/v1/projects", {}, large);
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().http_status, 413u);
  EXPECT_EQ(client.call("GET", "/api/v1/balance", {{"project", "no such/é&=?"}}).error().http_status, 404u);
  EXPECT_EQ(client.call("POST", "/api/v1/reload")->find("true") != std::string::npos, true);
}

TEST_F(CliTest, StoppingTheServerIsQuick) {
  EXPECT_EQ(run({"project", "list"}), 0);
  const auto before = std::chrono::steady_clock::now();
  server->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(3));
  EXPECT_EQ(run({"project", "list"}), 1);
}

}  // namespace
}  // namespace onechat::control
