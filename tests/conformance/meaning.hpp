// What an answer says, whatever its dialect: read from the wire without the code under test, from recordings and from
// what the gateway renders alike, so that the two can be compared.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "corpus.hpp"
#include "view.hpp"

namespace onechat::conformance {

struct SaidCall {
  std::string id, name, args;  // args as written
};

struct Said {
  std::string text, reasoning, refusal;
  std::vector<SaidCall> calls;
  std::string finish;   // stop, sequence, length, context, tool, filter, refusal, pause, malformed, error; "" not told
  std::string details;  // chat: reasoning as reasoning_details tell it, which counts where nothing else does
  int citations = 0, media = 0, states = 0, logprobs = 0;
};

struct SaidUsage {
  bool told = false;
  std::int64_t in_total = 0, cached = 0, cache_write = 0, out_total = 0, reasoning = 0;
};

struct Meaning {
  std::map<std::int64_t, Said> choices;
  SaidUsage usage;
  bool failed = false;   // an error instead of an answer, or in its middle
  bool complete = true;  // the answer came to its end (background answers may not have)
  // For the readers of streams: the block whose input is being told; where a call with an index is.
  std::int64_t open_call = -1;
  std::map<std::int64_t, std::map<std::int64_t, std::size_t>> calls_by_index;
};

Meaning read_answer(std::string_view dialect, View answer);
// `frames`: the events of a stream in order.
Meaning read_frames(std::string_view dialect, const std::vector<Recording::Frame>& frames);
// Bytes of a stream as they went over the wire.
Meaning read_stream(std::string_view dialect, std::string_view bytes, bool json_array = false);
Meaning read_recording(const Recording& r);

// The arguments of a call as the JSON object they stand for: nothing is {}, no object is {"input": the text}.
std::string arguments_of(const SaidCall& call);

// The single dialects: adds one value (an event of a stream, or a whole answer) to what was read before.
void read_chat(View value, Meaning& into);  // a chunk or an answer
void read_gemini(View value, Meaning& into);
void read_responses_event(View event, Meaning& into);
void read_responses_answer(View answer, Meaning& into);
void read_anthropic_event(View event, Meaning& into);
void read_anthropic_answer(View answer, Meaning& into);

}  // namespace onechat::conformance
