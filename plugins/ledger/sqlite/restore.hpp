// Takes the rows of a dump into an empty file, in one transaction from the constructor to finish().
#pragma once
#include <onechat/ledger_codec.hpp>

#include <map>
#include <memory>

#include "postings.hpp"

namespace onechat::ledger_sqlite {

// The books are not empty, or the rows are not those of a dump in their order.
struct NotTaken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Restore {
 public:
  explicit Restore(Database& db);       // throws NotTaken when the file has rows
  void add(const oc_ledger_row& row);   // throws NotTaken; then nothing of it may be kept
  void finish();

 private:
  void check(const ledger_core::Link& link);
  template <class Row>
  void put(const Row& row);
  Query& statement(std::uint32_t table, const std::string& sql);

  Database& db_;
  std::unique_ptr<Transaction> transaction_;
  std::map<std::uint32_t, std::unique_ptr<Query>> statements_;
  Postings postings_;
  std::uint32_t table_ = 0;
  std::uint64_t transfers_ = 0, chained_ = 0, chained_from_ = 0;
};

}  // namespace onechat::ledger_sqlite
