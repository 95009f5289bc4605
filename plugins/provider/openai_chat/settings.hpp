// Settings of one provider that speaks Chat Completions: OpenAI itself or one of the many that imitate it.
#pragma once
#include <onechat/onechat.hpp>

#include <string>
#include <utility>
#include <vector>

namespace onechat::openai_chat {

struct Settings {
  // Throws std::runtime_error that names the setting. `config` has passed the schema.
  explicit Settings(oc::Json config);

  std::string api_key;
  std::vector<std::pair<std::string, std::string>> headers;  // authorization and what else was asked for
  std::string chat_path = "/chat/completions", embeddings_path = "/embeddings";
  std::string max_tokens_field = "max_completion_tokens";
  std::string reasoning_field;        // member that carries earlier reasoning back; "" = it is left out
  bool stream_usage = true;           // ask for usage in streams
  bool cancel_stops_billing = true;
};

}  // namespace onechat::openai_chat
