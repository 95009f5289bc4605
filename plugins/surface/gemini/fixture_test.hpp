// The surface in a test's hands: requests go in, events become an answer.
#pragma once
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/state_token.hpp"
#include "support/fake_host.hpp"
#include "surface.hpp"

namespace onechat::gemini {

using test::FakeCall;
using test::FakeOut;
using test::same_json;

inline constexpr oc_component kComponent = oc::surface<Surface>({"surface.gemini", "0", "", nullptr, 0});
inline constexpr std::string_view kStreamPath = "/v1beta/models/gemini-x:streamGenerateContent";
inline constexpr std::string_view kHello = R"({"contents":[{"parts":[{"text":"hi"}]}]})";

struct GeminiSurface : ::testing::Test {
  test::FakeHost host;
  test::Instance<oc_surface> surface{host, kComponent};
  std::optional<test::CallState> state;
  FakeCall call;
  FakeOut out;
  std::string body;
  const oc_request* request = nullptr;

  oc_status parse(std::string_view text, std::uint32_t op = OC_OP_GENERATE,
                  std::string_view path = "/v1beta/models/gemini-x:generateContent", std::string_view query = "") {
    state.emplace(surface->call_state_size);
    body = text;
    oc_http_in in = oc::sized<oc_http_in>();
    in.op = op;
    in.path = oc::str(path);
    in.path_arg = oc::str("gemini-x");
    in.query = oc::str(query);
    in.body = oc::bytes(body);
    call.failure.reset();
    return surface->parse(surface.self(), call.handle(), *state, &call.arena, &in, &request);
  }
  void stream(std::string_view text = kHello, std::string_view query = "alt=sse") {
    ASSERT_EQ(parse(text, OC_OP_GENERATE, kStreamPath, query), OC_OK);
  }
  void begin(bool whole, std::string_view text = kHello, std::string_view query = "alt=sse") {
    if (whole)
      ASSERT_EQ(parse(text), OC_OK);
    else
      stream(text, query);
  }
  oc_status event(const oc_event& e) {
    Arena scratch;  // the host's goes with the event
    return surface->event(surface.self(), call.handle(), *state, &scratch, &e, out.handle());
  }
  void text(std::string_view t, std::uint32_t type = OC_EV_TEXT, std::uint32_t index = 0, std::uint32_t choice = 0) {
    oc_event e = oc::Call::event(type, choice, index);
    e.text = oc::str(t);
    ASSERT_EQ(event(e), OC_OK);
  }
  void tool(std::string_view id, std::string_view name, std::uint32_t index, std::uint32_t flags = 0) {
    oc_event e = oc::Call::event(OC_EV_TOOL_BEGIN, 0, index);
    e.tool_id = oc::str(id);
    e.tool_name = oc::str(name);
    e.flags = flags;
    ASSERT_EQ(event(e), OC_OK);
  }
  void signature(std::string_view opaque, std::string_view origin, std::uint32_t index) {
    oc_event e = oc::Call::event(OC_EV_STATE, 0, index);
    e.opaque = oc::str(opaque);
    e.opaque_origin = oc::str(origin);
    ASSERT_EQ(event(e), OC_OK);
  }
  void part_end(std::uint32_t index, std::uint32_t choice = 0) {
    ASSERT_EQ(event(oc::Call::event(OC_EV_PART_END, choice, index)), OC_OK);
  }
  void ends(std::uint32_t why, std::uint32_t choice = 0, std::string_view ext = {}) {
    oc_event e = oc::Call::event(OC_EV_FINISH, choice);
    e.finish = why;
    e.ext_json = oc::str(ext);
    ASSERT_EQ(event(e), OC_OK);
  }
  void told(std::uint32_t type, std::string_view ext, std::uint32_t index = 0) {
    oc_event e = oc::Call::event(type, 0, index);
    e.ext_json = oc::str(ext);
    ASSERT_EQ(event(e), OC_OK);
  }
  void usage(std::uint64_t input, std::uint64_t output, std::uint64_t reasoning = 0) {
    oc_usage u = oc::sized<oc_usage>();
    u.input = input;
    u.output = output;
    u.reasoning = reasoning;
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
    EXPECT_EQ(surface->finish(surface.self(), call.handle(), *state, &call.arena, out.handle()), OC_OK);
    return out.body;
  }
  const oc_part& part(std::uint64_t turn, std::uint64_t i) { return *request->turns[turn]->parts[i]; }

  // The parts of the chunks of a stream of server-sent events, or of a whole answer, one JSON a part.
  std::vector<std::string> parts_sent() {
    std::vector<std::string> out_parts;
    std::vector<std::string> objects;
    const std::string& all = out.body;
    if (all.rfind("data: ", 0) != 0) objects.push_back(all);
    for (std::size_t at = 0; at < all.size() && all.rfind("data: ", 0) == 0;) {
      const auto end = all.find("\r\n\r\n", at);
      objects.push_back(all.substr(at + 6, end - at - 6));
      at = end + 4;
    }
    for (const auto& object : objects) {
      const oc_json* list =
          json::get(json::parse(call.arena, *keep.emplace_back(std::make_unique<std::string>(object))), "candidates");
      for (const oc_json* c = list != nullptr ? list->first : nullptr; c != nullptr; c = c->next)
        for (const oc_json* p = json::get(json::get(c, "content"), "parts")->first; p != nullptr; p = p->next)
          if (p->raw != R"({"text":""})") out_parts.emplace_back(p->raw);
    }
    return out_parts;
  }
  oc::Json answer() { return {host.table(), json::parse(call.arena, out.body)}; }
  std::vector<std::unique_ptr<std::string>> keep;
};

}  // namespace onechat::gemini
