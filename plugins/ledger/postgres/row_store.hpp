// The rows of ledger_core in PostgreSQL, a batch at a time: what it names is locked and read, what it changed written.
// Decides nothing.
//
// Several nodes write the same books. A batch locks in one order (holds by id, wallets by number, then all other
// accounts) and reads what belongs to a wallet only when it has the wallet's lock: grants, budget windows, debts. A row
// that was not there is inserted, never "inserted or replaced", so that of two who make the same row one fails and
// tries again. Nothing is remembered from one batch to the next.
//
// Loads that do not need each other's answers travel together: what is put off comes with the next load that waits, at
// the latest in loaded(). Errors: ServerError.
#pragma once
#include <onechat/ledger_core.hpp>

#include <unordered_set>

#include "chain.hpp"
#include "tables.hpp"

namespace onechat::ledger_postgres {

class RowStore {
 public:
  // `budgets_lock`: the advisory lock that a change of budgets takes alone and batches share.
  RowStore(Connection& connection, Chain& chain, std::uint64_t budgets_lock)
      : db_(connection), chain_(chain), budgets_lock_(budgets_lock) {}

  void begin(const oc_ledger_op* ops, std::size_t n, std::int64_t now_ms);
  void load_nodes(const std::vector<std::uint64_t>& ids, ledger_core::Batch& batch);
  void load_entries(const std::vector<oc_id128>& ids, ledger_core::Batch& batch);
  void load_sweep(const ledger_core::SweepQuery& query, ledger_core::Batch& batch);
  void load_budgets(const std::vector<ledger_core::BudgetKey>& keys, ledger_core::Batch& batch);
  void load_grants(const std::vector<std::uint64_t>& wallets, const std::vector<std::uint64_t>& numbers,
                   ledger_core::Batch& batch);
  void load_accounts(const std::vector<ledger_core::AccountKey>& keys, ledger_core::Batch& batch);
  void load_windows(const std::vector<ledger_core::WindowKey>& keys, ledger_core::Batch& batch);
  void load_refunds(const std::vector<oc_id128>& ids, ledger_core::Batch& batch);
  void loaded();
  void write(const ledger_core::Writes& writes);
  void drop_tombstones(std::int64_t older_than_ms);  // some of them
  void commit();  // with everything written; a lost connection leaves open whether it happened

 private:
  void forget_segment();
  void lock_wallets(std::vector<std::uint64_t> owners);
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

  // What exists, of the segment that is read: other rows are new.
  std::unordered_set<ledger_core::AccountKey, ledger_core::AccountHash> accounts_;
  std::unordered_set<ledger_core::WindowKey, ledger_core::WindowHash> windows_;
  std::unordered_set<std::uint64_t> grants_, nodes_;
  std::unordered_set<oc_id128, ledger_core::IdHash, ledger_core::IdEqual> refunds_;
  std::vector<ledger_core::Account> wallets_;  // locked, not yet asked for
};

}  // namespace onechat::ledger_postgres
