// Settings of one provider that speaks the Messages API: Anthropic itself, or a cloud or vendor that offers it too.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace onechat::anthropic_messages {

struct Settings {
  enum class Thinking { automatic, budget, adaptive };
  enum class Sampling { automatic, send, drop };
  enum class Structured { automatic, output_config, tool };

  // Throws std::runtime_error that names the setting. `config` has passed the schema.
  explicit Settings(oc::Json config);

  bool serves(std::string_view version) const;
  std::string_view newest_version() const { return versions.back(); }
  bool takes_beta(std::string_view name) const;
  bool takes_member(std::string_view name) const;  // of the body

  std::string api_key;
  std::vector<std::pair<std::string, std::string>> headers;  // the credential and what else was asked for
  std::string messages_path = "/v1/messages", count_path = "/v1/messages/count_tokens";
  std::vector<std::string> versions;  // ascending
  bool limited = false;               // only listed betas and members pass
  std::vector<std::string> betas, members;
  std::uint64_t max_tokens_default = 4096;
  Thinking thinking = Thinking::automatic;
  Sampling sampling = Sampling::automatic;
  Structured structured = Structured::automatic;
  bool replay_unsigned = false;  // earlier thinking without a signature goes back too
  bool counts_tokens = true;
  bool cancel_stops_billing = true;
};

}  // namespace onechat::anthropic_messages
