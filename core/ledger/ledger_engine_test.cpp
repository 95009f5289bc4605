// What the engine promises: order, batches that grow with load, nothing lost while the backend is away.
#include "ledger/ledger_engine.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <iterator>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace onechat::ledger {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// A backend whose door the test opens and closes. It answers `posted` = how many ops it has applied.
class FakeBackend {
 public:
  FakeBackend() {
    table_.struct_size = sizeof table_;
    table_.batch_max = 100;
    table_.apply = [](void* self, const oc_ledger_op* ops, oc_ledger_result* results, std::uint64_t n) {
      return static_cast<FakeBackend*>(self)->apply(ops, results, n);
    };
  }
  Backend backend() { return {&table_, this}; }

  void close_door() { set(door_open_, false); }
  void open_door() { set(door_open_, true); }
  std::vector<oc_ledger_op> applied() {
    const std::lock_guard lock(mutex_);
    return applied_;
  }
  std::vector<std::size_t> batches() {
    const std::lock_guard lock(mutex_);
    return batches_;
  }
  void wait_for_calls(int n) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, 10s, [&] { return calls_ >= n; }));
  }

  std::atomic<bool> away{false};
  std::atomic<std::int64_t> poison{-1};  // an op of this amount makes the backend fail for good

 private:
  void set(bool& flag, bool value) {
    const std::lock_guard lock(mutex_);
    flag = value;
    changed_.notify_all();
  }
  oc_status apply(const oc_ledger_op* ops, oc_ledger_result* results, std::uint64_t n) {
    std::unique_lock lock(mutex_);
    ++calls_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return door_open_; });
    if (away) return OC_E_UNAVAILABLE;
    for (std::uint64_t i = 0; i < n; ++i)
      if (ops[i].amount == poison) return OC_E_INTERNAL;
    batches_.push_back(n);
    for (std::uint64_t i = 0; i < n; ++i) {
      applied_.push_back(ops[i]);
      results[i].status = ops[i].code == 1 ? OC_E_FUNDS : ops[i].code == 2 ? OC_LATE : OC_OK;
      results[i].shortfall = ops[i].code == 2 ? 7 : 0;
      results[i].posted = static_cast<std::int64_t>(applied_.size());
    }
    return OC_OK;
  }

  oc_ledger_backend table_{};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool door_open_ = true;
  int calls_ = 0;
  std::vector<oc_ledger_op> applied_;
  std::vector<std::size_t> batches_;
};

oc_ledger_op op_of(std::uint32_t kind, std::int64_t amount) {
  oc_ledger_op op{};
  op.kind = kind;
  op.id = {static_cast<std::uint64_t>(amount) + 1, 1};
  op.amount = amount;
  return op;
}

EngineLimits quick() {
  EngineLimits limits;
  limits.retry_ms = 5;
  limits.reserve_wait_ms = 60;
  return limits;
}

asio::awaitable<oc_ledger_result> apply(LedgerEngine& engine, oc_ledger_op op) { co_return co_await engine.apply(op); }

TEST(LedgerEngine, OneOpIsOneBatchWhenIdle) {
  FakeBackend fake;
  LedgerEngine engine(fake.backend(), {}, system_clock());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(engine.apply_blocking(op_of(OC_LOP_DEPOSIT, i)).status, OC_OK);
  EXPECT_EQ(fake.batches(), (std::vector<std::size_t>{1, 1, 1}));
  EXPECT_TRUE(engine.available());
}

TEST(LedgerEngine, WhatWaitsDuringACommitIsTheNextBatchInOrder) {
  FakeBackend fake;
  LedgerEngine engine(fake.backend(), {}, system_clock());
  fake.close_door();
  engine.post(op_of(OC_LOP_SETTLE, 0));
  fake.wait_for_calls(1);
  for (int i = 1; i <= 250; ++i) engine.post(op_of(OC_LOP_SETTLE, i));
  EXPECT_EQ(engine.counters().queue_ops, 251u);
  fake.open_door();
  engine.run([](const Backend&) {});
  EXPECT_EQ(fake.batches(), (std::vector<std::size_t>{1, 100, 100, 50}));  // the backend's batch_max is 100
  const auto applied = fake.applied();
  ASSERT_EQ(applied.size(), 251u);
  for (int i = 0; i <= 250; ++i) EXPECT_EQ(applied[static_cast<std::size_t>(i)].amount, i);
  EXPECT_EQ(engine.counters().ops, 251u);
  EXPECT_EQ(engine.counters().batches, 4u);
  EXPECT_EQ(engine.counters().queue_ops, 0u);
}

