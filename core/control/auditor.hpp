// Verifies the ledger in the background, remembers what was found last, and writes anchors of its chains.
//
// One thread of its own, asleep in between. The first check and the first anchors are one interval after the start, the last
// anchors at its end. Thread-safe.
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include "base/clock.hpp"
#include "control/anchors.hpp"
#include "control/audit_plan.hpp"

namespace onechat::control {

struct Audit {
  std::uint64_t done = 0, failed = 0;  // checks that ran, and that could not; since the start
  std::int64_t ended_unix_ms = 0, took_ms = 0;  // of the last that ran; 0: none yet
  std::uint64_t transfers = 0, problems = 0;
  std::uint64_t anchored = 0, anchor_failures = 0;  // since the start
};

class Auditor {
 public:
  // Nothing planned, or books without an engine: no thread. The books outlive it.
  Auditor(Books& books, const Clock& clock, AuditPlan plan);
  ~Auditor();
  // No check after it; waits for one that runs. Idempotent.
  void stop();

  // [any thread that may block] A check now; its result is the last one.
  Result<Verdict> verify();
  Audit last() const;

 private:
  void run();
  void anchor();

  Books& books_;
  const Clock& clock_;
  const AuditPlan plan_;
  AnchorFile anchors_;  // the thread's
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  Audit last_;
  std::thread thread_;
};

}  // namespace onechat::control
