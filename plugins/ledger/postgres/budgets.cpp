#include "budgets.hpp"

#include <algorithm>

#include "snapshot.hpp"

namespace onechat::ledger_postgres {

using namespace ledger_core;

namespace {

// A transfer's own time may lie before its hold's when nodes' clocks differ.
constexpr std::int64_t kClockSlackMs = 7 * 24 * 3'600'000ll;

const Statement kCommit{"budget_commit", "COMMIT"};
const Statement kAlone{"budget_alone", "SELECT pg_advisory_xact_lock($1::bigint)"};
const Statement kDropWindows{
    "drop_windows",
    "DELETE FROM budget_window w WHERE (account, scope, scope_id, period) = ($1, $2, $3, $4) AND ($6::bigint = 1"
    " OR NOT EXISTS (SELECT FROM budget b WHERE b.account = w.account AND b.scope = w.scope"
    " AND b.scope_id = w.scope_id AND b.period = w.period AND b.time_zone = $5))"};
const Statement kDropBudget{"drop_budget",
                            "DELETE FROM budget WHERE (account, scope, scope_id, period) = ($1, $2, $3, $4)"};
const Statement kPutBudget{
    "put_one_budget",
    "INSERT INTO budget (account, scope, scope_id, period, action, limit_nano, time_zone)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (account, scope, scope_id, period) DO UPDATE"
    " SET action = excluded.action, limit_nano = excluded.limit_nano, time_zone = excluded.time_zone"};
// $1 account, $2 scope, $3 scope_id, $4 period, $5 begin, $6 end, $7 nothing before it can count.
#define IN_SCOPE                                                                                           \
  " AND CASE $2::bigint WHEN 1 THEN account WHEN 2 THEN project_id WHEN 3 THEN key_id WHEN 4 THEN user_id" \
  " ELSE group_id END = $3::bigint)"
const Statement kPutWindow{
    "put_one_window",
    "INSERT INTO budget_window (account, scope, scope_id, period, begin_ms, end_ms, spent, held)"
    " SELECT $1::bigint, $2::bigint, $3::bigint, $4::bigint, $5::bigint, $6::bigint,"
    " (SELECT coalesce(sum(amount + coalesce(fee, 0)), 0)::bigint FROM transfer WHERE account = $1::bigint"
    " AND ts_ms >= $7::bigint AND kind IN (5, 10) AND coalesce(reserved_ms, 0) >= $5::bigint"
    " AND coalesce(reserved_ms, 0) < $6::bigint" IN_SCOPE
    ","
    " (SELECT coalesce(sum(amount - coalesce(settled, 0)), 0)::bigint FROM hold WHERE account = $1::bigint"
    " AND created_ms >= $5::bigint AND created_ms < $6::bigint" IN_SCOPE
    " ON CONFLICT (account, scope, scope_id, period, begin_ms) DO UPDATE"
    " SET end_ms = excluded.end_ms, spent = excluded.spent, held = excluded.held"};
#undef IN_SCOPE
const Statement kBudgets{"list_budgets", "SELECT " + column_list(table_of<Budget>(), "t.") +
                                             " FROM budget t WHERE $1 = 0::bigint OR account = $1"
                                             " ORDER BY account, scope, scope_id, period"};
const Statement kWindow{"one_window", "SELECT " + column_list(table_of<Window>(), "t.") +
                                          " FROM budget_window t WHERE (account, scope, scope_id, period, begin_ms)"
                                          " = ($1, $2, $3, $4, $5)"};

Params key_of(const Budget& b) {
  return std::move(
      Params().add(b.key.account).add(std::int64_t{b.key.scope}).add(b.key.scope_id).add(std::int64_t{b.period}));
}

}  // namespace

void put_budget(Ledger& ledger, const Budget& budget, std::int64_t unused_before_ms) {
  const Span now = budget.limit >= 0 ? ledger.calendar()(budget.period, budget.time_zone, ledger.now_ms()) : Span{};
  Connection& db = ledger.connection();
  // It waits for the batches that run, and its sums may take as long as the wallet's history.
  db.execute("BEGIN; SET LOCAL lock_timeout = '30s'; SET LOCAL statement_timeout = '10min'");
  db.patience(std::chrono::minutes(11));
  db.run(kAlone, Params().add(ledger.budgets_lock()));
  Params drop = key_of(budget);
  db.send(kDropWindows, drop.add_text(budget.time_zone).add(std::int64_t{budget.limit < 0}));
  if (budget.limit < 0) {
    db.send(kDropBudget, key_of(budget));
  } else {
    Params put = key_of(budget), window = key_of(budget);
    db.send(kPutBudget, put.add(std::int64_t{budget.action}).add(budget.limit).add_text(budget.time_zone));
    const std::int64_t since = std::max({std::int64_t{0}, now.begin_ms - kClockSlackMs, unused_before_ms});
    db.send(kPutWindow, window.add(now.begin_ms).add(now.end_ms).add(since));
  }
  db.run(kCommit, {});
  db.patience(Connection::kPatience);
}

void for_each_budget(Ledger& ledger, std::uint64_t account,
                     const std::function<void(const Budget&, const Window& window)>& each) {
  const std::int64_t now = ledger.now_ms();
  Connection& db = ledger.connection();
  std::vector<Budget> budgets;
  db.run(kBudgets, Params().add(account), [&](const Rows& rows) {
    for (int r = 0; r < rows.size(); ++r) budgets.push_back(row_of<Budget>(rows, r));
  });
  for (const Budget& b : budgets) {
    const Span span = ledger.calendar()(b.period, b.time_zone, now);
    Window window{{b.key, b.period, span.begin_ms}, span.end_ms, 0, 0};
    Params params = key_of(b);
    db.run(kWindow, params.add(span.begin_ms), [&](const Rows& rows) {
      if (rows.size() != 0) window = row_of<Window>(rows, 0);
    });
    each(b, window);
  }
}

}  // namespace onechat::ledger_postgres
