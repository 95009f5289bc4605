#include "settings.hpp"

#include "common/headers.hpp"

namespace onechat::openai_responses {
namespace {

// OpenAI's models without reasoning refuse a request that asks for it.
constexpr std::string_view kWithoutReasoning[] = {"gpt-3.5", "gpt-4", "chatgpt-4o", "gpt-5-chat"};

void text(oc::Json v, std::string& to) {
  if (!v.str().empty()) to = v.str();
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
  text(config["paths"]["responses"], responses_path);
  text(config["paths"]["input_tokens"], count_path);
  text(config["encrypted_reasoning"], encrypted_reasoning);
  count_tokens = config["count_tokens"].boolean(true);
  cancel_stops_billing = config["cancel_stops_billing"].boolean(true);
}

bool Settings::wants_state(std::string_view model) const {
  if (encrypted_reasoning != "auto") return encrypted_reasoning == "always";
  if (const auto slash = model.rfind('/'); slash != std::string_view::npos) model.remove_prefix(slash + 1);
  for (const std::string_view family : kWithoutReasoning)
    if (model.substr(0, family.size()) == family) return false;
  return true;
}

}  // namespace onechat::openai_responses
