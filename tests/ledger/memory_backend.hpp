// MemoryStore behind the C table of a ledger backend, as the model test wants it.
#pragma once
#include <onechat/ledger_view.hpp>

#include <cstring>

#include "memory_store.hpp"

namespace onechat::ledger_test {

class MemoryBackend {
 public:
  MemoryBackend(ledger_core::Calendar calendar, const std::int64_t& now_ms)
      : calendar_(std::move(calendar)), now_ms_(&now_ms) {}

  MemoryStore store;

  static const oc_ledger_backend& table() {
    static const oc_ledger_backend t = [] {
      oc_ledger_backend b{};
      b.struct_size = sizeof b;
      b.batch_max = 1000;
      b.apply = [](void* self, const oc_ledger_op* ops, oc_ledger_result* results, std::uint64_t n) -> oc_status {
        MemoryBackend& me = of(self);
        ledger_core::apply(me.store, me.calendar_, ops, results, n, *me.now_ms_);
        return OC_OK;
      };
      b.balance = balance;
      b.verify = verify;
      b.open = open;
      b.put_budget = put_budget;
      b.budgets = budgets;
      b.trial_balance = trial_balance;
      return b;
    }();
    return t;
  }

 private:
  static MemoryBackend& of(void* self) { return *static_cast<MemoryBackend*>(self); }

  static oc_status balance(void* self, std::uint64_t account, oc_ledger_balance* out) {
    const MemoryStore& store = of(self).store;
    const ledger_core::Standing s = store.standing(account, *of(self).now_ms_);
    const ledger_core::Account wallet = store.account(ledger_core::kWallet, account);
    *out = ledger_core::balance_of(wallet, s);
    return OC_OK;
  }

  static oc_status open(void* self, oc_ledger_open* out) {
    for (const auto& [id, h] : of(self).store.holds) ledger_core::count_open(h, *out);
    return OC_OK;
  }

  static oc_status put_budget(void* self, const oc_ledger_budget* b) {
    ledger_core::Budget row{{b->account, b->scope, b->scope_id}, b->period, b->action, b->limit_nano, {}};
    row.time_zone.assign(b->time_zone.ptr, b->time_zone.len);
    of(self).store.put_budget(row, of(self).calendar_, *of(self).now_ms_);
    return OC_OK;
  }

  static oc_status budgets(void* self, std::uint64_t account, oc_ledger_budget_fn each, void* arg) {
    for (const auto& [id, b] : of(self).store.budgets) {
      if (account != 0 && b.key.account != account) continue;
      const ledger_core::Span now = of(self).calendar_(b.period, b.time_zone, *of(self).now_ms_);
      const auto w = of(self).store.windows.find({id, now.begin_ms});
      const ledger_core::WindowKey key{b.key, b.period, now.begin_ms};
      const oc_ledger_budget out = ledger_core::budget_of(
          b, w != of(self).store.windows.end() ? w->second : ledger_core::Window{key, now.end_ms, 0, 0});
      each(arg, &out);
    }
    return OC_OK;
  }

  using Sums = std::map<MemoryStore::AccountId, std::pair<std::int64_t, std::int64_t>>;
  static Sums fold(const MemoryStore& store, std::int64_t before_ms) {
    Sums sums;
    for (const auto& t : store.transfers)
      if (t.ts_ms < before_ms)
        ledger_core::for_each_leg(t, [&](const ledger_core::AccountKey& k, std::int64_t debit, std::int64_t credit) {
          sums[{k.code, k.owner}].first += debit;
          sums[{k.code, k.owner}].second += credit;
        });
    return sums;
  }
  static oc_status trial_balance(void* self, std::int64_t before_ms, oc_ledger_sum_fn each, void* arg) {
    for (const auto& [account, sum] : fold(of(self).store, before_ms)) {
      const oc_ledger_sum row{sizeof(oc_ledger_sum), account.first, account.second, sum.first, sum.second};
      each(arg, &row);
    }
    return OC_OK;
  }

  // I2, I3, I4 and I10 of these rows; the model run checks the rest from outside.
  static oc_status verify(void* self, oc_ledger_problem_fn each, void* arg, std::uint64_t* n_transfers) {
    const MemoryStore& store = of(self).store;
    const auto problem = [&](std::string invariant, std::string detail) {
      const oc_ledger_problem p{sizeof p, 0, {invariant.data(), invariant.size()}, {detail.data(), detail.size()}};
      each(arg, &p);
    };
    Sums sums = fold(store, std::numeric_limits<std::int64_t>::max());
    std::map<MemoryStore::AccountId, std::int64_t> pending;
    for (const auto& [id, h] : store.holds) {
      std::int64_t used = h.settled;
      for (const auto& part : h.grants) {
        const std::int64_t take = std::min(used, part.amount);
        if (part.number != 0) pending[{ledger_core::kGrant, part.number}] += part.amount - take;
        used -= take;
      }
      pending[{ledger_core::kWallet, h.scopes.account}] += h.amount - sum(h.grants) - used;
    }
    for (const auto& [id, a] : store.accounts) {
      const std::string name = "account " + std::to_string(id.first) + "/" + std::to_string(id.second);
      if (sums[id] != std::pair(a.debits, a.credits)) problem("I2", name);
      const bool guarded = id.first == ledger_core::kWallet || id.first == ledger_core::kGrant;
      if (guarded && a.credits - a.debits - a.pending + a.overdraft < 0) problem("I3", name);
      if (a.pending != pending[id]) problem("I4", name);
    }
    for (const auto& [id, w] : store.windows) {
      const auto b = store.budgets.find(id.first);
      const bool is_fold = b != store.budgets.end() && [&] {
        const ledger_core::Window f = store.fold(b->second, {w.key.begin_ms, w.end_ms});
        return f.spent == w.spent && f.held == w.held;
      }();
      if (!is_fold) problem("I10", "a window of account " + std::to_string(w.key.budget.account));
    }
    *n_transfers = store.transfers.size();
    return OC_OK;
  }

  ledger_core::Calendar calendar_;
  const std::int64_t* now_ms_;
};

}  // namespace onechat::ledger_test
