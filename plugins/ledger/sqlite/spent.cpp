#include "spent.hpp"

#include <algorithm>
#include <limits>
#include <string>

#include "postings.hpp"

namespace onechat::ledger_sqlite {
namespace {

// A transfer is posted after its hold was made, unless the clock was set back meanwhile: by no more than this.
constexpr std::int64_t kClockBackMaxMs = 7 * 24 * 3'600'000ll;

}  // namespace

const char* column_of(std::uint32_t scope) {
  switch (scope) {
    case OC_SCOPE_PROJECT: return "project_id";
    case OC_SCOPE_KEY: return "key_id";
    case OC_SCOPE_USER: return "user_id";
    case OC_SCOPE_GROUP: return "group_id";
    default: return "account";
  }
}

std::int64_t SpentIn::in_history(sqlite3* db, std::int64_t unused_before_ms) const {
  const std::int64_t since = std::max({std::int64_t{0}, window.begin_ms - kClockBackMaxMs, unused_before_ms});
  const std::int64_t for_ever = std::numeric_limits<std::int64_t>::max();
  const OfWallet all = transfers_of_wallet(db);
  std::int64_t sum = 0;
  for (const std::string& some : {all.before_runs, all.in_runs}) {
    Query spent(db, "SELECT coalesce(sum(cost), 0) FROM (SELECT amount + fee AS cost, kind, reserved_ms, " +
                        std::string(column_of(key.scope)) + " AS scope_id FROM transfer " + some +
                        ") WHERE kind IN (5, 10) AND reserved_ms >= ?4 AND reserved_ms < ?5 AND scope_id = ?6");
    for (spent.with(key.account, since, for_ever, window.begin_ms, window.end_ms, key.scope_id); spent.next();)
      sum += spent.column(0);
  }
  return sum;
}

std::int64_t SpentIn::after(sqlite3* db, std::uint64_t seq) const {
  std::int64_t sum = 0;
  Query spent(db, "SELECT coalesce(sum(amount + fee), 0) FROM transfer NOT INDEXED WHERE seq > ?1 AND account = ?2"
                  " AND kind IN (5, 10) AND reserved_ms >= ?3 AND reserved_ms < ?4 AND " +
                      std::string(column_of(key.scope)) + " = ?5");
  for (spent.with(seq, key.account, window.begin_ms, window.end_ms, key.scope_id); spent.next();) sum += spent.column(0);
  return sum;
}

std::uint64_t last_posting(sqlite3* db) {
  Query last(db, "SELECT coalesce(max(seq), 0) FROM transfer");
  return last.next() ? last.word(0) : 0;
}

}  // namespace onechat::ledger_sqlite
