// Any bytes as the body of a request in any dialect: what its surface accepts, every provider can write or refuses.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "codec.hpp"

namespace {

using namespace onechat;
using namespace onechat::conformance;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const oc_request& request) {
  require(request.n >= 1);
  for (std::uint64_t i = 0; i < request.n_anchors; ++i)
    require(request.anchors[i].offset + request.anchors[i].length <= request.raw.len);
  for (std::uint64_t i = 0; i < request.n_turns; ++i)
    for (std::uint64_t k = 0; k < request.turns[i]->n_parts; ++k) require(request.turns[i]->parts[k]->type != 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto& all = dialects();
  const Dialect& from = all[data[0] % all.size()];
  Asked asked;
  asked.streamed = (data[0] & 0x40) != 0;
  asked.json_array = (data[0] & 0x80) != 0;
  Client client(from, std::string(reinterpret_cast<const char*>(data) + 1, size - 1), asked);
  require(client.parsed() != client.call.failure.has_value());
  if (!client.parsed()) return 0;
  check(*client.request);
  for (const Dialect& to : all) {
    for (const bool straight : {false, true}) {
      if (straight && to.name != from.name) continue;
      Upstream upstream(to);
      const std::string body = upstream.build(*client.request, straight);
      require((upstream.built == OC_OK) == !upstream.call.failure.has_value());
      if (upstream.built != OC_OK) continue;
      Arena arena;
      require(json::parse(arena, body) != nullptr);
      upstream.finish();
    }
  }
  return 0;
}
