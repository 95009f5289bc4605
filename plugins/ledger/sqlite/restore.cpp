#include "restore.hpp"

namespace onechat::ledger_sqlite {

using namespace ledger_core;

Restore::Restore(Database& db)
    : db_(db),
      transaction_(std::make_unique<Transaction>(db)),
      postings_(db) {
  for (const char* table : {"account", "wallet_grant", "node", "budget", "hold", "tombstone", "transfer"})
    if (Query(db_.handle(), std::string("SELECT 1 FROM ") + table + " LIMIT 1").next())
      throw NotTaken(std::string("the books are not empty: '") + table + "' has rows");
}

Query& Restore::statement(std::uint32_t table, const std::string& sql) {
  std::unique_ptr<Query>& query = statements_[table];
  if (query == nullptr) query = std::make_unique<Query>(db_.handle(), sql);
  return *query;
}

void Restore::check(const Link& link) {
  if (link.first_seq <= chained_ || link.last_seq < link.first_seq || link.last_seq > transfers_)
    throw NotTaken("a link names transfers that are not there");
  if (chained_from_ == 0) chained_from_ = link.first_seq;
  chained_ = link.last_seq;
}

template <class Row>
void Restore::put(const Row& row) {
  if constexpr (std::is_same_v<Row, Transfer>) {
    postings_.add({&row, 1}, ++transfers_);
  } else {
    if constexpr (std::is_same_v<Row, Link>) check(row);
    put_row(statement(kTableOf<Row>, insert<Row>("INSERT")), row);
  }
}

void Restore::add(const oc_ledger_row& row) {
  if (row.table < table_) throw NotTaken("tables are not in their order");
  table_ = row.table;
  try {
    if (!decode_any(row, [&](const auto& r) { put(r); }))
      throw NotTaken("a row of table " + std::to_string(row.table) + " cannot be read");
  } catch (const ConstraintError& e) {
    throw NotTaken(e.what());
  }
}

void Restore::finish() {
  Query meta(db_.handle(), "REPLACE INTO ledger_meta VALUES ('chained_from', CAST(? AS TEXT))");
  meta.run(chained_from_ != 0 ? chained_from_ : transfers_ + 1);
  postings_.seal();
  transaction_->commit();
}

}  // namespace onechat::ledger_sqlite
