// The journal keeps what was written, whatever ends the process, and takes no more than its bound.
#include "ledger/journal.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <set>
#include <thread>

#include "base/ids.hpp"

namespace onechat::ledger {
namespace {

namespace fs = std::filesystem;
using Kind = Journal::Kind;

oc_ledger_op fact(std::uint64_t n) {
  oc_ledger_op op{};
  op.kind = OC_LOP_SETTLE;
  op.id = {n, 1};
  op.amount = static_cast<std::int64_t>(n);
  return op;
}

bool soon(const std::function<bool()>& is_so) {
  for (int i = 0; i < 2500 && !is_so(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  return is_so();
}

class JournalTest : public ::testing::Test {
 protected:
  ~JournalTest() override { fs::remove_all(folder_); }
  std::unique_ptr<Journal> open(JournalLimits limits = {}) {
    auto opened = Journal::open(folder_, limits, system_clock());
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? std::move(*opened) : nullptr;
  }
  std::vector<std::uint64_t> left() {
    const auto journal = open();
    std::vector<std::uint64_t> ids;
    for (const auto& r : journal->left()) ids.push_back(r.op.id.hi);
    return ids;
  }
  // Another process writes ten records and is killed.
  void ten_more_and_killed() {
    const pid_t child = ::fork();
    if (child == 0) {
      auto opened = Journal::open(folder_, {}, system_clock());
      for (std::uint64_t i = 1001; i <= 1010; ++i) (*opened)->append(Kind::kProgress, fact(i));
      ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
  }
  fs::path folder_ = fs::temp_directory_path() / ("onechat-journal-" + random_text(8));
};

TEST_F(JournalTest, WhatWasNotReleasedIsThereAtTheNextStart) {
  {
    const auto journal = open();
    EXPECT_TRUE(journal->left().empty());
    journal->append(Kind::kFact, fact(1));
    journal->append(Kind::kProgress, fact(2));
    journal->append(Kind::kLease, fact(3));
    EXPECT_EQ(journal->counters().held, 3u);
  }
  const auto journal = open();
  ASSERT_EQ(journal->left().size(), 3u);
  EXPECT_EQ(journal->left()[0].kind, Kind::kFact);
  EXPECT_EQ(journal->left()[1].kind, Kind::kProgress);
  EXPECT_EQ(journal->left()[2].kind, Kind::kLease);
  EXPECT_EQ(journal->left()[2].op.amount, 3);
  EXPECT_EQ(journal->torn(), 0u);
}

TEST_F(JournalTest, WhatIsLeftIsKeptUntilItIsForgotten) {
  open()->append(Kind::kFact, fact(1));
  EXPECT_EQ(left().size(), 1u);
  EXPECT_EQ(left().size(), 1u);  // a start that failed changes nothing
  {
    const auto journal = open();
    journal->append(Kind::kFact, fact(2));
    journal->forget_left();
  }
  EXPECT_EQ(left(), (std::vector<std::uint64_t>{2}));
}

TEST_F(JournalTest, WhatWasReleasedIsForgotten) {
  {
    const auto journal = open();
    for (std::uint64_t i = 0; i < 100; ++i) journal->release(journal->append(Kind::kFact, fact(i)));
    EXPECT_EQ(journal->counters().held, 0u);
  }
  EXPECT_TRUE(left().empty());
}

// kill -9: nothing of it is lost, though nothing was synced on purpose.
TEST_F(JournalTest, AKilledProcessLosesNothing) {
  for (int round = 0; round < 5; ++round) {
    fs::remove_all(folder_);
    int told[2];
    ASSERT_EQ(::pipe(told), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      auto journal = Journal::open(folder_, {}, system_clock());
      for (std::uint64_t i = 1; journal; ++i) {
        (*journal)->append(Kind::kFact, fact(i));
        if (::write(told[1], &i, sizeof i) != sizeof i) break;
      }
      ::_exit(1);
    }
    ::close(told[1]);
    std::uint64_t last = 0;
    for (int i = 0; i < 500 + round * 333; ++i) ASSERT_EQ(::read(told[0], &last, sizeof last), ssize_t(sizeof last));
    ::kill(child, SIGKILL);
    for (std::uint64_t more; ::read(told[0], &more, sizeof more) == ssize_t(sizeof more);) last = more;
    ::close(told[0]);
    ::waitpid(child, nullptr, 0);
    const auto ids = left();
    ASSERT_GE(ids.size(), last);
    ASSERT_LE(ids.size(), last + 1);
    for (std::size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(ids[i], i + 1);
  }
}

TEST_F(JournalTest, ATornRecordIsPassedOver) {
  {
    const auto journal = open();
    for (std::uint64_t i = 1; i <= 5; ++i) journal->append(Kind::kFact, fact(i));
  }
  std::fstream file;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    std::ifstream in(entry.path(), std::ios::binary);
    in.seekg(144 + 144);
    std::uint32_t word = 0;
    in.read(reinterpret_cast<char*>(&word), sizeof word);
    if (word == 0) continue;  // not the segment in use
    file.open(entry.path(), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(144 + 144 + 60);  // in the second record
    file.write("torn", 4);
    file.close();
  }
  const auto journal = open();
  std::vector<std::uint64_t> ids;
  for (const auto& r : journal->left()) ids.push_back(r.op.id.hi);
  EXPECT_EQ(ids, (std::vector<std::uint64_t>{1, 3, 4, 5}));
  EXPECT_EQ(journal->torn(), 1u);
}

TEST_F(JournalTest, AFullJournalSaysSoBeforeItIsAndHasRoomAgainWhenItsFactsAreDurable) {
  JournalLimits small;
  small.segment_bytes = 17 * 144;  // 16 records
  small.segments_max = 4;
  small.sync_ms = 1;
  const auto journal = open(small);
  std::vector<Journal::Place> places;
  while (journal->room()) places.push_back(journal->append(Kind::kFact, fact(places.size())));
  EXPECT_EQ(places.size(), 33u);  // two segments are kept for what runs
  for (int i = 0; i < 31; ++i) {
    places.push_back(journal->append(Kind::kFact, fact(places.size())));
    EXPECT_TRUE(places.back());
  }
  EXPECT_FALSE(journal->append(Kind::kFact, fact(999)));
  EXPECT_EQ(journal->counters().failures, 1u);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // its thread has seen all and rests
  for (const auto place : places) journal->release(place);
  EXPECT_TRUE(soon([&] { return journal->room(); })) << "and nobody appends while there is none";
}

// A file is used again and again; what an earlier use left in it is not read as the later one's.
TEST_F(JournalTest, AnOldUseOfAFileIsNotReadAgain) {
  JournalLimits small;
  small.segment_bytes = 17 * 144;
  small.segments_max = 4;
  {
    const auto journal = open(small);
    for (std::uint64_t i = 1; i <= 200; ++i) journal->release(journal->append(Kind::kFact, fact(i)));
    journal->append(Kind::kFact, fact(1000));
  }
  const auto journal = open(small);
  ASSERT_GE(journal->left().size(), 1u);
  EXPECT_EQ(journal->left().back().op.id.hi, 1000u);
  EXPECT_LE(journal->left().size(), 16u);
}

// After a clean end, too: else a process that is killed leaves what an earlier one had written in the same file.
TEST_F(JournalTest, AnEarlierRunIsNotReadAgain) {
  {
    const auto journal = open();
    for (std::uint64_t i = 1; i <= 100; ++i) journal->release(journal->append(Kind::kProgress, fact(i)));
  }
  ten_more_and_killed();
  EXPECT_EQ(left().size(), 10u);
}

TEST_F(JournalTest, ASmallerLimitLosesNothing) {
  JournalLimits limits;
  limits.segments_max = 8;
  {
    const auto journal = open(limits);
    for (std::uint64_t i = 1; i <= 3; ++i) journal->append(Kind::kFact, fact(i));
  }
  limits.segments_max = 4;
  {
    const auto journal = open(limits);
    EXPECT_EQ(journal->left().size(), 3u);
    journal->forget_left();
    EXPECT_EQ(journal->counters().segments_free, 4u);
  }
  EXPECT_FALSE(fs::exists(folder_ / "segment-4"));
  EXPECT_TRUE(open(limits)->left().empty());
}

// A stream that is silent for half an hour keeps its note, and with it a segment; facts go on.
TEST_F(JournalTest, NotesThatStayKeepNobodyOut) {
  JournalLimits small;
  small.segment_bytes = 17 * 144;  // 16 records
  small.segments_max = 8;
  small.sync_ms = 1;
  const auto journal = open(small);
  std::uint64_t kept = 0;
  for (std::uint64_t n = 0; n < 40; ++n) {
    kept += journal->append(Kind::kProgress, fact(n)) ? 1 : 0;
    for (int i = 0; i < 15; ++i) journal->release(journal->append(Kind::kProgress, fact(n)));
    for (int i = 0; i < 16; ++i) {
      const auto place = journal->append(Kind::kFact, fact(n));
      ASSERT_TRUE(place);
      journal->release(place);
    }
    ASSERT_TRUE(soon([&] { return journal->room(); })) << n;
  }
  EXPECT_EQ(kept, 4u);
  EXPECT_GT(journal->counters().left_out, 0u);
  EXPECT_EQ(journal->counters().failures, 0u);
}

TEST_F(JournalTest, AnEarlierRunIsNotReadAgainThoughItsFirstRecordWasErased) {
  {
    const auto journal = open();
    journal->erase(journal->append(Kind::kProgress, fact(1)));
    for (std::uint64_t i = 2; i <= 100; ++i) journal->release(journal->append(Kind::kProgress, fact(i)));
  }
  ten_more_and_killed();
  EXPECT_EQ(left().size(), 10u);
}

TEST_F(JournalTest, WhatIsErasedIsNotThereThoughItsSegmentIs) {
  {
    const auto journal = open();
    const auto gone = journal->append(Kind::kProgress, fact(1));
    journal->append(Kind::kProgress, fact(2));
    journal->erase(gone);
    EXPECT_EQ(journal->counters().held, 1u);
  }
  EXPECT_EQ(left(), (std::vector<std::uint64_t>{2}));
}

TEST_F(JournalTest, OneProcessAtATime) {
  const auto journal = open();
  const auto second = Journal::open(folder_, {}, system_clock());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().status, OC_E_CONFLICT);
}

TEST_F(JournalTest, AFolderThatCannotBeIsAnError) {
  std::ofstream(folder_) << "a file";
  const auto opened = Journal::open(folder_, {}, system_clock());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().status, OC_E_IO);
}

TEST_F(JournalTest, IsSyncedByItselfSoonAfterTheFirstRecord) {
  const auto journal = open();
  journal->append(Kind::kFact, fact(1));
  EXPECT_TRUE(soon([&] { return journal->counters().syncs >= 1; }));
}

TEST_F(JournalTest, IsSyncedByItselfAlsoAfterAStartThatFoundSomething) {
  open()->append(Kind::kFact, fact(1));
  const auto journal = open();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // its thread rests
  journal->forget_left();
  ASSERT_TRUE(soon([&] { return journal->counters().syncs >= 1; }));
  journal->append(Kind::kFact, fact(2));
  EXPECT_TRUE(soon([&] { return journal->counters().syncs >= 2; }));
}

TEST_F(JournalTest, ManyThreadsWriteAtOnce) {
  constexpr int kThreads = 4, kEach = 5000;
  {
    const auto journal = open();
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t)
      threads.emplace_back([&, t] {
        for (int i = 0; i < kEach; ++i) journal->append(Kind::kFact, fact(static_cast<std::uint64_t>(t * kEach + i)));
      });
    for (auto& t : threads) t.join();
  }
  const auto ids = left();
  EXPECT_EQ(ids.size(), std::size_t(kThreads * kEach));
  EXPECT_EQ(std::set<std::uint64_t>(ids.begin(), ids.end()).size(), ids.size());
}

}  // namespace
}  // namespace onechat::ledger
