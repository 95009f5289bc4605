#include "betas.hpp"

#include "anthropic_messages/version.hpp"
#include "common/headers.hpp"

namespace onechat::anthropic_messages {

std::string_view betas_for(const oc::Call& call, const Settings& settings, const oc_request& request, Drops& drops) {
  if (oc::view(request.dialect) != kDialectName) return {};
  std::string_view all;
  for (std::uint64_t i = 0; i < request.n_headers; ++i) {
    if (oc::view(request.headers[i].name) != "anthropic-beta") continue;
    for (std::string_view rest = oc::view(request.headers[i].value); !rest.empty();) {
      const auto comma = rest.find(',');
      const auto beta = dialect::trimmed(rest.substr(0, comma));
      rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
      if (beta.empty()) continue;
      if (settings.takes_beta(beta))
        all = all.empty() ? beta : call.concat({all, ",", beta});
      else
        drops.add(call.concat({"anthropic-beta: ", beta}));
    }
  }
  return all;
}

}  // namespace onechat::anthropic_messages
