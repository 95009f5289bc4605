// ledger.postgres against the reference, op by op over random traffic, with the instance made anew in between.
#include "ledger/model_run.hpp"

#include "server_fixture_test.hpp"

namespace onechat::ledger_test {
namespace {

TEST_F(PostgresTest, AgreesWithTheReferenceOnRandomTraffic) {
  constexpr long kOpsPerSeed = 10'000;
  const long wanted = number_from("ONECHAT_LEDGER_OPS", 50'000);
  for (long done = 0, seed = 1; done < wanted; ++seed) {
    const std::string books = "model_" + std::to_string(seed);
    auto backend = std::make_unique<TestBackend>(url(), books);
    ASSERT_EQ(backend->status, OC_OK) << backend->error;
    std::int64_t clock_ms = 0;
    ModelOptions options;
    options.seed = static_cast<std::uint64_t>(seed);
    options.ops = std::min(kOpsPerSeed, wanted - done);
    options.zones = {"", "Asia/Kolkata", "America/Phoenix", "Asia/Tokyo"};
    ModelRun* running = nullptr;
    options.between = [&] {
      backend.reset();
      backend = std::make_unique<TestBackend>(url(), books);
      running->instance = backend->instance();
    };
    ModelRun run(
        options,
        [](std::uint32_t period, const std::string& zone, std::int64_t at_ms) {
          return test_window(period, zone, at_ms).value();
        },
        clock_ms);
    running = &run;
    run.backend = backend->table;
    run.instance = backend->instance();
    g_clock = &clock_ms;
    EXPECT_EQ(run.run(), "") << g_log;
    g_clock = nullptr;
    done += run.ops_done();
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace onechat::ledger_test
