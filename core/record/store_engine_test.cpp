#include "record/store_engine.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <thread>

#include "base/arena.hpp"

namespace onechat::record {
namespace {

// A store in memory that can be held up, can fail, and remembers how it was called.
class MemoryStore {
 public:
  MemoryStore() {
    table_.struct_size = sizeof table_;
    table_.apply = &MemoryStore::apply_thunk;
  }
  StoreBackend backend() { return {&table_, this}; }

  void hold() {
    std::unique_lock lock(mutex_);
    held_ = true;
  }
  void let_go() {
    {
      const std::lock_guard lock(mutex_);
      held_ = false;
    }
    cv_.notify_all();
  }
  void wait_until_called() {
    std::unique_lock lock(mutex_);
    cv_.wait(lock, [this] { return inside_; });
  }
  void set_batch_max(std::uint32_t n) { table_.batch_max = n; }

  std::atomic<int> fail_next{0};     // calls that answer OC_E_UNAVAILABLE
  std::vector<std::size_t> batches;  // sizes of trace batches; read after drain()
  std::vector<std::uint64_t> ids;    // traces in the order written
  std::vector<std::string> bodies, turns;

 private:
  static oc_status apply_thunk(void* self, const oc_store_op* const* ops, oc_store_result* const* results,
                               std::uint64_t n, oc_arena* arena) {
    return static_cast<MemoryStore*>(self)->apply(ops, results, n, *arena);
  }
  oc_status apply(const oc_store_op* const* ops, oc_store_result* const* results, std::uint64_t n, Arena& arena) {
    {
      std::unique_lock lock(mutex_);
      inside_ = true;
      cv_.notify_all();
      cv_.wait(lock, [this] { return !held_; });
      inside_ = false;
    }
    if (fail_next.load() > 0) {
      --fail_next;
      return OC_E_UNAVAILABLE;
    }
    if (n > 0 && ops[0]->kind == OC_SOP_TRACE_PUT) batches.push_back(n);
    for (std::uint64_t i = 0; i < n; ++i) one(*ops[i], *results[i], arena);
    return OC_OK;
  }
  void one(const oc_store_op& op, oc_store_result& r, Arena& arena) {
    const std::pair at{std::string(view(op.ns)), std::string(view(op.key))};
    switch (op.kind) {
      case OC_SOP_PUT: {
        auto& slot = documents_[at];
        if (op.expect_version != OC_STORE_ANY && op.expect_version != slot.version) {
          r.status = OC_E_CONFLICT;
          return;
        }
        slot.value = view(op.value);
        r.version = ++slot.version;
        return;
      }
      case OC_SOP_GET: {
        const auto found = documents_.find(at);
        if (found == documents_.end()) {
          r.status = OC_E_NOT_FOUND;
          return;
        }
        r.value = bytes(arena.copy(found->second.value));
        r.version = found->second.version;
        return;
      }
      case OC_SOP_DEL: r.status = documents_.erase(at) == 1 ? OC_OK : OC_E_NOT_FOUND; return;
      case OC_SOP_LIST: return list(at, op.limit, r, arena);
      case OC_SOP_TRACE_PUT:
        ids.push_back(op.trace->id.lo);
        bodies.emplace_back(view(op.trace->request_body));
        turns.emplace_back(view(op.trace->turns_json));
        r.status = op.trace->id.lo == 0 ? OC_E_INVALID : OC_OK;
        return;
      case OC_SOP_TRACE_LIST: {
        auto** out = arena.make_array<const oc_trace*>(ids.size()).data();
        for (std::size_t i = 0; i < ids.size(); ++i) {
          auto* t = arena.make_sized<oc_trace>();
          t->id.lo = ids[i];
          t->turns_json = str(turns[i]);
          out[i] = t;
        }
        r.traces = out;
        r.n_traces = ids.size();
        return;
      }
      default: r.status = OC_E_NOT_FOUND;
    }
  }
  void list(const std::pair<std::string, std::string>& from, std::uint64_t limit, oc_store_result& r, Arena& arena) {
    auto** out = arena.make_array<const oc_store_row*>(limit).data();
    for (auto it = documents_.lower_bound(from); it != documents_.end() && r.n_rows < limit; ++it) {
      if (it->first.first != from.first) break;
      auto* row = arena.make_sized<oc_store_row>();
      row->key = str(it->first.second);
      row->value = bytes(it->second.value);
      row->version = it->second.version;
      out[r.n_rows++] = row;
    }
    r.rows = out;
  }

