// Nodes, and what becomes of the holds and grants that nobody ends. Part of ledger_core.hpp, whose first comment has
// the rules.
#pragma once
#include <onechat/ledger_batch.hpp>

namespace onechat::ledger_core {

// ---- nodes

inline oc_ledger_result Batch::heartbeat(const oc_ledger_op& op) {
  if (op.node == 0) return refuse(OC_E_INVALID);
  Slot<Node>& slot = nodes_[op.node];
  if (is_fenced(op, slot.row)) return refuse(OC_E_FENCED);
  change(slot).heartbeat_ms = now_ms_;
  oc_ledger_result r{};
  r.available = static_cast<std::int64_t>(slot.row.epoch);
  return r;
}

inline oc_ledger_result Batch::bump_epoch(const oc_ledger_op& op) {
  if (op.node == 0) return refuse(OC_E_INVALID);
  Slot<Node>& slot = nodes_[op.node];
  oc_ledger_result r{};
  if (!is_zero(op.id) && same_id(op.id, slot.row.epoch_op)) {
    r.status = OC_DUPLICATE;
  } else {
    Node& node = change(slot);
    ++node.epoch;
    node.epoch_op = op.id;
    node.heartbeat_ms = 0;  // the new process has sent none yet
  }
  r.available = static_cast<std::int64_t>(slot.row.epoch);
  return r;
}

// ---- sweep

inline oc_ledger_result Batch::sweep(const oc_ledger_op& op) {
  if (op.code > OC_CRASH_HOLD || op.overage > OC_OVERAGE_OVERDRAFT) return refuse(OC_E_INVALID);
  oc_ledger_result r{};
  const std::vector<Entry*> found(order_.begin(), order_.end());  // a posting may add entries
  for (Entry* e : found)
    if (e->open) sweep_hold(op, *e, r);
  for (Pocket* p : expiring_) sweep_grant(op, *p, r);
  return r;
}

inline void Batch::sweep_hold(const oc_ledger_op& op, Entry& e, oc_ledger_result& r) {
  const bool lease = e.hold.kind == OC_LOP_LEASE;
  if (!lease && op.code == OC_CRASH_HOLD) return;
  if (!lease && op.code == OC_CRASH_PROGRESS && e.hold.progress + e.hold.progress_fee > 0) {
    if (sweep_usage(op, e, r)) ++r.available;
    return;
  }
  const std::int64_t released = end_hold(e, 0);
  bury(e, lease ? Outcome::kLeaseSwept : Outcome::kSwept, 0, released);
  r.released = clamp(Wide(r.released) + released);
  ++r.available;
}

// Posts what the hold's node had seen. False, and the hold stays, when a sum would overflow.
inline bool Batch::sweep_usage(const oc_ledger_op& op, Entry& e, oc_ledger_result& r) {
  Transfer t = transfer_for(op, 0);
  t.flags = OC_LF_ESTIMATED | OC_LF_SWEPT;
  t.amount = e.hold.progress;
  t.fee = e.hold.progress_fee;
  if (!charge_hold(op, e, t)) return false;
  r.posted = clamp(Wide(r.posted) + t.amount + t.fee);
  r.released = clamp(Wide(r.released) + t.released);
  r.shortfall = clamp(Wide(r.shortfall) + t.debt_part + t.absorbed_part);
  return true;
}

// What is free in a grant that is over goes to breakage; what is held stays until its hold ends.
inline void Batch::sweep_grant(const oc_ledger_op& op, Pocket& p, oc_ledger_result& r) {
  const std::int64_t free = free_money(p.money.row);
  const Grant g = p.grant.row;
  if (free <= 0 || !is_over(g, now_ms_)) return;
  Transfer t = transfer_for(op, 0);
  t.id = expiry_id(g.id, g.expiries);
  t.ref = g.id;
  t.code = 0;
  t.scopes = {};
  t.scopes.account = g.wallet;
  t.counter = 0;
  t.amount = free;
  t.grants[0] = {g.number, free};
  Posting posting;
  if (!fits(t, posting)) return;
  ++change(p.grant).expiries;
  post(posting, t);
  record(entry(t.id), t, purse(g.wallet));
  ++r.available;
}

}  // namespace onechat::ledger_core
