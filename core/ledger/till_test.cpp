// The till over the real rules in memory: leases serve busy keys, the last nano can be spent, a crash costs nothing
// that was noted, and without the books it fails closed.
#include "ledger/till.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

#include "ledger/memory_store.hpp"
#include "ledger/test_calendar.hpp"

namespace onechat::ledger {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::uint64_t kWallet = 7;

// The books of a cluster, in memory. Several engines may share them.
class Books {
 public:
  Books() {
    table_.struct_size = sizeof table_;
    table_.batch_max = 1000;
    table_.apply = [](void* self, const oc_ledger_op* ops, oc_ledger_result* results, std::uint64_t n) {
      return static_cast<Books*>(self)->apply(ops, results, n);
    };
  }
  Backend backend() { return {&table_, this}; }
  void deposit(std::int64_t nano) {
    oc_ledger_op op{};
    op.id = {99, ++deposits_};
    op.kind = OC_LOP_DEPOSIT;
    op.account = kWallet;
    op.amount = nano;
    oc_ledger_result r{};
    ASSERT_EQ(apply(&op, &r, 1), OC_OK);
    ASSERT_EQ(r.status, OC_OK);
  }
  ledger_core::Account wallet() {
    const std::lock_guard lock(mutex_);
    return store_.account(ledger_core::kWallet, kWallet);
  }
  std::int64_t receivable() {
    const std::lock_guard lock(mutex_);
    const auto a = store_.account(ledger_core::kReceivable, kWallet);
    return a.debits - a.credits;
  }
  std::int64_t spent() { return wallet().debits; }
  std::size_t open_holds() {
    const std::lock_guard lock(mutex_);
    return store_.holds.size();
  }

  std::uint64_t sweeps() const { return sweeps_; }

  std::atomic<bool> away{false}, hangs{false};
  std::atomic<std::int64_t> later_ms{0};  // how far the books' clock is ahead

 private:
  oc_status apply(const oc_ledger_op* ops, oc_ledger_result* results, std::uint64_t n) {
    while (hangs) std::this_thread::sleep_for(1ms);
    if (away) return OC_E_UNAVAILABLE;
    for (std::uint64_t i = 0; i < n; ++i) sweeps_ += ops[i].kind == OC_LOP_SWEEP ? 1 : 0;
    const std::lock_guard lock(mutex_);
    ledger_core::apply(store_, calendar_, ops, results, n, system_clock().unix_ms() + later_ms);
    return OC_OK;
  }

  oc_ledger_backend table_{};
  std::atomic<std::uint64_t> sweeps_{0};
  std::mutex mutex_;
  std::uint64_t deposits_ = 0;
  ledger_core::Calendar calendar_ = [](std::uint32_t period, const std::string& zone, std::int64_t ms) {
    const auto w = ledger_test::test_window(period, zone, ms);
    return ledger_core::Span{w->first, w->second};
  };
  ledger_test::MemoryStore store_;
};

// One gateway process, as far as money goes.
struct Process {
  explicit Process(Books& books, const fs::path& folder, TillOptions options = quick())
      : ids(static_cast<std::uint16_t>(options.node), 42) {
    auto opened = Journal::open(folder, {}, system_clock());
    EXPECT_TRUE(opened) << opened.error().message;
    journal = std::move(*opened);
    EngineLimits limits;
    limits.retry_ms = 5;
    limits.reserve_wait_ms = 100;
    limits.post_linger_ms = 20;
    engine = std::make_unique<LedgerEngine>(books.backend(), limits, system_clock(), journal.get());
    till = std::make_unique<Till>(*engine, journal.get(), options, system_clock());
    started = till->start();
  }
  static TillOptions quick() {
    TillOptions o;
    o.leases.reserves_per_s = 20;
    o.leases.wallet_permille = 300;
    o.sweep_ms = 50;
    return o;
  }
  Hold hold(std::int64_t amount) {
    Hold h;
    h.id = ids.next(system_clock().unix_ms());
    h.scopes.account = kWallet;
    h.scopes.key_id = 1;
    h.amount = amount;
    return h;
  }
  oc_ledger_result reserve(Hold& h) {
    if (till->take(h)) return {};
    oc_ledger_result out{};
    loop.restart();
    asio::co_spawn(loop, till->reserve(h), [&](std::exception_ptr, oc_ledger_result r) { out = r; });
    loop.run();
    return out;
  }
  void settled() {
    engine->run([](const Backend&) {});
  }
  // Requests until a lease serves them.
  void warm_up(std::int64_t amount, std::int64_t cost) {
    for (int i = 0; i < 400; ++i) {
      Hold h = hold(amount);
      reserve(h);
      const bool leased = static_cast<bool>(h.part);
      till->settle(h, cost, 0, false);
      if (leased) return;
      std::this_thread::sleep_for(10ms);
    }
    FAIL() << "no lease was granted";
  }

