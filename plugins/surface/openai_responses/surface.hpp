// The surface "openai_responses": OpenAI's Responses as clients speak it.
#pragma once
#include <onechat/onechat.hpp>

#include "answer.hpp"
#include "kept.hpp"

namespace onechat::openai_responses {

class Surface {
 public:
  struct State {
    RequestFacts facts;
    Answer answer;
    ListQuery list;
    std::uint64_t replay_from;  // number of the first event wanted
  };
  static constexpr std::string_view kDialect = "openai_responses";
  static constexpr std::string_view kPrefix = "/openai";
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

  oc_status resume(const oc::Call&, State&, const oc_request& parsed, std::string_view kept, const oc_request** out);
  oc_status keep(const oc::Call&, State&, std::string_view answer_json, oc_str& id, oc_bytes& kept);
  oc_status kept(const oc::Call&, State&, const oc_request&, std::string_view kept, oc::Out&);

 private:
  oc_status parse_kept(const oc::Call&, State&, const oc_http_in&, oc_request& out);

  std::uint64_t answers_ = 0;  // part of the ids we make
};

}  // namespace onechat::openai_responses
