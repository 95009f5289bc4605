#include "finish_reason.hpp"

#include <onechat/conv.h>

namespace onechat::openai_chat {
namespace {

struct Word {
  std::string_view wire;
  std::uint32_t finish;
};
// The first word of a kind is the one we write.
constexpr Word kWords[] = {
    {"stop", OC_FIN_STOP},
    {"length", OC_FIN_LENGTH},
    {"tool_calls", OC_FIN_TOOL},
    {"content_filter", OC_FIN_FILTER},
    {"function_call", OC_FIN_TOOL},
    {"max_tokens", OC_FIN_LENGTH},
    {"model_length", OC_FIN_LENGTH},
    {"error", OC_FIN_ERROR},
};

}  // namespace

std::uint32_t finish_from_wire(std::string_view word) noexcept {
  for (const Word& w : kWords)
    if (w.wire == word) return w.finish;
  return OC_FIN_STOP;
}

std::string_view finish_to_wire(std::uint32_t finish) noexcept {
  // An answer that broke off has no word of its own in this dialect; an error event tells it instead.
  if (finish == OC_FIN_ERROR) return "stop";
  for (const Word& w : kWords)
    if (w.finish == finish) return w.wire;
  return "stop";
}

}  // namespace onechat::openai_chat