  struct Slot {
    std::string value;
    std::uint64_t version = 0;
  };
  oc_store table_{};
  std::map<std::pair<std::string, std::string>, Slot> documents_;
  std::mutex mutex_;
  std::condition_variable cv_;
  bool held_ = false, inside_ = false;
};

std::unique_ptr<TraceRecord> trace_of(std::uint64_t id, std::size_t body_bytes = 0, std::size_t turns_bytes = 0) {
  auto t = std::make_unique<TraceRecord>();
  t->head.id = {0, id};
  t->request_body.assign(body_bytes, 'b');
  t->turns_json.assign(turns_bytes, 't');
  return t;
}

// Holds the engine inside the backend, so that what follows waits in the queue.
void block(MemoryStore& store, StoreEngine& engine) {
  store.hold();
  engine.put_trace(trace_of(1));
  store.wait_until_called();
}

TEST(StoreEngine, ATraceIsWrittenWithoutAnyoneWaiting) {
  MemoryStore store;
  StoreEngine engine(store.backend(), {});
  engine.put_trace(trace_of(7, 10));
  engine.drain();
  EXPECT_EQ(store.ids, std::vector<std::uint64_t>{7});
  EXPECT_EQ(engine.counters().traces_written, 1u);
  EXPECT_EQ(engine.counters().queue_bytes, 0u);
}

TEST(StoreEngine, AQuerySeesEveryTraceAndDocumentBeforeIt) {
  MemoryStore store;
  StoreEngine engine(store.backend(), {.linger_ms = 60'000});  // a query does not wait for company
  for (std::uint64_t i = 1; i <= 20; ++i) {
    engine.put_trace(trace_of(i, 0, 3));
    const auto found = engine.traces({});
    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), i);
    EXPECT_EQ(found->back()->turns_json, "ttt");
    EXPECT_EQ(view(found->back()->head.turns_json), "ttt");
  }
}

TEST(StoreEngine, ManyTracesShareACommit) {
  MemoryStore store;
  StoreEngine engine(store.backend(), {.batch_traces_max = 64});
  block(store, engine);
  for (std::uint64_t i = 2; i <= 200; ++i) engine.put_trace(trace_of(i));
  store.let_go();
  engine.drain();
  ASSERT_EQ(store.ids.size(), 200u);
  for (std::uint64_t i = 0; i < 200; ++i) EXPECT_EQ(store.ids[i], i + 1);
  EXPECT_EQ(store.batches, (std::vector<std::size_t>{1, 64, 64, 64, 7}));
}

TEST(StoreEngine, ARecordThatWasWrittenIsUsedAgainAndRemembersNothing) {
  MemoryStore store;
  StoreEngine engine(store.backend(), {});
  auto large = trace_of(1, 100'000);
  const TraceRecord* const too_large = large.get();
  engine.put_trace(std::move(large));
  auto full = trace_of(2, 2'000, 2'000);
  const TraceRecord* const written = full.get();
  full->head.cost_nano = 5;
  for (std::string* text :
       {&full->project, &full->key_id, &full->surface, &full->operation, &full->model, &full->provider,
        &full->target_model, &full->status, &full->route_reason, &full->finish, &full->meta_json, &full->response_body})
    *text = "x";
  engine.put_trace(std::move(full));
  ASSERT_TRUE(engine.traces({}));
  const auto blank = engine.blank_trace();
  EXPECT_EQ(blank.get(), written) << "the other one has too much memory to be kept";
  EXPECT_NE(blank.get(), too_large);
  EXPECT_EQ(blank->bytes(), sizeof(TraceRecord)) << "no text is left";
  EXPECT_GE(blank->turns_json.capacity(), 2'000u);
  EXPECT_EQ(blank->head.id.lo, 0u);
  EXPECT_EQ(blank->head.cost_nano, 0);
  EXPECT_NE(engine.blank_trace(), nullptr) << "a new one";
}

TEST(StoreEngine, TheBackendMayAskForSmallerBatches) {
  MemoryStore store;
  store.set_batch_max(2);
  StoreEngine engine(store.backend(), {});
  block(store, engine);
  for (std::uint64_t i = 2; i <= 6; ++i) engine.put_trace(trace_of(i));
  store.let_go();
  engine.drain();
  EXPECT_EQ(store.batches, (std::vector<std::size_t>{1, 2, 2, 1}));
}

TEST(StoreEngine, WhenFullOfBytesBodiesGoFirstThenTurnsThenTheTrace) {
  MemoryStore store;
  const std::size_t bare = trace_of(1)->bytes();
  StoreEngine engine(store.backend(), {.queue_bytes_max = 4 * bare + 950});
  block(store, engine);
  engine.put_trace(trace_of(2, 4 * bare, 900));   // the body does not fit
  engine.put_trace(trace_of(3, 10, bare + 100));  // nor do these turns
  engine.put_trace(trace_of(4));
  engine.put_trace(trace_of(5));  // no place at all
  auto c = engine.counters();
  EXPECT_EQ(c.bodies_shed, 2u);
  EXPECT_EQ(c.traces_shed, 1u);
  EXPECT_EQ(c.queue_traces, 4u);
  EXPECT_LE(c.queue_bytes, 4 * bare + 950);
  store.let_go();
  engine.drain();
  EXPECT_EQ(store.ids, (std::vector<std::uint64_t>{1, 2, 3, 4}));
  EXPECT_EQ(store.turns[1].size(), 900u);
  EXPECT_TRUE(store.bodies[1].empty());
  EXPECT_TRUE(store.turns[2].empty());
}

TEST(StoreEngine, TheLastQuarterOfPlacesTakesTracesWithoutBodies) {
  MemoryStore store;
  StoreEngine engine(store.backend(), {.queue_traces_max = 8});
  block(store, engine);
  for (std::uint64_t i = 2; i <= 10; ++i) engine.put_trace(trace_of(i, 5));
  EXPECT_EQ(engine.counters().bodies_shed, 2u);
  EXPECT_EQ(engine.counters().traces_shed, 2u);
  store.let_go();
  engine.drain();
  EXPECT_EQ(store.ids, (std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(store.bodies[5].size(), 5u);
  EXPECT_TRUE(store.bodies[6].empty());
}

TEST(StoreEngine, ABackendThatIsAwayForAMomentCostsNothing) {
  MemoryStore store;
  store.fail_next = 1;
  StoreEngine engine(store.backend(), {.linger_ms = 0, .retry_ms = 1});
  engine.put_trace(trace_of(3));
  EXPECT_TRUE(engine.traces({}));
  EXPECT_TRUE(engine.available());
  engine.drain();
  EXPECT_EQ(store.ids, std::vector<std::uint64_t>{3});
  EXPECT_EQ(engine.counters().failures, 0u);
}

TEST(StoreEngine, TracesThatCannotBeWrittenAreCountedAndTheNextOnesGoOn) {
  MemoryStore store;
  store.fail_next = 3;
  StoreEngine engine(store.backend(), {.retry_ms = 1});
  engine.put_trace(trace_of(1));
  const auto refused = engine.get("key", "k");  // ends the batch; itself the third failure
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, OC_E_UNAVAILABLE);
  EXPECT_FALSE(engine.available());
  engine.put_trace(trace_of(2));
  engine.put_trace(trace_of(0));  // refused singly by the backend
  engine.drain();
  EXPECT_TRUE(engine.available());
  EXPECT_EQ(engine.counters().traces_written, 1u);
  EXPECT_EQ(engine.counters().failures, 3u);
}

TEST(StoreEngine, DocumentsKeepTheirVersions) {
  MemoryStore store;
  StoreEngine engine(store.backend(), {});
  ASSERT_EQ(engine.put("key", "a", "one", 0).value(), 1u);
  EXPECT_EQ(engine.put("key", "a", "two", 0).error().status, OC_E_CONFLICT);
  ASSERT_EQ(engine.put("key", "a", "two", 1).value(), 2u);
  const auto got = engine.get("key", "a");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->value, "two");
  EXPECT_EQ(got->version, 2u);
  EXPECT_TRUE(engine.erase("key", "a"));
  EXPECT_EQ(engine.get("key", "a").error().status, OC_E_NOT_FOUND);
  EXPECT_EQ(engine.trace({0, 5}).error().status, OC_E_NOT_FOUND);
}

TEST(StoreEngine, WhatALoopSubmitsIsFoundByWhoAsksAfterIt) {
  MemoryStore store;
  StoreEngine engine(store.backend(), {});
  std::promise<void> put;
  engine.put_later("state", "a", "one", 0, [&](Result<void> done) {
    EXPECT_TRUE(done);
    put.set_value();
  });
  std::promise<std::vector<std::string>> got;
  engine.get_later("state", {"none", "a"}, [&](Result<std::vector<Document>> found) {
    std::vector<std::string> values;
    if (found)
      for (const Document& d : *found) values.push_back(d.key + "=" + d.value);
    got.set_value(values);
  });
  put.get_future().get();
  EXPECT_EQ(got.get_future().get(), std::vector<std::string>{"a=one"});
  std::promise<oc_status> erased;
  engine.erase_later("state", "a", [&](Result<void> done) { erased.set_value(done ? OC_OK : done.error().status); });
  EXPECT_EQ(erased.get_future().get(), OC_OK);
  EXPECT_EQ(engine.get("state", "a").error().status, OC_E_NOT_FOUND);

  engine.drain();
  oc_status after = OC_OK;
  engine.put_later("state", "b", "late", 0, [&](Result<void> done) { after = done ? OC_OK : done.error().status; });
  EXPECT_EQ(after, OC_E_UNAVAILABLE);
}

TEST(StoreEngine, AListIsWholeHoweverLong) {
  MemoryStore store;
  StoreEngine engine(store.backend(), {});
  for (int i = 0; i < 2'000; ++i) ASSERT_TRUE(engine.put("key", std::to_string(10'000 + i), "v"));
  ASSERT_TRUE(engine.put("other", "x", "v"));
  const auto all = engine.list("key");
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2'000u);
  EXPECT_EQ(all->front().key, "10000");
  EXPECT_EQ(all->back().key, "11999");
}

TEST(StoreEngine, AfterDrainNothingHangsAndNothingIsLostSilently) {
  MemoryStore store;
  StoreEngine engine(store.backend(), {});
  engine.drain();
  engine.drain();
  engine.put_trace(trace_of(1));
  EXPECT_EQ(engine.counters().traces_shed, 1u);
  EXPECT_EQ(engine.get("a", "b").error().status, OC_E_UNAVAILABLE);
  EXPECT_EQ(engine.list("a").error().status, OC_E_UNAVAILABLE);
}

// Every trace is either written or counted as shed, in the order of its producer, whatever happens around it.
TEST(StoreEngine, ProducersQueriesAndDrainAtOnce) {
  constexpr std::uint64_t kEach = 3'000;
  MemoryStore store;
  StoreEngine engine(store.backend(), {.queue_traces_max = 500, .batch_traces_max = 32, .linger_ms = 1});
  std::vector<std::jthread> threads;
  for (std::uint64_t p = 1; p <= 3; ++p)
    threads.emplace_back([&, p] {
      for (std::uint64_t i = 0; i < kEach; ++i) engine.put_trace(trace_of(p << 32 | i, 20));
    });
  threads.emplace_back([&] {
    for (int i = 0; i < 300; ++i) (void)engine.put("ns", std::to_string(i), "v");
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  engine.drain();
  threads.clear();
  const auto c = engine.counters();
  EXPECT_EQ(c.traces_written + c.traces_shed, 3 * kEach);
  EXPECT_EQ(c.queue_traces, 0u);
  EXPECT_EQ(c.queue_bytes, 0u);
  std::map<std::uint64_t, std::uint64_t> last;
  for (const auto id : store.ids) {
    const auto producer = id >> 32, number = (id & 0xffffffff) + 1;
    EXPECT_GT(number, last[producer]);
    last[producer] = number;
  }
}

}  // namespace
}  // namespace onechat::record
