// The surface "gemini": Google's generateContent as clients speak it.
#pragma once
#include <onechat/onechat.hpp>

#include <string>

#include "answer.hpp"
#include "routes.hpp"

namespace onechat::gemini {

class Surface {
 public:
  using State = Answer;
  static constexpr std::string_view kDialect = "gemini";
  static constexpr std::string_view kPrefix = "/gemini";
  static constexpr std::uint32_t kFlags = OC_SURF_CARRIES_STATE;

  Surface(const oc_host*, oc::Json) {}

  std::uint64_t routes(const oc_route* const** out);
  oc_status credential(const oc::Call&, const oc_http_in&, oc_str& api_key);
  oc_status parse(const oc::Call&, State&, const oc_http_in&, const oc_request** out);
  oc_status event(const oc::Call&, State&, const oc_event&, oc::Out&);
  oc_status finish(const oc::Call&, State&, oc::Out&);
  oc_status error(const oc::Call&, State&, const oc_event&, oc::Out&);
  oc_status stream_error(const oc::Call&, State&, const oc_event&, oc::Out&);
  oc_status models(const oc::Call&, const oc_http_in&, const oc_model* const*, std::uint64_t n, oc::Out&);

 private:
  Routes routes_;
  std::string key_;            // percent-decoded from the query; valid until the next credential()
  std::uint64_t answers_ = 0;  // part of the ids we make
};

}  // namespace onechat::gemini
