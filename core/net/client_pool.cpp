#include "net/client_pool.hpp"

#include <algorithm>
#include <optional>

#include "net/client_connection.hpp"
#include "net/client_signal.hpp"

namespace onechat::net {

PoolSlot::~PoolSlot() {
  if (pool_ != nullptr) pool_->slot_freed();
}

// Gets a connection or the right to open one. What comes too late, it passes on.
class Pool::Waiter {
 public:
  Waiter(Pool& pool) : pool_(pool), signal(pool.loop_.get_executor()) { pool_.waiting_.push_back(this); }
  ~Waiter() {
    std::erase(pool_.waiting_, this);
    if (connection) pool_.put_back(std::move(connection));
  }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

 private:
  Pool& pool_;

 public:
  Signal signal;
  std::unique_ptr<ClientConnection> connection;
  std::optional<PoolSlot> slot;
};

Pool::Pool(boost::asio::io_context& loop, Watchdog& watchdog, const Clock& clock, PoolLimits limits)
    : loop_(loop), watchdog_(watchdog), clock_(clock), limits_(limits) {}

Pool::~Pool() { close(); }

std::unique_ptr<ClientConnection> Pool::take_idle() {
  while (!idle_.empty()) {
    auto connection = std::move(idle_.back().connection);
    idle_.pop_back();
    if (connection->quiet()) {
      connection->mark_reused();
      return connection;
    }
  }
  return nullptr;
}

std::unique_ptr<ClientConnection> Pool::take_new() {
  if (open_ >= limits_.size_max && !idle_.empty()) idle_.erase(idle_.begin());
  if (open_ >= limits_.size_max) return nullptr;
  ++open_;
  return std::make_unique<ClientConnection>(loop_, limits_.head_bytes_max, PoolSlot(*this));
}

boost::asio::awaitable<std::unique_ptr<ClientConnection>> Pool::wait(Interrupt& interrupt) {
  if (interrupt.reason() != OC_OK) co_return nullptr;
  Waiter waiter(*this);
  const Guarded guarded(interrupt, waiter.signal);
  co_await waiter.signal.wait();
  if (interrupt.reason() != OC_OK) co_return nullptr;
  if (waiter.connection) {
    waiter.connection->mark_reused();
    co_return std::move(waiter.connection);
  }
  co_return std::make_unique<ClientConnection>(loop_, limits_.head_bytes_max, std::move(*waiter.slot));
}

void Pool::put_back(std::unique_ptr<ClientConnection> connection) {
  if (closed_) return;
  if (Waiter* waiter = first_waiter()) {
    waiter->connection = std::move(connection);
    waiter->signal.wake();
    return;
  }
  connection->lie_idle();
  if (idle_.empty()) watchdog_.arm(*this, limits_.idle_ms);
  idle_.push_back({std::move(connection), clock_.now_ns()});
}

// A freed slot goes to who waits longest, so that a newcomer cannot take it first.
void Pool::slot_freed() noexcept {
  if (Waiter* waiter = first_waiter()) {
    waiter->slot.emplace(*this);
    waiter->signal.wake();
  } else {
    --open_;
  }
}

Pool::Waiter* Pool::first_waiter() noexcept {
  if (waiting_.empty()) return nullptr;
  Waiter* first = waiting_.front();
  waiting_.pop_front();
  return first;
}

void Pool::on_deadline() {
  const std::uint64_t now = clock_.now_ns(), life = std::uint64_t{limits_.idle_ms} * 1'000'000;
  const auto young = std::ranges::find_if(idle_, [=](const Idle& i) { return i.since_ns + life > now; });
  idle_.erase(idle_.begin(), young);
  if (!idle_.empty())
    watchdog_.arm(*this, static_cast<std::uint32_t>((idle_.front().since_ns + life - now) / 1'000'000 + 1));
}

void Pool::close_idle() {
  idle_.clear();
  watchdog_.disarm(*this);
}

void Pool::close() {
  closed_ = true;
  close_idle();
}

}  // namespace onechat::net
