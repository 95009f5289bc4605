// Settings of one provider that speaks Chat Completions: OpenAI itself or one of the many that imitate it.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace onechat::openai_chat {

// Optional members and abilities that vendors differ in; the words of the setting `takes`. They concern requests that are
// written anew from another dialect: a client of this dialect knows its vendor.
enum Takes : std::uint32_t {
  kTakesTemperature = 1u << 0,
  kTakesTopP = 1u << 1,
  kTakesTopK = 1u << 2,
  kTakesPenalties = 1u << 3,  // presence_penalty, frequency_penalty
  kTakesSeed = 1u << 4,
  kTakesStop = 1u << 5,
  kTakesN = 1u << 6,
  kTakesLogprobs = 1u << 7,
  kTakesParallelToolCalls = 1u << 8,
  kTakesServiceTier = 1u << 9,
  kTakesVerbosity = 1u << 10,
  kTakesUser = 1u << 11,
  kTakesJsonSchema = 1u << 12,
  kTakesCustomTools = 1u << 13,
  kTakesAllowedTools = 1u << 14,
  kTakesStrictTools = 1u << 15,
  kTakesPromptCacheKey = 1u << 16,
  kTakesFileUrl = 1u << 17,  // file_data may be a URL
};
inline constexpr std::uint32_t kTakenByOpenAi =
    ((kTakesFileUrl << 1) - 1) & ~std::uint32_t(kTakesTopK) & ~std::uint32_t(kTakesFileUrl);

enum class ReasoningStyle {
  none,             // the vendor has no such wish
  effort,           // "reasoning_effort": word
  openrouter,       // "reasoning": {"effort" | "max_tokens", "exclude"}
  enable_thinking,  // "enable_thinking": bool, "thinking_budget": tokens
  thinking,         // "thinking": {"type": "enabled" | "disabled"}
};
enum class ToolIds { any, nine };  // nine: exactly nine letters and digits

struct Settings {
  // Throws std::runtime_error that names the setting. `config` has passed the schema.
  explicit Settings(oc::Json config);

  bool takes(Takes what) const { return (taken & what) != 0; }
  bool takes_effort(std::string_view word) const;

  std::string api_key;
  std::vector<std::pair<std::string, std::string>> headers;  // authorization and what else was asked for
  std::string chat_path = "/chat/completions", embeddings_path = "/embeddings";  // may name {model}
  std::string max_tokens_field = "max_completion_tokens";
  std::string reasoning_field;  // member that carries earlier reasoning back; "" = it is left out
  std::string system_role = "system";
  std::uint32_t taken = kTakenByOpenAi;
  ReasoningStyle reasoning_style = ReasoningStyle::effort;
  std::vector<std::string> reasoning_efforts;  // words that the vendor knows; empty: all
  ToolIds tool_ids = ToolIds::any;
  bool cache_control = false;  // the vendor takes Anthropic's cache breakpoints
  bool stream_usage = true;    // ask for usage in streams
  bool cancel_stops_billing = true;
};

}  // namespace onechat::openai_chat
