#include "admission/key_record.hpp"

#include <gtest/gtest.h>

namespace onechat::admission {
namespace {

ProjectRecord project_of(std::string name, std::uint64_t id) {
  return {.name = std::move(name), .id = id, .created_unix_ms = 5, .limits = {.requests_per_minute = 10}};
}

KeyRecord key_of(std::string id, std::string project) {
  KeyRecord k;
  k.hash = sha256(id);
  k.id = std::move(id);
  k.number = 7;
  k.project = std::move(project);
  return k;
}

TEST(KeyRecord, EveryMemberSurvivesTheStore) {
  KeyRecord k = key_of("key_1", "übung \"x\"");
  k.number = UINT64_MAX;
  k.name = "ci";
  k.created_unix_ms = 1;
  k.expires_unix_ms = 2;
  k.revoked_unix_ms = 3;
  k.limits = {.requests_per_minute = 4, .tokens_per_minute = 5'000'000'000, .concurrency = 6};
  k.limit_nano = 0;
  k.hint = "WXYZ";
  const auto back = key_from_json(to_json(k));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(to_json(*back), to_json(k));
  EXPECT_EQ(back->hash, k.hash);
  EXPECT_EQ(back->number, UINT64_MAX);
  EXPECT_EQ(back->limits.tokens_per_minute, 5'000'000'000u);
  EXPECT_EQ(back->limit_nano, 0);
}

TEST(KeyRecord, NoSpendLimitIsNotALimitOfZero) {
  const auto back = key_from_json(to_json(key_of("k", "p")));
  ASSERT_TRUE(back);
  EXPECT_FALSE(back->limit_nano.has_value());
}

TEST(ProjectRecord, EveryMemberSurvivesTheStore) {
  const auto back = project_from_json(to_json(project_of("p", 42)));
  ASSERT_TRUE(back);
  EXPECT_EQ(to_json(*back), R"({"name":"p","id":42,"created_unix_ms":5,)"
                            R"("limits":{"requests_per_minute":10,"tokens_per_minute":0,"concurrency":0}})");
}

TEST(ProjectRecord, AProjectOfAnOrganizationDrawsFromItsWallet) {
  ProjectRecord p = project_of("p", 42);
  EXPECT_EQ(p.account(), 42u);
  p.org = "acme";
  p.org_id = 41;
  const auto back = project_from_json(to_json(p));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->org, "acme");
  EXPECT_EQ(back->account(), 41u);
  KeyTable table;
  publish(table, {project_of("p", 42)}, {key_of("k", "p")});
  EXPECT_EQ(table.find(sha256("k"))->project->account, 42u);
  publish(table, {p}, {key_of("k", "p")});
  EXPECT_EQ(table.find(sha256("k"))->project->account, 41u);
  EXPECT_EQ(table.find(sha256("k"))->project->id, 42u);
}

TEST(OrgRecord, EveryMemberSurvivesTheStore) {
  const auto back = org_from_json(to_json(OrgRecord{"acme", 7, 5}));
  ASSERT_TRUE(back);
  EXPECT_EQ(to_json(*back), R"({"name":"acme","id":7,"created_unix_ms":5})");
  EXPECT_EQ(org_from_json(R"({"name":"acme"})").error().param, "id");
}

TEST(ProjectRecord, UnknownMembersAreIgnored) {
  const auto back = project_from_json(R"({"name":"p","id":1,"colour":"red"})");
  ASSERT_TRUE(back);
  EXPECT_EQ(back->limits.concurrency, 0u);
}

TEST(KeyRecord, AMalformedDocumentNamesItsMember) {
  const std::string hash(64, 'a');
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "an object is expected"},
      {"[]", "an object is expected"},
      {R"({"number":1,"hash":")" + hash + R"(","project":"p"})", "id"},
      {R"({"id":"k","number":-1,"hash":")" + hash + R"(","project":"p"})", "number"},
      {R"({"id":"k","number":1,"hash":"abc","project":"p"})", "hash"},
      {R"({"id":"k","number":1,"hash":")" + std::string(64, 'g') + R"(","project":"p"})", "hash"},
      {R"({"id":"k","number":1,"hash":")" + hash + R"(","project":"p","limits":{"concurrency":4294967296}})",
       "limits: concurrency"},
      {R"({"id":"k","number":1,"hash":")" + hash + R"(","project":"p","limit_nano":1.5})", "limit_nano"}};
  for (const auto& [text, member] : cases) {
    const auto got = key_from_json(text);
    ASSERT_FALSE(got) << text;
    EXPECT_EQ(got.error().status, OC_E_PARSE);
    EXPECT_EQ(got.error().param, member) << text;
  }
}

TEST(Publish, KeysFindTheirProjectAndOrphansStayOut) {
  KeyTable table;
  publish(table, {project_of("p", 1)}, {key_of("a", "p"), key_of("b", "p"), key_of("c", "gone")});
  EXPECT_EQ(table.size(), 2u);
  const auto a = table.find(sha256("a")), b = table.find(sha256("b"));
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(a->project, b->project);
  EXPECT_EQ(a->project->limits.requests_per_minute, 10u);
}

TEST(Publish, WhoDidNotChangeKeepsItsPrincipal) {
  KeyTable table;
  publish(table, {project_of("p", 1)}, {key_of("a", "p")});
  const auto before = table.find(sha256("a"));
  publish(table, {project_of("p", 1), project_of("q", 2)}, {key_of("a", "p"), key_of("b", "q")});
  EXPECT_EQ(table.find(sha256("a")), before);
}

TEST(Publish, AChangedLimitCountsAtOnceAndTheCountersGoOn) {
  KeyTable table;
  ProjectRecord project = project_of("p", 1);
  publish(table, {project}, {key_of("a", "p")});
  const auto before = table.find(sha256("a"));
  before->meter->in_flight = 3;
  project.limits.concurrency = 9;
  KeyRecord key = key_of("a", "p");
  key.revoked_unix_ms = 77;
  publish(table, {project}, {key});
  const auto after = table.find(sha256("a"));
  EXPECT_TRUE(after->revoked);
  EXPECT_FALSE(before->revoked);
  EXPECT_EQ(after->project->limits.concurrency, 9u);
  EXPECT_EQ(after->meter, before->meter);
  EXPECT_EQ(after->project->meter, before->project->meter);
}

TEST(Publish, AKeyThatIsGoneIsNotFound) {
  KeyTable table;
  publish(table, {project_of("p", 1)}, {key_of("a", "p")});
  publish(table, {project_of("p", 1)}, {});
  EXPECT_EQ(table.find(sha256("a")), nullptr);
}

}  // namespace
}  // namespace onechat::admission
