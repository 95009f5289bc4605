// What real clients and Anthropic sent, through surface and provider. Skipped where the recordings are not there.
#include "anthropic_messages/recordings_test.hpp"

#include <gtest/gtest.h>

#include <random>

#include "anthropic_messages/stream_rules_test.hpp"
#include "net/sse_splitter.hpp"
#include "provider.hpp"
#include "settings_schema.hpp"
#include "support/fake_host.hpp"
#include "surface.hpp"

namespace onechat::anthropic_messages {
namespace {

using test::Event;
using test::FakeCall;
using test::FakeHost;
using test::Message;
using test::MessageBlock;
using test::Recording;

constexpr oc_component kSurface = oc::surface<Surface>({"surface.anthropic_messages", "0", "", nullptr, 0});
constexpr oc_component kProvider =
    oc::provider<Provider>({"provider.anthropic_messages", "0", "", kSettingsSchema, Provider::kCaps});

struct Corpus : ::testing::Test {
  static const std::vector<Recording>& all() {
    static const std::vector<Recording> recordings = test::load_corpus();
    return recordings;
  }
  void SetUp() override {
    if (all().empty()) GTEST_SKIP() << "no recordings here (ONECHAT_CORPUS)";
  }
  static std::uint32_t op_of(const Recording& r) {
    if (r.endpoint == "count_tokens") return OC_OP_COUNT_TOKENS;
    return r.endpoint == "batches" ? 0 : std::uint32_t(OC_OP_GENERATE);
  }
  // Clouds have the model in the path; such a body is not one of this API.
  static bool has_own_request(const Recording& r) { return r.endpoint == "messages" || r.endpoint == "count_tokens"; }
  static bool answers(const Recording& r) { return op_of(r) == OC_OP_GENERATE && r.status == 200 && (r.streamed || !r.body.empty()); }
  // Two beginnings in one stream: an upstream that broke its own rules.
  static bool spliced(const Recording& r) {
    return std::count_if(r.payloads.begin(), r.payloads.end(), [](const std::string& p) {
             return p.rfind(R"({"type":"message_start")", 0) == 0;
           }) > 1;
  }
};

// One request on its way in: what the surface made of it.
struct Parsed {
  Parsed(const FakeHost& host, std::string text, std::uint32_t op)
      : surface(host, kSurface), state(surface->call_state_size), body(std::move(text)) {
    oc_http_in in = oc::sized<oc_http_in>();
    in.op = op;
    in.body = oc::bytes(body);
    status = surface->parse(surface.self(), call.handle(), state, &call.arena, &in, &request);
  }
  // What a client gets of these events.
  std::string render(const std::vector<Event>& events) {
    test::FakeOut out;
    for (const Event& e : events) {
      Arena scratch;
      const oc_event view = e.view();
      EXPECT_GE(surface->event(surface.self(), call.handle(), state, &scratch, &view, out.handle()), OC_OK);
    }
    EXPECT_GE(surface->finish(surface.self(), call.handle(), state, &call.arena, out.handle()), OC_OK);
    return out.body;
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
  std::string frame(const std::string& data, bool straight) {
    Arena frame_arena;  // the host's goes with the frame too
    oc_frame f = oc::sized<oc_frame>();
    f.data = oc::bytes(data);
    oc_relay relay = oc::sized<oc_relay>();
    EXPECT_GE(provider->frame(provider.self(), call.handle(), state, &frame_arena, &f, straight ? &relay : nullptr), 0) << data;
    EXPECT_EQ(relay.drop, 0u);
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

std::string asking(bool stream) {
  return std::string(R"({"model":"m","max_tokens":9,"thinking":{"type":"adaptive"},"messages":[{"role":"user","content":"hi"}],"stream":)") +
         (stream ? "true}" : "false}");
}

// The events of a recorded answer.
std::vector<Event> heard(const FakeHost& host, const Recording& r, bool straight, oc_status* finished = nullptr) {
  const Parsed p(host, asking(r.streamed), OC_OP_GENERATE);
  Attempt attempt(host);
  attempt.build(*p.request, straight);
  if (!r.streamed) attempt.frame(r.body, straight);
  for (const auto& payload : r.payloads) attempt.frame(payload, straight);
  const oc_status s = attempt.finish();
  if (finished != nullptr) *finished = s;
  return attempt.call.events;
}

// JSON in one form for what may be said in two: texts as lists of blocks, defaults left out.
void canonical(const oc_json* v, oc_jsonw& w, std::string_view key = {}) {
  const bool content = key == "content" || key == "system";
  if (content && v->type == OC_JSON_STRING) {
    w.array().object().key("type").string("text").key("text").string(v->text).close().close();
  } else if (v->type == OC_JSON_ARRAY) {
    w.array();
    for (const oc_json* i = v->first; i != nullptr; i = i->next) canonical(i, w);
    w.close();
  } else if (v->type == OC_JSON_OBJECT) {
    w.object();
    const bool tool = json::get(v, "input_schema") != nullptr;
    for (const oc_json* m = v->first; m != nullptr; m = m->next) {
      const bool no = m->raw == "false";
      if (no && (m->key == "stream" || m->key == "is_error" || m->key == "disable_parallel_tool_use")) continue;
      if (tool && m->key == "type" && m->text == "custom") continue;
      w.key(m->key);
      m->key == "input" || m->key == "input_schema" || m->key == "schema" ? (void)w.raw(m->raw) : canonical(m, w, m->key);
    }
    w.close();
  } else {
    w.raw(v->raw);
  }
}
std::string canonical(const std::string& text) {
  Arena arena;
  std::string out;
  oc_jsonw w(&out);
  if (const oc_json* v = json::parse(arena, text)) canonical(v, w);
  return out;
}

// What was said, without empty texts, inputs in one spelling.
std::vector<MessageBlock> said(const Message& m) {
  std::vector<MessageBlock> out;
  for (MessageBlock b : m.content) {
    if (b.type == "text" && b.text.empty() && b.citations.empty()) continue;
    if (!b.input.empty()) b.input = canonical(b.input);
    out.push_back(b);
  }
  return out;
}

Message recorded(const Recording& r) { return r.streamed ? test::read_events(r.payloads) : test::read_whole(r.body); }

std::int64_t count(const std::string& usage, std::initializer_list<const char*> path) {
  Arena arena;
  const oc_json* v = json::parse(arena, usage);
  for (const char* name : path) v = json::get(v, name);
  return json::integer(v, 0);
}

TEST_F(Corpus, EveryRequestParses) {
  FakeHost host;
  int n = 0;
  for (const Recording& r : all()) {
    if (r.request.empty() || !has_own_request(r)) continue;
    const Parsed p(host, r.request, op_of(r));
    ASSERT_EQ(p.status, OC_OK) << r.id << ": " << (p.call.failure ? p.call.failure->message : "");
    Arena arena;
    const oc_json* root = json::parse(arena, r.request);
    EXPECT_EQ(oc::view(p.request->model), json::get(root, "model")->text) << r.id;
    EXPECT_EQ(p.request->n_turns, json::get(root, "messages")->size + (json::get(root, "system") != nullptr ? 1 : 0)) << r.id;
    for (std::uint64_t i = 0; i < p.request->n_anchors; ++i) {
      const oc_anchor& a = p.request->anchors[i];
      EXPECT_NE(json::parse(arena, std::string_view(p.body).substr(a.offset, a.length)), nullptr) << r.id;
    }
    ++n;
  }
  RecordProperty("requests", n);
  EXPECT_GT(n, 170);
}

TEST_F(Corpus, AStraightRequestDiffersInItsModelOnly) {
  FakeHost host;
  int n = 0;
  for (const Recording& r : all()) {
    if (r.request.empty() || !has_own_request(r)) continue;
    const Parsed p(host, r.request, op_of(r));
    ASSERT_EQ(p.status, OC_OK) << r.id;
    Attempt same(host);
    EXPECT_EQ(same.build(*p.request), r.request) << r.id;
    EXPECT_EQ(same.http.straight, 1u) << r.id;
    oc_request renamed = *p.request;
    renamed.model = oc::str("a \"target\"");
    Attempt attempt(host);
    std::string sent = attempt.build(renamed);
    std::string was("\"");
    was.append(oc::view(p.request->model)).append("\"");
    const auto at = sent.find(R"("a \"target\"")");
    ASSERT_NE(at, std::string::npos) << r.id;
    EXPECT_EQ(sent.replace(at, 14, was), r.request) << r.id;
    EXPECT_TRUE(attempt.call.dropped.empty()) << r.id;
    ++n;
  }
  EXPECT_GT(n, 170);
}

TEST_F(Corpus, ARequestWrittenAnewLosesNothing) {
  FakeHost host;
  int n = 0;
  for (const Recording& r : all()) {
    if (r.request.empty() || !has_own_request(r)) continue;
    const Parsed p(host, r.request, op_of(r));
    ASSERT_EQ(p.status, OC_OK) << r.id;
    Attempt attempt(host);
    const std::string sent = attempt.build(*p.request, false);
    ASSERT_EQ(attempt.built, OC_OK) << r.id;
    EXPECT_TRUE(attempt.call.dropped.empty()) << r.id << attempt.call.dropped.front();
    EXPECT_TRUE(test::same_json(canonical(sent), canonical(r.request))) << r.id << "\n" << sent << "\n" << r.request.substr(0, 4000);
    ++n;
  }
  EXPECT_GT(n, 170);
}

TEST_F(Corpus, AnswersAreRelayedToTheByte) {
  FakeHost host;
  int n = 0;
  for (const Recording& r : all()) {
    if (!answers(r) || spliced(r)) continue;
    const Parsed p(host, asking(r.streamed), OC_OP_GENERATE);
    Attempt attempt(host);
    attempt.build(*p.request);
    if (!r.streamed) {
      EXPECT_EQ(attempt.frame(r.body, true), r.body) << r.id;
    }
    for (const auto& payload : r.payloads) EXPECT_EQ(attempt.frame(payload, true), payload) << r.id;
    EXPECT_EQ(attempt.finish(), OC_OK) << r.id;
    EXPECT_EQ(attempt.call.last(OC_EV_ERROR), nullptr) << r.id;
    ++n;
  }
  RecordProperty("answers", n);
  EXPECT_GT(n, 200);
}

// Both renderings of what the provider understood say what the recording says.
TEST_F(Corpus, ATranslatedAnswerSaysTheSame) {
  FakeHost host;
  int n = 0, blocks = 0;
  for (const Recording& r : all()) {
    if (!answers(r) || spliced(r)) continue;
    const Message wanted = recorded(r);
    const auto events = heard(host, r, false);
    for (const bool stream : {false, true}) {
      Parsed client(host, asking(stream), OC_OP_GENERATE);
      const std::string text = client.render(events);
      const Message got = stream ? test::read_stream(text) : test::read_whole(text);
      EXPECT_TRUE(got.broken.empty()) << r.id << " " << got.broken.front();
      EXPECT_EQ(said(got), said(wanted)) << r.id << "\n" << text.substr(0, 3000);
      // Some recordings were trimmed by hand and lost it; a plain stop beside calls is told as what it is.
      const bool calls = std::any_of(wanted.content.begin(), wanted.content.end(), [](const MessageBlock& b) { return b.type == "tool_use"; });
      const bool plain = wanted.stop_reason.empty() || wanted.stop_reason == "end_turn";
      EXPECT_EQ(got.stop_reason, plain ? (calls ? "tool_use" : "end_turn") : wanted.stop_reason) << r.id;
      EXPECT_EQ(got.stop_sequence, wanted.stop_sequence) << r.id;
      if (wanted.id.rfind("msg_", 0) == 0) {
        EXPECT_EQ(got.id, wanted.id) << r.id;
      }
      const std::vector<MessageBlock> wanted_blocks = said(wanted);
      for (std::size_t i = 0; i < got.content.size() && i < wanted_blocks.size(); ++i) {
        const MessageBlock &mine = got.content[i], &theirs = wanted_blocks[i];
        ASSERT_EQ(mine.citations.size(), theirs.citations.size()) << r.id;
        for (std::size_t c = 0; c < mine.citations.size(); ++c) EXPECT_TRUE(test::same_json(mine.citations[c], theirs.citations[c]));
        // Blocks that are not modelled keep every member, and so do calls.
        const bool modelled = mine.type == "text" || mine.type == "thinking" || mine.type == "compaction";
        if (!stream && !r.streamed && !modelled) {
          EXPECT_TRUE(test::same_json(mine.raw, theirs.raw)) << r.id << mine.raw << theirs.raw;
        }
      }
      EXPECT_TRUE(client.call.dropped.empty()) << r.id;
      blocks += static_cast<int>(got.content.size());
    }
    ++n;
  }
  RecordProperty("answers", n);
  RecordProperty("blocks", blocks);
  EXPECT_GT(n, 200);
}

TEST_F(Corpus, AStreamThatBeginsAnewIsAnError) {
  FakeHost host;
  int n = 0;
  for (const Recording& r : all()) {
    if (!spliced(r)) continue;
    oc_status finished = OC_OK;
    const auto events = heard(host, r, false, &finished);
    EXPECT_EQ(finished, OC_E_UPSTREAM) << r.id;
    EXPECT_EQ(events.back().type, std::uint32_t(OC_EV_ERROR));
    ++n;
  }
  EXPECT_EQ(n, 1);
}

TEST_F(Corpus, HowAStreamIsCutDoesNotMatter) {
  FakeHost host;
  std::mt19937 random(7);
  int n = 0;
  for (const Recording& r : all()) {
    if (r.sse.empty() || !answers(r)) continue;
    const Parsed p(host, asking(true), OC_OP_GENERATE);
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
      return std::pair(attempt.call.events, attempt.finish());
    };
    const auto whole = events([&] { return r.sse.size(); });
    EXPECT_EQ(whole.second, OC_OK) << r.id;
    if (r.sse.size() < 20000) {
      EXPECT_EQ(events([] { return 1; }), whole) << r.id;
    }
    EXPECT_EQ(events([&] { return 1 + random() % 300; }), whole) << r.id;
    ++n;
  }
  EXPECT_GT(n, 35);
}

// A stream cut short anywhere before its end is never taken for an answer.
TEST_F(Corpus, ATruncatedStreamIsAnError) {
  FakeHost host;
  std::mt19937 random(11);
  int n = 0;
  for (const Recording& r : all()) {
    if (!r.streamed || !answers(r) || spliced(r)) continue;
    Recording cut = r;
    cut.payloads.resize(random() % (r.payloads.size() - 1) + 1);
    while (!cut.payloads.empty() && cut.payloads.back().find("message_stop") != std::string::npos) cut.payloads.pop_back();
    oc_status finished = OC_OK;
    heard(host, cut, true, &finished);
    EXPECT_EQ(finished, OC_E_UPSTREAM) << r.id;
    ++n;
  }
  EXPECT_GT(n, 55);
}

// The identities of the usage object, on everything that was ever reported, and after rendering it again.
TEST_F(Corpus, UsageAddsUp) {
  FakeHost host;
  int n = 0, extra_seen = 0;
  for (const Recording& r : all()) {
    if (!answers(r) || spliced(r)) continue;
    const Message wanted = recorded(r);
    // What a stream's end does not repeat was said at its beginning.
    const auto told = [&](const char* name) {
      Arena arena;
      const oc_json* v = json::get(json::parse(arena, wanted.usage), name);
      return v != nullptr && v->type == OC_JSON_NUMBER ? count(wanted.usage, {name}) : count(wanted.start_usage, {name});
    };
    std::int64_t input = told("input_tokens"), read = told("cache_read_input_tokens"), made = told("cache_creation_input_tokens");
    std::int64_t output = told("output_tokens");
    const std::int64_t thinking = count(wanted.usage, {"output_tokens_details", "thinking_tokens"});
    Arena arena;
    const oc_json* iterations = json::get(json::parse(arena, wanted.usage), "iterations");
    for (const oc_json* i = iterations != nullptr ? iterations->first : nullptr; i != nullptr; i = i->next) {
      const auto type = json::get(i, "type")->text;
      if (type == "message" || type == "fallback_message") continue;
      ++extra_seen;
      input += json::integer(json::get(i, "input_tokens"), 0);
      read += json::integer(json::get(i, "cache_read_input_tokens"), 0);
      made += json::integer(json::get(i, "cache_creation_input_tokens"), 0);
      output += json::integer(json::get(i, "output_tokens"), 0);
    }
    const auto events = heard(host, r, true);
    const Event* last = nullptr;
    for (const Event& e : events)
      if (e.type == OC_EV_USAGE) last = &e;
    ASSERT_NE(last, nullptr) << r.id;
    const oc_usage& u = last->usage;
    EXPECT_NE(u.flags & OC_USAGE_FINAL, 0u) << r.id;
    EXPECT_EQ(u.input, static_cast<std::uint64_t>(input)) << r.id;
    EXPECT_EQ(u.cache_read, static_cast<std::uint64_t>(read)) << r.id;
    EXPECT_EQ(u.cache_write + u.cache_write_1h, static_cast<std::uint64_t>(made)) << r.id;
    EXPECT_EQ(u.output + u.reasoning, static_cast<std::uint64_t>(output)) << r.id;
    EXPECT_EQ(u.reasoning, static_cast<std::uint64_t>(thinking)) << r.id;
    for (const bool stream : {false, true}) {
      Parsed client(host, asking(stream), OC_OP_GENERATE);
      const std::string text = client.render(events);
      const std::string shown = (stream ? test::read_stream(text) : test::read_whole(text)).usage;
      EXPECT_EQ(count(shown, {"input_tokens"}), input) << r.id;
      EXPECT_EQ(count(shown, {"cache_read_input_tokens"}), read) << r.id;
      EXPECT_EQ(count(shown, {"cache_creation_input_tokens"}), made) << r.id;
      EXPECT_EQ(count(shown, {"output_tokens"}), output) << r.id;
    }
    ++n;
  }
  RecordProperty("usages", n);
  EXPECT_GT(n, 200);
  EXPECT_GT(extra_seen, 3);
}

TEST_F(Corpus, CountsAndErrorsAreUnderstood) {
  FakeHost host;
  int counts = 0, errors = 0;
  for (const Recording& r : all()) {
    if (op_of(r) == 0 || r.streamed) continue;
    const bool is_count = op_of(r) == OC_OP_COUNT_TOKENS;
    if (r.status == 200 && !is_count) continue;
    const Parsed p(host, asking(false), op_of(r));
    Attempt attempt(host);
    attempt.build(*p.request);
    if (r.status == 200) {
      attempt.frame(r.body, true);
      ASSERT_NE(attempt.call.last(OC_EV_USAGE), nullptr) << r.id;
      EXPECT_EQ(attempt.call.last(OC_EV_USAGE)->usage.input, static_cast<std::uint64_t>(count(r.body, {"input_tokens"})));
      ++counts;
      continue;
    }
    oc_event e{};
    ASSERT_EQ(attempt.provider->map_error(attempt.provider.self(), attempt.call.handle(), attempt.state, &attempt.call.arena,
                                          static_cast<std::uint32_t>(r.status), nullptr, 0, oc::bytes(r.body), &e),
              OC_OK);
    EXPECT_EQ(e.status, r.status == 404 ? OC_E_NOT_FOUND : OC_E_INVALID) << r.id;
    EXPECT_NE(r.body.find(oc::view(e.text)), std::string::npos) << r.id;
    ++errors;
  }
  EXPECT_EQ(counts, 5);
  EXPECT_EQ(errors, 3);
}

}  // namespace
}  // namespace onechat::anthropic_messages
