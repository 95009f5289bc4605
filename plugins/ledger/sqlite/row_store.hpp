// The rows of ledger_core in SQLite, by statements that are prepared once. Decides nothing.
//
// On the native handle: Poco prepares a statement anew at every execution, and a batch is often one or two operations.
#pragma once
#include <onechat/ledger_core.hpp>

#include "database.hpp"

namespace onechat::ledger_sqlite {

class RowStore {
 public:
  explicit RowStore(Database& db);

  void load_nodes(const std::vector<std::uint64_t>& ids, ledger_core::Batch& batch);
  void load_entries(const std::vector<oc_id128>& ids, ledger_core::Batch& batch);
  void load_sweep(const ledger_core::SweepQuery& query, ledger_core::Batch& batch);
  void load_balances(const std::vector<ledger_core::AccountKey>& accounts, const std::vector<std::uint64_t>& keys,
                     ledger_core::Batch& batch);
  void write(const ledger_core::Writes& writes);

  ledger_core::Account account(const ledger_core::AccountKey& key);  // zeros when it does not exist
  void drop_tombstones(std::int64_t older_than_ms);

 private:
  Query find_node_, find_hold_, find_tombstone_, find_transfer_, find_account_, find_key_, find_sweep_, prune_;
  Query put_account_, put_key_, put_node_, open_hold_, end_hold_, put_tombstone_, put_transfer_;
};

}  // namespace onechat::ledger_sqlite
