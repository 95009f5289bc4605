// The books in one SQLite file: applies operations and answers questions about them.
//
// Owned and called by one thread, but for reader(); one process for each file. What fails throws as database.hpp says,
// changes nothing and closes the file; the next call opens it anew.
#pragma once
#include <onechat/ledger_core.hpp>

#include <functional>
#include <memory>
#include <string>

#include "restore.hpp"
#include "row_store.hpp"

namespace onechat::ledger_sqlite {

struct BooksOptions {
  std::string file;
  std::vector<Migration> migrations;
  Tuning tuning;
};

class Books {
 public:
  using Clock = std::function<std::int64_t()>;  // Unix ms
  using BudgetFn = std::function<void(const ledger_core::Budget&, const ledger_core::Window& now)>;

  // Opens or creates the file; throws ConfigError when another process has it.
  Books(BooksOptions options, Clock clock, ledger_core::Calendar calendar);

  // One durable commit.
  void apply(const oc_ledger_op* ops, oc_ledger_result* results, std::size_t n);
  oc_ledger_balance balance(std::uint64_t account);
  oc_ledger_open open();
  // Counts the budget's current window: reads what was posted since `counted`; or, when that is null or of another window,
  // the wallet's transfers of the window and of the week before it, but none of before `unused_before_ms`.
  void put_budget(const ledger_core::Budget& budget, std::int64_t unused_before_ms, const oc_ledger_spent* counted);
  // [any] Counts on from `spent`, or anew when that is of another window.
  void count_spent(const ledger_core::Budget& budget, std::int64_t unused_before_ms, oc_ledger_spent& spent) const;
  void budgets(std::uint64_t account, const BudgetFn& each);  // account 0: all
  // One transaction from the first call to the last (n 0); throws NotTaken. Any other call gives it up.
  void restore(const oc_ledger_row* const* rows, std::size_t n);

  std::unique_ptr<Reader> reader() const;  // [any] of what is committed
  void close() noexcept;

 private:
  void ready();

  BooksOptions options_;
  Clock clock_;
  ledger_core::Calendar calendar_;
  FileLock lock_;
  std::uint64_t node_ = 0;  // that the last EPOCH named
  LogPages log_pages_{0};
  std::unique_ptr<Database> db_;
  std::unique_ptr<RowStore> store_;     // destroyed before db_
  std::unique_ptr<Restore> restoring_;  // likewise
};

}  // namespace onechat::ledger_sqlite
