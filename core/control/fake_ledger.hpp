// A ledger behind the C table for tests of the control plane: the real rules (ledger_core) over rows in memory. Called by
// its engine's thread; tests look into it when the engine is idle.
#pragma once
#include <onechat/ledger.h>

#include <atomic>
#include <map>
#include <string>
#include <vector>

#include "base/calendar.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "memory_store.hpp"

namespace onechat::control {

class FakeLedger {
 public:
  static const oc_ledger_backend* table() {
    static const oc_ledger_backend kTable = [] {
      oc_ledger_backend t{};
      t.struct_size = sizeof t;
      t.batch_max = 64;
      t.apply = &apply;
      t.balance = &balance;
      t.statement = &statement;
      t.verify = &verify;
      t.open = &open;
      t.put_budget = &put_budget;
      t.budgets = &budgets;
      t.find = &find;
      t.trial_balance = &trial_balance;
      return t;
    }();
    return &kTable;
  }
  std::atomic<bool> breached{false};
  std::atomic<std::int64_t> ahead_ms{0};  // its clock, against the system's
  ledger_test::MemoryStore store;

 private:
  static FakeLedger& self(void* inst) { return *static_cast<FakeLedger*>(inst); }
  std::int64_t now() const { return system_clock().unix_ms() + ahead_ms; }

  static oc_status apply(void* inst, const oc_ledger_op* ops, oc_ledger_result* results, std::uint64_t n) {
    ledger_core::apply(self(inst).store, calendar(), ops, results, n, self(inst).now());
    return OC_OK;
  }
  static const ledger_core::Calendar& calendar() {
    static const ledger_core::Calendar kCalendar = [](std::uint32_t period, const std::string& zone, std::int64_t ms) {
      const auto window = system_calendar().window(period, zone, ms);
      return window ? ledger_core::Span{window->begin_ms, window->end_ms} : ledger_core::Span{};
    };
    return kCalendar;
  }

  static oc_status balance(void* inst, std::uint64_t account, oc_ledger_balance* out) {
    auto& store = self(inst).store;
    const auto wallet = store.account(ledger_core::kWallet, account);
    const auto standing = store.standing(account, self(inst).now());
    out->flags = wallet.flags;
    out->available = standing.available;
    out->held = standing.held;
    out->promo = standing.promo;
    out->debt = standing.debt;
    out->overdraft = wallet.overdraft;
    out->debt_limit = wallet.debt_limit;
    for (const auto& t : store.transfers) {
      if (t.scopes.account != account) continue;
      if (ledger_core::is_spending(t)) out->spent += t.amount + t.fee;
      if (t.kind == OC_LOP_DEPOSIT) out->deposited += t.amount;
    }
    for (const auto& [id, hold] : store.holds)
      if (hold.kind == OC_LOP_LEASE && hold.scopes.account == account) out->leased += hold.open_amount();
    return OC_OK;
  }

  static oc_ledger_entry entry_of(const ledger_core::Transfer& t) {
    oc_ledger_entry e{};
    e.struct_size = sizeof e;
    e.kind = t.kind;
    e.id = t.id;
    e.ref = t.ref;
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
    e.promo_part = ledger_core::sum(t.grants);
    e.debt_part = t.debt_part;
    e.absorbed_part = t.absorbed_part;
    e.available = t.available;
    e.code = t.code;
    return e;
  }
  static oc_status statement(void* inst, std::uint64_t account, std::int64_t from, std::int64_t to,
                             oc_ledger_entry_fn fn, void* arg) {
    for (const auto& t : self(inst).store.transfers) {
      const bool concerns = t.scopes.account == account || (t.kind == OC_LOP_TRANSFER && t.counter == account);
      if (!concerns || t.ts_ms < from || t.ts_ms >= to) continue;
      const oc_ledger_entry entry = entry_of(t);
      fn(arg, &entry);
    }
    return OC_OK;
  }
  static oc_status verify(void* inst, oc_ledger_problem_fn fn, void* arg, std::uint64_t* n) {
    *n = self(inst).store.transfers.size();
    if (!self(inst).breached) return OC_OK;
    oc_ledger_problem problem{sizeof(oc_ledger_problem), 0, str("I2"), str("account 7: off by 1")};
    fn(arg, &problem);
    return OC_OK;
  }
  static oc_status open(void* inst, oc_ledger_open* out) {
    for (const auto& [id, hold] : self(inst).store.holds) {
      const bool lease = hold.kind == OC_LOP_LEASE;
      (lease ? out->leases : out->holds) += 1;
      (lease ? out->leased_nano : out->held_nano) += hold.open_amount();
      if (!lease && (out->oldest_unix_ms == 0 || hold.created_ms < out->oldest_unix_ms))
        out->oldest_unix_ms = hold.created_ms;
    }
    return OC_OK;
  }

