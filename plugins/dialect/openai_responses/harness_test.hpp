// Surface and provider of the dialect in a test's hands, and recorded traffic where it is there to be read: test data
// that is not part of the project.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "provider.hpp"
#include "support/fake_host.hpp"
#include "surface.hpp"

namespace onechat::openai_responses {

inline constexpr oc_component kSurfaceComponent =
    oc::surface<Surface>({"surface.openai_responses", "0", "", nullptr, 0});
inline constexpr oc_component kProviderComponent =
    oc::provider<Provider>({"provider.openai_responses", "0", "", nullptr, Provider::kCaps});

// One exchange on the client's side: the request as parsed, and the answer as rendered.
struct Client {
  Client(const test::FakeHost& host, std::string text, std::uint32_t op = OC_OP_GENERATE)
      : surface(host, kSurfaceComponent), state(surface->call_state_size), body(std::move(text)) {
    oc_http_in in = oc::sized<oc_http_in>();
    in.op = op;
    in.path = oc::str("/v1/responses");
    in.body = oc::bytes(body);
    status = surface->parse(surface.self(), call.handle(), state, &call.arena, &in, &request);
  }
  oc_status event(const test::Event& e) {
    Arena scratch;  // the host's goes with the event too
    const oc_event view = e.view();
    return surface->event(surface.self(), call.handle(), state, &scratch, &view, out.handle());
  }
  // The whole answer to the client.
  const std::string& render(const std::vector<test::Event>& events) {
    for (const test::Event& e : events) EXPECT_EQ(event(e), OC_OK);
    EXPECT_EQ(surface->finish(surface.self(), call.handle(), state, &call.arena, out.handle()), OC_OK);
    return out.body;
  }
  // {id, document}
  std::pair<std::string, std::string> keep(std::string_view answer = {}) {
    oc_str id{};
    oc_bytes document{};
    EXPECT_EQ(surface->keep(surface.self(), call.handle(), state, &call.arena, oc::str(answer), &id, &document), OC_OK);
    return {std::string(oc::view(id)), std::string(oc::view(document))};
  }
  oc_status resume(const std::string& document) {
    return surface->resume(surface.self(), call.handle(), state, &call.arena, request,
                           oc::bytes(*texts.emplace(texts.end(), document)), &request);
  }
  test::Instance<oc_surface> surface;
  test::CallState state;
  test::FakeCall call;
  test::FakeOut out;
  std::string body;
  std::deque<std::string> texts;
  const oc_request* request = nullptr;
  oc_status status = OC_OK;
};

// One attempt at an upstream.
struct Attempt {
  explicit Attempt(const test::FakeHost& host, std::string_view config = "{}")
      : provider(host, kProviderComponent, config), state(provider->call_state_size) {}
  ~Attempt() {
    if (begun) finish();
  }
  // The body that goes up.
  std::string build(const oc_request& request, bool straight_ok = true) {
    http.struct_size = sizeof http;
    writer.bind(&body);
    http.body_json = &writer;
    begun = true;
    built = provider->build(provider.self(), call.handle(), state, &call.arena, &request, straight_ok ? 1 : 0, &http);
    if (http.straight != 0) return test::apply(oc::view(request.raw), http.splices, http.n_splices);
    return body;
  }
  // `relayed`: what the client gets of it.
  oc_status frame(std::string_view data, bool straight = false, std::string* relayed = nullptr) {
    Arena frame_arena;  // the host's goes with the frame too
    const std::string copy(data);
    oc_frame f = oc::sized<oc_frame>();
    f.data = oc::bytes(copy);
    oc_relay relay = oc::sized<oc_relay>();
    const oc_status s =
        provider->frame(provider.self(), call.handle(), state, &frame_arena, &f, straight ? &relay : nullptr);
    EXPECT_EQ(relay.drop, 0u);
    if (relayed != nullptr) *relayed = test::apply(copy, relay.splices, relay.n_splices);
    return s;
  }
  oc_status finish(oc_status transport = OC_OK) {
    begun = false;
    return provider->finish(provider.self(), call.handle(), state, &call.arena, transport);
  }
  test::Instance<oc_provider_codec> provider;
  test::CallState state;
  test::FakeCall call;
  oc_http_request http{};
  std::string body;
  oc_jsonw writer;
  oc_status built = OC_OK;
  bool begun = false;
};

struct Recording {
  std::string id, endpoint, request;  // request "" when it was not recorded
  std::string body;                   // a whole answer
  std::vector<std::string> payloads;  // the data of a stream's events
  std::string sse;                    // the stream as it went over the wire
  bool streamed = false;
  std::int64_t status = 0;
};

// Empty when the corpus is not there.
inline std::vector<Recording> load_corpus() {
  namespace fs = std::filesystem;
  const auto read = [](const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  };
  const char* set = std::getenv("ONECHAT_CORPUS");
  const fs::path folder = fs::path(set != nullptr ? set : "../shared/corpus") / "openai-responses";
  std::vector<Recording> out;
  if (!fs::is_directory(folder)) return out;
  std::vector<std::string> stems;
  const std::string ending = ".meta.json";
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().string();
    if (name.ends_with(ending)) stems.push_back(name.substr(0, name.size() - ending.size()));
  }
  std::sort(stems.begin(), stems.end());
  for (const std::string& stem : stems) {
    Arena arena;
    const std::string meta_text = read(stem + ending);
    const oc_json* meta = json::parse(arena, meta_text);
    const auto member = [&](const char* name) {
      const oc_json* v = json::get(meta, name);
      return v != nullptr ? std::string(v->text) : std::string();
    };
    Recording r;
    r.id = member("id");
    r.endpoint = member("endpoint") + " " + member("method");
    r.status = json::integer(json::get(meta, "status"), 0);
    if (fs::exists(stem + ".req.json")) r.request = read(stem + ".req.json");
    if (fs::exists(stem + ".resp.json")) r.body = read(stem + ".resp.json");
    if (fs::exists(stem + ".resp.sse")) {
      r.sse = read(stem + ".resp.sse");
      std::istringstream lines(r.sse);
      for (std::string line; std::getline(lines, line);) {
        if (!line.empty() && line.back() == '\r') line.pop_back();
        if (line.rfind("data:", 0) == 0) r.payloads.push_back(line.substr(line.rfind("data: ", 0) == 0 ? 6 : 5));
      }
    }
    if (fs::exists(stem + ".resp.chunks.jsonl")) {
      std::istringstream lines(read(stem + ".resp.chunks.jsonl"));
      for (std::string line; std::getline(lines, line);)
        if (!line.empty()) r.payloads.push_back(line);
    }
    r.streamed = r.body.empty();
    out.push_back(std::move(r));
  }
  return out;
}

}  // namespace onechat::openai_responses
