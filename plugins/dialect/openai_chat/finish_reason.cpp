#include "finish_reason.hpp"

#include <onechat/conv.h>

namespace onechat::openai_chat {
namespace {

struct Word {
  std::string_view wire;
  std::uint32_t finish;
};
constexpr Word kWords[] = {
    {"stop", OC_FIN_STOP},
    {"length", OC_FIN_LENGTH},
    {"tool_calls", OC_FIN_TOOL},
    {"content_filter", OC_FIN_FILTER},
    {"function_call", OC_FIN_TOOL},
    {"max_tokens", OC_FIN_LENGTH},
    {"model_length", OC_FIN_CONTEXT},
    {"model_context_window_exceeded", OC_FIN_CONTEXT},
    {"tool_use", OC_FIN_TOOL},
    {"stop_sequence", OC_FIN_SEQUENCE},
    {"sensitive", OC_FIN_FILTER},
    {"safety", OC_FIN_FILTER},
    {"SAFETY", OC_FIN_FILTER},
    {"RECITATION", OC_FIN_FILTER},
    {"MAX_TOKENS", OC_FIN_LENGTH},
    {"refusal", OC_FIN_REFUSAL},
    {"MALFORMED_FUNCTION_CALL", OC_FIN_MALFORMED_TOOL},
    {"function_call_filter: MALFORMED_FUNCTION_CALL", OC_FIN_MALFORMED_TOOL},
    {"function_call_filter: UNEXPECTED_TOOL_CALL", OC_FIN_MALFORMED_TOOL},
    {"insufficient_system_resource", OC_FIN_ERROR},
    {"network_error", OC_FIN_ERROR},
    {"error", OC_FIN_ERROR},
};

}  // namespace

std::uint32_t finish_from_wire(std::string_view word) noexcept {
  for (const Word& w : kWords)
    if (w.wire == word) return w.finish;
  return OC_FIN_STOP;
}

std::string_view finish_to_wire(std::uint32_t finish, bool refusal_told) noexcept {
  switch (finish) {
    case OC_FIN_LENGTH:
    case OC_FIN_CONTEXT: return "length";
    case OC_FIN_TOOL: return "tool_calls";
    case OC_FIN_FILTER: return "content_filter";
    case OC_FIN_REFUSAL: return refusal_told ? "stop" : "content_filter";
    // Pauses, stop sequences and broken calls have no word of their own; an error event tells what broke off.
    default: return "stop";
  }
}

}  // namespace onechat::openai_chat
