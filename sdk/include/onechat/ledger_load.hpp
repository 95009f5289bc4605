// How a batch of ledger operations runs: its groups, what it has to load, what it writes. Part of ledger_core.hpp.
#pragma once
#include <onechat/ledger_batch.hpp>

namespace onechat::ledger_core {

// ---- groups

// How many ops, from the first on, belong together; the last one has OC_LF_LINKED only if the batch ends there.
inline std::size_t Batch::group_at(const oc_ledger_op* ops, std::size_t n) noexcept {
  std::size_t size = 1;
  while (size < n && is_linked(ops[size - 1])) ++size;
  return size;
}

inline std::size_t Batch::segment(const oc_ledger_op* ops, std::size_t n) noexcept {
  std::size_t at = 0;
  while (at < n) {
    const bool alone = ops[at].kind == OC_LOP_SWEEP && !is_linked(ops[at]);
    if (alone) return at != 0 ? at : 1;
    at += group_at(ops + at, n - at);
  }
  return n;
}

inline void Batch::run(oc_ledger_result* results) {
  old_tombstones_ = tombstones_.size();
  old_transfers_ = transfers_.size();
  transfers_.reserve(transfers_.size() + n_);
  for (auto& [owner, p] : purses_)
    if (p.pockets.size() > 1)
      std::sort(p.pockets.begin(), p.pockets.end(),
                [](const Pocket* a, const Pocket* b) { return draws_before(a->grant.row, b->grant.row); });
  for (std::size_t at = 0; at < n_;) {
    if (!is_linked(ops_[at])) {
      results[at] = apply(ops_[at]);
      ++at;
    } else {
      const std::size_t size = group_at(ops_ + at, n_ - at);
      const std::size_t refused = run_group(at, size, results);
      for (std::size_t i = at; refused != kNone && i < at + size; ++i)
        if (i != refused) results[i] = refuse(OC_E_LINKED);
      at += size;
    }
  }
}

// Which op was refused; kNone: all is done.
inline std::size_t Batch::run_group(std::size_t at, std::size_t size, oc_ledger_result* results) {
  const std::size_t last = at + size - 1;
  std::size_t refused = is_linked(ops_[last]) ? last : kNone;
  for (std::size_t i = at; i <= last && refused == kNone; ++i)
    if (ops_[i].kind == OC_LOP_SWEEP) refused = i;
  if (refused != kNone) {
    results[refused] = refuse(OC_E_INVALID);
    return refused;
  }
  begin_group();
  for (std::size_t i = at; i <= last && refused == kNone; ++i) {
    results[i] = apply(ops_[i]);
    if (results[i].status < 0) refused = i;
  }
  if (refused != kNone) roll_back();
  in_group_ = false;
  return refused;
}

inline void Batch::begin_group() {
  in_group_ = true;
  undo_tombstones_ = tombstones_.size();
  undo_transfers_ = transfers_.size();
  undo_pockets_.clear();
  std::apply([](auto&... lists) { (lists.clear(), ...); }, undo_);
}

inline void Batch::roll_back() {
  const auto restore = [](auto& list) {
    for (auto it = list.rbegin(); it != list.rend(); ++it) *it->first = std::move(it->second);
  };
  std::apply([&](auto&... lists) { (restore(lists), ...); }, undo_);
  for (const auto& [owner, pocket] : undo_pockets_)
    owner->pockets.erase(std::find(owner->pockets.begin(), owner->pockets.end(), pocket));
  tombstones_.resize(undo_tombstones_);
  transfers_.resize(undo_transfers_);
}

// ---- lookup

inline bool Batch::names_own_id(std::uint32_t kind) noexcept {
  switch (kind) {
    case OC_LOP_DEPOSIT:
    case OC_LOP_TRANSFER:
    case OC_LOP_WITHDRAW:
    case OC_LOP_GRANT:
    case OC_LOP_REFUND:
    case OC_LOP_RESERVE:
    case OC_LOP_LEASE:
    case OC_LOP_LEASE_SETTLE: return true;
    default: return false;
  }
}
inline bool Batch::names_ref(std::uint32_t kind) noexcept {
  switch (kind) {
    case OC_LOP_SETTLE:
    case OC_LOP_VOID:
    case OC_LOP_EXTEND:
    case OC_LOP_PROGRESS:
    case OC_LOP_REFUND:
    case OC_LOP_LEASE_RENEW:
    case OC_LOP_LEASE_SETTLE:
    case OC_LOP_LEASE_CLOSE: return true;
    default: return false;
  }
}

inline Batch::Purse& Batch::purse(std::uint64_t owner) {
  const auto [it, added] = purses_.try_emplace(owner);
  if (added) {
    it->second.paid.row.key = {kWallet, owner};
    it->second.owed.row.key = {kReceivable, owner};
  }
  return it->second;
}

inline Batch::Pocket& Batch::pocket(std::uint64_t number) {
  const auto [it, added] = pockets_.try_emplace(number);
  if (added) it->second.money.row.key = {kGrant, number};
  return it->second;
}

inline Batch::Slot<Account>& Batch::account(const AccountKey& key) {
  switch (key.code) {
    case kWallet: return purse(key.owner).paid;
    case kReceivable: return purse(key.owner).owed;
    case kGrant: return pocket(key.owner).money;
    default: break;
  }
  const auto [it, added] = platform_.try_emplace(key);
  if (added) it->second.row.key = key;
  return it->second;
}

// The window's row, or nullptr when there is none. Only the window of now may be made.
inline Batch::Slot<Window>* Batch::window(const Limit& limit, std::int64_t unix_ms, bool make) {
  const Span span = span_at(limit, unix_ms);
  const WindowKey key{limit.budget.key, limit.budget.period, span.begin_ms};
  if (!make || !span.has(now_ms_)) {
    const auto it = windows_.find(key);
    return it != windows_.end() && it->second.known ? &it->second : nullptr;
  }
  Slot<Window>& slot = windows_[key];
  if (!slot.known) {
    slot.row = {key, span.end_ms, 0, 0};
  }
  return &slot;
}

inline void Batch::add(const Hold& row) {
  Entry& e = entry(row.id);
  e.hold = row;
  e.open = e.stored = true;
}
inline void Batch::add(const Tombstone& row) {
  entry(row.id).tombstone = tombstones_.size();
  tombstones_.push_back(row);
}
inline void Batch::add(const Transfer& row) {
  entry(row.id).transfer = transfers_.size();
  transfers_.push_back(row);
}
inline void Batch::add(const Grant& row) {
  Pocket& p = pocket(row.number);
  if (p.grant.known) return;
  load(p.grant, row);
  purse(row.wallet).pockets.push_back(&p);
  if (!wallets_known_) expiring_.push_back(&p);
}
inline void Batch::add(const Account& row) { load(account(row.key), row); }

// ---- what to load

inline std::vector<std::uint64_t> Batch::wanted_nodes() {
  std::vector<std::uint64_t> out;
  for (std::size_t i = 0; i < n_; ++i) switch (ops_[i].kind) {
      case OC_LOP_RESERVE:
      case OC_LOP_EXTEND:
      case OC_LOP_LEASE:
      case OC_LOP_LEASE_RENEW:
      case OC_LOP_HEARTBEAT:
      case OC_LOP_EPOCH: {
        const auto [it, added] = nodes_.try_emplace(ops_[i].node);
        it->second.row.id = ops_[i].node;
        if (added) out.push_back(ops_[i].node);
        break;
      }
      default: break;
    }
  return out;
}

inline std::vector<oc_id128> Batch::wanted_entries() {
  entries_.reserve(n_);
  order_.reserve(n_);
  std::vector<oc_id128> out;
  out.reserve(n_);
  const auto want = [&](const oc_id128& id) {
    const std::size_t before = order_.size();
    if (is_zero(id)) return;
    entry(id);
    if (order_.size() != before) out.push_back(id);
  };
  for (std::size_t i = 0; i < n_; ++i) {
    if (names_own_id(ops_[i].kind)) want(ops_[i].id);
    if (names_ref(ops_[i].kind)) want(ops_[i].ref);
  }
  return out;
}

inline SweepQuery Batch::wanted_sweep() const {
  const oc_ledger_op& op = ops_[0];
  const bool limited = op.amount > 0 && op.amount < std::int64_t(kSweepHoldsMax);
  SweepQuery q;
  q.now_ms = now_ms_;
  q.dead_before_ms = now_ms_ - (op.ttl_ms != 0 ? std::int64_t(op.ttl_ms) : kHeartbeatDeadMs);
  q.holds_max = limited ? static_cast<std::uint32_t>(op.amount) : kSweepHoldsMax;
  q.leases_only = op.code == OC_CRASH_HOLD;
  return q;
}

// A SETTLE of a hold that SWEEP has charged: what was posted beyond that?
inline std::vector<oc_id128> Batch::wanted_adjustments() {
  std::vector<oc_id128> out;
  if (transfers_.empty()) return out;
  for (std::size_t i = 0; i < n_; ++i) {
    if (ops_[i].kind != OC_LOP_SETTLE || is_zero(ops_[i].ref)) continue;
    const Entry& e = entry(ops_[i].ref);
    if (!e.posted() || (transfer_of(e).flags & OC_LF_SWEPT) == 0) continue;
    const std::size_t before = order_.size();
    entry(adjustment_id(ops_[i].ref));
    if (order_.size() != before) out.push_back(adjustment_id(ops_[i].ref));
  }
  return out;
}

inline std::vector<std::uint64_t> Batch::wanted_wallets() {
  std::vector<std::uint64_t> out;
  const auto want = [&](std::uint64_t owner) {
    if (owner == 0 || purses_.find(owner) != purses_.end()) return;
    purse(owner);
    out.push_back(owner);
  };
  wallets_known_ = true;
  for (const auto& [owner, p] : purses_) out.push_back(owner);  // of the grants that a SWEEP found
  for (const Entry* e : order_) {
    if (e->open) want(e->hold.scopes.account);
    if (e->dead()) want(tombstone_of(*e).account);
    if (e->posted()) want(transfer_of(*e).scopes.account);
  }
  for (std::size_t i = 0; i < n_; ++i) {
    want(ops_[i].account);
    if (ops_[i].kind == OC_LOP_TRANSFER) want(ops_[i].account2);
  }
  return out;
}

// Money may come back to a grant that was used up.
inline std::vector<std::uint64_t> Batch::wanted_grants() {
  std::vector<std::uint64_t> out;
  for (std::size_t i = 0; i < n_; ++i) {
    if (ops_[i].kind != OC_LOP_REFUND || is_zero(ops_[i].ref)) continue;
    const Entry& e = entry(ops_[i].ref);
    if (!e.posted()) continue;
    for (const GrantPart& part : transfer_of(e).grants)
      if (part.number != 0 && std::find(out.begin(), out.end(), part.number) == out.end()) out.push_back(part.number);
  }
  return out;
}

inline std::vector<BudgetKey> Batch::wanted_budgets() {
  std::vector<BudgetKey> out;
  std::size_t size = 16;  // of the table of what is in `out`: five scopes of an op and of each hold always leave gaps
  while (size < 8 * (n_ + order_.size())) size *= 2;
  std::vector<std::uint32_t> places(size, 0);
  const auto want = [&](const BudgetKey& key) {
    std::size_t at = BudgetHash()(key) & (size - 1);
    while (places[at] != 0 && !(out[places[at] - 1] == key)) at = (at + 1) & (size - 1);
    if (places[at] != 0) return;
    out.push_back(key);
    places[at] = static_cast<std::uint32_t>(out.size());
  };
  for (const Entry* e : order_) {
    if (e->open) for_each_scope(e->hold.scopes, want);
    if (e->posted() && (transfer_of(*e).flags & OC_LF_SWEPT) != 0) for_each_scope(transfer_of(*e).scopes, want);
  }
  for (std::size_t i = 0; i < n_; ++i) {
    const oc_ledger_op& op = ops_[i];
    const bool counts = op.kind == OC_LOP_RESERVE || op.kind == OC_LOP_LEASE || op.kind == OC_LOP_SETTLE ||
                        op.kind == OC_LOP_LEASE_SETTLE;
    if (!counts) continue;
    Scopes scopes = scopes_of(op);
    if (scopes.account == 0) {  // a late SETTLE may leave the wallet to the tombstone
      const Entry& e = entry(op.ref);
      if (!e.dead()) continue;
      scopes.account = tombstone_of(e).account;
    }
    if (scopes.account != 0) for_each_scope(scopes, want);
  }
  return out;
}

inline std::vector<AccountKey> Batch::wanted_accounts() {
  std::vector<AccountKey> out;
  out.reserve(2 * purses_.size() + pockets_.size() + 4);
  for (const auto& [owner, p] : purses_) {
    out.push_back({kWallet, owner});
    out.push_back({kReceivable, owner});
  }
  for (std::size_t i = 0; i < n_; ++i)
    if (ops_[i].kind == OC_LOP_GRANT) pocket(grant_number(ops_[i].id));
  for (const auto& [number, p] : pockets_) out.push_back({kGrant, number});
  const auto want = [&](std::uint32_t code, std::uint64_t owner) {
    const AccountKey key{code, owner};
    const auto [it, added] = platform_.try_emplace(key);
    if (!added) return;
    it->second.row.key = key;
    out.push_back(key);
  };
  for (std::size_t i = 0; i < n_; ++i) {
    const oc_ledger_op& op = ops_[i];
    switch (op.kind) {
      case OC_LOP_DEPOSIT:
      case OC_LOP_WITHDRAW: want(kPspClearing, op.account2); break;
      case OC_LOP_GRANT: want(kPromoExpense, 0); break;
      case OC_LOP_SWEEP: want(kBreakage, 0); [[fallthrough]];
      case OC_LOP_SETTLE:
      case OC_LOP_LEASE_SETTLE:
        want(kProviderPayable, op.account2 != 0 ? op.account2 : op.node);
        want(kRevenueMarkup, op.node);
        if (op.overage == OC_OVERAGE_ABSORB) want(kAbsorbedOverage, op.node);
        break;
      case OC_LOP_REFUND: {
        want(kRevenueMarkup, op.node);
        want(kAbsorbedOverage, op.node);
        const Entry& e = entry(op.ref);
        if (e.posted()) want(kProviderPayable, transfer_of(e).counter);
        break;
      }
      default: break;
    }
  }
  return out;
}

inline std::vector<WindowKey> Batch::wanted_windows() {
  std::vector<WindowKey> out;
  const auto want = [&](const Limit& limit, const Span& span) {
    const WindowKey key{limit.budget.key, limit.budget.period, span.begin_ms};
    if (windows_.try_emplace(key).second) out.push_back(key);
  };
  for (auto& [key, limits] : budgets_) {
    std::sort(limits.begin(), limits.end(),
              [](const Limit& a, const Limit& b) { return a.budget.period < b.budget.period; });
    for (Limit& limit : limits) {
      limit.now = (*calendar_)(limit.budget.period, limit.budget.time_zone, now_ms_);
      want(limit, limit.now);
    }
  }
  const auto want_at = [&](const Scopes& scopes, std::int64_t at_ms) {
    for_each_limit(scopes, [&](const Limit& limit) { want(limit, span_at(limit, at_ms)); });
  };
  if (budgets_.empty()) return out;
  for (const Entry* e : order_) {
    if (e->open) want_at(e->hold.scopes, e->hold.created_ms);
    if (e->posted() && (transfer_of(*e).flags & OC_LF_SWEPT) != 0)
      want_at(transfer_of(*e).scopes, transfer_of(*e).reserved_ms);
  }
  return out;
}

inline std::vector<oc_id128> Batch::wanted_refunds() {
  std::vector<oc_id128> out;
  for (std::size_t i = 0; i < n_; ++i) {
    if (ops_[i].kind != OC_LOP_REFUND || is_zero(ops_[i].ref)) continue;
    const auto [it, added] = refunds_.try_emplace(ops_[i].ref);
    it->second.row.transfer = ops_[i].ref;
    if (added) out.push_back(ops_[i].ref);
  }
  return out;
}

// ---- what to write

inline Writes Batch::writes() {
  Writes w;
  const auto put = [](auto& rows, const auto& slot) {
    if (slot.dirty) rows.push_back(slot.row);
  };
  w.accounts.reserve(2 * purses_.size() + pockets_.size() + platform_.size());
  for (const auto& [owner, p] : purses_) {
    put(w.accounts, p.paid);
    put(w.accounts, p.owed);
  }
  for (const auto& [number, p] : pockets_) {
    put(w.accounts, p.money);
    put(w.grants, p.grant);
  }
  for (const auto& [key, slot] : platform_) put(w.accounts, slot);
  for (const auto& [key, slot] : windows_) put(w.windows, slot);
  for (const auto& [id, slot] : nodes_) put(w.nodes, slot);
  for (const auto& [id, slot] : refunds_) put(w.refunds, slot);
  for (const Entry* e : order_) {
    if (e->open && !e->stored) w.holds_opened.push_back(e->hold);
    if (e->open && e->stored && e->changed) w.holds_changed.push_back(e->hold);
    if (!e->open && e->stored) w.holds_ended.push_back(e->hold.id);
  }
  const auto take_new = [](auto& from, std::size_t old) {
    from.erase(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(old));
    return std::move(from);
  };
  w.tombstones = take_new(tombstones_, old_tombstones_);
  w.transfers = take_new(transfers_, old_transfers_);
  return w;
}

}  // namespace onechat::ledger_core
