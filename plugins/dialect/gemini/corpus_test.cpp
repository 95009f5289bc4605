// What real clients and Google sent, through surface and provider. Skipped where the recordings are not there.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "gemini/harness_test.hpp"
#include "gemini/recordings_test.hpp"
#include "net/sse_splitter.hpp"

namespace onechat::gemini {
namespace {

using test::Event;
using test::FakeHost;
using Recording = test::GeminiRecording;

struct Corpus : ::testing::Test {
  static const std::vector<Recording>& all() {
    static const std::vector<Recording> recordings = test::load_gemini_corpus();
    return recordings;
  }
  void SetUp() override {
    if (all().empty()) GTEST_SKIP() << "no recordings here (ONECHAT_CORPUS)";
  }
};

bool generates(const Recording& r) { return r.endpoint == "generateContent" || r.endpoint == "streamGenerateContent"; }
bool is_error(const Recording& r) { return r.status != 200; }

// A request that would get the recorded answer, for recordings without one.
std::string request_of(const Recording& r) {
  return !r.request.empty() ? r.request : R"({"contents":[{"role":"user","parts":[{"text":"hi"}]}]})";
}
std::string model_of(const Recording& r) { return r.model.empty() ? "gemini-3-pro-preview" : r.model; }

Parsed parsed(const FakeHost& host, const Recording& r, std::string_view query = "alt=sse") {
  return Parsed(host, request_of(r), "/v1beta/models/" + model_of(r) + ":" + r.endpoint, query);
}

// ---- the recording, read without the code under test

struct Said {
  std::string text, thoughts, reason;
  std::vector<std::array<std::string, 2>> tools;  // name, arguments
  std::set<std::string> signatures;
  bool operator==(const Said&) const = default;
};
using Answer = std::map<std::int64_t, Said>;

std::string str(const oc_json* v) {
  return v != nullptr && v->type == OC_JSON_STRING ? std::string(v->text) : std::string();
}

void add_part(const oc_json* p, Said& said) {
  const oc_json *thought = json::get(p, "thought"), *call = json::get(p, "functionCall");
  (thought != nullptr && thought->raw == "true" ? said.thoughts : said.text) += str(json::get(p, "text"));
  if (json::get(p, "executableCode") == nullptr && json::get(p, "toolCall") == nullptr &&
      json::get(p, "toolResponse") == nullptr)
    if (const auto s = str(json::get(p, "thoughtSignature")); !s.empty()) said.signatures.insert(s);
  if (call == nullptr || json::get(call, "name") == nullptr) return;
  const oc_json* args = json::get(call, "args");
  said.tools.push_back({str(json::get(call, "name")), args != nullptr ? std::string(args->raw) : "{}"});
}

Answer read_payloads(const std::vector<std::string>& payloads) {
  Answer out;
  for (const std::string& payload : payloads) {
    Arena arena;
    const oc_json* list = json::get(json::parse(arena, payload), "candidates");
    for (const oc_json* c = list != nullptr ? list->first : nullptr; c != nullptr; c = c->next) {
      Said& said = out[json::integer(json::get(c, "index"), 0)];
      const oc_json* parts = json::get(json::get(c, "content"), "parts");
      for (const oc_json* p = parts != nullptr ? parts->first : nullptr; p != nullptr; p = p->next) add_part(p, said);
      if (const auto reason = str(json::get(c, "finishReason")); !reason.empty()) said.reason = reason;
    }
  }
  return out;
}

Answer recorded(const Recording& r) {
  return read_payloads(r.streamed ? r.payloads : std::vector<std::string>{r.body});
}
bool streams_arguments(const Recording& r) {
  return std::any_of(r.payloads.begin(), r.payloads.end(),
                     [](const auto& p) { return p.find("willContinue") != std::string::npos; });
}

void feed(Attempt& attempt, const Recording& r, bool straight) {
  if (!r.streamed) attempt.frame(r.body, straight);
  for (const auto& p : r.payloads) attempt.frame(p, straight);
}

// ---- requests

TEST_F(Corpus, EveryRequestParses) {
  FakeHost host;
  int n = 0;
  for (const Recording& r : all()) {
    if (r.request.empty()) continue;
    const Parsed p = parsed(host, r);
    ASSERT_EQ(p.status, OC_OK) << r.id << ": " << (p.call->failure ? p.call->failure->message : "");
    Arena arena;
    const oc_json* root = json::parse(arena, r.request);
    EXPECT_EQ(oc::view(p.request->model), r.model) << r.id;
    if (const oc_json* contents = json::get(root, "contents")) {
      const bool system = json::get(root, "systemInstruction") != nullptr;
      EXPECT_EQ(p.request->n_turns, contents->size + (system ? 1 : 0)) << r.id;
    }
    EXPECT_LE(p.request->input_bytes, r.request.size() + 16384) << r.id;
    for (std::uint64_t t = 0; t < p.request->n_turns; ++t)
      for (std::uint64_t i = 0; i < p.request->turns[t]->n_parts; ++i) {
        const oc_part& part = *p.request->turns[t]->parts[i];
        if (part.type == OC_PART_TOOL_RESULT) {
          EXPECT_EQ(dialect::name_of_call(*p.request, oc::view(part.tool_id)), oc::view(part.tool_name)) << r.id;
        }
      }
    ++n;
  }
  RecordProperty("requests", n);
  EXPECT_GT(n, 200);
}

TEST_F(Corpus, AStraightRequestIsTheClientsBody) {
  FakeHost host;
  int n = 0;
  for (const Recording& r : all()) {
    if (r.request.empty()) continue;
    const Parsed p = parsed(host, r);
    ASSERT_EQ(p.status, OC_OK) << r.id;
    Attempt same(host);
    EXPECT_EQ(same.build(*p.request), r.request) << r.id;
    EXPECT_EQ(same.http.straight, 1u) << r.id;
    const std::string verb = r.endpoint + (r.endpoint == "streamGenerateContent" ? "?alt=sse" : "");
    EXPECT_EQ(oc::view(same.http.path), "/models/" + r.model + ":" + verb) << r.id;
    oc_request renamed = *p.request;
    renamed.model = oc::str("other");
    Attempt attempt(host);
    const std::string sent = attempt.build(renamed);
    ASSERT_EQ(attempt.built, OC_OK) << r.id;
    if (r.endpoint != "batchEmbedContents")
      EXPECT_EQ(sent, r.request) << r.id;
    else
      EXPECT_NE(sent.find(R"("models/other")"), std::string::npos) << sent;
    ++n;
  }
  EXPECT_GT(n, 200);
}

std::string upper(std::string_view word) {
  std::string out(word);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return out;
}

// Member names in camelCase, except inside what clients name themselves; functions beside each other in one list.
void canonical(const oc_json* v, oc_jsonw& w, bool free_names) {
  if (v->type == OC_JSON_ARRAY) {
    w.array();
    for (const oc_json* i = v->first; i != nullptr; i = i->next) canonical(i, w, free_names);
    w.close();
    return;
  }
  if (v->type != OC_JSON_OBJECT) {
    v->key == "thinkingLevel" ? w.string(upper(v->text)) : w.raw(v->raw);
    return;
  }
  w.object();
  for (const oc_json* m = v->first; m != nullptr; m = m->next) {
    std::string name;
    for (std::size_t i = 0; i < m->key.size(); ++i) {
      const bool hump = !free_names && m->key[i] == '_' && i + 1 < m->key.size();
      name += hump ? static_cast<char>(std::toupper(m->key[++i])) : m->key[i];
    }
    static const std::set<std::string> kFree = {
        "args",           "response",           "parameters",      "parametersJsonSchema",
        "responseSchema", "responseJsonSchema", "modelArmorConfig"};
    if (!free_names && name == "generationConfig" && m->size == 0) continue;  // says nothing
    w.key(name);
    canonical(m, w, free_names || kFree.contains(name));
  }
  w.close();
}
std::string canonical(const std::string& text) {
  Arena arena;
  std::string out;
  oc_jsonw w(&out);
  canonical(json::parse(arena, text), w, false);
  return out;
}

// Where two JSON values differ first; "" when they are the same.
std::string difference(const oc_json* a, const oc_json* b, const std::string& at) {
  if (a == nullptr || b == nullptr) return at + (a == nullptr ? " is missing" : " is new");
  if (a->type != b->type || (a->type == OC_JSON_ARRAY && a->size != b->size)) return at;
  if (a->type == OC_JSON_ARRAY) {
    int i = 0;
    for (const oc_json *x = a->first, *y = b->first; x != nullptr; x = x->next, y = y->next)
      if (auto d = difference(x, y, at + "[" + std::to_string(i++) + "]"); !d.empty()) return d;
    return "";
  }
  if (a->type != OC_JSON_OBJECT) return test::same_json(a, b) ? "" : at;
  for (const oc_json* x = a->first; x != nullptr; x = x->next)
    if (auto d = difference(x, json::get(b, x->key), at + "." + std::string(x->key)); !d.empty()) return d;
  for (const oc_json* y = b->first; y != nullptr; y = y->next)
    if (json::get(a, y->key) == nullptr) return at + "." + std::string(y->key) + " is missing";
  return "";
}
std::string difference(const std::string& a, const std::string& b) {
  Arena arena;
  return difference(json::parse(arena, a), json::parse(arena, b), "");
}

TEST_F(Corpus, ARequestWrittenAnewLosesNothing) {
  FakeHost host;
  int n = 0;
  for (const Recording& r : all()) {
    if (r.request.empty() || !generates(r)) continue;
    const Parsed p = parsed(host, r);
    ASSERT_EQ(p.status, OC_OK) << r.id;
    Attempt attempt(host);
    const std::string sent = attempt.build(*p.request, false);
    ASSERT_EQ(attempt.built, OC_OK) << r.id;
    EXPECT_EQ(attempt.http.straight, 0u);
    EXPECT_EQ(difference(canonical(sent), canonical(r.request)), "") << r.id;
    EXPECT_TRUE(attempt.call->dropped.empty()) << r.id;
    ++n;
  }
  EXPECT_GT(n, 200);
}

// ---- answers

TEST_F(Corpus, EveryAnswerIsUnderstood) {
  FakeHost host;
  int n = 0;
  for (const Recording& r : all()) {
    if (is_error(r)) continue;
    const Parsed p = parsed(host, r);
    ASSERT_EQ(p.status, OC_OK) << r.id;
    Attempt attempt(host);
    attempt.build(*p.request);
    feed(attempt, r, true);
    EXPECT_EQ(attempt.finish(), OC_OK) << r.id;
    EXPECT_EQ(attempt.call->last(OC_EV_ERROR), nullptr) << r.id;
    ASSERT_NE(attempt.call->last(OC_EV_FINISH), nullptr) << r.id;
    check_event_order(attempt.call->events, r.id);
    ++n;
  }
  RecordProperty("answers", n);
  EXPECT_GT(n, 200);
}

TEST_F(Corpus, AToolReplyEndsWithTheToolReason) {
  FakeHost host;
  int n = 0;
  for (const Recording& r : all()) {
    if (is_error(r) || !generates(r)) continue;
    Answer wanted = recorded(r);
    const Parsed p = parsed(host, r);
    Attempt attempt(host);
    attempt.build(*p.request);
    feed(attempt, r, true);
    attempt.finish();
    if (wanted[0].tools.empty() || wanted[0].reason != "STOP") continue;
    EXPECT_EQ(attempt.call->last(OC_EV_FINISH)->finish, static_cast<std::uint32_t>(OC_FIN_TOOL)) << r.id;
    ++n;
  }
  EXPECT_GT(n, 60);
}

// Every rendering of what the provider understood says what the recording says.
TEST_F(Corpus, ATranslatedAnswerSaysTheSame) {
  FakeHost host;
  int n = 0;
  for (const Recording& r : all()) {
    if (is_error(r) || !generates(r) || streams_arguments(r)) continue;
    const Answer wanted = recorded(r);
    for (const Form form : {Form::whole, Form::sse, Form::array}) {
      const Parsed p =
          reader_of(host, form, R"({"contents":"hi","generationConfig":{"thinkingConfig":{"includeThoughts":true}}})");
      ASSERT_EQ(p.status, OC_OK);
      Attempt attempt(host);
      const Parsed asked = parsed(host, r);
      attempt.build(*asked.request, false);
      feed(attempt, r, false);
      EXPECT_EQ(attempt.finish(), OC_OK) << r.id;
      const std::string body = render(p, attempt.call->events);
      const auto payloads = check_answer(form, body, r.id);
      Answer got = read_payloads(payloads);
      for (auto [index, said] : wanted) {
        if (said.reason.empty()) said.reason = "STOP";
        for (auto* a : {&said, &got[index]})
          for (auto& tool : a->tools) tool[1] = without_spaces(tool[1]);
        EXPECT_EQ(got[index].text, said.text) << r.id;
        EXPECT_EQ(got[index].thoughts, said.thoughts) << r.id;
        EXPECT_EQ(got[index].tools, said.tools) << r.id;
        EXPECT_EQ(got[index].reason, said.reason) << r.id;
        EXPECT_EQ(got[index].signatures, said.signatures) << r.id;
      }
    }
    ++n;
  }
  RecordProperty("answers", n);
  EXPECT_GT(n, 200);
}

TEST_F(Corpus, StreamedArgumentsComeTogether) {
  FakeHost host;
  int n = 0;
  for (const Recording& r : all()) {
    if (!streams_arguments(r)) continue;
    const Parsed p = parsed(host, r);
    Attempt attempt(host);
    attempt.build(*p.request);
    feed(attempt, r, true);
    EXPECT_EQ(attempt.finish(), OC_OK) << r.id;
    check_event_order(attempt.call->events, r.id);
    std::vector<std::string> calls;
    for (const Event& e : attempt.call->events) {
      if (e.type == OC_EV_TOOL_BEGIN) calls.push_back(e.tool_name);
      if (e.type == OC_EV_TOOL_ARGS) calls.push_back(e.text);
    }
    ++n;
    if (r.id.find("no-args") != std::string::npos) {
      EXPECT_EQ(calls, (std::vector<std::string>{"read_theme", "{}", "read_screen", R"({"id":"A"})", "read_screen",
                                                 R"({"id":"B"})", "read_screen", R"({"id":"C"})"}));
    } else if (r.id.find("missing-terminal") != std::string::npos) {
      ASSERT_EQ(calls.size(), 2u);
      EXPECT_TRUE(test::same_json(calls[1], R"({"operations":[
          {"action":"add","description":"Fresh red apple","itemid":"apple_001","price":0.5},
          {"action":"add","description":"Ripe yellow banana","itemid":"banana_001","price":0.3}]})"))
          << calls[1];
    }
  }
  EXPECT_GE(n, 2);
}

TEST_F(Corpus, HowAStreamIsCutDoesNotMatter) {
  FakeHost host;
  std::mt19937 random(7);
  int n = 0;
  for (const Recording& r : all()) {
    if (r.sse.empty()) continue;
    const Parsed p = parsed(host, r);
    const auto events = [&](auto&& next_size) {
      Attempt attempt(host);
      attempt.build(*p.request);
      net::SseSplitter splitter;
      net::SseSplitter::Event e;
      for (std::size_t at = 0; at < r.sse.size();) {
        const std::size_t size = std::min<std::size_t>(next_size(), r.sse.size() - at);
        splitter.feed(std::string_view(r.sse).substr(at, size));
        at += size;
        while (splitter.next(e))
          if (e.has_data) attempt.frame(std::string(e.data), true);
      }
      while (splitter.rest(e))
        if (e.has_data) attempt.frame(std::string(e.data), true);
      const auto seen = attempt.call->events;
      return std::pair(seen, attempt.finish());
    };
    const auto whole = events([&] { return r.sse.size(); });
    EXPECT_EQ(whole.second, OC_OK) << r.id;
    if (r.sse.size() < 20000) {
      EXPECT_EQ(events([] { return 1; }), whole) << r.id;
    }
    EXPECT_EQ(events([&] { return 1 + random() % 300; }), whole) << r.id;
    ++n;
  }
  EXPECT_GT(n, 40);
}

// Without its last event a stream is not an answer.
TEST_F(Corpus, AStreamThatBreaksOffIsNoSuccess) {
  FakeHost host;
  int n = 0;
  for (const Recording& r : all()) {
    if (!r.streamed || is_error(r)) continue;
    const Parsed p = parsed(host, r);
    Attempt attempt(host);
    attempt.build(*p.request);
    for (const auto& payload : r.payloads) {
      if (payload.find("finishReason") != std::string::npos || payload.find("blockReason") != std::string::npos) break;
      attempt.frame(payload, true);
    }
    EXPECT_EQ(attempt.finish(), OC_E_UPSTREAM) << r.id;
    ++n;
  }
  EXPECT_GT(n, 40);
}

TEST_F(Corpus, UsageIsSplitIntoDisjointBuckets) {
  FakeHost host;
  int n = 0;
  for (const Recording& r : all()) {
    if (is_error(r) || !generates(r)) continue;
    std::map<std::string, std::uint64_t> wire;
    for (const auto& text : r.streamed ? r.payloads : std::vector<std::string>{r.body}) {
      Arena arena;
      const oc_json* u = json::get(json::parse(arena, text), "usageMetadata");
      if (u == nullptr ||
          (json::get(u, "promptTokenCount") == nullptr && json::get(u, "candidatesTokenCount") == nullptr))
        continue;
      wire.clear();
      for (const oc_json* m = u->first; m != nullptr; m = m->next)
        if (m->type == OC_JSON_NUMBER) wire[std::string(m->key)] = static_cast<std::uint64_t>(json::integer(m, 0));
    }
    const Parsed p = parsed(host, r);
    Attempt attempt(host);
    attempt.build(*p.request);
    feed(attempt, r, true);
    const Event* last = attempt.call->last(OC_EV_USAGE);
    ASSERT_EQ(last != nullptr, !wire.empty()) << r.id;
    if (last == nullptr) continue;
    const oc_usage& u = last->usage;
    EXPECT_TRUE(u.flags & OC_USAGE_FINAL) << r.id;
    EXPECT_EQ(prompt_tokens(u), wire["promptTokenCount"] + wire["toolUsePromptTokenCount"]) << r.id;
    EXPECT_EQ(u.cache_read, wire["cachedContentTokenCount"]) << r.id;
    EXPECT_EQ(u.reasoning, wire["thoughtsTokenCount"]) << r.id;
    EXPECT_EQ(u.output + u.audio_output, wire["candidatesTokenCount"]) << r.id;
    EXPECT_EQ(prompt_tokens(u) + u.reasoning + u.output + u.audio_output, wire["totalTokenCount"]) << r.id;
    ++n;
  }
  RecordProperty("usages", n);
  EXPECT_GT(n, 200);
}

TEST_F(Corpus, EveryErrorIsUnderstood) {
  FakeHost host;
  int n = 0;
  for (const Recording& r : all()) {
    if (!is_error(r)) continue;
    const Parsed p = reader_of(host, Form::whole, R"({"contents":"hi"})");
    for (const std::string& body : {r.body, "[" + r.body + "]"}) {
      Attempt attempt(host);
      attempt.build(*p.request);
      const oc_event e = attempt.map_error(static_cast<std::uint32_t>(r.status), body);
      EXPECT_LT(e.status, 0) << r.id;
      EXPECT_EQ(e.http_status, r.status) << r.id;
      EXPECT_NE(r.body.find(oc::view(e.text).substr(0, 10)), std::string::npos) << r.id << oc::view(e.text);
      const bool key = r.body.find("API_KEY_INVALID") != std::string::npos;
      EXPECT_EQ(e.status, key ? OC_E_AUTH : r.status == 429 ? OC_E_RATE : OC_E_INVALID) << r.id;
      EXPECT_EQ(e.retry_after_ms != 0, r.body.find("RetryInfo") != std::string::npos) << r.id;
      // The same dialect tells it as it was.
      EXPECT_TRUE(test::same_json(render_error(p, e), r.body)) << r.id;
    }
    ++n;
  }
  EXPECT_GE(n, 5);
}

// Bytes lost, doubled and turned over: nothing may crash, and what is understood must keep its order.
TEST_F(Corpus, DamagedTrafficDoesNoHarm) {
  FakeHost host;
  std::mt19937 random(11);
  const auto damaged = [&](std::string text) {
    for (int i = 0; i < 3 && !text.empty(); ++i) {
      const std::size_t at = random() % text.size();
      switch (random() % 4) {
        case 0: text[at] = static_cast<char>(random()); break;
        case 1: text.erase(at, random() % 9); break;
        case 2: text.insert(at, text.substr(random() % text.size(), random() % 40)); break;
        default: text[at] = "{}[]\",:0n"[random() % 9];
      }
    }
    return text;
  };
  int understood = 0;
  for (const Recording& r : all()) {
    if (r.request.size() + r.body.size() > 30000) continue;
    for (int round = 0; round < 4; ++round) {
      const Parsed p(host, damaged(request_of(r)), "/v1beta/models/gemini-3-x:" + r.endpoint, "alt=sse");
      if (p.status == OC_OK) {
        Attempt attempt(host);
        attempt.build(*p.request, false);
        if (attempt.built == OC_OK) {
          Arena arena;
          EXPECT_NE(json::parse(arena, attempt.body), nullptr) << attempt.body;
          ++understood;
        }
      }
      const Parsed reader = reader_of(host, Form::sse, R"({"contents":"hi"})");
      const Parsed asked = parsed(host, r);
      Attempt attempt(host);
      attempt.build(*asked.request, false);
      if (!r.streamed) attempt.frame(damaged(r.body), false);
      for (const auto& payload : r.payloads) attempt.frame(damaged(payload), false);
      check_event_order(attempt.call->events, r.id);
      if (attempt.finish() == OC_OK && generates(r))
        check_answer(Form::sse, render(reader, attempt.call->events), r.id);
    }
  }
  RecordProperty("understood", understood);
  EXPECT_GT(understood, 50);
}

}  // namespace
}  // namespace onechat::gemini
