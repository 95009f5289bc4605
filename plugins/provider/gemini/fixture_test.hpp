// The provider in a test's hands, and conversations as the surfaces of other dialects make them.
#pragma once
#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "provider.hpp"
#include "settings_schema.hpp"
#include "support/fake_host.hpp"

namespace onechat::gemini {

using test::Event;
using test::FakeCall;
using test::same_json;

inline constexpr oc_component kComponent =
    oc::provider<Provider>({"provider.gemini", "0", "", kSettingsSchema, Provider::kCaps});

struct Conversation {
  // A turn of one part.
  oc_part& part(std::uint32_t role, std::uint32_t type, std::string_view text = {}) {
    turns.push_back(oc::sized<oc_turn>());
    turns.back().role = role;
    lists.emplace_back();
    return more(type, text);
  }
  // Another part of the last turn.
  oc_part& more(std::uint32_t type, std::string_view text = {}) {
    parts.push_back(oc::sized<oc_part>());
    parts.back().type = type;
    parts.back().text = oc::str(text);
    lists.back().push_back(&parts.back());
    return parts.back();
  }
  oc_part& call(oc_part& p, std::string_view id, std::string_view name, std::string_view args = "{}") {
    p.tool_id = oc::str(id);
    p.tool_name = oc::str(name);
    p.tool_args_json = oc::str(args);
    return p;
  }
  oc_part& result(std::uint32_t role, std::string_view id, std::string_view text) {
    oc_part& p = part(role, OC_PART_TOOL_RESULT, text);
    p.tool_id = oc::str(id);
    return p;
  }
  oc_tool& tool(std::string_view name, std::string_view schema = {}, std::uint32_t flags = 0) {
    tools.push_back(oc::sized<oc_tool>());
    tools.back().name = oc::str(name);
    tools.back().schema_json = oc::str(schema);
    tools.back().flags = flags;
    return tools.back();
  }
  oc_request request(std::string_view model = "gemini-2.5-flash") {
    for (std::size_t i = 0; i < turns.size(); ++i) {
      turns[i].parts = lists[i].data();
      turns[i].n_parts = lists[i].size();
      turn_list.push_back(&turns[i]);
    }
    for (const auto& t : tools) tool_list.push_back(&t);
    oc_request r = oc::sized<oc_request>();
    r.op = OC_OP_GENERATE;
    r.n = 1;
    r.dialect = oc::str("openai_chat");
    r.model = oc::str(model);
    r.turns = turn_list.data();
    r.n_turns = turn_list.size();
    r.tools = tool_list.data();
    r.n_tools = tool_list.size();
    return r;
  }
  std::deque<oc_part> parts;
  std::deque<std::vector<const oc_part*>> lists;
  std::deque<oc_turn> turns;
  std::deque<oc_tool> tools;
  std::vector<const oc_turn*> turn_list;
  std::vector<const oc_tool*> tool_list;
};

inline oc_request saying_hi(Conversation& c, std::string_view model = "gemini-2.5-flash") {
  c.part(OC_ROLE_USER, OC_PART_TEXT, "hi");
  return c.request(model);
}

struct GeminiProvider : ::testing::Test {
  test::FakeHost host;
  std::optional<test::Instance<oc_provider_codec>> provider;
  std::optional<test::CallState> state;
  FakeCall call;
  oc_http_request http{};
  std::string body, raw;
  oc_jsonw writer;
  std::vector<oc_anchor> anchors;
  bool begun = false;

