#include "ledger/ledger_engine.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "base/mailbox.hpp"
#include "base/thread_name.hpp"
#include "ledger/engine_task.hpp"

namespace onechat::ledger {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

constexpr std::uint32_t kSliceMs = 10;  // how soon a pausing thread notices that it shall stop
constexpr std::uint64_t kNsPerMs = 1'000'000;

bool is_fact(const oc_ledger_op& op) noexcept {
  return op.kind == OC_LOP_SETTLE || op.kind == OC_LOP_VOID || op.kind == OC_LOP_LEASE_SETTLE ||
         op.kind == OC_LOP_LEASE_CLOSE;
}

bool asks_for_money(const oc_ledger_op& op) noexcept {
  return op.kind == OC_LOP_RESERVE || op.kind == OC_LOP_EXTEND || op.kind == OC_LOP_LEASE ||
         op.kind == OC_LOP_LEASE_RENEW;
}

// The op that takes back what `op` got; kind 0: nothing needs to be.
oc_ledger_op undo_of(const oc_ledger_op& op) noexcept {
  oc_ledger_op undo{};
  undo.kind = op.kind == OC_LOP_RESERVE ? OC_LOP_VOID : op.kind == OC_LOP_LEASE ? OC_LOP_LEASE_CLOSE : 0;
  undo.ref = op.id;
  undo.id = {op.id.hi, op.id.lo ^ 0x1d0'0000'0000ull};
  undo.account = op.account;
  undo.node = op.node;
  undo.epoch = op.epoch;
  return undo;
}

oc_ledger_result unavailable() noexcept {
  oc_ledger_result r{};
  r.status = OC_E_UNAVAILABLE;
  return r;
}

// Tasks whose results are known, on their way back.
class Ended {
 public:
  void add(Task* task) {
    if (task->reused) {
      ++n_reused_;
      return reused_.push(task);
    }
    const Executor* home = task->executor();
    if (home == nullptr) return here_.push(task);
    for (auto& [executor, list] : by_executor_)
      if (executor == *home) return list.push(task);
    by_executor_.emplace_back(*home, TaskList{}).second.push(task);
  }
  // The journal has `place` no more: one release for the records of a segment that follow each other.
  void release(Journal& journal, Journal::Place place) {
    if (place.segment != place_.segment) {
      journal.release(place_, std::exchange(n_released_, 0));
      place_ = place;
    }
    ++n_released_;
  }
  // One post for each executor.
  void hand_back(Journal* journal, SpareTasks& spare) {
    if (journal != nullptr) journal->release(place_, n_released_);
    for (auto& [executor, list] : by_executor_) asio::post(executor, std::move(list));
    spare.give_back(std::move(reused_), n_reused_);
    here_();
  }

 private:
  std::vector<std::pair<Executor, TaskList>> by_executor_;
  TaskList here_, reused_;
  std::size_t n_reused_ = 0;
  Journal::Place place_;
  std::uint64_t n_released_ = 0;
};

}  // namespace

class LedgerEngine::Impl {
 public:
  Impl(Backend backend, EngineLimits limits, const Clock& clock, Journal* journal)
      : backend_(backend), limits_(limits), clock_(clock), journal_(journal) {
    if (backend.table->batch_max != 0)
      limits_.batch_ops_max = std::min(limits_.batch_ops_max, backend.table->batch_max);
    limits_.batch_ops_max = std::max(limits_.batch_ops_max, 1u);
    thread_ = std::thread([this] { serve(); });
    watch_ = std::thread([this] { watch(); });
  }
  ~Impl() {
    stopping_.store(true, std::memory_order_release);
    put(std::make_unique<StopTask>());
    thread_.join();
    {
      const Lock lock(work_);
      watch_bell_.notify_one();
    }
    watch_.join();
  }

