// The connections of one client: how many there may be, which lie idle, who waits for one. Confined to the loop.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "net/client_interrupt.hpp"
#include "net/watchdog.hpp"

namespace onechat::net {

class ClientConnection;
class Pool;

// The right to be one of the pool's connections; ends once, with the connection.
class [[nodiscard]] PoolSlot {
 public:
  explicit PoolSlot(Pool& pool) noexcept : pool_(&pool) {}
  PoolSlot(PoolSlot&& other) noexcept : pool_(std::exchange(other.pool_, nullptr)) {}
  PoolSlot& operator=(PoolSlot&&) = delete;
  ~PoolSlot();

 private:
  Pool* pool_;
};

struct PoolLimits {
  std::uint32_t size_max = 1'024;  // busy ones included; at it, callers wait
  std::uint32_t idle_ms = 30'000;
  std::size_t head_bytes_max = 64 * 1024;
};

class Pool final : private Watchdog::Entry {
 public:
  Pool(boost::asio::io_context& loop, Watchdog& watchdog, const Clock& clock, PoolLimits limits);
  ~Pool();  // Requires: no connection is out and nobody waits

  // The connection that was used last, or null.
  std::unique_ptr<ClientConnection> take_idle();
  // A new one, not connected yet, or null at the limit.
  std::unique_ptr<ClientConnection> take_new();
  // Waits for either, first come, first served; null when `interrupt` ended it.
  boost::asio::awaitable<std::unique_ptr<ClientConnection>> wait(Interrupt& interrupt);
  // Requires: the connection can carry another request.
  void put_back(std::unique_ptr<ClientConnection> connection);

  void close_idle();
  void close();  // close_idle(), and nothing is kept any more
  std::size_t open() const noexcept { return open_; }
  std::size_t idle() const noexcept { return idle_.size(); }

 private:
  friend class PoolSlot;
  class Waiter;
  struct Idle {
    std::unique_ptr<ClientConnection> connection;
    std::uint64_t since_ns;
  };

  void on_deadline() override;
  void slot_freed() noexcept;
  Waiter* first_waiter() noexcept;

  boost::asio::io_context& loop_;
  Watchdog& watchdog_;
  const Clock& clock_;
  PoolLimits limits_;
  std::size_t open_ = 0;
  std::vector<Idle> idle_;  // the one used last at the end
  std::deque<Waiter*> waiting_;
  bool closed_ = false;
};

}  // namespace onechat::net
