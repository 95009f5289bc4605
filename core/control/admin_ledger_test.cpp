#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "base/ids.hpp"
#include "control/control_fixture.hpp"
#include "json/json.hpp"

namespace onechat::control {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t kUsd = 1'000'000'000;

class AdminLedgerTest : public testing::Test, protected ControlFixture {
 protected:
  void SetUp() override {
    open();
    ASSERT_TRUE(plane->boot().has_value());  // project default with 5.00
    ASSERT_EQ(post("/api/v1/projects", R"({"name":"web","org":"acme"})").status, 201u);
  }
  AdminResponse post(const std::string& path, const std::string& body) { return call("POST", path, body); }
  AdminResponse get(const std::string& path, std::map<std::string, std::string> query = {}) {
    AdminResponse answer = call("GET", path, "", std::move(query));
    if (answer.stream) {
      std::ostringstream out;
      answer.stream(out);
      answer.body = out.str();
    }
    return answer;
  }
  std::string member(const std::string& text, std::string_view name) {
    Arena arena;
    const oc_json* root = json::parse(arena, text);
    const oc_json* v = root ? json::get(root, name) : nullptr;
    return v ? std::string(v->type == OC_JSON_STRING ? v->text : v->raw) : "(absent)";
  }
  std::string available(const std::string& project) {
    return member(get("/api/v1/balance", {{"project", project}}).body, "available");
  }
  oc_ledger_result reserve(oc_id128 id, const std::string& project, std::int64_t amount) {
    oc_ledger_op op{};
    op.id = id;
    op.kind = OC_LOP_RESERVE;
    op.account = plane->wallet(project, "")->account;
    op.project_id = plane->wallet(project, "")->project_id;
    op.key_id = plane->directory().keys("default").front().number;
    op.amount = amount;
    op.ttl_ms = 60'000;
    return ledger.apply_blocking(op);
  }
  oc_ledger_result settle(oc_id128 id, std::int64_t cost, std::int64_t fee) {
    oc_ledger_op op{};
    op.id = {id.hi, id.lo + 1};
    op.ref = id;
    op.kind = OC_LOP_SETTLE;
    op.amount = cost;
    op.fee = fee;
    return ledger.apply_blocking(op);
  }
  void add_trace(oc_id128 id, std::int64_t cost, std::int64_t fee) {
    auto t = std::make_unique<record::TraceRecord>();
    t->head.struct_size = sizeof(oc_trace);
    t->head.id = id;
    t->head.cost_nano = cost;
    t->head.fee_nano = fee;
    t->head.usage.input = 7;
    t->project = "default";
    t->meta_json = R"({"attempts":[{"provider":"p","model":"m","rating":{"price":{"input":"0.0375"},"usage":{"input":1000},)"
                   R"("markup_bps":1000,"numerator":"37500000000","denominator":1000000,"cost_nano":37500,"fee_nano":3750}}]})";
    t->seal();
    store.put_trace(std::move(t));
  }
};

TEST_F(AdminLedgerTest, EveryPostingHappensOncePerIdAndAnotherBodyIsAConflict) {
  ASSERT_EQ(post("/api/v1/deposits", R"({"org":"acme","usd":"50","id":"d"})").status, 201u);
  const struct {
    const char *path, *body, *other, *left;
  } cases[] = {
      {"/api/v1/deposits", R"({"project":"web","usd":"10","id":"e","provider":"stripe"})",
       R"({"project":"default","usd":"10","id":"e","provider":"stripe"})", "60.00"},
      {"/api/v1/withdrawals", R"({"org":"acme","usd":"20","id":"w"})", R"({"org":"acme","usd":"21","id":"w"})", "40.00"},
      {"/api/v1/grants", R"({"org":"acme","usd":"2.5","id":"g","priority":"7","expires":"2099-01-01"})",
       R"({"org":"acme","usd":"2.5","id":"g","priority":8,"expires":"2099-01-01"})", "42.50"},
      {"/api/v1/transfers", R"({"from_org":"acme","to_project":"default","usd":"40","id":"t"})",
       R"({"from_org":"acme","to_project":"default","usd":"39","id":"t"})", "2.50"},
  };
  for (const auto& c : cases) {
    const auto first = post(c.path, c.body), again = post(c.path, c.body), other = post(c.path, c.other);
    EXPECT_EQ(first.status, 201u) << c.path << first.body;
    EXPECT_EQ(member(first.body, "duplicate"), "false");
    EXPECT_EQ(again.status, 200u) << c.path;
    EXPECT_EQ(member(again.body, "duplicate"), "true");
    EXPECT_EQ(other.status, 409u) << c.path << other.body;
    EXPECT_EQ(member(first.body, "available"), c.left) << c.path;
    EXPECT_EQ(available("web"), c.left) << c.path;
  }
  EXPECT_EQ(available("default"), "45.00");
}

TEST_F(AdminLedgerTest, MoreThanThereIsIsNotTakenOutButAChargebackMakesDebt) {
  EXPECT_EQ(post("/api/v1/withdrawals", R"({"project":"default","usd":"6","id":"w"})").status, 402u);
  EXPECT_EQ(available("default"), "5.00");
  const auto back = post("/api/v1/withdrawals", R"({"project":"default","usd":"6","id":"c","chargeback":true})");
  EXPECT_EQ(back.status, 201u) << back.body;
  EXPECT_EQ(member(back.body, "debt"), "1.00");
  EXPECT_EQ(available("default"), "-1.00");
  EXPECT_EQ(member(get("/api/v1/balance", {{"project", "default"}}).body, "debt"), "1.00");
}

TEST_F(AdminLedgerTest, TermsChangeWhatTheySayAndNothingElse) {
  const auto terms = [&](const char* body) { return call("PUT", "/api/v1/terms", body); };
  EXPECT_EQ(terms(R"({"project":"default","overdraft_usd":"2","debt_limit_usd":"3"})").status, 200u);
  const auto frozen = terms(R"({"project":"default","frozen":true})");
  EXPECT_EQ(member(frozen.body, "overdraft"), "2.00");
  EXPECT_EQ(member(frozen.body, "debt_limit"), "3.00");
  EXPECT_EQ(member(frozen.body, "frozen"), "true");
  EXPECT_EQ(member(frozen.body, "available"), "7.00");
  EXPECT_EQ(reserve({1, 1}, "default", 1).status, OC_E_FUNDS);
  EXPECT_EQ(terms(R"({"project":"default","frozen":false})").status, 200u);
  EXPECT_EQ(reserve({2, 1}, "default", 7 * kUsd).status, OC_OK);
  EXPECT_EQ(terms(R"({"project":"default","overdraft_usd":"-1"})").status, 400u);
  EXPECT_EQ(terms(R"({"project":"default","frozen":"yes"})").status, 400u);
}

TEST_F(AdminLedgerTest, ARefundGivesBackThePartTheRestAndNeverMore) {
  const oc_id128 id{7, 8};
  reserve(id, "default", 2 * kUsd);
  settle(id, kUsd, kUsd / 10);
  const std::string request = "req_" + to_hex(id);
  const auto refund = [&](const std::string& more) {
    return post("/api/v1/refunds", "{\"request\":\"" + request + "\"" + more + "}");
  };
  EXPECT_EQ(available("default"), "3.90");
  const auto part = refund(R"(,"usd":"0.1","id":"first")");
  EXPECT_EQ(part.status, 201u) << part.body;
  EXPECT_EQ(member(part.body, "project"), "default");
  EXPECT_EQ(refund(R"(,"usd":"0.1","id":"first")").status, 200u);
  EXPECT_EQ(refund(R"(,"usd":"1.2","id":"second")").status, 400u);
  EXPECT_EQ(available("default"), "4.00");
  const auto rest = refund("");
  EXPECT_EQ(rest.status, 201u) << rest.body;
  EXPECT_EQ(member(rest.body, "amount"), "1.00");
  EXPECT_EQ(refund("").status, 200u) << "the same again";
  EXPECT_EQ(refund(R"(,"id":"third")").status, 409u);
  EXPECT_EQ(available("default"), "5.00");
  EXPECT_EQ(post("/api/v1/refunds", R"({"request":"nonsense"})").status, 400u);
  EXPECT_EQ(post("/api/v1/refunds", R"({"request":"00000000000000090000000000000009"})").status, 404u);
}

TEST_F(AdminLedgerTest, ExplainFollowsARequestFromItsHoldToItsLegs) {
  const oc_id128 id{7, 8};
  const std::string path = "/api/v1/ledger/explain/" + to_hex(id);
  EXPECT_EQ(get(path).status, 404u);
  reserve(id, "default", 2 * kUsd);
  const auto live = get(path);
  EXPECT_EQ(live.status, 200u) << live.body;
  EXPECT_EQ(member(live.body, "state"), "open");
  EXPECT_THAT(live.body, HasSubstr(R"("amount":"2.00")"));
  EXPECT_THAT(live.body, HasSubstr(plane->directory().keys("default").front().id));

  settle(id, 38, 4);
  add_trace(id, 38, 4);
  const auto done = get(path);
  EXPECT_EQ(member(done.body, "state"), "settled");
  EXPECT_THAT(done.body, HasSubstr(R"({"account":"wallet","owner":"default","debit":"0.000000042","credit":"0.00"})"));
  EXPECT_THAT(done.body, HasSubstr(R"("account":"provider_payable","owner":"","debit":"0.00","credit":"0.000000038")"));
  EXPECT_THAT(done.body, HasSubstr(R"("account":"revenue_markup","owner":"","debit":"0.00","credit":"0.000000004")"));
  EXPECT_THAT(member(done.body, "charge"), HasSubstr(R"("numerator":"37500000000","denominator":1000000)"));
  EXPECT_THAT(member(done.body, "charge"), HasSubstr("recomputed: the same"));
  EXPECT_THAT(member(done.body, "trace"), HasSubstr(R"("input":7)"));
  EXPECT_EQ(get("/api/v1/ledger/explain/req_" + to_hex(id)).body, done.body);
  EXPECT_EQ(get("/api/v1/ledger/explain/nonsense").status, 400u);
}

TEST_F(AdminLedgerTest, TheTrialBalanceIsBalancedNowAndThen) {
  const std::int64_t now = system_clock().unix_ms();
  const auto before = get("/api/v1/ledger/trial-balance", {{"at", "2001-01-01"}});
  EXPECT_EQ(member(before.body, "accounts"), "[]");
  EXPECT_EQ(member(before.body, "balanced"), "true");
  fake_ledger.ahead_ms = -1'000;
  ASSERT_EQ(post("/api/v1/deposits", R"({"org":"acme","usd":"50","id":"d"})").status, 201u);
  const auto after = get("/api/v1/ledger/trial-balance");
  EXPECT_EQ(member(after.body, "debits"), "55.00") << now;
  EXPECT_EQ(member(after.body, "credits"), "55.00");
  EXPECT_THAT(after.body, HasSubstr(R"({"account":"wallet","code":2000,"owner":"acme","debits":"0.00","credits":"50.00")"));
  EXPECT_THAT(after.body, HasSubstr(R"("owner":"default")"));
}

TEST_F(AdminLedgerTest, StatementsComeAsJsonAndAsCsv) {
  const auto json = get("/api/v1/ledger/statement", {{"project", "default"}});
  EXPECT_THAT(json.body, HasSubstr(R"("kind":"deposit")"));
  EXPECT_THAT(json.body, HasSubstr(R"("amount":"5.00","balance":"5.00")"));
  EXPECT_THAT(json.body, Not(HasSubstr("opening")));
  const auto period = get("/api/v1/ledger/statement", {{"project", "default"}, {"from", "2099-01-01"}});
  EXPECT_THAT(period.body, HasSubstr(R"("kind":"opening","amount":"0.00","balance":"5.00")"));
  const auto csv = get("/api/v1/ledger/statement", {{"project", "default"}, {"format", "csv"}});
  EXPECT_EQ(csv.content_type, "text/csv; charset=utf-8");
  EXPECT_THAT(csv.body, testing::StartsWith("time,kind,amount_usd,balance_usd,"));
  EXPECT_THAT(csv.body, HasSubstr(",deposit,5.00,5.00,"));
  EXPECT_EQ(get("/api/v1/ledger/statement", {{"project", "default"}, {"format", "xml"}}).status, 400u);
  EXPECT_EQ(get("/api/v1/ledger/statement", {{"project", "default"}, {"from", "x"}}).status, 400u);
  EXPECT_EQ(get("/api/v1/ledger/statement").status, 400u);
}

TEST_F(AdminLedgerTest, BudgetsAreSetListedAndRemoved) {
  const char* body = R"({"project":"web","period":"day","limit_usd":"2.5","time_zone":"Europe/Berlin"})";
  const auto set = call("PUT", "/api/v1/budgets", body);
  EXPECT_EQ(set.status, 200u) << set.body;
  EXPECT_THAT(set.body, HasSubstr(R"("project":"web","org":"acme","scope":"project","id":"web","period":"day",)"
                                  R"("limit_usd":"2.50","time_zone":"Europe/Berlin","action":"refuse")"));
  EXPECT_THAT(get("/api/v1/budgets", {{"org", "acme"}}).body, HasSubstr(R"("left":"2.50")"));
  const auto gone = call("DELETE", "/api/v1/budgets", "", {{"project", "web"}, {"period", "day"}});
  EXPECT_EQ(gone.status, 200u) << gone.body;
  EXPECT_EQ(get("/api/v1/budgets", {{"org", "acme"}}).body, "[]");
  EXPECT_EQ(call("DELETE", "/api/v1/budgets", "", {{"project", "web"}, {"period", "day"}}).status, 404u);
  EXPECT_EQ(call("PUT", "/api/v1/budgets", R"({"project":"web","limit_usd":"1"})").status, 400u);
}

TEST_F(AdminLedgerTest, OrganizationsAreListedAndTheirProjectsNameThem) {
  EXPECT_THAT(get("/api/v1/orgs").body, HasSubstr(R"("name":"acme")"));
  EXPECT_THAT(get("/api/v1/projects").body, HasSubstr(R"("org":"acme")"));
  EXPECT_EQ(post("/api/v1/projects", R"({"name":"x","org":"a b"})").status, 400u);
  EXPECT_EQ(get("/api/v1/balance", {{"org", "nope"}}).status, 404u);
  EXPECT_EQ(get("/api/v1/balance", {{"org", "acme"}, {"project", "web"}}).status, 400u);
  open();  // the next start
  ASSERT_TRUE(plane->boot().has_value());
  EXPECT_EQ(plane->wallet("web", "")->account, plane->wallet("", "acme")->account);
}

}  // namespace
}  // namespace onechat::control
