// What moves money between accounts, and how money is divided. Part of ledger_core.hpp, whose first comment has the
// rules.
#pragma once
#include <onechat/ledger_batch.hpp>

namespace onechat::ledger_core {

// ---- money

inline std::int64_t Batch::available(const Purse& p) const noexcept {
  Wide all = Wide(free_money(p.paid.row)) - debt(p);
  std::size_t drawn = 0;
  for (const Pocket* pocket : p.pockets) {
    const std::int64_t free = free_money(pocket->money.row);
    if (drawn == kGrantsPerHold) break;
    if (free <= 0 || is_over(pocket->grant.row, now_ms_)) continue;
    all += free;
    ++drawn;
  }
  return clamp(all);
}

inline bool Batch::is_funded(const Purse& p) const noexcept {
  if (p.paid.row.credits > 0 || p.owed.row.credits > 0 || p.paid.row.overdraft > 0) return true;
  return std::any_of(p.pockets.begin(), p.pockets.end(), [&](const Pocket* pocket) {
    return pocket->grant.row.open && !is_over(pocket->grant.row, now_ms_);
  });
}

// Adds to `parts` what the grants can give of `amount`, in draw order; parts that have a number keep their grant.
// Returns what they gave.
inline std::int64_t Batch::draw_grants(const Purse& p, std::int64_t amount, GrantParts& parts) const {
  std::int64_t need = amount;
  for (const Pocket* pocket : p.pockets) {
    if (need == 0) break;
    const std::int64_t free = free_money(pocket->money.row);
    if (free <= 0 || is_over(pocket->grant.row, now_ms_)) continue;
    const std::uint64_t number = pocket->grant.row.number;
    auto part = std::find_if(parts.begin(), parts.end(), [&](const GrantPart& g) { return g.number == number; });
    if (part == parts.end())
      part = std::find_if(parts.begin(), parts.end(), [](const GrantPart& g) { return g.number == 0; });
    if (part == parts.end()) continue;
    const std::int64_t take = std::min(need, free);
    part->number = number;
    part->amount += take;
    need -= take;
  }
  return amount - need;
}

// Where `amount` more can come from for a hold that draws on the grants of `own`; less than `amount` if there is not
// enough.
inline Batch::Money Batch::draw(const Purse& p, std::int64_t amount, const GrantParts& own) const {
  Money m;
  for (std::size_t i = 0; i < kGrantsPerHold; ++i) m.grants[i].number = own[i].number;
  const std::int64_t given = p.pockets.empty() ? 0 : draw_grants(p, amount, m.grants);
  m.paid = std::min(amount - given, free_money(p.paid.row));
  return m;
}

// What a hold still holds; leases have used up their grants first.
inline Batch::Money Batch::rest_of(const Hold& hold) noexcept {
  Money m;
  m.grants = hold.grants;
  m.paid = hold.amount - sum(hold.grants);
  std::int64_t used = hold.settled;
  for (GrantPart& part : m.grants) {
    const std::int64_t take = std::min(used, part.amount);
    part.amount -= take;
    used -= take;
  }
  m.paid -= used;
  return m;
}

// Divides t.amount + t.fee: the held grants, the held paid money, then more paid money, then more of grants, then by
// the overage policy. Returns what it uses of `held`.
inline Batch::Money Batch::pay(const Purse& p, const Money& held, std::uint32_t overage, Transfer& t) const {
  Money used;
  std::int64_t need = t.amount + t.fee;
  for (std::size_t i = 0; i < kGrantsPerHold; ++i) {
    used.grants[i] = {held.grants[i].number, std::min(need, held.grants[i].amount)};
    need -= used.grants[i].amount;
  }
  used.paid = std::min(need, held.paid);
  need -= used.paid;
  const std::int64_t more = std::min(need, free_money(p.paid.row));
  need -= more;
  t.wallet_part = used.paid + more;
  t.grants = used.grants;
  if (need > 0 && !p.pockets.empty()) need -= draw_grants(p, need, t.grants);
  const auto unused = [](const GrantPart& g) { return g.amount == 0; };
  std::fill(std::remove_if(t.grants.begin(), t.grants.end(), unused), t.grants.end(), GrantPart{});
  (overage == OC_OVERAGE_ABSORB ? t.absorbed_part : t.debt_part) = need;
  return used;
}

inline void Batch::hold_money(Purse& p, const Money& m) {
  for (const GrantPart& g : m.grants)
    if (g.amount != 0) change(pocket(g.number).money).pending += g.amount;
  if (m.paid != 0) change(p.paid).pending += m.paid;
}

inline void Batch::release_money(Purse& p, const Money& m) {
  for (const GrantPart& g : m.grants)
    if (g.amount != 0) change(pocket(g.number).money).pending -= g.amount;
  if (m.paid != 0) change(p.paid).pending -= m.paid;
}

// Finds the accounts of a transfer. False when a sum would overflow.
inline bool Batch::fits(const Transfer& t, Posting& out) {
  bool fits = true;
  for_each_leg(t, [&](const AccountKey& key, std::int64_t debit, std::int64_t credit) {
    Slot<Account>& slot = account(key);
    std::int64_t debits = slot.row.debits, credits = slot.row.credits;
    fits = fits && ledger_core::add(debits, debit) && ledger_core::add(credits, credit);
    out.legs[out.n++] = {&slot, debit, credit};
  });
  return fits;
}

inline void Batch::post(const Posting& posting, const Transfer& t) {
  for (std::size_t i = 0; i < posting.n; ++i) {
    Account& row = change(*posting.legs[i].account);
    row.debits += posting.legs[i].debit;
    row.credits += posting.legs[i].credit;
  }
  for (const GrantPart& part : t.grants) {
    if (part.number == 0) continue;
    Pocket& p = pocket(part.number);
    const bool open = p.money.row.credits != p.money.row.debits;
    if (p.grant.row.open != open) change(p.grant).open = open;
  }
}

inline void Batch::record(Entry& e, Transfer& t, const Purse& p) {
  t.available = available(p);
  change(e).transfer = transfers_.size();
  transfers_.push_back(t);
}

// ---- budgets

// Would `amount` more pass every budget? OC_E_INVALID: a sum overflows.
inline oc_status Batch::admit(const Scopes& scopes, std::int64_t at_ms, std::int64_t amount,
                              std::uint64_t& refused_by) {
  oc_status status = OC_OK;
  for_each_limit(scopes, [&](const Limit& limit) {
    const Slot<Window>* w = window(limit, at_ms, true);
    if (w == nullptr || status != OC_OK) return;
    const Wide used = Wide(w->row.spent) + w->row.held + amount;
    std::int64_t held = w->row.held;
    if (limit.budget.action == OC_BUDGET_REFUSE && used > limit.budget.limit) {
      status = OC_E_LIMIT;
      refused_by = limit.budget.key.scope | std::uint64_t(limit.budget.period + 1) << 8;  // as ledger.h has it
    } else if (!ledger_core::add(held, amount)) {
      status = OC_E_INVALID;
    }
  });
  return status;
}

inline bool Batch::can_count(const Scopes& scopes, std::int64_t at_ms, std::int64_t spent) {
  bool fits = true;
  for_each_limit(scopes, [&](const Limit& limit) {
    const Slot<Window>* w = window(limit, at_ms, true);
    std::int64_t sum = w != nullptr ? w->row.spent : 0;
    fits = fits && ledger_core::add(sum, spent);
  });
  return fits;
}

inline void Batch::count(const Scopes& scopes, std::int64_t at_ms, std::int64_t held, std::int64_t spent) {
  for_each_limit(scopes, [&](const Limit& limit) {
    Slot<Window>* w = window(limit, at_ms, true);
    if (w == nullptr || (w->known && held == 0 && spent == 0)) return;
    Window& row = change(*w);
    row.held = std::max<std::int64_t>(0, row.held + held);
    row.spent += spent;
  });
}

inline std::int64_t Batch::end_of_windows(const Scopes& scopes, std::int64_t at_ms) {
  std::int64_t end = std::numeric_limits<std::int64_t>::max();
  for_each_limit(scopes, [&](const Limit& limit) { end = std::min(end, span_at(limit, at_ms).end_ms); });
  return end;
}

// ---- operations

inline oc_ledger_result Batch::apply(const oc_ledger_op& op) {
  if (op.kind < OC_LOP_DEPOSIT || op.kind > OC_LOP_TERMS) return refuse(OC_E_UNSUPPORTED);
  if (op.amount < 0 || op.fee < 0) return refuse(OC_E_INVALID);
  if (names_own_id(op.kind) && is_zero(op.id)) return refuse(OC_E_INVALID);
  if (names_ref(op.kind) && is_zero(op.ref)) return refuse(OC_E_INVALID);
  switch (op.kind) {
    case OC_LOP_DEPOSIT: return deposit(op);
    case OC_LOP_TRANSFER: return transfer(op);
    case OC_LOP_RESERVE:
    case OC_LOP_LEASE: return reserve(op);
    case OC_LOP_EXTEND:
    case OC_LOP_LEASE_RENEW: return extend(op);
    case OC_LOP_SETTLE: return settle(op);
    case OC_LOP_VOID: return void_hold(op);
    case OC_LOP_REFUND: return refund(op);
    case OC_LOP_LEASE_SETTLE: return lease_settle(op);
    case OC_LOP_LEASE_CLOSE: return lease_close(op);
    case OC_LOP_SWEEP: return sweep(op);
    case OC_LOP_HEARTBEAT: return heartbeat(op);
    case OC_LOP_PROGRESS: return progress(op);
    case OC_LOP_EPOCH: return bump_epoch(op);
    case OC_LOP_WITHDRAW: return withdraw(op);
    case OC_LOP_GRANT: return grant(op);
    default: return terms(op);
  }
}

inline Transfer Batch::transfer_for(const oc_ledger_op& op, std::uint64_t hash) const {
  Transfer t;
  t.id = op.id;
  t.kind = op.kind;
  t.code = op.code;
  t.scopes = scopes_of(op);
  t.counter = op.account2;
  t.node = op.node;
  t.amount = op.amount;
  t.ts_ms = now_ms_;
  t.body_hash = hash;
  return t;
}

// The answer to an op whose id was seen before.
inline oc_ledger_result Batch::posted_before(const oc_ledger_op& op, const Entry& e, std::uint64_t hash) const {
  if (!e.posted()) return refuse(OC_E_CONFLICT);
  const Transfer& t = transfer_of(e);
  if (t.kind != op.kind || t.body_hash != hash) return refuse(OC_E_CONFLICT);
  oc_ledger_result r = refuse(OC_DUPLICATE);
  const bool may_owe = is_spending(t) || t.kind == OC_LOP_WITHDRAW;
  r.flags = t.flags & OC_LF_LATE;
  r.posted = t.amount + t.fee;
  r.released = t.released;
  r.shortfall = may_owe ? t.debt_part + t.absorbed_part : 0;
  r.available = t.available;
  return r;
}

// Posts a transfer that ends no hold.
inline oc_ledger_result Batch::move(Entry& e, Transfer& t, Purse& p) {
  Posting posting;
  if (!fits(t, posting)) return refuse(OC_E_INVALID);
  post(posting, t);
  record(e, t, p);
  oc_ledger_result r{};
  r.posted = t.amount + t.fee;
  r.shortfall = t.kind == OC_LOP_WITHDRAW ? t.debt_part : 0;
  r.available = t.available;
  return r;
}

inline oc_ledger_result Batch::deposit(const oc_ledger_op& op) {
  if (op.account == 0 || op.amount == 0 || op.fee != 0) return refuse(OC_E_INVALID);
  Entry& e = entry(op.id);
  const std::uint64_t hash = body_hash(op);
  if (!e.unknown()) return posted_before(op, e, hash);
  Purse& p = purse(op.account);
  Transfer t = transfer_for(op, hash);
  t.debt_part = std::min(debt(p), op.amount);
  t.wallet_part = op.amount - t.debt_part;
  return move(e, t, p);
}

// Money leaves only if it is the owner's: no overdraft, no held money, and nothing is owed beyond it.
inline oc_ledger_result Batch::withdraw(const oc_ledger_op& op) {
  if (op.account == 0 || op.amount == 0 || op.fee != 0 || op.code > OC_WITHDRAW_CHARGEBACK) return refuse(OC_E_INVALID);
  Entry& e = entry(op.id);
  const std::uint64_t hash = body_hash(op);
  if (!e.unknown()) return posted_before(op, e, hash);
  Purse& p = purse(op.account);
  const std::int64_t own = std::max<std::int64_t>(0, own_money(p.paid.row));
  if (op.code == OC_WITHDRAW_PAYOUT && own - debt(p) < op.amount) {
    oc_ledger_result r = refuse(OC_E_FUNDS);
    r.available = available(p);
    return r;
  }
  Transfer t = transfer_for(op, hash);
  t.wallet_part = std::min(own, op.amount);
  t.debt_part = op.amount - t.wallet_part;
  return move(e, t, p);
}

inline oc_ledger_result Batch::transfer(const oc_ledger_op& op) {
  if (op.account == 0 || op.account2 == 0 || op.account == op.account2 || op.amount == 0 || op.fee != 0)
    return refuse(OC_E_INVALID);
  Entry& e = entry(op.id);
  const std::uint64_t hash = body_hash(op);
  if (!e.unknown()) return posted_before(op, e, hash);
  Purse& p = purse(op.account);
  const std::int64_t own = std::max<std::int64_t>(0, own_money(p.paid.row));
  if (own - debt(p) < op.amount) {
    oc_ledger_result r = refuse(OC_E_FUNDS);
    r.available = available(p);
    return r;
  }
  Transfer t = transfer_for(op, hash);
  t.debt_part = std::min(debt(purse(op.account2)), op.amount);
  t.wallet_part = op.amount - t.debt_part;
  return move(e, t, p);
}

inline oc_ledger_result Batch::grant(const oc_ledger_op& op) {
  const auto end_max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (op.account == 0 || op.amount == 0 || op.fee != 0 || op.epoch > end_max) return refuse(OC_E_INVALID);
  Entry& e = entry(op.id);
  const std::uint64_t hash = body_hash(op);
  if (!e.unknown()) return posted_before(op, e, hash);
  Grant row;
  row.id = op.id;
  row.number = grant_number(op.id);
  row.wallet = op.account;
  row.priority = op.code;
  row.created_ms = now_ms_;
  row.expires_ms = static_cast<std::int64_t>(op.epoch);
  row.open = false;
  if (is_over(row, now_ms_)) return refuse(OC_E_INVALID);
  Pocket& pocket = this->pocket(row.number);
  if (pocket.grant.known || pocket.money.row.credits != 0) return refuse(OC_E_CONFLICT);  // two ids of one number
  Purse& p = purse(op.account);
  Transfer t = transfer_for(op, hash);
  t.grants[0] = {row.number, op.amount};
  Posting posting;
  if (!fits(t, posting)) return refuse(OC_E_INVALID);
  change(pocket.grant) = row;
  change(p.paid);  // a wallet with nothing but grants has a row, too: it is what nodes lock
  if (in_group_) undo_pockets_.emplace_back(&p, &pocket);
  p.pockets.insert(
      std::upper_bound(p.pockets.begin(), p.pockets.end(), &pocket,
                       [](const Pocket* a, const Pocket* b) { return draws_before(a->grant.row, b->grant.row); }),
      &pocket);
  return move(e, t, p);
}

inline oc_ledger_result Batch::terms(const oc_ledger_op& op) {
  if (op.account == 0 || (op.code & ~std::uint32_t(OC_TERMS_FROZEN)) != 0) return refuse(OC_E_INVALID);
  Purse& p = purse(op.account);
  const Account& row = p.paid.row;
  const bool same = row.overdraft == op.amount && row.debt_limit == op.fee && row.flags == op.code;
  oc_ledger_result r{};
  r.available = available(p);
  if (!is_zero(op.id) && same_id(op.id, row.terms_op)) {
    r.status = same ? OC_DUPLICATE : OC_E_CONFLICT;
    return r;
  }
  if (Wide(row.credits) - row.debits - row.pending + op.amount < 0) {  // what is in use cannot be taken away
    r.status = OC_E_FUNDS;
    return r;
  }
  Account& changed = change(p.paid);
  changed.overdraft = op.amount;
  changed.debt_limit = op.fee;
  changed.flags = op.code;
  changed.terms_op = op.id;
  r.available = available(p);
  return r;
}

// Gives back in the reverse order of who paid: debt, wallet, then grants, last to first.
inline oc_ledger_result Batch::refund(const oc_ledger_op& op) {
  if (op.amount == 0 || op.fee != 0 || op.code > OC_REFUND_PROVIDER) return refuse(OC_E_INVALID);
  Entry& e = entry(op.id);
  const std::uint64_t hash = body_hash(op);
  if (!e.unknown()) return posted_before(op, e, hash);
  const Entry& original = entry(op.ref);
  if (!original.posted()) return refuse(OC_E_NOT_FOUND);
  const Transfer of = transfer_of(original);
  if (!is_spending(of)) return refuse(OC_E_INVALID);
  if (is_other(op.account, of.scopes.account)) return refuse(OC_E_CONFLICT);
  Slot<RefundCap>& cap = refunds_[op.ref];
  cap.row.transfer = op.ref;
  const std::int64_t total = of.amount + of.fee;
  std::int64_t refunded = cap.row.refunded;
  if (!ledger_core::add(refunded, op.amount) || refunded > total - of.absorbed_part) return refuse(OC_E_INVALID);
  Purse& p = purse(of.scopes.account);
  Transfer t = transfer_for(op, hash);
  t.ref = op.ref;
  t.scopes = of.scopes;
  t.counter = of.counter;
  t.fee = static_cast<std::int64_t>(Wide(refunded) * of.fee / total) - cap.row.refunded_fee;
  t.amount = op.amount - t.fee;
  std::int64_t skip = cap.row.refunded, need = op.amount;
  const auto take = [&](std::int64_t part) {  // of a part of what was paid, beyond what went back before
    const std::int64_t gone = std::min(skip, part);
    const std::int64_t taken = std::min(need, part - gone);
    skip -= gone;
    need -= taken;
    return taken;
  };
  const std::int64_t owed = take(of.debt_part);
  t.debt_part = std::min(owed, debt(p));
  t.wallet_part = owed - t.debt_part + take(of.wallet_part);
  std::size_t n = 0;
  for (std::size_t i = kGrantsPerHold; i-- > 0;)
    if (const std::int64_t part = take(of.grants[i].amount); part > 0) t.grants[n++] = {of.grants[i].number, part};
  Posting posting;
  if (!fits(t, posting)) return refuse(OC_E_INVALID);
  RefundCap& row = change(cap);
  row.refunded = refunded;
  row.refunded_fee += t.fee;
  return move(e, t, p);
}

}  // namespace onechat::ledger_core
