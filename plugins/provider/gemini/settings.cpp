#include "settings.hpp"

#include "common/headers.hpp"

namespace onechat::gemini {
namespace {

bool names_only_a_host(std::string_view base_url) {
  const auto scheme = base_url.find("://");
  if (scheme == std::string_view::npos) return false;
  const auto path = base_url.find('/', scheme + 3);
  return path == std::string_view::npos || path + 1 == base_url.size();
}

}  // namespace

Settings::Settings(oc::Json config) {
  const auto add = [this](std::string_view name, std::string value) {
    dialect::check_header(name, value);
    headers.emplace_back(name, std::move(value));
  };
  api_key = config["api_key"].str();
  const bool bearer = config["api_key_header"].str() == "authorization";
  if (!api_key.empty()) bearer ? add("authorization", "Bearer " + api_key) : add("x-goog-api-key", api_key);
  for (const oc::Json h : config["headers"]) add(h.key(), std::string(h.str()));
  if (names_only_a_host(config["base_url"].str())) version = "/v1beta";
  vertex = config["base_url"].str().find("aiplatform.googleapis.com") != std::string_view::npos;
  json_schema = config["json_schema"].boolean(true);
  dummy_signature = config["dummy_signature"].boolean(true);
  fetches_urls = config["fetches_urls"].boolean(vertex);
  cancel_stops_billing = config["cancel_stops_billing"].boolean(true);
  const auto how = config["thinking"].str();
  if (how == "none") thinking = Thinking::none;
  if (how == "budget") thinking = Thinking::budget;
  if (how == "level") thinking = Thinking::level;
}

}  // namespace onechat::gemini
