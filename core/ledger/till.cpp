#include "ledger/till.hpp"

#include <onechat/ledger_core.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <limits>
#include <unordered_map>

#include "base/thread_name.hpp"

namespace onechat::ledger {
namespace {

namespace asio = boost::asio;
using ledger_core::same_id;
using ledger_core::settle_id;
using std::chrono::milliseconds;

constexpr std::uint32_t kBusyMs = 50, kQuietMs = 1'000;  // how often leases are looked after
constexpr std::uint32_t kDrainMs = 3'000;
// A sweep passes over what has ended since the last one: after so much, a short pass now rather than a long one later.
constexpr std::uint64_t kOpsBetweenSweeps = 10'000;
constexpr std::uint32_t kNobodyIsDead = std::numeric_limits<std::uint32_t>::max();  // ms of silence, of a SWEEP

std::uint64_t seed() {
  std::array<std::uint8_t, 8> raw{};
  fill_random(raw);
  std::uint64_t s = 0;
  std::memcpy(&s, raw.data(), raw.size());
  return s;
}

oc_ledger_result refused(oc_status status) noexcept {
  oc_ledger_result r{};
  r.status = status;
  return r;
}

// A cost and what the books said of it.
std::string told(const oc_ledger_op& op, oc_status status) {
  return std::to_string(op.amount) + " + " + std::to_string(op.fee) + " nano of account " + std::to_string(op.account) +
         " (" + std::string(status_name(status)) + ")";
}

Error no_answer(oc_status status) {
  return Error(status == OC_OK ? static_cast<oc_status>(OC_E_UNAVAILABLE) : status,
               "the ledger does not answer (" + std::string(status_name(status)) + ")");
}

}  // namespace

Till::Till(LedgerEngine& engine, Journal* journal, TillOptions options, const Clock& clock)
    : engine_(engine),
      journal_(journal),
      options_(std::move(options)),
      clock_(clock),
      ids_(static_cast<std::uint16_t>(options_.node), seed()),
      pool_(options_.leases, options_.node, [this] { return new_id(); }) {
  reach_->till = this;
}

Till::~Till() {
  drain();
  const std::lock_guard lock(reach_->mutex);
  reach_->till = nullptr;
}

oc_id128 Till::new_id() {
  const std::lock_guard lock(ids_mutex_);
  return ids_.next(clock_.unix_ms());
}

oc_ledger_op Till::own_op(std::uint32_t kind) {
  oc_ledger_op op{};
  op.id = new_id();
  op.kind = kind;
  op.node = options_.node;
  op.epoch = epoch_;
  return op;
}

void Till::log(std::int32_t level, const std::string& message) const {
  if (options_.log) options_.log(level, message);
}

// ---- the node's life on the books

Result<void> Till::start() {
  if (auto done = replay(); !done) return done;  // first: a new epoch lets other nodes sweep what the old one left
  if (auto done = begin_epoch(); !done) return done;
  if (auto done = sweep_all(); !done) return done;
  thread_ = std::thread([this] { keep(); });
  return {};
}

Result<void> Till::begin_epoch() {
  const oc_ledger_op op = own_op(OC_LOP_EPOCH);
  const oc_ledger_result began = engine_.apply_blocking(op);
  if (began.status < 0) return no_answer(began.status);
  epoch_ = static_cast<std::uint64_t>(began.available);
  pool_.set_epoch(epoch_);
  return {};
}

// What an earlier process knew and the books may not: facts as they were, of unfinished requests what they had cost,
// then the leases' ends. All are facts: the old epoch does not matter, and what the books know already changes nothing.
Result<void> Till::replay() {
  if (journal_ == nullptr) return {};
  if (journal_->left().empty()) {
    journal_->forget_left();  // torn records may be all that there is
    return {};
  }
  std::vector<oc_ledger_op> ops, leases;
  std::unordered_map<oc_id128, oc_ledger_op, ledger_core::IdHash, ledger_core::IdEqual> unfinished;
  for (const Journal::Record& r : journal_->left()) {
    if (r.kind == Journal::Kind::kProgress) unfinished[r.op.id] = r.op;
    if (r.kind == Journal::Kind::kLease) leases.push_back(r.op);
  }
  for (const Journal::Record& r : journal_->left()) {
    if (r.kind != Journal::Kind::kFact) continue;
    unfinished.erase(r.op.id);
    ops.push_back(r.op);
  }
  const std::size_t facts = ops.size();
  if (options_.crash == OC_CRASH_PROGRESS)
    for (const auto& [id, op] : unfinished) ops.push_back(op);
  ops.insert(ops.end(), leases.begin(), leases.end());

  struct Tally {  // outlives this call when the backend is away
    std::atomic<std::size_t> known{0}, refused{0};
    std::mutex mutex;
    std::vector<std::string> lost;  // facts that the books did not take: somebody has to look
  };
  const auto tally = std::make_shared<Tally>();
  for (std::size_t i = 0; i < ops.size(); ++i)
    engine_.post(ops[i], [tally, op = ops[i], is_fact = i < facts](const oc_ledger_result& r) {
      if (r.status == OC_E_UNAVAILABLE) return;
      ++(r.status >= 0 ? tally->known : tally->refused);
      if (r.status >= 0 || !is_fact || op.amount + op.fee <= 0) return;
      const std::lock_guard lock(tally->mutex);
      tally->lost.push_back(told(op, r.status));
    });
  if (!engine_.run([](const Backend&) {}) || tally->known + tally->refused != ops.size())
    return no_answer(OC_E_UNAVAILABLE);
  log(OC_LOG_WARN, "the last run was cut off: the journal had " + std::to_string(facts) + " facts, " +
                       std::to_string(unfinished.size()) + " unfinished requests and " + std::to_string(leases.size()) +
                       " leases; " + std::to_string(journal_->torn()) + " records were torn, " +
                       std::to_string(tally->refused) + " refused");
  for (const std::string& what : tally->lost)
    log(OC_LOG_ERROR, "the ledger refused what a request of the last run had cost: " + what);
  journal_->forget_left();
  return {};
}

oc_ledger_op Till::sweep_op() {
  oc_ledger_op op = own_op(OC_LOP_SWEEP);
  op.code = options_.crash;
  op.overage = options_.overage;
  if (!steady()) op.ttl_ms = kNobodyIsDead;
  return op;
}

// Books that were away have heard nobody: whoever comes back first must not take the others' silence, or its own, for
// death. What an older epoch held is still found at once.
bool Till::steady() const {
  const std::uint64_t since = steady_since_ns_.load(), last = beaten_ns_.load(), now = clock_.now_ns();
  const std::uint64_t gap = std::uint64_t(options_.sweep_ms) * 3'000'000;
  return since != 0 && now - last <= gap && now - since >= std::uint64_t(options_.steady_ms) * 1'000'000;
}

void Till::beat() {
  engine_.post(own_op(OC_LOP_HEARTBEAT), [reach = reach_](const oc_ledger_result& r) {
    const std::lock_guard lock(reach->mutex);
    if (reach->till != nullptr) reach->till->beaten(r.status >= 0);
  });
}

// [engine's thread]
void Till::beaten(bool answered) {
  const std::uint64_t now = clock_.now_ns(), gap = std::uint64_t(options_.sweep_ms) * 3'000'000;
  if (!answered)
    steady_since_ns_ = 0;
  else if (steady_since_ns_ == 0 || now - beaten_ns_ > gap)
    steady_since_ns_ = now;
  if (answered) beaten_ns_ = now;
}

Result<void> Till::sweep_all() {
  for (std::int64_t resolved = 1; resolved > 0;) {  // a sweep ends a bounded number at a time
    const oc_ledger_result swept = engine_.apply_blocking(sweep_op());
    if (swept.status < 0) return no_answer(swept.status);
    resolved = swept.available;
  }
  return {};
}

void Till::keep() {
  name_this_thread("till");
  std::uint64_t swept_ns = clock_.now_ns(), swept_ops = 0;
  beat();
  bool told_fenced = false;
  for (;;) {
    std::vector<oc_ledger_op> ops;
    const std::uint64_t now = clock_.now_ns();
    const bool busy = pool_.tick(now, ops);
    const std::uint64_t ops_done = engine_.counters().ops;
    if (now - swept_ns >= std::uint64_t(options_.sweep_ms) * 1'000'000 || ops_done - swept_ops >= kOpsBetweenSweeps) {
      swept_ns = now;
      swept_ops = ops_done;
      beat();
      engine_.post(sweep_op());
    }
    send(ops);
    if (engine_.fenced() && !std::exchange(told_fenced, true))
      log(OC_LOG_ERROR, "another process has taken this node's number (" + std::to_string(options_.node) +
                            "): no request is admitted any more; end one of them");
    for (const RefusedFact& f : engine_.take_refused_facts())
      log(OC_LOG_ERROR, "the ledger refused what a request had cost: " + told(f.op, f.status));
    std::unique_lock lock(bell_mutex_);
    if (bell_.wait_for(lock, milliseconds(busy ? kBusyMs : kQuietMs), [this] { return stopping_; })) return;
  }
}

// A lease is noted before it is asked for: whatever becomes of this process, the next one gives it back.
void Till::send(std::vector<oc_ledger_op>& ops) {
  for (const oc_ledger_op& op : ops) {
    if (journal_ != nullptr && (op.kind == OC_LOP_LEASE || op.kind == OC_LOP_LEASE_RENEW)) {
      oc_ledger_op end{};
      end.kind = OC_LOP_LEASE_CLOSE;
      end.ref = op.kind == OC_LOP_LEASE ? op.id : op.ref;
      end.id = settle_id(end.ref);
      end.account = op.account;
      end.node = op.node;
      end.epoch = op.epoch;
      const Journal::Place place = journal_->append(Journal::Kind::kLease, end);
      const std::lock_guard lock(places_mutex_);
      const auto at = std::find_if(lease_places_.begin(), lease_places_.end(),
                                   [&](const auto& p) { return same_id(p.first, end.ref); });
      if (at == lease_places_.end())
        lease_places_.emplace_back(end.ref, place);
      else if (place)  // noted anew, so that an old segment is not held
        journal_->release(std::exchange(at->second, place));
    }
    engine_.post(op, [reach = reach_, op](const oc_ledger_result& r) {
      const std::lock_guard lock(reach->mutex);
      if (reach->till != nullptr) reach->till->answered(op, r);
    });
  }
  ops.clear();
}

// [engine's thread]
void Till::answered(const oc_ledger_op& op, const oc_ledger_result& r) {
  pool_.answer(op, r, clock_.now_ns());
  // A lease that was given up may exist: the engine ends it, and at the worst SWEEP does.
  const bool ended = op.kind == OC_LOP_LEASE_CLOSE && op.amount == 0 && r.status != OC_E_UNAVAILABLE;
  const bool never = op.kind == OC_LOP_LEASE && r.status < 0;
  if (journal_ == nullptr || (!ended && !never)) return;
  const std::lock_guard lock(places_mutex_);
  const auto at = std::find_if(lease_places_.begin(), lease_places_.end(),
                               [&](const auto& p) { return same_id(p.first, never ? op.id : op.ref); });
  if (at == lease_places_.end()) return;
  journal_->release(at->second);
  lease_places_.erase(at);
}

bool Till::available() const noexcept { return engine_.available() && (journal_ == nullptr || journal_->room()); }

void Till::drain() {
  if (thread_.joinable()) {
    {
      const std::lock_guard lock(bell_mutex_);
      stopping_ = true;
      bell_.notify_one();
    }
    thread_.join();
    std::vector<oc_ledger_op> ops;
    const std::uint64_t begin = clock_.now_ns();
    for (bool closed = false; !closed && clock_.now_ns() - begin < std::uint64_t(kDrainMs) * 1'000'000;) {
      closed = pool_.close_all(ops);
      send(ops);
      if (!engine_.run([](const Backend&) {}) || !engine_.available()) break;  // the journal has them
      if (!closed) std::this_thread::sleep_for(milliseconds(10));
    }
  }
  engine_.drain();
}

// ---- requests

oc_ledger_op Till::op_for(std::uint32_t kind, const Hold& hold) const {
  oc_ledger_op op{};
  op.kind = kind;
  op.account = hold.scopes.account;
  op.project_id = hold.scopes.project_id;
  op.key_id = hold.scopes.key_id;
  op.user_id = hold.scopes.user_id;
  op.group_id = hold.scopes.group_id;
  op.node = options_.node;
  op.epoch = epoch_;
  return op;
}

bool Till::take(Hold& hold) {
  if (engine_.fenced() || (journal_ != nullptr && !journal_->room())) return false;
  hold.part = pool_.take(hold.scopes, hold.amount, clock_.now_ns());
  hold.open = static_cast<bool>(hold.part);
  return hold.open;
}

asio::awaitable<oc_ledger_result> Till::reserve(Hold& hold) {
  if (journal_ != nullptr && !journal_->room()) co_return refused(OC_E_UNAVAILABLE);
  oc_ledger_op op = op_for(OC_LOP_RESERVE, hold);
  op.id = hold.id;
  op.amount = hold.amount;
  op.ttl_ms = options_.hold_ttl_ms;
  oc_ledger_result r = co_await engine_.apply(op);
  if (r.status == OC_E_FUNDS || r.status == OC_E_LIMIT) {
    std::vector<oc_ledger_op> back;  // what lies free in this node's leases is the wallet's, too
    pool_.reclaim(hold.scopes, r.status == OC_E_FUNDS ? std::uint64_t{OC_SCOPE_ORG} : r.limit_scope & 0xff, back);
    if (!back.empty()) {
      send(back);
      r = co_await engine_.apply(op);
    }
  }
  hold.open = r.status >= 0;
  if (hold.open || r.status == OC_E_FUNDS) pool_.saw(hold.scopes, r.available);
  co_return r;
}

std::optional<oc_ledger_result> Till::grow(Hold& hold, std::int64_t more) {
  const std::optional<oc_ledger_result> said = pool_.grow(hold.part, more, clock_.now_ns());
  hold.amount = hold.part.amount;
  return said;
}

asio::awaitable<oc_ledger_result> Till::extend(oc_id128 hold, std::uint64_t account, std::int64_t more) {
  oc_ledger_op op = own_op(OC_LOP_EXTEND);
  op.ref = hold;
  op.account = account;
  op.amount = more;
  co_return co_await engine_.apply(op);
}

oc_ledger_op Till::settle_op(const Hold& hold, std::int64_t cost, std::int64_t fee, bool estimated) const {
  oc_ledger_op op = op_for(hold.part ? OC_LOP_LEASE_SETTLE : OC_LOP_SETTLE, hold);
  op.id = hold.part ? hold.id : settle_id(hold.id);
  op.ref = hold.part ? LeasePool::id_of(hold.part) : hold.id;
  op.amount = cost;
  op.fee = fee;
  op.overage = hold.overage;
  op.flags = estimated ? static_cast<std::uint32_t>(OC_LF_ESTIMATED) : 0u;
  return op;
}

void Till::progress(Hold& hold, std::int64_t cost, std::int64_t fee, bool tell) {
  if (!hold.open || cost + fee <= 0) return;
  if (journal_ != nullptr) {
    const Journal::Place place = journal_->append(Journal::Kind::kProgress, settle_op(hold, cost, fee, true));
    if (place) journal_->release(std::exchange(hold.progress, place));
  }
  if (!tell || hold.part) return;
  oc_ledger_op op = op_for(OC_LOP_PROGRESS, hold);
  op.id = new_id();
  op.ref = hold.id;
  op.amount = cost;
  op.fee = fee;
  engine_.post(op);
}

void Till::settle(Hold& hold, std::int64_t cost, std::int64_t fee, bool estimated) {
  if (!std::exchange(hold.open, false)) return;
  oc_ledger_op op = settle_op(hold, cost, fee, estimated);
  if (cost + fee <= 0 && !hold.part) {
    op = op_for(OC_LOP_VOID, hold);
    op.id = settle_id(hold.id);
    op.ref = hold.id;
  }
  if (cost + fee > 0 || hold.progress) {  // also if free after all: the next start would charge what was noted
    Journal::Place place;
    if (journal_ != nullptr) place = journal_->append(Journal::Kind::kFact, op);
    if (!place) place = std::exchange(hold.progress, {});  // what was noted is better than nothing
    engine_.post_journaled(op, place);
  } else if (!hold.part) {
    engine_.post(op);  // not journaled: the next start of this node releases what it does not know
  }
  LeasePool::give_back(hold.part, cost + fee);
  if (journal_ == nullptr) return;
  const Journal::Place noted = std::exchange(hold.progress, {});
  cost + fee > 0 ? journal_->release(noted) : journal_->erase(noted);
}

}  // namespace onechat::ledger
