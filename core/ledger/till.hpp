// Where requests get and leave money: holds from a lease or straight from the books, settled through the journal.
//
// One for the node. It begins this node's life on the books (an epoch of its own, what the journal has left of an
// earlier process, holds that nobody will end), keeps it alive (heartbeats, sweeps, leases) and ends it (leases go
// back). Without the books it fails closed: leases serve until they are used up or over, everything else is refused.
#pragma once
#include <onechat/ledger.h>

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "ledger/journal.hpp"
#include "ledger/lease_pool.hpp"
#include "ledger/ledger_engine.hpp"

namespace onechat::ledger {

struct TillOptions {
  std::uint64_t node = 1;
  LeaseLimits leases;
  std::uint32_t hold_ttl_ms = 30 * 60 * 1000;  // no request takes longer
  std::uint32_t crash = OC_CRASH_PROGRESS;     // what becomes of the requests of a node that died
  std::uint32_t overage = OC_OVERAGE_DEBT;     // who bears what those cost beyond their hold and the wallet
  std::uint32_t sweep_ms = 5'000;    // between sweeps at most, each with a heartbeat before it
  std::uint32_t steady_ms = 40'000;  // the books have answered for so long before another node's silence counts as death
  std::function<void(std::int32_t level, std::string_view message)> log = {};  // OC_LOG_*; from the till's thread
};

// One request's money. The exchange has it; it ends by Till::settle(), once.
struct Hold {
  oc_id128 id{};
  Scopes scopes;
  std::int64_t amount = 0;
  std::uint32_t overage = OC_OVERAGE_DEBT;
  bool open = false;
  LeasePool::Part part;     // empty: a hold of its own in the books
  Journal::Place progress;  // where its last progress is noted
};

class Till {
 public:
  // Borrowed; they outlive it. `journal` may be null (tests): then facts wait in memory.
  Till(LedgerEngine& engine, Journal* journal, TillOptions options, const Clock& clock);
  ~Till();  // drains

  // [may block] Before anything else, once. Errors: OC_E_UNAVAILABLE, or what the books said.
  Result<void> start();
  std::uint64_t epoch() const noexcept { return epoch_; }

  // [loop] hold.id, .scopes and .amount are set; on success it is open. take() is the quick way, without waiting: false
  // when no lease can give it; then ask reserve(). Statuses as of LedgerEngine::apply().
  bool take(Hold& hold);
  boost::asio::awaitable<oc_ledger_result> reserve(Hold& hold);
  // [loop] `more` for an open hold. extend(): of one of its own. grow(): of a part of a lease; at once if the lease has
  // it, else nothing: the lease asks the books, and grow() is to be called again with the same `more`.
  std::optional<oc_ledger_result> grow(Hold& hold, std::int64_t more);
  boost::asio::awaitable<oc_ledger_result> extend(oc_id128 hold, std::uint64_t account, std::int64_t more);
  // [loop] What the request cost so far: posted if nothing more comes of it. `tell`: the books, too.
  void progress(Hold& hold, std::int64_t cost, std::int64_t fee, bool tell);
  // [loop] The end: posts what it cost, or releases it all. Never refused and never waits.
  void settle(Hold& hold, std::int64_t cost, std::int64_t fee, bool estimated);

  // [any] Whether new requests may begin.
  bool available() const noexcept;
  LeaseCounters leases() const { return pool_.counters(); }
  const Journal* journal() const noexcept { return journal_; }
  LedgerEngine& engine() noexcept { return engine_; }

  // [may block] Gives leases back, applies what waits. Idempotent; no reserve() after it.
  void drain();

 private:
  oc_ledger_op op_for(std::uint32_t kind, const Hold& hold) const;
  oc_ledger_op settle_op(const Hold& hold, std::int64_t cost, std::int64_t fee, bool estimated) const;
  oc_id128 new_id();
  oc_ledger_op own_op(std::uint32_t kind);  // of this node, with a new id
  Result<void> begin_epoch();
  Result<void> replay();
  Result<void> sweep_all();
  oc_ledger_op sweep_op();
  void beat();
  void beaten(bool answered);
  bool steady() const;
  void keep();
  void send(std::vector<oc_ledger_op>& ops);
  void answered(const oc_ledger_op& op, const oc_ledger_result& result);
  void log(std::int32_t level, const std::string& message) const;

  LedgerEngine& engine_;
  Journal* const journal_;
  const TillOptions options_;
  const Clock& clock_;
  std::mutex ids_mutex_;
  IdMaker ids_;
  LeasePool pool_;
  std::uint64_t epoch_ = 0;
  std::mutex places_mutex_;
  std::vector<std::pair<oc_id128, Journal::Place>> lease_places_;  // where the journal has this node's leases

  std::atomic<std::uint64_t> beaten_ns_{0}, steady_since_ns_{0};  // of heartbeats that were answered; 0: none was

  struct Reach {  // how answers find the till: the engine may end what was sent after the till is gone
    std::mutex mutex;
    Till* till = nullptr;
  };
  const std::shared_ptr<Reach> reach_ = std::make_shared<Reach>();

  std::mutex bell_mutex_;
  std::condition_variable bell_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace onechat::ledger
