// What waits in the ledger engine's queue: made by a submitter, ended by the engine. Only ledger_engine.cpp includes
// it.
#pragma once
#include <onechat/ledger.h>

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <semaphore>
#include <span>
#include <utility>
#include <vector>

#include "ledger/journal.hpp"
#include "ledger/ledger_engine.hpp"

namespace onechat::ledger {

using Executor = boost::asio::any_io_executor;

struct Task {
  enum class Kind { kOp, kQuery, kStop };

  Task* next = nullptr;
  Kind kind = Kind::kOp;
  bool submitted = false;  // the backend has seen it; it may have been applied
  bool awaited = true;     // somebody waits for its end
  bool is_ghost = false;
  bool reused = false;     // it is a PostTask that goes back to the spare ones
  Journal::Place place{};
  std::uint64_t born_ns = 0;
  oc_ledger_op op{};
  oc_ledger_result result{};

  virtual ~Task() = default;
  virtual std::span<const oc_ledger_op> ops() const noexcept { return {&op, 1}; }
  virtual void take(const oc_ledger_result* results) { result = *results; }
  virtual const Executor* executor() const noexcept { return nullptr; }  // where finish() runs; nullptr: here
  virtual void finish() = 0;                                             // called once; the task is deleted after it
  void fail(oc_status status) {
    std::vector<oc_ledger_result> all(ops().size());
    for (auto& r : all) r.status = status;
    take(all.data());
  }
};

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
  std::span<const oc_ledger_op> ops() const noexcept override { return group; }
  void take(const oc_ledger_result* results) override { answers->assign(results, results + group.size()); }
  void finish() override { ready->release(); }
  std::vector<oc_ledger_op> group;
  std::vector<oc_ledger_result>* answers = nullptr;
  std::binary_semaphore* ready = nullptr;
};

// Stands in the queue for a task whose submitter was told that it failed, while the backend may yet apply it.
struct Ghost final : Task {
  explicit Ghost(const Task& of) : all(of.ops().begin(), of.ops().end()), results(all.size()) {
    submitted = true;
    awaited = false;
    is_ghost = true;
    born_ns = of.born_ns;
    op = of.op;
  }
  std::span<const oc_ledger_op> ops() const noexcept override { return all; }
  void take(const oc_ledger_result* from) override { results.assign(from, from + all.size()); }
  void finish() override {}
  std::vector<oc_ledger_op> all;
  std::vector<oc_ledger_result> results;
};

// A query and whoever waits for it; the one that comes first to `begun` decides whether it runs.
struct Query {
  std::function<void(const Backend&)> run;
  std::atomic<bool> begun{false};
  std::binary_semaphore ready{0};
};
struct QueryTask final : Task {
  explicit QueryTask(std::shared_ptr<Query> q) : query(std::move(q)) { kind = Kind::kQuery; }
  void finish() override { query->ready.release(); }
  std::shared_ptr<Query> query;
};

struct StopTask final : Task {
  StopTask() { kind = Kind::kStop; }
  void finish() override {}
};

struct TaskList {  // finishes and frees its tasks in order; frees them also when it is dropped unrun
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
  Task* pop() noexcept {  // REQUIRES: it is not empty
    Task* const task = std::exchange(first, first->next);
    if (first == nullptr) last = nullptr;
    return task;
  }
  void append(TaskList&& other) noexcept {
    if (other.first == nullptr) return;
    (last != nullptr ? last->next : first) = other.first;
    last = other.last;
    other.first = other.last = nullptr;
  }
  void operator()() {
    while (first != nullptr) {
      const std::unique_ptr<Task> task(std::exchange(first, first->next));
      task->finish();
    }
  }
};

// Tasks for facts of whose end nobody hears (the journal has them), used again and again: each is made on one thread and
// ended on another, which costs an allocator more than all else about it. They have no `done`. Thread-safe.
class SpareTasks {
 public:
  std::unique_ptr<PostTask> take() {
    {
      const std::lock_guard lock(mutex_);
      if (n_ > 0) {
        --n_;
        return std::unique_ptr<PostTask>(static_cast<PostTask*>(spare_.pop()));
      }
    }
    auto task = std::make_unique<PostTask>();
    task->reused = true;
    task->awaited = false;
    return task;
  }
  void give_back(TaskList ended, std::size_t n) {  // frees them when there are enough
    const std::lock_guard lock(mutex_);
    if (n_ + n > kSpareMax) return;
    n_ += n;
    spare_.append(std::move(ended));
  }

 private:
  static constexpr std::size_t kSpareMax = 2'048;

  std::mutex mutex_;
  TaskList spare_;
  std::size_t n_ = 0;
};

}  // namespace onechat::ledger
