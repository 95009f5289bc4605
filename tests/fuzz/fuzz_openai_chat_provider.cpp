// Any bytes as an upstream's answer: a whole body, the chunks of a stream (one per line), or an error body.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "provider.hpp"
#include "support/fake_host.hpp"

namespace {

constexpr oc_component kProvider =
    oc::provider<onechat::openai_chat::Provider>({"provider.openai_chat", "0", "", nullptr, 0});

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace onechat;
  if (size == 0) return 0;
  const bool streams = (data[0] & 1) != 0, straight = (data[0] & 2) != 0, embeds = (data[0] & 4) != 0;
  std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);

  test::FakeHost host;
  test::Instance<oc_provider_codec> provider(host, kProvider);
  test::CallState state(provider->call_state_size);
  test::FakeCall call;
  constexpr std::string_view kRaw = R"({"model":"m"})";
  const oc_anchor anchors[] = {{oc::str("object"), 0, kRaw.size()}, {oc::str("model"), 9, 3}};
  oc_request request = oc::sized<oc_request>();
  request.op = embeds ? OC_OP_EMBED : OC_OP_GENERATE;
  request.n = 1;
  request.flags = streams ? std::uint32_t(OC_REQ_STREAM) : 0u;
  request.dialect = oc::str("openai_chat");
  request.raw = oc::bytes(kRaw);
  request.model = oc::str("m");
  request.anchors = anchors;
  request.n_anchors = 2;
  oc_http_request http{};
  http.struct_size = sizeof http;
  require(provider->build(provider.self(), call.handle(), state, &call.arena, &request, 1, &http) == OC_OK);

  oc_event error{};
  require(provider->map_error(provider.self(), call.handle(), state, &call.arena, 429, nullptr, 0, oc::bytes(input), &error) == OC_OK);
  require(error.type == OC_EV_ERROR && error.status < 0);
  while (!input.empty()) {
    const auto line = input.substr(0, streams ? input.find('\n') : input.size());
    input.remove_prefix(std::min(input.size(), line.size() + 1));
    Arena frame_arena;
    oc_frame frame = oc::sized<oc_frame>();
    frame.data = oc::bytes(line);
    oc_relay relay = oc::sized<oc_relay>();
    provider->frame(provider.self(), call.handle(), state, &frame_arena, &frame, straight ? &relay : nullptr);
    const std::string relayed = test::apply(line, relay.splices, relay.n_splices);  // throws on impossible edits
    if (relay.n_splices != 0) require(relay.drop == 0 && onechat::json::parse(frame_arena, relayed) != nullptr);
  }
  provider->finish(provider.self(), call.handle(), state, &call.arena, OC_OK);
  for (const auto& e : call.events) require(e.type != OC_EV_FINISH || e.finish != 0);
  return 0;
}
