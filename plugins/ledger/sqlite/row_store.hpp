// The rows of ledger_core in SQLite, by statements that are prepared once. Decides nothing.
//
// On the native handle: Poco prepares a statement anew at every execution, and a batch is often one or two operations.
// Rows that operations change again and again are remembered: open holds (all of them), balances, limits and nodes.
// That is sound because nobody else writes the file, and every failure ends the store together with what it remembers.
#pragma once
#include <onechat/ledger_core.hpp>

#include <unordered_map>

#include "database.hpp"
#include "fresh_ids.hpp"

namespace onechat::ledger_sqlite {

class RowStore {
 public:
  RowStore(Database& db, std::int64_t now_ms);

  void begin(std::int64_t now_ms);  // before each batch
  void load_nodes(const std::vector<std::uint64_t>& ids, ledger_core::Batch& batch);
  void load_entries(const std::vector<oc_id128>& ids, ledger_core::Batch& batch);
  void load_sweep(const ledger_core::SweepQuery& query, ledger_core::Batch& batch);
  void load_balances(const std::vector<ledger_core::AccountKey>& accounts, const std::vector<std::uint64_t>& keys,
                     ledger_core::Batch& batch);
  void write(const ledger_core::Writes& writes);

  const ledger_core::Account& account(const ledger_core::AccountKey& key);  // zeros when it does not exist
  void drop_tombstones(std::int64_t older_than_ms);

 private:
  static constexpr std::size_t kBalancesMax = 65'536;  // remembered; then all are forgotten and read anew

  void look_up_newest(std::int64_t now_ms);
  const ledger_core::KeySpend* key_spend(std::uint64_t id);  // nullptr when it does not exist

  Query find_node_, find_tombstone_, find_transfer_, find_account_, find_key_, find_sweep_, prune_;
  Query all_holds_, newest_transfer_, newest_tombstone_;
  Query put_account_, put_key_, put_node_, open_hold_, end_hold_, put_tombstone_, put_transfer_;

  std::unordered_map<oc_id128, ledger_core::Hold, ledger_core::IdHash, ledger_core::IdEqual> holds_;
  std::unordered_map<ledger_core::AccountKey, ledger_core::Account, ledger_core::AccountHash> accounts_;
  std::unordered_map<std::uint64_t, ledger_core::KeySpend> keys_;
  std::unordered_map<std::uint64_t, ledger_core::Node> nodes_;
  FreshIds fresh_;
  std::int64_t look_again_ms_ = 0;
};

}  // namespace onechat::ledger_sqlite
