// Lets one coroutine sleep until something else on the loop wakes it. For slow paths: it costs a timer operation.
#pragma once
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/client_interrupt.hpp"

namespace onechat::net {

class Signal final : public Stoppable {
 public:
  explicit Signal(const boost::asio::any_io_executor& executor)
      : timer_(executor, boost::asio::steady_timer::time_point::max()) {}

  void wake() noexcept {
    woken_ = true;
    timer_.cancel();
  }
  void stop() noexcept override { wake(); }

  // Returns at once when it was woken before. `patience`: longest wait; true when it was woken within it.
  boost::asio::awaitable<bool> wait(boost::asio::steady_timer::duration patience = {}) {
    if (patience.count() != 0) timer_.expires_after(patience);
    boost::system::error_code ec;
    if (!woken_) co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ec));
    co_return woken_;
  }

 private:
  boost::asio::steady_timer timer_;
  bool woken_ = false;
};

}  // namespace onechat::net
