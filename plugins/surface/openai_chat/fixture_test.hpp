// A surface under test, with a client before it and a provider's events behind it.
#pragma once
#include <gtest/gtest.h>

#include <array>

#include "openai_chat/corpus.hpp"
#include "support/fake_host.hpp"
#include "surface.hpp"

namespace onechat::openai_chat {

using test::FakeCall;
using test::FakeOut;
using test::same_json;

inline constexpr oc_component kComponent = oc::surface<Surface>({"surface.openai_chat", "0", "", nullptr, 0});

struct SurfaceTest : ::testing::Test {
  test::FakeHost host;
  test::Instance<oc_surface> surface{host, kComponent};
  test::CallState state{surface->call_state_size};
  FakeCall call;
  FakeOut out;
  std::string body;
  const oc_request* request = nullptr;

  oc_status parse(std::string_view text, std::uint32_t op = OC_OP_GENERATE) {
    body = text;
    oc_http_in in = oc::sized<oc_http_in>();
    in.op = op;
    in.body = oc::bytes(body);
    call.failure.reset();
    return surface->parse(surface.self(), call.handle(), state, &call.arena, &in, &request);
  }
  void event(const oc_event& e) {
    Arena scratch;  // the host's is gone after the event, too
    ASSERT_EQ(surface->event(surface.self(), call.handle(), state, &scratch, &e, out.handle()), OC_OK);
  }
  void text(std::string_view t, std::uint32_t type = OC_EV_TEXT, std::uint32_t index = 0, std::uint32_t choice = 0) {
    oc_event e = oc::Call::event(type, choice, index);
    e.text = oc::str(t);
    event(e);
  }
  void tool(std::string_view id, std::string_view name, std::uint32_t index) {
    oc_event e = oc::Call::event(OC_EV_TOOL_BEGIN, 0, index);
    e.tool_id = oc::str(id);
    e.tool_name = oc::str(name);
    event(e);
  }
  void ends(std::uint32_t why, std::uint32_t choice = 0) {
    oc_event e = oc::Call::event(OC_EV_FINISH, choice);
    e.finish = why;
    event(e);
  }
  void usage(std::uint64_t input, std::uint64_t output) {
    oc_usage u = oc::sized<oc_usage>();
    u.input = input;
    u.output = output;
    oc_event e = oc::Call::event(OC_EV_USAGE);
    e.usage = &u;
    event(e);
  }
  void started(std::string_view id) {
    oc_event e = oc::Call::event(OC_EV_START);
    e.id = oc::str(id);
    event(e);
  }
  std::string finish() {
    Arena scratch;
    EXPECT_EQ(surface->finish(surface.self(), call.handle(), state, &scratch, out.handle()), OC_OK);
    return out.body;
  }
  const oc_part& part(std::uint64_t turn, std::uint64_t i) { return *request->turns[turn]->parts[i]; }
  std::string_view anchored(std::string_view name) {
    for (std::uint64_t i = 0; i < request->n_anchors; ++i)
      if (oc::view(request->anchors[i].name) == name)
        return std::string_view(body).substr(request->anchors[i].offset, request->anchors[i].length);
    return {};
  }
};

inline constexpr std::string_view kHello = R"({"model":"m","messages":[{"role":"user","content":"hi"}]})";

}  // namespace onechat::openai_chat
