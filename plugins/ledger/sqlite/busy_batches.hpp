// Batches with every kind of money in motion: what a crash or a power cut has to leave whole.
#pragma once
#include <random>

#include "backend_fixture_test.hpp"

namespace onechat::ledger_test {

// The same seed gives the same batches, so that a survivor can ask for what another process had done.
class BusyBatches {
 public:
  static constexpr std::uint64_t kIdsPerBatch = 64;

  explicit BusyBatches(std::uint64_t first_id, std::uint64_t seed) : id_(first_id), random_(seed) {}
  std::uint64_t next_id() const noexcept { return id_; }

  std::vector<oc_ledger_op> next() {
    const std::uint64_t first = id_;
    id_ += kIdsPerBatch;
    std::vector<oc_ledger_op> ops{op_of(OC_LOP_DEPOSIT, first, 1000)};
    if (batches_++ % kLeaseBatches == 0) {
      if (lease_ != 0) ops.push_back(op_of(OC_LOP_LEASE_CLOSE, lease_));
      lease_ = first + 1;
      ops.push_back(scoped(op_of(OC_LOP_LEASE, lease_, 200)));
      ops.push_back(op_of(OC_LOP_GRANT, first + 2, 50));
    }
    for (std::uint64_t i = 0; i < 1 + random_() % 12; ++i) {
      const std::uint64_t hold = first + 10 + i;
      ops.push_back(scoped(op_of(OC_LOP_RESERVE, hold, 10)));
      if (i % 3 == 0) ops.push_back(op_of(OC_LOP_PROGRESS, hold, 3, 1));
      if (i % 5 == 4) continue;  // stays open
      ops.push_back(i % 7 == 6 ? op_of(OC_LOP_VOID, hold) : op_of(OC_LOP_SETTLE, hold, 7, 1));
    }
    for (std::uint64_t i = 0; i < random_() % 8; ++i) ops.push_back(about(op_of(OC_LOP_LEASE_SETTLE, first + 30 + i, 4, 1), lease_));
    if (random_() % 3 == 0) ops.push_back(about(op_of(OC_LOP_REFUND, first + 50, 5), first + 10));
    if (random_() % 3 == 0) {
      ops.push_back(op_of(OC_LOP_TRANSFER, first + 51, 20));
      ops.back().account2 = 2;
    }
    return ops;
  }

  // An op that is known by its id for ever: the same again is a duplicate.
  static bool is_remembered(const oc_ledger_op& op) {
    switch (op.kind) {
      case OC_LOP_PROGRESS:
      case OC_LOP_LEASE_CLOSE: return false;
      default: return true;
    }
  }

 private:
  static constexpr std::uint64_t kLeaseBatches = 5;
  static oc_ledger_op scoped(oc_ledger_op op) {
    op.project_id = 3;
    op.key_id = 4;
    return op;
  }

  std::uint64_t id_, lease_ = 0, batches_ = 0;
  std::mt19937_64 random_;
};

}  // namespace onechat::ledger_test
