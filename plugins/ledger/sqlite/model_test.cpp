// ledger.sqlite against the reference, op by op, over random traffic with re-opened files in between.
#include <gtest/gtest.h>

#include <set>

#include "backend_fixture.hpp"
#include "random_ops.hpp"
#include "reference_ledger.hpp"

namespace onechat::ledger_test {
namespace {

TEST(LedgerModel, SqliteAgreesWithTheReferenceOnRandomTraffic) {
  const char* wanted = std::getenv("ONECHAT_LEDGER_MODEL_OPS");
  const long ops_per_seed = wanted != nullptr ? std::atol(wanted) : 70'000;
  std::set<oc_status> seen;
  for (const std::uint64_t seed : {1u, 2u, 3u}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    TempFolder folder;
    auto backend = std::make_unique<TestBackend>(folder.file());
    RandomOps random(seed);
    ReferenceLedger reference;
    std::vector<oc_ledger_result> results;
    for (long done = 0; done < ops_per_seed;) {
      if (random.pick(400) == 0) {
        backend.reset();
        backend = std::make_unique<TestBackend>(folder.file());
      }
      std::vector<oc_ledger_op> ops(1 + random.pick(200));
      for (auto& op : ops) op = random.next();
      reference.now_ms = g_now_ms += random.pick(300);
      ASSERT_EQ(backend->apply(ops, results), OC_OK) << g_log;
      for (std::size_t i = 0; i < ops.size(); ++i) {
        const oc_ledger_result expected = reference.apply(ops[i]);
        seen.insert(expected.status);
        ASSERT_TRUE(same(expected, results[i]))
            << "op " << done + static_cast<long>(i) << " kind " << ops[i].kind << ": expected status "
            << expected.status << " available " << expected.available << ", got " << results[i].status << " available "
            << results[i].available;
      }
      done += static_cast<long>(ops.size());
    }
    EXPECT_EQ(backend->verify(), std::vector<std::string>{});
    for (const auto& [account, w] : reference.wallets) {
      const oc_ledger_balance b = backend->balance(account);
      EXPECT_EQ(b.deposited, static_cast<std::int64_t>(w.deposited));
      EXPECT_EQ(b.spent, static_cast<std::int64_t>(w.spent));
      EXPECT_EQ(b.held, static_cast<std::int64_t>(w.held));
      EXPECT_EQ(b.available, static_cast<std::int64_t>(w.free() - w.debt));
    }
  }
  // The traffic is worth nothing unless it meets every rule.
  EXPECT_EQ(seen, (std::set<oc_status>{OC_OK, OC_DUPLICATE, OC_LATE, OC_E_INVALID, OC_E_FUNDS, OC_E_LIMIT,
                                       OC_E_CONFLICT, OC_E_NOT_FOUND}));
}

}  // namespace
}  // namespace onechat::ledger_test