  ~GeminiProvider() override {
    if (begun) finish();
  }
  void create(std::string_view config = R"({"api_key":"sk-secret-key"})") {
    if (begun) finish();
    provider.emplace(host, kComponent, config);
  }
  oc_status build(const oc_request& request, bool straight_ok = false) {
    if (!provider) create();
    if (begun) finish();
    state.emplace((*provider)->call_state_size);
    call.events.clear();
    call.failure.reset();
    http = oc_http_request{};
    http.struct_size = sizeof http;
    body.clear();
    writer.bind(&body);
    http.body_json = &writer;
    begun = true;
    return (*provider)->build(provider->self(), call.handle(), *state, &call.arena, &request, straight_ok ? 1 : 0,
                              &http);
  }
  // A request of our own dialect; `models` are anchored where they stand.
  oc_request own(std::string text, std::vector<const char*> models, std::uint32_t flags = 0,
                 std::uint32_t op = OC_OP_GENERATE) {
    raw = std::move(text);
    anchors = {{oc::str("object"), 0, raw.size()}};
    std::size_t from = 0;
    for (const char* value : models) {
      from = raw.find(value, from);
      anchors.push_back({oc::str("model"), from, std::string_view(value).size()});
      ++from;
    }
    oc_request r = oc::sized<oc_request>();
    r.op = op;
    r.n = 1;
    r.flags = flags;
    r.dialect = oc::str("gemini");
    r.raw = oc::bytes(raw);
    r.model = oc::str("target");
    r.anchors = anchors.data();
    r.n_anchors = anchors.size();
    return r;
  }
  std::string sent() const { return test::apply(raw, http.splices, http.n_splices); }
  std::string_view path() const { return oc::view(http.path); }
  std::string_view header(std::string_view name) const {
    for (std::uint64_t i = 0; i < http.n_headers; ++i)
      if (oc::view(http.headers[i].name) == name) return oc::view(http.headers[i].value);
    return {};
  }
  void begin_stream(std::string_view model = "gemini-3-flash") {
    oc_request r = own("{}", {}, OC_REQ_STREAM);
    r.model = oc::str(model);
    ASSERT_EQ(build(r, true), OC_OK);
  }
  void begin_whole(std::uint32_t flags = 0) { ASSERT_EQ(build(own("{}", {}, flags), true), OC_OK); }
  oc_status frame(std::string_view data, bool straight = true) {
    Arena arena;  // the host's goes with the frame
    const std::string copy(data);
    oc_frame f = oc::sized<oc_frame>();
    f.data = oc::bytes(copy);
    oc_relay relay = oc::sized<oc_relay>();
    return (*provider)->frame(provider->self(), call.handle(), *state, &arena, &f, straight ? &relay : nullptr);
  }
  // A chunk with these parts, and what else the candidate has.
  void parts(std::string_view list, std::string_view beside = "") {
    ASSERT_EQ(frame(std::string(R"({"candidates":[{"content":{"role":"model","parts":[)") + std::string(list) + "]}" +
                    std::string(beside) + R"(}],"responseId":"r1","modelVersion":"v"})"),
              OC_OK);
  }
  oc_status finish(oc_status transport = OC_OK) {
    begun = false;
    return (*provider)->finish(provider->self(), call.handle(), *state, &call.arena, transport);
  }
  // The events so far in short: "text0:Hel end0 finish:1".
  std::string told() const {
    std::string out;
    for (const Event& e : call.events) {
      if (!out.empty()) out += ' ';
      const std::string at = std::to_string(e.index);
      switch (e.type) {
        case OC_EV_START: out += "start"; break;
        case OC_EV_TEXT: out += "text" + at + ":" + e.text; break;
        case OC_EV_REASONING: out += "think" + at + ":" + e.text; break;
        case OC_EV_TOOL_BEGIN: out += "tool" + at + ":" + e.tool_name; break;
        case OC_EV_TOOL_ARGS: out += "args" + at + ":" + e.text; break;
        case OC_EV_STATE: out += "state" + at + ":" + e.opaque + "@" + e.opaque_origin; break;
        case OC_EV_PART_END: out += "end" + at; break;
        case OC_EV_MEDIA: out += "media" + at + ":" + e.media_type + ":" + e.text; break;
        case OC_EV_OPAQUE: out += "opaque" + at + ":" + e.ext_json; break;
        case OC_EV_CITATION: out += "cite" + at + ":" + e.ext_json; break;
        case OC_EV_LOGPROBS: out += "logprobs" + at; break;
        case OC_EV_USAGE: out += "usage"; break;
        case OC_EV_FINISH: out += "finish" + std::to_string(e.finish); break;
        case OC_EV_ERROR: out += "error:" + e.text; break;
        case OC_EV_EMBEDDING: out += "embedding" + at + ":" + e.ext_json; break;
        case OC_EV_ANSWER: out += "answer"; break;
        default: out += "?"; break;
      }
      if (e.choice != 0) out += "/" + std::to_string(e.choice);
    }
    return out;
  }
};

}  // namespace onechat::gemini
