// A surface under test, asked and fed through its table.
#pragma once
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "anthropic_messages/stream_rules_test.hpp"
#include "support/fake_host.hpp"
#include "surface.hpp"

namespace onechat::anthropic_messages {

inline constexpr oc_component kSurfaceComponent = oc::surface<Surface>({"surface.anthropic_messages", "0", "", nullptr, 0});

struct SurfaceFixture : ::testing::Test {
  test::FakeHost host;
  test::Instance<oc_surface> surface{host, kSurfaceComponent};
  test::CallState state{surface->call_state_size};
  test::FakeCall call;
  test::FakeOut out;
  std::string body;
  std::vector<oc_header> headers;
  const oc_request* request = nullptr;

  oc_http_in in(std::uint32_t op) {
    oc_http_in h = oc::sized<oc_http_in>();
    h.op = op;
    h.body = oc::bytes(body);
    h.headers = headers.data();
    h.n_headers = headers.size();
    return h;
  }
  oc_status parse(std::string_view text, std::uint32_t op = OC_OP_GENERATE) {
    body = text;
    const oc_http_in h = in(op);
    call.failure.reset();
    return surface->parse(surface.self(), call.handle(), state, &call.arena, &h, &request);
  }
  // The next exchange.
  void again() {
    out = test::FakeOut();
    state = test::CallState(surface->call_state_size);
  }
  const oc_part& part(std::uint64_t turn, std::uint64_t i) { return *request->turns[turn]->parts[i]; }

  // Streams unless told otherwise; wants to see thinking.
  void begin(bool stream = true, bool show = true) {
    std::string text = R"({"model":"m","max_tokens":5,"messages":[{"role":"user","content":"hi"}])";
    if (stream) text += R"(,"stream":true)";
    if (show) text += R"(,"thinking":{"type":"adaptive"})";
    ASSERT_EQ(parse(text + "}"), OC_OK) << call.failure->message;
  }
  oc_status event(const oc_event& e) {
    Arena scratch;  // what a surface keeps, it must copy
    const oc_status s = surface->event(surface.self(), call.handle(), state, &scratch, &e, out.handle());
    return s;
  }
  void text(std::string_view t, std::uint32_t index = 0, std::uint32_t type = OC_EV_TEXT) {
    const std::string passing(t);
    oc_event e = oc::Call::event(type, 0, index);
    e.text = oc::str(passing);
    ASSERT_EQ(event(e), OC_OK);
  }
  void reasoning(std::string_view t, std::uint32_t index) { text(t, index, OC_EV_REASONING); }
  void args(std::string_view t, std::uint32_t index) { text(t, index, OC_EV_TOOL_ARGS); }
  void tool(std::string_view id, std::string_view name, std::uint32_t index, std::uint32_t flags = 0) {
    const std::string passing(id);
    oc_event e = oc::Call::event(OC_EV_TOOL_BEGIN, 0, index);
    e.tool_id = oc::str(passing);
    e.tool_name = oc::str(name);
    e.flags = flags;
    ASSERT_EQ(event(e), OC_OK);
  }
  void state_of(std::uint32_t index, std::string_view opaque, std::string_view origin) {
    oc_event e = oc::Call::event(OC_EV_STATE, 0, index);
    e.opaque = oc::str(opaque);
    e.opaque_origin = oc::str(origin);
    ASSERT_EQ(event(e), OC_OK);
  }
  oc_status with_json(std::uint32_t type, std::uint32_t index, std::string_view json) {
    const std::string passing(json);
    oc_event e = oc::Call::event(type, 0, index);
    e.ext_json = oc::str(passing);
    return event(e);
  }
  void part_end(std::uint32_t index) { ASSERT_EQ(event(oc::Call::event(OC_EV_PART_END, 0, index)), OC_OK); }
  void ends(std::uint32_t why, std::string_view sequence = {}) {
    oc_event e = oc::Call::event(OC_EV_FINISH);
    e.finish = why;
    e.text = oc::str(sequence);
    ASSERT_EQ(event(e), OC_OK);
  }
  void usage(std::uint64_t input, std::uint64_t output, std::uint64_t reasoning = 0, std::uint64_t cache_read = 0) {
    oc_usage u = oc::sized<oc_usage>();
    u.input = input, u.output = output, u.reasoning = reasoning, u.cache_read = cache_read;
    oc_event e = oc::Call::event(OC_EV_USAGE);
    e.usage = &u;
    ASSERT_EQ(event(e), OC_OK);
  }
  void started(std::string_view id) {
    oc_event e = oc::Call::event(OC_EV_START);
    e.id = oc::str(id);
    ASSERT_EQ(event(e), OC_OK);
  }
  std::string finish() {
    EXPECT_GE(surface->finish(surface.self(), call.handle(), state, &call.arena, out.handle()), OC_OK);
    return out.body;
  }
  // What a client understands of a stream, which keeps the rules.
  test::Message streamed() {
    const test::Message m = test::read_stream(finish());
    EXPECT_TRUE(m.broken.empty()) << m.broken.front() << "\n" << out.body;
    EXPECT_TRUE(m.stopped) << out.body;
    return m;
  }
  test::Message whole() {
    const test::Message m = test::read_whole(finish());
    EXPECT_TRUE(m.broken.empty()) << out.body;
    return m;
  }
};

}  // namespace onechat::anthropic_messages
