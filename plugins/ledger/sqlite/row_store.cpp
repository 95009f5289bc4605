#include "row_store.hpp"

#include <algorithm>
#include <limits>

#include "rows.hpp"
#include "spent.hpp"

namespace onechat::ledger_sqlite {

using namespace ledger_core;

namespace {

constexpr std::uint32_t kPruneRowsMax = 10'000;
// Ids of later than this are not a host's: the first 48 bits are its clock.
constexpr std::int64_t kFutureMs = 30 * 24 * 3'600'000ll, kLookAgainMs = 24 * 3'600'000ll;

bool id_before(const oc_id128& a, const oc_id128& b) noexcept { return a.hi != b.hi ? a.hi < b.hi : a.lo < b.lo; }

// Keeps the first `max` in the order of their ids.
template <class Row>
void first_by_id(std::vector<Row>& rows, std::size_t max) {
  const auto middle = rows.begin() + static_cast<std::ptrdiff_t>(std::min(max, rows.size()));
  std::partial_sort(rows.begin(), middle, rows.end(),
                    [](const Row& a, const Row& b) { return id_before(a.id, b.id); });
  rows.erase(middle, rows.end());
}

}  // namespace

RowStore::RowStore(Database& db, std::int64_t now_ms)
    : db_(db),
      chain_(db),
      postings_(db),
      find_node_(db.handle(), select<Node>("WHERE id = ?")),
      find_tombstone_(db.handle(), select<Tombstone>("WHERE id_hi = ? AND id_lo = ?")),
      find_transfer_(db.handle(), select<Transfer>("WHERE id_hi = ? AND id_lo = ?")),
      find_account_(db.handle(), select<Account>("WHERE code = ? AND owner = ?")),
      find_grant_(db.handle(), select<Grant>("WHERE number = ?")),
      find_grants_(db.handle(), select<Grant>("WHERE wallet = ? AND open = 1")),
      find_ended_grants_(db.handle(), select<Grant>("WHERE open = 1 AND expires_ms > 0 AND expires_ms <= ?")),
      find_window_(db.handle(),
                   select<Window>("WHERE account = ? AND scope = ? AND scope_id = ? AND period = ? AND begin_ms = ?")),
      find_refund_(db.handle(), select<RefundCap>("WHERE id_hi = ? AND id_lo = ?")),
      newest_transfer_(db.handle(),
                       "SELECT id_hi, id_lo FROM transfer WHERE id_hi BETWEEN 0 AND ? ORDER BY id_hi DESC"),
      newest_tombstone_(db.handle(),
                        "SELECT id_hi, id_lo FROM tombstone WHERE id_hi BETWEEN 0 AND ? ORDER BY id_hi DESC"),
      prune_(db.handle(),
             "DELETE FROM tombstone WHERE (id_hi, id_lo) IN (SELECT id_hi, id_lo FROM tombstone"
             " WHERE id_hi < ? AND ts_ms < ? LIMIT ?)"),
      put_account_(db.handle(), insert<Account>("REPLACE")),
      put_grant_(db.handle(), insert<Grant>("REPLACE")),
      put_node_(db.handle(), insert<Node>("REPLACE")),
      put_window_(db.handle(), insert<Window>("REPLACE")),
      put_refund_(db.handle(), insert<RefundCap>("REPLACE")),
      put_hold_(db.handle(), insert<Hold>("INSERT")),
      change_hold_(db.handle(), insert<Hold>("REPLACE")),
      end_hold_(db.handle(), "DELETE FROM hold WHERE id_hi = ? AND id_lo = ?"),
      put_tombstone_(db.handle(), insert<Tombstone>("INSERT")) {
  for (Query all(db.handle(), select_all<Hold>()); all.next();) {
    const Hold h = row_of<Hold>(all);
    holds_.emplace(h.id, h);
  }
  for (Query all(db.handle(), select_all<Budget>()); all.next();) remember(row_of<Budget>(all));
  for (Query all(db.handle(), "SELECT key_id, limit_nano, spent, held FROM key_limit"); all.next();)
    key_limits_[all.word(0)] = {all.column(1), all.column(2), all.column(3)};
  for (Query one(db.handle(), "SELECT EXISTS (SELECT 1 FROM wallet_grant)"); one.next();) any_grants_ = one.column(0) != 0;
  for (Query last(db.handle(), "SELECT coalesce(max(seq), 0) FROM transfer"); last.next();) last_seq_ = last.word(0);
  look_up_newest(now_ms);
}

void RowStore::begin(std::int64_t now_ms) {
  if (now_ms >= look_again_ms_) look_up_newest(now_ms);
  if (accounts_.size() > kRememberedMax) accounts_.clear();
  if (windows_.size() > kRememberedMax) windows_.clear();
  if (open_grants_.size() > kRememberedMax) open_grants_.clear();
}

// The low halves of the newest time's ids are in no order that an index of signed numbers knows: all of it counts.
void RowStore::look_up_newest(std::int64_t now_ms) {
  const oc_id128 ceiling{static_cast<std::uint64_t>(now_ms + kFutureMs) << 16, 0};
  oc_id128 newest{};
  for (Query* find : {&newest_transfer_, &newest_tombstone_}) {
    find->with(ceiling.hi);
    if (find->next()) newest.hi = std::max(newest.hi, find->word(0));
    find->reset();
  }
  newest.lo = ~std::uint64_t{0};
  fresh_.start(newest, ceiling);
  look_again_ms_ = now_ms + kLookAgainMs;
}

// ---- loading

const Node* RowStore::node(std::uint64_t id) {
  const auto [at, is_new] = nodes_.try_emplace(id);
  if (is_new)
    for (find_node_.with(id); find_node_.next();) at->second = row_of<Node>(find_node_);
  return at->second ? &*at->second : nullptr;
}

void RowStore::load_nodes(const std::vector<std::uint64_t>& ids, Batch& batch) {
  for (const std::uint64_t id : ids)
    if (const Node* n = node(id)) batch.add(*n);
}

void RowStore::load_entries(const std::vector<oc_id128>& ids, Batch& batch) {
  for (const oc_id128& id : ids) {
    if (const auto hold = holds_.find(id); hold != holds_.end()) {
      batch.add(hold->second);
    } else if (!fresh_.certainly_new(id)) {
      for (find_transfer_.with(id.hi, id.lo); find_transfer_.next();) batch.add(row_of<Transfer>(find_transfer_));
      for (find_tombstone_.with(id.hi, id.lo); find_tombstone_.next();) batch.add(row_of<Tombstone>(find_tombstone_));
    }
  }
}

bool RowStore::is_left_behind(const Hold& hold, const SweepQuery& query) {
  if (hold.kind == OC_LOP_LEASE) return hold.expires_ms + hold.drain_ms <= query.now_ms;
  if (query.leases_only) return false;
  if (hold.expires_ms <= query.now_ms) return true;
  const Node* n = node(hold.node);
  if (n == nullptr) return false;
  return hold.epoch < n->epoch || (n->heartbeat_ms > 0 && n->heartbeat_ms < query.dead_before_ms);
}

void RowStore::load_sweep(const SweepQuery& query, Batch& batch) {
  std::vector<Hold> holds;
  for (const auto& [id, hold] : holds_)
    if (is_left_behind(hold, query)) holds.push_back(hold);
  first_by_id(holds, query.holds_max);
  for (const Hold& h : holds) batch.add(h);
  if (!any_grants_) return;
  std::vector<Grant> grants;
  for (find_ended_grants_.with(query.now_ms); find_ended_grants_.next();)
    grants.push_back(row_of<Grant>(find_ended_grants_));
  first_by_id(grants, query.holds_max);
  for (const Grant& g : grants) batch.add(g);
}

void RowStore::load_budgets(const std::vector<BudgetKey>& keys, Batch& batch) {
  if (budgets_.empty() && key_limits_.empty()) return;
  for (const BudgetKey& key : keys) {
    if (!key_limits_.empty() && key.scope == OC_SCOPE_KEY) adopt_limit(key);
    if (const auto found = budgets_.find(key); found != budgets_.end())
      for (const Budget& b : found->second) batch.add(b);
  }
}

// A limit from before budgets, whose key has now shown its wallet.
void RowStore::adopt_limit(const BudgetKey& key) {
  const auto limit = key_limits_.find(key.scope_id);
  if (limit == key_limits_.end()) return;
  const Budget budget{key, OC_WINDOW_TOTAL, OC_BUDGET_REFUSE, limit->second.limit, ""};
  const std::int64_t for_ever = std::numeric_limits<std::int64_t>::max();
  Query put(db_.handle(), insert<Budget>("REPLACE"));
  put_row(put, budget);
  put_row(put_window_, Window{{key, OC_WINDOW_TOTAL, 0}, for_ever, limit->second.spent, limit->second.held});
  Query(db_.handle(), "DELETE FROM key_limit WHERE key_id = ?").run(key.scope_id);
  key_limits_.erase(limit);
  remember(budget);
}

const std::vector<Grant>& RowStore::open_grants(std::uint64_t wallet) {
  const auto [at, is_new] = open_grants_.try_emplace(wallet);
  if (is_new && any_grants_)
    for (find_grants_.with(wallet); find_grants_.next();) at->second.push_back(row_of<Grant>(find_grants_));
  return at->second;
}

void RowStore::load_grants(const std::vector<std::uint64_t>& wallets, const std::vector<std::uint64_t>& numbers,
                           Batch& batch) {
  if (!any_grants_) return;
  for (const std::uint64_t wallet : wallets)
    for (const Grant& g : open_grants(wallet)) batch.add(g);
  for (const std::uint64_t number : numbers)
    for (find_grant_.with(number); find_grant_.next();) batch.add(row_of<Grant>(find_grant_));
}

const Account& RowStore::account(const AccountKey& key) {
  const auto [at, is_new] = accounts_.try_emplace(key);
  if (!is_new) return at->second;
  at->second.key = key;
  for (find_account_.with(key.code, key.owner); find_account_.next();) at->second = row_of<Account>(find_account_);
  return at->second;
}

void RowStore::load_accounts(const std::vector<AccountKey>& keys, Batch& batch) {
  for (const AccountKey& key : keys) batch.add(account(key));
}

const Window* RowStore::window(const WindowKey& key) {
  const auto [at, is_new] = windows_.try_emplace(key);
  const BudgetKey& b = key.budget;
  if (is_new)
    for (find_window_.with(b.account, b.scope, b.scope_id, key.period, key.begin_ms); find_window_.next();)
      at->second = row_of<Window>(find_window_);
  return at->second ? &*at->second : nullptr;
}

void RowStore::load_windows(const std::vector<WindowKey>& keys, Batch& batch) {
  for (const WindowKey& key : keys)
    if (const Window* w = window(key)) batch.add(*w);
}

void RowStore::load_refunds(const std::vector<oc_id128>& ids, Batch& batch) {
  for (const oc_id128& id : ids)
    for (find_refund_.with(id.hi, id.lo); find_refund_.next();) batch.add(row_of<RefundCap>(find_refund_));
}

// ---- writing

void RowStore::remember(const Budget& budget) {
  std::vector<Budget>& all = budgets_[budget.key];
  const auto known = std::find_if(all.begin(), all.end(), [&](const Budget& b) { return b.period == budget.period; });
  if (known != all.end())
    *known = budget;
  else
    all.push_back(budget);
}

void RowStore::remember(const Grant& grant) {
  any_grants_ = true;
  const auto wallet = open_grants_.find(grant.wallet);
  if (wallet == open_grants_.end()) return;
  std::vector<Grant>& all = wallet->second;
  const auto known = std::find_if(all.begin(), all.end(), [&](const Grant& g) { return g.number == grant.number; });
  if (known != all.end()) all.erase(known);
  if (grant.open) all.push_back(grant);
}

void RowStore::write(const Writes& w) {
  for (const Account& a : w.accounts) {
    put_row(put_account_, a);
    accounts_[a.key] = a;
  }
  for (const Grant& g : w.grants) {
    put_row(put_grant_, g);
    remember(g);
  }
  for (const Window& x : w.windows) {
    put_row(put_window_, x);
    windows_[x.key] = x;
  }
  for (const Node& n : w.nodes) {
    put_row(put_node_, n);
    nodes_[n.id] = n;
  }
  for (const RefundCap& r : w.refunds) put_row(put_refund_, r);
  for (const Hold& h : w.holds_opened) {
    put_row(put_hold_, h);
    holds_.emplace(h.id, h);
  }
  for (const Hold& h : w.holds_changed) {
    put_row(change_hold_, h);
    holds_[h.id] = h;
  }
  for (const oc_id128& id : w.holds_ended) {
    end_hold_.run(id.hi, id.lo);
    holds_.erase(id);
  }
  for (const Tombstone& t : w.tombstones) {
    put_row(put_tombstone_, t);
    fresh_.note(t.id);
  }
  postings_.add(w.transfers, last_seq_ + 1);
  for (const Transfer& t : w.transfers) {
    chain_.add(++last_seq_, t);
    fresh_.note(t.id);
  }
}

// ---- budgets

void RowStore::put_budget(const Budget& budget, const Span& now, std::int64_t unused_before_ms,
                          const oc_ledger_spent* counted) {
  const BudgetKey& key = budget.key;
  const auto of_budget = [&](Query& query) {
    query.with(key.account, key.scope, key.scope_id, budget.period);
    while (query.next()) continue;
  };
  const auto known = budgets_.find(key);
  const bool other_zone = known != budgets_.end() &&
                          std::any_of(known->second.begin(), known->second.end(), [&](const Budget& b) {
                            return b.period == budget.period && b.time_zone != budget.time_zone;
                          });
  static constexpr const char* kOf = " WHERE account = ? AND scope = ? AND scope_id = ? AND period = ?";
  if (budget.limit < 0 || other_zone) {
    Query drop(db_.handle(), std::string("DELETE FROM budget_window") + kOf);
    of_budget(drop);
    windows_.clear();
  }
  if (key.scope == OC_SCOPE_KEY && key_limits_.erase(key.scope_id) != 0)
    Query(db_.handle(), "DELETE FROM key_limit WHERE key_id = ?").run(key.scope_id);
  if (budget.limit < 0) {
    Query drop(db_.handle(), std::string("DELETE FROM budget") + kOf);
    of_budget(drop);
    if (known == budgets_.end()) return;
    std::vector<Budget>& all = known->second;
    all.erase(std::remove_if(all.begin(), all.end(), [&](const Budget& b) { return b.period == budget.period; }),
              all.end());
    if (all.empty()) budgets_.erase(known);
    return;
  }
  Query put(db_.handle(), insert<Budget>("REPLACE"));
  put_row(put, budget);
  remember(budget);
  Window w{{key, budget.period, now.begin_ms}, now.end_ms, 0, 0};
  const SpentIn spent{key, now};
  const bool ahead = counted != nullptr && counted->counted != 0 && counted->begin_unix_ms == now.begin_ms;
  w.spent = ahead ? counted->spent_nano + spent.after(db_.handle(), counted->counted)
                  : spent.in_history(db_.handle(), unused_before_ms);
  for_each_hold([&](const Hold& h) {
    if (in_scope(key, h.scopes) && now.has(h.created_ms)) w.held += h.open_amount();
  });
  put_row(put_window_, w);
  windows_[w.key] = w;
}

// Ids carry their time in the high half, so the old ones lie together; others stay.
void RowStore::drop_tombstones(std::int64_t older_than_ms) {
  if (older_than_ms <= 0) return;
  for (prune_.with(older_than_ms << 16, older_than_ms, kPruneRowsMax); prune_.next();) continue;
}

}  // namespace onechat::ledger_sqlite
