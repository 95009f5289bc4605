// What real clients and vendors sent, through surface and provider. Skipped where the recordings are not there.
#include "openai_chat/recordings_test.hpp"

#include <random>

#include "net/sse_splitter.hpp"
#include "openai_chat/stream_grammar_test.hpp"

namespace onechat::openai_chat {
namespace {

TEST_F(Corpus, EveryRequestParses) {
  FakeHost host;
  int n = 0;
  for (const Recording& r : all()) {
    if (r.request.empty() || op_of(r) == 0) continue;
    const Parsed p(host, r.request, op_of(r));
    EXPECT_EQ(p.status, OC_OK) << r.id << ": " << (p.call.failure ? p.call.failure->message : "");
    if (p.status != OC_OK) continue;
    ++n;
    Arena arena;
    const oc_json* root = json::parse(arena, r.request);
    EXPECT_EQ(oc::view(p.request->model), json::get(root, "model")->text) << r.id;
    if (op_of(r) == OC_OP_GENERATE) {
      EXPECT_EQ(p.request->n_turns, json::get(root, "messages")->size) << r.id;
    }
    EXPECT_LE(p.request->input_bytes, r.request.size() + 16384) << r.id;
    for (std::uint64_t i = 0; i < p.request->n_anchors; ++i) {
      const oc_anchor& a = p.request->anchors[i];
      EXPECT_NE(json::parse(arena, std::string_view(p.body).substr(a.offset, a.length)), nullptr) << r.id;
    }
  }
  RecordProperty("requests", n);
  EXPECT_GT(n, 400);
}

TEST_F(Corpus, AStraightRequestDiffersInModelAndUsageOnly) {
  FakeHost host;
  int n = 0;
  for (const Recording& r : all()) {
    if (r.request.empty() || op_of(r) == 0) continue;
    const Parsed p(host, r.request, op_of(r));
    ASSERT_EQ(p.status, OC_OK) << r.id;
    oc_request renamed = *p.request;
    renamed.model = oc::str("a \"target\" model");
    Attempt attempt(host);
    const std::string sent = attempt.build(renamed);
    ASSERT_EQ(attempt.built, OC_OK) << r.id;
    ASSERT_EQ(attempt.http.straight, 1u) << r.id;
    EXPECT_TRUE(test::same_json(without(without(sent, "model"), "stream_options"),
                                without(without(r.request, "model"), "stream_options")))
        << r.id;
    Arena arena;
    const oc_json* root = json::parse(arena, sent);
    EXPECT_EQ(json::get(root, "model")->text, "a \"target\" model") << r.id;
    const oc_json* stream = json::get(root, "stream");
    const bool streams = op_of(r) == OC_OP_GENERATE && stream != nullptr && stream->raw == "true";
    const oc_json* include = json::get(json::get(root, "stream_options"), "include_usage");
    if (streams) {
      ASSERT_NE(include, nullptr) << r.id;
      EXPECT_EQ(include->raw, "true") << r.id;
    }
    // The same model and nothing to add: the very bytes.
    Attempt same(host);
    const bool adds = streams && (p.request->flags & OC_REQ_STREAM_USAGE) == 0;
    if (!adds) {
      EXPECT_EQ(same.build(*p.request), r.request) << r.id;
    }
    ++n;
  }
  EXPECT_GT(n, 400);
}

TEST_F(Corpus, WhatTheClientAskedForIsRelayedToTheByte) {
  FakeHost host;
  int n = 0;
  for (const Recording& r : all()) {
    if (op_of(r) == 0 || is_error(r)) continue;
    std::string request = request_of(r, r.streamed);
    if (r.streamed)
      request = without(without(request, "stream_options"), "stream").substr(0, 1) +
                R"("stream":true,"stream_options":{"include_usage":true},)" +
                without(without(request, "stream_options"), "stream").substr(1);
    const Parsed p(host, request, op_of(r));
    ASSERT_EQ(p.status, OC_OK) << r.id;
    Attempt attempt(host);
    attempt.build(*p.request);
    bool dropped = false;
    const auto same = [&](const std::string& data) {
      EXPECT_EQ(attempt.frame(data, true, &dropped), data) << r.id;
      EXPECT_FALSE(dropped) << r.id;
    };
    if (!r.streamed) same(r.body);
    for (const auto& payload : r.payloads) same(payload);
    ++n;
  }
  EXPECT_GT(n, 400);
}

TEST_F(Corpus, WhatOnlyTheGatewayAskedForIsTakenOut) {
  FakeHost host;
  int streams = 0, dropped_chunks = 0, cut = 0;
  for (const Recording& r : all()) {
    if (!r.streamed || op_of(r) != OC_OP_GENERATE || is_error(r)) continue;
    const std::string request = without(request_of(r, true), "stream_options");
    const Parsed p(host, without(request, "stream").substr(0, 1) + R"("stream":true,)" + without(request, "stream").substr(1),
                   OC_OP_GENERATE);
    ASSERT_EQ(p.status, OC_OK) << r.id;
    Attempt attempt(host);
    attempt.build(*p.request);
    for (const auto& payload : r.payloads) {
      bool dropped = false;
      const std::string relayed = attempt.frame(payload, true, &dropped);
      if (payload == "[DONE]") {
        EXPECT_FALSE(dropped);
        continue;
      }
      Arena arena;
      const oc_json* root = json::parse(arena, payload);
      const oc_json *usage = json::get(root, "usage"), *choices = json::get(root, "choices");
      const bool usage_only = usage != nullptr && usage->type == OC_JSON_OBJECT && (choices == nullptr || choices->size == 0);
      EXPECT_EQ(dropped, usage_only) << r.id << payload;
      dropped_chunks += dropped ? 1 : 0;
      if (dropped) continue;
      const bool was_null = usage != nullptr && usage->type == OC_JSON_NULL;
      EXPECT_TRUE(test::same_json(relayed, was_null ? without(payload, "usage") : payload)) << r.id << relayed;
      EXPECT_EQ(relayed == payload, !was_null) << r.id;
      cut += was_null ? 1 : 0;
    }
    ++streams;
  }
  RecordProperty("streams", streams);
  RecordProperty("dropped", dropped_chunks);
  RecordProperty("cut", cut);
  EXPECT_GT(dropped_chunks, 40);
  EXPECT_GT(cut, 100);
}

// Both renderings of what the provider understood say what the recording says.
TEST_F(Corpus, ATranslatedAnswerSaysTheSame) {
  FakeHost host;
  int n = 0;
  for (const Recording& r : all()) {
    if (op_of(r) != OC_OP_GENERATE || is_error(r)) continue;
    const Speech wanted = recorded(r);
    const std::string plain = without(without(request_of(r, r.streamed), "stream_options"), "stream");
    const std::string n_member = without(plain, "n");
    for (const bool render_stream : {false, true}) {
      const Parsed p(host, n_member.substr(0, 1) + R"("n":8,)" + (render_stream ? R"("stream":true,"stream_options":{"include_usage":true},)" : "") + n_member.substr(1), OC_OP_GENERATE);
      ASSERT_EQ(p.status, OC_OK) << r.id << (p.call.failure ? p.call.failure->message : "");
      oc_request upstream = *p.request;
      upstream.flags = r.streamed ? std::uint32_t(OC_REQ_STREAM) : 0u;
      Attempt attempt(host);
      const std::string sent = attempt.build(upstream, false);
      Arena arena;
      ASSERT_NE(json::parse(arena, sent), nullptr) << r.id << sent;
      feed(attempt, r, false);
      EXPECT_EQ(attempt.finish(), OC_OK) << r.id;
      test::FakeOut out;
      auto& surface = const_cast<Parsed&>(p);
      for (const Event& e : attempt.call.events) {
        const oc_event view = e.view();
        Arena scratch;
        ASSERT_EQ(surface.surface->event(surface.surface.self(), surface.call.handle(), surface.state, &scratch, &view, out.handle()), OC_OK);
      }
      ASSERT_EQ(surface.surface->finish(surface.surface.self(), surface.call.handle(), surface.state, &surface.call.arena, out.handle()), OC_OK);
      Speech got = render_stream ? read_payloads(test::payloads_of(out.body), "delta") : read_payloads({out.body}, "message");
      for (auto& [index, said] : wanted) EXPECT_EQ(got[index], said) << r.id << "\n" << out.body.substr(0, 2000);
      if (render_stream) {
        const auto payloads = test::payloads_of(out.body);
        ASSERT_FALSE(payloads.empty());
        EXPECT_EQ(payloads.back(), "[DONE]") << r.id;
        EXPECT_EQ(test::stream_fault(payloads, true), "") << r.id;
      }
    }
    ++n;
  }
  RecordProperty("answers", n);
  EXPECT_GT(n, 300);
}

TEST_F(Corpus, HowAStreamIsCutDoesNotMatter) {
  FakeHost host;
  std::mt19937 random(7);
  int n = 0;
  for (const Recording& r : all()) {
    if (r.sse.empty() || op_of(r) != OC_OP_GENERATE) continue;
    const Parsed p(host, R"({"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]})", OC_OP_GENERATE);
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
    EXPECT_EQ(whole.second, is_error(r) ? OC_E_UPSTREAM : OC_OK) << r.id;
    if (r.sse.size() < 20000) {
      EXPECT_EQ(events([] { return 1; }), whole) << r.id;
    }
    EXPECT_EQ(events([&] { return 1 + random() % 300; }), whole) << r.id;
    ++n;
  }
  EXPECT_GT(n, 100);
}

