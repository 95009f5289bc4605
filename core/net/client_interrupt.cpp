#include "net/client_interrupt.hpp"

namespace onechat::net {

void Cancel::request() {
  if (requested_) return;
  requested_ = true;
  // Taken out first: what it resumes may destroy this.
  if (auto f = std::move(on_request_)) f();
}

void Cancel::arm(std::function<void()> f) { on_request_ = std::move(f); }

Interrupt::Interrupt(Watchdog& watchdog, Cancel& cancel) : watchdog_(watchdog), cancel_(cancel) {
  if (cancel.requested()) reason_ = OC_E_CANCELLED;
  cancel.arm([this] { fire(OC_E_CANCELLED); });
}

Interrupt::~Interrupt() { cancel_.disarm(); }

void Interrupt::fire(oc_status reason) noexcept {
  if (reason_ != OC_OK) return;
  reason_ = reason;
  if (guarded_ != nullptr) guarded_->stop();
}

}  // namespace onechat::net
