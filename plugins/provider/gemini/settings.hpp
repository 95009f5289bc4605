// Settings of one provider that speaks generateContent: Google AI Studio, Vertex AI, or a proxy of them.
#pragma once
#include <onechat/onechat.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gemini/model_name.hpp"

namespace onechat::gemini {

struct Settings {
  // Throws std::runtime_error that names the setting. `config` has passed the schema.
  explicit Settings(oc::Json config);

  std::string api_key;
  std::vector<std::pair<std::string, std::string>> headers;  // the credential and what else was asked for
  std::string version;          // "/v1beta" where base_url names no version: before every path
  bool vertex = false;                                       // of base_url: some operations have another body there
  bool json_schema = true;      // schemas go as JSON Schema; else in Google's subset of OpenAPI
  bool dummy_signature = true;  // for tool calls that another model made
  bool fetches_urls = false;    // the vendor fetches media by http(s) itself
  bool cancel_stops_billing = true;
  std::optional<Thinking> thinking;  // unset: told by the model's name
};

}  // namespace onechat::gemini
