// A provider under test, asked and fed through its table, and conversations as other dialects' surfaces make them.
#pragma once
#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/state_token.hpp"
#include "provider.hpp"
#include "settings_schema.hpp"
#include "support/fake_host.hpp"

namespace onechat::anthropic_messages {

inline constexpr oc_component kProviderComponent =
    oc::provider<Provider>({"provider.anthropic_messages", "0", "", kSettingsSchema, Provider::kCaps});

// Turns and parts one after the other. What it is given as text must outlive it.
struct Talk {
  oc_turn& turn(std::uint32_t role) {
    lists.emplace_back();
    turns.push_back(oc::sized<oc_turn>());
    turns.back().role = role;
    return turns.back();
  }
  oc_part& add(std::uint32_t type, std::string_view text = {}) {
    parts.push_back(oc::sized<oc_part>());
    parts.back().type = type;
    parts.back().text = oc::str(text);
    lists.back().push_back(&parts.back());
    return parts.back();
  }
  oc_part& say(std::uint32_t role, std::string_view text) {
    turn(role);
    return add(OC_PART_TEXT, text);
  }
  oc_part& call(std::string_view id, std::string_view name, std::string_view args) {
    oc_part& p = add(OC_PART_TOOL_CALL);
    p.tool_id = oc::str(id);
    p.tool_name = oc::str(name);
    p.tool_args_json = oc::str(args);
    return p;
  }
  oc_part& result(std::string_view id, std::string_view text) {
    oc_part& p = add(OC_PART_TOOL_RESULT, text);
    p.tool_id = oc::str(id);
    return p;
  }
  oc_part& think(std::string_view text, std::string_view opaque, std::string_view origin) {
    oc_part& p = add(OC_PART_REASONING, text);
    p.opaque = oc::str(opaque);
    p.opaque_origin = oc::str(origin);
    return p;
  }
  oc_tool& tool(std::string_view name, std::string_view schema = R"({"type":"object"})") {
    tools.push_back(oc::sized<oc_tool>());
    tools.back().name = oc::str(name);
    tools.back().schema_json = oc::str(schema);
    return tools.back();
  }
  oc_request request(std::string_view dialect = "openai_chat", std::string_view model = "claude-sonnet-4-5") {
    turn_list.clear();
    tool_list.clear();
    for (std::size_t i = 0; i < turns.size(); ++i) {
      turns[i].parts = lists[i].data();
      turns[i].n_parts = lists[i].size();
      turn_list.push_back(&turns[i]);
    }
    for (const oc_tool& t : tools) tool_list.push_back(&t);
    oc_request r = oc::sized<oc_request>();
    r.op = OC_OP_GENERATE;
    r.n = 1;
    r.dialect = oc::str(dialect);
    r.model = oc::str(model);
    r.turns = turn_list.data();
    r.n_turns = turn_list.size();
    r.tools = tool_list.data();
    r.n_tools = tool_list.size();
    r.max_output_tokens = 1000;
    r.set_mask = OC_SET_MAX_TOKENS;
    return r;
  }
  std::deque<oc_part> parts;
  std::deque<std::vector<const oc_part*>> lists;
  std::deque<oc_turn> turns;
  std::deque<oc_tool> tools;
  std::vector<const oc_turn*> turn_list;
  std::vector<const oc_tool*> tool_list;
};

struct ProviderFixture : ::testing::Test {
  test::FakeHost host;
  std::optional<test::Instance<oc_provider_codec>> provider;
  std::optional<test::CallState> state;
  test::FakeCall call;
  oc_http_request http{};
  std::string body;
  oc_jsonw writer;
  bool built = false;
  oc_status status = OC_OK;

  ~ProviderFixture() override { end(); }
  void end() {
    if (built) finish();
  }
  void create(std::string_view config = R"({"api_key":"sk-secret-key"})") {
    end();
    provider.reset();
    provider.emplace(host, kProviderComponent, config);
    state.emplace((*provider)->call_state_size);
  }
  oc_status build(const oc_request& request, bool straight_ok = false) {
    if (!provider) create();
    end();
    http = oc_http_request{};
    http.struct_size = sizeof http;
    body.clear();
    call.dropped.clear();
    call.failure.reset();
    writer.bind(&body);
    http.body_json = &writer;
    built = true;
    return (*provider)->build(provider->self(), call.handle(), *state, &call.arena, &request, straight_ok ? 1 : 0, &http);
  }
  void frame(std::string_view text, bool straight = false) {
    Arena arena;  // goes with the frame
    const std::string data(text);
    oc_frame f = oc::sized<oc_frame>();
    f.data = oc::bytes(data);
    oc_relay relay = oc::sized<oc_relay>();
    status = (*provider)->frame(provider->self(), call.handle(), *state, &arena, &f, straight ? &relay : nullptr);
    EXPECT_EQ(relay.drop, 0u);
    EXPECT_EQ(relay.n_splices, 0u);
  }
  oc_status finish(oc_status transport = OC_OK) {
    built = false;
    return (*provider)->finish(provider->self(), call.handle(), *state, &call.arena, transport);
  }
  std::string header(std::string_view name) const {
    for (std::uint64_t i = 0; i < http.n_headers; ++i)
      if (oc::view(http.headers[i].name) == name) return std::string(oc::view(http.headers[i].value));
    return {};
  }
  // A member of the body that was written, as JSON; "" when it is not there.
  std::string member(std::string_view name) const {
    Arena arena;
    const oc_json* v = json::get(json::parse(arena, body), name);
    return v != nullptr ? std::string(v->raw) : std::string();
  }
  std::vector<std::uint32_t> types() const {
    std::vector<std::uint32_t> out;
    for (const test::Event& e : test::merged(call.events)) out.push_back(e.type);
    return out;
  }
};

}  // namespace onechat::anthropic_messages
