// Leases of one node: money that it may spend without asking, for keys that are busy.
//
// A lease is a hold in the books, granted to this node for one combination of account, project, key, user and model
// group. Requests hold parts of it here, in memory; what they cost is told to the books in batches (LEASE_SETTLE). A
// key gets one when it asks more often than `reserves_per_s`, as large as its recent spending says and never more than
// a small share of the wallet, so that a wallet near its end is asked for directly and can be spent to the last nano.
//
// Rules (the reasons are in docs/ledger.md): the books are the only grantor. A lease admits until 0.9 of the life that
// was granted, counted by this node's monotonic clock from before it asked: no clocks are compared. What runs when it
// ends runs on and settles. Parts in use + settled never exceed what was granted, but for requests that cost more than
// they held.
//
// One pool for the node, in shards with a lock of their own: a part is taken or given back in about 0.1 us. Leases per
// worker would need no locks, but lock up money in as many places as there are workers, and a key whose connections
// move between workers would pay for each. The pool does no I/O and has no thread: tick() says what to ask the books,
// answer() takes what they said. Whoever drives it brings the clock, so that a simulation can.
#pragma once
#include <onechat/ledger_rows.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

namespace onechat::ledger {

using Scopes = ledger_core::Scopes;

struct LeaseLimits {
  std::uint32_t reserves_per_s = 50;       // of one key, for two seconds; more: it gets a lease. 0: never
  std::uint32_t ttl_ms = 30'000;           // life of a lease; renewed at a third of it while it is used
  std::uint32_t drain_s = 1'800;           // longest request, and the longest time without the books
  std::uint32_t spend_ms = 5'000;          // a lease is worth what is spent in so long
  std::uint32_t low_ms = 2'000;            // topped up when its rest is less than what is spent in so long
  std::uint32_t wallet_permille = 20;      // a lease is at most this share of the wallet
  std::uint32_t idle_ms = 30'000;          // not used for so long: given back
  std::uint32_t refused_pause_ms = 1'000;  // how long a refused key is served directly
};

struct LeaseCounters {
  std::uint64_t hits = 0, misses = 0;  // requests of leased keys that a lease could serve, and not; monotone
  std::uint64_t granted = 0, refused = 0, lost = 0;  // leases; lost: the books had taken it back. Monotone
  std::uint64_t open = 0;
  std::int64_t free_nano = 0, held_nano = 0;  // of the open ones: for new requests, by running ones
};

class LeasePool {
 public:
  struct Lease;
  struct Wish;
  struct Part {                    // of a lease, held by one request. Ends by give_back()
    std::shared_ptr<Lease> lease;  // null: none was to be had
    std::int64_t amount = 0;
    std::shared_ptr<Wish> wish;  // for more than the lease has
    explicit operator bool() const noexcept { return lease != nullptr; }
  };

  LeasePool(LeaseLimits limits, std::uint64_t node, std::function<oc_id128()> new_id);
  ~LeasePool();  // parts must be given back before
  void set_epoch(std::uint64_t epoch) noexcept { epoch_.store(epoch, std::memory_order_relaxed); }

  // [any] A part of the key's lease, or none: then the request holds directly. Counts towards the key's rate.
  Part take(const Scopes& key, std::int64_t amount, std::uint64_t now_ns);
  // [any] The id that a request's LEASE_SETTLE names as `ref`.
  static oc_id128 id_of(const Part& part) noexcept;
  // [any] The same part, `more` larger (OC_OK), or what the books said why not. Nothing: the lease does not have it, and
  // the books are asked for it by a tick() to come; call again with the same `more`.
  std::optional<oc_ledger_result> grow(Part& part, std::int64_t more, std::uint64_t now_ns) const;
  // [any] The request is over and cost `total`. REQUIRES: its LEASE_SETTLE has been queued before.
  static void give_back(Part& part, std::int64_t total) noexcept;
  // [any] What the books said that the wallet has, for the size of leases.
  void saw(const Scopes& key, std::int64_t available) noexcept;

  // [any] Money that lies free in leases of the same account and, unless `scope` is OC_SCOPE_ORG, the same project, key,
  // user or group: operations that give it back. Apply them before asking again.
  void reclaim(const Scopes& whose, std::uint64_t scope, std::vector<oc_ledger_op>& out);

  // [one thread at a time] What to ask the books for now: LEASE, LEASE_RENEW, LEASE_CLOSE. Call it every 20 to 100 ms.
  // Each op wants its answer(), also when it failed. False: there is nothing to do for now, once a second is enough.
  bool tick(std::uint64_t now_ns, std::vector<oc_ledger_op>& out);
  void answer(const oc_ledger_op& asked, const oc_ledger_result& result, std::uint64_t now_ns);
  // [one thread at a time] No lease is taken or used any more; what is free goes back. True when nothing is left open;
  // else requests still run or an answer is outstanding: call it again.
  bool close_all(std::vector<oc_ledger_op>& out);

  LeaseCounters counters() const;

 private:
  struct Key;
  struct Shard;
  static constexpr std::size_t kShards = 16;
  struct Hash {
    std::size_t operator()(const Scopes& s) const noexcept;
  };
  struct Equal {
    bool operator()(const Scopes& a, const Scopes& b) const noexcept;
  };

  Shard& shard_of(const Scopes& key) const noexcept;
  oc_ledger_op op_for(std::uint32_t kind, const Scopes& scopes);
  std::int64_t target(const Key& key) const noexcept;
  std::uint64_t early() const noexcept { return std::uint64_t{limits_.ttl_ms} * 600'000; }  // ns before its end: renewed
  static void roll(Key& key, std::uint64_t now_ns) noexcept;
  void tend(Key& key, std::uint64_t now_ns, std::vector<oc_ledger_op>& out);
  void ask(Key& key, const Lease* lease, std::uint64_t now_ns, std::int64_t size, std::vector<oc_ledger_op>& out);
  static void give_up_old_wishes(Key& key, std::uint64_t now_ns);
  bool ask_for_wishes(Key& key, std::uint64_t now_ns, std::vector<oc_ledger_op>& out);
  static std::shared_ptr<Lease> lease_of(const Key& key, const oc_id128& id) noexcept;
  static void answer_wishes(Lease& lease, const oc_ledger_result& r);
  void end(Key& key, std::vector<oc_ledger_op>& out);
  void shrink(Key& key, Lease& lease, std::int64_t keep_free, std::vector<oc_ledger_op>& out);

  const LeaseLimits limits_;
  const std::uint64_t node_;
  const std::function<oc_id128()> new_id_;  // by one thread at a time
  std::mutex ids_;
  std::atomic<std::uint64_t> epoch_{0};
  std::atomic<bool> closing_{false};
  std::atomic<std::int64_t> open_{0};  // leases
  std::unique_ptr<Shard[]> shards_;
};

}  // namespace onechat::ledger
