// Operations per second and processor time of ledger.sqlite by batch size: half RESERVE, half SETTLE, 64 wallets, with
// keys.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>

#include "backend_fixture_test.hpp"

using namespace onechat::ledger_test;

int main() {
  for (const std::size_t batch : {1, 10, 100, 500}) {
    TempFolder folder;
    TestBackend b(folder.file());
    std::vector<oc_ledger_result> results;
    for (std::uint64_t account = 1; account <= 64; ++account) {
      auto op = op_of(OC_LOP_DEPOSIT, account, 1'000'000'000'000);
      op.account = account;
      b.apply(op);
    }
    std::uint64_t n = 1000, settled = 1000;
    std::size_t ops_done = 0;
    std::vector<double> commits_us;
    const std::clock_t cpu = std::clock();
    const auto start = std::chrono::steady_clock::now();
    std::chrono::duration<double> spent{};
    while (spent.count() < 3) {
      std::vector<oc_ledger_op> ops;
      for (std::size_t i = 0; i < batch; ++i) {
        const bool settle = n - settled > 500 ? (ops_done + i) % 2 != 0 : false;
        auto op = settle ? op_of(OC_LOP_SETTLE, settled++, 900, 90) : op_of(OC_LOP_RESERVE, n++, 1000);
        op.account = settle ? 0 : n % 64 + 1;
        op.key_id = settle ? 0 : n % 64 + 1;
        ops.push_back(op);
      }
      const auto t0 = std::chrono::steady_clock::now();
      if (b.apply(ops, results) != OC_OK) return 1;
      const auto t1 = std::chrono::steady_clock::now();
      commits_us.push_back(std::chrono::duration<double, std::micro>(t1 - t0).count());
      ops_done += batch;
      spent = t1 - start;
    }
    std::sort(commits_us.begin(), commits_us.end());
    const double cpu_us =
        1e6 * static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC / static_cast<double>(ops_done);
    std::printf("batch %4zu: %8.0f ops/s, %5.1f us of CPU an op, commit p50 %.2f ms, p99 %.2f ms\n", batch,
                static_cast<double>(ops_done) / spent.count(), cpu_us, commits_us[commits_us.size() / 2] / 1000,
                commits_us[commits_us.size() * 99 / 100] / 1000);
  }
}
