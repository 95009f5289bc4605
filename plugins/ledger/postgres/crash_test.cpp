// What was acknowledged is there and counted once, whoever dies: this process, the server, or the connection between.
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <random>
#include <thread>

#include "cut_proxy_test.hpp"
#include "server_fixture_test.hpp"
#include "traffic_test.hpp"

namespace onechat::ledger_test {
namespace {

using PostgresCrash = PostgresTest;

[[noreturn]] void write_until_killed(const std::string& url, const std::string& books, int out, std::uint64_t n) {
  TestBackend b(url, books);
  if (b.status != OC_OK) ::_exit(9);
  std::vector<oc_ledger_result> results;
  for (;; ++n) {
    if (b.apply_until_known(traffic_batch(1, n), results) != OC_OK) ::_exit(8);
    if (::write(out, &n, sizeof n) != sizeof n) ::_exit(7);
  }
}

TEST_F(PostgresCrash, NothingAcknowledgedIsLostByKill9OfTheWriter) {
  std::mt19937_64 random(77);
  std::uint64_t next = 1;
  Expected expected;
  for (int kill = 0, kills = number_from("ONECHAT_LEDGER_KILLS", 20); kill < kills; ++kill) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const int child = ::fork();
    if (child == 0) {
      ::close(pipe[0]);
      write_until_killed(url(), schema(), pipe[1], next);
    }
    ::close(pipe[1]);
    std::uint64_t n = 0;
    ASSERT_EQ(::read(pipe[0], &n, sizeof n), ssize_t(sizeof n)) << "the writer did not start";
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 60'000));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself, exit " << WEXITSTATUS(status);
    std::uint64_t last = n;
    while (::read(pipe[0], &n, sizeof n) == ssize_t(sizeof n)) last = n;
    ::close(pipe[0]);

    // All acknowledged batches are there, and the next may be: submitted again it is a duplicate or new, never both.
    TestBackend b(url(), schema());
    std::vector<oc_ledger_result> results;
    for (; next <= last; ++next) {
      const auto ops = traffic_batch(1, next);
      ASSERT_EQ(b.apply(ops, results), OC_OK) << g_log;
      for (const auto& r : results) ASSERT_EQ(r.status, OC_DUPLICATE) << "lost batch " << next;
      expected.add(ops);
    }
    ASSERT_EQ(b.apply(traffic_batch(1, next), results), OC_OK) << g_log;
    for (const auto& r : results) ASSERT_EQ(r.status, results[0].status) << "half a batch";
    expected.add(traffic_batch(1, next++));
    ASSERT_EQ(difference(b, 2, expected), "") << "after kill " << kill;
  }
  TestBackend b(url(), schema());
  EXPECT_EQ(b.verify(), std::vector<std::string>{});
}

// The host's part: it submits a batch again, unchanged, until there is an answer.
void write_batches(TestBackend& b, std::uint64_t writer, std::uint64_t& n, const std::atomic<bool>& stop,
                   Expected& expected) {
  std::vector<oc_ledger_result> results;
  while (!stop) {
    const auto ops = traffic_batch(writer, n++);
    oc_status s = OC_E_UNAVAILABLE;
    while ((s = b.apply(ops, results)) == OC_E_UNAVAILABLE) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    ASSERT_EQ(s, OC_OK) << g_log;
    for (const auto& r : results) ASSERT_TRUE(r.status == OC_OK || r.status == OC_DUPLICATE) << r.status;
    expected.add(ops);
  }
}

TEST_F(PostgresCrash, NothingIsLostOrDoubledWhenTheServerDiesUnderLoad) {
  test::PostgresServer mortal;
  std::mt19937_64 random(78);
  Expected expected[2];
  std::uint64_t next[2] = {1, 1};
  std::unique_ptr<TestBackend> backends[2];
  for (std::uint64_t i = 0; i < 2; ++i) {
    backends[i] = std::make_unique<TestBackend>(mortal.url(), "books");
    ASSERT_EQ(backends[i]->status, OC_OK) << backends[i]->error;
    auto epoch = op_of(OC_LOP_EPOCH, i + 1);
    epoch.node = i + 1;
    ASSERT_EQ(backends[i]->apply(epoch).status, OC_OK) << g_log;
  }
  for (int death = 0, deaths = number_from("ONECHAT_LEDGER_SERVER_KILLS", 5); death < deaths; ++death) {
    std::atomic<bool> stop{false};
    std::jthread first([&] { write_batches(*backends[0], 1, next[0], stop, expected[0]); });
    std::jthread second([&] { write_batches(*backends[1], 2, next[1], stop, expected[1]); });
    std::this_thread::sleep_for(std::chrono::milliseconds(100 + random() % 200));
    death % 2 == 0 ? mortal.crash() : mortal.stop_immediate();
    mortal.start();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    stop = true;
    first.join();
    second.join();
    if (HasFailure()) return;
    ASSERT_EQ(difference(*backends[0], 2, expected[0]), "") << "after death " << death;
    ASSERT_EQ(difference(*backends[0], 1, expected[1]), "") << "after death " << death;
    ASSERT_EQ(backends[0]->verify(), std::vector<std::string>{}) << "after death " << death;
  }
  EXPECT_GT(next[0], 10u);
}

TEST_F(PostgresCrash, AnAnswerLostInCommitIsResolvedByTheSameBatchAgain) {
  CutProxy proxy(server().port());
  TestBackend b(server().tcp_url(proxy.port()), schema());
  ASSERT_EQ(b.status, OC_OK) << b.error;
  std::vector<oc_ledger_result> results;
  Expected expected;
  const int wanted = number_from("ONECHAT_LEDGER_CUTS", 200);
  int found_done = 0, found_undone = 0;
  for (int i = 1; i <= wanted; ++i) {
    const auto ops = traffic_batch(1, static_cast<std::uint64_t>(i));
    proxy.cut_next_commit(i % 2 == 0 ? CutProxy::Cut::before_client : CutProxy::Cut::before_server);
    ASSERT_EQ(b.apply(ops, results), OC_E_UNAVAILABLE) << "an answer that nobody got";
    ASSERT_EQ(b.apply_until_known(ops, results, 5), OC_OK) << g_log;
    ASSERT_TRUE(results[0].status == OC_OK || results[0].status == OC_DUPLICATE);
    ++(results[0].status == OC_OK ? found_undone : found_done);
    for (const auto& r : results) ASSERT_EQ(r.status, results[0].status) << "half a batch";
    expected.add(ops);
  }
  EXPECT_EQ(proxy.cuts(), wanted);
  EXPECT_EQ(found_done, wanted / 2) << "those that the server had committed";
  EXPECT_EQ(found_undone, wanted - wanted / 2);
  EXPECT_EQ(difference(b, 2, expected), "");
  EXPECT_EQ(b.verify(), std::vector<std::string>{});
}

}  // namespace
}  // namespace onechat::ledger_test
