// The dialect's usageMetadata and the disjoint buckets of oc_usage.
//
// On the wire promptTokenCount includes the cached tokens, candidatesTokenCount excludes the thoughts, and what
// built-in tools fed to the model is told apart in toolUsePromptTokenCount: total = prompt + tool use + candidates +
// thoughts.
#pragma once
#include <onechat/onechat.hpp>

namespace onechat::gemini {

// False when `usage` counts nothing. Subtractions stop at 0.
bool read_usage(oc::Json usage, oc_usage& out);
// The value of a "usageMetadata" member. Tokens of tool use are told as part of the prompt.
void write_usage(oc::Writer& out, const oc_usage& usage);
// Input tokens of all kinds.
std::uint64_t prompt_tokens(const oc_usage& usage) noexcept;

}  // namespace onechat::gemini
