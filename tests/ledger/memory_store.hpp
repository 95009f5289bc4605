// The store that ledger_core needs, in memory: maps of rows, nothing clever. It keeps budgets as a backend has to, too.
#pragma once
#include <onechat/ledger_core.hpp>

#include <map>

namespace onechat::ledger_test {

class MemoryStore {
 public:
  using Id = std::pair<std::uint64_t, std::uint64_t>;
  using AccountId = std::pair<std::uint32_t, std::uint64_t>;
  using BudgetId = std::tuple<std::uint64_t, std::uint32_t, std::uint64_t, std::uint32_t>;  // key, period
  using WindowId = std::pair<BudgetId, std::int64_t>;                                       // begin_ms

  std::map<AccountId, ledger_core::Account> accounts;
  std::map<std::uint64_t, ledger_core::Grant> grants;
  std::map<std::uint64_t, ledger_core::Node> nodes;
  std::map<BudgetId, ledger_core::Budget> budgets;
  std::map<WindowId, ledger_core::Window> windows;
  std::map<Id, ledger_core::Hold> holds;
  std::map<Id, ledger_core::Tombstone> tombstones;
  std::map<Id, std::size_t> transfer_at;
  std::vector<ledger_core::Transfer> transfers;  // in their order
  std::map<Id, ledger_core::RefundCap> refunds;

  static Id id_of(const oc_id128& id) { return {id.hi, id.lo}; }
  static BudgetId id_of(const ledger_core::BudgetKey& k, std::uint32_t period) {
    return {k.account, k.scope, k.scope_id, period};
  }

  void load_nodes(const std::vector<std::uint64_t>& ids, ledger_core::Batch& batch) {
    for (auto id : ids) give(nodes, id, batch);
  }
  void load_entries(const std::vector<oc_id128>& ids, ledger_core::Batch& batch) {
    for (const auto& id : ids) {
      if (give(holds, id_of(id), batch)) continue;
      give(tombstones, id_of(id), batch);
      if (const auto it = transfer_at.find(id_of(id)); it != transfer_at.end()) batch.add(transfers[it->second]);
    }
  }
  void load_sweep(const ledger_core::SweepQuery& q, ledger_core::Batch& batch) {
    std::uint32_t n = 0;
    for (const auto& [id, h] : holds)
      if (n < q.holds_max && nobody_ends(h, q)) {
        batch.add(h);
        ++n;
      }
    std::map<Id, const ledger_core::Grant*> over;
    for (const auto& [number, g] : grants)
      if (g.open && ledger_core::is_over(g, q.now_ms)) over[id_of(g.id)] = &g;
    n = 0;
    for (const auto& [id, g] : over)
      if (n++ < q.holds_max) batch.add(*g);
  }
  void load_grants(const std::vector<std::uint64_t>& wallets, const std::vector<std::uint64_t>& numbers,
                   ledger_core::Batch& batch) {
    for (auto wallet : wallets)
      for (auto number : grants_of_[wallet])
        if (grants[number].open) batch.add(grants[number]);
    for (auto number : numbers) give(grants, number, batch);
  }
  void load_budgets(const std::vector<ledger_core::BudgetKey>& keys, ledger_core::Batch& batch) {
    for (const auto& k : keys)
      for (auto it = budgets.lower_bound(id_of(k, 0)); it != budgets.end() && it->second.key == k; ++it)
        batch.add(it->second);
  }
  void load_accounts(const std::vector<ledger_core::AccountKey>& wanted, ledger_core::Batch& batch) {
    for (const auto& k : wanted) give(accounts, AccountId{k.code, k.owner}, batch);
  }
  void load_windows(const std::vector<ledger_core::WindowKey>& keys, ledger_core::Batch& batch) {
    for (const auto& k : keys) give(windows, WindowId{id_of(k.budget, k.period), k.begin_ms}, batch);
  }
  void load_refunds(const std::vector<oc_id128>& ids, ledger_core::Batch& batch) {
    for (const auto& id : ids) give(refunds, id_of(id), batch);
  }
  void write(const ledger_core::Writes& w) {
    for (const auto& a : w.accounts) accounts[{a.key.code, a.key.owner}] = a;
    for (const auto& g : w.grants) {
      if (grants.emplace(g.number, g).second) grants_of_[g.wallet].push_back(g.number);
      grants[g.number] = g;
    }
    for (const auto& x : w.windows) windows[{id_of(x.key.budget, x.key.period), x.key.begin_ms}] = x;
    for (const auto& n : w.nodes) nodes[n.id] = n;
    for (const auto& r : w.refunds) refunds[id_of(r.transfer)] = r;
    for (const auto& h : w.holds_opened) holds.emplace(id_of(h.id), h);
    for (const auto& h : w.holds_changed) holds.at(id_of(h.id)) = h;
    for (const auto& id : w.holds_ended) holds.erase(id_of(id));
    for (const auto& t : w.tombstones) tombstones.emplace(id_of(t.id), t);
    for (const auto& t : w.transfers) {
      transfer_at.emplace(id_of(t.id), transfers.size());
      transfers.push_back(t);
    }
  }

