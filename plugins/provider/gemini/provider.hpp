// The provider "gemini": a codec for upstreams that speak Google's generateContent.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>
#include <string_view>

#include "answer_reader.hpp"
#include "settings.hpp"

namespace onechat::gemini {

class Provider {
 public:
  struct State {
    AnswerReader reader;
    std::uint32_t op = 0;
    bool whole = false;  // the answer is one body, not a stream
  };
  static constexpr std::string_view kDialect = "gemini";
  // Optional interface: `const uint64_t*`, the OC_PROV_CAP_* of this very instance where settings change them.
  static constexpr std::string_view kInstanceCaps = "onechat.instance_caps/1";
  static constexpr std::uint64_t kCaps = OC_PROV_CAP_STREAM | OC_PROV_CAP_TOOLS | OC_PROV_CAP_VISION |
                                         OC_PROV_CAP_EMBED | OC_PROV_CAP_COUNT_TOKENS | OC_PROV_CAP_STATE |
                                         OC_PROV_CAP_USAGE_INCREMENTAL | OC_PROV_CAP_CANCEL_STOPS_BILLING;

  Provider(const oc_host*, oc::Json config);

  oc_status build(oc::Call&, State&, const oc_request&, bool straight_ok, oc::Http&);
  oc_status frame(oc::Call&, State&, const oc_frame&, oc_relay*);
  oc_status finish(oc::Call&, State&, oc_status transport);
  oc_status map_error(oc::Call&, State&, std::uint32_t http_status, const oc_header*, std::uint64_t n,
                      std::string_view body, oc_event& out);
  oc_status estimate(const oc_request&, oc_usage& out);
  const void* get_ext(std::string_view id) noexcept;

 private:
  std::string_view path(const oc::Call&, const oc_request&, bool straight) const;

  Settings settings_;
  std::uint64_t caps_;
};

}  // namespace onechat::gemini