// The SETTLE of one request and the RESERVE of the next are one commit, and the RESERVE does not wait for company.
TEST(LedgerEngine, APostSharesTheCommitOfTheNextAwaitedOp) {
  FakeBackend fake;
  EngineLimits patient;
  patient.post_linger_ms = 60'000;
  LedgerEngine engine(fake.backend(), patient, system_clock());
  for (int i = 0; i < 5; ++i) {
    engine.post(op_of(OC_LOP_SETTLE, 2 * i));
    EXPECT_EQ(engine.apply_blocking(op_of(OC_LOP_RESERVE, 2 * i + 1)).status, OC_OK);
  }
  EXPECT_EQ(fake.batches(), (std::vector<std::size_t>(5, 2)));
}

// What the journal has cannot be lost, so it may wait longer: for as long as nobody asks.
TEST(LedgerEngine, FactsThatTheJournalHasShareOneCommit) {
  FakeBackend fake;
  EngineLimits limits;
  limits.post_linger_ms = 0;
  limits.journaled_linger_ms = 60'000;
  LedgerEngine engine(fake.backend(), limits, system_clock());
  for (int i = 0; i < 5; ++i) engine.post_journaled(op_of(OC_LOP_SETTLE, i), Journal::Place{1});
  EXPECT_EQ(engine.apply_blocking(op_of(OC_LOP_RESERVE, 5)).status, OC_OK);
  EXPECT_EQ(fake.batches(), (std::vector<std::size_t>{6}));
}

// Their tasks are used again, by whichever thread comes next; every fact is applied once, with its own body, and leaves
// the journal.
TEST(LedgerEngine, JournaledFactsOfManyThreadsAreAppliedOnceEach) {
  constexpr int kThreads = 3, kRounds = 4, kFacts = 900;  // in all more than tasks are kept
  const auto folder = std::filesystem::temp_directory_path() / ("engine-" + std::to_string(::getpid()));
  std::filesystem::remove_all(folder);
  {
    auto journal = Journal::open(folder, {.segment_bytes = 1u << 16, .segments_max = 64}, system_clock());
    ASSERT_TRUE(journal);
    FakeBackend fake;
    EngineLimits limits = quick();
    limits.journaled_linger_ms = 1;
    LedgerEngine engine(fake.backend(), limits, system_clock(), journal->get());
    for (int round = 0; round < kRounds; ++round) {
      fake.away = round == 1;  // those of this round are submitted again and again, until the next one
      std::vector<std::thread> threads;
      for (int t = 0; t < kThreads; ++t)
        threads.emplace_back([&, first = (round * kThreads + t) * kFacts] {
          for (int i = first; i < first + kFacts; ++i) {
            const oc_ledger_op op = op_of(OC_LOP_LEASE_SETTLE, i);
            engine.post_journaled(op, (*journal)->append(Journal::Kind::kFact, op));
          }
        });
      for (std::thread& t : threads) t.join();
    }
    engine.drain();
    std::vector<int> times(kRounds * kThreads * kFacts, 0);
    for (const oc_ledger_op& op : fake.applied()) ++times.at(static_cast<std::size_t>(op.amount));
    EXPECT_EQ(std::count(times.begin(), times.end(), 1), std::ssize(times));
    EXPECT_EQ((*journal)->counters().held, 0u);
  }
  std::filesystem::remove_all(folder);
}

TEST(LedgerEngine, APostAloneIsAppliedSoon) {
  FakeBackend fake;
  LedgerEngine engine(fake.backend(), {}, system_clock());
  engine.post(op_of(OC_LOP_SETTLE, 0));
  fake.wait_for_calls(1);
}

