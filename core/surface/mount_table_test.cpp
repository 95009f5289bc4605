#include "surface/mount_table.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace onechat::surface {
namespace {

struct RouteText {
  std::uint32_t op;
  std::string method, path, claim;
};

// A surface that only has routes.
class Routed {
 public:
  Routed(std::string id, std::string prefix, std::vector<RouteText> texts) : texts_(std::move(texts)), prefix_(std::move(prefix)) {
    for (const RouteText& t : texts_) {
      oc_route r{};
      r.struct_size = sizeof r;
      r.op = t.op;
      r.method = str(t.method);
      r.path = str(t.path);
      r.claim_header = str(t.claim);
      routes_.push_back(r);
    }
    for (const oc_route& r : routes_) pointers_.push_back(&r);
    table_.struct_size = sizeof table_;
    table_.prefix = str(prefix_);
    table_.routes = [](void* self, const oc_route* const** out) -> std::uint64_t {
      auto& mine = *static_cast<Routed*>(self);
      *out = mine.pointers_.data();
      return mine.pointers_.size();
    };
    component_.id = std::move(id);
    component_.facts.struct_size = sizeof component_.facts;
    component_.facts.vtbl = &table_;
    component_.facts.create = [](const oc_component* c, const oc_host*, oc_arena*, oc_bytes, void** out, oc_str*) -> oc_status {
      *out = static_cast<const Named*>(c)->owner;
      return OC_OK;
    };
    component_.original = &named_;
    named_.owner = this;
    component_.facts.destroy = [](void*) {};
    auto made = SurfaceInstance::make({nullptr, &component_}, services_, component_.id, "{}");
    if (made) instance_ = std::move(*made);
  }
  const SurfaceInstance* instance() const { return instance_.get(); }

 private:
  struct Named : oc_component {
    Routed* owner = nullptr;
  };

  Named named_{};
  std::vector<RouteText> texts_;
  std::string prefix_;
  std::vector<oc_route> routes_;
  std::vector<const oc_route*> pointers_;
  oc_surface table_{};
  plugin::Component component_;
  plugin::LoopServices services_;
  std::unique_ptr<SurfaceInstance> instance_;
};

TEST(PercentDecode, DecodesAndRefusesWhatIsMalformed) {
  Arena arena;
  EXPECT_EQ(percent_decode(arena, "gpt-4o"), "gpt-4o");
  EXPECT_EQ(percent_decode(arena, "a%2Fb%20c"), "a/b c");
  EXPECT_EQ(percent_decode(arena, "%41"), "A");
  for (const char* bad : {"%", "%4", "a%zz", "%4g"}) EXPECT_EQ(percent_decode(arena, bad), std::nullopt) << bad;
}

// Three APIs that share paths, as the four dialects do.
struct Mounts : ::testing::Test {
  Routed open_ai{"open_ai", "/openai", {{1, "POST", "/v1/chat", ""}, {4, "GET", "/v1/models", ""}, {5, "GET", "/v1/models/{id...}", ""}}};
  Routed responses{"responses", "/openai", {{1, "POST", "/v1/responses", ""}, {6, "GET", "/v1/responses/{id}", ""},
                                            {9, "GET", "/v1/responses/{id}/input_items", ""}}};
  Routed anthropic{"anthropic", "/anthropic", {{1, "POST", "/v1/messages", ""}, {3, "POST", "/v1/messages/count_tokens", ""},
                                               {4, "GET", "/v1/models", "anthropic-version"},
                                               {5, "GET", "/v1/models/{id...}", "anthropic-version"}}};
  Routed gemini{"gemini", "/gemini", {{4, "GET", "/v1/models", "x-goog-api-key"}, {4, "GET", "/v1/models", "?key"},
                                      {4, "GET", "/v1beta/models", ""}, {5, "GET", "/v1beta/models/{m...}", ""},
                                      {1, "POST", "/v1/models/{m...}:generateContent", ""},
                                      {3, "POST", "/v1/models/{m...}:countTokens", ""}}};
  MountTable table = *MountTable::make({open_ai.instance(), responses.instance(), anthropic.instance(), gemini.instance()});

