// The rows of ledger_core in SQLite: look-ups one by one, writes in bulk. Decides nothing.
#pragma once
#include <onechat/ledger_core.hpp>

#include <Poco/Data/Statement.h>

#include <array>
#include <memory>
#include <string>

#include "database.hpp"

namespace onechat::ledger_sqlite {

// A statement that is executed once for each of the rows collected, bound as vectors.
template <std::size_t N>
class BulkWrite {
 public:
  BulkWrite(Poco::Data::Session& session, std::string sql) : session_(session), sql_(std::move(sql)) {}

  template <class... V>
  void add(V... values) {
    static_assert(sizeof...(V) == N);
    std::size_t i = 0;
    (columns_[i++].push_back(static_cast<Poco::Int64>(values)), ...);
  }
  void flush();  // throws what Poco throws; collected rows are dropped either way

 private:
  Poco::Data::Session& session_;
  std::string sql_;
  std::array<std::vector<Poco::Int64>, N> columns_;
  std::unique_ptr<Poco::Data::Statement> statement_;  // made by the first flush: an empty vector cannot be bound
};

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
  BulkWrite<5> put_account_;
  BulkWrite<6> put_key_;
  BulkWrite<4> put_node_;
  BulkWrite<12> open_hold_;
  BulkWrite<2> end_hold_;
  BulkWrite<9> put_tombstone_;
  BulkWrite<20> put_transfer_;
};

}  // namespace onechat::ledger_sqlite