  // Sets or (negative limit) removes a budget; its current window counts what was spent and is held in it.
  void put_budget(const ledger_core::Budget& b, const ledger_core::Calendar& calendar, std::int64_t now_ms) {
    const BudgetId id = id_of(b.key, b.period);
    const auto known = budgets.find(id);
    const bool other_zone = known != budgets.end() && known->second.time_zone != b.time_zone;
    if (b.limit < 0 || other_zone)
      windows.erase(windows.lower_bound({id, std::numeric_limits<std::int64_t>::min()}),
                    windows.upper_bound({id, std::numeric_limits<std::int64_t>::max()}));
    if (b.limit < 0) {
      budgets.erase(id);
      return;
    }
    budgets[id] = b;
    const ledger_core::Span span = calendar(b.period, b.time_zone, now_ms);
    windows[{id, span.begin_ms}] = fold(b, span);
  }
  ledger_core::Window fold(const ledger_core::Budget& b, const ledger_core::Span& span) const {
    ledger_core::Window w{{b.key, b.period, span.begin_ms}, span.end_ms, 0, 0};
    for (const auto& t : transfers)
      if (ledger_core::is_spending(t) && ledger_core::in_scope(b.key, t.scopes) && span.has(t.reserved_ms))
        w.spent += t.amount + t.fee;
    for (const auto& [id, h] : holds)
      if (ledger_core::in_scope(b.key, h.scopes) && span.has(h.created_ms)) w.held += h.open_amount();
    return w;
  }

  ledger_core::Account account(std::uint32_t code, std::uint64_t owner) const {
    const auto it = accounts.find({code, owner});
    return it != accounts.end() ? it->second : ledger_core::Account{{code, owner}};
  }
  ledger_core::Standing standing(std::uint64_t wallet, std::int64_t now_ms) const {
    std::vector<ledger_core::GrantAccount> open;
    for (const auto& [number, g] : grants)
      if (g.wallet == wallet && g.open) open.push_back({g, account(ledger_core::kGrant, number)});
    return ledger_core::standing_of(account(ledger_core::kWallet, wallet), account(ledger_core::kReceivable, wallet),
                                    std::move(open), now_ms);
  }

 private:
  template <class Map, class Key>
  static bool give(const Map& map, const Key& key, ledger_core::Batch& batch) {
    const auto it = map.find(key);
    if (it == map.end()) return false;
    batch.add(it->second);
    return true;
  }
  bool nobody_ends(const ledger_core::Hold& h, const ledger_core::SweepQuery& q) const {
    if (h.kind == OC_LOP_LEASE) return h.expires_ms + h.drain_ms <= q.now_ms;
    if (q.leases_only) return false;
    const auto node = nodes.find(h.node);
    if (h.expires_ms <= q.now_ms || node == nodes.end()) return h.expires_ms <= q.now_ms;
    const std::int64_t seen = node->second.heartbeat_ms;
    return h.epoch < node->second.epoch || (seen > 0 && seen < q.dead_before_ms);
  }

  std::map<std::uint64_t, std::vector<std::uint64_t>> grants_of_;
};

}  // namespace onechat::ledger_test
