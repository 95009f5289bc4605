// Any bytes as an upstream's answer in any dialect: what its provider makes of it, every surface can tell.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "codec.hpp"

namespace {

using namespace onechat;
using namespace onechat::conformance;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

// Byte 0: dialect and form; the rest: frames, one a line, each with an event's name before a tab where there is one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto& all = dialects();
  const Dialect& from = all[data[0] % all.size()];
  const bool streamed = (data[0] & 0x40) != 0;
  std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);

  Asked asked;
  asked.streamed = streamed;
  Client own(from, plain_request(from.name, streamed), asked);
  require(own.parsed());
  Upstream upstream(from);
  upstream.build(*own.request);
  require(upstream.built == OC_OK);
  while (!input.empty() && !upstream.call.failure) {
    const auto line = input.substr(0, streamed ? input.find('\n') : input.size());
    input.remove_prefix(std::min(input.size(), line.size() + 1));
    const auto tab = streamed ? line.find('\t') : std::string_view::npos;
    upstream.frame(tab == std::string_view::npos ? std::string_view() : line.substr(0, tab),
                   tab == std::string_view::npos ? line : line.substr(tab + 1));
  }
  const oc_status ended = upstream.finish();
  for (const Dialect& to : all) {
    Client client(to, plain_request(to.name, streamed), asked);
    require(client.parsed());
    client.answer(upstream.call.events, upstream.call.failure ? upstream.call.failure->status : ended);
    require(!client.out.body.empty());
    if (streamed || ended != OC_OK || upstream.call.failure) continue;
    Arena arena;
    require(json::parse(arena, client.out.body) != nullptr);
  }
  return 0;
}
