#include "ledger/ledger_engine.hpp"

#include <algorithm>
#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <semaphore>
#include <thread>
#include <utility>
#include <vector>

#include "base/mailbox.hpp"

namespace onechat::ledger {
namespace {

namespace asio = boost::asio;
using Executor = asio::any_io_executor;

constexpr std::uint32_t kDrainSliceMs = 10;  // how soon a pausing engine notices that it shall stop

struct Task {  // one thing to do, made by the submitter, ended by the engine
  enum class Kind { kOp, kQuery, kStop };

  Task* next = nullptr;
  Kind kind = Kind::kOp;
  bool submitted = false;  // the backend has seen it; it may have been applied
  bool awaited = true;     // somebody waits for its end
  std::uint64_t born_ns = 0;
  oc_ledger_op op{};
  oc_ledger_result result{};

  virtual ~Task() = default;
  virtual const Executor* executor() const noexcept { return nullptr; }  // where finish() runs; nullptr: here
  virtual void finish() = 0;                                             // called once; the task is deleted after it
};

bool may_give_up(const oc_ledger_op& op) noexcept { return op.kind == OC_LOP_RESERVE || op.kind == OC_LOP_DEPOSIT; }

oc_ledger_result unavailable() noexcept {
  oc_ledger_result r{};
  r.status = OC_E_UNAVAILABLE;
  return r;
}

template <class Handler>
struct AwaitTask final : Task {
  AwaitTask(Handler h, Executor e) : handler(std::move(h)), home(std::move(e)) {}
  const Executor* executor() const noexcept override { return &home; }
  void finish() override { std::move(handler)(result); }
  Handler handler;
  Executor home;
};

struct PostTask final : Task {
  void finish() override {
    if (done) done(result);
  }
  std::function<void(const oc_ledger_result&)> done;
};

struct BlockingTask final : Task {
  void finish() override {
    *answer = result;
    ready->release();
  }
  oc_ledger_result* answer = nullptr;
  std::binary_semaphore* ready = nullptr;
};

struct QueryTask final : Task {
  void finish() override { ready->release(); }
  const std::function<void(const Backend&)>* query = nullptr;
  std::binary_semaphore* ready = nullptr;
};

struct StopTask final : Task {
  void finish() override {}
};

struct TaskList {  // finishes and frees its tasks in order, also when it is dropped unrun
  Task* first = nullptr;
  Task* last = nullptr;

  TaskList() = default;
  TaskList(TaskList&& other) noexcept
      : first(std::exchange(other.first, nullptr)), last(std::exchange(other.last, nullptr)) {}
  TaskList& operator=(TaskList&&) = delete;
  ~TaskList() {
    while (first != nullptr) delete std::exchange(first, first->next);
  }
  void push(Task* t) noexcept {
    t->next = nullptr;
    (last != nullptr ? last->next : first) = t;
    last = t;
  }
  void operator()() {
    while (first != nullptr) {
      const std::unique_ptr<Task> task(std::exchange(first, first->next));
      task->finish();
    }
  }
};

}  // namespace

class LedgerEngine::Impl {
 public:
  Impl(Backend backend, EngineLimits limits, const Clock& clock) : backend_(backend), limits_(limits), clock_(clock) {
    if (backend.table->batch_max != 0)
      limits_.batch_ops_max = std::min(limits_.batch_ops_max, backend.table->batch_max);
    limits_.batch_ops_max = std::max(limits_.batch_ops_max, 1u);
    thread_ = std::thread([this] { serve(); });
  }
  ~Impl() {
    stopping_.store(true, std::memory_order_release);
    auto stop = std::make_unique<StopTask>();
    stop->kind = Task::Kind::kStop;
    put(std::move(stop));
    thread_.join();
  }

