// kill -9 at any moment: what was acknowledged is there, what is there adds up.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "busy_batches.hpp"

namespace onechat::ledger_test {
namespace {

// The writer: after each batch that was applied it tells how many there were.
[[noreturn]] void write_until_killed(const std::string& file, int out, std::uint64_t first_id, std::uint64_t seed) {
  TestBackend b(file);
  if (b.status != OC_OK) ::_exit(9);
  BusyBatches batches(first_id, seed);
  std::vector<oc_ledger_result> results;
  for (std::uint64_t n = 1;; ++n) {
    if (b.apply(batches.next(), results) != OC_OK) ::_exit(8);
    for (const oc_ledger_result& r : results)
      if (r.status < 0) ::_exit(6);
    if (::write(out, &n, sizeof n) != sizeof n) ::_exit(7);
  }
}

TEST(LedgerCrash, NothingAcknowledgedIsLostByKill9) {
  const char* wanted = std::getenv("ONECHAT_LEDGER_KILLS");
  const int kills = wanted != nullptr ? std::atoi(wanted) : 20;
  TempFolder folder;
  {
    TestBackend b(folder.file());
    ASSERT_EQ(b.put_budget(OC_SCOPE_KEY, 4, OC_WINDOW_DAY, 1'000'000'000), OC_OK);
    ASSERT_EQ(b.put_budget(OC_SCOPE_PROJECT, 3, OC_WINDOW_TOTAL, 1'000'000'000), OC_OK);
  }
  std::mt19937_64 random(77);
  std::uint64_t first_id = 1, acked_all = 0;
  for (int kill = 0; kill < kills; ++kill) {
    const std::uint64_t seed = random();
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const int child = ::fork();
    if (child == 0) {
      ::close(pipe[0]);
      write_until_killed(folder.file(), pipe[1], first_id, seed);
    }
    ::close(pipe[1]);
    std::uint64_t n = 0, acked = 0;
    ASSERT_EQ(::read(pipe[0], &n, sizeof n), ssize_t(sizeof n)) << "the writer did not start";
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 60'000));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself, exit " << WEXITSTATUS(status);
    do acked = n;
    while (::read(pipe[0], &n, sizeof n) == ssize_t(sizeof n));
    ::close(pipe[0]);

    TestBackend b(folder.file());
    ASSERT_EQ(b.status, OC_OK) << b.error;
    ASSERT_EQ(b.verify(), std::vector<std::string>{}) << "after kill " << kill;
    BusyBatches again(first_id, seed);
    std::vector<oc_ledger_result> results;
    for (std::uint64_t i = 0; i < acked; ++i) {
      const auto ops = again.next();
      ASSERT_EQ(b.apply(ops, results), OC_OK);
      for (std::size_t k = 0; k < ops.size(); ++k) {
        const bool known = results[k].status == OC_DUPLICATE || !BusyBatches::is_remembered(ops[k]);
        ASSERT_TRUE(known) << "kill " << kill << ": lost op " << k << " of batch " << i;
      }
    }
    ASSERT_EQ(b.verify(), std::vector<std::string>{});
    acked_all += acked;
    first_id = again.next_id() + 4 * BusyBatches::kIdsPerBatch;  // past what may have been applied without an answer
  }
  RecordProperty("acknowledged_batches", static_cast<int>(acked_all));
  EXPECT_GT(acked_all, static_cast<std::uint64_t>(kills));
}

}  // namespace
}  // namespace onechat::ledger_test
