#include "golden.hpp"

#include <algorithm>

namespace onechat::conformance {
namespace {

std::vector<GoldenEntry>& list() {
  static std::vector<GoldenEntry> all;
  return all;
}

std::vector<Recording::Frame> frames_of(const Payloads& payloads) {
  std::vector<Recording::Frame> out;
  for (const auto& p : payloads) {
    const Document d(p);
    out.push_back({std::string(d.root["type"].str()), p});
  }
  return out;
}

std::string render(const Heard& heard, std::string_view client, bool streaming) {
  Asked asked;
  asked.streamed = streaming;
  Client c(*dialect_named(client), plain_request(client, streaming), asked);
  EXPECT_TRUE(c.parsed()) << c.refusal();
  EXPECT_GE(heard.framed, 0) << heard.failure;
  EXPECT_GE(heard.finished, 0) << heard.failure;
  c.answer(heard.events);
  Rules rules;
  rules.specs = Specs::get();
  rules.usage_expected = rules.usage_asked = read_events(heard.events).usage.told;
  const Document answer(streaming ? "" : c.out.body);
  const Problems problems =
      streaming ? check_stream(client, c.out.body, rules) : check_answer(client, answer.root, rules);
  EXPECT_TRUE(problems.empty()) << client << joined(problems) << "\n" << c.out.body;
  return c.out.body;
}

}  // namespace

bool list_golden(std::string_view name, std::string_view promise, std::string_view reference) {
  list().push_back({name, promise, reference});
  return true;
}

std::vector<GoldenEntry> goldens() {
  auto all = list();
  std::sort(all.begin(), all.end(), [](const GoldenEntry& a, const GoldenEntry& b) { return a.name < b.name; });
  return all;
}

std::string streamed(std::string_view upstream, const Payloads& payloads, std::string_view client) {
  return render(hear_frames(upstream, frames_of(payloads), true), client, true);
}

std::string whole(std::string_view upstream, const std::string& answer, std::string_view client) {
  return render(hear_frames(upstream, {{"", answer}}, false), client, false);
}

Said said_streamed(std::string_view upstream, const Payloads& payloads, std::string_view client) {
  return read_stream(client, streamed(upstream, payloads, client)).choices[0];
}

Said said_whole(std::string_view upstream, const std::string& answer, std::string_view client) {
  const Document d(whole(upstream, answer, client));
  return read_answer(client, d.root).choices[0];
}

bool Sent::says_dropped(std::string_view what) const {
  return std::any_of(dropped.begin(), dropped.end(),
                     [&](const std::string& d) { return d.find(what) != std::string::npos; });
}

Sent sent(std::string_view client, const std::string& request, std::string_view upstream, std::string_view model,
          std::string_view settings) {
  Sent out;
  const Client c(*dialect_named(client), request, {});
  EXPECT_TRUE(c.parsed()) << c.refusal();
  if (!c.parsed()) {
    out.document = std::make_unique<Document>("{}");
    return out;
  }
  oc_request copy = *c.request;
  copy.model = oc::str(model);
  Upstream up(*dialect_named(upstream), settings);
  out.body = up.build(copy);
  out.dropped = up.call.dropped;
  if (up.built < 0) out.refusal = up.refusal();
  out.document = std::make_unique<Document>(out.body.empty() ? "{}" : out.body);
  if (Specs::get() != nullptr && up.built >= 0 && client != upstream) {
    const Problems problems = Specs::get()->check(upstream, Shape::kRequest, out.document->root, Author::kOurs);
    EXPECT_TRUE(problems.empty()) << upstream << joined(problems) << "\n" << out.body;
  }
  if (up.built >= 0) {
    const Problems problems = check_pairing(upstream, out.document->root);
    EXPECT_TRUE(problems.empty()) << upstream << joined(problems) << "\n" << out.body;
  }
  return out;
}

bool has(std::string_view text, std::string_view what) { return text.find(what) != std::string_view::npos; }

}  // namespace onechat::conformance
