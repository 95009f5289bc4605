// The power goes at any write: with full durability nothing acknowledged is lost and the books add up. And the test is
// worth believing: it finds what weaker settings lose.
//
// ONECHAT_LONG=1 makes 10,000 cuts of it, ONECHAT_POWER_CUTS=n any number; ONECHAT_SEED=n other ones.
#include <gtest/gtest.h>

#include "books.hpp"
#include "busy_batches.hpp"
#include "power_vfs.hpp"
#include "reports.hpp"

namespace onechat::power_fail {
namespace {

using ledger_sqlite::Books;
using ledger_sqlite::Durability;
using ledger_test::BusyBatches;

long env(const char* name, long otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::atol(text) : otherwise;
}

struct Outcome {
  long cuts = 0, lost_cuts = 0, lost_ops = 0, inconsistent = 0, unreadable = 0, acked_ops = 0;
};
std::ostream& operator<<(std::ostream& out, const Outcome& o) {
  return out << o.cuts << " cuts, " << o.acked_ops << " acknowledged operations; " << o.lost_cuts << " cuts lost "
             << o.lost_ops << " of them; " << o.inconsistent << " left books that do not add up, " << o.unreadable
             << " a file that cannot be read";
}

class PowerFail {
 public:
  PowerFail(Durability durability, std::uint64_t seed) : durability_(durability), random_(seed) {
    Books books = open();
    books.put_budget({{1, OC_SCOPE_KEY, 4}, OC_WINDOW_TOTAL, OC_BUDGET_REFUSE, 1'000'000'000, ""}, 0, nullptr);
    books.put_budget({{1, OC_SCOPE_PROJECT, 3}, OC_WINDOW_DAY, OC_BUDGET_REFUSE, 1'000'000'000, ""}, 0, nullptr);
    books.close();
    fresh_ = disk_.image();
  }

  Outcome run(long cuts) {
    for (long i = 0; i < cuts; ++i) one_cut();
    return outcome_;
  }
  const std::string& first_problem() const { return first_problem_; }

 private:
  // Checkpoints are small, so that many cuts fall into one.
  Books open() {
    const auto calendar = [](std::uint32_t period, const std::string& zone, std::int64_t unix_ms) {
      const auto span = ledger_test::test_window(period, zone, unix_ms).value();
      return ledger_core::Span{span.first, span.second};
    };
    return Books({folder_.file(), ledger_sqlite::embedded_migrations(), {durability_, 40}},
                 [] { return ledger_test::g_now_ms.load(); }, calendar);
  }

  void one_cut() {
    ++outcome_.cuts;
    disk_.load(fresh_);
    const std::uint64_t seed = random_();
    const auto acked = work_until_cut(seed);
    disk_.restart(random_);
    try {
      Books books = open();
      check(books);
      const long lost = count_lost(books, seed, acked);
      outcome_.lost_ops += lost;
      if (lost != 0) ++outcome_.lost_cuts;
      check(books);
    } catch (const std::exception& e) {
      ++outcome_.unreadable;
      note(e.what());
    }
  }

  // Returns how many batches were acknowledged.
  std::uint64_t work_until_cut(std::uint64_t seed) {
    std::uint64_t acked = 0;
    disk_.cut_after(random_() % 1500);
    try {
      Books books = open();
      BusyBatches batches(1, seed);
      std::vector<oc_ledger_result> results;
      for (;;) {
        const auto ops = batches.next();
        results.assign(ops.size(), {});
        books.apply(ops.data(), results.data(), ops.size());
        outcome_.acked_ops += static_cast<long>(ops.size());
        ++acked;
      }
    } catch (const std::exception&) {
      EXPECT_TRUE(disk_.is_off()) << "it failed with the power on";
    }
    return acked;
  }

  void check(Books& books) {
    bool sound = true;
    ledger_sqlite::verify(*books.reader(), [&](const std::string& invariant, const std::string& detail) {
      sound = false;
      note(invariant + " " + detail);
    });
    if (!sound) ++outcome_.inconsistent;
  }

  // Asks for every acknowledged operation again: what is not a duplicate had been lost.
  long count_lost(Books& books, std::uint64_t seed, std::uint64_t acked) {
    long lost = 0;
    BusyBatches batches(1, seed);
    std::vector<oc_ledger_result> results;
    for (std::uint64_t i = 0; i < acked; ++i) {
      const auto ops = batches.next();
      results.assign(ops.size(), {});
      books.apply(ops.data(), results.data(), ops.size());
      for (std::size_t k = 0; k < ops.size(); ++k)
        if (BusyBatches::is_remembered(ops[k]) && results[k].status != OC_DUPLICATE) ++lost;
    }
    return lost;
  }

  void note(const std::string& problem) {
    if (first_problem_.empty()) first_problem_ = "cut " + std::to_string(outcome_.cuts) + ": " + problem;
  }

  const Durability durability_;
  std::mt19937_64 random_;
  ledger_test::TempFolder folder_;  // of the lock; the books are on the disk below
  PowerDisk disk_;
  PowerDisk::Image fresh_;
  Outcome outcome_;
  std::string first_problem_;
};

long cuts_wanted() { return env("ONECHAT_POWER_CUTS", env("ONECHAT_LONG", 0) != 0 ? 10'000 : 200); }
std::uint64_t seed() { return static_cast<std::uint64_t>(env("ONECHAT_SEED", 20'261'123)); }

TEST(PowerFail, FullLosesNothingAndLeavesSoundBooks) {
  PowerFail test(Durability::kFull, seed());
  const Outcome o = test.run(cuts_wanted());
  std::cout << "FULL: " << o << "\n";
  EXPECT_EQ(o.lost_ops, 0) << "seed " << seed();
  EXPECT_EQ(o.inconsistent, 0) << test.first_problem() << ", seed " << seed();
  EXPECT_EQ(o.unreadable, 0) << test.first_problem() << ", seed " << seed();
  EXPECT_GT(o.acked_ops, o.cuts * 10);
}

TEST(PowerFail, TheTestFindsWhatNormalLoses) {
  PowerFail test(Durability::kNormal, seed());
  const Outcome o = test.run(std::min(cuts_wanted(), 200l));
  std::cout << "NORMAL: " << o << "\n";
  EXPECT_GT(o.lost_cuts, o.cuts / 10);
}

TEST(PowerFail, TheTestFindsWhatOffDestroys) {
  PowerFail test(Durability::kOff, seed());
  const Outcome o = test.run(std::min(cuts_wanted(), 200l));
  std::cout << "OFF: " << o << "\n";
  EXPECT_GT(o.lost_cuts + o.unreadable, o.cuts / 10);
  EXPECT_GT(o.inconsistent + o.unreadable, 0);
}

}  // namespace
}  // namespace onechat::power_fail
