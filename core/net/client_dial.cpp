#include "net/client_dial.hpp"

#include <chrono>
#include <utility>

#include "net/client_signal.hpp"

namespace onechat::net {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

// Shared by the waiting coroutine and the operations it started, which may end after it.
class Dial final : public Stoppable, public std::enable_shared_from_this<Dial> {
 public:
  Dial(const UpstreamSocket::executor_type& executor, std::vector<tcp::endpoint> endpoints)
      : executor_(executor), endpoints_(std::move(endpoints)), stagger_(executor), done_(executor) {
    if (endpoints_.size() > kDialAddressesMax) endpoints_.resize(kDialAddressesMax);
    sockets_.reserve(endpoints_.size());
  }

  void start() {
    if (endpoints_.empty()) return finish(boost::asio::error::host_not_found);
    next();
  }
  void stop() noexcept override { finish(boost::asio::error::operation_aborted); }
  boost::asio::awaitable<bool> wait() { return done_.wait(); }
  const error_code& outcome() const noexcept { return outcome_; }
  UpstreamSocket& winner() noexcept { return sockets_[winner_]; }

 private:
  void next() {
    const std::size_t i = sockets_.size();
    sockets_.emplace_back(executor_);
    ++pending_;
    sockets_[i].async_connect(endpoints_[i],
                              [self = shared_from_this(), i](const error_code& ec) { self->tried(i, ec); });
    if (sockets_.size() == endpoints_.size()) return;
    stagger_.expires_after(std::chrono::milliseconds(kDialStaggerMs));
    stagger_.async_wait([self = shared_from_this(), i](const error_code& ec) {
      if (!ec && !self->finished_ && self->sockets_.size() == i + 1) self->next();
    });
  }

  void tried(std::size_t i, const error_code& ec) {
    --pending_;
    if (finished_) return;
    if (!ec) {
      winner_ = i;
      return finish({});
    }
    outcome_ = ec;
    if (sockets_.size() < endpoints_.size()) return next();
    if (pending_ == 0) finish(ec);
  }

  void finish(error_code ec) noexcept {
    if (finished_) return;
    finished_ = true;
    outcome_ = ec;
    stagger_.cancel();
    for (std::size_t i = 0; i < sockets_.size(); ++i)
      if (ec || i != winner_) sockets_[i].close(ec_ignored_);
    done_.wake();
  }

  UpstreamSocket::executor_type executor_;
  std::vector<tcp::endpoint> endpoints_;
  std::vector<UpstreamSocket> sockets_;  // never grows beyond what was reserved: operations run on its elements
  boost::asio::steady_timer stagger_;
  Signal done_;
  std::size_t pending_ = 0, winner_ = 0;
  error_code outcome_, ec_ignored_;
  bool finished_ = false;
};

}  // namespace

boost::asio::awaitable<Result<void>> dial(UpstreamSocket& socket, std::vector<tcp::endpoint> endpoints,
                                          Interrupt& interrupt) {
  if (interrupt.reason() == OC_OK) {
    const auto attempt = std::make_shared<Dial>(socket.get_executor(), std::move(endpoints));
    const Guarded guarded(interrupt, *attempt);
    attempt->start();
    co_await attempt->wait();
    if (interrupt.reason() == OC_OK) {
      if (attempt->outcome()) co_return Error(OC_E_IO, attempt->outcome().message());
      socket = std::move(attempt->winner());
      co_return Result<void>();
    }
  }
  co_return Error(interrupt.reason(), interrupt.reason() == OC_E_TIMEOUT ? "timed out" : "cancelled");
}

}  // namespace onechat::net