TEST(LedgerEngine, APostSomebodyWaitsForIsNotDelayed) {
  FakeBackend fake;
  EngineLimits patient;
  patient.post_linger_ms = 60'000;
  LedgerEngine engine(fake.backend(), patient, system_clock());
  engine.post(op_of(OC_LOP_SETTLE, 0), [](const oc_ledger_result&) {});
  fake.wait_for_calls(1);
}

TEST(LedgerEngine, APostDoesNotOutliveTheEngine) {
  FakeBackend fake;
  {
    EngineLimits patient;
    patient.post_linger_ms = 60'000;
    LedgerEngine engine(fake.backend(), patient, system_clock());
    engine.post(op_of(OC_LOP_SETTLE, 0));
  }
  EXPECT_EQ(fake.applied().size(), 1u);
}

TEST(LedgerEngine, AQuerySeesEverythingSubmittedBefore) {
  FakeBackend fake;
  LedgerEngine engine(fake.backend(), {}, system_clock());
  for (int i = 0; i < 500; ++i) engine.post(op_of(OC_LOP_SETTLE, i));
  std::size_t seen = 0;
  engine.run([&](const Backend& b) {
    EXPECT_EQ(b.instance, &fake);
    seen = fake.applied().size();
  });
  EXPECT_EQ(seen, 500u);
}

TEST(LedgerEngine, CoroutinesResumeOnTheirOwnExecutor) {
  FakeBackend fake;
  asio::io_context loops[2];
  LedgerEngine engine(fake.backend(), {}, system_clock());
  std::atomic<int> resumed{0};
  std::atomic<bool> elsewhere{false};
  const auto work = [&](int base) -> asio::awaitable<void> {
    const auto home = std::this_thread::get_id();
    for (int i = 0; i < 50; ++i) {
      const oc_ledger_op op = op_of(OC_LOP_RESERVE, base + i);
      const oc_ledger_result r = co_await engine.apply(op);
      if (std::this_thread::get_id() != home || r.status != OC_OK) elsewhere = true;
      ++resumed;
    }
  };
  for (int l = 0; l < 2; ++l)
    for (int c = 0; c < 20; ++c) asio::co_spawn(loops[l], work((l * 20 + c) * 50), asio::detached);
  std::thread other([&] { loops[1].run(); });
  loops[0].run();
  other.join();
  EXPECT_EQ(resumed, 2 * 20 * 50);
  EXPECT_FALSE(elsewhere);
  EXPECT_EQ(engine.counters().ops, 2000u);
}

TEST(LedgerEngine, OneBatchIsOnePostToALoop) {
  FakeBackend fake;
  asio::io_context loop;
  LedgerEngine engine(fake.backend(), {}, system_clock());
  fake.close_door();
  engine.post(op_of(OC_LOP_SETTLE, 0));
  fake.wait_for_calls(1);
  int answered = 0;
  for (int i = 1; i <= 40; ++i)
    asio::co_spawn(loop, apply(engine, op_of(OC_LOP_RESERVE, i)),
                   [&](std::exception_ptr, oc_ledger_result) { ++answered; });
  loop.poll();
  fake.open_door();
  engine.run([](const Backend&) {});
  loop.restart();
  loop.poll_one();
  EXPECT_EQ(answered, 40);
}

TEST(LedgerEngine, AReserveIsRefusedWhenTheQueueIsFullASettleNever) {
  FakeBackend fake;
  EngineLimits limits;
  limits.queue_ops_max = 10;
  LedgerEngine engine(fake.backend(), limits, system_clock());
  fake.close_door();
  std::atomic<int> refused{0}, done{0};
  const auto count = [&](const oc_ledger_result& r) { ++(r.status == OC_E_UNAVAILABLE ? refused : done); };
  for (int i = 0; i < 15; ++i) engine.post(op_of(OC_LOP_RESERVE, i), count);
  EXPECT_EQ(refused, 5);
  for (int i = 0; i < 200; ++i) engine.post(op_of(OC_LOP_SETTLE, 100 + i), count);
  EXPECT_EQ(refused, 5);
  fake.open_door();
  engine.drain();
  EXPECT_EQ(done, 210);
  EXPECT_EQ(refused, 5);
}

