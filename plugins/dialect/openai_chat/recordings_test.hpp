// One recorded exchange through surface and provider, and what it says, read without the code under test.
#pragma once
#include <gtest/gtest.h>

#include <array>
#include <map>

#include "openai_chat/corpus.hpp"
#include "provider.hpp"
#include "settings_schema.hpp"
#include "support/fake_host.hpp"
#include "surface.hpp"

namespace onechat::openai_chat {

using test::Event;
using test::FakeCall;
using test::FakeHost;
using test::Recording;

inline constexpr oc_component kSurface = oc::surface<Surface>({"surface.openai_chat", "0", "", nullptr, 0});
inline constexpr oc_component kProvider = oc::provider<Provider>({"provider.openai_chat", "0", "", nullptr, Provider::kCaps});

struct Corpus : ::testing::Test {
  static const std::vector<Recording>& all() {
    static const std::vector<Recording> recordings = test::load_corpus();
    return recordings;
  }
  void SetUp() override {
    if (all().empty()) GTEST_SKIP() << "no recordings here (ONECHAT_CORPUS)";
  }
  static std::uint32_t op_of(const Recording& r) {
    if (r.endpoint == "chat.completions") return OC_OP_GENERATE;
    return r.endpoint == "embeddings" ? std::uint32_t(OC_OP_EMBED) : 0;
  }
};

// One request on its way in: what the surface made of it.
struct Parsed {
  Parsed(const FakeHost& host, std::string text, std::uint32_t op) : surface(host, kSurface), state(surface->call_state_size), body(std::move(text)) {
    oc_http_in in = oc::sized<oc_http_in>();
    in.op = op;
    in.body = oc::bytes(body);
    status = surface->parse(surface.self(), call.handle(), state, &call.arena, &in, &request);
  }
  test::Instance<oc_surface> surface;
  test::CallState state;
  FakeCall call;
  std::string body;
  const oc_request* request = nullptr;
  oc_status status = OC_OK;
};

// One attempt at an upstream.
struct Attempt {
  explicit Attempt(const FakeHost& host) : provider(host, kProvider), state(provider->call_state_size) {}
  ~Attempt() {
    if (!ended) finish();
  }
  std::string build(const oc_request& request, bool straight_ok = true) {
    http.struct_size = sizeof http;
    writer.bind(&body);
    http.body_json = &writer;
    built = provider->build(provider.self(), call.handle(), state, &call.arena, &request, straight_ok ? 1 : 0, &http);
    if (http.straight != 0) return test::apply(oc::view(request.raw), http.splices, http.n_splices);
    return body;
  }
  // What the client gets of this frame.
  std::string frame(const std::string& data, bool straight, bool* dropped = nullptr) {
    Arena frame_arena;  // the host's goes with the frame too
    oc_frame f = oc::sized<oc_frame>();
    f.data = oc::bytes(data);
    oc_relay relay = oc::sized<oc_relay>();
    EXPECT_GE(provider->frame(provider.self(), call.handle(), state, &frame_arena, &f, straight ? &relay : nullptr), 0) << data;
    if (dropped != nullptr) *dropped = relay.drop != 0;
    return test::apply(data, relay.splices, relay.n_splices);
  }
  oc_status finish(oc_status transport = OC_OK) {
    ended = true;
    return provider->finish(provider.self(), call.handle(), state, &call.arena, transport);
  }
  test::Instance<oc_provider_codec> provider;
  test::CallState state;
  FakeCall call;
  oc_http_request http{};
  std::string body;
  oc_jsonw writer;
  oc_status built = OC_OK;
  bool ended = false;
};

// A request that would get the recorded answer, for recordings without one.
inline std::string request_of(const Recording& r, bool streamed) {
  if (!r.request.empty()) return r.request;
  return std::string(R"({"model":"m","messages":[{"role":"user","content":"hi"}],"stream":)") + (streamed ? "true}" : "false}");
}

inline std::string without(const std::string& text, std::string_view name) {
  Arena arena;
  const oc_json* root = json::parse(arena, text);
  std::string out;
  oc_jsonw w(&out);
  w.object();
  for (const oc_json* m = root->first; m != nullptr; m = m->next)
    if (m->key != name) w.key(m->key).raw(m->raw);
  w.close();
  return out;
}

// Text and tool calls of each choice, read from the recording without the code under test.
struct Said {
  std::string text, reasoning, refusal;
  std::string details;  // the reasoning once more, or for the first time
  std::vector<std::array<std::string, 2>> tools;  // name, arguments
  bool operator==(const Said& o) const {
    const auto thought = [](const Said& s) { return s.reasoning.empty() ? s.details : s.reasoning; };
    return text == o.text && refusal == o.refusal && tools == o.tools && thought(*this) == thought(o);
  }
};
using Speech = std::map<std::int64_t, Said>;

inline std::string text_of(const oc_json* content, bool thinking) {
  if (content == nullptr) return {};
  if (content->type == OC_JSON_STRING) return thinking ? "" : std::string(content->text);
  std::string out;
  if (content->type == OC_JSON_ARRAY)
    for (const oc_json* p = content->first; p != nullptr; p = p->next) {
      const oc_json* inner = json::get(p, "thinking");
      if (inner != nullptr && thinking) out += text_of(inner, false);
      if (const oc_json* text = json::get(p, "text"); inner == nullptr && text != nullptr && !thinking) out += text->text;
    }
  return out;
}

inline void add_message(const oc_json* m, Said& said, std::map<std::int64_t, std::size_t>& open) {
  const auto str = [&](const oc_json* v) { return v != nullptr && v->type == OC_JSON_STRING ? std::string(v->text) : std::string(); };
  said.text += text_of(json::get(m, "content"), false);
  const std::string reasoning = str(json::get(m, "reasoning_content"));
  const std::string told = (reasoning.empty() ? str(json::get(m, "reasoning")) : reasoning) + text_of(json::get(m, "content"), true);
  said.reasoning += told;
  const oc_json* details = json::get(m, "reasoning_details");
  for (const oc_json* d = details != nullptr ? details->first : nullptr; d != nullptr; d = d->next)
    said.details += str(json::get(d, "text")) + str(json::get(d, "summary"));
  said.refusal += str(json::get(m, "refusal"));
  const oc_json* calls = json::get(m, "tool_calls");
  std::int64_t position = 0;
  const auto piece = [&](std::int64_t index, const oc_json* function) {
    if (!open.contains(index)) {
      open[index] = said.tools.size();
      said.tools.push_back({str(json::get(function, "name")), ""});
    }
    said.tools[open[index]][1] += str(json::get(function, "arguments"));
  };
  for (const oc_json* t = calls != nullptr ? calls->first : nullptr; t != nullptr; t = t->next, ++position)
    piece(json::integer(json::get(t, "index"), position), json::get(t, "function"));
  const oc_json* legacy = json::get(m, "function_call");
  if (legacy != nullptr && legacy->size != 0 && (open.contains(0) || !str(json::get(legacy, "name")).empty())) piece(0, legacy);
}

inline Speech read_payloads(const std::vector<std::string>& payloads, std::string_view member) {
  Speech out;
  std::map<std::int64_t, std::map<std::int64_t, std::size_t>> open;
  for (const std::string& p : payloads) {
    Arena arena;
    const oc_json* choices = json::get(json::parse(arena, p), "choices");
    std::int64_t position = 0;
    for (const oc_json* c = choices != nullptr ? choices->first : nullptr; c != nullptr; c = c->next, ++position) {
      const std::int64_t index = json::integer(json::get(c, "index"), position);
      add_message(json::get(c, member), out[index], open[index]);
    }
  }
  return out;
}

inline Speech recorded(const Recording& r) { return r.streamed ? read_payloads(r.payloads, "delta") : read_payloads({r.body}, "message"); }

inline bool is_error(const Recording& r) {
  if (r.status != 200) return true;
  const auto has = [](const std::string& text) {
    Arena arena;
    const oc_json* root = json::parse(arena, text);
    const oc_json* error = json::get(root, "error");
    return root == nullptr || root->type != OC_JSON_OBJECT || (error != nullptr && error->type != OC_JSON_NULL);
  };
  if (!r.streamed) return has(r.body);
  return std::any_of(r.payloads.begin(), r.payloads.end(), [&](const auto& p) { return p != "[DONE]" && has(p); });
}

inline void feed(Attempt& attempt, const Recording& r, bool straight) {
  if (!r.streamed) attempt.frame(r.body, straight);
  for (const auto& p : r.payloads) attempt.frame(p, straight);
}

}  // namespace onechat::openai_chat
