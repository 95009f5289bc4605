#include "control/auditor.hpp"

#include <algorithm>

#include "base/thread_name.hpp"

namespace onechat::control {

Auditor::Auditor(Books& books, const Clock& clock, AuditPlan plan)
    : books_(books), clock_(clock), plan_(std::move(plan)), anchors_(plan_.anchor_file) {
  const bool planned = plan_.verify_every.count() > 0 || plan_.anchor_every.count() > 0;
  if (planned && books.engine()) thread_ = std::thread([this] { run(); });
}

Auditor::~Auditor() { stop(); }

void Auditor::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Auditor::run() {
  name_this_thread("auditor");
  using Steady = std::chrono::steady_clock;
  const auto after = [](std::chrono::milliseconds every) {
    return every.count() > 0 ? Steady::now() + every : Steady::time_point::max();
  };
  auto next_check = after(plan_.verify_every), next_anchor = after(plan_.anchor_every);
  std::unique_lock lock(mutex_);
  while (!wake_.wait_until(lock, std::min(next_check, next_anchor), [this] { return stop_; })) {
    lock.unlock();
    const auto now = Steady::now();
    if (now >= next_check) {
      static_cast<void>(verify());  // what it found is in last_
      next_check = after(plan_.verify_every);
    }
    if (now >= next_anchor) {
      anchor();
      next_anchor = after(plan_.anchor_every);
    }
    lock.lock();
  }
  lock.unlock();
  if (plan_.anchor_every.count() > 0) anchor();
}

void Auditor::anchor() {
  const auto links = books_.links();
  if (!links && links.error().status == OC_E_UNSUPPORTED) return;  // no chain, no anchors
  const bool done = links && anchors_.append(*links);
  const std::lock_guard lock(mutex_);
  ++(done ? last_.anchored : last_.anchor_failures);
}

Result<Verdict> Auditor::verify() {
  const std::uint64_t began_ns = clock_.now_ns();
  auto verdict = books_.verify();
  const std::lock_guard lock(mutex_);
  if (!verdict) {
    ++last_.failed;
    return verdict;
  }
  ++last_.done;
  last_.ended_unix_ms = clock_.unix_ms();
  last_.took_ms = static_cast<std::int64_t>((clock_.now_ns() - began_ns) / 1'000'000);
  last_.transfers = verdict->transfers;
  last_.problems = verdict->breaches.size();
  return verdict;
}

Audit Auditor::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

}  // namespace onechat::control
