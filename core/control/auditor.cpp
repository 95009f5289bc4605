#include "control/auditor.hpp"

#include "base/thread_name.hpp"

namespace onechat::control {

Auditor::Auditor(Books& books, const Clock& clock, std::chrono::milliseconds every)
    : books_(books), clock_(clock) {
  if (every.count() > 0 && books.engine()) thread_ = std::thread([this, every] { run(every); });
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

void Auditor::run(std::chrono::milliseconds every) {
  name_this_thread("auditor");
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, every, [this] { return stop_; })) {
    lock.unlock();
    static_cast<void>(verify());  // what it found is in last_
    lock.lock();
  }
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
