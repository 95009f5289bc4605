#include "settings.hpp"

#include <algorithm>

#include "anthropic_messages/version.hpp"
#include "common/headers.hpp"

namespace onechat::anthropic_messages {
namespace {

// What every upstream of the dialect takes without a beta.
constexpr std::string_view kPlainMembers[] = {"model",       "messages",    "max_tokens", "system",   "stop_sequences",
                                              "stream",      "temperature", "top_p",      "top_k",    "tools",
                                              "tool_choice", "thinking",    "metadata",   "service_tier", "output_config"};

void text(oc::Json v, std::string& to) {
  if (!v.str().empty()) to = v.str();
}

bool has(const std::vector<std::string>& list, std::string_view what) {
  return std::find(list.begin(), list.end(), what) != list.end();
}

}  // namespace

Settings::Settings(oc::Json config) {
  const auto add = [this](std::string_view name, std::string value) {
    dialect::check_header(name, value);
    headers.emplace_back(name, std::move(value));
  };
  text(config["api_key"], api_key);
  const bool bearer = config["auth"].str() == "bearer";
  if (!api_key.empty()) bearer ? add("authorization", "Bearer " + api_key) : add("x-api-key", api_key);
  for (const oc::Json h : config["headers"]) add(h.key(), std::string(h.str()));
  text(config["paths"]["messages"], messages_path);
  text(config["paths"]["count_tokens"], count_path);
  for (const oc::Json v : config["versions"]) versions.emplace_back(v.str());
  if (versions.empty()) versions = {std::string(kVersion2023), std::string(kVersion2026)};
  std::sort(versions.begin(), versions.end());
  limited = config["betas"].is_object();
  for (const oc::Json beta : config["betas"]) {
    betas.emplace_back(beta.key());
    for (const oc::Json member : beta) members.emplace_back(member.str());
  }
  for (const oc::Json member : config["members"]) members.emplace_back(member.str());
  max_tokens_default = static_cast<std::uint64_t>(std::max<std::int64_t>(1, config["max_tokens_default"].integer(4096)));
  if (const auto v = config["thinking"].str(); v == "budget" || v == "adaptive")
    thinking = v == "budget" ? Thinking::budget : Thinking::adaptive;
  if (const auto v = config["sampling"].str(); v == "send" || v == "drop")
    sampling = v == "send" ? Sampling::send : Sampling::drop;
  if (const auto v = config["structured_output"].str(); v == "output_config" || v == "tool")
    structured = v == "tool" ? Structured::tool : Structured::output_config;
  replay_unsigned = config["replay_unsigned_thinking"].boolean(false);
  counts_tokens = config["count_tokens"].boolean(true);
  cancel_stops_billing = config["cancel_stops_billing"].boolean(true);
}

bool Settings::serves(std::string_view version) const { return has(versions, version); }

bool Settings::takes_beta(std::string_view name) const { return !limited || has(betas, name); }

bool Settings::takes_member(std::string_view name) const {
  if (!limited || has(members, name)) return true;
  return std::find(std::begin(kPlainMembers), std::end(kPlainMembers), name) != std::end(kPlainMembers);
}

}  // namespace onechat::anthropic_messages
