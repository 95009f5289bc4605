// Random ledger traffic from a small world, so that every rule is met: retries, conflicts, groups, expiry, sweeps,
// leases, grants, budgets, refunds, late and stale ops, nonsense. The same seed gives the same traffic.
#pragma once
#include <onechat/ledger.h>

#include <array>
#include <cstdint>
#include <random>
#include <vector>

namespace onechat::ledger_test {

class RandomOps {
 public:
  // Every fourth seed knows amounts that make sums overflow; after a few of them little else happens.
  RandomOps(std::uint64_t seed, const std::int64_t& now_ms) : random_(seed), now_ms_(&now_ms), huge_(seed % 4 == 0) {}

  unsigned pick(unsigned n) { return static_cast<unsigned>(random_() % n); }
  bool one_in(unsigned n) { return pick(n) == 0; }

  // A batch of at most `most` ops; no group is cut, but for a few that are nonsense.
  std::vector<oc_ledger_op> batch(unsigned most) {
    std::vector<oc_ledger_op> ops;
    const unsigned n = 1 + pick(most);
    while (ops.size() < n) {
      ops.push_back(next());
      if (!one_in(25)) continue;
      for (unsigned more = 1 + pick(3); more > 0 && ops.size() < most; --more) {
        ops.back().flags |= OC_LF_LINKED;
        ops.push_back(next());
      }
    }
    if (one_in(40)) ops.back().flags |= OC_LF_LINKED;
    return ops;
  }

  oc_ledger_op next() {
    if (!history_.empty() && one_in(12)) return again();
    oc_ledger_op op = fresh_op();
    if (one_in(150)) spoil(op);
    history_.push_back(op);
    return op;
  }

 private:
  // A retry, sometimes with another body.
  oc_ledger_op again() {
    oc_ledger_op op = recent(history_, 300);
    if (one_in(4)) op.amount ^= 1;
    if (one_in(20)) op.user_id ^= 1;
    return op;
  }
  void spoil(oc_ledger_op& op) {
    switch (pick(8)) {
      case 0: op.amount = -1 - std::int64_t(pick(5)); break;
      case 1: op.fee = -1; break;
      case 2: op.amount = op.kind == OC_LOP_TERMS ? 0 : INT64_MAX, op.fee = 9; break;
      case 3: op.amount = huge_ ? INT64_MAX - pick(3) : 0; break;
      case 4: op.id = {}; break;
      case 5: op.ref = {}; break;
      case 6: op.code = 7; break;
      default: op.kind = 19 + pick(3); break;
    }
  }
  oc_ledger_op fresh_op() {
    const unsigned dice = pick(1000);
    struct Share {
      unsigned up_to;
      oc_ledger_op (RandomOps::*make)();
    };
    static constexpr std::array<Share, 17> shares{{{70, &RandomOps::deposit},
                                                   {340, &RandomOps::reserve},
                                                   {375, &RandomOps::extend},
                                                   {405, &RandomOps::progress},
                                                   {595, &RandomOps::settle},
                                                   {660, &RandomOps::cancel},
                                                   {690, &RandomOps::lease},
                                                   {715, &RandomOps::renew},
                                                   {805, &RandomOps::lease_settle},
                                                   {825, &RandomOps::lease_close},
                                                   {870, &RandomOps::refund},
                                                   {905, &RandomOps::grant},
                                                   {925, &RandomOps::withdraw},
                                                   {940, &RandomOps::transfer},
                                                   {955, &RandomOps::terms},
                                                   {975, &RandomOps::sweep},
                                                   {1000, &RandomOps::node_op}}};
    for (const Share& share : shares)
      if (dice < share.up_to) return (this->*share.make)();
    return sweep();
  }

  template <class T>
  const T& recent(const std::vector<T>& all, unsigned most) {
    return all[all.size() - 1 - pick(static_cast<unsigned>(std::min<std::size_t>(all.size(), most)))];
  }
  // Ids carry their time, as a host's do; with a random end they come in no order.
  oc_id128 fresh() { return {static_cast<std::uint64_t>(*now_ms_) << 16 | (++counter_ & 0xffff), random_() | 1}; }
  oc_id128 some(const std::vector<oc_id128>& ids, unsigned most = 40) {
    return ids.empty() || one_in(60) ? fresh() : recent(ids, most);
  }
  oc_ledger_op base(std::uint32_t kind) {
    oc_ledger_op op{};
    op.kind = kind;
    op.id = fresh();
    op.account = 1 + pick(5);
    op.key_id = pick(4);
    op.project_id = pick(3);
    op.user_id = pick(3);
    op.group_id = pick(3);
    op.node = 1 + pick(3);
    op.epoch = one_in(10) ? pick(3) : 1'000'000;  // old, or newer than any
    return op;
  }
  oc_ledger_op bare(std::uint32_t kind) {  // names nothing but what it is about
    oc_ledger_op op = base(kind);
    if (!one_in(4)) op.account = op.key_id = 0;
    op.project_id = op.user_id = op.group_id = 0;
    return op;
  }

