// Random ledger traffic from a small world, so that retries, conflicts, late settles, limits and debts all happen.
#pragma once
#include <onechat/ledger_core.hpp>

#include <random>
#include <vector>

namespace onechat::ledger_test {

class RandomOps {
 public:
  explicit RandomOps(std::uint64_t seed) : random_(seed) {}

  oc_ledger_op next() {
    const unsigned dice = pick(100);
    if (!history_.empty() && dice < 8) {  // a retry, sometimes with another body
      oc_ledger_op op =
          history_[history_.size() - 1 - pick(static_cast<unsigned>(std::min<std::size_t>(history_.size(), 400)))];
      if (pick(4) == 0) op.amount ^= 1;
      return op;
    }
    oc_ledger_op op = dice < 14   ? deposit()
                      : dice < 54 ? reserve()
                      : dice < 86 ? settle()
                      : dice < 95 ? cancel()
                                  : rare();
    history_.push_back(op);
    return op;
  }
  unsigned pick(unsigned n) { return static_cast<unsigned>(random_() % n); }

 private:
  oc_id128 fresh() { return {++counter_, random_() | 1}; }
  oc_id128 some_hold() {
    if (holds_.empty() || pick(50) == 0) return fresh();  // a hold that never was
    return holds_[holds_.size() - 1 - pick(static_cast<unsigned>(std::min<std::size_t>(holds_.size(), 60)))];
  }
  oc_ledger_op base(std::uint32_t kind) {
    oc_ledger_op op{};
    op.kind = kind;
    op.id = fresh();
    op.account = 1 + pick(5);
    op.key_id = pick(4);
    op.node = 1 + pick(2);
    op.epoch = pick(8) == 0 ? 0 : 1'000'000;  // old, or newer than any
    return op;
  }
  oc_ledger_op deposit() {
    oc_ledger_op op = base(OC_LOP_DEPOSIT);
    op.amount = pick(20) == 0 ? 0 : 1 + pick(900);
    op.account2 = pick(2);
    return op;
  }
  oc_ledger_op reserve() {
    oc_ledger_op op = base(OC_LOP_RESERVE);
    op.amount = pick(200);
    op.ttl_ms = 1 + pick(5000);
    holds_.push_back(op.id);
    return op;
  }
  oc_ledger_op settle() {
    oc_ledger_op op = base(OC_LOP_SETTLE);
    op.ref = some_hold();
    op.id = ledger_core::settle_id(op.ref);
    if (pick(3) != 0) op.account = 0, op.key_id = 0;
    op.amount = pick(6) == 0 ? 0 : pick(250);
    op.fee = op.amount == 0 ? 0 : pick(20);
    if (pick(60) == 0) op.fee = -1;
    if (pick(60) == 0) op.amount = INT64_MAX, op.fee = 9;  // does not fit
    op.overage = pick(3);
    op.flags = pick(5) == 0 ? OC_LF_ESTIMATED : 0;
    return op;
  }
  oc_ledger_op cancel() {
    oc_ledger_op op = base(OC_LOP_VOID);
    op.ref = some_hold();
    op.account = pick(3) == 0 ? op.account : 0;
    op.key_id = 0;
    return op;
  }
  oc_ledger_op rare() {
    oc_ledger_op op = base(0);
    op.kind = pick(3) == 0 ? OC_LOP_EPOCH : pick(2) == 0 ? OC_LOP_SWEEP : OC_LOP_LIMIT;
    op.amount = op.kind == OC_LOP_LIMIT ? std::int64_t(pick(60'000)) - 500 : pick(3);
    return op;
  }

  std::mt19937_64 random_;
  std::uint64_t counter_ = 1'700'000'000'000ull << 16;
  std::vector<oc_ledger_op> history_;
  std::vector<oc_id128> holds_;
};

inline bool same(const oc_ledger_result& a, const oc_ledger_result& b) {
  return a.status == b.status && a.flags == b.flags && a.posted == b.posted && a.released == b.released &&
         a.shortfall == b.shortfall && a.available == b.available && a.limit_scope == b.limit_scope;
}

}  // namespace onechat::ledger_test