  // False: refused, the task was not taken.
  bool admit(const oc_ledger_op& op) noexcept {
    if (!asks_for_money(op)) return true;
    if (draining_.load(std::memory_order_acquire) || fenced_.load(std::memory_order_acquire)) return false;
    if (stuck_.load(std::memory_order_acquire)) return false;
    if (op.kind != OC_LOP_RESERVE || reserves_.fetch_add(1, std::memory_order_relaxed) < limits_.queue_ops_max)
      return true;
    reserves_.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  std::uint32_t batch_ops_max() const noexcept { return limits_.batch_ops_max; }
  SpareTasks& spare() noexcept { return spare_; }
  void submit(std::unique_ptr<Task> task) {
    task->born_ns = clock_.now_ns();
    if (task->kind == Task::Kind::kOp) count(queue_ops_, task->ops().size());
    put(std::move(task));
  }
  bool run(std::function<void(const Backend&)> what) {
    auto query = std::make_shared<Query>();
    query->run = std::move(what);
    submit(std::make_unique<QueryTask>(query));
    while (!query->ready.try_acquire_for(milliseconds(limits_.reserve_wait_ms + 1)))
      if (stuck_.load(std::memory_order_acquire) && !query->begun.exchange(true)) return false;
    return true;
  }
  void drain() {
    draining_.store(true, std::memory_order_release);
    run([](const Backend&) {});
  }
  bool available() const noexcept {
    return available_.load(std::memory_order_acquire) && !stuck_.load(std::memory_order_acquire) && !fenced();
  }
  bool fenced() const noexcept { return fenced_.load(std::memory_order_acquire); }
  EngineCounters counters() const noexcept;
  std::vector<RefusedFact> take_refused_facts();

 private:
  using Counter = std::atomic<std::uint64_t>;
  static void count(Counter& c, std::uint64_t n) noexcept { c.fetch_add(n, std::memory_order_relaxed); }
  using Lock = std::unique_lock<std::mutex>;

  // What the engine's thread does: works, rests until an awaited task comes, or until any task comes.
  enum class Rest { kNone, kForAwaited, kForAny };

  void put(std::unique_ptr<Task> task);
  void serve();
  void collect();
  void rest(Lock& lock, Rest how);
  bool in_no_hurry() const;
  std::chrono::nanoseconds patience_left() const;
  void step(Lock& lock);
  void run_query(Lock& lock);
  bool apply_batch(Lock& lock, std::size_t n);
  oc_status call_backend(Lock& lock);
  void apply_singly(Lock& lock, std::size_t n);
  void note(const oc_ledger_op& op, const oc_ledger_result& r) noexcept;
  void refuse_fact(const oc_ledger_op& op, const oc_ledger_result& r) noexcept;
  void complete(std::size_t n);
  void undo(const oc_ledger_op& op);
  void finish(Task* task, Ended& ended);
  void expire();
  void ask_late_queries(Lock& lock);
  void pause(Lock& lock);
  void give_up_all(Lock& lock);
  void watch();

  const Backend backend_;
  EngineLimits limits_;
  const Clock& clock_;
  Journal* const journal_;
  SpareTasks spare_;
  Mailbox<Task> mailbox_;
  std::atomic<bool> draining_{false}, stopping_{false}, available_{true}, fenced_{false}, stuck_{false};
  std::atomic<std::uint32_t> reserves_{0};
  Counter ops_{0}, batches_{0}, unavailable_{0}, refused_funds_{0}, refused_limit_{0}, late_settles_{0}, swept_{0},
      refused_facts_{0}, shortfall_{0}, queue_ops_{0}, commit_us_{0};
  std::atomic<Rest> rest_{Rest::kNone};
  std::mutex bell_mutex_;
  std::condition_variable bell_;
  bool rung_ = false;

  std::mutex work_;  // of what follows; the engine's thread lets go of it while it is in the backend or rests
  std::deque<Task*> queue_;
  std::size_t in_flight_ = 0;        // tasks at the front that the backend is at
  std::uint64_t call_began_ns_ = 0;  // 0: the thread is not in the backend
  bool stop_seen_ = false;
  std::condition_variable watch_bell_;

  std::mutex refused_mutex_;  // of the next two
  std::array<RefusedFact, 64> last_refused_;
  std::size_t n_refused_ = 0;

  std::vector<oc_ledger_op> batch_;  // the engine's thread only, and the next
  std::vector<oc_ledger_result> results_;
  std::thread thread_, watch_;
};

// ---- the engine's thread

// Rings only when the thread rests and the task ends its rest. Either the thread sees the task after it has said that
// it rests, or the submitter sees that it does.
void LedgerEngine::Impl::put(std::unique_ptr<Task> task) {
  const bool awaited = task->awaited;
  mailbox_.put(task.release());
  const Rest now = rest_.load(std::memory_order_seq_cst);
  if (now == Rest::kNone || (now == Rest::kForAwaited && !awaited)) return;
  const std::lock_guard lock(bell_mutex_);
  rung_ = true;
  bell_.notify_one();
}

void LedgerEngine::Impl::serve() {
  name_this_thread("ledger");
  Lock lock(work_);
  for (;;) {
    collect();
    if (queue_.empty() && stop_seen_) return;
    if (queue_.empty()) rest(lock, Rest::kForAny);
    if (!queue_.empty() && in_no_hurry()) rest(lock, Rest::kForAwaited);
    if (!queue_.empty()) step(lock);
  }
}

// A ring may be heard late, for a task that has been taken already: then the thread rests on.
void LedgerEngine::Impl::rest(Lock& work, Rest how) {
  const auto goes_on = [&] { return how == Rest::kForAny ? queue_.empty() && !stop_seen_ : in_no_hurry(); };
  rest_.store(how, std::memory_order_seq_cst);
  collect();
  for (bool rang = true; rang && goes_on(); collect()) {
    const auto patience = how == Rest::kForAny ? std::chrono::nanoseconds(0) : patience_left();
    work.unlock();
    {
      Lock lock(bell_mutex_);
      if (how == Rest::kForAny)
        bell_.wait(lock, [this] { return rung_; });
      else
        rang = bell_.wait_for(lock, patience, [this] { return rung_; });
      rung_ = false;
    }
    work.lock();
  }
  rest_.store(Rest::kNone, std::memory_order_seq_cst);
}

// Nobody waits for what is queued, it is not much, and the oldest of it came a moment ago.
bool LedgerEngine::Impl::in_no_hurry() const {
  return !stop_seen_ && queue_.size() < limits_.batch_ops_max && patience_left().count() > 0 &&
         std::none_of(queue_.begin(), queue_.end(), [](const Task* t) { return t->awaited || t->submitted; });
}

std::chrono::nanoseconds LedgerEngine::Impl::patience_left() const {
  const Task& oldest = *queue_.front();
  const std::uint64_t patience = (oldest.place ? limits_.journaled_linger_ms : limits_.post_linger_ms) * kNsPerMs;
  const std::uint64_t waited = clock_.now_ns() - oldest.born_ns;
  return std::chrono::nanoseconds(waited < patience ? patience - waited : 0);
}

void LedgerEngine::Impl::collect() {
  for (Task* t = mailbox_.take_all(); t != nullptr;) {
    Task* const task = std::exchange(t, t->next);
    if (task->kind == Task::Kind::kStop) {
      stop_seen_ = true;
      delete task;
    } else {
      queue_.push_back(task);
    }
  }
}

void LedgerEngine::Impl::step(Lock& lock) {
  if (queue_.front()->kind == Task::Kind::kQuery) return run_query(lock);
  std::size_t tasks = 0, ops = 0;
  for (bool swept = false; tasks < queue_.size() && queue_[tasks]->kind == Task::Kind::kOp && !swept; ++tasks) {
    const std::size_t more = queue_[tasks]->ops().size();  // a group is not split over two batches
    // A sweep takes the holds of many wallets: in a batch of its own it has none of them while it waits for others.
    swept = queue_[tasks]->op.kind == OC_LOP_SWEEP;
    if (tasks > 0 && (swept || ops + more > limits_.batch_ops_max)) break;
    ops += more;
  }
  if (apply_batch(lock, tasks)) return;
  if (stopping_.load(std::memory_order_acquire)) return give_up_all(lock);
  pause(lock);
  collect();
  expire();
  ask_late_queries(lock);
}

void LedgerEngine::Impl::run_query(Lock& lock) {
  const std::unique_ptr<Task> task(queue_.front());
  queue_.pop_front();
  Query& query = *static_cast<QueryTask&>(*task).query;
  if (query.begun.exchange(true)) return;
  call_began_ns_ = clock_.now_ns();
  lock.unlock();
  query.run(backend_);
  lock.lock();
  call_began_ns_ = 0;
  stuck_.store(false, std::memory_order_release);
  task->finish();
}

oc_status LedgerEngine::Impl::call_backend(Lock& lock) {
  const std::uint64_t begin = call_began_ns_ = clock_.now_ns();
  lock.unlock();
  const oc_status status = backend_.table->apply(backend_.instance, batch_.data(), results_.data(), batch_.size());
  lock.lock();
  call_began_ns_ = 0;
  stuck_.store(false, std::memory_order_release);
  count(commit_us_, (clock_.now_ns() - begin) / 1000);
  count(batches_, 1);
  const bool reached = status != OC_E_UNAVAILABLE;
  if (!reached) count(unavailable_, 1);
  available_.store(reached, std::memory_order_release);
  return status;
}

// False when the backend has to be asked again.
bool LedgerEngine::Impl::apply_batch(Lock& lock, std::size_t n) {
  batch_.clear();
  for (std::size_t i = 0; i < n; ++i) {
    queue_[i]->submitted = true;
    const auto ops = queue_[i]->ops();
    batch_.insert(batch_.end(), ops.begin(), ops.end());
  }
  results_.assign(batch_.size(), {});
  in_flight_ = n;
  const oc_status status = call_backend(lock);
  in_flight_ = 0;
  if (status == OC_E_UNAVAILABLE) return false;
  if (status == OC_OK) {
    std::size_t at = 0;
    for (std::size_t i = 0; i < n; at += queue_[i++]->ops().size()) queue_[i]->take(&results_[at]);
    complete(n);
  } else if (n == 1) {
    for (auto& r : results_) r.status = status;
    queue_[0]->take(results_.data());
    complete(1);
  } else {
    apply_singly(lock, n);
  }
  return true;
}

// The backend cannot apply the batch as a whole: find the op that it chokes on, so that the others are not held up.
void LedgerEngine::Impl::apply_singly(Lock& lock, std::size_t n) {
  for (std::size_t i = 0; i < n && !queue_.empty() && queue_.front()->kind == Task::Kind::kOp; ++i)
    if (!apply_batch(lock, 1)) return;
}

void LedgerEngine::Impl::note(const oc_ledger_op& op, const oc_ledger_result& r) noexcept {
  if (r.status == OC_E_FUNDS) count(refused_funds_, 1);
  if (r.status == OC_E_LIMIT) count(refused_limit_, 1);
  if (r.status == OC_E_FENCED && !is_fact(op)) fenced_.store(true, std::memory_order_release);
  if (r.status == OC_LATE && is_fact(op)) count(late_settles_, 1);
  if (r.status == OC_OK && op.kind == OC_LOP_SWEEP && r.available > 0)
    count(swept_, static_cast<std::uint64_t>(r.available));
  if ((r.status == OC_OK || r.status == OC_LATE) && r.shortfall > 0)
    count(shortfall_, static_cast<std::uint64_t>(r.shortfall));
}

// Usage that nobody pays for, unless somebody looks. Of others the submitter is told.
void LedgerEngine::Impl::refuse_fact(const oc_ledger_op& op, const oc_ledger_result& r) noexcept {
  count(refused_facts_, 1);
  const std::lock_guard lock(refused_mutex_);
  if (n_refused_ < last_refused_.size()) last_refused_[n_refused_++] = {op, r.status};
}

std::vector<RefusedFact> LedgerEngine::Impl::take_refused_facts() {
  const std::lock_guard lock(refused_mutex_);
  return {last_refused_.begin(), last_refused_.begin() + static_cast<std::ptrdiff_t>(std::exchange(n_refused_, 0))};
}

void LedgerEngine::Impl::finish(Task* task, Ended& ended) {
  if (task->op.kind == OC_LOP_RESERVE) reserves_.fetch_sub(1, std::memory_order_relaxed);
  queue_ops_.fetch_sub(task->ops().size(), std::memory_order_relaxed);
  bool kept = task->result.status == OC_E_UNAVAILABLE;
  // What the books could not do, rather than would not, the next start tries again.
  if (journal_ != nullptr && task->place && task->result.status == OC_E_INTERNAL) kept = !journal_->keep(task->op);
  if (task->reused && task->result.status < 0 && task->result.status != OC_E_UNAVAILABLE &&
      task->op.amount + task->op.fee > 0)
    refuse_fact(task->op, task->result);
  if (journal_ != nullptr && task->place && !kept) ended.release(*journal_, task->place);
  ended.add(task);
}

// Hands the first `n` results back.
void LedgerEngine::Impl::complete(std::size_t n) {
  for (std::size_t i = 0; i < batch_.size(); ++i) note(batch_[i], results_[i]);
  count(ops_, batch_.size());
  Ended ended;
  std::vector<std::unique_ptr<Ghost>> ghosts;
  for (std::size_t i = 0; i < n; ++i) {
    if (queue_[i]->is_ghost)
      ghosts.emplace_back(static_cast<Ghost*>(queue_[i]));
    else
      finish(queue_[i], ended);
  }
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(n));
  for (const auto& ghost : ghosts)  // applied after all, and nobody knows
    for (std::size_t i = 0; i < ghost->all.size(); ++i)
      if (ghost->results[i].status >= 0) undo(ghost->all[i]);
  ended.hand_back(journal_, spare_);
}

