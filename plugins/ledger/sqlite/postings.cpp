#include "postings.hpp"

#include <stdexcept>
#include <utility>

namespace onechat::ledger_sqlite {

using namespace ledger_core;

// A row that breaks a rule ends its transaction: then SQLite need not be able to take back half of a statement.
Postings::Postings(Database& db)
    : db_(db),
      put_one_(db.handle(), insert<Transfer>("INSERT OR ROLLBACK")),
      put_some_(db.handle(), insert<Transfer>("INSERT OR ROLLBACK", kRowsAtOnce)),
      put_to_(db.handle(), "INSERT INTO transfer_to VALUES (?, ?, ?)"),
      put_wallet_run_(db.handle(), "INSERT INTO wallet_run VALUES (?, ?, ?, ?)"),
      put_ref_run_(db.handle(), "INSERT INTO ref_run VALUES (?, ?, ?, ?)") {}

void Postings::add(std::span<const Transfer> posted, std::uint64_t first_seq) {
  if (posted.empty()) return;
  const std::uint64_t last_seq = first_seq + posted.size() - 1;
  for (std::size_t i = 0; i < posted.size(); ++i) lead_to(posted[i], first_seq + i);
  while (!posted.empty()) {
    const std::size_t n = posted.size() < kRowsAtOnce ? 1 : kRowsAtOnce;
    put_rows(n == 1 ? put_one_ : put_some_, posted.first(n));
    posted = posted.subspan(n);
  }
  if (static_cast<std::uint64_t>(sqlite3_last_insert_rowid(db_.handle())) != last_seq)
    throw std::runtime_error("the file has transfers that this process did not write");
}

void Postings::lead_to(const Transfer& t, std::uint64_t seq) {
  if (t.scopes.account != wallet_ || t.ts_ms != at_ms_) end_wallet_run();
  if (!same_id(t.ref, ref_)) end_ref_run();
  if (wallet_run_.first == 0) {
    wallet_run_.first = seq;
    wallet_ = t.scopes.account;
    at_ms_ = t.ts_ms;
  }
  wallet_run_.last = seq;
  if (!is_zero(t.ref)) {
    if (ref_run_.first == 0) {
      ref_run_.first = seq;
      ref_ = t.ref;
    }
    ref_run_.last = seq;
  }
  if (t.kind == OC_LOP_TRANSFER) put_to_.run(t.counter, t.ts_ms, seq);
}

void Postings::end_wallet_run() {
  const Run run = std::exchange(wallet_run_, {});
  if (run.first != 0) put_wallet_run_.run(wallet_, at_ms_, run.first, run.last);
}

void Postings::end_ref_run() {
  const Run run = std::exchange(ref_run_, {});
  if (run.first != 0) put_ref_run_.run(ref_.hi, ref_.lo, run.first, run.last);
}

void Postings::seal() {
  end_wallet_run();
  end_ref_run();
}

OfWallet transfers_of_wallet(sqlite3* db) {
  Query from(db, "SELECT v FROM ledger_meta WHERE k = 'runs_from'");
  const std::string runs_from = from.next() ? from.text(0) : "1";
  // The index is used only where the query has its condition to the letter.
  return {"WHERE account = ?1 AND ts_ms >= ?2 AND ts_ms < ?3 AND seq < " + runs_from + " ORDER BY ts_ms, seq",
          "JOIN wallet_run ON seq BETWEEN first_seq AND last_seq WHERE wallet = ?1 AND at_ms >= ?2 AND at_ms < ?3"
          " ORDER BY at_ms, first_seq, seq"};
}

}  // namespace onechat::ledger_sqlite