  Match find(std::string_view method, std::string_view path, std::string_view header = {}, std::string_view query = {}) {
    const oc_header one{str(header), str("x")};
    net::HeadView head;
    head.method = method;
    head.path = path;
    head.query = query;
    if (!header.empty()) head.headers = {&one, 1};
    return table.find(head);
  }
  std::string served_by(const Match& m) { return m.surface->id() + "/" + std::to_string(m.op); }
};

TEST_F(Mounts, ASharedPathGoesToWhoeverTheClientsHeadersName) {
  EXPECT_EQ(served_by(find("GET", "/v1/models")), "open_ai/4");
  EXPECT_EQ(served_by(find("GET", "/v1/models", "anthropic-version")), "anthropic/4");
  EXPECT_EQ(served_by(find("GET", "/v1/models/claude", "anthropic-version")), "anthropic/5");
  EXPECT_EQ(served_by(find("GET", "/v1/models", "x-goog-api-key")), "gemini/4");
  EXPECT_EQ(served_by(find("GET", "/v1/models", {}, "pageSize=5&key=abc")), "gemini/4");
  EXPECT_EQ(served_by(find("GET", "/v1/models", {}, "monkey=abc")), "open_ai/4");
}

TEST_F(Mounts, UnderItsPrefixAClaimNeedsNoProof) {
  EXPECT_EQ(served_by(find("GET", "/anthropic/v1/models")), "anthropic/4");
  EXPECT_EQ(served_by(find("GET", "/gemini/v1/models")), "gemini/4");
  EXPECT_EQ(find("GET", "/gemini/v1/models").path, "/v1/models");
}

TEST_F(Mounts, TwoSurfacesMayShareAPrefix) {
  EXPECT_EQ(served_by(find("POST", "/openai/v1/chat")), "open_ai/1");
  EXPECT_EQ(served_by(find("POST", "/openai/v1/responses")), "responses/1");
  EXPECT_EQ(find("POST", "/openai/v1/messages").op, 0u);
}

TEST_F(Mounts, TheVerbFollowsTheLastColonOfAModelThatMayHaveSlashes) {
  const Match plain = find("POST", "/v1/models/a/b:c:generateContent");
  EXPECT_EQ(served_by(plain), "gemini/1");
  EXPECT_EQ(plain.path_arg, "a/b:c");
  EXPECT_EQ(served_by(find("POST", "/v1/models/a:countTokens")), "gemini/3");
  EXPECT_EQ(find("POST", "/v1/models/:countTokens").op, 0u) << "an argument is never empty";
  EXPECT_EQ(find("GET", "/v1/responses/r1/input_items").op, 9u);
  EXPECT_EQ(find("GET", "/v1/responses/r1").path_arg, "r1");
}

TEST_F(Mounts, AnUnknownPathIsAnsweredInTheDialectThatTheCallerSeemsToSpeak) {
  EXPECT_EQ(served_by(find("POST", "/v1/nothing")), "open_ai/0");
  EXPECT_EQ(served_by(find("POST", "/v1/messages/batches", "anthropic-version")), "anthropic/0");
  EXPECT_EQ(served_by(find("POST", "/v1beta/interactions")), "gemini/0");
  EXPECT_EQ(served_by(find("POST", "/anthropic/v1/files")), "anthropic/0");
  EXPECT_EQ(served_by(find("GET", "/nothing")), "open_ai/0");
}

TEST_F(Mounts, AKnownPathWithAnotherMethodIsTold) {
  const Match m = find("DELETE", "/v1/messages");
  EXPECT_TRUE(m.path_known);
  EXPECT_EQ(served_by(m), "anthropic/0");
}

TEST(MountTable, TwoSurfacesThatClaimOneRouteAlikeAreRefused) {
  Routed a("a", "", {{1, "POST", "/v1/x", ""}}), b("b", "", {{1, "POST", "/v1/x", ""}});
  const auto made = MountTable::make({a.instance(), b.instance()});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().status, OC_E_CONFIG);
}

}  // namespace
}  // namespace onechat::surface
