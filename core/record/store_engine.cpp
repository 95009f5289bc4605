#include "record/store_engine.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <new>
#include <thread>

#include "base/arena.hpp"
#include "base/mailbox.hpp"
#include "base/thread_name.hpp"
#include "record/trace_batch.hpp"

namespace onechat::record {
namespace {

constexpr std::uint64_t kListPage = 1'000;
constexpr std::size_t kSparesMax = 256;  // records kept for later traces: a commit's

Error error_of(oc_status status, std::string_view what) {
  switch (status) {
    case OC_E_NOT_FOUND: return Error(status, "no such " + std::string(what));
    case OC_E_CONFLICT: return Error(status, "the " + std::string(what) + " was changed by someone else");
    case OC_E_TOO_LARGE: return Error(status, "the " + std::string(what) + " is too large for the store");
    case OC_E_INVALID: return Error(status, "the store refused the " + std::string(what));
    default: return Error(OC_E_UNAVAILABLE, "the store is not available");
  }
}

// What waits in the mailbox beside traces: something to run, its memory the submitter's, or the sign to stop.
struct Command : Queued {
  std::function<void()> run;
  bool owned = false;  // nobody waits for it: freed after it ran
};

// Where the submitter of a command waits; on its stack, so the last touch is the unlock.
class Finish {
 public:
  void signal(std::exception_ptr error) {
    const std::lock_guard lock(mutex_);
    error_ = std::move(error);
    done_ = true;
    cv_.notify_one();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    cv_.wait(lock, [this] { return done_; });
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable cv_;
  bool done_ = false;
  std::exception_ptr error_;
};

}  // namespace

class StoreEngine::Impl {
 public:
  Impl(StoreBackend backend, StoreLimits limits)
      : backend_(backend), limits_(limits), batch_(backend, batch_max(backend, limits)) {
    spare_.reserve(kSparesMax);
    thread_ = std::thread([this] { work(); });
  }
  ~Impl() { drain(); }

  std::unique_ptr<TraceRecord> blank_trace();
  void put_trace(std::unique_ptr<TraceRecord> record) noexcept;
  oc_status call(const oc_store_op& op, const std::function<void(const oc_store_result&)>& read);
  void command(std::function<void()> run);  // returns after it ran, or at once without running it when closed
  bool submit(std::function<void()> run);   // at once; false: closed. `run` must not throw
  oc_status apply_one(const oc_store_op& op, oc_store_result& result);
  void drain();

  bool available() const noexcept { return available_.load(std::memory_order_relaxed); }
  StoreCounters counters() const noexcept;
  Arena& arena() noexcept { return arena_; }

 private:
  static std::size_t batch_max(const StoreBackend& backend, const StoreLimits& limits) noexcept {
    const std::size_t theirs = backend.table->batch_max;
    return std::max<std::size_t>(1, theirs == 0 ? limits.batch_traces_max : std::min(theirs, limits.batch_traces_max));
  }
  bool reserve(TraceRecord& record, std::size_t& bytes) noexcept;
  void release(std::size_t traces, std::size_t bytes) noexcept;
  void wake() noexcept;
  void work();
  void linger();
  void run_all(Queued* first);
  void write_batch();

  const StoreBackend backend_;
  const StoreLimits limits_;
  Mailbox<Queued> mailbox_;
  std::atomic<std::uint64_t> queue_traces_{0}, queue_bytes_{0};
  std::atomic<std::uint64_t> written_{0}, bodies_shed_{0}, traces_shed_{0}, failures_{0};
  std::atomic<bool> available_{true}, closed_{false};

  std::mutex mutex_;  // guards urgent_ and the order of commands and closing
  std::condition_variable urgent_cv_;
  bool urgent_ = false;
  std::mutex drain_mutex_;

  std::mutex spare_mutex_;
  std::vector<std::unique_ptr<TraceRecord>> spare_;

