#include "dump.hpp"

#include <utility>

#include "snapshot.hpp"

namespace onechat::ledger_postgres {

using namespace ledger_core;

namespace {

constexpr std::int64_t kRowsAtOnce = 2000;

const Statement kAlone{"restore_alone", "SELECT pg_advisory_xact_lock($1::bigint)"};
const Statement kPostFrom{"restore_transfers", "INSERT INTO transfer (seq, " + column_list(table_of<Transfer>()) +
                                                   ") SELECT $1 + u.nr - 1, " +
                                                   column_list(table_of<Transfer>(), "u.") + " FROM " +
                                                   unnest(types_of<Transfer>(), 2) + " WITH ORDINALITY AS u (" +
                                                   column_list(table_of<Transfer>()) + ", nr)"};

template <class Row>
const Statement& inserts() {
  static const Statement statement = insert_statement<Row>("restore", Which::all);
  return statement;
}

}  // namespace

void dump(Ledger& ledger, const std::function<void(std::uint32_t, const Bytes&)>& each) {
  Bytes bytes;
  const auto give = [&](const auto& row) {
    bytes.clear();
    encode(row, bytes);
    each(kTableOf<std::decay_t<decltype(row)>>, bytes);
  };
  Snapshot now(ledger.connection());
  now.each<Account>(all_rows<Account>(), {}, give);
  now.each<Grant>(all_rows<Grant>(), {}, give);
  now.each<Node>(all_rows<Node>(), {}, give);
  now.each<Budget>(all_rows<Budget>(), {}, give);
  now.each<Window>(all_rows<Window>(), {}, give);
  now.each<Hold>(all_rows<Hold>(), {}, give);
  now.each<Tombstone>(all_rows<Tombstone>(), {}, give);
  now.each_posting([&](std::uint64_t, const Transfer& t, const Link&) { give(t); });
  now.each<RefundCap>(all_rows<RefundCap>(), {}, give);
  std::uint64_t n = 0;
  now.each_posting([&](std::uint64_t, const Transfer&, const Link& stored) {
    ++n;
    if (stored.first_seq == 0) return;
    Link link = stored;
    link.first_seq = n;
    link.last_seq = n + (stored.last_seq - stored.first_seq);
    give(link);
  });
  now.end();
}

Restore::Restore(Ledger& ledger) : ledger_(ledger) {
  Connection& db = ledger_.connection();
  db.execute(
      "BEGIN; SET LOCAL lock_timeout = '30s'; SET LOCAL statement_timeout = 0;"
      "SET LOCAL idle_in_transaction_session_timeout = 0");
  db.run(kAlone, Params().add(ledger_.budgets_lock()));
  for (const char* table : {"account", "promo_grant", "node", "budget", "hold", "tombstone", "transfer", "link"})
    if (!db.execute("SELECT 1 FROM " + std::string(table) + " LIMIT 1").empty())
      throw NotTaken("the books are not empty: '" + std::string(table) + "' has rows");
}

template <class Row>
void Restore::flush(Gathered<Row>& rows) {
  if (rows.empty()) return;
  Params params;
  if constexpr (std::is_same_v<Row, Transfer>) params.add(sent_ + 1);
  rows.to(params, Which::all);
  try {
    if constexpr (std::is_same_v<Row, Transfer>)
      ledger_.connection().run(kPostFrom, params);
    else
      ledger_.connection().run(inserts<Row>(), params);
  } catch (const ServerError& e) {
    if (e.is_constraint()) throw NotTaken(e.what());
    throw;
  }
  if constexpr (std::is_same_v<Row, Transfer>) sent_ = transfers_;
  rows.clear();
}

template <class Row>
void Restore::take(Gathered<Row>& rows, const std::uint8_t* bytes, std::size_t size) {
  Row row;
  if (!decode(bytes, size, row)) throw NotTaken("a row of table " + std::to_string(kTableOf<Row>) + " cannot be read");
  if constexpr (std::is_same_v<Row, Transfer>) ++transfers_;
  if constexpr (std::is_same_v<Row, Link>) {
    if (row.last_seq < row.first_seq || row.last_seq > transfers_ || row.first_seq == 0)
      throw NotTaken("a link names transfers that are not there");
    if (chained_from_ == 0 || row.first_seq < chained_from_) chained_from_ = row.first_seq;
  }
  rows.add(row);
  if (rows.size() >= kRowsAtOnce) flush(rows);
}

void Restore::flush_all() {
  flush(accounts_);
  flush(grants_);
  flush(nodes_);
  flush(budgets_);
  flush(windows_);
  flush(holds_);
  flush(tombstones_);
  flush(posted_);
  flush(refunds_);
  flush(links_);
}

void Restore::add(std::uint32_t table, const std::uint8_t* bytes, std::size_t size) {
  if (table < table_) throw NotTaken("tables are not in their order");
  table_ = table;
  switch (table) {
    case OC_ROW_ACCOUNT: return take(accounts_, bytes, size);
    case OC_ROW_GRANT: return take(grants_, bytes, size);
    case OC_ROW_NODE: return take(nodes_, bytes, size);
    case OC_ROW_BUDGET: return take(budgets_, bytes, size);
    case OC_ROW_WINDOW: return take(windows_, bytes, size);
    case OC_ROW_HOLD: return take(holds_, bytes, size);
    case OC_ROW_TOMBSTONE: return take(tombstones_, bytes, size);
    case OC_ROW_TRANSFER: return take(posted_, bytes, size);
    case OC_ROW_REFUND: return take(refunds_, bytes, size);
    case OC_ROW_LINK: return take(links_, bytes, size);
    default: throw NotTaken("unknown table " + std::to_string(table));
  }
}

void Restore::finish() {
  flush_all();
  const std::uint64_t chained_from = chained_from_ != 0 ? chained_from_ : transfers_ + 1;
  ledger_.connection().execute("INSERT INTO ledger_meta VALUES ('chained_from', '" + std::to_string(chained_from) +
                               "') ON CONFLICT (k) DO UPDATE SET v = excluded.v; SELECT setval('transfer_block', " +
                               std::to_string(transfers_ / kNumbersInBlock + 1) + "); COMMIT");
}

}  // namespace onechat::ledger_postgres
