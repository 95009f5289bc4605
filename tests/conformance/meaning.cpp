#include "meaning.hpp"

#include "sse.hpp"

namespace onechat::conformance {
namespace {

// A stop that comes with tool calls is a stop for them; one with a refusal is one.
void settle(Meaning& m) {
  for (auto& [index, said] : m.choices) {
    if (said.reasoning.empty()) said.reasoning = said.details;
    if (said.finish != "stop") continue;
    if (!said.calls.empty())
      said.finish = "tool";
    else if (!said.refusal.empty())
      said.finish = "refusal";
  }
}

void take(std::string_view dialect, View value, bool streamed, Meaning& into) {
  if (dialect == "openai_chat") return read_chat(value, into);
  if (dialect == "gemini") return read_gemini(value, into);
  if (dialect == "openai_responses")
    return streamed ? read_responses_event(value, into) : read_responses_answer(value, into);
  return streamed ? read_anthropic_event(value, into) : read_anthropic_answer(value, into);
}

}  // namespace

Meaning read_answer(std::string_view dialect, View answer) {
  Meaning m;
  take(dialect, answer, false, m);
  settle(m);
  return m;
}

Meaning read_frames(std::string_view dialect, const std::vector<Recording::Frame>& frames) {
  Meaning m;
  for (const auto& f : frames) {
    if (f.data == "[DONE]") continue;
    const Document d(f.data);
    take(dialect, d.root, true, m);
  }
  settle(m);
  return m;
}

Meaning read_stream(std::string_view dialect, std::string_view bytes, bool json_array) {
  std::vector<Recording::Frame> frames;
  if (json_array) {
    const Document array{std::string(bytes)};
    for (View e : array.root) frames.push_back({"", std::string(e.raw())});
  } else {
    for (auto& b : read_sse(bytes).blocks)
      if (b.has_data) frames.push_back({b.event, b.data});
  }
  return read_frames(dialect, frames);
}

Meaning read_recording(const Recording& r) {
  if (r.streamed) return read_frames(r.dialect, r.frames());
  const Document d(r.body);
  return read_answer(r.dialect, d.root);
}

std::string arguments_of(const SaidCall& call) {
  if (call.args.empty()) return "{}";
  const Document d(call.args);
  if (d.root.is(OC_JSON_OBJECT)) return call.args;
  std::string out = R"({"input":)";
  json::append_string(out, call.args);
  return out + "}";
}

}  // namespace onechat::conformance
