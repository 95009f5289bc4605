#include "anthropic_messages/stop_reason.hpp"

#include <onechat/conv.h>

namespace onechat::anthropic_messages {
namespace {

struct Word {
  std::string_view wire;
  std::uint32_t finish;
};
// The first of a kind is the one we read or write. A refusal is the word of classifiers that watch over the model, not the
// model's own: a filter elsewhere.
constexpr Word kWords[] = {
    {"end_turn", OC_FIN_STOP},
    {"max_tokens", OC_FIN_LENGTH},
    {"tool_use", OC_FIN_TOOL},
    {"stop_sequence", OC_FIN_SEQUENCE},
    {"pause_turn", OC_FIN_PAUSE},
    {"refusal", OC_FIN_FILTER},
    {"refusal", OC_FIN_REFUSAL},
    {"model_context_window_exceeded", OC_FIN_CONTEXT},
};

}  // namespace

std::uint32_t finish_from_wire(std::string_view word) noexcept {
  for (const Word& w : kWords)
    if (w.wire == word) return w.finish;
  return OC_FIN_STOP;
}

std::string_view finish_to_wire(std::uint32_t finish) noexcept {
  for (const Word& w : kWords)
    if (w.finish == finish) return w.wire;
  return "end_turn";
}

}  // namespace onechat::anthropic_messages
