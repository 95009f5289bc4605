// The rules of the four dialects that a schema cannot say: what follows what in a stream, what belongs together in an
// answer.
//
// `Rules::rendered`: what the gateway writes has to be stricter than what upstreams were seen to send.
#pragma once
#include <string_view>

#include "specs.hpp"
#include "view.hpp"

namespace onechat::conformance {

struct Rules {
  bool rendered = true;
  bool usage_asked = true;       // chat: the client set stream_options.include_usage
  bool json_array = false;       // gemini without alt=sse
  bool usage_expected = true;    // the upstream told it
  const Specs* specs = nullptr;  // shapes are looked at too
  bool own_dialect = false;  // the upstream spoke it too: what only it knows comes through, in whatever shape it had
};

// The bytes of a whole stream, from its first byte to its last.
Problems check_stream(std::string_view dialect, std::string_view bytes, const Rules& rules);
// A whole answer.
Problems check_answer(std::string_view dialect, View answer, const Rules& rules);

// The single dialects'.
Problems check_chat_stream(std::string_view bytes, const Rules& rules);
Problems check_responses_stream(std::string_view bytes, const Rules& rules);
Problems check_anthropic_stream(std::string_view bytes, const Rules& rules);
Problems check_gemini_stream(std::string_view bytes, const Rules& rules);
Problems check_chat_answer(View answer, const Rules& rules);
Problems check_responses_answer(View answer, const Rules& rules);
Problems check_anthropic_answer(View answer, const Rules& rules);
Problems check_gemini_answer(View answer, const Rules& rules);
// Sums that have to come out (surfaces: usage identities).
Problems check_usage(std::string_view dialect, View usage);

// Appends `shape` problems of one value, with its place in the stream before them.
void add_shape(Problems& out, const Rules& rules, std::string_view dialect, Shape shape, View value,
               const std::string& where);

}  // namespace onechat::conformance