  static oc_status put_budget(void* inst, const oc_ledger_budget* b) {
    const std::string zone(view(b->time_zone));
    if (!system_calendar().window(b->period, zone, self(inst).now())) return OC_E_INVALID;
    self(inst).store.put_budget({{b->account, b->scope, b->scope_id}, b->period, b->action, b->limit_nano, zone},
                                calendar(), self(inst).now());
    return OC_OK;
  }
  static oc_status budgets(void* inst, std::uint64_t account, oc_ledger_budget_fn fn, void* arg) {
    const std::int64_t now = self(inst).now();
    for (const auto& [id, b] : self(inst).store.budgets) {
      if (account != 0 && b.key.account != account) continue;
      const auto span = calendar()(b.period, b.time_zone, now);
      const auto window = self(inst).store.fold(b, span);
      oc_ledger_budget out{};
      out.struct_size = sizeof out;
      out.scope = b.key.scope;
      out.account = b.key.account;
      out.scope_id = b.key.scope_id;
      out.period = b.period;
      out.action = b.action;
      out.limit_nano = b.limit;
      out.time_zone = str(b.time_zone);
      out.spent_nano = window.spent;
      out.held_nano = window.held;
      out.begin_unix_ms = span.begin_ms;
      out.end_unix_ms = span.end_ms;
      fn(arg, &out);
    }
    return OC_OK;
  }

  static oc_status find(void* inst, oc_id128 id, oc_ledger_hold_fn hold, oc_ledger_entry_fn entry, void* arg) {
    auto& store = self(inst).store;
    const auto key = ledger_test::MemoryStore::id_of(id);
    if (const auto h = store.holds.find(key); h != store.holds.end()) {
      oc_ledger_hold out{};
      out.struct_size = sizeof out;
      out.kind = h->second.kind;
      out.id = id;
      out.account = h->second.scopes.account;
      out.key_id = h->second.scopes.key_id;
      out.project_id = h->second.scopes.project_id;
      out.amount = h->second.amount;
      out.created_unix_ms = h->second.created_ms;
      out.expires_unix_ms = h->second.expires_ms;
      hold(arg, &out);
    }
    if (const auto t = store.tombstones.find(key); t != store.tombstones.end()) {
      oc_ledger_hold out{};
      out.struct_size = sizeof out;
      out.kind = OC_LOP_RESERVE;
      out.state = OC_HOLD_VOIDED;
      out.id = id;
      out.account = t->second.account;
      out.amount = t->second.released;
      out.ended_unix_ms = t->second.ts_ms;
      hold(arg, &out);
    }
    for (const auto& t : store.transfers) {
      if (!ledger_core::same_id(t.id, id) && !ledger_core::same_id(t.ref, id)) continue;
      const oc_ledger_entry e = entry_of(t);
      entry(arg, &e);
    }
    return OC_OK;
  }
  static oc_status trial_balance(void* inst, std::int64_t at, oc_ledger_sum_fn fn, void* arg) {
    std::map<std::pair<std::uint32_t, std::uint64_t>, oc_ledger_sum> sums;
    for (const auto& t : self(inst).store.transfers) {
      if (t.ts_ms >= at) continue;
      ledger_core::for_each_leg(t, [&](ledger_core::AccountKey key, std::int64_t debit, std::int64_t credit) {
        auto& sum = sums[{key.code, key.owner}];
        sum.struct_size = sizeof sum;
        sum.code = key.code;
        sum.owner = key.owner;
        sum.debits += debit;
        sum.credits += credit;
      });
    }
    for (const auto& [key, sum] : sums) fn(arg, &sum);
    return OC_OK;
  }
};

}  // namespace onechat::control
