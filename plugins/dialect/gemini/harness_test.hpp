// Surface and provider of the dialect in a test's hands, and judges of what they write.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/tools.hpp"
#include "gemini/usage.hpp"
#include "provider.hpp"
#include "support/fake_host.hpp"
#include "surface.hpp"

namespace onechat::gemini {

inline constexpr oc_component kSurfaceComponent = oc::surface<Surface>({"surface.gemini", "0", "", nullptr, 0});
inline constexpr oc_component kProviderComponent =
    oc::provider<Provider>({"provider.gemini", "0", "", nullptr, Provider::kCaps});

// One request on its way in: what the surface made of it.
struct Parsed {
  Parsed(const test::FakeHost& host, std::string text, std::string url_path, std::string_view url_query)
      : surface(std::make_unique<test::Instance<oc_surface>>(host, kSurfaceComponent)),
        state(std::make_unique<test::CallState>((*surface)->call_state_size)),
        call(std::make_unique<test::FakeCall>()),
        body(std::make_unique<std::string>(std::move(text))),
        path(std::make_unique<std::string>(std::move(url_path))) {
    oc_http_in in = oc::sized<oc_http_in>();
    const auto verb = path->substr(path->rfind(':') + 1);
    in.op = verb == "countTokens"                    ? OC_OP_COUNT_TOKENS
            : verb.find("mbed") != std::string::npos ? OC_OP_EMBED
                                                     : OC_OP_GENERATE;
    in.path = oc::str(*path);
    in.query = oc::str(url_query);
    const std::string_view models = "/models/";
    const auto from = path->find(models) + models.size();
    in.path_arg = oc::str(std::string_view(*path).substr(from, path->rfind(':') - from));
    in.body = oc::bytes(*body);
    status = (*surface)->parse(surface->self(), call->handle(), *state, &call->arena, &in, &request);
  }
  std::unique_ptr<test::Instance<oc_surface>> surface;
  std::unique_ptr<test::CallState> state;
  std::unique_ptr<test::FakeCall> call;
  std::unique_ptr<std::string> body, path;
  const oc_request* request = nullptr;
  oc_status status = OC_OK;
};

// One attempt at an upstream.
struct Attempt {
  explicit Attempt(const test::FakeHost& host, std::string_view config = "{}")
      : provider(host, kProviderComponent, config),
        state(provider->call_state_size),
        call(std::make_unique<test::FakeCall>()) {}
  ~Attempt() {
    if (begun) finish();
  }
  // The body that goes up.
  std::string build(const oc_request& request, bool straight_ok = true) {
    http.struct_size = sizeof http;
    writer.bind(&body);
    http.body_json = &writer;
    begun = true;
    built = provider->build(provider.self(), call->handle(), state, &call->arena, &request, straight_ok ? 1 : 0, &http);
    if (http.straight != 0) return test::apply(oc::view(request.raw), http.splices, http.n_splices);
    return body;
  }
  oc_status frame(const std::string& data, bool straight) {
    Arena frame_arena;  // the host's goes with the frame too
    const std::string copy = data;
    oc_frame f = oc::sized<oc_frame>();
    f.data = oc::bytes(copy);
    oc_relay relay = oc::sized<oc_relay>();
    framed = provider->frame(provider.self(), call->handle(), state, &frame_arena, &f, straight ? &relay : nullptr);
    EXPECT_EQ(relay.drop, 0u);
    EXPECT_EQ(relay.n_splices, 0u);
    return framed;
  }
  oc_status finish(oc_status transport = OC_OK) {
    begun = false;
    return provider->finish(provider.self(), call->handle(), state, &call->arena, transport);
  }
  oc_event map_error(std::uint32_t http_status, const std::string& text) {
    oc_event e{};
    error_body = text;
    EXPECT_EQ(provider->map_error(provider.self(), call->handle(), state, &call->arena, http_status, nullptr, 0,
                                  oc::bytes(error_body), &e),
              OC_OK);
    return e;
  }
  test::Instance<oc_provider_codec> provider;
  test::CallState state;
  std::unique_ptr<test::FakeCall> call;
  oc_http_request http{};
  std::string body, error_body;
  oc_jsonw writer;
  oc_status built = OC_OK, framed = OC_OK;
  bool begun = false;
};

enum class Form { whole, sse, array };

inline Parsed reader_of(const test::FakeHost& host, Form form, std::string body) {
  const std::string verb = form == Form::whole ? "generateContent" : "streamGenerateContent";
  return Parsed(host, std::move(body), "/v1beta/models/m:" + verb, form == Form::sse ? "alt=sse" : "");
}

inline std::string render(const Parsed& p, const std::vector<test::Event>& events) {
  test::FakeOut out;
  const test::Instance<oc_surface>& s = *p.surface;
  for (const test::Event& e : events) {
    Arena scratch;  // the host's goes with the event
    const test::Event copy = e;
    const oc_event view = copy.view();
    EXPECT_EQ(s->event(s.self(), p.call->handle(), *p.state, &scratch, &view, out.handle()), OC_OK);
  }
  EXPECT_EQ(s->finish(s.self(), p.call->handle(), *p.state, &p.call->arena, out.handle()), OC_OK);
  return out.body;
}

inline std::string render_error(const Parsed& p, const oc_event& e) {
  test::FakeOut out;
  EXPECT_EQ((*p.surface)->error(p.surface->self(), p.call->handle(), *p.state, &p.call->arena, &e, out.handle()),
            OC_OK);
  return out.body;
}

// ---- judges

// START first, parts begun before they end and ended once, nothing after FINISH but usage.
inline void check_event_order(const std::vector<test::Event>& events, const std::string& who) {
  std::map<std::uint32_t, std::set<std::uint32_t>> open, ended;
  std::set<std::uint32_t> finished;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const test::Event& e = events[i];
    if (e.type == OC_EV_START) {
      EXPECT_EQ(i, 0u) << who;
      continue;
    }
    if (e.type == OC_EV_USAGE || e.type == OC_EV_ANSWER || e.type == OC_EV_EMBEDDING) continue;
    EXPECT_FALSE(finished.contains(e.choice)) << who << " event " << i;
    switch (e.type) {
      case OC_EV_FINISH:
        EXPECT_TRUE(open[e.choice].empty()) << who;
        finished.insert(e.choice);
        break;
      case OC_EV_PART_END:
        EXPECT_EQ(open[e.choice].erase(e.index), 1u) << who << " part " << e.index;
        ended[e.choice].insert(e.index);
        break;
      case OC_EV_TOOL_ARGS:
      case OC_EV_STATE: EXPECT_TRUE(open[e.choice].contains(e.index)) << who << " part " << e.index; break;
      case OC_EV_CITATION:
      case OC_EV_LOGPROBS: break;
      default:
        EXPECT_FALSE(ended[e.choice].contains(e.index)) << who << " part " << e.index;
        open[e.choice].insert(e.index);
    }
  }
}

