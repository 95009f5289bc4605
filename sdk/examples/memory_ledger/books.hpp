// The rows of a ledger in maps: the store that onechat/ledger_core.hpp asks for, and nothing that decides anything.
//
// Replace the maps by tables of your database: every load_*() becomes a SELECT (... FOR UPDATE) of the rows that are
// named, write() an upsert of each kind. Not thread-safe.
#pragma once
#include <onechat/ledger_core.hpp>

#include <map>

namespace memory_ledger {

using namespace onechat::ledger_core;

using Id = std::pair<std::uint64_t, std::uint64_t>;
using BudgetId = std::tuple<std::uint64_t, std::uint32_t, std::uint64_t, std::uint32_t>;  // its key and period
inline Id key_of(const oc_id128& id) { return {id.hi, id.lo}; }
inline BudgetId key_of(const BudgetKey& k, std::uint32_t period) { return {k.account, k.scope, k.scope_id, period}; }

struct Books {
  std::map<std::pair<std::uint32_t, std::uint64_t>, Account> accounts;  // code, owner
  std::map<std::uint64_t, Grant> grants;                                // number
  std::map<std::uint64_t, Node> nodes;
  std::map<BudgetId, Budget> budgets;
  std::map<std::pair<BudgetId, std::int64_t>, Window> windows;  // and when it begins
  std::map<Id, Hold> holds;
  std::map<Id, Tombstone> tombstones;
  std::map<Id, RefundCap> refunds;
  std::vector<Transfer> transfers;  // in the order they were posted
  std::map<Id, std::size_t> places;  // of the transfers

  template <class Map, class Key>
  static bool give(const Map& rows, const Key& key, Batch& batch) {
    const auto found = rows.find(key);
    if (found != rows.end()) batch.add(found->second);
    return found != rows.end();
  }
  void load_nodes(const std::vector<std::uint64_t>& ids, Batch& batch) {
    for (const std::uint64_t id : ids) give(nodes, id, batch);
  }
  void load_entries(const std::vector<oc_id128>& ids, Batch& batch) {
    for (const oc_id128& id : ids) {
      if (give(holds, key_of(id), batch)) continue;
      give(tombstones, key_of(id), batch);
      if (const auto at = places.find(key_of(id)); at != places.end()) batch.add(transfers[at->second]);
    }
  }
  void load_sweep(const SweepQuery& query, Batch& batch) {
    std::uint32_t found = 0;
    for (const auto& [id, hold] : holds)
      if (found < query.holds_max && is_left_behind(hold, query)) batch.add(hold), ++found;
    std::map<Id, const Grant*> over;
    for (const auto& [number, grant] : grants)
      if (grant.open && is_over(grant, query.now_ms)) over[key_of(grant.id)] = &grant;
    found = 0;
    for (const auto& [id, grant] : over)
      if (found++ < query.holds_max) batch.add(*grant);
  }
  void load_grants(const std::vector<std::uint64_t>& wallets, const std::vector<std::uint64_t>& numbers, Batch& batch) {
    for (const auto& [number, grant] : grants)
      if (grant.open && std::find(wallets.begin(), wallets.end(), grant.wallet) != wallets.end()) batch.add(grant);
    for (const std::uint64_t number : numbers) give(grants, number, batch);
  }
  void load_budgets(const std::vector<BudgetKey>& keys, Batch& batch) {
    for (const BudgetKey& key : keys)
      for (auto at = budgets.lower_bound(key_of(key, 0)); at != budgets.end() && at->second.key == key; ++at)
        batch.add(at->second);
  }
  void load_accounts(const std::vector<AccountKey>& keys, Batch& batch) {
    for (const AccountKey& key : keys) give(accounts, std::make_pair(key.code, key.owner), batch);
  }
  void load_windows(const std::vector<WindowKey>& keys, Batch& batch) {
    for (const WindowKey& key : keys) give(windows, std::make_pair(key_of(key.budget, key.period), key.begin_ms), batch);
  }
  void load_refunds(const std::vector<oc_id128>& ids, Batch& batch) {
    for (const oc_id128& id : ids) give(refunds, key_of(id), batch);
  }

  void write(const Writes& w) {
    for (const Account& row : w.accounts) accounts[{row.key.code, row.key.owner}] = row;
    for (const Grant& row : w.grants) grants[row.number] = row;
    for (const Window& row : w.windows) windows[{key_of(row.key.budget, row.key.period), row.key.begin_ms}] = row;
    for (const Node& row : w.nodes) nodes[row.id] = row;
    for (const RefundCap& row : w.refunds) refunds[key_of(row.transfer)] = row;
    for (const Hold& row : w.holds_opened) holds[key_of(row.id)] = row;
    for (const Hold& row : w.holds_changed) holds[key_of(row.id)] = row;
    for (const oc_id128& id : w.holds_ended) holds.erase(key_of(id));
    for (const Tombstone& row : w.tombstones) tombstones[key_of(row.id)] = row;
    for (const Transfer& row : w.transfers) {
      places[key_of(row.id)] = transfers.size();
      transfers.push_back(row);
    }
  }

  // Its current window counts what was spent and is held in it already; a negative limit removes it.
  void put(const Budget& budget, const Span& now) {
    const BudgetId id = key_of(budget.key, budget.period);
    const auto known = budgets.find(id);
    if (budget.limit < 0 || (known != budgets.end() && known->second.time_zone != budget.time_zone))
      windows.erase(windows.lower_bound({id, INT64_MIN}), windows.upper_bound({id, INT64_MAX}));
    budgets.erase(id);
    if (budget.limit < 0) return;
    Window window{{budget.key, budget.period, now.begin_ms}, now.end_ms, 0, 0};
    for (const Transfer& t : transfers)
      if (is_spending(t) && in_scope(budget.key, t.scopes) && now.has(t.reserved_ms)) window.spent += t.amount + t.fee;
    for (const auto& [key, hold] : holds)
      if (in_scope(budget.key, hold.scopes) && now.has(hold.created_ms)) window.held += hold.open_amount();
    windows[{id, now.begin_ms}] = window;
    budgets[id] = budget;
  }

 private:
  bool is_left_behind(const Hold& hold, const SweepQuery& query) const {
    if (hold.kind == OC_LOP_LEASE) return hold.expires_ms + hold.drain_ms <= query.now_ms;
    if (query.leases_only || hold.expires_ms <= query.now_ms) return !query.leases_only;
    const auto node = nodes.find(hold.node);
    if (node == nodes.end()) return false;
    const std::int64_t seen_ms = node->second.heartbeat_ms;
    return hold.epoch < node->second.epoch || (seen_ms > 0 && seen_ms < query.dead_before_ms);
  }
};

}  // namespace memory_ledger
