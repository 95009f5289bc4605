// Verifies the ledger in the background, and remembers what was found last.
//
// One thread of its own, asleep between checks. The first check is one interval after the start. Thread-safe.
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include "base/clock.hpp"
#include "control/books.hpp"

namespace onechat::control {

struct Audit {
  std::uint64_t done = 0, failed = 0;  // checks that ran, and that could not; since the start
  std::int64_t ended_unix_ms = 0, took_ms = 0;  // of the last that ran; 0: none yet
  std::uint64_t transfers = 0, problems = 0;
};

class Auditor {
 public:
  // `every` 0, or books without an engine: no thread. The books outlive it.
  Auditor(Books& books, const Clock& clock, std::chrono::milliseconds every);
  ~Auditor();
  // No check after it; waits for one that runs. Idempotent.
  void stop();

  // [any thread that may block] A check now; its result is the last one.
  Result<Verdict> verify();
  Audit last() const;

 private:
  void run(std::chrono::milliseconds every);

  Books& books_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  Audit last_;
  std::thread thread_;
};

}  // namespace onechat::control