inline std::string without_spaces(const std::string& json_text) {
  Arena arena;
  const oc_json* v = json::parse(arena, json_text);
  if (v == nullptr) return "invalid: " + json_text;
  std::string out;
  oc_jsonw w(&out);
  const auto write = [&](const auto& self, const oc_json* at) -> void {
    if (at->type != OC_JSON_OBJECT && at->type != OC_JSON_ARRAY) {
      at->type == OC_JSON_STRING ? w.string(at->text) : w.raw(at->raw);
      return;
    }
    w.open(at->type == OC_JSON_ARRAY);
    for (const oc_json* m = at->first; m != nullptr; m = m->next) {
      if (at->type == OC_JSON_OBJECT) w.key(m->key);
      self(self, m);
    }
    w.close();
  };
  write(write, v);
  return out;
}

inline std::int64_t count_of(const oc_json* usage, const char* name) {
  return json::integer(json::get(usage, name), 0);
}

// One response object by the dialect's grammar. `last`: of its answer.
inline void check_response(const std::string& text, bool streamed, bool last, const std::string& who) {
  Arena arena;
  const oc_json* root = json::parse(arena, text);
  ASSERT_NE(root, nullptr) << who << text;
  ASSERT_EQ(root->type, static_cast<std::uint32_t>(OC_JSON_OBJECT)) << who;
  EXPECT_NE(json::get(root, "responseId"), nullptr) << who;
  EXPECT_NE(json::get(root, "modelVersion"), nullptr) << who;
  if (const oc_json* u = json::get(root, "usageMetadata")) {
    EXPECT_EQ(count_of(u, "totalTokenCount"),
              count_of(u, "promptTokenCount") + count_of(u, "candidatesTokenCount") + count_of(u, "thoughtsTokenCount"))
        << who;
    EXPECT_LE(count_of(u, "cachedContentTokenCount"), count_of(u, "promptTokenCount")) << who;
  }
  const oc_json* candidates = json::get(root, "candidates");
  if (candidates == nullptr) {
    EXPECT_NE(json::get(json::get(root, "promptFeedback"), "blockReason"), nullptr) << who << text;
    return;
  }
  for (const oc_json* c = candidates->first; c != nullptr; c = c->next) {
    EXPECT_NE(json::get(c, "index"), nullptr) << who;
    const oc_json *content = json::get(c, "content"), *parts = json::get(content, "parts");
    ASSERT_NE(parts, nullptr) << who << text;
    ASSERT_NE(json::get(content, "role"), nullptr) << who;
    EXPECT_EQ(json::get(content, "role")->text, "model") << who;
    EXPECT_EQ(json::get(c, "finishReason") != nullptr, last) << who << text;
    if (streamed) {
      EXPECT_GT(parts->size, 0u) << who << text;
    }
    for (const oc_json* p = parts->first; p != nullptr; p = p->next) {
      int kinds = 0;
      for (const oc_json* m = p->first; m != nullptr; m = m->next)
        kinds += m->key == "thought" || m->key == "thoughtSignature" ? 0 : 1;
      EXPECT_EQ(kinds, 1) << who << text;
      if (const oc_json* f = json::get(p, "functionCall")) {
        ASSERT_NE(json::get(f, "args"), nullptr) << who;
        EXPECT_EQ(json::get(f, "args")->type, static_cast<std::uint32_t>(OC_JSON_OBJECT)) << who;
        EXPECT_NE(json::get(f, "name"), nullptr) << who;
      }
    }
  }
}

