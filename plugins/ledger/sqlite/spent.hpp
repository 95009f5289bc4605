// What was spent in a budget's scope and window, by the postings. Errors as database.hpp says.
#pragma once
#include <onechat/ledger_batch.hpp>

#include "database.hpp"

namespace onechat::ledger_sqlite {

const char* column_of(std::uint32_t scope);  // of `transfer`, for OC_SCOPE_*

struct SpentIn {
  ledger_core::BudgetKey key;
  ledger_core::Span window;

  // By the wallet's history: its postings of the window and of the week before it, but none of before `unused_before_ms`.
  std::int64_t in_history(sqlite3* db, std::int64_t unused_before_ms) const;
  // By the postings of all wallets, of those numbered above `seq`.
  std::int64_t after(sqlite3* db, std::uint64_t seq) const;
};

std::uint64_t last_posting(sqlite3* db);  // its number; 0: there is none

}  // namespace onechat::ledger_sqlite
