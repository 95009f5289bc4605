#include "table.hpp"

#include <array>
#include <map>

#include "asking.hpp"
#include "compare.hpp"
#include "golden.hpp"

namespace onechat::conformance {
namespace {

constexpr std::array<std::string_view, 19> kFeatures = {
    "text",      "stream",   "tools",    "parallel tools", "tool results", "tool results beside media",
    "images",    "files",    "audio",    "reasoning",      "opaque state", "structured output",
    "citations", "logprobs", "refusals", "stop sequences", "usage: cache", "usage: reasoning",
    "errors"};
using Features = std::set<std::string_view>;

Features features_of(const Asking& a) {
  Features f;
  const auto add = [&](bool is, std::string_view name) {
    if (is) f.insert(name);
  };
  const int media = a.images + a.files + a.audio;
  add(!a.user.empty(), "text");
  add(!a.tools.empty() || !a.calls.empty(), "tools");
  add(a.results.size() > 1, "parallel tools");
  add(!a.results.empty(), "tool results");
  add(!a.results.empty() && media > 0, "tool results beside media");
  add(a.images > 0, "images");
  add(a.files > 0, "files");
  add(a.audio > 0, "audio");
  add(a.reasoning > 0, "reasoning");
  add(a.states > 0, "opaque state");
  add(!a.schema.empty(), "structured output");
  add(!a.stops.empty(), "stop sequences");
  return f;
}

Features features_of(const Meaning& m) {
  Features f;
  const auto add = [&](bool is, std::string_view name) {
    if (is) f.insert(name);
  };
  for (const auto& [index, said] : m.choices) {
    add(!said.text.empty(), "text");
    add(!said.calls.empty(), "tools");
    add(said.calls.size() > 1, "parallel tools");
    add(!said.reasoning.empty(), "reasoning");
    add(said.states > 0, "opaque state");
    add(said.citations > 0, "citations");
    add(said.logprobs > 0, "logprobs");
    add(said.media > 0, "images");
    add(!said.refusal.empty() || said.finish == "refusal", "refusals");
    add(said.finish == "sequence", "stop sequences");
  }
  add(m.usage.cached + m.usage.cache_write > 0, "usage: cache");
  add(m.usage.reasoning > 0, "usage: reasoning");
  add(m.failed, "errors");
  return f;
}

// A client of one dialect at an upstream of another: how many recordings of each feature went either way, and what was
// lost.
struct Pair {
  std::map<std::string_view, int> requests, answers;  // by feature
  int n_requests = 0, n_answers = 0, n_refused = 0;
  std::map<std::string, int> lost, lost_in_answers, refusals;
};
using Pairs = std::map<std::pair<std::string_view, std::string_view>, Pair>;  // (client, upstream)

void add_requests(const Recording& r, Pairs& pairs) {
  Asked asked;
  asked.streamed = r.streamed;
  asked.model = r.model.empty() ? "model-1" : r.model;
  const Client client(*dialect_named(r.dialect), r.request, asked);
  if (!client.parsed()) return;
  const Document came(r.request);
  Features features = features_of(read_request(r.dialect, came.root));
  if (r.streamed) features.insert("stream");
  for (const Dialect& to : dialects()) {
    Pair& pair = pairs[{dialect_named(r.dialect)->name, to.name}];
    oc_request request = *client.request;
    request.model = oc::str("target-model");
    Upstream up(to);
    up.build(request, to.name == r.dialect);
    if (up.built < 0) {
      ++pair.n_refused;
      ++pair.refusals[shortened(up.refusal(), 100)];
      continue;
    }
    ++pair.n_requests;
    for (const auto f : features) ++pair.requests[f];
    for (const auto& d : std::set<std::string>(up.call.dropped.begin(), up.call.dropped.end())) ++pair.lost[d];
  }
}

void add_answers(const Recording& r, Pairs& pairs) {
  const Heard heard = hear(r);
  Features features = features_of(read_recording(r));
  if (r.streamed) features.insert("stream");
  for (const Dialect& surface : dialects()) {
    Pair& pair = pairs[{surface.name, dialect_named(r.dialect)->name}];
    Asked asked;
    asked.streamed = r.streamed;
    Client client(surface, plain_request(surface.name, r.streamed), asked);
    client.answer(heard.events, heard.framed < 0 ? heard.framed : heard.finished);
    ++pair.n_answers;
    for (const auto f : features) ++pair.answers[f];
    if (surface.name == r.dialect) continue;  // relayed as they are
    std::set<std::string> lost(heard.dropped.begin(), heard.dropped.end());
    lost.insert(client.call.dropped.begin(), client.call.dropped.end());
    for (const auto& d : lost) ++pair.lost_in_answers[d];
  }
}

Pairs all_pairs() {
  Pairs pairs;
  for (const Recording& r : corpus()) {
    if (!r.generates() || dialect_named(r.dialect) == nullptr) continue;
    if (!r.request.empty()) add_requests(r, pairs);
    if (r.status == 200) {
      add_answers(r, pairs);
      continue;
    }
    for (const Dialect& surface : dialects()) ++pairs[{surface.name, dialect_named(r.dialect)->name}].answers["errors"];
  }
  return pairs;
}

std::string cell(const Pair& pair, std::string_view feature) {
  const auto n = [&](const std::map<std::string_view, int>& of) {
    const auto found = of.find(feature);
    return found != of.end() ? found->second : 0;
  };
  const int out = n(pair.requests), back = n(pair.answers);
  return out + back == 0 ? "-" : std::to_string(out) + " / " + std::to_string(back);
}

std::string listed(const std::map<std::string, int>& names) {
  std::string out;
  for (const auto& [name, n] : names) out += (out.empty() ? "" : ", ") + ("`" + name) + "` " + std::to_string(n);
  return out.empty() ? "nothing" : out;
}

void write_client(std::string& out, std::string_view client, const Pairs& pairs) {
  out += "\n### Clients of " + std::string(client) + "\n\n| feature |";
  for (const Dialect& up : dialects()) out += " to " + std::string(up.name) + " |";
  out += "\n|---|";
  for (std::size_t i = 0; i < dialects().size(); ++i) out += "---|";
  out += "\n| all |";
  for (const Dialect& up : dialects()) {
    const Pair& p = pairs.at({client, up.name});
    out += " " + std::to_string(p.n_requests) + " / " + std::to_string(p.n_answers) + " |";
  }
  for (const auto feature : kFeatures) {
    out += "\n| " + std::string(feature) + " |";
    for (const Dialect& up : dialects()) out += " " + cell(pairs.at({client, up.name}), feature) + " |";
  }
  out += "\n\n";
  for (const Dialect& up : dialects()) {
    if (up.name == client) continue;
    const Pair& p = pairs.at({client, up.name});
    out += "- to " + std::string(up.name) + ": requests lose " + listed(p.lost) + "; answers lose " +
           listed(p.lost_in_answers) + ".";
    if (p.n_refused != 0) out += " Refused: " + listed(p.refusals) + ".";
    out += "\n";
  }
}

}  // namespace

bool& write_table() {
  static bool write = false;
  return write;
}

std::string make_table() {
  std::string out =
      "# Conformance of the dialects\n\n"
      "Made by `test_conformance --write` from recorded traffic of real providers; a test fails when it is not what a "
      "run gives.\n"
      "`tests/conformance/README.md` says what is checked, and how the checks themselves are checked.\n\n"
      "## Pairs\n\n"
      "Each cell: recorded requests of the client's dialect that were sent to that upstream / recorded answers of that "
      "upstream\n"
      "that were told to that client, counted by what they contain. In its own dialect a request goes straight. What a "
      "pair\n"
      "loses is listed below its table as the client is told of it in `x-1chat-dropped`, with the number of "
      "recordings.\n";
  const Pairs pairs = all_pairs();
  for (const Dialect& client : dialects()) write_client(out, client.name, pairs);
  out += "\n## Defects of others, guarded against\n\n| test | promise | reported as |\n|---|---|---|\n";
  for (const GoldenEntry& g : goldens())
    out += "| " + std::string(g.name) + " | " + std::string(g.promise) + " | " + std::string(g.reference) + " |\n";
  return out;
}

}  // namespace onechat::conformance