  // False: refused, `task` was not taken.
  bool admit(const oc_ledger_op& op) noexcept {
    if (op.kind != OC_LOP_RESERVE) return true;
    if (draining_.load(std::memory_order_acquire)) return false;
    if (reserves_.fetch_add(1, std::memory_order_relaxed) < limits_.queue_ops_max) return true;
    reserves_.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  void submit(std::unique_ptr<Task> task) {
    task->born_ns = clock_.now_ns();
    if (task->kind == Task::Kind::kOp) count(queue_ops_, 1);
    put(std::move(task));
  }
  void run(const std::function<void(const Backend&)>& query) {
    std::binary_semaphore ready{0};
    auto task = std::make_unique<QueryTask>();
    task->kind = Task::Kind::kQuery;
    task->query = &query;
    task->ready = &ready;
    submit(std::move(task));
    ready.acquire();
  }
  void drain() {
    draining_.store(true, std::memory_order_release);
    run([](const Backend&) {});
  }
  bool available() const noexcept { return available_.load(std::memory_order_acquire); }
  EngineCounters counters() const noexcept;

 private:
  using Counter = std::atomic<std::uint64_t>;
  static void count(Counter& c, std::uint64_t n) noexcept { c.fetch_add(n, std::memory_order_relaxed); }

  // What the engine's thread does: works, rests until an awaited task comes, or until any task comes.
  enum class Rest { kNone, kForAwaited, kForAny };

  void put(std::unique_ptr<Task> task);
  void serve();
  void collect();
  void rest(Rest how);
  bool in_no_hurry() const;
  std::chrono::nanoseconds patience_left() const;
  void step();
  void run_query();
  bool apply_batch(std::size_t n);
  oc_status call_backend(std::size_t n);
  void apply_singly(std::size_t n);
  void note(const Task& task) noexcept;
  void complete(std::size_t n);
  void finish(Task* task, std::vector<std::pair<Executor, TaskList>>& by_executor, TaskList& here);
  void expire();
  void pause();
  void give_up_all();

  Backend backend_;
  EngineLimits limits_;
  const Clock& clock_;
  Mailbox<Task> mailbox_;
  std::atomic<bool> draining_{false}, stopping_{false}, available_{true};
  std::atomic<std::uint32_t> reserves_{0};
  Counter ops_{0}, batches_{0}, unavailable_{0}, refused_funds_{0}, refused_limit_{0}, late_settles_{0}, shortfall_{0},
      queue_ops_{0}, commit_us_{0};
  std::atomic<Rest> rest_{Rest::kNone};
  std::mutex bell_mutex_;
  std::condition_variable bell_;
  bool rung_ = false;
  // The engine's thread only:
  std::deque<Task*> queue_;
  std::vector<oc_ledger_op> batch_;
  std::vector<oc_ledger_result> results_;
  bool stop_seen_ = false;
  std::thread thread_;
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
  for (;;) {
    collect();
    if (queue_.empty() && stop_seen_) return;
    if (queue_.empty()) rest(Rest::kForAny);
    if (!queue_.empty() && in_no_hurry()) rest(Rest::kForAwaited);
    if (!queue_.empty()) step();
  }
}

// A ring may be heard late, for a task that has been taken already: then the thread rests on.
void LedgerEngine::Impl::rest(Rest how) {
  const auto goes_on = [&] { return how == Rest::kForAny ? queue_.empty() && !stop_seen_ : in_no_hurry(); };
  rest_.store(how, std::memory_order_seq_cst);
  collect();
  for (bool rang = true; rang && goes_on(); collect()) {
    std::unique_lock lock(bell_mutex_);
    if (how == Rest::kForAny)
      bell_.wait(lock, [this] { return rung_; });
    else
      rang = bell_.wait_for(lock, patience_left(), [this] { return rung_; });
    rung_ = false;
  }
  rest_.store(Rest::kNone, std::memory_order_seq_cst);
}

// Nobody waits for what is queued, it is not much, and the oldest of it came a moment ago.
bool LedgerEngine::Impl::in_no_hurry() const {
  return !stop_seen_ && queue_.size() < limits_.batch_ops_max && patience_left().count() > 0 &&
         std::none_of(queue_.begin(), queue_.end(), [](const Task* t) { return t->awaited || t->submitted; });
}

std::chrono::nanoseconds LedgerEngine::Impl::patience_left() const {
  const std::uint64_t patience = std::uint64_t(limits_.post_linger_ms) * 1'000'000;
  const std::uint64_t waited = clock_.now_ns() - queue_.front()->born_ns;
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

void LedgerEngine::Impl::step() {
  if (queue_.front()->kind == Task::Kind::kQuery) return run_query();
  std::size_t n = 0;
  while (n < queue_.size() && n < limits_.batch_ops_max && queue_[n]->kind == Task::Kind::kOp) ++n;
  if (apply_batch(n)) return;
  if (stopping_.load(std::memory_order_acquire)) return give_up_all();
  pause();
  collect();
  expire();
}

void LedgerEngine::Impl::run_query() {
  const std::unique_ptr<Task> task(queue_.front());
  queue_.pop_front();
  (*static_cast<QueryTask&>(*task).query)(backend_);
  task->finish();
}

oc_status LedgerEngine::Impl::call_backend(std::size_t n) {
  const std::uint64_t begin = clock_.now_ns();
  const oc_status status = backend_.table->apply(backend_.instance, batch_.data(), results_.data(), n);
  count(commit_us_, (clock_.now_ns() - begin) / 1000);
  count(batches_, 1);
  const bool reached = status != OC_E_UNAVAILABLE;
  if (!reached) count(unavailable_, 1);
  available_.store(reached, std::memory_order_release);
  return status;
}

// False when the backend has to be asked again.
bool LedgerEngine::Impl::apply_batch(std::size_t n) {
  batch_.clear();
  for (std::size_t i = 0; i < n; ++i) {
    queue_[i]->submitted = true;
    batch_.push_back(queue_[i]->op);
  }
  results_.assign(n, {});
  const oc_status status = call_backend(n);
  if (status == OC_E_UNAVAILABLE) return false;
  if (status == OC_OK) {
    for (std::size_t i = 0; i < n; ++i) queue_[i]->result = results_[i];
    complete(n);
  } else if (n == 1) {
    queue_[0]->result.status = status;
    complete(1);
  } else {
    apply_singly(n);
  }
  return true;
}

// The backend cannot apply the batch as a whole: find the op that it chokes on, so that the others are not held up.
void LedgerEngine::Impl::apply_singly(std::size_t n) {
  for (std::size_t i = 0; i < n && !queue_.empty(); ++i)
    if (!apply_batch(1)) return;
}

void LedgerEngine::Impl::note(const Task& task) noexcept {
  const oc_ledger_result& r = task.result;
  if (r.status == OC_E_FUNDS) count(refused_funds_, 1);
  if (r.status == OC_E_LIMIT) count(refused_limit_, 1);
  if (r.status == OC_LATE && task.op.kind == OC_LOP_SETTLE) count(late_settles_, 1);
  if ((r.status == OC_OK || r.status == OC_LATE) && r.shortfall > 0)
    count(shortfall_, static_cast<std::uint64_t>(r.shortfall));
}

void LedgerEngine::Impl::finish(Task* task, std::vector<std::pair<Executor, TaskList>>& by_executor, TaskList& here) {
  if (task->op.kind == OC_LOP_RESERVE) reserves_.fetch_sub(1, std::memory_order_relaxed);
  queue_ops_.fetch_sub(1, std::memory_order_relaxed);
  const Executor* home = task->executor();
  if (home == nullptr) return here.push(task);
  for (auto& [executor, list] : by_executor)
    if (executor == *home) return list.push(task);
  by_executor.emplace_back(*home, TaskList{}).second.push(task);
}

// Hands the first `n` results back: one post for each executor.
void LedgerEngine::Impl::complete(std::size_t n) {
  std::vector<std::pair<Executor, TaskList>> by_executor;
  TaskList here;
  for (std::size_t i = 0; i < n; ++i) {
    note(*queue_[i]);
    finish(queue_[i], by_executor, here);
  }
  count(ops_, n);
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(n));
  for (auto& [executor, list] : by_executor) asio::post(executor, std::move(list));
  here();
}

// While the backend is away: requests that waited too long are told so, and queries get to ask for themselves. A
// RESERVE that was given up may have been applied, or be applied yet; a VOID behind it frees its money.
void LedgerEngine::Impl::expire() {
  const std::uint64_t now = clock_.now_ns();
  const std::uint64_t patience = std::uint64_t(limits_.reserve_wait_ms) * 1'000'000;
  std::vector<std::pair<Executor, TaskList>> by_executor;
  TaskList here;
  std::deque<Task*> rest;
  std::vector<oc_ledger_op> to_void;
  for (Task* task : queue_) {
    const bool old = now - task->born_ns >= patience;
    if (old && task->kind == Task::Kind::kQuery) {
      (*static_cast<QueryTask*>(task)->query)(backend_);
      here.push(task);
    } else if (old && may_give_up(task->op)) {
      if (task->submitted && task->op.kind == OC_LOP_RESERVE) to_void.push_back(task->op);
      task->result = unavailable();
      finish(task, by_executor, here);
    } else {
      rest.push_back(task);
    }
  }
  queue_.swap(rest);
  for (const oc_ledger_op& reserve : to_void) {
    auto task = std::make_unique<PostTask>();
    task->op.kind = OC_LOP_VOID;
    task->op.ref = reserve.id;
    task->op.account = reserve.account;
    task->op.node = reserve.node;
    task->op.epoch = reserve.epoch;
    task->born_ns = now;
    count(queue_ops_, 1);
    queue_.push_back(task.release());
  }
  for (auto& [executor, list] : by_executor) asio::post(executor, std::move(list));
  here();
}

void LedgerEngine::Impl::pause() {
  for (std::uint32_t slept = 0; slept < limits_.retry_ms && !stopping_.load(std::memory_order_acquire);
       slept += kDrainSliceMs)
    std::this_thread::sleep_for(std::chrono::milliseconds(std::min(kDrainSliceMs, limits_.retry_ms)));
}

// At the end of the process with a backend that is away.
void LedgerEngine::Impl::give_up_all() {
  std::vector<std::pair<Executor, TaskList>> by_executor;
  TaskList here;
  for (Task* task : queue_) {
    if (task->kind == Task::Kind::kQuery) {
      (*static_cast<QueryTask*>(task)->query)(backend_);
      here.push(task);
    } else {
      task->result = unavailable();
      finish(task, by_executor, here);
    }
  }
  queue_.clear();
  for (auto& [executor, list] : by_executor) asio::post(executor, std::move(list));
  here();
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
  c.shortfall_nano = read(shortfall_);
  c.queue_ops = read(queue_ops_);
  c.commit_us_total = read(commit_us_);
  return c;
}

// ---- the submitters' side

LedgerEngine::LedgerEngine(Backend backend, EngineLimits limits, const Clock& clock)
    : impl_(std::make_unique<Impl>(backend, limits, clock)) {}

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
  task->awaited = done != nullptr;
  task->done = std::move(done);
  impl_->submit(std::move(task));
}

oc_ledger_result LedgerEngine::apply_blocking(oc_ledger_op op) {
  if (!impl_->admit(op)) return unavailable();
  oc_ledger_result answer{};
  std::binary_semaphore ready{0};
  auto task = std::make_unique<BlockingTask>();
  task->op = op;
  task->answer = &answer;
  task->ready = &ready;
  impl_->submit(std::move(task));
  ready.acquire();
  return answer;
}

void LedgerEngine::run(std::function<void(const Backend&)> query) { impl_->run(query); }
bool LedgerEngine::available() const noexcept { return impl_->available(); }
EngineCounters LedgerEngine::counters() const noexcept { return impl_->counters(); }
void LedgerEngine::drain() { impl_->drain(); }

}  // namespace onechat::ledger
