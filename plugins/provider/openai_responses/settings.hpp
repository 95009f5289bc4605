// Settings of one provider that speaks Responses: OpenAI itself or one of those that imitate it.
#pragma once
#include <onechat/onechat.hpp>

#include <string>
#include <utility>
#include <vector>

namespace onechat::openai_responses {

struct Settings {
  // Throws std::runtime_error that names the setting. `config` has passed the schema.
  explicit Settings(oc::Json config);

  // Is `model` to be asked for reasoning that can be sent back?
  bool wants_state(std::string_view model) const;

  std::string api_key;
  std::vector<std::pair<std::string, std::string>> headers;  // authorization and what else was asked for
  std::string responses_path = "/responses", count_path = "/responses/input_tokens";
  std::string encrypted_reasoning = "auto";
  bool count_tokens = true;
  bool cancel_stops_billing = true;
};

}  // namespace onechat::openai_responses
