// The components of the plugins, one unit of translation each: their headers have names in common.
#pragma once
#include <vector>

#include "codec.hpp"

namespace onechat::conformance {

Dialect openai_chat_plugins();
Dialect openai_responses_plugins();
Dialect anthropic_messages_plugins();
Dialect gemini_plugins();
// Defined by the build: those that exist.
std::vector<Dialect> plugins_under_test();

}  // namespace onechat::conformance