  oc_ledger_op deposit() {
    oc_ledger_op op = base(OC_LOP_DEPOSIT);
    op.amount = one_in(20) ? 0 : 1 + pick(700);
    op.account2 = pick(2);
    moves_.push_back(op.id);
    return op;
  }
  oc_ledger_op reserve() {
    oc_ledger_op op = base(OC_LOP_RESERVE);
    op.amount = pick(200);
    op.ttl_ms = one_in(30) ? 0 : 1 + pick(20'000);
    holds_.push_back(op.id);
    return op;
  }
  oc_ledger_op extend() {
    oc_ledger_op op = bare(OC_LOP_EXTEND);
    op.ref = some(one_in(20) ? leases_ : holds_, 15);
    op.amount = pick(80);
    return op;
  }
  oc_ledger_op progress() {
    oc_ledger_op op = bare(OC_LOP_PROGRESS);
    op.ref = some(one_in(20) ? moves_ : holds_, 15);
    op.amount = pick(120);
    op.fee = pick(15);
    return op;
  }
  void usage(oc_ledger_op& op) {
    op.amount = one_in(6) ? 0 : pick(250);
    op.fee = one_in(8) ? pick(300) : op.amount == 0 ? 0 : pick(20);
    op.overage = one_in(50) ? 3 : pick(3);
    op.account2 = pick(3);
    op.flags = one_in(5) ? OC_LF_ESTIMATED : 0;
  }
  oc_ledger_op settle() {
    oc_ledger_op op = one_in(3) ? base(OC_LOP_SETTLE) : bare(OC_LOP_SETTLE);
    op.ref = some(one_in(40) ? leases_ : holds_);
    usage(op);
    return op;
  }
  oc_ledger_op cancel() {
    oc_ledger_op op = bare(OC_LOP_VOID);
    op.ref = some(one_in(40) ? leases_ : holds_);
    return op;
  }
  oc_ledger_op lease() {
    oc_ledger_op op = base(OC_LOP_LEASE);
    op.amount = 50 + pick(500);
    op.ttl_ms = one_in(10) ? 0 : 1 + pick(30'000);
    op.code = pick(20);
    op.node = 1;
    leases_.push_back(op.id);
    return op;
  }
  oc_ledger_op renew() {
    oc_ledger_op op = bare(OC_LOP_LEASE_RENEW);
    op.ref = some(one_in(20) ? holds_ : leases_, 6);
    op.amount = one_in(3) ? 0 : pick(300);
    op.ttl_ms = pick(40'000);
    op.node = one_in(20) ? 2 : 1;
    return op;
  }
  oc_ledger_op lease_settle() {
    oc_ledger_op op = one_in(3) ? base(OC_LOP_LEASE_SETTLE) : bare(OC_LOP_LEASE_SETTLE);
    op.ref = some(one_in(40) ? holds_ : leases_, 8);
    usage(op);
    moves_.push_back(op.id);
    return op;
  }
  oc_ledger_op lease_close() {
    oc_ledger_op op = bare(OC_LOP_LEASE_CLOSE);
    op.ref = some(one_in(40) ? holds_ : leases_, 12);
    op.amount = one_in(2) ? 0 : pick(300);
    return op;
  }
  oc_ledger_op refund() {
    oc_ledger_op op = bare(OC_LOP_REFUND);
    op.key_id = 0;
    op.ref = some(one_in(2) ? moves_ : holds_);
    op.amount = pick(120);
    op.code = pick(2);
    return op;
  }
  oc_ledger_op grant() {
    oc_ledger_op op = base(OC_LOP_GRANT);
    op.amount = 1 + pick(200);
    op.code = pick(3);
    op.epoch = one_in(3) ? 0 : static_cast<std::uint64_t>(*now_ms_ + std::int64_t(pick(120'000)));
    moves_.push_back(op.id);
    return op;
  }
  oc_ledger_op withdraw() {
    oc_ledger_op op = base(OC_LOP_WITHDRAW);
    op.amount = pick(300);
    op.account2 = pick(2);
    op.code = pick(2);
    return op;
  }
  oc_ledger_op transfer() {
    oc_ledger_op op = base(OC_LOP_TRANSFER);
    op.account2 = 1 + pick(5);
    op.amount = pick(200);
    return op;
  }
  oc_ledger_op terms() {
    oc_ledger_op op = base(OC_LOP_TERMS);
    op.amount = one_in(2) ? 0 : pick(200);
    op.fee = one_in(2) ? 0 : pick(300);
    op.code = one_in(4) ? OC_TERMS_FROZEN : 0;
    if (one_in(5)) op.id = {};
    return op;
  }
  oc_ledger_op sweep() {
    oc_ledger_op op = base(OC_LOP_SWEEP);
    op.amount = one_in(2) ? 0 : 1 + pick(4);
    op.code = pick(3);
    op.overage = pick(3);
    op.ttl_ms = one_in(2) ? 0 : 1 + pick(5'000);
    op.account2 = pick(2);
    return op;
  }
  oc_ledger_op node_op() {
    oc_ledger_op op = base(one_in(8) ? OC_LOP_EPOCH : OC_LOP_HEARTBEAT);
    op.amount = op.fee = 0;
    return op;
  }

  std::mt19937_64 random_;
  const std::int64_t* now_ms_;
  bool huge_;
  std::uint64_t counter_ = 0;
  std::vector<oc_ledger_op> history_;
  std::vector<oc_id128> holds_, leases_, moves_;  // requests and leases; what was posted under its own id
};

}  // namespace onechat::ledger_test
