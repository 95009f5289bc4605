// kill -9 at any moment: what was acknowledged is there, what is there adds up.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <random>
#include <set>
#include <thread>

#include "backend_fixture.hpp"
#include "random_ops.hpp"

namespace onechat::ledger_test {
namespace {

// The writer: deposits, then holds that are settled; after each batch that was applied it tells its number.
[[noreturn]] void write_until_killed(const std::string& file, int out, std::uint64_t first, std::uint64_t seed) {
  TestBackend b(file);
  if (b.status != OC_OK) ::_exit(9);
  std::mt19937_64 random(seed);
  std::vector<oc_ledger_result> results;
  for (std::uint64_t n = first;;) {
    std::vector<oc_ledger_op> ops{op_of(OC_LOP_DEPOSIT, n, 1000)};
    for (std::uint64_t i = 1 + random() % 30; i > 0; --i) {
      ops.push_back(op_of(OC_LOP_RESERVE, n + i, 10));
      if (i % 5 != 0) ops.push_back(op_of(OC_LOP_SETTLE, n + i, 7, 1));
    }
    if (b.apply(ops, results) != OC_OK) ::_exit(8);
    if (::write(out, &n, sizeof n) != sizeof n) ::_exit(7);
    n += 40;
  }
}

TEST(LedgerCrash, NothingAcknowledgedIsLostByKill9) {
  const char* wanted = std::getenv("ONECHAT_LEDGER_KILLS");
  const int kills = wanted != nullptr ? std::atoi(wanted) : 20;
  TempFolder folder;
  std::mt19937_64 random(77);
  std::uint64_t next = 1, acked = 0;
  for (int kill = 0; kill < kills; ++kill) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const int child = ::fork();
    if (child == 0) {
      ::close(pipe[0]);
      write_until_killed(folder.file(), pipe[1], next, random());
    }
    ::close(pipe[1]);
    std::uint64_t n = 0;
    ASSERT_EQ(::read(pipe[0], &n, sizeof n), ssize_t(sizeof n)) << "the writer did not start";
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 60'000));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself, exit " << WEXITSTATUS(status);
    std::vector<std::uint64_t> batches{n};
    while (::read(pipe[0], &n, sizeof n) == ssize_t(sizeof n)) batches.push_back(n);
    ::close(pipe[0]);

    TestBackend b(folder.file());
    ASSERT_EQ(b.status, OC_OK) << b.error;
    ASSERT_EQ(b.verify(), std::vector<std::string>{}) << "after kill " << kill;
    for (const std::uint64_t batch : batches)  // a retry of what was acknowledged is a duplicate
      ASSERT_EQ(b.apply(op_of(OC_LOP_DEPOSIT, batch, 1000)).status, OC_DUPLICATE) << "lost batch " << batch;
    ASSERT_EQ(b.apply(op_of(OC_LOP_SETTLE, batches.back() + 1, 7, 1)).status, OC_DUPLICATE);
    acked += batches.size();
    next = batches.back() + 400;  // past what may have been applied without an answer
  }
  RecordProperty("acknowledged_batches", static_cast<int>(acked));
  EXPECT_GT(acked, static_cast<std::uint64_t>(kills));
}

}  // namespace
}  // namespace onechat::ledger_test