TEST(LedgerEngine, SettlesOutliveABackendThatIsAwayReservesAreToldInTime) {
  FakeBackend fake;
  LedgerEngine engine(fake.backend(), quick(), system_clock());
  fake.away = true;
  std::atomic<int> settled{0};
  for (int i = 0; i < 50; ++i)
    engine.post(op_of(OC_LOP_SETTLE, i), [&](const oc_ledger_result& r) { settled += r.status == OC_OK ? 1 : 1000; });
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(engine.apply_blocking(op_of(OC_LOP_RESERVE, 500)).status, OC_E_UNAVAILABLE);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 55ms);
  EXPECT_FALSE(engine.available());
  EXPECT_EQ(settled, 0);
  fake.away = false;
  engine.run([](const Backend&) {});
  EXPECT_TRUE(engine.available());
  EXPECT_EQ(settled, 50);
  EXPECT_GT(engine.counters().unavailable, 0u);
  // The backend may have seen the RESERVE that was given up: its hold is voided.
  const auto applied = fake.applied();
  ASSERT_EQ(applied.size(), 51u);
  const auto undone = std::count_if(applied.begin(), applied.end(), [](const oc_ledger_op& op) {
    return op.kind == OC_LOP_VOID && op.ref.hi == op_of(OC_LOP_RESERVE, 500).id.hi;
  });
  EXPECT_EQ(undone, 1);
}

TEST(LedgerEngine, AQueryIsAnsweredThoughTheBackendIsAway) {
  FakeBackend fake;
  LedgerEngine engine(fake.backend(), quick(), system_clock());
  fake.away = true;
  engine.post(op_of(OC_LOP_SETTLE, 1));
  bool asked = false;
  engine.run([&](const Backend&) { asked = true; });
  EXPECT_TRUE(asked);
  fake.away = false;
  engine.run([](const Backend&) {});
  EXPECT_EQ(fake.applied().size(), 1u);
}

TEST(LedgerEngine, AnOpThatTheBackendChokesOnDoesNotHoldUpTheOthers) {
  FakeBackend fake;
  LedgerEngine engine(fake.backend(), quick(), system_clock());
  fake.poison = 5;
  fake.close_door();
  engine.post(op_of(OC_LOP_SETTLE, 0));
  fake.wait_for_calls(1);
  std::atomic<int> fine{0}, failed{0};
  for (int i = 1; i < 10; ++i)
    engine.post(op_of(OC_LOP_SETTLE, i),
                [&](const oc_ledger_result& r) { ++(r.status == OC_E_INTERNAL ? failed : fine); });
  fake.open_door();
  engine.drain();
  EXPECT_EQ(fine, 8);
  EXPECT_EQ(failed, 1);
}

TEST(LedgerEngine, DrainRefusesReservesAndAppliesTheRest) {
  FakeBackend fake;
  LedgerEngine engine(fake.backend(), quick(), system_clock());
  for (int i = 0; i < 300; ++i) engine.post(op_of(OC_LOP_SETTLE, i));
  engine.drain();
  EXPECT_EQ(fake.applied().size(), 300u);
  EXPECT_EQ(engine.apply_blocking(op_of(OC_LOP_RESERVE, 1)).status, OC_E_UNAVAILABLE);
  EXPECT_EQ(engine.apply_blocking(op_of(OC_LOP_SETTLE, 1)).status, OC_OK);  // streams that end now are still paid
  engine.drain();
}

TEST(LedgerEngine, EndsWithABackendThatNeverComesBack) {
  FakeBackend fake;
  std::atomic<int> told{0};
  {
    LedgerEngine engine(fake.backend(), quick(), system_clock());
    fake.away = true;
    for (int i = 0; i < 20; ++i)
      engine.post(op_of(OC_LOP_SETTLE, i),
                  [&](const oc_ledger_result& r) { told += r.status == OC_E_UNAVAILABLE ? 1 : 0; });
  }
  EXPECT_EQ(told, 20);
}

