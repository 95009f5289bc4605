#include "settings.hpp"

#include <algorithm>

#include "common/headers.hpp"

namespace onechat::openai_chat {
namespace {

void text(oc::Json v, std::string& to) {
  if (!v.str().empty()) to = v.str();
}

struct TakesWord {
  std::string_view word;
  Takes bit;
};
constexpr TakesWord kTakesWords[] = {
    {"temperature", kTakesTemperature},
    {"top_p", kTakesTopP},
    {"top_k", kTakesTopK},
    {"penalties", kTakesPenalties},
    {"seed", kTakesSeed},
    {"stop", kTakesStop},
    {"n", kTakesN},
    {"logprobs", kTakesLogprobs},
    {"parallel_tool_calls", kTakesParallelToolCalls},
    {"service_tier", kTakesServiceTier},
    {"verbosity", kTakesVerbosity},
    {"user", kTakesUser},
    {"json_schema", kTakesJsonSchema},
    {"custom_tools", kTakesCustomTools},
    {"allowed_tools", kTakesAllowedTools},
    {"strict_tools", kTakesStrictTools},
    {"prompt_cache_key", kTakesPromptCacheKey},
    {"file_url", kTakesFileUrl},
};

std::uint32_t taken_by(oc::Json list) {
  std::uint32_t taken = 0;
  for (const oc::Json item : list)
    for (const TakesWord& w : kTakesWords)
      if (w.word == item.str()) taken |= w.bit;
  return taken;
}

ReasoningStyle style_of(std::string_view word) {
  if (word == "none") return ReasoningStyle::none;
  if (word == "openrouter") return ReasoningStyle::openrouter;
  if (word == "enable_thinking") return ReasoningStyle::enable_thinking;
  return word == "thinking" ? ReasoningStyle::thinking : ReasoningStyle::effort;
}

}  // namespace

Settings::Settings(oc::Json config) {
  const auto add = [this](std::string_view name, std::string value) {
    dialect::check_header(name, value);
    headers.emplace_back(name, std::move(value));
  };
  text(config["api_key"], api_key);
  const bool azure = config["api_key_header"].str() == "api-key";
  if (!api_key.empty()) azure ? add("api-key", api_key) : add("authorization", "Bearer " + api_key);
  if (const auto v = config["organization"].str(); !v.empty()) add("openai-organization", std::string(v));
  if (const auto v = config["project"].str(); !v.empty()) add("openai-project", std::string(v));
  for (const oc::Json h : config["headers"]) add(h.key(), std::string(h.str()));
  text(config["paths"]["chat"], chat_path);
  text(config["paths"]["embeddings"], embeddings_path);
  text(config["max_tokens_field"], max_tokens_field);
  text(config["reasoning_field"], reasoning_field);
  text(config["system_role"], system_role);
  if (config["takes"].is_array()) taken = taken_by(config["takes"]);
  reasoning_style = style_of(config["reasoning_style"].str());
  for (const oc::Json word : config["reasoning_efforts"]) reasoning_efforts.emplace_back(word.str());
  if (config["tool_ids"].str() == "nine") tool_ids = ToolIds::nine;
  cache_control = config["cache_control"].boolean(false);
  stream_usage = config["stream_usage"].boolean(true);
  cancel_stops_billing = config["cancel_stops_billing"].boolean(true);
}

bool Settings::takes_effort(std::string_view word) const {
  return reasoning_efforts.empty() || std::find(reasoning_efforts.begin(), reasoning_efforts.end(), word) != reasoning_efforts.end();
}

}  // namespace onechat::openai_chat
