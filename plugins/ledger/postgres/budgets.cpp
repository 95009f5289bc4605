#include "budgets.hpp"

#include <algorithm>
#include <limits>

#include "snapshot.hpp"

namespace onechat::ledger_postgres {

using namespace ledger_core;

namespace {

// A transfer's own time may lie before its hold's when nodes' clocks differ.
constexpr std::int64_t kClockSlackMs = 7 * 24 * 3'600'000ll;
constexpr std::int64_t kNoEnd = std::numeric_limits<std::int64_t>::max();
constexpr std::chrono::minutes kPatience{11};

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
// Of `transfer` and `hold`, in statements whose $2 is the scope and $3 its id.
const std::string kInScope =
    " AND CASE $2::bigint WHEN 1 THEN account WHEN 2 THEN project_id WHEN 3 THEN key_id WHEN 4 THEN user_id"
    " ELSE group_id END = $3::bigint";
// $1 account, $2 scope, $3 scope_id, $4 begin, $5 end, $6 nothing before it can count, $7 and $8: postings after the one,
// until the other.
std::string spent_sql(const char* found_by) {
  return std::string("SELECT coalesce(sum(amount + coalesce(fee, 0)), 0)::bigint FROM transfer WHERE kind IN (5, 10)"
                     " AND coalesce(reserved_ms, 0) >= $4::bigint AND coalesce(reserved_ms, 0) < $5::bigint") +
         kInScope + " AND " + found_by;
}
// What must not be found by an index is an expression.
const Statement kSpentInHistory{"spent_in_history",
                                spent_sql("account = $1::bigint AND ts_ms >= $6::bigint"
                                          " AND seq + 0 > $7::bigint AND seq + 0 <= $8::bigint")};
const Statement kSpentSince{"spent_since", spent_sql("account + 0 = $1::bigint AND ts_ms + 0 >= $6::bigint"
                                                     " AND seq > $7::bigint AND seq <= $8::bigint")};
const Statement kLastNumber{"last_number",
                            "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM transfer_block"};
const Statement kPutWindow{
    "put_one_window",
    "INSERT INTO budget_window (account, scope, scope_id, period, begin_ms, end_ms, spent, held)"
    " SELECT $1::bigint, $2::bigint, $3::bigint, $4::bigint, $5::bigint, $6::bigint, $7::bigint,"
    " (SELECT coalesce(sum(amount - coalesce(settled, 0)), 0)::bigint FROM hold WHERE account = $1::bigint"
    " AND created_ms >= $5::bigint AND created_ms < $6::bigint" +
        kInScope +
        ")"
        " ON CONFLICT (account, scope, scope_id, period, begin_ms) DO UPDATE"
        " SET end_ms = excluded.end_ms, spent = excluded.spent, held = excluded.held"};
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

// Adds what was posted after spent.counted, or in all of the window when that is another's, until the posting `last`.
void count_until(Connection& db, const Budget& budget, const Span& now, std::int64_t unused_before_ms, std::int64_t last,
                 oc_ledger_spent& spent) {
  const bool goes_on = spent.counted != 0 && spent.begin_unix_ms == now.begin_ms;
  if (!goes_on) spent.spent_nano = 0;
  const std::int64_t since = std::max({std::int64_t{0}, now.begin_ms - kClockSlackMs, unused_before_ms});
  Params params;
  params.add(budget.key.account).add(std::int64_t{budget.key.scope}).add(budget.key.scope_id);
  params.add(now.begin_ms).add(now.end_ms).add(since).add(goes_on ? spent.counted : 0).add(last);
  db.run(goes_on ? kSpentSince : kSpentInHistory, params,
         [&](const Rows& rows) { spent.spent_nano += rows.number(0, 0); });
  spent.begin_unix_ms = now.begin_ms;
  spent.counted = static_cast<std::uint64_t>(last);
}

}  // namespace

void put_budget(Ledger& ledger, const Budget& budget, std::int64_t unused_before_ms, const oc_ledger_spent* counted) {
  Connection& db = ledger.connection();
  // It waits for the batches that run, and its sums may take as long as the wallet's history.
  db.execute("BEGIN; SET LOCAL lock_timeout = '30s'; SET LOCAL statement_timeout = '10min'");
  db.patience(kPatience);
  db.run(kAlone, Params().add(ledger.budgets_lock()));
  const Span now = budget.limit >= 0 ? ledger.calendar()(budget.period, budget.time_zone, ledger.now_ms()) : Span{};
  Params drop = key_of(budget);
  db.send(kDropWindows, drop.add_text(budget.time_zone).add(std::int64_t{budget.limit < 0}));
  if (budget.limit < 0) {
    db.send(kDropBudget, key_of(budget));
  } else {
    Params put = key_of(budget), window = key_of(budget);
    db.send(kPutBudget, put.add(std::int64_t{budget.action}).add(budget.limit).add_text(budget.time_zone));
    oc_ledger_spent spent{};
    if (counted != nullptr) spent = *counted;
    count_until(db, budget, now, unused_before_ms, kNoEnd, spent);
    db.send(kPutWindow, window.add(now.begin_ms).add(now.end_ms).add(spent.spent_nano));
  }
  db.run(kCommit, {});
  db.patience(Connection::kPatience);
}

// Numbers are given out under a lock that excludes kAlone: when that is had, all until the last one are committed or gone.
void count_spent(Ledger& ledger, const Budget& budget, std::int64_t unused_before_ms, oc_ledger_spent& spent) {
  const Span now = ledger.calendar()(budget.period, budget.time_zone, ledger.now_ms());
  Connection& db = ledger.connection();
  std::int64_t last = 0;
  db.execute("BEGIN");
  db.send(kAlone, Params().add(ledger.budgets_lock()));
  db.send(kLastNumber, {}, [&](const Rows& rows) { last = rows.number(0, 0) * std::int64_t{kNumbersInBlock}; });
  db.run(kCommit, {});
  db.execute("BEGIN READ ONLY; SET LOCAL statement_timeout = '10min'");
  db.patience(kPatience);
  count_until(db, budget, now, unused_before_ms, last, spent);
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