  // Of the engine's thread.
  Arena arena_;
  TraceBatch batch_;
  bool stopping_ = false;
  std::thread thread_;
};

// Takes a place in the queue; gives up bodies, then turns, then the trace. Reserving before looking at `closed_` lets
// drain() wait for the places taken before it closed the door.
bool StoreEngine::Impl::reserve(TraceRecord& record, std::size_t& bytes) noexcept {
  const std::uint64_t before = queue_traces_.fetch_add(1);
  const auto fits = [&](std::size_t more) {
    return queue_bytes_.load(std::memory_order_relaxed) + more <= limits_.queue_bytes_max;
  };
  bool keep = before < limits_.queue_traces_max && !closed_.load();
  bytes = record.bytes();
  if (keep) {
    const bool crowded = before >= limits_.queue_traces_max - limits_.queue_traces_max / 4;
    const bool has_bodies = !record.request_body.empty() || !record.response_body.empty();
    bool shed = false;
    if (has_bodies && (crowded || !fits(bytes))) {
      record.request_body = std::string();
      record.response_body = std::string();
      shed = true;
    }
    if (!fits(record.bytes()) && !record.turns_json.empty()) {
      record.turns_json = std::string();
      shed = true;
    }
    if (shed) bodies_shed_.fetch_add(1, std::memory_order_relaxed);
    bytes = record.bytes();
    keep = fits(bytes);
  }
  if (!keep) {
    queue_traces_.fetch_sub(1);
    traces_shed_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  queue_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  if (before + 1 == batch_.capacity()) wake();
  return true;
}

void StoreEngine::Impl::release(std::size_t traces, std::size_t bytes) noexcept {
  queue_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  queue_traces_.fetch_sub(traces);
}

void StoreEngine::Impl::put_trace(std::unique_ptr<TraceRecord> record) noexcept {
  std::size_t bytes = 0;
  if (!record || !reserve(*record, bytes)) return;
  record->is_trace = true;
  mailbox_.put(record.release());
}

std::unique_ptr<TraceRecord> StoreEngine::Impl::blank_trace() {
  {
    const std::lock_guard lock(spare_mutex_);
    if (!spare_.empty()) {
      auto record = std::move(spare_.back());
      spare_.pop_back();
      return record;
    }
  }
  return std::make_unique<TraceRecord>();
}

void StoreEngine::Impl::wake() noexcept {
  const std::lock_guard lock(mutex_);
  urgent_ = true;
  urgent_cv_.notify_one();
}

void StoreEngine::Impl::command(std::function<void()> run) {
  Finish finish;
  Command command;
  command.run = [&] {
    std::exception_ptr error;
    try {
      run();
    } catch (...) {
      error = std::current_exception();
    }
    finish.signal(error);
  };
  {
    const std::lock_guard lock(mutex_);
    if (closed_.load()) return;
    mailbox_.put(&command);
    urgent_ = true;
    urgent_cv_.notify_one();
  }
  finish.wait();
}

bool StoreEngine::Impl::submit(std::function<void()> run) {
  auto command = std::make_unique<Command>();
  command->run = std::move(run);
  command->owned = true;
  const std::lock_guard lock(mutex_);
  if (closed_.load()) return false;
  mailbox_.put(command.release());
  urgent_ = true;
  urgent_cv_.notify_one();
  return true;
}

oc_status StoreEngine::Impl::apply_one(const oc_store_op& op, oc_store_result& result) {
  result = {};
  result.struct_size = sizeof result;
  const oc_store_op* ops[] = {&op};
  oc_store_result* results[] = {&result};
  const oc_status status = backend_.table->apply(backend_.instance, ops, results, 1, &arena_);
  available_.store(status >= 0, std::memory_order_relaxed);
  if (status < 0) failures_.fetch_add(1, std::memory_order_relaxed);
  return status < 0 ? status : result.status;
}

oc_status StoreEngine::Impl::call(const oc_store_op& op, const std::function<void(const oc_store_result&)>& read) {
  oc_status status = OC_E_UNAVAILABLE;
  command([&] {
    oc_store_result result;
    status = apply_one(op, result);
    if (status >= 0 && read) read(result);
  });
  return status;
}

void StoreEngine::Impl::work() {
  name_this_thread("traces");
  while (!stopping_ || queue_traces_.load() != 0) {
    if (stopping_)
      std::this_thread::yield();  // a producer has its place but not yet put its trace
    else
      mailbox_.wait();
    if (!stopping_) linger();
    run_all(mailbox_.take_all());
  }
}

// Traces are in no hurry: a short wait makes one commit of many. Commands, and a full batch, end it.
void StoreEngine::Impl::linger() {
  std::unique_lock lock(mutex_);
  if (queue_traces_.load(std::memory_order_relaxed) < batch_.capacity())
    urgent_cv_.wait_for(lock, std::chrono::milliseconds(limits_.linger_ms), [this] { return urgent_; });
  urgent_ = false;
}

void StoreEngine::Impl::run_all(Queued* first) {
  for (Queued* item = first; item != nullptr;) {
    Queued* following = item->next;
    if (item->is_trace) {
      batch_.add(std::unique_ptr<TraceRecord>(static_cast<TraceRecord*>(item)));
      if (batch_.full()) write_batch();
    } else {
      write_batch();  // a command sees what was submitted before it
      auto* command = static_cast<Command*>(item);
      const std::unique_ptr<Command> freed(command->owned ? command : nullptr);  // another's may be gone once it ran
      command->run();
      arena_.reset();
    }
    item = following;
  }
  write_batch();
}

void StoreEngine::Impl::write_batch() {
  if (batch_.empty()) return;
  auto outcome = batch_.write(arena_);
  if (!outcome.applied && !closed_.load()) {
    available_.store(false, std::memory_order_relaxed);
    std::this_thread::sleep_for(std::chrono::milliseconds(limits_.retry_ms));
    outcome = batch_.write(arena_);
  }
  available_.store(outcome.applied, std::memory_order_relaxed);
  written_.fetch_add(outcome.written, std::memory_order_relaxed);
  failures_.fetch_add(batch_.size() - outcome.written, std::memory_order_relaxed);
  const std::size_t traces = batch_.size(), bytes = batch_.bytes();
  batch_.clear_into(spare_, spare_mutex_);
  release(traces, bytes);
  arena_.reset();
}

void StoreEngine::Impl::drain() {
  const std::lock_guard once(drain_mutex_);
  if (!thread_.joinable()) return;
  Command stop;
  stop.run = [this] { stopping_ = true; };
  {
    const std::lock_guard lock(mutex_);
    closed_.store(true);
    mailbox_.put(&stop);
    urgent_ = true;
    urgent_cv_.notify_one();
  }
  thread_.join();
}

StoreCounters StoreEngine::Impl::counters() const noexcept {
  return {.traces_written = written_.load(std::memory_order_relaxed),
          .bodies_shed = bodies_shed_.load(std::memory_order_relaxed),
          .traces_shed = traces_shed_.load(std::memory_order_relaxed),
          .failures = failures_.load(std::memory_order_relaxed),
          .queue_traces = queue_traces_.load(std::memory_order_relaxed),
          .queue_bytes = queue_bytes_.load(std::memory_order_relaxed)};
}

namespace {

oc_store_op op_of(std::uint32_t kind) noexcept {
  oc_store_op op{};
  op.struct_size = sizeof op;
  op.kind = kind;
  return op;
}

oc_store_op document_op(std::uint32_t kind, const std::string& ns, const std::string& key) noexcept {
  oc_store_op op = op_of(kind);
  op.ns = str(ns);
  op.key = str(key);
  return op;
}

}  // namespace

StoreEngine::StoreEngine(StoreBackend backend, StoreLimits limits) : impl_(std::make_unique<Impl>(backend, limits)) {}
StoreEngine::~StoreEngine() = default;

std::unique_ptr<TraceRecord> StoreEngine::blank_trace() { return impl_->blank_trace(); }
void StoreEngine::put_trace(std::unique_ptr<TraceRecord> record) noexcept { impl_->put_trace(std::move(record)); }

Result<Document> StoreEngine::get(const std::string& ns, const std::string& key) {
  Document document{key, {}, 0};
  const oc_status status = impl_->call(document_op(OC_SOP_GET, ns, key), [&](const oc_store_result& r) {
    document.value = view(r.value);
    document.version = r.version;
  });
  if (status < 0) return error_of(status, "document");
  return document;
}

Result<std::uint64_t> StoreEngine::put(const std::string& ns, const std::string& key, const std::string& value,
                                       std::uint64_t expect_version) {
  oc_store_op op = document_op(OC_SOP_PUT, ns, key);
  op.value = bytes(value);
  op.expect_version = expect_version;
  std::uint64_t version = 0;
  const oc_status status = impl_->call(op, [&](const oc_store_result& r) { version = r.version; });
  if (status < 0) return error_of(status, "document");
  return {boost::system::in_place_value, version};  // a bare number could also mean an Error
}

Result<void> StoreEngine::erase(const std::string& ns, const std::string& key, std::uint64_t expect_version) {
  oc_store_op op = document_op(OC_SOP_DEL, ns, key);
  op.expect_version = expect_version;
  const oc_status status = impl_->call(op, {});
  if (status < 0) return error_of(status, "document");
  return {};
}

void StoreEngine::get_later(std::string ns, std::vector<std::string> keys,
                            std::function<void(Result<std::vector<Document>>)> done) {
  const bool taken = impl_->submit([this, ns = std::move(ns), keys = std::move(keys), done] {
    std::vector<Document> found;
    for (const std::string& key : keys) {
      oc_store_result result;
      const oc_status status = impl_->apply_one(document_op(OC_SOP_GET, ns, key), result);
      if (status == OC_E_NOT_FOUND) continue;
      if (status < 0) return done(error_of(status, "document"));
      found.push_back({key, std::string(view(result.value)), result.version});
    }
    done(std::move(found));
  });
  if (!taken) done(error_of(OC_E_UNAVAILABLE, "document"));
}

void StoreEngine::put_later(std::string ns, std::string key, std::string value, std::int64_t expires_unix_ms,
                            std::function<void(Result<void>)> done) {
  const bool taken =
      impl_->submit([this, ns = std::move(ns), key = std::move(key), value = std::move(value), expires_unix_ms, done] {
        oc_store_op op = document_op(OC_SOP_PUT, ns, key);
        op.value = bytes(value);
        op.expect_version = OC_STORE_ANY;
        op.expires_unix_ms = expires_unix_ms;
        oc_store_result result;
        const oc_status status = impl_->apply_one(op, result);
        done(status < 0 ? Result<void>(error_of(status, "document")) : Result<void>());
      });
  if (!taken) done(error_of(OC_E_UNAVAILABLE, "document"));
}

void StoreEngine::erase_later(std::string ns, std::string key, std::function<void(Result<void>)> done) {
  const bool taken = impl_->submit([this, ns = std::move(ns), key = std::move(key), done] {
    oc_store_op op = document_op(OC_SOP_DEL, ns, key);
    op.expect_version = OC_STORE_ANY;
    oc_store_result result;
    const oc_status status = impl_->apply_one(op, result);
    done(status < 0 ? Result<void>(error_of(status, "document")) : Result<void>());
  });
  if (!taken) done(error_of(OC_E_UNAVAILABLE, "document"));
}

// All pages in one command, so that no change of this node comes between them.
Result<std::vector<Document>> StoreEngine::list(const std::string& ns) {
  std::vector<Document> all;
  oc_status status = OC_E_UNAVAILABLE;
  impl_->command([&] {
    std::string from;
    for (bool more = true; more;) {
      oc_store_op op = document_op(OC_SOP_LIST, ns, from);
      op.limit = kListPage;
      oc_store_result result;
      status = impl_->apply_one(op, result);
      if (status < 0) return;
      for (std::uint64_t i = 0; i < result.n_rows; ++i) {
        const oc_store_row& row = *result.rows[i];
        all.push_back({std::string(view(row.key)), std::string(view(row.value)), row.version});
      }
      more = result.n_rows == kListPage;
      if (more) from = all.back().key + '\0';
      impl_->arena().reset();
    }
  });
  if (status < 0) return error_of(status, "document");
  return all;
}

Result<std::unique_ptr<TraceRecord>> StoreEngine::trace(oc_id128 id) {
  oc_store_op op = op_of(OC_SOP_TRACE_GET);
  op.id = id;
  std::unique_ptr<TraceRecord> record;
  const oc_status status = impl_->call(op, [&](const oc_store_result& r) {
    if (r.n_traces == 1) record = record_of(*r.traces[0]);
  });
  if (status >= 0 && !record) return error_of(OC_E_NOT_FOUND, "trace");
  if (status < 0) return error_of(status, "trace");
  return record;
}

Result<std::vector<std::unique_ptr<TraceRecord>>> StoreEngine::traces(const Filter& filter) {
  oc_trace_filter wanted{};
  wanted.struct_size = sizeof wanted;
  wanted.limit = filter.limit;
  wanted.project = str(filter.project);
  wanted.model = str(filter.model);
  wanted.status = str(filter.status);
  wanted.from_unix_ms = filter.from_unix_ms;
  wanted.to_unix_ms = filter.to_unix_ms;
  wanted.before = filter.before;
  oc_store_op op = op_of(OC_SOP_TRACE_LIST);
  op.filter = &wanted;
  std::vector<std::unique_ptr<TraceRecord>> found;
  const oc_status status = impl_->call(op, [&](const oc_store_result& r) {
    for (std::uint64_t i = 0; i < r.n_traces; ++i) found.push_back(record_of(*r.traces[i]));
  });
  if (status < 0) return error_of(status, "trace");
  return found;
}

Result<void> StoreEngine::erase_trace(oc_id128 id) {
  oc_store_op op = op_of(OC_SOP_TRACE_DEL);
  op.id = id;
  const oc_status status = impl_->call(op, {});
  if (status < 0) return error_of(status, "trace");
  return {};
}

bool StoreEngine::available() const noexcept { return impl_->available(); }
StoreCounters StoreEngine::counters() const noexcept { return impl_->counters(); }
void StoreEngine::drain() { impl_->drain(); }

}  // namespace onechat::record
