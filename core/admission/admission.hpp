// May this request begin now? Requests and tokens per minute and concurrency, of the key and of its project.
#pragma once
#include <cstdint>
#include <memory>

#include "admission/key_table.hpp"
#include "base/error.hpp"

namespace onechat::admission {

// A place in the concurrency of a key and its project; gives it back exactly once. Holding it keeps the Principal
// alive.
class [[nodiscard]] Ticket {
 public:
  Ticket() = default;
  Ticket(Ticket&& other) noexcept;
  Ticket& operator=(Ticket&& other) noexcept;
  ~Ticket() { release(); }

  // [any] Replaces the estimate by what was used; the last call counts. `now_ns`: see RateGate::adjust.
  void settle_tokens(std::uint64_t actual, std::uint64_t now_ns = 0) noexcept;
  void release() noexcept;  // gives the concurrency back before the ticket ends
  explicit operator bool() const noexcept { return principal_ != nullptr; }

 private:
  friend class Admission;
  std::shared_ptr<const Principal> principal_;
  std::uint64_t tokens_ = 0;  // as counted now
  std::uint64_t key_tokens_per_minute_ = 0, project_tokens_per_minute_ = 0;
};

// Keeps nothing of its own: the counters are the Principal's. Any thread.
class Admission {
 public:
  // The defaults count where the key or the project says 0. Errors: OC_E_RATE, code "rate_limit_exceeded", with
  // retry_after_ms and the limit in words. A refusal takes nothing.
  Result<Ticket> admit(const std::shared_ptr<const Principal>& principal, std::uint64_t tokens_estimate,
                       std::uint64_t now_ns, const Limits& key_default, const Limits& project_default) const;
};

}  // namespace onechat::admission
