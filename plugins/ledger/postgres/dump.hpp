// All rows of the books in the order of the tables (OC_ROW_*), out of one moment and into empty books. Transfers are
// numbered anew from 1, without gaps; links follow.
#pragma once
#include <functional>

#include "ledger.hpp"

namespace onechat::ledger_postgres {

// Errors: ServerError.
void dump(Ledger& ledger, const std::function<void(std::uint32_t table, const ledger_core::Bytes&)>& each);

// The books are not empty, or the rows are not those of a dump in their order.
struct NotTaken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// One transaction, from the constructor to finish(); left out, nothing happened. The ledger does nothing else
// meanwhile. Errors: NotTaken, ServerError.
class Restore {
 public:
  explicit Restore(Ledger& ledger);
  void add(std::uint32_t table, const std::uint8_t* bytes, std::size_t size);
  void finish();

 private:
  template <class Row>
  void take(Gathered<Row>& rows, const std::uint8_t* bytes, std::size_t size);
  template <class Row>
  void flush(Gathered<Row>& rows);
  void flush_all();

  Ledger& ledger_;
  std::uint32_t table_ = 0;
  std::uint64_t transfers_ = 0, sent_ = 0, chained_from_ = 0;
  Gathered<ledger_core::Account> accounts_;
  Gathered<ledger_core::Grant> grants_;
  Gathered<ledger_core::Node> nodes_;
  Gathered<ledger_core::Budget> budgets_;
  Gathered<ledger_core::Window> windows_;
  Gathered<ledger_core::Hold> holds_;
  Gathered<ledger_core::Tombstone> tombstones_;
  Gathered<ledger_core::Transfer> posted_;
  Gathered<ledger_core::RefundCap> refunds_;
  Gathered<ledger_core::Link> links_;
};

}  // namespace onechat::ledger_postgres