// What it may hold is free again, before anything else is asked for.
void LedgerEngine::Impl::undo(const oc_ledger_op& op) {
  auto task = std::make_unique<PostTask>();
  task->op = undo_of(op);
  if (task->op.kind == 0) return;
  task->awaited = false;
  task->born_ns = clock_.now_ns();
  count(queue_ops_, 1);
  queue_.insert(queue_.begin() + static_cast<std::ptrdiff_t>(in_flight_), task.release());
}

// REQUIRES: work_ is held. Whoever waited too long for something that is no fact is told so. What the backend is at
// stays in the queue, as nobody's; what it has seen may have been applied.
void LedgerEngine::Impl::expire() {
  const std::uint64_t now = clock_.now_ns();
  const std::uint64_t patience = limits_.reserve_wait_ms * kNsPerMs;
  Ended ended;
  std::deque<Task*> kept;
  std::vector<oc_ledger_op> seen;
  for (std::size_t i = 0; i < queue_.size(); ++i) {
    Task* const task = queue_[i];
    if (task->is_ghost && i >= in_flight_) {  // nobody waits for it; done later it may do what nobody wants any more
      seen.insert(seen.end(), task->ops().begin(), task->ops().end());
      delete task;
      continue;
    }
    const bool old = task->kind == Task::Kind::kOp && now - task->born_ns >= patience && !is_fact(task->op) &&
                     !task->is_ghost;
    if (!old) {
      kept.push_back(task);
      continue;
    }
    if (i < in_flight_)
      kept.push_back(new Ghost(*task));
    else if (task->submitted)
      seen.insert(seen.end(), task->ops().begin(), task->ops().end());
    task->fail(OC_E_UNAVAILABLE);
    finish(task, ended);
  }
  queue_.swap(kept);
  for (const oc_ledger_op& op : seen) undo(op);
  ended.hand_back(journal_, spare_);
}

