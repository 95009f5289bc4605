// The template provider, as built out of the tree from the installed SDK, does what its README says of Acme's API.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/fake_host.hpp"

namespace onechat::test {
namespace {

const oc_component* component() {
  void* library = dlopen(ONECHAT_TEMPLATE_LIBRARY, RTLD_NOW | RTLD_LOCAL);  // stays mapped, as in the gateway
  if (library == nullptr) return nullptr;
  const auto entry = reinterpret_cast<oc_entry_fn>(dlsym(library, OC_ENTRY_SYMBOL));
  oc_loader loader = oc::sized<oc_loader>();
  loader.abi_version = loader.abi_min = OC_ABI_VERSION;
  const oc_module* module = nullptr;
  if (entry == nullptr || entry(&loader, &module) != OC_OK || module->n_components != 1) return nullptr;
  return module->components[0];
}

// A request of turns, with everything it points to.
struct Request {
  std::vector<oc_part> parts;
  std::vector<const oc_part*> part_list;
  std::vector<oc_turn> turns;
  std::vector<const oc_turn*> turn_list;
  oc_tool tool = oc::sized<oc_tool>();
  const oc_tool* tool_list[1] = {&tool};
  oc_request request = oc::sized<oc_request>();

  Request() {
    parts.reserve(8), part_list.reserve(8), turns.reserve(8), turn_list.reserve(8);
    request.op = OC_OP_GENERATE;
    request.n = 1;
    request.model = oc::str("acme-large");
  }
  oc_part& add(std::uint32_t role, std::uint32_t part_type) {
    parts.push_back(oc::sized<oc_part>());
    parts.back().type = part_type;
    part_list.push_back(&parts.back());
    turns.push_back(oc::sized<oc_turn>());
    turns.back().role = role;
    turns.back().parts = &part_list.back();
    turns.back().n_parts = 1;
    turn_list.push_back(&turns.back());
    request.turns = turn_list.data();
    request.n_turns = turn_list.size();
    return parts.back();
  }
  Request& text(std::uint32_t role, std::string_view words) {
    add(role, OC_PART_TEXT).text = oc::str(words);
    return *this;
  }
};

class Template : public ::testing::Test {
 protected:
  void SetUp() override {
    if (component() == nullptr) GTEST_SKIP() << "the template was not built out of the tree";
    codec_.emplace(host_, *component(), R"({"api_key": "k-1", "tier": "fast"})");
    state_.emplace((*codec_)->call_state_size);
  }
  oc_status build(const oc_request& request) {
    http_ = oc::sized<oc_http_request>();
    writer_.bind(&body_);
    http_.body_json = &writer_;
    return (*codec_)->build(codec_->self(), call_.handle(), *state_, &call_.arena, &request, 0, &http_);
  }
  oc_status frame(std::string_view data) {
    oc_frame f = oc::sized<oc_frame>();
    f.data = oc::bytes(data);
    return (*codec_)->frame(codec_->self(), call_.handle(), *state_, &call_.arena, &f, nullptr);
  }
  oc_status finish(oc_status transport) {
    return (*codec_)->finish(codec_->self(), call_.handle(), *state_, &call_.arena, transport);
  }
  std::string header(std::string_view name) const {
    for (std::uint64_t i = 0; i < http_.n_headers; ++i)
      if (oc::view(http_.headers[i].name) == name) return std::string(oc::view(http_.headers[i].value));
    return {};
  }

