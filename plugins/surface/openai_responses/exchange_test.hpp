// The surface in a test's hands: one exchange, made-up events, and a look into the JSON that comes out.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "openai_responses/stream_rules_test.hpp"
#include "support/fake_host.hpp"
#include "surface.hpp"

namespace onechat::openai_responses {
using test::Event;
inline constexpr oc_component kComponent = oc::surface<Surface>({"surface.openai_responses", "0", "", nullptr, 0});

// One exchange at the surface.
struct Exchange {
  Exchange(const test::FakeHost& host, std::string text, std::uint32_t op = OC_OP_GENERATE, std::string_view query = {},
           std::string_view path_arg = {}, std::string_view path = "/v1/responses")
      : surface(host, kComponent), state(surface->call_state_size), body(std::move(text)) {
    oc_http_in in = oc::sized<oc_http_in>();
    in.op = op;
    in.path = oc::str(path);
    in.query = oc::str(query);
    in.path_arg = oc::str(path_arg);
    in.body = oc::bytes(body);
    status = surface->parse(surface.self(), call.handle(), state, &call.arena, &in, &request);
  }
  oc_status event(const Event& e) {
    Arena scratch;  // the host's goes with the event too
    const oc_event view = e.view();
    return surface->event(surface.self(), call.handle(), state, &scratch, &view, out.handle());
  }
  const std::string& render(const std::vector<Event>& events) {
    for (const Event& e : events) EXPECT_EQ(event(e), OC_OK);
    EXPECT_EQ(surface->finish(surface.self(), call.handle(), state, &call.arena, out.handle()), OC_OK);
    return out.body;
  }
  std::pair<std::string, std::string> keep(std::string_view answer = {}) {
    oc_str id{};
    oc_bytes document{};
    EXPECT_EQ(surface->keep(surface.self(), call.handle(), state, &call.arena, oc::str(answer), &id, &document), OC_OK);
    return {std::string(oc::view(id)), std::string(oc::view(document))};
  }
  oc_status resume(const std::string& document) {
    texts.push_back(document);
    return surface->resume(surface.self(), call.handle(), state, &call.arena, request, oc::bytes(texts.back()),
                           &request);
  }
  std::string kept(const std::string& document) {
    EXPECT_EQ(
        surface->kept(surface.self(), call.handle(), state, &call.arena, request, oc::bytes(document), out.handle()),
        OC_OK);
    return out.body;
  }
  const oc_turn& turn(std::uint64_t i) const { return *request->turns[i]; }
  const oc_part& part(std::uint64_t turn_index, std::uint64_t i = 0) const { return *turn(turn_index).parts[i]; }

  test::Instance<oc_surface> surface;
  test::CallState state;
  test::FakeCall call;
  test::FakeOut out;
  std::string body;
  std::deque<std::string> texts;
  const oc_request* request = nullptr;
  oc_status status = OC_OK;
};

struct Responses : ::testing::Test {
  test::FakeHost host;

  static Event of(std::uint32_t type, std::uint32_t index = 0, std::string_view text = {}) {
    Event e;
    e.type = type;
    e.index = index;
    e.text = text;
    return e;
  }
  static Event tool(std::uint32_t index, std::string_view id, std::string_view name, std::uint32_t flags = 0) {
    Event e = of(OC_EV_TOOL_BEGIN, index);
    e.tool_id = id;
    e.tool_name = name;
    e.flags = flags;
    return e;
  }
  static Event reasoning(std::uint32_t index, std::string_view text, std::uint32_t flags = 0) {
    Event e = of(OC_EV_REASONING, index, text);
    e.flags = flags;
    return e;
  }
  static Event state_of(std::uint32_t index, std::string_view opaque, std::string_view origin) {
    Event e = of(OC_EV_STATE, index);
    e.opaque = opaque;
    e.opaque_origin = origin;
    return e;
  }
  static Event with_json(std::uint32_t type, std::uint32_t index, std::string_view json) {
    Event e = of(type, index);
    e.ext_json = json;
    return e;
  }
  static Event end(std::uint32_t index) { return of(OC_EV_PART_END, index); }
  static Event finish(std::uint32_t why = OC_FIN_STOP) {
    Event e = of(OC_EV_FINISH);
    e.finish = why;
    return e;
  }
  static Event usage() {
    Event e = of(OC_EV_USAGE);
    e.usage = oc::sized<oc_usage>();
    e.usage.input = 10, e.usage.cache_read = 5, e.usage.cache_write = 2, e.usage.output = 7, e.usage.reasoning = 3;
    return e;
  }

  // A request with `more` members, streamed; the events it gets, checked against the rules of the dialect.
  std::vector<WireEvent> streamed(const std::string& more, const std::vector<Event>& events) {
    Exchange x(host, R"({"model":"m","input":"hi","stream":true)" + more + "}");
    EXPECT_EQ(x.status, OC_OK);
    const auto wire = wire_events(x.render(events));
    EXPECT_THAT(StreamRules::problems(wire), ::testing::IsEmpty());
    EXPECT_THAT(x.out.body, ::testing::Not(::testing::HasSubstr("[DONE]")));
    return wire;
  }
  std::string whole(const std::string& more, const std::vector<Event>& events) {
    Exchange x(host, R"({"model":"m","input":"hi")" + more + "}");
    EXPECT_EQ(x.status, OC_OK);
    const std::string body = x.render(events);
    EXPECT_THAT(StreamRules::response_problems(body), ::testing::IsEmpty());
    return body;
  }
  // `path` as in "output.0.content.0.text" of the JSON in `text`; strings bare, others as JSON.
  static std::string at(const std::string& text, std::string_view path) {
    Arena arena;
    const oc_json* v = json::parse(arena, text);
    while (v != nullptr && !path.empty()) {
      const auto dot = path.find('.');
      const auto name = path.substr(0, dot);
      if (v->type == OC_JSON_ARRAY) {
        const oc_json* e = v->first;
        for (int i = std::stoi(std::string(name)); i > 0 && e != nullptr; --i) e = e->next;
        v = e;
      } else {
        v = json::get(v, name);
      }
      path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
    }
    if (v == nullptr) return "(nothing)";
    return std::string(v->type == OC_JSON_STRING ? v->text : v->raw);
  }
  static std::vector<std::string> names(const std::vector<WireEvent>& events) {
    std::vector<std::string> out;
    for (const WireEvent& e : events) out.push_back(e.name.substr(e.name.find('.') + 1));
    return out;
  }
};

}  // namespace onechat::openai_responses
