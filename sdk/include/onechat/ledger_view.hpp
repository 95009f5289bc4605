// What a ledger's rows look like through its C table: one answer for every backend that keeps ledger_core's rows.
//
// Pure functions; C++17. Structs are filled with the size of this header's version; a backend that is asked through a
// caller's struct copies no more than that holds. Strings are borrowed from the row.
#pragma once
#include <onechat/ledger_core.hpp>

#include <map>
#include <utility>

namespace onechat::ledger_core {

// A settle is shown under the id that a host gave it, with its hold as `ref`.
inline oc_ledger_entry entry_of(const Transfer& t) {
  oc_ledger_entry e{};
  e.struct_size = sizeof e;
  e.kind = t.kind;
  const bool named_by_hold = t.kind == OC_LOP_SETTLE && is_zero(t.ref);
  e.id = named_by_hold ? settle_id(t.id) : t.id;
  e.ref = named_by_hold ? t.id : t.ref;
  e.amount = t.amount;
  e.fee = t.fee;
  e.unix_ms = t.ts_ms;
  e.key_id = t.scopes.key_id;
  e.flags = t.flags;
  e.group_id = t.scopes.group_id;
  e.account = t.scopes.account;
  e.account2 = t.counter;
  e.project_id = t.scopes.project_id;
  e.user_id = t.scopes.user_id;
  e.node = t.node;
  e.wallet_part = t.wallet_part;
  e.promo_part = sum(t.grants);
  e.debt_part = t.debt_part;
  e.absorbed_part = t.absorbed_part;
  e.available = t.available;
  e.code = t.code;
  return e;
}

inline oc_ledger_link link_of(const Link& l) {
  oc_ledger_link out{};
  out.struct_size = sizeof out;
  out.node = l.node;
  out.n = l.n;
  out.first_seq = l.first_seq;
  out.last_seq = l.last_seq;
  out.unix_ms = l.ts_ms;
  out.sha256 = {l.hash.data(), l.hash.size()};
  return out;
}

inline oc_ledger_hold hold_of(const Hold& h) {
  oc_ledger_hold out{};
  out.struct_size = sizeof out;
  out.kind = h.kind;
  out.state = OC_HOLD_OPEN;
  out.id = h.id;
  out.account = h.scopes.account;
  out.key_id = h.scopes.key_id;
  out.project_id = h.scopes.project_id;
  out.user_id = h.scopes.user_id;
  out.node = h.node;
  out.epoch = h.epoch;
  out.amount = h.amount;
  out.settled = h.settled;
  out.progress = h.progress + h.progress_fee;
  out.created_unix_ms = h.created_ms;
  out.expires_unix_ms = h.expires_ms;
  return out;
}

inline oc_ledger_hold hold_of(const Tombstone& t) {
  const bool lease = t.outcome == Outcome::kLeaseClosed || t.outcome == Outcome::kLeaseSwept;
  const bool swept = t.outcome == Outcome::kSwept || t.outcome == Outcome::kLeaseSwept;
  oc_ledger_hold out{};
  out.struct_size = sizeof out;
  out.kind = lease ? OC_LOP_LEASE : OC_LOP_RESERVE;
  out.state = swept ? OC_HOLD_SWEPT : t.outcome == Outcome::kSettledZero ? OC_HOLD_FREE : OC_HOLD_VOIDED;
  out.id = t.id;
  out.account = t.account;
  out.amount = t.released;
  out.ended_unix_ms = t.ts_ms;
  return out;
}

// `window`: the budget's current one.
inline oc_ledger_budget budget_of(const Budget& b, const Window& window) {
  oc_ledger_budget out{};
  out.struct_size = sizeof out;
  out.scope = b.key.scope;
  out.account = b.key.account;
  out.scope_id = b.key.scope_id;
  out.period = b.period;
  out.action = b.action;
  out.limit_nano = b.limit;
  out.time_zone = {b.time_zone.data(), b.time_zone.size()};
  out.spent_nano = window.spent;
  out.held_nano = window.held;
  out.begin_unix_ms = window.key.begin_ms;
  out.end_unix_ms = window.end_ms;
  return out;
}

// Everything of a balance but what was spent, deposited and leased over time.
inline oc_ledger_balance balance_of(const Account& wallet, const Standing& standing) {
  oc_ledger_balance b{};
  b.struct_size = sizeof b;
  b.flags = wallet.flags;
  b.available = standing.available;
  b.held = standing.held;
  b.promo = standing.promo;
  b.debt = standing.debt;
  b.overdraft = wallet.overdraft;
  b.debt_limit = wallet.debt_limit;
  return b;
}

// Adds an open hold to what is open. `oldest_unix_ms` is of requests: leases live on for as long as they are used.
inline void count_open(const Hold& h, oc_ledger_open& open) {
  const bool lease = h.kind == OC_LOP_LEASE;
  std::int64_t& nano = lease ? open.leased_nano : open.held_nano;
  ++(lease ? open.leases : open.holds);
  nano = clamp(Wide(nano) + h.open_amount());
  if (!lease && (open.oldest_unix_ms == 0 || h.created_ms < open.oldest_unix_ms)) open.oldest_unix_ms = h.created_ms;
}

// Sums of postings by account; debits and credits are equal in all.
class TrialBalance {
 public:
  void add(const Transfer& t) {
    for_each_leg(t, [this](const AccountKey& key, std::int64_t debit, std::int64_t credit) {
      auto& [debits, credits] = sums_[{key.code, key.owner}];
      debits += debit;
      credits += credit;
    });
  }
  template <class Fn>
  void for_each(Fn&& fn) const {  // fn(const oc_ledger_sum&), by code and owner
    for (const auto& [key, sides] : sums_)
      fn(oc_ledger_sum{sizeof(oc_ledger_sum), key.first, key.second, clamp(sides.first), clamp(sides.second)});
  }

 private:
  std::map<std::pair<std::uint32_t, std::uint64_t>, std::pair<Wide, Wide>> sums_;
};

}  // namespace onechat::ledger_core
