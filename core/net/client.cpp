#include "net/client.hpp"

#include <stdexcept>
#include <utility>

#include "net/client_send.hpp"

namespace onechat::net {
namespace {

using boost::asio::awaitable;
using Sent = boost::system::result<std::unique_ptr<Response>, SendError>;
using BeforeWrite = std::function<awaitable<bool>()>;

// Every argument is the coroutine's own or outlives the co_await of send().
awaitable<Sent> run(std::shared_ptr<Client::Impl> client, const Request& request, Cancel& cancel, BeforeWrite before) {
  if (client->fault()) co_return SendError{*client->fault(), Phase::connect};
  if (const auto fine = RequestWriter::check(request); !fine) co_return SendError{fine.error(), Phase::connect};
  auto send = std::make_unique<Send>(client, cancel);
  if (auto over = send->interrupted(Phase::connect)) co_return std::move(*over);
  for (bool fresh = false;; fresh = true) {
    if (fresh || !send->attach_idle())
      if (auto failed = co_await send->attach()) co_return std::move(*failed);
    if (before) {
      const bool go_on = co_await before();
      before = nullptr;
      if (!go_on) {
        send->give_up();
        co_return SendError{Error(OC_E_CANCELLED, "stopped before the request was written"), Phase::connect};
      }
    }
    auto failed = co_await send->perform(request);
    if (!failed) co_return std::unique_ptr<Response>(std::move(send));
    if (fresh || !send->was_stale()) co_return std::move(*failed);
  }
}

}  // namespace

void throw_exception_from_error(const SendError& e, const boost::source_location& where) {
  throw_exception_from_error(e.error, where);
}

Client::Client(boost::asio::io_context& loop, Origin origin, ClientOptions options, boost::asio::ssl::context& tls,
               std::shared_ptr<Resolver> resolver)
    : impl_(std::make_shared<Impl>(loop, std::move(origin), std::move(options), tls, std::move(resolver))) {}

Client::~Client() { impl_->pool().close(); }

awaitable<Sent> Client::send(const Request& request, Cancel& cancel, BeforeWrite before_write) {
  return run(impl_, request, cancel, std::move(before_write));
}

ClientCounters Client::counters() const noexcept { return impl_->counters(); }

void Client::close_idle() { impl_->pool().close_idle(); }

}  // namespace onechat::net
