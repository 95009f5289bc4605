// Any bytes as a request body: parse, then render an answer and an error for what was accepted.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "surface.hpp"
#include "support/fake_host.hpp"

namespace {

constexpr oc_component kSurface = oc::surface<onechat::openai_chat::Surface>({"surface.openai_chat", "0", "", nullptr, 0});

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace onechat;
  if (size == 0) return 0;
  test::FakeHost host;
  test::Instance<oc_surface> surface(host, kSurface);
  test::CallState state(surface->call_state_size);
  test::FakeCall call;
  oc_http_in in = oc::sized<oc_http_in>();
  in.op = (data[0] & 1) != 0 ? OC_OP_EMBED : OC_OP_GENERATE;
  in.body = {data + 1, size - 1};
  const oc_request* request = nullptr;
  const oc_status status = surface->parse(surface.self(), call.handle(), state, &call.arena, &in, &request);
  require((status == OC_OK) == !call.failure.has_value());
  if (status != OC_OK) return 0;

  require(request->model.len != 0 && request->n >= 1 && request->n <= 128);
  for (std::uint64_t i = 0; i < request->n_anchors; ++i)
    require(request->anchors[i].offset + request->anchors[i].length <= request->raw.len);
  if (in.op != OC_OP_GENERATE) return 0;
  test::FakeOut out;
  for (const std::uint32_t type : {OC_EV_START, OC_EV_TEXT, OC_EV_TOOL_BEGIN, OC_EV_TOOL_ARGS, OC_EV_USAGE, OC_EV_FINISH}) {
    oc_event e = oc::Call::event(type);
    const oc_usage used = oc::sized<oc_usage>();
    e.usage = &used;
    e.text = e.id = e.tool_id = e.tool_name = request->model;
    require(surface->event(surface.self(), call.handle(), state, &call.arena, &e, out.handle()) == OC_OK);
  }
  require(surface->finish(surface.self(), call.handle(), state, &call.arena, out.handle()) == OC_OK);
  require(!out.body.empty());
  return 0;
}
