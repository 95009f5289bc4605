// What is asked of the upstream beside the conversation: limits, thinking, sampling, the form of the answer, the version.
//
// Made from request and settings alone, before anything is written; the bound of a hold comes from here too.
#pragma once
#include <onechat/onechat.hpp>

#include <array>
#include <cstdint>
#include <string_view>

#include "anthropic_messages/version.hpp"
#include "settings.hpp"

namespace onechat::anthropic_messages {

// Things that have no place upstream, each once. Names are static.
class Drops {
 public:
  void add(std::string_view what);
  // OC_OK, or the refusal of a strict request.
  oc_status tell(const oc::Call& call) const;

 private:
  std::array<std::string_view, 32> list_{};
  std::size_t n_ = 0;
};

struct Plan {
  enum class Thinking { unsaid, disabled, budget, adaptive };
  enum class Format { none, output_config, tool };

  bool own = false;  // the request is of this dialect
  Generation generation;
  std::string_view version;
  std::uint64_t max_tokens = 0;
  Thinking thinking = Thinking::unsaid;
  std::int64_t budget = 0;
  bool summarized = false;  // ask for readable thinking where a model would leave it out
  std::string_view effort;
  Format format = Format::none;
  bool temperature = false, top_p = false, top_k = false, strict_tools = false;
  double temperature_value = 1;

  bool thinks() const { return thinking == Thinking::budget || thinking == Thinking::adaptive; }
};

Plan plan_of(const Settings& settings, const oc_request& request, Drops& drops);

// The version the client speaks, the older one when it does not say; "" for one of another dialect.
std::string_view client_version(const oc_request& request);

}  // namespace onechat::anthropic_messages
