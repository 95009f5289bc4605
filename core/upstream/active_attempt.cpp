#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

#include "upstream/attempt.hpp"

namespace onechat::upstream {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kWaitingBytesMax = 256 * 1024;  // beyond it emit() says OC_PAUSE (see the exchange)

}  // namespace

asio::awaitable<void> attempt_active(const plugin::Instance<oc_provider_active>& provider, AttemptInput in,
                                     AttemptOutcome& out) {
  const oc_provider_active& table = provider.table();
  const std::uint64_t begin_ns = in.clock->now_ns();
  void* state = in.arena->allocate(table.call_state_size + 16, 16);
  if (state == nullptr) {
    out.error = Error(OC_E_NOMEM, "The request is too large.");
    co_return;
  }
  std::memset(state, 0, table.call_state_size);

  // Rings when there is something to flush, and at the end.
  asio::steady_timer bell(in.call->loop());
  bool done = false;
  oc_status result = OC_OK;
  oc_op* op = in.operations->open([&](oc_status s) {
    done = true;
    result = s;
    bell.cancel();
  });
  bool cancelled = false;
  in.cancel->arm([&] {
    if (done || cancelled) return;
    cancelled = true;
    table.cancel(provider.self(), in.call, state);
  });
  in.down->on_output([&] { bell.cancel(); });
  const oc_status started = plugin::timed(provider.times(plugin::Timed::build), [&] {
    return table.start(provider.self(), in.call, state, in.arena, in.request, op);
  });
  if (started < 0) plugin::OperationPool::complete(op, started);
  if (in.cancel->requested() && !done && !cancelled) {
    cancelled = true;
    table.cancel(provider.self(), in.call, state);
  }

  bool client_gone = false;
  while (!done) {
    boost::system::error_code ec;
    bell.expires_at(asio::steady_timer::time_point::max());
    if (in.down->waiting_bytes() == 0) co_await bell.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    if (out.first_byte_us == 0) out.first_byte_us = (in.clock->now_ns() - begin_ns) / 1000;
    const bool was_full = in.down->waiting_bytes() >= kWaitingBytesMax;
    if (!client_gone && !co_await in.down->flush()) {
      client_gone = true;
      in.cancel->request();
    }
    if (client_gone) in.down->drop_output();
    if (was_full && table.resume != nullptr && !done) table.resume(provider.self(), in.call, state);
  }
  in.cancel->disarm();
  in.down->on_output({});
  if (!client_gone && !co_await in.down->flush()) client_gone = true;

  out.total_us = (in.clock->now_ns() - begin_ns) / 1000;
  if (client_gone || (cancelled && result < 0)) out.error = Error(OC_E_CANCELLED, "The client closed the connection.");
  else if (result < 0) out.error = Error(result, "The provider failed.");
  out.target_at_fault = out.error.status < 0 && out.error.status != OC_E_CANCELLED && out.error.status != OC_E_INVALID &&
                        out.error.status != OC_E_UNSUPPORTED;
  out.retryable = out.target_at_fault && !in.down->committed();
}

}  // namespace onechat::upstream
