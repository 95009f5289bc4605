// Every recorded answer through its provider, and from there to the clients of all four dialects.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <random>

#include "compare.hpp"
#include "corpus.hpp"
#include "exceptions.hpp"
#include "grammar.hpp"
#include "net/sse_splitter.hpp"
#include "sample.hpp"

namespace onechat::conformance {
namespace {

struct Answers : ::testing::Test {
  void SetUp() override {
    if (corpus().empty()) GTEST_SKIP() << "no recordings here (ONECHAT_CORPUS)";
  }
};

const Heard& heard(const Recording& r) {
  static std::map<const Recording*, Heard> all;
  const auto found = all.find(&r);
  return found != all.end() ? found->second : all.emplace(&r, hear(r)).first->second;
}

// Recordings of answers to a request for one, whose provider is built.
std::vector<const Recording*> answers() {
  std::vector<const Recording*> out;
  for (const Recording& r : corpus())
    if (r.generates() && r.status == 200 && dialect_named(r.dialect) != nullptr && in_sample(r) && !is_several(r))
      out.push_back(&r);
  return out;
}

std::string name_of(const Recording& r, std::string_view surface = "") {
  return r.dialect + "/" + r.id + (surface.empty() ? "" : " on " + std::string(surface));
}

void expect_none(const std::string& where, const Problems& problems) {
  if (!problems.empty()) ADD_FAILURE() << where << joined(problems);
}

TEST_F(Answers, AreUnderstoodByTheirProvider) {
  int n = 0;
  for (const Recording* r : answers()) {
    ++n;
    const Heard& h = heard(*r);
    const Meaning wire = read_recording(*r);
    const Meaning told = read_events(h.events);
    const bool failed = h.framed < 0 || h.finished < 0 || told.failed;
    if (is_excused(*r, "provider")) continue;
    if (!wire.complete && !r->streamed) continue;  // of the background: none but its own client waits for it
    if (wire.failed || !wire.complete) {
      EXPECT_TRUE(failed) << name_of(*r) << " is no whole answer, and is taken for one";
      continue;
    }
    EXPECT_FALSE(failed) << name_of(*r) << ": " << h.failure << " framed " << h.framed << " finished " << h.finished;
    if (failed) continue;
    Meaning without_usage = wire;
    if (!r->first_party) without_usage.usage.told = false;  // vendors count in their own ways: the provider's own tests
    expect_none(name_of(*r), compare_meaning(without_usage, told, r->dialect));
  }
  RecordProperty("answers", n);
}

TEST_F(Answers, EndEachPartAndEachChoiceOnce) {
  for (const Recording* r : answers()) {
    std::map<std::pair<std::uint32_t, std::uint32_t>, int> parts;
    std::map<std::uint32_t, int> finishes;
    const Heard& h = heard(*r);
    if (h.framed < 0 || h.finished < 0) continue;
    for (const test::Event& e : h.events) {
      const std::pair<std::uint32_t, std::uint32_t> part{e.choice, e.index};
      const bool of_part = e.type == OC_EV_TEXT || e.type == OC_EV_REASONING || e.type == OC_EV_REFUSAL ||
                           e.type == OC_EV_TOOL_BEGIN || e.type == OC_EV_TOOL_ARGS || e.type == OC_EV_STATE;
      if (of_part) {
        EXPECT_NE(parts[part], 2) << name_of(*r) << ": a part goes on after its end: " << e;
        parts[part] = 1;
        EXPECT_EQ(finishes[e.choice], 0) << name_of(*r) << ": a part after FINISH: " << e;
      }
      if (e.type == OC_EV_PART_END) {
        EXPECT_NE(parts[part], 2) << name_of(*r) << ": a part ends twice";
        parts[part] = 2;
      }
      if (e.type == OC_EV_FINISH) ++finishes[e.choice];
    }
    for (const auto& [part, state] : parts)
      EXPECT_EQ(state, 2) << name_of(*r) << ": part " << part.second << " has no end";
    if (read_events(h.events).failed) continue;
    for (const auto& [choice, n] : finishes) EXPECT_EQ(n, 1) << name_of(*r) << ": choice " << choice;
  }
}

bool has_shape(const Recording& r) {
  Rules rules;
  rules.rendered = rules.usage_expected = rules.usage_asked = false;
  rules.specs = Specs::get();
  Problems problems;
  const Shape shape = r.streamed ? Shape::kEvent : Shape::kAnswer;
  const auto frames = r.streamed ? r.frames() : std::vector<Recording::Frame>{{"", r.body}};
  for (const auto& f : frames) {
    const Document d(f.data);
    if (f.data != "[DONE]") add_shape(problems, rules, r.dialect, shape, d.root, "");
  }
  return problems.empty();
}

// A call of a tool that was never declared: some dialects can only fail there.
bool is_malformed(const Meaning& m) {
  return std::any_of(m.choices.begin(), m.choices.end(), [](const auto& c) { return c.second.finish == "malformed"; });
}

// One recording on one surface; the bytes the client gets.
void render_and_check(const Recording& r, const Dialect& surface) {
  const Heard& h = heard(r);
  Asked asked;
  asked.streamed = r.streamed;
  const Meaning source = read_events(h.events);
  Client client(surface, plain_request(surface.name, r.streamed, std::max<std::size_t>(1, source.choices.size())),
                asked);
  ASSERT_TRUE(client.parsed()) << surface.name << ": " << client.refusal();
  const oc_status failed = h.framed < 0 ? h.framed : h.finished;
  client.answer(h.events, failed);
  if (is_excused(r, surface.name)) return;
  if (is_malformed(source)) return;
  Rules rules;
  rules.specs = Specs::get();
  rules.own_dialect = surface.name == r.dialect;
  if (rules.own_dialect && !has_shape(r)) rules.specs = nullptr;  // the upstream's own deviations come through
  rules.usage_expected = source.usage.told;
  rules.usage_asked = source.usage.told;
  if (failed < 0 || source.failed) {
    if (!r.streamed) {
      const Document error(client.out.body);
      Problems problems;
      add_shape(problems, rules, surface.name, Shape::kError, error.root, "");
      expect_none(name_of(r, surface.name) + " (error)", problems);
    }
    return;
  }
  if (r.streamed) {
    expect_none(name_of(r, surface.name), check_stream(surface.name, client.out.body, rules));
    expect_none(name_of(r, surface.name),
                compare_meaning(source, read_stream(surface.name, client.out.body), surface.name));
  } else {
    const Document answer(client.out.body);
    expect_none(name_of(r, surface.name), check_answer(surface.name, answer.root, rules));
    expect_none(name_of(r, surface.name),
                compare_meaning(source, read_answer(surface.name, answer.root), surface.name));
  }
}

TEST_F(Answers, SayTheSameOnEverySurface) {
  int n = 0;
  for (const Recording* r : answers())
    for (const Dialect& surface : dialects()) {
      render_and_check(*r, surface);
      ++n;
    }
  RecordProperty("rendered", n);
}

// The client of the other framing: whole answers as streams, streams as whole answers.
TEST_F(Answers, SayTheSameStreamedAndWhole) {
  std::minstd_rand random(7);
  for (const Recording* r : answers()) {
    const Heard& h = heard(*r);
    const Meaning source = read_events(h.events);
    if (h.framed < 0 || h.finished < 0 || source.failed || is_malformed(source) || random() % 4 != 0) continue;
    for (const Dialect& surface : dialects()) {
      if (is_excused(*r, surface.name)) continue;
      Asked asked;
      asked.streamed = !r->streamed;
      Client client(
          surface, plain_request(surface.name, asked.streamed, std::max<std::size_t>(1, source.choices.size())), asked);
      ASSERT_TRUE(client.parsed());
      client.answer(h.events);
      const Document whole(asked.streamed ? "" : client.out.body);
      const Meaning told =
          asked.streamed ? read_stream(surface.name, client.out.body) : read_answer(surface.name, whole.root);
      expect_none(name_of(*r, surface.name), compare_meaning(source, told, surface.name));
    }
  }
}

// Ids that are made up and times differ from run to run.
std::string steady(const std::string& text) {
  const auto is_alnum = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    const bool may_be_id = text[i] == '_' || text[i] == '-';
    const bool may_be_time = text[i] == ':';
    std::size_t end = i + 1;
    while (end < text.size() && is_alnum(text[end])) ++end;
    if ((may_be_id && end - i > 12) || (may_be_time && end - i == 11)) i = end - 1;
  }
  return out;
}

std::vector<Recording::Frame> cut(const std::string& bytes, const std::vector<std::size_t>& pieces) {
  net::SseSplitter splitter;
  std::vector<Recording::Frame> out;
  net::SseSplitter::Event e;
  const auto drain = [&] {
    while (splitter.next(e))
      if (e.has_data) out.push_back({std::string(e.name), std::string(e.data)});
  };
  std::size_t at = 0;
  for (const std::size_t n : pieces) {
    splitter.feed(std::string_view(bytes).substr(at, n));
    at += n;
    drain();
  }
  while (splitter.rest(e))
    if (e.has_data) out.push_back({std::string(e.name), std::string(e.data)});
  return out;
}

TEST_F(Answers, DoNotDependOnHowTheStreamWasCut) {
  std::minstd_rand random(11);
  int n = 0;
  for (const Recording* r : answers()) {
    if (r->framing != "sse" || n >= 60 || random() % 3 != 0) continue;
    ++n;
    std::vector<Recording::Frame> cut_frames;
    for (int round = 0; round < 2; ++round) {
      std::vector<std::size_t> pieces;
      for (std::size_t left = r->body.size(); left > 0;) {
        const std::size_t piece = std::min<std::size_t>(left, 1 + random() % (round == 0 ? 7 : 900));
        pieces.push_back(piece);
        left -= piece;
      }
      const auto frames = cut_frames = cut(r->body, pieces);
      const auto whole = r->frames();
      ASSERT_EQ(frames.size(), whole.size()) << name_of(*r);
      for (std::size_t i = 0; i < frames.size(); ++i) {
        ASSERT_EQ(frames[i].data, whole[i].data) << name_of(*r);
        ASSERT_EQ(frames[i].event, whole[i].event) << name_of(*r);
      }
    }
    const Heard& once = heard(*r);
    const Heard again = hear_frames(r->dialect, cut_frames, true, r->request, r->model.empty() ? "model-1" : r->model);
    for (const Dialect& surface : dialects()) {
      std::string first;
      for (const Heard* h : {&once, &again}) {
        Asked asked;
        asked.streamed = true;
        Client client(surface, plain_request(surface.name, true), asked);
        client.answer(h->events, h->framed < 0 ? h->framed : h->finished);
        if (h == &once)
          first = steady(client.out.body);
        else
          EXPECT_EQ(steady(client.out.body), first) << name_of(*r, surface.name);
      }
    }
  }
  EXPECT_GT(n, 5);
}

// A stream that breaks off says so in the client's dialect, wherever it breaks; it never ends as if it were whole.
TEST_F(Answers, ThatBreakOffNeverEndAsSuccess) {
  std::minstd_rand random(5);
  int n = 0;
  for (const Recording* r : answers()) {
    const auto frames = r->frames();
    if (!r->streamed || !r->first_party || r->framing != "sse" || frames.size() < 4 || n >= 80 || random() % 3 != 0)
      continue;
    if (heard(*r).finished < 0 || heard(*r).framed < 0) continue;
    ++n;
    std::vector<Recording::Frame> some(
        frames.begin(), frames.begin() + static_cast<std::ptrdiff_t>(1 + random() % (frames.size() / 2)));
    const Heard h = hear_frames(r->dialect, some, true, r->request, r->model);
    EXPECT_LT(h.framed < 0 ? h.framed : h.finished, 0)
        << name_of(*r) << " after " << some.size() << " of " << frames.size() << " frames";
    for (const Dialect& surface : dialects()) {
      Asked asked;
      asked.streamed = true;
      Client client(surface, plain_request(surface.name, true), asked);
      client.answer(h.events, OC_E_UPSTREAM);
      EXPECT_TRUE(client.error_rendered);
      const Meaning told =
          client.out.status >= 400 ? Meaning{{}, {}, true} : read_stream(surface.name, client.out.body);
      EXPECT_TRUE(told.failed) << name_of(*r, surface.name) << ": " << shortened(client.out.body, 600);
      for (const auto& [choice, said] : told.choices)
        EXPECT_TRUE(said.finish.empty() || said.finish == "error") << name_of(*r, surface.name) << " " << said.finish;
    }
  }
  EXPECT_GT(n, 5);
}

// ---- errors before the first byte

TEST_F(Answers, ErrorsKeepTheirKindOnEverySurface) {
  int n = 0;
  for (const Recording& r : corpus()) {
    if (r.status == 200 || dialect_named(r.dialect) == nullptr || r.framing == "text") continue;
    Upstream up(*dialect_named(r.dialect));
    const test::Event e = up.map_error(static_cast<unsigned>(r.status), r.body);
    EXPECT_LT(e.status, 0) << name_of(r);
    EXPECT_EQ(e.http_status, static_cast<std::uint32_t>(r.status)) << name_of(r);
    EXPECT_FALSE(e.text.empty()) << name_of(r);
    ++n;
    for (const Dialect& surface : dialects()) {
      Client client(surface, plain_request(surface.name, false), {});
      test::Event for_it = e;
      if (surface.name != r.dialect) for_it.ext_json.clear();
      client.error(for_it);
      const bool bad_key_of_google = surface.name == "gemini" || r.dialect == "gemini";
      if (!bad_key_of_google) {
        EXPECT_EQ(client.out.status, static_cast<unsigned>(r.status)) << name_of(r, surface.name);
      }
      EXPECT_GE(client.out.status, 400u) << name_of(r, surface.name);
      const Document error(client.out.body);
      Problems problems;
      Rules rules;
      rules.specs = Specs::get();
      // An error of the client's own dialect is shown as its vendor wrote it.
      if (surface.name != r.dialect) add_shape(problems, rules, surface.name, Shape::kError, error.root, "");
      expect_none(name_of(r, surface.name) + " " + client.out.body, problems);
    }
  }
  EXPECT_GT(n, 10);
}

}  // namespace
}  // namespace onechat::conformance
