// The rows of ledger_core in PostgreSQL, a batch at a time: what it names is locked and read, what it changed written.
// Decides nothing.
//
// Several nodes write the same books. A batch locks in one order (holds by id, wallets by number, then all other
// accounts) and reads what belongs to a wallet only when it has the wallet's lock: grants, budget windows, debts. A row
// that was not there is inserted, never "inserted or replaced", so that of two who make the same row one fails and
// tries again. Nothing is remembered from one batch to the next.
//
// begin() sends for all that the ops name by themselves in one go; a load waits only for what rows have named: a hold of
// another wallet, a grant's money. Errors: ServerError.
#pragma once
#include <onechat/ledger_core.hpp>

#include <unordered_set>

#include "chain.hpp"
#include "tables.hpp"

namespace onechat::ledger_postgres {

// Rows of one kind that a batch asks for: each key once.
template <class Row, class Key, class Hash = std::hash<Key>, class Equal = std::equal_to<Key>>
class Asked {
 public:
  // Those of `keys` that were not asked for before; they count as asked for now.
  std::vector<Key> fresh(const std::vector<Key>& keys) {
    std::vector<Key> out;
    for (const Key& key : keys)
      if (asked_.insert(key).second) out.push_back(key);
    return out;
  }
  void came(const Key& key, Row row) {
    asked_.insert(key);
    there_.insert(key);
    rows_.push_back(std::move(row));
  }
  bool has(const Key& key) const { return there_.count(key) != 0; }
  void hand_to(ledger_core::Batch& batch) {
    for (const Row& row : rows_) batch.add(row);
    rows_.clear();
  }

 private:
  std::unordered_set<Key, Hash, Equal> asked_, there_;
  std::vector<Row> rows_;  // not handed over yet
};

class RowStore {
 public:
  // `budgets_lock`: the advisory lock that a change of budgets takes alone and batches share.
  RowStore(Connection& connection, Chain& chain, std::uint64_t budgets_lock)
      : db_(connection), chain_(chain), budgets_lock_(budgets_lock) {}

  // How it is found out that the id of a RESERVE or LEASE was used before, for a hold that has ended: `at_the_end`, by
  // the last statement, which ends the transaction to be tried again; or `first`, before it is applied.
  enum class UsedIds { at_the_end, first };
  void begin(const oc_ledger_op* ops, std::size_t n, std::int64_t now_ms, const ledger_core::Calendar& calendar,
             UsedIds used_ids);
  void load_nodes(const std::vector<std::uint64_t>& ids, ledger_core::Batch& batch);
  void load_entries(const std::vector<oc_id128>& ids, ledger_core::Batch& batch);
  void load_sweep(const ledger_core::SweepQuery& query, ledger_core::Batch& batch);
  void load_grants(const std::vector<std::uint64_t>& wallets, const std::vector<std::uint64_t>& numbers,
                   ledger_core::Batch& batch);
  void load_budgets(const std::vector<ledger_core::BudgetKey>& keys, ledger_core::Batch& batch);
  void load_accounts(const std::vector<ledger_core::AccountKey>& keys, ledger_core::Batch& batch);
  void load_windows(const std::vector<ledger_core::WindowKey>& keys, ledger_core::Batch& batch);
  void load_refunds(const std::vector<oc_id128>& ids, ledger_core::Batch& batch);
  void loaded(ledger_core::Batch& batch);
  void write(const ledger_core::Writes& writes);
  void drop_tombstones(std::int64_t older_than_ms);  // some of them
  void commit();  // with everything written; a lost connection leaves open whether it happened

 private:
  using Ids = std::unordered_set<oc_id128, ledger_core::IdHash, ledger_core::IdEqual>;
  template <class Row>
  using ById = Asked<Row, oc_id128, ledger_core::IdHash, ledger_core::IdEqual>;
  struct Segment {  // what its ops have asked for; what it wrote is known to exist only by being read again
    Asked<ledger_core::Node, std::uint64_t> nodes;
    ById<ledger_core::Hold> holds;
    ById<ledger_core::Tombstone> tombstones;
    ById<ledger_core::Transfer> transfers;
    Asked<ledger_core::Budget, ledger_core::BudgetKey, ledger_core::BudgetHash> budgets;
    Asked<ledger_core::Window, ledger_core::WindowKey, ledger_core::WindowHash> windows;
    Asked<ledger_core::Grant, std::uint64_t> grants;  // by number
    std::unordered_set<std::uint64_t> wallets_with_grants;
    Asked<ledger_core::Account, ledger_core::AccountKey, ledger_core::AccountHash> accounts;
    ById<ledger_core::RefundCap> refunds;
    std::vector<oc_id128> taken_for_new;  // ids of RESERVEs and LEASEs that are no open hold's
    bool numbered = false;                // its postings have numbers, taken after the last lock
  };

  void look_ahead(const oc_ledger_op* ops, std::size_t n, const ledger_core::Calendar& calendar);
  void ask_nodes(const std::vector<std::uint64_t>& ids);
  void ask_holds(const std::vector<oc_id128>& ids);
  void ask_ended(const std::vector<oc_id128>& ids);
  void ask_wallets(std::vector<std::uint64_t> owners);
  void ask_grants_of(const std::vector<std::uint64_t>& wallets);
  void ask_budgets(const std::vector<ledger_core::BudgetKey>& keys);
  void ask_accounts(const std::vector<ledger_core::AccountKey>& keys);
  void ask_numbers();
  void open_holds(const std::vector<ledger_core::Hold>& holds);
  void post(const std::vector<ledger_core::Transfer>& transfers);
  template <class Row>
  void insert(const std::vector<Row>& rows);
  template <class Row>
  void update(const std::vector<Row>& rows);
  template <class Row, class Known, class KeyOf>
  void put(const std::vector<Row>& rows, const Known& known, KeyOf key_of);

  Connection& db_;
  Chain& chain_;
  std::uint64_t budgets_lock_;
  std::int64_t now_ms_ = 0;
  bool writes_nodes_ = false;
  std::uint64_t next_seq_ = 0;
  Ids new_ids_;  // of RESERVEs and LEASEs, when they are taken for new until the end
  Segment segment_;
};

}  // namespace onechat::ledger_postgres