  asio::io_context loop;  // outlives the engine, which posts to it
  std::unique_ptr<Journal> journal;
  std::unique_ptr<LedgerEngine> engine;
  std::unique_ptr<Till> till;
  Result<void> started;
  IdMaker ids;
};

class TillTest : public ::testing::Test {
 protected:
  ~TillTest() override { fs::remove_all(folder_); }
  fs::path folder_ = fs::temp_directory_path() / ("onechat-till-" + random_text(8));
  Books books_;
};

TEST_F(TillTest, ARequestHoldsAndPays) {
  books_.deposit(1000);
  Process p(books_, folder_);
  ASSERT_TRUE(p.started);
  Hold h = p.hold(600);
  EXPECT_EQ(p.reserve(h).status, OC_OK);
  Hold second = p.hold(600);
  EXPECT_EQ(p.reserve(second).status, OC_E_FUNDS);
  EXPECT_FALSE(second.open);
  p.till->settle(h, 100, 10, false);
  p.till->settle(h, 100, 10, false);
  p.settled();
  EXPECT_EQ(books_.spent(), 110);
  EXPECT_EQ(books_.wallet().pending, 0);
}

TEST_F(TillTest, AJournalWithNothingButTornRecordsIsUsedAgain) {
  const auto segments = JournalLimits{}.segments_max;
  {
    auto opened = Journal::open(folder_, {}, system_clock());
    ASSERT_TRUE(opened);
    (*opened)->append(Journal::Kind::kFact, {});
    EXPECT_EQ((*opened)->counters().segments_free, segments - 1);
  }
  for (const auto& entry : fs::directory_iterator(folder_)) {
    if (entry.path().filename() == "lock") continue;
    std::fstream file(entry.path(), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(144 + 60);  // in the first record, where there is one
    file.write("torn", 4);
  }
  Process p(books_, folder_);
  ASSERT_TRUE(p.started);
  EXPECT_EQ(p.journal->torn(), 1u);
  EXPECT_EQ(p.journal->counters().segments_free, segments);
}

// When the journal has no place for a fact, what was noted of its request stays until the books have the fact.
TEST_F(TillTest, WithAFullJournalWhatWasNotedIsStillCharged) {
  books_.deposit(1'000'000);
  {
    Process p(books_, folder_);
    Hold h = p.hold(1000);
    ASSERT_EQ(p.reserve(h).status, OC_OK);
    p.till->progress(h, 100, 10, false);
    while (p.journal->append(Journal::Kind::kFact, {})) continue;
    books_.away = true;
    p.till->settle(h, 200, 20, false);
  }
  books_.away = false;
  Process again(books_, folder_);
  ASSERT_TRUE(again.started);
  EXPECT_EQ(books_.spent(), 110);
}

// A sweep takes as long as what has ended since the last one is much.
TEST_F(TillTest, SweepsComeWithTheWorkDoneNotOnlyWithTime) {
  TillOptions options = Process::quick();
  options.sweep_ms = 3'600'000;
  Process p(books_, folder_, options);
  ASSERT_TRUE(p.started);
  books_.deposit(1000);
  const std::uint64_t before = books_.sweeps();
  oc_ledger_op beat{};
  beat.kind = OC_LOP_HEARTBEAT;
  beat.node = 55;
  for (int i = 0; i < 10'000; ++i) p.engine->post(beat);
  p.settled();
  for (int i = 0; i < 300 && books_.sweeps() == before; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(books_.sweeps(), before + 1);
}

TEST_F(TillTest, ABusyKeyIsServedInMemoryAndGivesEverythingBackAtTheEnd) {
  books_.deposit(1'000'000);
  std::int64_t cost = 0;
  {
    Process p(books_, folder_);
    p.warm_up(1000, 10);
    for (int i = 0; i < 200; ++i) {
      Hold h = p.hold(1000);
      p.reserve(h);
      p.till->settle(h, 10, 1, false);
      cost += 11;
    }
    EXPECT_GT(p.till->leases().hits, 150u);
    p.till->drain();
  }
  EXPECT_GE(books_.spent(), cost);
  EXPECT_EQ(books_.wallet().pending, 0);
  EXPECT_EQ(books_.open_holds(), 0u);
}

TEST_F(TillTest, TheLastNanoCanBeSpentAndNotOneMore) {
  books_.deposit(20'000);
  Process p(books_, folder_);
  p.warm_up(100, 10);
  std::int64_t refused = 0;
  for (int i = 0; i < 3000 && refused < 20; ++i) {
    Hold h = p.hold(100);
    if (p.reserve(h).status == OC_E_FUNDS) ++refused;
    p.till->settle(h, 100, 0, false);
  }
  p.settled();
  EXPECT_EQ(refused, 20);
  EXPECT_LT(books_.wallet().credits - books_.spent(), 100) << "what is left pays for no request";
  EXPECT_EQ(books_.receivable(), 0);
}

// A process that is cut off: what it had posted and not committed, and what a stream had cost so far, is paid at the
// next start; its leases and holds come back.
TEST_F(TillTest, TheNextStartPaysWhatTheLastProcessKnew) {
  books_.deposit(1'000'000);
  const std::int64_t before = [&] {
    Process p(books_, folder_);
    p.warm_up(1000, 10);
    p.settled();
    const std::int64_t paid = books_.spent();
    Hold leased = p.hold(1000), streaming = p.hold(1000), unseen = p.hold(1000);
    EXPECT_TRUE(p.till->take(leased));
    EXPECT_TRUE(p.till->take(streaming));
    EXPECT_TRUE(p.till->take(unseen));
    books_.away = true;
    p.till->settle(leased, 100, 7, false);
    p.till->progress(streaming, 30, 1, false);
    p.till->progress(streaming, 50, 2, false);
    LeasePool::give_back(streaming.part, 0);  // the process ends here: nothing more is said of these
    LeasePool::give_back(unseen.part, 0);
    return paid;
  }();
  EXPECT_EQ(books_.spent(), before);
  EXPECT_GT(books_.wallet().pending, 0);
  {
    Process p(books_, folder_);
    EXPECT_FALSE(p.started) << "the books are away";
  }
  books_.away = false;
  Process p(books_, folder_);
  ASSERT_TRUE(p.started) << p.started.error().message;
  EXPECT_EQ(books_.spent(), before + 107 + 52);
  EXPECT_EQ(books_.wallet().pending, 0);
  EXPECT_EQ(p.journal->counters().held, 0u);
}

TEST_F(TillTest, WithoutTheBooksLeasesServeUntilTheyAreUsedUpAndTheRestIsRefused) {
  books_.deposit(1'000'000);
  Process p(books_, folder_);
  p.warm_up(1000, 10);
  books_.away = true;
  int served = 0, refused = 0;
  for (int i = 0; i < 3000 && refused < 3; ++i) {
    Hold h = p.hold(1000);
    const oc_ledger_result r = p.reserve(h);
    served += h.open ? 1 : 0;
    if (r.status == OC_E_UNAVAILABLE) ++refused;
    p.till->settle(h, 1000, 0, false);
  }
  EXPECT_GT(served, 0);
  EXPECT_EQ(refused, 3);
  EXPECT_FALSE(p.till->available());
  books_.away = false;
  p.settled();
  EXPECT_GE(books_.spent(), served * 1000) << "every settle outlived the time without the books";
  EXPECT_TRUE(p.till->available());
}

TEST_F(TillTest, ABackendThatHangsIsNotWaitedFor) {
  books_.deposit(1'000'000);
  Process p(books_, folder_);
  books_.hangs = true;
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 3; ++i) {
    Hold h = p.hold(10);
    EXPECT_EQ(p.reserve(h).status, OC_E_UNAVAILABLE);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
  EXPECT_FALSE(p.till->available());
  EXPECT_FALSE(p.engine->run([](const Backend&) {}));
  books_.hangs = false;
  p.settled();
  for (int i = 0; i < 200 && books_.wallet().pending != 0; ++i) std::this_thread::sleep_for(5ms);
  EXPECT_EQ(books_.wallet().pending, 0) << "what was applied after all is undone";
  Hold h = p.hold(10);
  EXPECT_EQ(p.reserve(h).status, OC_OK);
  p.till->settle(h, 1, 0, false);
}

// Books that were away have heard nobody for a while: neither is dead.
TEST_F(TillTest, HoldsOfRunningRequestsOutliveATimeWithoutTheBooks) {
  books_.deposit(10'000);
  TillOptions options = Process::quick();
  options.steady_ms = 60'000;
  Process one(books_, folder_ / "one", options);
  options.node = 2;
  options.sweep_ms = 60'000;  // it is not the first that comes back
  Process two(books_, folder_ / "two", options);
  Hold first = one.hold(100), second = two.hold(200);
  ASSERT_EQ(one.reserve(first).status, OC_OK);
  ASSERT_EQ(two.reserve(second).status, OC_OK);
  books_.away = true;
  std::this_thread::sleep_for(300ms);
  books_.later_ms = 60'000;
  books_.away = false;
  std::this_thread::sleep_for(2'500ms);  // a till without leases looks once a second
  EXPECT_EQ(books_.open_holds(), 2u);
  one.till->settle(first, 10, 1, false);
  two.till->settle(second, 20, 2, false);
  one.settled();
  two.settled();
  EXPECT_EQ(books_.spent(), 33);
  EXPECT_EQ(books_.receivable(), 0);
}

TEST_F(TillTest, WhatADeadNodeHeldIsFoundByOneThatHasBeenInTouch) {
  books_.deposit(10'000);
  TillOptions options = Process::quick();
  options.sweep_ms = 500;
  options.steady_ms = 800;
  Process one(books_, folder_ / "one", options);
  {
    options.node = 2;
    Process two(books_, folder_ / "two", options);
    Hold lost = two.hold(200);
    ASSERT_EQ(two.reserve(lost).status, OC_OK);
  }
  EXPECT_EQ(books_.open_holds(), 1u);
  books_.later_ms = 60'000;
  for (int i = 0; i < 400 && books_.open_holds() != 0; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(books_.open_holds(), 0u);
  EXPECT_EQ(books_.wallet().pending, 0);
}

// A stream that was noted and then cost nothing is free, also when its end did not reach the books.
TEST_F(TillTest, WhatWasFreeAfterAllIsFreeAfterACrash) {
  books_.deposit(1'000'000);
  const std::int64_t before = [&] {
    Process p(books_, folder_);
    p.warm_up(1000, 10);
    p.settled();
    const std::int64_t paid = books_.spent();
    Hold own = p.hold(500'000), leased = p.hold(100);
    EXPECT_EQ(p.reserve(own).status, OC_OK);
    EXPECT_FALSE(own.part);
    EXPECT_TRUE(p.till->take(leased));
    books_.away = true;
    for (Hold* hold : {&own, &leased}) {
      p.till->progress(*hold, 30, 1, false);
      p.till->settle(*hold, 0, 0, false);
    }
    return paid;
  }();
  books_.away = false;
  Process p(books_, folder_);
  ASSERT_TRUE(p.started) << p.started.error().message;
  EXPECT_EQ(books_.spent(), before);
  EXPECT_EQ(books_.wallet().pending, 0);
}

// Two processes with one node's number: the first one is fenced off, and its facts are still taken.
TEST_F(TillTest, AProcessWhoseNumberWasTakenAdmitsNothingAndStillPays) {
  books_.deposit(1'000'000);
  Process old(books_, folder_);
  Hold running = old.hold(500);
  EXPECT_EQ(old.reserve(running).status, OC_OK);
  TillOptions slow = Process::quick();
  slow.sweep_ms = 60'000;
  slow.crash = OC_CRASH_HOLD;
  Process young(books_, folder_ / "other", slow);
  EXPECT_GT(young.till->epoch(), old.till->epoch());
  Hold refused = old.hold(10);
  EXPECT_EQ(old.reserve(refused).status, OC_E_FENCED);
  EXPECT_TRUE(old.engine->fenced());
  EXPECT_FALSE(old.till->available());
  EXPECT_EQ(old.reserve(refused).status, OC_E_UNAVAILABLE);
  old.till->settle(running, 123, 0, false);
  old.settled();
  EXPECT_EQ(books_.spent(), 123);
}

TEST_F(TillTest, AFullJournalRefusesNewRequestsAndTakesWhatRuns) {
  books_.deposit(1'000'000'000);
  JournalLimits small;
  small.segment_bytes = 17 * 144;
  small.segments_max = 4;
  auto journal = Journal::open(folder_, small, system_clock());
  ASSERT_TRUE(journal);
  EngineLimits limits;
  limits.retry_ms = 5;
  limits.reserve_wait_ms = 50;
  LedgerEngine engine(books_.backend(), limits, system_clock(), journal->get());
  Till till(engine, journal->get(), {}, system_clock());
  ASSERT_TRUE(till.start());
  std::vector<Hold> holds(40);
  asio::io_context loop;
  for (std::size_t i = 0; i < holds.size(); ++i) {
    holds[i].id = {1, i + 1};
    holds[i].scopes.account = kWallet;
    holds[i].amount = 10;
    asio::co_spawn(loop, till.reserve(holds[i]), asio::detached);
  }
  loop.run();
  books_.away = true;
  for (auto& h : holds) {
    ASSERT_TRUE(h.open);
    till.settle(h, 10, 0, false);
  }
  EXPECT_FALSE(till.available());
  Hold late;
  late.id = {2, 1};
  late.scopes.account = kWallet;
  late.amount = 1;
  oc_status status = OC_OK;
  loop.restart();
  asio::co_spawn(loop, till.reserve(late), [&](std::exception_ptr, oc_ledger_result r) { status = r.status; });
  loop.run();
  EXPECT_EQ(status, OC_E_UNAVAILABLE);
  books_.away = false;
  engine.run([](const Backend&) {});
  EXPECT_EQ(books_.spent(), 400);
}

}  // namespace
}  // namespace onechat::ledger
