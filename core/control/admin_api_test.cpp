#include "control/admin_api.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "control/control_fixture.hpp"
#include "json/json.hpp"

namespace onechat::control {
namespace {

using testing::HasSubstr;
using testing::Not;

class AdminApiTest : public testing::Test, protected ControlFixture {
 protected:
  void SetUp() override {
    open();
    ASSERT_TRUE(plane->boot().has_value());
  }
  std::string member(const std::string& json, std::string_view name) {
    Arena arena;
    const oc_json* root = json::parse(arena, json);
    const oc_json* v = root ? json::get(root, name) : nullptr;
    return v ? std::string(v->type == OC_JSON_STRING ? v->text : v->raw) : "(absent)";
  }
  void add_trace(std::uint64_t n, const std::string& project) {
    auto t = std::make_unique<record::TraceRecord>();
    t->head.struct_size = sizeof(oc_trace);
    t->head.id = {n, 1};
    t->head.unix_ms = static_cast<std::int64_t>(n) * 1000;
    t->head.cost_nano = 100;
    t->head.fee_nano = 10;
    t->head.usage.input = 3;
    t->project = project;
    t->model = "m";
    t->status = "ok";
    t->turns_json = R"({"turns":[]})";
    t->request_body = "raw \x01 body";
    t->seal();
    store.put_trace(std::move(t));
  }
};

TEST_F(AdminApiTest, EveryAnswerOfTheApiNeedsTheToken) {
  for (const auto& route : AdminApi::routes()) {
    if (route.open) continue;
    AdminRequest request;
    request.method = route.method;
    request.path = route.path;
    for (const char* said : {"", "Bearer", "Bearer ", "Bearer wrong", "Basic abc"}) {
      request.authorization = said;
      EXPECT_EQ(api->handle(request).status, 401u) << route.path << " with '" << said << "'";
    }
    request.authorization = "Bearer " + token + "x";
    EXPECT_EQ(api->handle(request).status, 401u);
    request.authorization = "bearer " + token;
    EXPECT_EQ(api->handle(request).status, 401u);
  }
  EXPECT_EQ(api->handle({"GET", "/api/v1/nope", {}, "", ""}).status, 401u);
}

TEST_F(AdminApiTest, HealthAndMetricsNeedNoToken) {
  for (const char* path : {"/healthz", "/readyz", "/metrics", "/openapi.json"})
    EXPECT_EQ(api->handle({"GET", path, {}, "", ""}).status, 200u) << path;
}

TEST_F(AdminApiTest, WhatIsNotThereAndWhatIsNotPossibleAreSaid) {
  EXPECT_EQ(call("GET", "/nope").status, 404u);
  EXPECT_EQ(call("GET", "/api/v1/keys/a/b").status, 404u);
  EXPECT_EQ(call("DELETE", "/api/v1/keys/").status, 404u);
  const auto wrong = call("PUT", "/api/v1/projects");
  EXPECT_EQ(wrong.status, 405u);
  EXPECT_EQ(wrong.allow, "GET, POST");
  EXPECT_THAT(wrong.body, HasSubstr("method_not_allowed"));
  EXPECT_EQ(call("GET", "/api/v1/keys/key_x").status, 405u);
}

struct BadBody {
  const char* path;
  const char* body;
  unsigned status;
  const char* words;
};

TEST_F(AdminApiTest, BadBodiesAreRefusedInWords) {
  const BadBody cases[] = {
      {"/api/v1/projects", "", 400, "JSON object"},
      {"/api/v1/projects", "[]", 400, "JSON object"},
      {"/api/v1/projects", "{}", 400, "'name' is missing"},
      {"/api/v1/projects", R"({"name":7})", 400, "'name' must be text"},
      {"/api/v1/projects", R"({"name":"a b"})", 400, "letters, digits"},
      {"/api/v1/projects", R"({"name":"../x"})", 400, "letters, digits"},
      {"/api/v1/projects", R"({"name":"x","colour":1})", 400, "no field 'colour'"},
      {"/api/v1/projects", R"({"name":"x","limits":{"concurrency":-1}})", 400, "whole number"},
      {"/api/v1/projects", R"({"name":"x","limits":{"rpm":1}})", 400, "no field 'rpm'"},
      {"/api/v1/projects", R"({"name":"default"})", 409, "exists already"},
      {"/api/v1/keys", R"({"project":"nope"})", 404, "no project 'nope'"},
      {"/api/v1/keys", R"({"project":"default","limit_usd":"-1"})", 400, "must not be negative"},
      {"/api/v1/keys", R"({"project":"default","limit_usd":"1.0000000001"})", 400, "9 decimals"},
      {"/api/v1/keys", R"({"project":"default","limit_usd":true})", 400, "amount in USD"},
      {"/api/v1/keys", R"({"project":"default","expires":"soon"})", 400, "not a date"},
      {"/api/v1/keys", R"({"project":"default","expires":"2001-01-01"})", 400, "expired already"},
      {"/api/v1/keys", R"({"project":"default","name":"a\u0007"})", 400, "control characters"},
      {"/api/v1/deposits", R"({"project":"default","usd":"1","id":""})", 400, "'id'"},
      {"/api/v1/deposits", R"({"project":"default","usd":"0","id":"a"})", 400, "more than 0"},
      {"/api/v1/deposits", R"({"project":"default","usd":"1e2","id":"a"})", 400, "not an amount"},
      {"/api/v1/deposits", R"({"project":"default","usd":99999999999,"id":"a"})", 400, "too large"},
      {"/api/v1/deposits", R"({"project":"default","usd":"9223372036","id":"a"})", 400, "not possible"},
      {"/api/v1/deposits", R"({"project":"nope","usd":"1","id":"a"})", 404, "no project"},
  };
  for (const auto& c : cases) {
    const auto answer = call("POST", c.path, c.body);
    EXPECT_EQ(answer.status, c.status) << c.body << answer.body;
    EXPECT_THAT(answer.body, HasSubstr(c.words)) << c.body;
  }
  EXPECT_EQ(plane->directory().projects().size(), 1u);
  EXPECT_EQ(plane->directory().keys("").size(), 1u);
}

TEST_F(AdminApiTest, ADepositHappensOncePerIdAndProject) {
  const std::string body = R"({"project":"default","usd":"25.00","id":"inv-1"})";
  const auto first = call("POST", "/api/v1/deposits", body);
  EXPECT_EQ(first.status, 201u);
  EXPECT_EQ(member(first.body, "available"), "30.00");
  const auto again = call("POST", "/api/v1/deposits", body);
  EXPECT_EQ(again.status, 200u);
  EXPECT_EQ(member(again.body, "duplicate"), "true");
  EXPECT_EQ(call("POST", "/api/v1/deposits", R"({"project":"default","usd":"26","id":"inv-1"})").status, 409u);
  ASSERT_EQ(call("POST", "/api/v1/projects", R"({"name":"other"})").status, 201u);
  EXPECT_EQ(call("POST", "/api/v1/deposits", R"({"project":"other","usd":0.000000001,"id":"inv-1"})").status, 201u);
  EXPECT_EQ(member(call("GET", "/api/v1/balance", "", {{"project", "other"}}).body, "available"), "0.000000001");
  const auto balance = call("GET", "/api/v1/balance", "", {{"project", "default"}});
  EXPECT_EQ(
      balance.body,
      R"({"project":"default","currency":"USD","available":"30.00","held":"0.00","spent":"0.00","deposited":"30.00",)"
      R"("leased":"0.00","promo":"0.00","debt":"0.00","overdraft":"0.00","debt_limit":"0.00","frozen":false})");
}

TEST_F(AdminApiTest, KeysAreShownOnceAndListedWithoutTheirText) {
  const auto made = call(
      "POST", "/api/v1/keys",
      R"({"project":"default","name":"ci","limit_usd":"2.5","expires":"2099-01-01",)"
      R"("limits":{"requests_per_minute":9}})");
  ASSERT_EQ(made.status, 201u);
  const std::string key = member(made.body, "key"), id = member(made.body, "id");
  EXPECT_THAT(key, testing::StartsWith("sk-1chat-"));
  EXPECT_EQ(member(made.body, "project"), "default");
  const auto list = call("GET", "/api/v1/keys", "", {{"project", "default"}});
  EXPECT_THAT(list.body, Not(HasSubstr(key)));
  EXPECT_THAT(list.body, HasSubstr(R"("limit_usd":"2.50")"));
  EXPECT_THAT(list.body, HasSubstr(R"("expires":"2099-01-01T00:00:00.000Z")"));
  EXPECT_THAT(list.body, HasSubstr(R"("requests_per_minute":9)"));
  EXPECT_EQ(keys.find(sha256(key))->limits.requests_per_minute, 9u);
  const auto revoked = call("DELETE", "/api/v1/keys/" + id);
  EXPECT_EQ(revoked.status, 200u);
  EXPECT_NE(member(revoked.body, "revoked"), "null");
  EXPECT_TRUE(keys.find(sha256(key))->revoked);
  EXPECT_EQ(call("DELETE", "/api/v1/keys/key_nope").status, 404u);
  EXPECT_EQ(call("GET", "/api/v1/keys", "", {{"project", "nope"}}).status, 404u);
  EXPECT_EQ(call("GET", "/api/v1/keys", "", {{"projct", "x"}}).status, 400u);
}

TEST_F(AdminApiTest, LedgerVerifyNamesEachBreach) {
  EXPECT_EQ(member(call("GET", "/api/v1/ledger/verify").body, "ok"), "true");
  fake_ledger.breached = true;
  const auto answer = call("GET", "/api/v1/ledger/verify");
  EXPECT_EQ(member(answer.body, "ok"), "false");
  EXPECT_THAT(answer.body, HasSubstr(R"({"invariant":"I2","detail":"account 7: off by 1"})"));
}

TEST_F(AdminApiTest, TracesAreListedShownExportedAndDeleted) {
  for (std::uint64_t n = 1; n <= 450; ++n) add_trace(n, n % 3 ? "default" : "other");
  Arena arena;
  const auto page = call("GET", "/api/v1/traces", "", {{"project", "default"}, {"limit", "2"}});
  const oc_json* rows = json::parse(arena, page.body);
  ASSERT_EQ(rows->size, 2u);
  EXPECT_EQ(json::get(rows->first, "id")->text, to_hex({449, 1}));
  EXPECT_EQ(json::get(rows->first, "charged_usd")->text, "0.00000011");
  const auto next =
      call("GET", "/api/v1/traces", "", {{"project", "default"}, {"limit", "2"}, {"before", to_hex({448, 1})}});
  EXPECT_THAT(next.body, HasSubstr(to_hex({446, 1})));
  EXPECT_THAT(next.body, Not(HasSubstr(to_hex({448, 1}))));

  const auto shown = call("GET", "/api/v1/traces/" + to_hex({7, 1}));
  EXPECT_EQ(member(shown.body, "turns"), R"({"turns":[]})");
  EXPECT_EQ(member(shown.body, "request_body"), "raw \x01 body");

  const auto exported = call("GET", "/api/v1/traces/export", "", {{"project", "other"}});
  ASSERT_TRUE(exported.stream);
  std::ostringstream out;
  exported.stream(out);
  std::istringstream in(out.str());
  std::set<std::string> ids;
  for (std::string line; std::getline(in, line);) ids.insert(member(line, "id"));
  EXPECT_EQ(ids.size(), 150u);
  EXPECT_EQ(ids.count("(absent)"), 0u);

  EXPECT_EQ(call("DELETE", "/api/v1/traces/" + to_hex({7, 1})).status, 200u);
  EXPECT_EQ(call("GET", "/api/v1/traces/" + to_hex({7, 1})).status, 404u);
  EXPECT_EQ(call("GET", "/api/v1/traces/nonsense").status, 404u);
  for (const auto& bad :
       {std::pair{"limit", "0"}, {"limit", "1001"}, {"limit", "x"}, {"before", "x"}, {"from", "x"}, {"nope", "1"}})
    EXPECT_EQ(call("GET", "/api/v1/traces", "", {{bad.first, bad.second}}).status, 400u) << bad.first;
}

TEST_F(AdminApiTest, HooksAreAnsweredAndABadReloadIsSaid) {
  EXPECT_EQ(call("GET", "/api/v1/plugins").body, R"([{"id":"provider.demo"}])");
  EXPECT_THAT(call("GET", "/api/v1/prices").body, HasSubstr("0.15"));
  EXPECT_EQ(call("POST", "/api/v1/reload").status, 200u);
  reload_works = false;
  const auto refused = call("POST", "/api/v1/reload");
  EXPECT_EQ(refused.status, 422u);
  EXPECT_THAT(refused.body, HasSubstr("config/x.yaml:3"));
  EXPECT_EQ(call("GET", "/readyz").status, 200u);
  is_ready = false;
  EXPECT_EQ(call("GET", "/readyz").status, 503u);
  EXPECT_THAT(call("GET", "/readyz").body, HasSubstr("draining"));
}

TEST_F(AdminApiTest, MetricsHaveTheProcessTheEnginesAndTheDataPlane) {
  const auto answer = call("GET", "/metrics");
  for (const char* name :
       {"process_resident_memory_bytes", "onechat_ledger_up 1", "onechat_store_up 1", "onechat_requests_total 7",
        "onechat_ledger_open_holds 0", "onechat_traces_shed_total{what=\"traces\"} 0"})
    EXPECT_THAT(answer.body, HasSubstr(name));
}

TEST(AdminOpenApi, DescribesExactlyTheRoutesThereAre) {
  Arena arena;
  const oc_json* doc = json::parse(arena, admin_openapi_json());
  ASSERT_NE(doc, nullptr);
  std::set<std::string> described, routed;
  for (const oc_json* path = json::get(doc, "paths")->first; path; path = path->next)
    for (const oc_json* op = path->first; op; op = op->next) {
      std::string method(op->key);
      for (char& c : method) c = static_cast<char>(std::toupper(c));
      const oc_json* security = json::get(op, "security");
      described.insert(method + " " + std::string(path->key) + (security && security->size == 0 ? " open" : ""));
    }
  for (const auto& route : AdminApi::routes())
    routed.insert(std::string(route.method) + " " + std::string(route.path) + (route.open ? " open" : ""));
  EXPECT_EQ(described, routed);
}

TEST(AdminOpenApi, EveryReferenceResolves) {
  Arena arena;
  const oc_json* doc = json::parse(arena, admin_openapi_json());
  const oc_json* schemas = json::get(json::get(doc, "components"), "schemas");
  unsigned n = 0;
  const std::string_view text = admin_openapi_json(), prefix = "#/components/schemas/";
  for (auto at = text.find(prefix); at != text.npos; at = text.find(prefix, at + 1), ++n) {
    const auto name = text.substr(at + prefix.size(), text.find('"', at) - at - prefix.size());
    EXPECT_NE(json::get(schemas, name), nullptr) << name;
  }
  EXPECT_GT(n, 20u);
}

}  // namespace
}  // namespace onechat::control
