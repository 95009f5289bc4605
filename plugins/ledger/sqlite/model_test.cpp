// ledger.sqlite against the reference, op by op, over random traffic with files that are opened anew in between.
#include <gtest/gtest.h>

#include "backend_fixture_test.hpp"
#include "ledger/model_run.hpp"

namespace onechat::ledger_test {
namespace {

TEST(LedgerModel, SqliteAgreesWithTheReferenceOnRandomTraffic) {
  constexpr long kOpsPerSeed = 15'000;
  const char* wanted = std::getenv("ONECHAT_LEDGER_OPS");
  const long ops = wanted != nullptr ? std::atol(wanted) : 45'000;
  for (long done = 0, seed = 1; done < ops; done += kOpsPerSeed, ++seed) {
    TempFolder folder;
    auto backend = std::make_unique<TestBackend>(folder.file());
    ModelOptions options;
    options.seed = static_cast<std::uint64_t>(seed);
    options.ops = kOpsPerSeed;
    options.zones = {"", "Asia/Kolkata", "America/Phoenix", "Asia/Tokyo"};
    ModelRun* running = nullptr;
    options.between = [&] {
      backend.reset();
      backend = std::make_unique<TestBackend>(folder.file());
      running->instance = backend->instance();
    };
    const auto calendar = [](std::uint32_t period, const std::string& zone, std::int64_t at_ms) {
      return test_window(period, zone, at_ms).value();
    };
    std::int64_t clock_ms = g_now_ms;
    g_clock = &clock_ms;
    ModelRun run(options, calendar, clock_ms);
    running = &run;
    run.backend = backend->table;
    run.instance = backend->instance();
    EXPECT_EQ(run.run(), "") << g_log;
    g_clock = nullptr;
  }
}

}  // namespace
}  // namespace onechat::ledger_test
