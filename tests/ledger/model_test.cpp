// The state machine against the same rules written the obvious way, op by op over random traffic.
#include "model_run.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "memory_backend.hpp"
#include "test_calendar.hpp"

namespace onechat::ledger_test {
namespace {

ledger_core::Calendar core_calendar() {
  return [](std::uint32_t period, const std::string& zone, std::int64_t at_ms) {
    const auto w = test_window(period, zone, at_ms).value();
    return ledger_core::Span{w.first, w.second};
  };
}
ReferenceLedger::Window reference_calendar(std::uint32_t period, const std::string& zone, std::int64_t at_ms) {
  return test_window(period, zone, at_ms).value();
}

long wanted_ops() {
  const char* text = std::getenv("ONECHAT_LEDGER_OPS");
  return text != nullptr ? std::atol(text) : 200'000;
}

// What the traffic must have met at least once, or the test is worth less than it says.
const std::set<std::pair<std::uint32_t, oc_status>> kMeets{{OC_LOP_DEPOSIT, OC_OK},
                                                           {OC_LOP_DEPOSIT, OC_DUPLICATE},
                                                           {OC_LOP_DEPOSIT, OC_E_CONFLICT},
                                                           {OC_LOP_DEPOSIT, OC_E_LINKED},
                                                           {OC_LOP_TRANSFER, OC_OK},
                                                           {OC_LOP_TRANSFER, OC_E_FUNDS},
                                                           {OC_LOP_RESERVE, OC_OK},
                                                           {OC_LOP_RESERVE, OC_DUPLICATE},
                                                           {OC_LOP_RESERVE, OC_E_CONFLICT},
                                                           {OC_LOP_RESERVE, OC_E_FUNDS},
                                                           {OC_LOP_RESERVE, OC_E_LIMIT},
                                                           {OC_LOP_RESERVE, OC_E_FENCED},
                                                           {OC_LOP_RESERVE, OC_E_LINKED},
                                                           {OC_LOP_EXTEND, OC_OK},
                                                           {OC_LOP_EXTEND, OC_DUPLICATE},
                                                           {OC_LOP_EXTEND, OC_E_FUNDS},
                                                           {OC_LOP_EXTEND, OC_E_LIMIT},
                                                           {OC_LOP_EXTEND, OC_E_NOT_FOUND},
                                                           {OC_LOP_SETTLE, OC_OK},
                                                           {OC_LOP_SETTLE, OC_LATE},
                                                           {OC_LOP_SETTLE, OC_DUPLICATE},
                                                           {OC_LOP_SETTLE, OC_E_CONFLICT},
                                                           {OC_LOP_VOID, OC_OK},
                                                           {OC_LOP_VOID, OC_LATE},
                                                           {OC_LOP_VOID, OC_DUPLICATE},
                                                           {OC_LOP_VOID, OC_E_NOT_FOUND},
                                                           {OC_LOP_REFUND, OC_OK},
                                                           {OC_LOP_REFUND, OC_E_INVALID},
                                                           {OC_LOP_REFUND, OC_DUPLICATE},
                                                           {OC_LOP_LEASE, OC_OK},
                                                           {OC_LOP_LEASE, OC_DUPLICATE},
                                                           {OC_LOP_LEASE, OC_E_FUNDS},
                                                           {OC_LOP_LEASE_RENEW, OC_OK},
                                                           {OC_LOP_LEASE_RENEW, OC_E_FENCED},
                                                           {OC_LOP_LEASE_RENEW, OC_E_NOT_FOUND},
                                                           {OC_LOP_LEASE_SETTLE, OC_OK},
                                                           {OC_LOP_LEASE_SETTLE, OC_LATE},
                                                           {OC_LOP_LEASE_SETTLE, OC_DUPLICATE},
                                                           {OC_LOP_LEASE_CLOSE, OC_OK},
                                                           {OC_LOP_LEASE_CLOSE, OC_LATE},
                                                           {OC_LOP_SWEEP, OC_OK},
                                                           {OC_LOP_SWEEP, OC_E_INVALID},
                                                           {OC_LOP_HEARTBEAT, OC_OK},
                                                           {OC_LOP_HEARTBEAT, OC_E_FENCED},
                                                           {OC_LOP_PROGRESS, OC_OK},
                                                           {OC_LOP_PROGRESS, OC_LATE},
                                                           {OC_LOP_EPOCH, OC_OK},
                                                           {OC_LOP_EPOCH, OC_DUPLICATE},
                                                           {OC_LOP_WITHDRAW, OC_OK},
                                                           {OC_LOP_WITHDRAW, OC_E_FUNDS},
                                                           {OC_LOP_GRANT, OC_OK},
                                                           {OC_LOP_GRANT, OC_E_INVALID},
                                                           {OC_LOP_TERMS, OC_OK},
                                                           {OC_LOP_TERMS, OC_E_FUNDS}};

TEST(LedgerModel, TheCoreAgreesWithTheReferenceOnRandomTraffic) {
  constexpr long kOpsPerSeed = 25'000;
  std::set<std::pair<std::uint32_t, oc_status>> seen;
  for (long done = 0, seed = 1; done < wanted_ops(); ++seed) {
    std::int64_t clock_ms = 0;
    MemoryBackend backend(core_calendar(), clock_ms);
    ModelOptions options;
    options.seed = static_cast<std::uint64_t>(seed);
    options.ops = kOpsPerSeed;
    options.zones = {"", "Asia/Kolkata", "America/Phoenix", "Asia/Tokyo"};
    ModelRun run(options, reference_calendar, clock_ms);
    run.backend = &MemoryBackend::table();
    run.instance = &backend;
    ASSERT_EQ(run.run(), "");
    done += run.ops_done();
    seen.insert(run.seen.begin(), run.seen.end());
  }
  for (const auto& [kind, status] : kMeets)
    EXPECT_TRUE(seen.count({kind, status}) != 0)
        << "the traffic never had kind " << kind << " answered with " << status;
}

}  // namespace
}  // namespace onechat::ledger_test
