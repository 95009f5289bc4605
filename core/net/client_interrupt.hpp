// What ends a wait from outside: a deadline or the caller's Cancel. Confined to the loop.
#pragma once
#include <cstdint>

#include "net/client.hpp"
#include "net/watchdog.hpp"

namespace onechat::net {

// A wait that can be ended early; it resumes soon after, on the loop.
class Stoppable {
 public:
  virtual void stop() noexcept = 0;

 protected:
  ~Stoppable() = default;
};

// One per send. The first reason sticks: a send that was interrupted is over.
class Interrupt final : private Watchdog::Entry {
 public:
  Interrupt(Watchdog& watchdog, Cancel& cancel);  // both outlive it
  ~Interrupt();

  void expire_after(std::uint32_t ms) { watchdog_.arm(*this, ms); }
  void never_expire() noexcept { watchdog_.disarm(*this); }
  // What is to be stopped when it comes; nullptr: nothing waits. Borrowed until the next call.
  void guard(Stoppable* what) noexcept { guarded_ = what; }
  oc_status reason() const noexcept { return reason_; }  // OC_OK, OC_E_TIMEOUT or OC_E_CANCELLED

 private:
  void on_deadline() override { fire(OC_E_TIMEOUT); }
  void fire(oc_status reason) noexcept;

  Watchdog& watchdog_;
  Cancel& cancel_;
  Stoppable* guarded_ = nullptr;
  oc_status reason_ = OC_OK;
};

// Guards for a scope.
class [[nodiscard]] Guarded {
 public:
  Guarded(Interrupt& interrupt, Stoppable& what) noexcept : interrupt_(interrupt) { interrupt_.guard(&what); }
  ~Guarded() { interrupt_.guard(nullptr); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

 private:
  Interrupt& interrupt_;
};

}  // namespace onechat::net
