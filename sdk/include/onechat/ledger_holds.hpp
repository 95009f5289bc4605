// The life of holds and leases: RESERVE, LEASE, EXTEND, LEASE_RENEW, PROGRESS, and all that ends them. Part of
// ledger_core.hpp, whose first comment has the rules.
#pragma once
#include <onechat/ledger_batch.hpp>

namespace onechat::ledger_core {

// ---- holds and leases begin

// The answer to a RESERVE or LEASE whose id was seen before.
inline oc_ledger_result Batch::reserved_before(const oc_ledger_op& op, const Entry& e, std::uint64_t hash) const {
  const std::uint64_t first = e.open       ? e.hold.body_hash
                              : e.posted() ? transfer_of(e).hold_hash
                                           : tombstone_of(e).hold_hash;
  if (first != hash) return refuse(OC_E_CONFLICT);
  oc_ledger_result r = refuse(OC_DUPLICATE);
  r.available = e.open ? e.hold.available : e.posted() ? transfer_of(e).hold_available : tombstone_of(e).hold_available;
  if (op.kind == OC_LOP_LEASE && e.open) r.released = life_left(e.hold);
  return r;
}

inline oc_ledger_result Batch::reserve(const oc_ledger_op& op) {
  if (op.account == 0 || op.fee != 0) return refuse(OC_E_INVALID);
  Entry& e = entry(op.id);
  const std::uint64_t hash = body_hash(op);
  if (!e.unknown()) return reserved_before(op, e, hash);
  if (is_fenced(op, nodes_[op.node].row)) return refuse(OC_E_FENCED);
  Purse& p = purse(op.account);
  oc_ledger_result r{};
  r.available = available(p);
  const Money m = draw(p, op.amount, {});
  const bool blocked = (p.paid.row.flags & OC_TERMS_FROZEN) != 0 || debt(p) > p.paid.row.debt_limit || !is_funded(p);
  if (blocked || op.amount > std::max<std::int64_t>(0, r.available) || m.all() < op.amount) {
    r.status = OC_E_FUNDS;
    return r;
  }
  const Scopes scopes = scopes_of(op);
  r.status = admit(scopes, now_ms_, op.amount, r.limit_scope);
  std::int64_t pending = p.paid.row.pending;
  if (r.status == OC_E_LIMIT) return r;
  if (r.status != OC_OK || !ledger_core::add(pending, m.paid)) return refuse(OC_E_INVALID);

  const bool lease = op.kind == OC_LOP_LEASE;
  hold_money(p, m);
  count(scopes, now_ms_, op.amount, 0);
  r.available = available(p);
  Hold& hold = change(e).hold;
  e.open = true;
  hold.id = op.id;
  hold.kind = op.kind;
  hold.scopes = scopes;
  hold.node = op.node;
  hold.epoch = op.epoch;
  hold.amount = op.amount;
  hold.grants = m.grants;
  hold.created_ms = now_ms_;
  hold.expires_ms = now_ms_ + (op.ttl_ms != 0 ? std::int64_t(op.ttl_ms)
                               : lease        ? kLeaseTtlDefaultMs
                                              : kHoldTtlDefaultMs);
  if (lease) {
    hold.expires_ms = std::min(hold.expires_ms, end_of_windows(scopes, now_ms_));
    hold.drain_ms = std::int64_t(op.code) * 1000;
    r.released = life_left(hold);
  }
  hold.available = r.available;
  hold.body_hash = hash;
  return r;
}

// EXTEND and LEASE_RENEW: more money for what is open, counted where it was counted first.
inline oc_ledger_result Batch::extend(const oc_ledger_op& op) {
  const bool renew = op.kind == OC_LOP_LEASE_RENEW;
  if (op.fee != 0 || is_zero(op.id)) return refuse(OC_E_INVALID);
  Entry& e = entry(op.ref);
  if (!e.open) return refuse(OC_E_NOT_FOUND);
  Hold& hold = e.hold;
  const std::uint64_t hash = body_hash(op);
  if ((hold.kind == OC_LOP_LEASE) != renew || is_other(op.account, hold.scopes.account) ||
      (renew && op.node != hold.node))
    return refuse(OC_E_CONFLICT);
  oc_ledger_result r{};
  if (same_id(op.id, hold.last_op)) {
    if (hold.last_hash != hash) return refuse(OC_E_CONFLICT);
    r.status = OC_DUPLICATE;
    r.available = hold.last_available;
    r.released = renew ? life_left(hold) : 0;
    return r;
  }
  if (is_fenced(op, nodes_[op.node].row)) return refuse(OC_E_FENCED);
  std::int64_t until = hold.expires_ms;
  if (renew) {
    until = now_ms_ + (op.ttl_ms != 0 ? std::int64_t(op.ttl_ms) : kLeaseTtlDefaultMs);
    until = std::min(until, end_of_windows(hold.scopes, hold.created_ms));
    // Its windows are over: it lives no longer, but what runs on it may still need more, and counts where it began.
    if (until <= now_ms_ && op.amount == 0) return refuse(OC_E_NOT_FOUND);
  }
  Purse& p = purse(hold.scopes.account);
  r.available = available(p);
  const Money m = draw(p, op.amount, hold.grants);
  const bool blocked = (p.paid.row.flags & OC_TERMS_FROZEN) != 0 || debt(p) > p.paid.row.debt_limit;
  if (blocked || op.amount > std::max<std::int64_t>(0, r.available) || m.all() < op.amount) {
    r.status = OC_E_FUNDS;
    return r;
  }
  r.status = admit(hold.scopes, hold.created_ms, op.amount, r.limit_scope);
  if (r.status == OC_E_LIMIT) return r;
  std::int64_t pending = p.paid.row.pending, amount = hold.amount;
  if (r.status != OC_OK || !ledger_core::add(pending, m.paid) || !ledger_core::add(amount, op.amount))
    return refuse(OC_E_INVALID);

  hold_money(p, m);
  count(hold.scopes, hold.created_ms, op.amount, 0);
  change(e).changed = true;
  if (hold.settled != 0 && sum(m.grants) != 0) {  // else new grants would count as used up
    hold.grants = rest_of(hold).grants;
    amount -= hold.settled;
    hold.settled = 0;
  }
  hold.amount = amount;
  for (std::size_t i = 0; i < kGrantsPerHold; ++i) {
    hold.grants[i].number = m.grants[i].number;
    hold.grants[i].amount += m.grants[i].amount;
  }
  hold.expires_ms = std::max(hold.expires_ms, until);
  r.available = available(p);
  r.released = renew ? std::max<std::int64_t>(0, until - now_ms_) : 0;
  hold.last_op = op.id;
  hold.last_hash = hash;
  hold.last_available = r.available;
  return r;
}

inline oc_ledger_result Batch::progress(const oc_ledger_op& op) {
  std::int64_t total = op.amount;
  if (!ledger_core::add(total, op.fee)) return refuse(OC_E_INVALID);
  Entry& e = entry(op.ref);
  if (e.unknown()) return refuse(OC_E_NOT_FOUND);
  if (!e.open) return late(e);
  Hold& hold = e.hold;
  if (hold.kind != OC_LOP_RESERVE || is_other(op.account, hold.scopes.account)) return refuse(OC_E_CONFLICT);
  if (total > hold.progress + hold.progress_fee) {
    change(e).changed = true;
    hold.progress = op.amount;
    hold.progress_fee = op.fee;
  }
  oc_ledger_result r{};
  r.available = available(purse(hold.scopes.account));
  return r;
}

// ---- holds and leases end

// Nothing to do: it was over before.
inline oc_ledger_result Batch::late(const Entry& e) {
  oc_ledger_result r = refuse(OC_LATE);
  r.flags = OC_LF_LATE;
  r.available = e.posted() ? transfer_of(e).available : tombstone_of(e).available;
  return r;
}

// Gives back all that a hold still holds and takes it out of its windows, which count `spent` instead.
inline std::int64_t Batch::end_hold(Entry& e, std::int64_t spent) {
  const Hold& hold = change(e).hold;
  const std::int64_t open = hold.open_amount();
  release_money(purse(hold.scopes.account), rest_of(hold));
  count(hold.scopes, hold.created_ms, -open, spent);
  e.open = false;
  return open;
}

inline void Batch::bury(Entry& e, Outcome outcome, std::uint64_t close_hash, std::int64_t released) {
  Tombstone t;
  t.id = e.hold.id;
  t.outcome = outcome;
  t.account = e.hold.scopes.account;
  t.hold_hash = e.hold.body_hash;
  t.close_hash = close_hash;
  t.hold_available = e.hold.available;
  t.released = released;
  t.available = available(purse(t.account));
  t.ts_ms = now_ms_;
  e.tombstone = tombstones_.size();
  tombstones_.push_back(t);
}

inline oc_ledger_result Batch::settle(const oc_ledger_op& op) {
  std::int64_t total = op.amount;
  if (!ledger_core::add(total, op.fee) || op.overage > OC_OVERAGE_OVERDRAFT) return refuse(OC_E_INVALID);
  Entry& e = entry(op.ref);
  const std::uint64_t hash = body_hash(op);
  if (e.posted()) {
    const Transfer& t = transfer_of(e);
    const bool swept = t.kind == OC_LOP_SETTLE && (t.flags & OC_LF_SWEPT) != 0;
    return swept ? adjust(op, Transfer(t), hash) : posted_before(op, e, hash);
  }
  if (e.open) return settle_open(op, e, hash);
  return settle_late(op, e, hash);
}

inline oc_ledger_result Batch::settle_open(const oc_ledger_op& op, Entry& e, std::uint64_t hash) {
  const Hold& hold = e.hold;
  if (hold.kind != OC_LOP_RESERVE || is_other(op.account, hold.scopes.account) ||
      is_other(op.key_id, hold.scopes.key_id))
    return refuse(OC_E_CONFLICT);
  oc_ledger_result r{};
  if (op.amount + op.fee == 0) {
    r.released = end_hold(e, 0);
    bury(e, Outcome::kSettledZero, hash, r.released);
    r.available = tombstone_of(e).available;
    return r;
  }
  Transfer t = transfer_for(op, hash);
  t.flags = op.flags & OC_LF_ESTIMATED;
  t.fee = op.fee;
  if (!charge_hold(op, e, t)) return refuse(OC_E_INVALID);
  r.posted = t.amount + t.fee;
  r.released = t.released;
  r.shortfall = t.debt_part + t.absorbed_part;
  r.available = t.available;
  return r;
}

// Ends an open request hold with the charge that `t` (amount, fee, flags, body_hash) says. False, and nothing changed,
// when a sum would overflow.
inline bool Batch::charge_hold(const oc_ledger_op& op, Entry& e, Transfer& t) {
  const Hold& hold = e.hold;
  Purse& p = purse(hold.scopes.account);
  t.id = hold.id;
  t.kind = OC_LOP_SETTLE;
  t.code = 0;
  t.scopes = hold.scopes;
  t.counter = op.account2 != 0 ? op.account2 : op.node;
  t.reserved_ms = hold.created_ms;
  t.hold_hash = hold.body_hash;
  t.hold_available = hold.available;
  const std::int64_t total = t.amount + t.fee;
  t.released = hold.amount - std::min(hold.amount, total);
  pay(p, rest_of(hold), op.overage, t);
  Posting posting;
  if (!fits(t, posting) || !can_count(t.scopes, t.reserved_ms, total)) return false;
  end_hold(e, total);
  post(posting, t);
  record(e, t, p);
  return true;
}

// The hold was voided, swept, or never seen: usage is a fact all the same, and the op carries whose it is.
inline oc_ledger_result Batch::settle_late(const oc_ledger_op& op, Entry& e, std::uint64_t hash) {
  Scopes scopes = scopes_of(op);
  if (e.dead()) {
    const Tombstone& grave = tombstone_of(e);
    if (grave.outcome == Outcome::kSettledZero) {
      if (grave.close_hash != hash) return refuse(OC_E_CONFLICT);
      oc_ledger_result r = refuse(OC_DUPLICATE);
      r.released = grave.released;
      r.available = grave.available;
      return r;
    }
    if (grave.outcome == Outcome::kLeaseClosed || grave.outcome == Outcome::kLeaseSwept) return refuse(OC_E_CONFLICT);
    if (grave.account != 0 && is_other(op.account, grave.account)) return refuse(OC_E_CONFLICT);
    if (scopes.account == 0) scopes.account = grave.account;
  }
  if (scopes.account == 0) return refuse(OC_E_INVALID);
  Purse& p = purse(scopes.account);
  oc_ledger_result r = refuse(OC_LATE);
  r.flags = OC_LF_LATE;
  r.posted = op.amount + op.fee;
  if (r.posted == 0) {
    r.available = available(p);
    return r;
  }
  Transfer t = transfer_for(op, hash);
  t.id = op.ref;
  t.flags = (op.flags & OC_LF_ESTIMATED) | OC_LF_LATE;
  t.code = 0;
  t.scopes = scopes;
  t.counter = op.account2 != 0 ? op.account2 : op.node;
  t.fee = op.fee;
  t.reserved_ms = now_ms_;
  t.hold_hash = e.dead() ? tombstone_of(e).hold_hash : 0;
  t.hold_available = e.dead() ? tombstone_of(e).hold_available : 0;
  pay(p, {}, op.overage, t);
  Posting posting;
  if (!fits(t, posting) || !can_count(scopes, now_ms_, r.posted)) return refuse(OC_E_INVALID);
  post(posting, t);
  count(scopes, now_ms_, 0, r.posted);
  record(e, t, p);
  r.shortfall = t.debt_part + t.absorbed_part;
  r.available = t.available;
  return r;
}

// SWEEP had posted what it knew; a SETTLE that knows of more posts the difference.
inline oc_ledger_result Batch::adjust(const oc_ledger_op& op, const Transfer& swept, std::uint64_t hash) {
  Entry& e = entry(adjustment_id(op.ref));
  if (!e.unknown()) return posted_before(op, e, hash);
  if (is_other(op.account, swept.scopes.account) || is_other(op.key_id, swept.scopes.key_id))
    return refuse(OC_E_CONFLICT);
  Purse& p = purse(swept.scopes.account);
  oc_ledger_result r = refuse(OC_LATE);
  r.flags = OC_LF_LATE;
  const std::int64_t more = op.amount + op.fee - (swept.amount + swept.fee);
  if (more <= 0) {
    r.available = available(p);
    return r;
  }
  Transfer t = transfer_for(op, hash);
  t.id = adjustment_id(op.ref);
  t.ref = op.ref;
  t.flags = (op.flags & OC_LF_ESTIMATED) | OC_LF_LATE;
  t.code = 0;
  t.scopes = swept.scopes;
  t.counter = op.account2 != 0 ? op.account2 : op.node;
  t.fee = std::min(more, std::max<std::int64_t>(0, op.fee - swept.fee));
  t.amount = more - t.fee;
  t.reserved_ms = swept.reserved_ms;
  pay(p, {}, op.overage, t);
  Posting posting;
  if (!fits(t, posting) || !can_count(t.scopes, t.reserved_ms, more)) return refuse(OC_E_INVALID);
  post(posting, t);
  count(t.scopes, t.reserved_ms, 0, more);
  record(e, t, p);
  r.posted = more;
  r.shortfall = t.debt_part + t.absorbed_part;
  r.available = t.available;
  return r;
}

inline oc_ledger_result Batch::void_hold(const oc_ledger_op& op) {
  if (op.amount != 0 || op.fee != 0) return refuse(OC_E_INVALID);
  Entry& e = entry(op.ref);
  const std::uint64_t hash = body_hash(op);
  oc_ledger_result r{};
  if (e.open) {
    if (e.hold.kind != OC_LOP_RESERVE || is_other(op.account, e.hold.scopes.account)) return refuse(OC_E_CONFLICT);
    r.released = end_hold(e, 0);
    bury(e, Outcome::kVoided, hash, r.released);
    r.available = tombstone_of(e).available;
    return r;
  }
  if (e.unknown()) return refuse(OC_E_NOT_FOUND);
  if (e.dead() && tombstone_of(e).outcome == Outcome::kVoided) {
    if (tombstone_of(e).close_hash != hash) return refuse(OC_E_CONFLICT);
    r.status = OC_DUPLICATE;
    r.released = tombstone_of(e).released;
    r.available = tombstone_of(e).available;
    return r;
  }
  if (e.posted() || tombstone_of(e).outcome != Outcome::kSwept) return refuse(OC_E_CONFLICT);
  return late(e);
}

inline oc_ledger_result Batch::lease_settle(const oc_ledger_op& op) {
  std::int64_t total = op.amount;
  if (!ledger_core::add(total, op.fee) || op.overage > OC_OVERAGE_OVERDRAFT) return refuse(OC_E_INVALID);
  Entry& e = entry(op.id);
  Entry& lease = entry(op.ref);
  const std::uint64_t hash = body_hash(op);
  if (!e.unknown()) return posted_before(op, e, hash);
  const bool over = !lease.open;
  const std::uint64_t known = lease.open ? lease.hold.scopes.account : lease.dead() ? tombstone_of(lease).account : 0;
  if (lease.open ? lease.hold.kind != OC_LOP_LEASE : lease.posted()) return refuse(OC_E_CONFLICT);
  if (lease.dead() && tombstone_of(lease).outcome != Outcome::kLeaseClosed &&
      tombstone_of(lease).outcome != Outcome::kLeaseSwept)
    return refuse(OC_E_CONFLICT);
  if (known != 0 && is_other(op.account, known)) return refuse(OC_E_CONFLICT);
  Scopes scopes = over ? scopes_of(op) : lease.hold.scopes;
  if (scopes.account == 0) scopes.account = known;
  if (scopes.account == 0) return refuse(OC_E_INVALID);
  Purse& p = purse(scopes.account);
  oc_ledger_result r = refuse(over ? OC_LATE : OC_OK);
  r.flags = over ? OC_LF_LATE : 0;
  r.posted = total;
  if (total == 0) {
    r.available = available(p);
    return r;
  }
  Transfer t = transfer_for(op, hash);
  t.ref = op.ref;
  t.flags = (op.flags & OC_LF_ESTIMATED) | r.flags;
  t.code = 0;
  t.scopes = scopes;
  t.counter = op.account2 != 0 ? op.account2 : op.node;
  t.fee = op.fee;
  t.reserved_ms = over ? now_ms_ : lease.hold.created_ms;
  const Money used = pay(p, over ? Money{} : rest_of(lease.hold), op.overage, t);
  Posting posting;
  if (!fits(t, posting) || !can_count(scopes, t.reserved_ms, total)) return refuse(OC_E_INVALID);
  if (!over) {
    release_money(p, used);
    change(lease).changed = true;
    lease.hold.settled += used.all();
  }
  post(posting, t);
  count(scopes, t.reserved_ms, -used.all(), total);
  record(e, t, p);
  r.shortfall = t.debt_part + t.absorbed_part;
  r.available = t.available;
  return r;
}

inline oc_ledger_result Batch::lease_close(const oc_ledger_op& op) {
  if (op.fee != 0) return refuse(OC_E_INVALID);
  Entry& e = entry(op.ref);
  const std::uint64_t hash = body_hash(op);
  oc_ledger_result r{};
  if (e.open) {
    if (e.hold.kind != OC_LOP_LEASE || is_other(op.account, e.hold.scopes.account)) return refuse(OC_E_CONFLICT);
    if (op.amount != 0) return lease_shrink(op, e);
    r.released = end_hold(e, 0);
    bury(e, Outcome::kLeaseClosed, hash, r.released);
    r.available = tombstone_of(e).available;
    return r;
  }
  if (e.unknown()) return refuse(OC_E_NOT_FOUND);
  if (e.posted()) return refuse(OC_E_CONFLICT);
  const Tombstone& grave = tombstone_of(e);
  if (grave.outcome == Outcome::kLeaseSwept) return late(e);
  if (grave.outcome != Outcome::kLeaseClosed) return refuse(OC_E_CONFLICT);
  if (op.amount != 0) return late(e);
  if (grave.close_hash != hash) return refuse(OC_E_CONFLICT);
  r.status = OC_DUPLICATE;
  r.released = grave.released;
  r.available = grave.available;
  return r;
}

// LEASE_CLOSE that keeps op.amount open: the rest goes back, last drawn first.
inline oc_ledger_result Batch::lease_shrink(const oc_ledger_op& op, Entry& e) {
  Hold& hold = e.hold;
  Purse& p = purse(hold.scopes.account);
  oc_ledger_result r{};
  r.released = std::max<std::int64_t>(0, hold.open_amount() - op.amount);
  if (r.released > 0) {
    const Money rest = rest_of(hold);
    Money back = rest;
    change(e).changed = true;
    back.paid = std::min(rest.paid, r.released);
    std::int64_t left = r.released - back.paid;
    for (std::size_t i = kGrantsPerHold; i-- > 0;) {
      back.grants[i].amount = std::min(rest.grants[i].amount, left);
      left -= back.grants[i].amount;
      hold.grants[i].amount -= back.grants[i].amount;
    }
    hold.amount -= r.released;
    release_money(p, back);
    count(hold.scopes, hold.created_ms, -r.released, 0);
  }
  r.available = available(p);
  return r;
}

}  // namespace onechat::ledger_core
