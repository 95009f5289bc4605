#include "net/watchdog.hpp"

#include <algorithm>
#include <chrono>

namespace onechat::net {

Watchdog::Watchdog(boost::asio::io_context& loop, const Clock& clock, std::uint32_t tick_ms)
    : clock_(clock),
      timer_(loop),
      tick_ms_(tick_ms),
      tick_ns_(std::uint64_t{tick_ms} * 1'000'000),
      self_(std::make_shared<Watchdog*>(this)) {}

Watchdog::~Watchdog() { *self_ = nullptr; }

void Watchdog::arm(Entry& entry, std::uint32_t ms) {
  if (!ticking_) {
    tick_ = clock_tick();
    schedule();
  }
  // The present tick has partly passed, and `tick_` may lag behind the clock by one: hence one more than rounded up.
  entry.due_tick_ = tick_ + (ms + tick_ms_ - 1) / tick_ms_ + 1;
  if (entry.dog_ != nullptr) {
    if (entry.slot_tick_ <= entry.due_tick_) return;
    remove(entry);
  }
  link(entry);
}

void Watchdog::link(Entry& entry) noexcept {
  entry.dog_ = this;
  entry.slot_tick_ = std::min(entry.due_tick_, tick_ + kSlots - 1);
  wheel_[entry.slot_tick_ % kSlots].push_back(entry);
  ++linked_;
}

void Watchdog::remove(Entry& entry) noexcept {
  if (entry.dog_ == nullptr) return;
  entry.unlink();
  entry.dog_ = nullptr;
  --linked_;
}

void Watchdog::schedule() {
  ticking_ = true;
  timer_.expires_after(std::chrono::milliseconds(tick_ms_));
  timer_.async_wait([self = self_](const boost::system::error_code& ec) {
    if (!ec && *self != nullptr) (*self)->advance();
  });
}

void Watchdog::advance() {
  const std::uint64_t now = clock_tick();
  const auto alive = self_;
  while (tick_ < now && *alive != nullptr) look_at(tick_ + 1);
  if (*alive == nullptr) return;
  if (linked_ > 0)
    schedule();
  else
    ticking_ = false;
}

void Watchdog::look_at(std::uint64_t tick) {
  const auto alive = self_;
  tick_ = tick;
  Slot current;
  current.swap(wheel_[tick % kSlots]);
  while (!current.empty()) {
    Entry& entry = current.front();
    remove(entry);
    if (entry.due_tick_ == 0) continue;
    if (entry.due_tick_ > tick) {
      link(entry);
      continue;
    }
    entry.due_tick_ = 0;
    entry.on_deadline();
    if (*alive == nullptr) return;
  }
}

}  // namespace onechat::net
