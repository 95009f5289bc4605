// What this node knows of money and its books do not yet: a few files that survive the process.
//
// A record is the operation that would tell the books what happened: a fact (a settle, a void: posted, not yet durable
// in the backend), the progress of a request that still runs (the settle to post if nothing more comes of it), or a
// lease that this node holds. append() copies 144 bytes into a mapped file: no system call, and a process that is
// killed has lost nothing. A thread of the journal's syncs to the disk, `sync_ms` after the first record at the latest:
// what a power cut can take.
//
// Every record holds its segment (one file) until it is released; a segment that is full and holds nothing is used
// again. Facts, which go as soon as the books have them, and what may stay for long (progress, leases: notes) have segments
// of their own, and notes no more than half: a silent stream keeps nobody out. The journal is bounded: when few segments are
// left, room() says no, and requests are to be refused; what runs already finds its place. Records carry a checksum: a torn
// one is passed over. A disk that refused a sync is not trusted again by this process: what it dropped, it does not tell.
//
// Thread-safe. One process at a time has the folder (a lock file sees to it).
#pragma once
#include <onechat/ledger.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace onechat::ledger {

struct JournalLimits {
  std::uint32_t segment_bytes = 1u << 20;  // about 7,000 records
  std::uint32_t segments_max = 32;         // at least 4; all of them lie on the disk from the start
  std::uint32_t sync_ms = 50;
};

struct JournalCounters {
  std::uint64_t records = 0, syncs = 0, sync_us_total = 0, failures = 0;  // monotone
  std::uint64_t held = 0;                                                 // records not released yet: the backlog
  std::uint64_t left_out = 0;                                             // notes that found no place
  std::uint64_t segments_free = 0;                                        // of segments_max
};

class Journal {
 public:
  enum class Kind : std::uint32_t { kFact = 1, kProgress = 2, kLease = 3 };
  struct Record {
    Kind kind;
    oc_ledger_op op;
  };
  // Where a record lies. Given back by release(), once; a default one is nowhere.
  struct Place {
    std::uint32_t segment = 0;  // 1 + its index
    std::uint32_t slot = 0;
    explicit operator bool() const noexcept { return segment != 0; }
  };

  // Makes the folder. Errors: OC_E_IO (no disk, no right), OC_E_CONFLICT (another process has it).
  static Result<std::unique_ptr<Journal>> open(const std::filesystem::path& folder, JournalLimits limits,
                                               const Clock& clock);
  ~Journal();  // syncs

  // What an earlier process left, facts and notes each in the order they were written, and how many records were torn.
  // Kept until forget_left().
  const std::vector<Record>& left() const noexcept { return left_; }
  std::uint64_t torn() const noexcept { return torn_; }
  void forget_left();

  // [any] Nowhere when there is no place at all: the disk is full, or the journal is.
  Place append(Kind kind, const oc_ledger_op& op) noexcept;
  // [any] A fact that stays until the next start; nowhere as above.
  Place keep(const oc_ledger_op& fact) noexcept;
  void release(Place place, std::uint64_t records = 1) noexcept;  // `records` that lie there
  // [any] The same for one that the next start must not read, though others may keep its segment for long.
  void erase(Place place) noexcept;
  // [any] Whether a new request may begin. False also after the disk refused a sync.
  bool room() const noexcept;
  // [may block] Everything appended so far is on the disk.
  void sync();
  JournalCounters counters() const noexcept;

 private:
  struct Segment;
  Journal(const std::filesystem::path& folder, JournalLimits limits, const Clock& clock);

  Result<void> map(std::uint32_t index);
  void read_left();
  Place append(Kind kind, const oc_ledger_op& op, bool stays) noexcept;
  bool begin_segment(Segment*& current, bool stays) noexcept;
  void recycle() noexcept;
  void set_free(Segment& segment) noexcept;
  std::size_t segments_that_stay() const noexcept;
  bool has_space() const noexcept;
  void wake() noexcept;
  void serve();
  std::filesystem::path file_of(std::uint32_t index) const;

  const std::filesystem::path folder_;
  const JournalLimits limits_;
  const Clock& clock_;
  int lock_fd_ = -1;
  std::vector<std::unique_ptr<Segment>> segments_;
  std::vector<Record> left_;
  std::uint64_t torn_ = 0;

  mutable std::mutex mutex_;  // of what follows, to the blank line
  std::uint64_t serial_ = 0;
  Segment *short_ = nullptr, *long_ = nullptr;  // those that are written: with what goes soon, with what may stay
  std::vector<Segment*> free_;

  std::atomic<std::uint32_t> n_free_{0};
  std::atomic<bool> dirty_{false}, disk_failed_{false}, stopping_{false};
  std::atomic<std::uint64_t> records_{0}, released_{0}, left_out_{0}, syncs_{0}, sync_us_{0}, failures_{0};
  std::mutex syncing_, bell_mutex_;
  std::condition_variable bell_;
  std::thread thread_;
};

}  // namespace onechat::ledger
