// A writer's traffic whose outcome is known in advance, so that after any failure the books can be compared with it.
#pragma once
#include <onechat/ledger_rows.hpp>

#include <string>
#include <vector>

#include "backend_fixture_test.hpp"

namespace onechat::ledger_test {

// Batch `n` of writer `writer`: a deposit of 1000, and 1 to 30 holds of 10, of which four in five are settled with 8.
inline std::vector<oc_ledger_op> traffic_batch(std::uint64_t writer, std::uint64_t n) {
  std::uint64_t h = ledger_core::mix(writer, n);
  const std::uint64_t first = (writer << 40) + n * 64;
  std::vector<oc_ledger_op> ops{op_of(OC_LOP_DEPOSIT, first, 1000)};
  for (std::uint64_t i = 1 + (h >> 8) % 30; i > 0; --i) {
    ops.push_back(op_of(OC_LOP_RESERVE, first + i, 10));
    ops.back().key_id = 1 + i % 3;
    if (i % 5 != 0) ops.push_back(op_of(OC_LOP_SETTLE, first + i, 7, 1));
  }
  for (auto& op : ops) {
    op.node = writer;
    op.account = op.kind == OC_LOP_SETTLE ? 0 : 1 + writer % 2;
  }
  return ops;
}

struct Expected {
  std::int64_t deposited = 0, spent = 0, held = 0;
  void add(const std::vector<oc_ledger_op>& ops) {
    for (const auto& op : ops) {
      if (op.kind == OC_LOP_DEPOSIT) deposited += op.amount;
      if (op.kind == OC_LOP_RESERVE) held += op.amount;
      if (op.kind == OC_LOP_SETTLE) held -= 10, spent += op.amount + op.fee;
    }
  }
};

// "" when wallet 1 + writer % 2 stands at what these batches make of it.
inline std::string difference(TestBackend& b, std::uint64_t account, const Expected& e) {
  const oc_ledger_balance is = b.balance(account);
  const std::int64_t available = e.deposited - e.spent - e.held;
  if (is.available == available && is.held == e.held) return "";
  return "available " + std::to_string(is.available) + " held " + std::to_string(is.held) + ", not " +
         std::to_string(available) + " and " + std::to_string(e.held);
}

}  // namespace onechat::ledger_test
