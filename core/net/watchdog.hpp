// Coarse deadlines of one event loop: one timer for all of them.
//
// A deadline that is moved or taken back costs a store, no timer operation: entries sit in a wheel of ticks and are
// looked at again when their slot comes up. A deadline is met up to two ticks late, never early. Confined to the loop.
#pragma once
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/clock.hpp"

namespace onechat::net {

class Watchdog {
 public:
  // What can be overdue. Leaves the wheel when it is destroyed; with remove() before, it may outlive the watchdog.
  class Entry : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
   public:
    Entry() = default;
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

   protected:
    ~Entry() {
      if (dog_ != nullptr) dog_->remove(*this);
    }

   private:
    friend class Watchdog;
    virtual void on_deadline() = 0;  // disarmed before the call; may arm again, may destroy entries
    Watchdog* dog_ = nullptr;        // set while in the wheel
    std::uint64_t due_tick_ = 0;     // 0: disarmed
    std::uint64_t slot_tick_ = 0;    // when the wheel looks at it
  };

  // `clock` and `loop` outlive the watchdog; the watchdog outlives entries in the wheel.
  Watchdog(boost::asio::io_context& loop, const Clock& clock, std::uint32_t tick_ms = 200);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  void arm(Entry& entry, std::uint32_t ms);  // replaces the entry's former deadline
  void disarm(Entry& entry) noexcept { entry.due_tick_ = 0; }
  void remove(Entry& entry) noexcept;  // takes it out of the wheel; nothing when it is not in the wheel

 private:
  static constexpr std::size_t kSlots = 512;
  using Slot = boost::intrusive::list<Entry, boost::intrusive::constant_time_size<false>>;

  std::uint64_t clock_tick() const noexcept { return clock_.now_ns() / tick_ns_; }
  void link(Entry& entry) noexcept;
  void schedule();
  void advance();
  void look_at(std::uint64_t tick);

  const Clock& clock_;
  boost::asio::steady_timer timer_;
  std::uint32_t tick_ms_;
  std::uint64_t tick_ns_;
  std::uint64_t tick_ = 0;  // slots up to this one have been looked at
  std::size_t linked_ = 0;  // entries in the wheel; the timer runs only while there are some
  bool ticking_ = false;
  std::array<Slot, kSlots> wheel_;
  std::shared_ptr<Watchdog*> self_;  // lets a completion that outlives us see that we are gone
};

}  // namespace onechat::net