// While the backend is away, queries get to ask for themselves.
void LedgerEngine::Impl::ask_late_queries(Lock& lock) {
  const std::uint64_t now = clock_.now_ns();
  std::deque<Task*> rest, late;
  for (Task* task : queue_) {
    const bool old = now - task->born_ns >= limits_.reserve_wait_ms * kNsPerMs;
    (task->kind == Task::Kind::kQuery && old ? late : rest).push_back(task);
  }
  queue_.swap(rest);
  for (; !late.empty(); late.pop_front()) {
    queue_.push_front(late.front());
    run_query(lock);
  }
}

void LedgerEngine::Impl::pause(Lock& lock) {
  lock.unlock();
  for (std::uint32_t slept = 0; slept < limits_.retry_ms && !stopping_.load(std::memory_order_acquire);
       slept += kSliceMs)
    std::this_thread::sleep_for(milliseconds(std::min(kSliceMs, limits_.retry_ms)));
  lock.lock();
}

// At the end of the process with a backend that is away.
void LedgerEngine::Impl::give_up_all(Lock& lock) {
  Ended ended;
  std::deque<Task*> all;
  all.swap(queue_);
  for (Task* task : all) {
    if (task->kind == Task::Kind::kQuery) {
      queue_.push_front(task);
      run_query(lock);
      continue;
    }
    task->fail(OC_E_UNAVAILABLE);
    finish(task, ended);
  }
  ended.hand_back(journal_, spare_);
}