// The response objects of an answer, after a look at how they are framed.
inline std::vector<std::string> check_answer(Form form, const std::string& body, const std::string& who) {
  std::vector<std::string> out;
  if (form == Form::whole) {
    out.push_back(body);
  } else if (form == Form::array) {
    Arena arena;
    const oc_json* root = json::parse(arena, body);
    EXPECT_NE(root, nullptr) << who << body;
    EXPECT_TRUE(root != nullptr && root->type == OC_JSON_ARRAY) << who;
    for (const oc_json* e = root != nullptr ? root->first : nullptr; e != nullptr; e = e->next)
      out.emplace_back(e->raw);
  } else {
    EXPECT_TRUE(body.ends_with("\r\n\r\n")) << who;
    for (std::size_t at = 0; at < body.size();) {
      const auto end = body.find("\r\n\r\n", at);
      if (end == std::string::npos) break;
      const std::string block = body.substr(at, end - at);
      EXPECT_EQ(block.substr(0, 6), "data: ") << who;
      EXPECT_EQ(block.find('\n'), std::string::npos) << who;
      out.push_back(block.substr(6));
      at = end + 4;
    }
  }
  EXPECT_FALSE(out.empty()) << who;
  for (std::size_t i = 0; i < out.size(); ++i) check_response(out[i], form != Form::whole, i + 1 == out.size(), who);
  return out;
}

}  // namespace onechat::gemini
