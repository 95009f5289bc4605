#include "provider.hpp"

#include <algorithm>

namespace onechat::demo {
namespace {

using State = Provider::State;

constexpr std::uint64_t kSliceMs = 100;     // longest wait in one go: a cancelled answer ends within it
constexpr std::uint64_t kTickMs = 10;       // shortest: faster paces send several pieces a tick
constexpr std::uint64_t kBurstPieces = 256;  // at full speed, before other work of the loop gets its turn
constexpr std::uint64_t kAnswerTokensMax = 4096;

void on_timer(void* arg);

oc::Call call_of(const State& s) { return {s.host, s.call, nullptr}; }

void end(State& s, oc_status status) {
  if (s.ended) return;
  s.ended = true;
  s.host->complete(s.done, status, nullptr);  // the state may be gone after this
}

void arm(State& s, std::uint64_t ms) {
  s.timer_armed = true;
  if (s.host->timer(s.host->ctx, ms, on_timer, &s) < 0) {
    s.timer_armed = false;
    end(s, OC_E_UNAVAILABLE);
  }
}

void begin_part(State& s, const oc::Call& call) {
  s.part_open = true;
  if (s.script.tool_name.len == 0) return;
  static constexpr char kDigits[] = "0123456789";
  char id[] = "call_demo_000";
  id[10] = kDigits[s.choice / 100 % 10];
  id[11] = kDigits[s.choice / 10 % 10];
  id[12] = kDigits[s.choice % 10];
  call.tool_begin({id, sizeof id - 1}, oc::view(s.script.tool_name), 0, s.choice);
}

oc_status say(const State& s, const oc::Call& call, std::string_view piece) {
  return s.script.tool_name.len != 0 ? call.tool_args(piece, 0, s.choice) : call.text(piece, 0, s.choice);
}

void finish_choice(State& s, const oc::Call& call) {
  call.part_end(0, s.choice);
  call.finish(s.script.finish, s.choice);
  s.part_open = false;
  s.at = s.sent = s.played_ms = 0;
  ++s.choice;
}

void finish_all(State& s, const oc::Call& call) {
  oc_usage used = oc::sized<oc_usage>();
  used.flags = OC_USAGE_FINAL | OC_USAGE_CUMULATIVE;
  used.input = s.script.input_tokens;
  used.output = s.script.output_tokens * s.n_choices;
  call.usage(used);
  end(s, OC_OK);
}

// How many pieces of the current choice may be out by now.
std::uint64_t pieces_due(const State& s) {
  if (s.pieces_per_second == 0) return s.sent + kBurstPieces;
  return 1 + s.played_ms * s.pieces_per_second / 1000;
}

void play(State& s) {
  const oc::Call call = call_of(s);
  if (!s.begun) {
    s.begun = true;
    call.start({}, {});
  }
  const auto text = oc::view(s.script.text);
  if (!s.part_open) begin_part(s, call);
  for (const std::uint64_t due = pieces_due(s); s.at < text.size() && (s.whole || s.sent < due);) {
    const auto piece = s.whole ? text.substr(s.at) : first_piece(text.substr(s.at));
    s.at += piece.size();
    ++s.sent;
    if (say(s, call, piece) == OC_PAUSE) return;  // resume() goes on
  }
  if (s.at == text.size()) finish_choice(s, call);
  if (s.choice == s.n_choices) return finish_all(s, call);
  const std::uint64_t step_ms =
      s.pieces_per_second == 0 ? 0 : std::clamp<std::uint64_t>(1000 / s.pieces_per_second, kTickMs, kSliceMs);
  s.played_ms += step_ms;
  arm(s, step_ms);
}

void on_timer(void* arg) {
  State& s = *static_cast<State*>(arg);
  s.timer_armed = false;
  if (s.cancelled) return end(s, OC_E_CANCELLED);
  if (s.wait_ms != 0) {
    const std::uint64_t slice = std::min(s.wait_ms, kSliceMs);
    s.wait_ms -= slice;
    return arm(s, slice);
  }
  play(s);
}

}  // namespace

Provider::Provider(const oc_host* host, oc::Json config)
    : host_(host),
      tokens_per_second_(static_cast<std::uint64_t>(std::max<std::int64_t>(config["tokens_per_second"].integer(0), 0))),
      first_token_ms_(static_cast<std::uint64_t>(std::max<std::int64_t>(config["first_token_ms"].integer(0), 0))) {}

oc_status Provider::start(oc::Call& call, State& s, const oc_request& request, oc_op* done) {
  if (request.op != OC_OP_GENERATE)
    return call.fail(OC_E_UNSUPPORTED, "The demo model can only chat.", "unsupported");
  s.host = host_;
  s.call = call.handle;
  s.done = done;
  s.script = write_script(call, request);
  s.n_choices = std::max<std::uint32_t>(request.n, 1);
  s.whole = (request.flags & OC_REQ_STREAM) == 0;
  s.pieces_per_second = s.whole ? 0 : tokens_per_second_;
  s.wait_ms = first_token_ms_;
  arm(s, 0);
  return OC_OK;
}

void Provider::cancel(oc_call*, State& s) {
  s.cancelled = true;
  if (!s.timer_armed) end(s, OC_E_CANCELLED);
}

void Provider::resume(oc_call*, State& s) {
  if (!s.timer_armed && !s.ended) arm(s, 0);
}

oc_status Provider::estimate(const oc_request& request, oc_usage& out) {
  const std::uint64_t n = std::max<std::uint32_t>(request.n, 1);
  const bool limited = (request.set_mask & OC_SET_MAX_TOKENS) != 0;
  out.input = request.input_bytes;
  out.output = n * (limited ? std::min(request.max_output_tokens, kAnswerTokensMax) : kAnswerTokensMax);
  return OC_OK;
}

}  // namespace onechat::demo
