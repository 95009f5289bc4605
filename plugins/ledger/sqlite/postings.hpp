// Transfers as they lie in the file: rows under their number and id, and runs under what readers look for.
//
// A run is as many transfers as follow each other in one commit and are of one wallet, or name one other (a lease): a row
// for a commit of a busy node, where an index would take one for each transfer. Transfers from before `runs_from` (schema
// 2) are in an index and in `transfer_ref`. Single thread.
#pragma once
#include <span>
#include <string>

#include "rows.hpp"

namespace onechat::ledger_sqlite {

class Postings {
 public:
  explicit Postings(Database& db);

  // In order. `first_seq`: the first one's number, one more than that of the last that the file has.
  void add(std::span<const ledger_core::Transfer> posted, std::uint64_t first_seq);
  void seal();  // before each commit: writes the runs that have not ended

 private:
  // A statement costs as much as a row or two; beyond this little is left of that, and it is prepared at every opening.
  static constexpr std::size_t kRowsAtOnce = 8;
  struct Run {
    std::uint64_t first = 0, last = 0;  // first 0: none
  };

  void lead_to(const ledger_core::Transfer& t, std::uint64_t seq);
  void end_wallet_run();
  void end_ref_run();

  Database& db_;
  Query put_one_, put_some_, put_to_, put_wallet_run_, put_ref_run_;
  Run wallet_run_, ref_run_;
  std::uint64_t wallet_ = 0;
  std::int64_t at_ms_ = 0;
  oc_id128 ref_{};
};

// What follows "FROM transfer" for those of wallet ?1 with ?2 <= ts_ms < ?3, in the order of their time. Each transfer
// is in one of the two.
struct OfWallet {
  std::string before_runs, in_runs;
};
OfWallet transfers_of_wallet(sqlite3* db);

}  // namespace onechat::ledger_sqlite