// ---- the thread that looks whether the backend returns

void LedgerEngine::Impl::watch() {
  name_this_thread("ledger watch");
  const std::uint64_t patience = limits_.reserve_wait_ms * kNsPerMs;
  const std::uint32_t every_ms = std::clamp(limits_.reserve_wait_ms / 4, kSliceMs, 250u);
  while (!stopping_.load(std::memory_order_acquire)) {
    Lock lock(work_);
    watch_bell_.wait_for(lock, milliseconds(every_ms));
    if (call_began_ns_ == 0 || clock_.now_ns() - call_began_ns_ < patience) continue;
    stuck_.store(true, std::memory_order_release);
    collect();
    expire();
  }
}

EngineCounters LedgerEngine::Impl::counters() const noexcept {
  const auto read = [](const Counter& c) { return c.load(std::memory_order_relaxed); };
  EngineCounters c;
  c.ops = read(ops_);
  c.batches = read(batches_);
  c.unavailable = read(unavailable_);
  c.refused_funds = read(refused_funds_);
  c.refused_limit = read(refused_limit_);
  c.late_settles = read(late_settles_);
  c.refused_facts = read(refused_facts_);
  c.swept = read(swept_);
  c.shortfall_nano = read(shortfall_);
  c.queue_ops = read(queue_ops_);
  c.commit_us_total = read(commit_us_);
  return c;
}

