// Operations per second and processor time of ledger.sqlite by batch size: half RESERVE, half SETTLE, 64 wallets, with
// keys; then LEASE_SETTLEs of one lease, with ids as two workers make them. An argument is how long each takes, in s.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <random>

#include "backend_fixture_test.hpp"

using namespace onechat::ledger_test;

namespace {

using NextBatch = std::function<void(std::vector<oc_ledger_op>&, std::size_t)>;

// False: the books refused a batch.
bool measure(const char* what, TestBackend& b, std::size_t batch, double seconds, const NextBatch& fill) {
  std::vector<oc_ledger_result> results;
  std::size_t ops_done = 0;
  std::vector<double> commits_us;
  const std::clock_t cpu = std::clock();
  const auto start = std::chrono::steady_clock::now();
  std::chrono::duration<double> spent{};
  while (spent.count() < seconds) {
    std::vector<oc_ledger_op> ops;
    fill(ops, batch);
    const auto t0 = std::chrono::steady_clock::now();
    if (b.apply(ops, results) != OC_OK || results.back().status < 0) return false;
    const auto t1 = std::chrono::steady_clock::now();
    commits_us.push_back(std::chrono::duration<double, std::micro>(t1 - t0).count());
    ops_done += batch;
    spent = t1 - start;
  }
  std::sort(commits_us.begin(), commits_us.end());
  const double cpu_us = 1e6 * static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC / static_cast<double>(ops_done);
  std::printf("%s, batch %4zu: %8.0f ops/s, %5.1f us of CPU an op, commit p50 %.2f ms, p99 %.2f ms\n", what, batch,
              static_cast<double>(ops_done) / spent.count(), cpu_us, commits_us[commits_us.size() / 2] / 1000,
              commits_us[commits_us.size() * 99 / 100] / 1000);
  return true;
}

bool direct(std::size_t batch, double seconds) {
  TempFolder folder;
  TestBackend b(folder.file());
  for (std::uint64_t account = 1; account <= 64; ++account) {
    auto op = op_of(OC_LOP_DEPOSIT, account, 1'000'000'000'000);
    op.account = account;
    b.apply(op);
  }
  std::uint64_t n = 1000, settled = 1000;
  return measure("direct", b, batch, seconds, [&](std::vector<oc_ledger_op>& ops, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
      const bool settle = n - settled > 500 && i % 2 != 0;
      auto op = settle ? op_of(OC_LOP_SETTLE, settled++, 900, 90) : op_of(OC_LOP_RESERVE, n++, 1000);
      op.account = settle ? 0 : n % 64 + 1;
      op.key_id = settle ? 0 : n % 64 + 1;
      ops.push_back(op);
    }
  });
}

bool leased(std::size_t batch, double seconds) {
  constexpr std::uint64_t kPerMs = 10, kLease = 2;
  TempFolder folder;
  TestBackend b(folder.file());
  b.apply(op_of(OC_LOP_DEPOSIT, 1, INT64_MAX / 4));
  b.apply(op_of(OC_LOP_LEASE, kLease, INT64_MAX / 8));
  std::mt19937_64 chance(1);
  std::uint64_t n = 0;
  return measure("leased", b, batch, seconds, [&](std::vector<oc_ledger_op>& ops, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i, ++n) {
      auto op = about(op_of(OC_LOP_LEASE_SETTLE, 0, 900, 90), kLease);
      op.key_id = 5;
      op.id = {(1'700'000'000'100 + n / kPerMs) << 16 | 1, n % kPerMs / 2 << 40 | chance() >> 24};
      ops.push_back(op);
    }
  });
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 3;
  for (const std::size_t batch : {1, 10, 100, 500})
    if (!direct(batch, seconds)) return 1;
  for (const std::size_t batch : {10, 100, 500})
    if (!leased(batch, seconds)) return 1;
}
