// Operations for checks: makers of single ones, and batches of which each op that was accepted must be remembered by its
// id for ever (no TERMS, PROGRESS and the like). Batch `n` is a function of seed and `n` alone.
#pragma once
#include <onechat/ledger_batch.hpp>

#include <random>
#include <string>

#include "subject.hpp"

namespace onechat::conformance {

inline oc_ledger_op op_of(std::uint32_t kind, oc_id128 id, std::uint64_t account, std::int64_t amount,
                          std::int64_t fee = 0) {
  oc_ledger_op op{};
  op.kind = kind;
  op.id = id;
  op.account = account;
  op.amount = amount;
  op.fee = fee;
  op.node = 1;
  op.epoch = 1'000'000;  // newer than any
  op.ttl_ms = 3'600'000;
  return op;
}
inline oc_ledger_op ends(std::uint32_t kind, oc_id128 hold, std::int64_t amount = 0, std::int64_t fee = 0,
                         std::uint64_t account = 0) {
  oc_ledger_op op = op_of(kind, ledger_core::settle_id(hold), account, amount, fee);
  op.ref = hold;
  op.ttl_ms = 0;
  return op;
}

class Traffic {
 public:
  explicit Traffic(std::uint64_t seed) : seed_(seed) {}

  static constexpr std::uint64_t kWallets = 8;
  static constexpr std::uint64_t kIdsOfBatch = 64;

  // Begins and ends with a DEPOSIT, which is always accepted.
  Ops batch(std::uint64_t n) const {
    std::mt19937_64 random(seed_ * 0x9e3779b97f4a7c15ull + n);
    const auto pick = [&](std::uint64_t below) { return random() % below; };
    const auto wallet = [&] { return 1 + pick(kWallets); };
    std::uint64_t used = 0;
    const auto fresh = [&] { return id(n, used++); };
    Ops ops{op_of(OC_LOP_DEPOSIT, fresh(), wallet(), 1 + static_cast<std::int64_t>(pick(3000)))};
    for (std::uint64_t rounds = 1 + pick(12); rounds > 0; --rounds) {
      const auto cost = static_cast<std::int64_t>(1 + pick(400)), fee = static_cast<std::int64_t>(pick(40));
      const std::uint64_t payer = wallet();
      const oc_id128 hold = fresh();
      switch (pick(10)) {
        case 0: {  // a lease with two requests; one may come after its end
          ops.push_back(op_of(OC_LOP_LEASE, hold, payer, 2 * cost));
          ops.push_back(lease_settle(fresh(), hold, payer, cost, fee));
          ops.push_back(ends(OC_LOP_LEASE_CLOSE, hold));
          ops.push_back(lease_settle(fresh(), hold, payer, 1 + cost / 2, 0));
          break;
        }
        case 1: ops.push_back(op_of(OC_LOP_GRANT, hold, payer, cost)); ops.back().epoch = 0; break;
        case 2: {
          ops.push_back(op_of(OC_LOP_TRANSFER, hold, payer, cost));
          ops.back().account2 = 1 + payer % kWallets;
          break;
        }
        case 3: {
          ops.push_back(op_of(OC_LOP_RESERVE, hold, payer, cost));
          ops.push_back(ends(OC_LOP_VOID, hold));
          break;
        }
        case 4: {
          ops.push_back(op_of(OC_LOP_RESERVE, hold, payer, cost));
          ops.push_back(ends(OC_LOP_SETTLE, hold, cost, fee, payer));
          oc_ledger_op refund = op_of(OC_LOP_REFUND, fresh(), 0, 1 + cost / 3);
          refund.ref = hold;
          ops.push_back(refund);
          break;
        }
        default: {  // now and then more than was held
          ops.push_back(op_of(OC_LOP_RESERVE, hold, payer, cost));
          ops.back().key_id = 1 + pick(5);
          ops.push_back(ends(OC_LOP_SETTLE, hold, pick(4) == 0 ? 2 * cost : cost / 2 + 1, fee, payer));
        }
      }
    }
    ops.push_back(op_of(OC_LOP_DEPOSIT, fresh(), wallet(), 1 + static_cast<std::int64_t>(pick(3000))));
    return ops;
  }

  oc_id128 id(std::uint64_t batch, std::uint64_t n) const {
    return {1'700'000'000'000ull << 16 | (seed_ & 0xffff), batch * kIdsOfBatch + n + 1};
  }

 private:
  static oc_ledger_op lease_settle(oc_id128 id, oc_id128 lease, std::uint64_t account, std::int64_t cost,
                                   std::int64_t fee) {
    oc_ledger_op op = op_of(OC_LOP_LEASE_SETTLE, id, account, cost, fee);
    op.ref = lease;
    op.ttl_ms = 0;
    return op;
  }

  std::uint64_t seed_;
};

inline bool same(const oc_ledger_result& a, const oc_ledger_result& b) {
  return a.status == b.status && a.flags == b.flags && a.posted == b.posted && a.released == b.released &&
         a.shortfall == b.shortfall && a.available == b.available && a.limit_scope == b.limit_scope;
}

// Was the op applied, so that a retry must be told so?
inline bool is_remembered(const oc_ledger_result& r) { return r.status == OC_OK || r.status == OC_LATE; }

// What a retry of it must answer.
inline oc_ledger_result as_duplicate(const oc_ledger_op& op, oc_ledger_result first) {
  first.status = OC_DUPLICATE;
  if (op.kind == OC_LOP_LEASE) first.released = 0;  // what is left of its life
  return first;
}

std::string text(const oc_ledger_op& op);
std::string text(const oc_ledger_result& r);

}  // namespace onechat::conformance