// ---- the submitters' side

LedgerEngine::LedgerEngine(Backend backend, EngineLimits limits, const Clock& clock, Journal* journal)
    : impl_(std::make_unique<Impl>(backend, limits, clock, journal)) {}

LedgerEngine::~LedgerEngine() { drain(); }

asio::awaitable<oc_ledger_result> LedgerEngine::apply(oc_ledger_op op) {
  if (!impl_->admit(op)) co_return unavailable();
  Impl* const impl = impl_.get();
  auto start = [impl](auto handler, const oc_ledger_op& what) {
    using Handler = decltype(handler);
    Executor home = asio::get_associated_executor(handler);
    auto task = std::make_unique<AwaitTask<Handler>>(std::move(handler), std::move(home));
    task->op = what;
    impl->submit(std::move(task));
  };
  op.flags &= ~std::uint32_t(OC_LF_LINKED);
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(oc_ledger_result)>(
      std::move(start), asio::use_awaitable, op);
}

void LedgerEngine::post(oc_ledger_op op, std::function<void(const oc_ledger_result&)> done) {
  if (!impl_->admit(op)) {
    if (done) done(unavailable());
    return;
  }
  auto task = std::make_unique<PostTask>();
  task->op = op;
  task->op.flags &= ~std::uint32_t(OC_LF_LINKED);
  task->awaited = done != nullptr;
  task->done = std::move(done);
  impl_->submit(std::move(task));
}

void LedgerEngine::post_journaled(const oc_ledger_op& op, Journal::Place place) {
  std::unique_ptr<PostTask> task = impl_->spare().take();
  task->op = op;
  task->submitted = false;
  task->place = place;
  impl_->submit(std::move(task));
}

std::vector<oc_ledger_result> LedgerEngine::apply_linked(std::span<const oc_ledger_op> group) {
  std::vector<oc_ledger_result> answers(group.size(), unavailable());
  if (group.empty()) return answers;
  if (group.size() > impl_->batch_ops_max()) {
    for (auto& a : answers) a.status = OC_E_TOO_LARGE;
    return answers;
  }
  if (!impl_->admit(group.front())) return answers;
  std::binary_semaphore ready{0};
  auto task = std::make_unique<BlockingTask>();
  task->op = group.front();
  task->group.assign(group.begin(), group.end());
  for (auto& op : task->group) op.flags |= OC_LF_LINKED;
  task->group.back().flags &= ~std::uint32_t(OC_LF_LINKED);
  task->answers = &answers;
  task->ready = &ready;
  impl_->submit(std::move(task));
  ready.acquire();
  return answers;
}

oc_ledger_result LedgerEngine::apply_blocking(oc_ledger_op op) { return apply_linked({&op, 1}).front(); }

bool LedgerEngine::run(std::function<void(const Backend&)> query) { return impl_->run(std::move(query)); }
bool LedgerEngine::available() const noexcept { return impl_->available(); }
bool LedgerEngine::fenced() const noexcept { return impl_->fenced(); }
EngineCounters LedgerEngine::counters() const noexcept { return impl_->counters(); }
std::vector<RefusedFact> LedgerEngine::take_refused_facts() { return impl_->take_refused_facts(); }
void LedgerEngine::drain() { impl_->drain(); }

}  // namespace onechat::ledger