TEST(LedgerEngine, AGroupIsOneBatchAndIsNotSplit) {
  FakeBackend fake;
  LedgerEngine engine(fake.backend(), {}, system_clock());
  fake.close_door();
  engine.post(op_of(OC_LOP_SETTLE, 0));
  fake.wait_for_calls(1);
  for (int i = 1; i <= 98; ++i) engine.post(op_of(OC_LOP_SETTLE, i));
  std::vector<oc_ledger_result> answers;
  std::thread other([&] {
    const std::vector<oc_ledger_op> group{op_of(OC_LOP_DEPOSIT, 500), op_of(OC_LOP_TRANSFER, 501),
                                          op_of(OC_LOP_DEPOSIT, 502)};
    answers = engine.apply_linked(group);
  });
  while (engine.counters().queue_ops < 102) std::this_thread::yield();
  fake.open_door();
  other.join();
  EXPECT_EQ(fake.batches(), (std::vector<std::size_t>{1, 98, 3}));  // 98 + 3 is more than the backend's 100
  ASSERT_EQ(answers.size(), 3u);
  for (const auto& a : answers) EXPECT_EQ(a.status, OC_OK);
  const auto applied = fake.applied();
  EXPECT_EQ(applied[99].flags, std::uint32_t(OC_LF_LINKED));
  EXPECT_EQ(applied[100].flags, std::uint32_t(OC_LF_LINKED));
  EXPECT_EQ(applied[101].flags, 0u);
}

TEST(LedgerEngine, AGroupThatNoBatchHoldsIsRefused) {
  FakeBackend fake;
  LedgerEngine engine(fake.backend(), {}, system_clock());
  const std::vector<oc_ledger_op> group(101, op_of(OC_LOP_DEPOSIT, 1));
  for (const auto& a : engine.apply_linked(group)) EXPECT_EQ(a.status, OC_E_TOO_LARGE);
  EXPECT_TRUE(fake.applied().empty());
  EXPECT_TRUE(engine.apply_linked({}).empty());
}

TEST(LedgerEngine, AnOpOfItsOwnIsLinkedToNobodys) {
  FakeBackend fake;
  LedgerEngine engine(fake.backend(), {}, system_clock());
  oc_ledger_op op = op_of(OC_LOP_DEPOSIT, 1);
  op.flags = OC_LF_LINKED;
  engine.post(op);
  engine.drain();
  ASSERT_EQ(fake.applied().size(), 1u);
  EXPECT_EQ(fake.applied()[0].flags, 0u);
}

// A backend that does not return: whoever asks is told in time, and what it did after all is undone.
TEST(LedgerEngine, ABackendThatHangsIsNotWaitedFor) {
  FakeBackend fake;
  EngineLimits limits = quick();
  limits.reserve_wait_ms = 1'000;
  LedgerEngine engine(fake.backend(), limits, system_clock());
  fake.close_door();
  EXPECT_EQ(engine.apply_blocking(op_of(OC_LOP_RESERVE, 7)).status, OC_E_UNAVAILABLE);
  EXPECT_FALSE(engine.available());
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(engine.apply_blocking(op_of(OC_LOP_RESERVE, 8)).status, OC_E_UNAVAILABLE);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 500ms) << "it is known to hang";
  bool asked = false;
  EXPECT_FALSE(engine.run([&](const Backend&) { asked = true; }));
  engine.post(op_of(OC_LOP_SETTLE, 9));
  fake.open_door();
  engine.run([](const Backend&) {});
  EXPECT_FALSE(asked);
  EXPECT_TRUE(engine.available());
  const auto applied = fake.applied();
  ASSERT_EQ(applied.size(), 3u);
  EXPECT_EQ(applied[0].kind, std::uint32_t(OC_LOP_RESERVE));
  EXPECT_EQ(applied[1].kind, std::uint32_t(OC_LOP_VOID));
  EXPECT_EQ(applied[1].ref.hi, applied[0].id.hi);
  EXPECT_EQ(applied[2].kind, std::uint32_t(OC_LOP_SETTLE));
}

