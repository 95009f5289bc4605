// Operations per second of ledger.postgres on one hot wallet, by batch size: half RESERVE, half SETTLE, 64 keys. The
// processor time is that of the client and of the server's process for it, so it says more than ops/s on a busy
// machine.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>

#include "backend_fixture_test.hpp"

using namespace onechat::ledger_test;

namespace {

// Seconds of processor time that a process has used.
double cpu_of(const std::string& pid) {
  std::ifstream in("/proc/" + pid + "/stat");
  std::string all((std::istreambuf_iterator<char>(in)), {});
  unsigned long user = 0, kernel = 0;
  if (all.rfind(')') == std::string::npos ||
      std::sscanf(all.c_str() + all.rfind(')') + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                  &kernel) != 2)
    return 0;
  return static_cast<double>(user + kernel) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

void measure(const std::string& url, std::size_t batch, double seconds) {
  TestBackend b(url, "bench_" + std::to_string(batch));
  if (b.status != OC_OK) throw std::runtime_error(b.error);
  b.apply(op_of(OC_LOP_DEPOSIT, 1, 1'000'000'000'000'000));
  std::vector<oc_ledger_result> results;
  std::uint64_t n = 1000, settled = 1000;
  std::size_t ops_done = 0;
  std::vector<double> commits_ms;
  std::string pid =
      onechat::test::query_text(url, "SELECT max(pid) FROM pg_stat_activity WHERE application_name = '1chat-ledger'");
  pid.pop_back();
  const std::clock_t cpu = std::clock();
  const double server_before = cpu_of(pid);
  const auto start = std::chrono::steady_clock::now();
  std::chrono::duration<double> spent{};
  while (spent.count() < seconds) {
    std::vector<oc_ledger_op> ops;
    for (std::size_t i = 0; i < batch; ++i) {
      const bool settle = n - settled > 500 && (ops_done + i) % 2 != 0;
      auto op = settle ? op_of(OC_LOP_SETTLE, settled++, 900, 90) : op_of(OC_LOP_RESERVE, n++, 1000);
      op.key_id = settle ? 0 : n % 64 + 1;
      ops.push_back(op);
    }
    const auto t0 = std::chrono::steady_clock::now();
    if (b.apply(ops, results) != OC_OK) throw std::runtime_error(g_log);
    const auto t1 = std::chrono::steady_clock::now();
    commits_ms.push_back(std::chrono::duration<double, std::milli>(t1 - t0).count());
    ops_done += batch;
    spent = t1 - start;
  }
  std::sort(commits_ms.begin(), commits_ms.end());
  const double cpu_us = 1e6 * static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC / static_cast<double>(ops_done);
  const double server_us = 1e6 * (cpu_of(pid) - server_before) / static_cast<double>(ops_done);
  std::printf("batch %4zu: %8.0f ops/s, CPU an op %5.1f us client, %5.1f us server, commit p50 %.2f ms, p99 %.2f ms\n",
              batch, static_cast<double>(ops_done) / spent.count(), cpu_us, server_us,
              commits_ms[commits_ms.size() / 2], commits_ms[commits_ms.size() * 99 / 100]);
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 3;
  std::string load;
  std::getline(std::ifstream("/proc/loadavg"), load);
  std::printf("load of the machine before: %s\n", load.c_str());
  const onechat::test::PostgresServer server;
  for (const std::size_t batch : {1, 10, 100, 200, 500}) measure(server.url(), batch, seconds);
}
