// Turns many small ledger operations into few durable commits.
//
// One engine, one thread and one backend instance per node. A commit takes whatever queued up while the previous one
// was in flight, so a batch is one op when idle and grows with load. What somebody waits for is never delayed; a SETTLE
// or VOID that nobody waits for gives the next op a moment to share its commit. What is submitted from one thread is
// applied in that order, and a query sees everything submitted before it.
//
// A backend that is away, or that does not return from a call, makes nobody wait for ever: whoever asks for something
// is told OC_E_UNAVAILABLE after `reserve_wait_ms`. Facts (SETTLE, VOID, LEASE_SETTLE, LEASE_CLOSE) wait until they are
// applied; with a journal they outlive the process.
#pragma once
#include <onechat/ledger.h>

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "ledger/journal.hpp"

namespace onechat::ledger {

struct Backend {  // borrowed; outlives the engine
  const oc_ledger_backend* table = nullptr;
  void* instance = nullptr;
};

struct EngineLimits {
  std::uint32_t batch_ops_max = 1024;    // ops in one commit (the backend's batch_max may lower it)
  std::uint32_t queue_ops_max = 65'536;  // waiting RESERVEs; one more is OC_E_UNAVAILABLE. Settles are never refused.
  std::uint32_t retry_ms = 200;          // pause before a batch that met OC_E_UNAVAILABLE is submitted again
  // How long posts wait for an op that somebody waits for: one commit less for each request of a quiet gateway, and its
  // next RESERVE does not queue behind a SETTLE's. Without a journal, a crash can cost usage of so much longer.
  std::uint32_t post_linger_ms = 2;
  // The same for facts that the journal has: nothing can be lost, and a hundred settles in one commit cost a fifth of a
  // commit each. Whoever asks for a balance, or for money, ends the wait.
  std::uint32_t journaled_linger_ms = 50;
  std::uint32_t reserve_wait_ms = 5'000;  // an op that is no fact and could not be applied for so long is given up
};

struct EngineCounters {  // since start; monotone
  std::uint64_t ops = 0, batches = 0, unavailable = 0, refused_funds = 0, refused_limit = 0, late_settles = 0;
  std::uint64_t refused_facts = 0;  // usage that the books would not take
  std::uint64_t swept = 0;  // holds and leases that nobody had ended
  std::uint64_t shortfall_nano = 0;
  std::uint64_t queue_ops = 0;  // waiting now
  std::uint64_t commit_us_total = 0;
};

struct RefusedFact {
  oc_ledger_op op{};
  oc_status status = OC_OK;
};

class LedgerEngine {
 public:
  // `journal` may be null; else it outlives the engine.
  LedgerEngine(Backend backend, EngineLimits limits, const Clock& clock, Journal* journal = nullptr);
  ~LedgerEngine();  // drains

  // [loop] Resumes on the awaiting coroutine's executor, after the op is durable. Errors are in result.status:
  // OC_E_FUNDS, OC_E_LIMIT, OC_E_CONFLICT, OC_E_NOT_FOUND, OC_E_INVALID, OC_E_UNAVAILABLE.
  // The event loop must outlive the engine, or drain() must have returned after its last apply(). A RESERVE or LEASE
  // that is given up with OC_E_UNAVAILABLE after the backend had seen it is followed by a VOID or LEASE_CLOSE of the
  // engine's own.
  boost::asio::awaitable<oc_ledger_result> apply(oc_ledger_op op);
  // [any] Queues and returns; a fact is submitted again until the backend has it, or until the engine ends with the
  // backend still away: OC_E_UNAVAILABLE. `done` (may be empty) runs on the engine's thread and must not block.
  void post(oc_ledger_op op, std::function<void(const oc_ledger_result&)> done = {});
  // [any] Queues a fact that the journal has at `place`; it is released there when the backend has it.
  void post_journaled(const oc_ledger_op& op, Journal::Place place);
  // [any thread that may block]
  oc_ledger_result apply_blocking(oc_ledger_op op);
  // [any thread that may block] All of them or none, in one batch (OC_LF_LINKED is set here). At most `batch_ops_max`
  // (else OC_E_TOO_LARGE for each).
  std::vector<oc_ledger_result> apply_linked(std::span<const oc_ledger_op> group);
  // [any thread that may block] Runs `query` on the engine's thread, after everything submitted so far. While the
  // backend is away it waits for `reserve_wait_ms`, then runs all the same and finds out by itself. False: the backend
  // does not return from a call, and the query did not and will not run.
  bool run(std::function<void(const Backend&)> query);

  // [any] True while the last batch was applied, none takes too long, and nobody else has this node's number
  // (readiness).
  bool available() const noexcept;
  // [any] The backend knows a later epoch of this node: another process has taken its place. Nothing new is admitted
  // any more (OC_E_UNAVAILABLE); facts still are.
  bool fenced() const noexcept;
  EngineCounters counters() const noexcept;
  // [any] Usage that the books refused since the last call; at most 64 are kept, the counter has them all.
  std::vector<RefusedFact> take_refused_facts();
  // [not the engine's thread] Refuses new RESERVEs, applies what waits (a backend that is away: for `reserve_wait_ms`),
  // returns. SETTLEs are taken until the end. Idempotent.
  void drain();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace onechat::ledger