// What was under way when the backend went away is not carried out when it comes back, hours later.
TEST(LedgerEngine, WhatNobodyWaitsForAnyMoreIsNotDoneLater) {
  FakeBackend fake;
  LedgerEngine engine(fake.backend(), quick(), system_clock());
  fake.close_door();
  engine.post(op_of(OC_LOP_SWEEP, 1));
  fake.wait_for_calls(1);
  EXPECT_EQ(engine.apply_blocking(op_of(OC_LOP_RESERVE, 2)).status, OC_E_UNAVAILABLE);
  while (engine.available()) std::this_thread::sleep_for(1ms);
  std::this_thread::sleep_for(100ms);
  fake.away = true;
  fake.open_door();
  std::this_thread::sleep_for(50ms);
  fake.away = false;
  engine.drain();
  for (const auto& op : fake.applied()) EXPECT_NE(op.kind, std::uint32_t(OC_LOP_SWEEP));
}

TEST(LedgerEngine, ASweepIsABatchOfItsOwn) {
  FakeBackend fake;
  LedgerEngine engine(fake.backend(), {}, system_clock());
  fake.close_door();
  engine.post(op_of(OC_LOP_DEPOSIT, 1));
  fake.wait_for_calls(1);
  for (int i = 2; i < 5; ++i) engine.post(op_of(OC_LOP_DEPOSIT, i));
  engine.post(op_of(OC_LOP_SWEEP, 5));
  for (int i = 6; i < 9; ++i) engine.post(op_of(OC_LOP_DEPOSIT, i));
  fake.open_door();
  engine.drain();
  EXPECT_EQ(fake.batches(), (std::vector<std::size_t>{1, 3, 1, 3}));
}

// Usage that the books cannot take is told of, and the journal keeps it for the next start.
TEST(LedgerEngine, AFactThatIsRefusedIsNotForgotten) {
  const auto folder = std::filesystem::temp_directory_path() / ("onechat-engine-" + std::to_string(::getpid()));
  {
    auto journal = Journal::open(folder, {}, system_clock());
    ASSERT_TRUE(journal);
    FakeBackend fake;
    fake.poison = 7;
    LedgerEngine engine(fake.backend(), quick(), system_clock(), journal->get());
    for (const int amount : {6, 7}) {
      const auto op = op_of(OC_LOP_SETTLE, amount);
      engine.post_journaled(op, (*journal)->append(Journal::Kind::kFact, op));
    }
    engine.drain();
    EXPECT_EQ((*journal)->counters().held, 1u) << "for the next start";
    EXPECT_EQ(engine.counters().refused_facts, 1u);
    const auto refused = engine.take_refused_facts();
    ASSERT_EQ(refused.size(), 1u);
    EXPECT_EQ(refused[0].op.amount, 7);
    EXPECT_EQ(refused[0].status, OC_E_INTERNAL);
    EXPECT_TRUE(engine.take_refused_facts().empty());
  }
  std::filesystem::remove_all(folder);
}

TEST(LedgerEngine, CountsWhatHappened) {
  FakeBackend fake;
  LedgerEngine engine(fake.backend(), {}, system_clock());
  oc_ledger_op poor = op_of(OC_LOP_RESERVE, 1), late = op_of(OC_LOP_SETTLE, 2);
  poor.code = 1;
  late.code = 2;
  EXPECT_EQ(engine.apply_blocking(poor).status, OC_E_FUNDS);
  EXPECT_EQ(engine.apply_blocking(late).status, OC_LATE);
  const EngineCounters c = engine.counters();
  EXPECT_EQ(c.refused_funds, 1u);
  EXPECT_EQ(c.late_settles, 1u);
  EXPECT_EQ(c.shortfall_nano, 7u);
  EXPECT_EQ(c.ops, 2u);
}

TEST(LedgerEngine, ManyThreadsKeepTheirOwnOrder) {
  FakeBackend fake;
  LedgerEngine engine(fake.backend(), {}, system_clock());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2000; ++i) {
        oc_ledger_op op = op_of(OC_LOP_SETTLE, i);
        op.node = static_cast<std::uint64_t>(t);
        engine.post(op);
      }
    });
  for (auto& t : threads) t.join();
  engine.drain();
  std::int64_t next[4] = {};
  for (const auto& op : fake.applied()) EXPECT_EQ(op.amount, next[op.node]++);
  for (const auto n : next) EXPECT_EQ(n, 2000);
}

}  // namespace
}  // namespace onechat::ledger
