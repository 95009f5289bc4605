#include "gemini/finish_reason.hpp"

#include <onechat/conv.h>

namespace onechat::gemini {
namespace {

struct Word {
  std::string_view wire;
  std::uint32_t finish;
};
// The first word of a kind is the one we write.
constexpr Word kWords[] = {
    {"STOP", OC_FIN_STOP},
    {"MAX_TOKENS", OC_FIN_LENGTH},
    {"SAFETY", OC_FIN_FILTER},
    {"RECITATION", OC_FIN_FILTER},
    {"LANGUAGE", OC_FIN_FILTER},
    {"OTHER", OC_FIN_FILTER},
    {"BLOCKLIST", OC_FIN_FILTER},
    {"PROHIBITED_CONTENT", OC_FIN_FILTER},
    {"SPII", OC_FIN_FILTER},
    {"MODEL_ARMOR", OC_FIN_FILTER},
    {"JAILBREAK", OC_FIN_FILTER},
    {"IMAGE_SAFETY", OC_FIN_FILTER},
    {"IMAGE_PROHIBITED_CONTENT", OC_FIN_FILTER},
    {"IMAGE_RECITATION", OC_FIN_FILTER},
    {"IMAGE_OTHER", OC_FIN_FILTER},
    {"NO_IMAGE", OC_FIN_FILTER},
    {"MALFORMED_FUNCTION_CALL", OC_FIN_MALFORMED_TOOL},
    {"UNEXPECTED_TOOL_CALL", OC_FIN_MALFORMED_TOOL},
    {"TOO_MANY_TOOL_CALLS", OC_FIN_MALFORMED_TOOL},
    {"MALFORMED_RESPONSE", OC_FIN_ERROR},
    {"CONTINUATION", OC_FIN_PAUSE},
};

}  // namespace

std::uint32_t finish_from_wire(std::string_view word) noexcept {
  for (const Word& w : kWords)
    if (w.wire == word) return w.finish;
  return OC_FIN_STOP;
}

std::string_view finish_to_wire(std::uint32_t finish) noexcept {
  if (finish == OC_FIN_CONTEXT) return "MAX_TOKENS";
  if (finish == OC_FIN_REFUSAL) return "SAFETY";
  if (finish == OC_FIN_ERROR || finish == OC_FIN_CANCELLED) return "OTHER";
  for (const Word& w : kWords)
    if (w.finish == finish) return w.wire;
  return "STOP";
}

bool is_no_reason(std::string_view word) noexcept { return word.empty() || word == "FINISH_REASON_UNSPECIFIED"; }

}  // namespace onechat::gemini
