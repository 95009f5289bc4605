// A ledger behind the C table for tests of the control plane: the real rules (ledger_core) over rows in memory. Called by
// its engine's thread; tests look into it when the engine is idle.
#pragma once
#include <onechat/ledger_view.hpp>

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
      t.links = &links;
      return t;
    }();
    return &kTable;
  }
  std::atomic<bool> breached{false};
  std::atomic<std::int64_t> ahead_ms{0};  // its clock, against the system's
  ledger_test::MemoryStore store;
  std::vector<ledger_core::Link> chain;  // as a test wants it

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

  static oc_status links(void* inst, const std::uint64_t* first_seqs, std::uint64_t n, oc_ledger_link_fn each, void* arg) {
    const auto give = [&](const ledger_core::Link& link) {
      const oc_ledger_link out = ledger_core::link_of(link);
      each(arg, &out);
    };
    std::map<std::uint64_t, const ledger_core::Link*> last;
    for (const ledger_core::Link& link : self(inst).chain) {
      last[link.node] = &link;
      for (std::uint64_t i = 0; i < n; ++i)
        if (first_seqs[i] == link.first_seq) give(link);
    }
    for (const auto& [node, link] : last)
      if (n == 0) give(*link);
    return OC_OK;
  }

  static oc_status balance(void* inst, std::uint64_t account, oc_ledger_balance* out) {
    auto& store = self(inst).store;
    const auto wallet = store.account(ledger_core::kWallet, account);
    const auto standing = store.standing(account, self(inst).now());
    *out = ledger_core::balance_of(wallet, standing);
    for (const auto& t : store.transfers) {
      if (t.scopes.account != account) continue;
      if (ledger_core::is_spending(t)) out->spent += t.amount + t.fee;
      if (t.kind == OC_LOP_DEPOSIT) out->deposited += t.amount;
    }
    for (const auto& [id, hold] : store.holds)
      if (hold.kind == OC_LOP_LEASE && hold.scopes.account == account) out->leased += hold.open_amount();
    return OC_OK;
  }

  static oc_status statement(void* inst, std::uint64_t account, std::int64_t from, std::int64_t to,
                             oc_ledger_entry_fn fn, void* arg) {
    for (const auto& t : self(inst).store.transfers) {
      const bool concerns = t.scopes.account == account || (t.kind == OC_LOP_TRANSFER && t.counter == account);
      if (!concerns || t.ts_ms < from || t.ts_ms >= to) continue;
      const oc_ledger_entry entry = ledger_core::entry_of(t);
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
    for (const auto& [id, hold] : self(inst).store.holds) ledger_core::count_open(hold, *out);
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
      const oc_ledger_budget out = ledger_core::budget_of(b, self(inst).store.fold(b, span));
      fn(arg, &out);
    }
    return OC_OK;
  }

  static oc_status find(void* inst, oc_id128 id, oc_ledger_hold_fn hold, oc_ledger_entry_fn entry, void* arg) {
    auto& store = self(inst).store;
    const auto key = ledger_test::MemoryStore::id_of(id);
    if (const auto h = store.holds.find(key); h != store.holds.end()) {
      const oc_ledger_hold out = ledger_core::hold_of(h->second);
      hold(arg, &out);
    }
    if (const auto t = store.tombstones.find(key); t != store.tombstones.end()) {
      const oc_ledger_hold out = ledger_core::hold_of(t->second);
      hold(arg, &out);
    }
    for (const auto& t : store.transfers) {
      if (!ledger_core::same_id(t.id, id) && !ledger_core::same_id(t.ref, id)) continue;
      const oc_ledger_entry e = ledger_core::entry_of(t);
      entry(arg, &e);
    }
    return OC_OK;
  }
  static oc_status trial_balance(void* inst, std::int64_t at, oc_ledger_sum_fn fn, void* arg) {
    ledger_core::TrialBalance sums;
    for (const auto& t : self(inst).store.transfers)
      if (t.ts_ms < at) sums.add(t);
    sums.for_each([&](const oc_ledger_sum& sum) { fn(arg, &sum); });
    return OC_OK;
  }
};

}  // namespace onechat::control
