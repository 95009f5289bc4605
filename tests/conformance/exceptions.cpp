#include "exceptions.hpp"

#include <algorithm>
#include <iterator>

namespace onechat::conformance {
namespace {

struct Exception {
  std::string_view id, about, why;
};
constexpr Exception kExceptions[] = {
    {"pydantic-ai__test-openai-previous-response-id", "provider", "written by hand: status \"complete\""},
    {"pydantic-ai__test-openai-responses-model-http-error", "*", "a request that is wrong on purpose"},
    {"vercel-ai__google-stream-tool-call-array-arguments", "provider",
     "calls told in pieces without names, which the suite's reader does not join"},
    {"vercel-ai__google-vertex-stream-tool-call-arguments", "provider",
     "calls told in pieces without names, which the suite's reader does not join"},
    {"vercel-ai__google-stream-no-args-tool-call", "provider",
     "calls told in pieces without names, which the suite's reader does not join"},
    {"pydantic-ai__test-google-model-armor-prompt-template-text-gets-blocked", "provider", "usage without a sum"},
    {"vercel-ai__openai-image-generation-tool-1", "gemini", "a picture cut short by hand is no base64"},
};

}  // namespace

bool is_excused(const Recording& r, std::string_view about) {
  return std::any_of(std::begin(kExceptions), std::end(kExceptions), [&](const Exception& e) {
    return r.id.starts_with(e.id) && (e.about == about || e.about == "*");
  });
}

bool is_several(const Recording& r) {
  if (!r.streamed || r.framing == "sse") return false;
  int n = 0;
  for (const auto& f : r.frames()) n += f.event == "message_start" || f.event == "response.created" ? 1 : 0;
  return n > 1;
}

}  // namespace onechat::conformance
