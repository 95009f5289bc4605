// The postings of one wallet as a statement: read in slices, so that neither memory nor the ledger's thread is taken
// for long, whatever the period.
#pragma once
#include <functional>
#include <map>
#include <ostream>
#include <string>

#include "control/books.hpp"
#include "control/wallet.hpp"

namespace onechat::control {

struct StatementPeriod {
  std::int64_t from_unix_ms = 0, to_unix_ms = 0;  // [from, to)
};

// Calls fn(entry) oldest first; it returns false to stop. Errors: those of Books::entries; what came before was right.
Result<void> for_each_entry(Books& books, std::uint64_t account, StatementPeriod period,
                            const std::function<bool(const Entry&)>& fn);

// A statement under way: made before the first byte leaves, so that what cannot be answered is an error still.
class Statement {
 public:
  // Reads all before the period, for its opening balance. `to` 0: now.
  static Result<Statement> open(Books& books, const Directory& directory, const Wallet& wallet, StatementPeriod period,
                                std::int64_t now_unix_ms);

  // With `bounds` it begins and ends with its balance. A statement that is cut off by an error is no valid JSON; a CSV
  // file lacks its closing line.
  void write_json(std::ostream& out, bool bounds) const;
  void write_csv(std::ostream& out) const;

 private:
  Statement(Books& books, const Wallet& wallet) : books_(&books), wallet_(wallet) {}

  std::string json_line(const Entry& entry, std::int64_t balance) const;
  std::string csv_line(const Entry& entry, std::int64_t balance) const;
  std::string name_of(const std::map<std::uint64_t, std::string>& names, std::uint64_t number) const;

  Books* books_;
  Wallet wallet_;
  StatementPeriod shown_, read_;  // as it was asked for; what is read for it
  std::int64_t opening_ = 0;
  std::map<std::uint64_t, std::string> keys_, projects_;  // by number
};

// "deposit", "settle", "chargeback", "expiry", ...: what the entry is to whom the wallet belongs.
std::string_view entry_kind(const Entry& entry) noexcept;

}  // namespace onechat::control
