// The store that ledger_core needs, in memory: maps of rows. For tests of the state machine without a database.
#pragma once
#include <onechat/ledger_core.hpp>

#include <map>

namespace onechat::ledger_test {

class MemoryStore {
 public:
  using Id = std::pair<std::uint64_t, std::uint64_t>;
  std::map<std::pair<std::uint32_t, std::uint64_t>, ledger_core::Account> accounts;
  std::map<std::uint64_t, ledger_core::KeySpend> keys;
  std::map<std::uint64_t, ledger_core::Node> nodes;
  std::map<Id, ledger_core::Hold> holds;
  std::map<Id, ledger_core::Tombstone> tombstones;
  std::map<Id, ledger_core::Transfer> transfers;

  void load_nodes(const std::vector<std::uint64_t>& ids, ledger_core::Batch& batch) {
    for (auto id : ids) give(nodes, id, batch);
  }
  void load_entries(const std::vector<oc_id128>& ids, ledger_core::Batch& batch) {
    for (const auto& id : ids) {
      const Id key{id.hi, id.lo};
      if (give(holds, key, batch)) continue;
      give(tombstones, key, batch);
      give(transfers, key, batch);
    }
  }
  void load_sweep(const ledger_core::SweepQuery& q, ledger_core::Batch& batch) {
    std::uint32_t n = 0;
    for (const auto& [id, h] : holds)
      if (n < q.holds_max && (h.expires_ms <= q.now_ms || (h.node == q.node && h.epoch < q.epoch))) {
        batch.add(h);
        ++n;
      }
  }
  void load_balances(const std::vector<ledger_core::AccountKey>& wanted, const std::vector<std::uint64_t>& ids,
                     ledger_core::Batch& batch) {
    for (const auto& k : wanted) give(accounts, std::pair{k.code, k.owner}, batch);
    for (auto id : ids) give(keys, id, batch);
  }
  void write(const ledger_core::Writes& w) {
    for (const auto& a : w.accounts) accounts[{a.key.code, a.key.owner}] = a;
    for (const auto& k : w.keys) keys[k.key_id] = k;
    for (const auto& n : w.nodes) nodes[n.id] = n;
    for (const auto& h : w.holds_opened) holds[{h.id.hi, h.id.lo}] = h;
    for (const auto& id : w.holds_ended) holds.erase({id.hi, id.lo});
    for (const auto& t : w.tombstones) tombstones[{t.id.hi, t.id.lo}] = t;
    for (const auto& t : w.transfers) transfers[{t.id.hi, t.id.lo}] = t;
  }

 private:
  template <class Map, class Key>
  static bool give(const Map& map, const Key& key, ledger_core::Batch& batch) {
    const auto it = map.find(key);
    if (it == map.end()) return false;
    batch.add(it->second);
    return true;
  }
};

}  // namespace onechat::ledger_test
