// A provider under test, and conversations for it.
#pragma once
#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "provider.hpp"
#include "settings_schema.hpp"
#include "support/fake_host.hpp"

namespace onechat::openai_chat {

using test::Event;
using test::FakeCall;
using test::same_json;

inline constexpr oc_component kComponent = oc::provider<Provider>({"provider.openai_chat", "0", "", kSettingsSchema, Provider::kCaps});

// Turns and parts as another dialect's surface would make them.
struct Conversation {
  // A turn of its own.
  oc_part& part(std::uint32_t role, std::uint32_t type, std::string_view text = {}) {
    turns.push_back(oc::sized<oc_turn>());
    turns.back().role = role;
    lists.emplace_back();
    return more(type, text);
  }
  // One more part of the last turn.
  oc_part& more(std::uint32_t type, std::string_view text = {}) {
    oc_part& p = loose(type, text);
    lists.back().push_back(&p);
    turns.back().parts = lists.back().data();
    turns.back().n_parts = lists.back().size();
    return p;
  }
  // A part inside a tool's result.
  oc_part& inside(oc_part& result, std::uint32_t type, std::string_view text = {}) {
    oc_part& p = loose(type, text);
    inner[&result].push_back(&p);
    result.parts = inner[&result].data();
    result.n_parts = inner[&result].size();
    return p;
  }
  static oc_part& named(oc_part& p, std::string_view id, std::string_view name = {}, std::string_view arguments = {}) {
    p.tool_id = oc::str(id);
    p.tool_name = oc::str(name);
    p.tool_args_json = oc::str(arguments);
    return p;
  }
  static oc_part& data(oc_part& p, std::string_view media_type, std::string_view base64) {
    p.media_type = oc::str(media_type);
    p.data_base64 = oc::str(base64);
    return p;
  }
  oc_request request() {
    pointers.clear();
    for (const auto& t : turns) pointers.push_back(&t);
    oc_request r = oc::sized<oc_request>();
    r.op = OC_OP_GENERATE;
    r.n = 1;
    r.dialect = oc::str("anthropic_messages");
    r.model = oc::str("m");
    r.turns = pointers.data();
    r.n_turns = pointers.size();
    return r;
  }
  oc_part& loose(std::uint32_t type, std::string_view text) {
    parts.push_back(oc::sized<oc_part>());
    parts.back().type = type;
    parts.back().text = oc::str(text);
    return parts.back();
  }
  std::deque<oc_part> parts;
  std::deque<std::vector<const oc_part*>> lists;
  std::map<const oc_part*, std::vector<const oc_part*>> inner;
  std::deque<oc_turn> turns;
  std::vector<const oc_turn*> pointers;
};

struct ProviderTest : ::testing::Test {
  test::FakeHost host;
  std::optional<test::Instance<oc_provider_codec>> provider;
  std::optional<test::CallState> state;
  FakeCall call;
  oc_http_request http{};
  std::string body, raw;
  oc_jsonw writer;
  std::vector<oc_anchor> anchors;

  ~ProviderTest() override {
    if (built) finish();
  }
  bool built = false;

  void create(std::string_view config = R"({"api_key":"sk-secret-key"})") {
    provider.emplace(host, kComponent, config);
    state.emplace((*provider)->call_state_size);
  }
  oc_status build(const oc_request& request, bool straight_ok = false) {
    if (!provider) create();
    http = oc_http_request{};
    http.struct_size = sizeof http;
    body.clear();
    writer.bind(&body);
    http.body_json = &writer;
    built = true;
    return (*provider)->build(provider->self(), call.handle(), *state, &call.arena, &request, straight_ok ? 1 : 0, &http);
  }
  // A request of our own dialect, anchored at the texts given.
  oc_request own(std::string text, std::initializer_list<std::pair<const char*, const char*>> at, std::uint32_t flags) {
    raw = std::move(text);
    anchors = {{oc::str("object"), 0, raw.size()}};
    for (const auto& [name, value] : at) anchors.push_back({oc::str(name), raw.find(value), std::string_view(value).size()});
    oc_request r = oc::sized<oc_request>();
    r.op = OC_OP_GENERATE;
    r.n = 1;
    r.flags = flags;
    r.dialect = oc::str("openai_chat");
    r.raw = oc::bytes(raw);
    r.model = oc::str("m");
    r.anchors = anchors.data();
    r.n_anchors = anchors.size();
    return r;
  }
  std::string sent() const { return test::apply(raw, http.splices, http.n_splices); }
  void begin_stream() {
    ASSERT_EQ(build(own(R"({"model":"m","stream":true})", {{"model", "\"m\""}, {"stream", "true"}}, OC_REQ_STREAM), true), OC_OK);
  }
  void begin_whole() { ASSERT_EQ(build(own(R"({"model":"m"})", {{"model", "\"m\""}}, 0), true), OC_OK); }

  // What is relayed, or "DROPPED".
  std::string frame(std::string data, bool straight = true) {
    Arena arena;
    oc_frame f = oc::sized<oc_frame>();
    f.data = oc::bytes(data);
    oc_relay relay = oc::sized<oc_relay>();
    status = (*provider)->frame(provider->self(), call.handle(), *state, &arena, &f, straight ? &relay : nullptr);
    return relay.drop != 0 ? "DROPPED" : test::apply(data, relay.splices, relay.n_splices);
  }
  oc_status status = OC_OK;
  oc_status finish(oc_status transport = OC_OK) {
    built = false;
    return (*provider)->finish(provider->self(), call.handle(), *state, &call.arena, transport);
  }
  std::string_view header(std::string_view name) const {
    for (std::uint64_t i = 0; i < http.n_headers; ++i)
      if (oc::view(http.headers[i].name) == name) return oc::view(http.headers[i].value);
    return {};
  }
  oc_event map_error(std::uint32_t http_status, std::string_view text, std::vector<oc_header> headers = {}) {
    if (!built) begin_whole();
    oc_event e{};
    raw = text;
    EXPECT_EQ((*provider)->map_error(provider->self(), call.handle(), *state, &call.arena, http_status, headers.data(), headers.size(),
                                     oc::bytes(raw), &e),
              OC_OK);
    return e;
  }
  std::vector<std::uint32_t> types() const {
    std::vector<std::uint32_t> out;
    for (const Event& e : test::merged(call.events)) out.push_back(e.type);
    return out;
  }
};

inline std::string delta(std::string_view d, std::string_view more = "") {
  return R"({"id":"chatcmpl-1","model":"real","choices":[{"index":0,"delta":)" + std::string(d) + std::string(more) + "}]}";
}

}  // namespace onechat::openai_chat
