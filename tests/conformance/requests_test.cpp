// Every recorded request through its surface, and from there to the upstreams of all four dialects.
#include <gtest/gtest.h>

#include <algorithm>

#include "asking.hpp"
#include "codec.hpp"
#include "corpus.hpp"
#include "exceptions.hpp"
#include "sample.hpp"
#include "specs.hpp"

namespace onechat::conformance {
namespace {

struct Requests : ::testing::Test {
  void SetUp() override {
    if (corpus().empty()) GTEST_SKIP() << "no recordings here (ONECHAT_CORPUS)";
  }
};

std::vector<const Recording*> requests() {
  std::vector<const Recording*> out;
  for (const Recording& r : corpus())
    if (r.generates() && !r.request.empty() && !r.endpoint.starts_with("vertex.") &&
        dialect_named(r.dialect) != nullptr && in_sample(r) && !is_excused(r, "request"))
      out.push_back(&r);
  return out;
}

Asked asked_of(const Recording& r) {
  Asked a;
  a.streamed = r.streamed;
  a.model = r.model.empty() ? "model-1" : r.model;
  return a;
}

std::string name_of(const Recording& r, std::string_view to = "") {
  return r.dialect + "/" + r.id + (to.empty() ? "" : " to " + std::string(to));
}

void expect_none(const std::string& where, const Problems& problems) {
  if (!problems.empty()) ADD_FAILURE() << where << joined(problems);
}

TEST_F(Requests, AreTakenByTheirSurface) {
  int n = 0;
  for (const Recording* r : requests()) {
    const Client client(*dialect_named(r->dialect), r->request, asked_of(*r));
    EXPECT_TRUE(client.parsed()) << name_of(*r) << ": " << client.refusal();
    ++n;
  }
  RecordProperty("requests", n);
}

// A provider that cannot take a request says so as the client's fault, with words.
bool refused_properly(const Upstream& up) {
  return up.call.failure && !up.call.failure->message.empty() &&
         (up.call.failure->status == OC_E_UNSUPPORTED || up.call.failure->status == OC_E_INVALID);
}

void translate_and_check(const Recording& r, const Client& client, const Dialect& to) {
  const std::string where = name_of(r, to.name);
  oc_request request = *client.request;
  request.model = oc::str("target-model");
  Upstream up(to);
  const std::string body = up.build(request);
  if (up.built < 0) {
    EXPECT_TRUE(refused_properly(up)) << where << ": status " << up.built << " " << up.refusal();
    return;
  }
  const Document sent(body), came(r.request);
  ASSERT_TRUE(sent.root.is(OC_JSON_OBJECT)) << where << ": " << shortened(body, 300);
  const bool own = to.name == r.dialect;
  if (!is_excused(r, to.name)) {
    if (Specs::get() != nullptr && !own)
      expect_none(where, Specs::get()->check(to.name, Shape::kRequest, sent.root, Author::kOurs));
    expect_none(where, compare_asking(read_request(r.dialect, came.root), read_request(to.name, sent.root), to.name,
                                      up.call.dropped));
    if (check_pairing(r.dialect, came.root).empty() && !own) expect_none(where, check_pairing(to.name, sent.root));
  }
  const bool in_path = to.name == "gemini";
  if (in_path)
    EXPECT_NE(oc::view(up.http.path).find("target-model"), std::string_view::npos) << where;
  else
    EXPECT_EQ(sent.root["model"].str(), "target-model") << where;
  EXPECT_EQ(up.http.framing == OC_FRAME_BODY, (request.flags & OC_REQ_STREAM) == 0) << where;
}

TEST_F(Requests, AskTheSameOfEveryUpstream) {
  for (const Recording* r : requests()) {
    const Client client(*dialect_named(r->dialect), r->request, asked_of(*r));
    if (!client.parsed()) continue;
    for (const Dialect& to : dialects()) translate_and_check(*r, client, to);
  }
}

std::string without(View root, std::initializer_list<std::string_view> names) {
  std::string out;
  oc_jsonw w(&out);
  w.object();
  for (View m : root)
    if (std::find(names.begin(), names.end(), m.key()) == names.end()) w.key(m.key()).raw(m.raw());
  w.close();
  return out;
}

TEST_F(Requests, StraightOnesDifferInTheModelOnly) {
  // What metering and kept answers need besides the model; it is taken out of the answer again.
  const std::initializer_list<std::string_view> added = {"model", "stream_options", "include"};
  std::size_t straight = 0;
  for (const Recording* r : requests()) {
    const Dialect& d = *dialect_named(r->dialect);
    const Client client(d, r->request, asked_of(*r));
    if (!client.parsed()) continue;
    oc_request request = *client.request;
    request.model = oc::str("target-model");
    Upstream up(d);
    const std::string body = up.build(request, true);
    ASSERT_GE(up.built, 0) << name_of(*r) << up.refusal();
    if (up.http.straight == 0) continue;  // a provider may rather build anew
    ++straight;
    const Document sent(body), came(r->request);
    EXPECT_TRUE(test::same_json(without(sent.root, added), without(came.root, added))) << name_of(*r);
  }
  EXPECT_GT(straight * 100, requests().size() * 95);
}

// In its own dialect nothing that a request says may be lost on the way through turns: what is built anew and read
// again gives the same request.
TEST_F(Requests, BuiltAnewInTheirOwnDialectStayAsTheyAre) {
  int n = 0;
  for (const Recording* r : requests()) {
    const Dialect& d = *dialect_named(r->dialect);
    const Client client(d, r->request, asked_of(*r));
    if (!client.parsed() || is_excused(*r, "anew")) continue;
    Upstream up(d);
    const std::string body = up.build(*client.request);
    if (up.built < 0) continue;
    const Client again(d, body, asked_of(*r));
    ASSERT_TRUE(again.parsed()) << name_of(*r) << ": " << again.refusal();
    Upstream up_again(d);
    EXPECT_TRUE(test::same_json(up_again.build(*again.request), body)) << name_of(*r);
    ++n;
  }
  RecordProperty("requests", n);
}

// With "strict" a request is carried whole or refused; what was dropped before is now the reason.
TEST_F(Requests, StrictOnesAreRefusedWhereSomethingWouldBeLost) {
  for (const Recording* r : requests()) {
    if (std::hash<std::string>{}(r->id) % 3 != 0) continue;
    const Client client(*dialect_named(r->dialect), r->request, asked_of(*r));
    if (!client.parsed()) continue;
    for (const Dialect& to : dialects()) {
      Upstream lenient(to), strict(to);
      lenient.build(*client.request);
      if (lenient.built < 0) continue;
      strict.call.strict = true;
      strict.build(*client.request);
      EXPECT_EQ(strict.built < 0, !lenient.call.dropped.empty())
          << name_of(*r, to.name) << " dropped " << lenient.call.dropped.size();
    }
  }
}

}  // namespace
}  // namespace onechat::conformance