  FakeHost host_;
  FakeCall call_;
  std::string body_;
  oc_jsonw writer_;
  oc_http_request http_{};
  std::optional<Instance<oc_provider_codec>> codec_;
  std::optional<CallState> state_;
};

TEST_F(Template, SaysWhatItIs) {
  EXPECT_STREQ(component()->id, "com.acme.provider");
  EXPECT_EQ(component()->kind, OC_KIND_PROVIDER);
  Arena arena;
  EXPECT_NE(json::parse(arena, component()->config_schema_json), nullptr);
}

TEST_F(Template, BuildsTheRequestOfTheReadme) {
  Request r;
  r.text(OC_ROLE_SYSTEM, "be brief").text(OC_ROLE_USER, "weather?");
  oc_part& call = r.add(OC_ROLE_ASSISTANT, OC_PART_TOOL_CALL);
  call.tool_id = oc::str("c1"), call.tool_name = oc::str("weather");
  call.tool_args_json = oc::str(R"({"city":"Rome"})");
  oc_part& result = r.add(OC_ROLE_TOOL, OC_PART_TOOL_RESULT);
  result.tool_id = oc::str("c1"), result.text = oc::str("sunny");
  r.add(OC_ROLE_ASSISTANT, OC_PART_REASONING).text = oc::str("of another provider");
  r.tool.name = oc::str("weather"), r.tool.schema_json = oc::str(R"({"type":"object"})");
  r.request.tools = r.tool_list, r.request.n_tools = 1;
  r.request.set_mask = OC_SET_TEMPERATURE | OC_SET_MAX_TOKENS;
  r.request.temperature = 0.5, r.request.max_output_tokens = 100;
  ASSERT_EQ(build(r.request), OC_OK);
  EXPECT_EQ(oc::view(http_.method), "POST");
  EXPECT_EQ(oc::view(http_.path), "/v2/generate");
  EXPECT_EQ(http_.framing, OC_FRAME_SSE);
  EXPECT_EQ(header("x-acme-key"), "k-1");
  EXPECT_TRUE(same_json(body_, R"({"engine":"acme-large","tier":"fast","heat":0.5,"cap":100,"script":[
      {"who":"director","lines":["be brief"]},{"who":"human","lines":["weather?"]},
      {"who":"bot","lines":[{"id":"c1","fn":"weather","arg":"{\"city\":\"Rome\"}"}]},
      {"who":"human","lines":[{"id":"c1","gave":"sunny"}]},{"who":"bot","lines":[]}],
      "fns":[{"name":"weather","shape":{"type":"object"}}]})"))
      << body_;
}

TEST_F(Template, LeavesOutWhatTheClientDidNotSet) {
  Request r;
  r.text(OC_ROLE_USER, "hi");
  ASSERT_EQ(build(r.request), OC_OK);
  EXPECT_TRUE(same_json(
      body_, R"({"engine":"acme-large","tier":"fast","script":[{"who":"human","lines":["hi"]}],"fns":[]})"))
      << body_;
}

TEST_F(Template, RefusesWhatAcmeCannotDo) {
  Request image;
  image.add(OC_ROLE_USER, OC_PART_IMAGE);
  EXPECT_EQ(build(image.request), OC_E_UNSUPPORTED);
  Request embed;
  embed.request.op = OC_OP_EMBED;
  EXPECT_EQ(build(embed.request), OC_E_UNSUPPORTED);
  Request many;
  many.request.n = 2;
  EXPECT_EQ(build(many.request), OC_E_UNSUPPORTED);
  EXPECT_EQ(call_.failure->param, "n");
}

TEST_F(Template, TurnsFramesIntoEvents) {
  ASSERT_EQ(build(Request().text(OC_ROLE_USER, "hi").request), OC_OK);
  for (const char* data : {R"({"kind":"hello","id":"g1","engine":"acme-large"})", R"({"kind":"think","p":0,"t":"hm"})",
                           R"({"kind":"tok","p":1,"t":"Hel"})", R"({"kind":"tok","p":1,"t":"lo"})",
                           R"({"kind":"fn","p":2,"id":"c1","name":"f"})", R"({"kind":"arg","p":2,"t":"{}"})",
                           R"({"kind":"stat","in":10,"hit":2,"out":3,"think":1})", R"({"kind":"from-tomorrow"})",
                           R"({"kind":"end","why":"fn"})"})
    EXPECT_EQ(frame(data), OC_OK) << data;
  EXPECT_EQ(finish(OC_OK), OC_OK);
  const std::vector<Event> got = merged(call_.events);
  ASSERT_EQ(got.size(), 7u);
  EXPECT_EQ(got[0].id, "g1");
  EXPECT_EQ(call_.text(OC_EV_REASONING), "hm");
  EXPECT_EQ(call_.text(), "Hello");
  EXPECT_EQ(call_.last(OC_EV_TEXT)->index, 1u);
  EXPECT_EQ(call_.last(OC_EV_TOOL_BEGIN)->tool_name, "f");
  EXPECT_EQ(call_.text(OC_EV_TOOL_ARGS), "{}");
  EXPECT_EQ(call_.last(OC_EV_FINISH)->finish, OC_FIN_TOOL);
  const oc_usage used = call_.last(OC_EV_USAGE)->usage;
  EXPECT_EQ(used.flags, OC_USAGE_CUMULATIVE);
  EXPECT_EQ((std::vector<std::uint64_t>{used.input, used.cache_read, used.output, used.reasoning}),
            (std::vector<std::uint64_t>{10, 2, 3, 1}));
}

TEST_F(Template, AnUpstreamThatLiesAboutUsageIsNotBelieved) {
  ASSERT_EQ(build(Request().text(OC_ROLE_USER, "hi").request), OC_OK);
  ASSERT_EQ(frame(R"({"kind":"stat","in":-5,"out":"many"})"), OC_OK);
  EXPECT_EQ(call_.last(OC_EV_USAGE)->usage.input, 0u);
  EXPECT_EQ(call_.last(OC_EV_USAGE)->usage.output, 0u);
}

TEST_F(Template, AnAnswerWithoutAnEndIsBroken) {
  ASSERT_EQ(build(Request().text(OC_ROLE_USER, "hi").request), OC_OK);
  ASSERT_EQ(frame(R"({"kind":"tok","p":0,"t":"Hel"})"), OC_OK);
  EXPECT_EQ(finish(OC_OK), OC_E_UPSTREAM);
}

TEST_F(Template, WhyTheTransportEndedGoesFirst) {
  ASSERT_EQ(build(Request().text(OC_ROLE_USER, "hi").request), OC_OK);
  EXPECT_EQ(finish(OC_E_CANCELLED), OC_E_CANCELLED);
}

TEST_F(Template, AnErrorInsideTheStreamIsAnEvent) {
  ASSERT_EQ(build(Request().text(OC_ROLE_USER, "hi").request), OC_OK);
  ASSERT_EQ(frame(R"({"kind":"err","code":429,"msg":"slow down","wait_ms":250})"), OC_OK);
  const Event* e = call_.last(OC_EV_ERROR);
  ASSERT_NE(e, nullptr);
  EXPECT_EQ(e->status, OC_E_RATE);
  EXPECT_EQ(e->text, "slow down");
  EXPECT_EQ(e->retry_after_ms, 250u);
  EXPECT_EQ(finish(OC_OK), OC_OK) << "told already";
}

TEST_F(Template, AFrameThatIsNotJsonFails) {
  ASSERT_EQ(build(Request().text(OC_ROLE_USER, "hi").request), OC_OK);
  EXPECT_EQ(frame("<html>"), OC_E_PARSE);
}

TEST_F(Template, ReadsARefusal) {
  ASSERT_EQ(build(Request().text(OC_ROLE_USER, "hi").request), OC_OK);
  oc_event e = oc::sized<oc_event>();
  const auto refused = [&](std::uint32_t status, std::string_view body) {
    e = oc::sized<oc_event>();
    return (*codec_)->map_error(codec_->self(), call_.handle(), *state_, &call_.arena, status, nullptr, 0,
                                oc::bytes(body), &e);
  };
  ASSERT_EQ(refused(429, R"({"msg":"slow down","wait_ms":1500})"), OC_OK);
  EXPECT_EQ(e.type, OC_EV_ERROR);
  EXPECT_EQ(e.status, OC_E_RATE);
  EXPECT_EQ(e.retry_after_ms, 1500u);
  EXPECT_EQ(oc::view(e.text), "slow down");
  ASSERT_EQ(refused(502, "<html>bad gateway</html>"), OC_OK);
  EXPECT_EQ(e.status, OC_E_UPSTREAM);
  EXPECT_EQ(e.http_status, 502u);
}

}  // namespace
}  // namespace onechat::test