// What a report must come to, in the words of the vendors: told by hand here, with no code shared.
TEST_F(Corpus, UsageIsSplitIntoDisjointBuckets) {
  FakeHost host;
  int n = 0, on_top_of_total = 0, hidden = 0;
  for (const Recording& r : all()) {
    if (op_of(r) == 0 || is_error(r)) continue;
    std::int64_t prompt = 0, completion = 0, total = 0, cached = 0, written_to_cache = 0, reasoning = 0;
    bool found = false;
    for (const auto& text : r.streamed ? r.payloads : std::vector<std::string>{r.body}) {
      Arena arena;
      const oc_json* root = json::parse(arena, text);
      const oc_json* u = json::get(root, "usage");
      if (u == nullptr || u->type != OC_JSON_OBJECT) u = json::get(json::get(root, "x_groq"), "usage");
      if (u == nullptr || u->type != OC_JSON_OBJECT) continue;
      found = true;
      prompt = json::integer(json::get(u, "prompt_tokens"), 0);
      completion = json::integer(json::get(u, "completion_tokens"), 0);
      total = json::integer(json::get(u, "total_tokens"), 0);
      const oc_json* details = json::get(u, "prompt_tokens_details");
      cached = json::integer(json::get(details, "cached_tokens"), 0);
      if (cached == 0) cached = json::integer(json::get(json::get(u, "prompt_token_details"), "cached_tokens"), 0);
      if (cached == 0) cached = json::integer(json::get(u, "cached_tokens"), 0);
      if (cached == 0) cached = json::integer(json::get(u, "num_cached_tokens"), 0);
      written_to_cache = json::integer(json::get(details, "cache_write_tokens"), 0);
      if (written_to_cache == 0) written_to_cache = json::integer(json::get(u, "cache_creation_input_tokens"), 0);
      reasoning = json::integer(json::get(json::get(u, "completion_tokens_details"), "reasoning_tokens"), 0);
    }
    const Parsed p(host, request_of(r, r.streamed), op_of(r));
    oc_request request = *p.request;
    request.flags = r.streamed ? std::uint32_t(OC_REQ_STREAM) : 0u;
    Attempt attempt(host);
    attempt.build(request);
    feed(attempt, r, true);
    const Event* last = attempt.call.last(OC_EV_USAGE);
    ASSERT_EQ(last != nullptr, found) << r.id;
    if (!found) continue;
    ++n;
    const oc_usage& u = last->usage;
    EXPECT_TRUE(u.flags & OC_USAGE_FINAL) << r.id;
    EXPECT_EQ(u.input + u.cache_read + u.cache_write + u.audio_input, static_cast<std::uint64_t>(cached <= prompt ? prompt : cached + written_to_cache))
        << r.id;
    EXPECT_EQ(u.cache_read, static_cast<std::uint64_t>(cached)) << r.id;
    const bool only_total_knows = reasoning == 0 && total > prompt + completion;
    const std::int64_t thought = only_total_knows ? total - prompt - completion : reasoning;
    EXPECT_EQ(u.reasoning, static_cast<std::uint64_t>(thought)) << r.id;
    const bool outside = only_total_knows || (reasoning > 0 && total == prompt + completion + reasoning) || reasoning > completion;
    EXPECT_EQ(u.output + u.reasoning + u.audio_output, static_cast<std::uint64_t>(outside ? completion + thought : completion)) << r.id;
    const auto all_buckets = u.input + u.cache_read + u.cache_write + u.audio_input + u.output + u.reasoning + u.audio_output;
    if (total != 0 && reasoning <= completion && cached <= prompt) {
      EXPECT_EQ(all_buckets, static_cast<std::uint64_t>(total)) << r.id;
    }
    on_top_of_total += outside && !only_total_knows ? 1 : 0;
    hidden += only_total_knows ? 1 : 0;
  }
  RecordProperty("usages", n);
  EXPECT_GT(n, 300);
  EXPECT_GT(on_top_of_total, 20);
  EXPECT_GT(hidden, 0);
}

TEST_F(Corpus, EveryVendorsErrorIsUnderstood) {
  FakeHost host;
  int n = 0;
  for (const Recording& r : all()) {
    if (r.status == 200) continue;
    Attempt attempt(host);
    const Parsed p(host, R"({"model":"m","messages":[{"role":"user","content":"hi"}]})", OC_OP_GENERATE);
    attempt.build(*p.request);
    oc_event e{};
    ASSERT_EQ(attempt.provider->map_error(attempt.provider.self(), attempt.call.handle(), attempt.state, &attempt.call.arena,
                                          static_cast<std::uint32_t>(r.status), nullptr, 0, oc::bytes(r.body), &e),
              OC_OK);
    EXPECT_LT(e.status, 0) << r.id;
    EXPECT_EQ(e.http_status, r.status) << r.id;
    EXPECT_NE(r.body.find(oc::view(e.text).substr(0, 10)), std::string::npos) << r.id << oc::view(e.text);
    ++n;
  }
  RecordProperty("errors", n);
  EXPECT_GT(n, 15);
}

}  // namespace
}  // namespace onechat::openai_chat
