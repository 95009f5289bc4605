#include "row_store.hpp"

#include <algorithm>

namespace onechat::ledger_postgres {

using namespace ledger_core;

namespace {

constexpr std::int64_t kTombstonesAtOnce = 10'000;

const Statement kBegin{"begin", "BEGIN"};
const Statement kCommit{"commit", "COMMIT"};
const Statement kShareBudgets{"share_budgets", "SELECT pg_advisory_xact_lock_shared($1::bigint)"};
const Statement kNodes{"nodes", select<Node>("WHERE id = ANY($1::bigint[])")};
const Statement kNodesLocked{"nodes_locked", select<Node>("WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE")};
const Statement kHolds{"holds", select<Hold>("WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE")};
const Statement kTombstones{"tombstones", select<Tombstone>("WHERE id = ANY($1::uuid[])")};
const Statement kTransfers{"transfers", select<Transfer>("WHERE id = ANY($1::uuid[])")};
const Statement kSweep{
    "sweep",
    select<Hold>("LEFT JOIN node n ON n.id = t.node"
                 " WHERE (t.kind = 3 AND NOT $3::bigint::int::bool"
                 " AND (t.expires_ms <= $1 OR t.epoch < n.epoch OR (n.heartbeat_ms > 0 AND n.heartbeat_ms < $2)))"
                 " OR (t.kind = 8 AND t.expires_ms + coalesce(t.drain_ms, 0) <= $1)"
                 " ORDER BY t.id LIMIT $4 FOR UPDATE OF t SKIP LOCKED")};
const Statement kEnded{"ended",
                       select<Grant>("WHERE open AND expires_ms > 0 AND expires_ms <= $1 ORDER BY id LIMIT $2")};
const Statement kEndedOf{
    "ended_of",
    select<Grant>("WHERE open AND expires_ms > 0 AND expires_ms <= $1 AND number = ANY($2::bigint[]) ORDER BY id")};
// A GRANT may be the first thing that a wallet has: two nodes with the same one must meet at its row.
const Statement kMakeWallets{"make_wallets",
                             "INSERT INTO account (code, owner, debits, credits, pending)"
                             " SELECT 2000, u.owner, 0, 0, 0 FROM unnest($1::bigint[]) AS u (owner) ORDER BY u.owner"
                             " ON CONFLICT (code, owner) DO NOTHING"};
const Statement kWallets{
    "wallets",
    select<Account>("WHERE code = 2000 AND owner = ANY($1::bigint[]) ORDER BY code, owner FOR NO KEY UPDATE")};
const Statement kAccounts{"accounts",
                          "SELECT " + column_list(table_of<Account>(), "t.") +
                              " FROM unnest($1::bigint[], $2::bigint[]) AS u (code, owner)"
                              " JOIN account t ON t.code = u.code AND t.owner = u.owner FOR NO KEY UPDATE OF t"};
const Statement kGrantsOf{"grants_of", select<Grant>("WHERE wallet = ANY($1::bigint[]) AND open")};
const Statement kGrantsNamed{"grants_named", select<Grant>("WHERE number = ANY($1::bigint[])")};
// With the last window that began until now ($4), where there is one.
const Statement kBudgets{"budgets",
                         "SELECT " + column_list(table_of<Budget>(), "t.") + ", " + column_list(table_of<Window>(), "w.") +
                             " FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS u (account, scope, scope_id)"
                             " JOIN budget t USING (account, scope, scope_id) LEFT JOIN LATERAL"
                             " (SELECT * FROM budget_window x WHERE x.account = t.account AND x.scope = t.scope"
                             " AND x.scope_id = t.scope_id AND x.period = t.period AND x.begin_ms <= $4"
                             " ORDER BY x.begin_ms DESC LIMIT 1) w ON true"};
const Statement kWindows{"windows",
                         "SELECT " + column_list(table_of<Window>(), "t.") +
                             " FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])"
                             " AS u (account, scope, scope_id, period, begin_ms)"
                             " JOIN budget_window t USING (account, scope, scope_id, period, begin_ms)"};
const Statement kRefunds{"refunds", select<RefundCap>("WHERE transfer = ANY($1::uuid[]) FOR UPDATE")};
const Statement kChainEnd{"chain_end", select<Link>("WHERE node = $1 ORDER BY n DESC LIMIT 1")};
const Statement kNextBlock{"next_block", "SELECT nextval('transfer_block')"};

// Under the wallets' locks, in a view of its own: did somebody else use one of these meanwhile?
const Statement kStillNew{"still_new",
                          "SELECT expect_rows((SELECT count(*) FROM transfer WHERE id = ANY($1::uuid[]))"
                          " + (SELECT count(*) FROM tombstone WHERE id = ANY($1::uuid[]))"
                          " + (SELECT count(*) FROM hold WHERE id = ANY($1::uuid[])), 0)"};
const Statement kEndHolds{"end_holds", "DELETE FROM hold WHERE id = ANY($1::uuid[])"};
Statement post_statement(Which which) {
  const Table& table = table_of<Transfer>();
  return {which == Which::all ? "post_all" : "post",
          "INSERT INTO transfer (seq, " + column_list(table, "", which) + ") SELECT $1 + u.nr - 1, " +
              column_list(table, "u.", which) + " FROM " + unnest(types_of<Transfer>(which), 2) +
              " WITH ORDINALITY AS u (" + column_list(table, "", which) + ", nr)"};
}
const Statement kPostCommon = post_statement(Which::common), kPostAll = post_statement(Which::all);
const Statement kPrune{"prune",
                       "DELETE FROM tombstone WHERE id IN (SELECT id FROM tombstone WHERE ts_ms < $1 ORDER BY ts_ms"
                       " LIMIT $2 FOR UPDATE SKIP LOCKED)"};

// One for each kind of row.
template <class Row>
const Statement& inserts(Which which) {
  static const Statement common = insert_statement<Row>("put", Which::common);
  static const Statement all = insert_statement<Row>("put", Which::all);
  return which == Which::all ? all : common;
}
template <class Row>
const Statement& updates() {
  static const Statement statement = update_statement<Row>();
  return statement;
}

template <class Value>
Column column(Type type, const std::vector<Value>& values) {
  Column out(type);
  for (const Value& v : values) out.add(v);
  return out;
}

// Rows that were asked for, under their keys. `asked` outlives the next sync.
template <class Asked, class Row, class Key>
Connection::Handler into(Asked& asked, Key Row::*key) {
  return [&asked, key](const Rows& rows) {
    for (int r = 0; r < rows.size(); ++r) {
      const Row row = row_of<Row>(rows, r);
      asked.came(row.*key, row);
    }
  };
}

bool opens_hold(const oc_ledger_op& op) noexcept { return op.kind == OC_LOP_RESERVE || op.kind == OC_LOP_LEASE; }

}  // namespace

// ---- asking: what is sent here is there after the next sync

void RowStore::ask_nodes(const std::vector<std::uint64_t>& ids) {
  const auto fresh = segment_.nodes.fresh(ids);
  if (fresh.empty()) return;
  Column wanted = column(Type::bigint, fresh);
  db_.send(writes_nodes_ ? kNodesLocked : kNodes, Params().add(wanted), into(segment_.nodes, &Node::id));
}

void RowStore::ask_holds(const std::vector<oc_id128>& ids) {
  const auto fresh = segment_.holds.fresh(ids);
  if (fresh.empty()) return;
  Column wanted = column(Type::uuid, fresh);
  db_.send(kHolds, Params().add(wanted), into(segment_.holds, &Hold::id));
}

// After the holds are locked, in views of their own: a hold that ended while we waited is found here.
void RowStore::ask_ended(const std::vector<oc_id128>& ids) {
  const auto fresh = segment_.tombstones.fresh(ids);
  if (fresh.empty()) return;
  Column wanted = column(Type::uuid, fresh);
  db_.send(kTombstones, Params().add(wanted), [this](const Rows& rows) {
    for (int r = 0; r < rows.size(); ++r)
      if (const Tombstone row = row_of<Tombstone>(rows, r); !segment_.holds.has(row.id))
        segment_.tombstones.came(row.id, row);
  });
  db_.send(kTransfers, Params().add(wanted), [this](const Rows& rows) {
    for (int r = 0; r < rows.size(); ++r)
      if (const Transfer row = row_of<Transfer>(rows, r); !segment_.holds.has(row.id))
        segment_.transfers.came(row.id, row);
  });
}

void RowStore::ask_wallets(std::vector<std::uint64_t> owners) {
  std::erase_if(owners, [&](std::uint64_t owner) { return segment_.accounts.fresh({{kWallet, owner}}).empty(); });
  if (owners.empty()) return;
  std::sort(owners.begin(), owners.end());
  Column wanted = column(Type::bigint, owners);
  segment_.numbered = false;
  db_.send(kWallets, Params().add(wanted), into(segment_.accounts, &Account::key));
}

// REQUIRES: the wallets are locked.
void RowStore::ask_grants_of(const std::vector<std::uint64_t>& wallets) {
  std::vector<std::uint64_t> fresh;
  for (const std::uint64_t wallet : wallets)
    if (segment_.wallets_with_grants.insert(wallet).second) fresh.push_back(wallet);
  if (fresh.empty()) return;
  Column owners = column(Type::bigint, fresh);
  db_.send(kGrantsOf, Params().add(owners), into(segment_.grants, &Grant::number));
}

// REQUIRES: the wallets are locked; so are the windows then.
void RowStore::ask_budgets(const std::vector<BudgetKey>& keys) {
  const auto fresh = segment_.budgets.fresh(keys);
  if (fresh.empty()) return;
  Column accounts(Type::bigint), scopes(Type::bigint), ids(Type::bigint);
  for (const BudgetKey& k : fresh) {
    accounts.add(k.account);
    scopes.add(std::int64_t{k.scope});
    ids.add(k.scope_id);
  }
  db_.send(kBudgets, Params().add(accounts).add(scopes).add(ids).add(now_ms_), [this](const Rows& rows) {
    static const int windows_at = static_cast<int>(columns_of(table_of<Budget>()).size());
    for (int r = 0; r < rows.size(); ++r) {
      const Budget budget = row_of<Budget>(rows, r);
      segment_.budgets.came(budget.key, budget);
      // A wallet that has no row is not locked: its windows are read later, under the locks of its grants.
      if (!segment_.accounts.has({kWallet, budget.key.account})) continue;
      if (const Window window = row_of<Window>(rows, r, windows_at); window.end_ms != 0)
        segment_.windows.came(window.key, window);
    }
  });
}

void RowStore::ask_accounts(const std::vector<AccountKey>& keys) {
  std::vector<AccountKey> others;
  for (const AccountKey& k : keys)
    if (k.code != kWallet) others.push_back(k);
  others = segment_.accounts.fresh(others);
  if (others.empty()) return;
  std::sort(others.begin(), others.end(), [](const AccountKey& a, const AccountKey& b) {
    return a.code != b.code ? a.code < b.code : a.owner < b.owner;
  });
  Column codes(Type::bigint), owners(Type::bigint);
  for (const AccountKey& k : others) {
    codes.add(std::int64_t{k.code});
    owners.add(k.owner);
  }
  segment_.numbered = false;
  db_.send(kAccounts, Params().add(codes).add(owners), into(segment_.accounts, &Account::key));
}

// After the locks: what depends on another batch's postings has higher numbers.
void RowStore::ask_numbers() {
  if (segment_.numbered) return;
  segment_.numbered = true;
  db_.send(kNextBlock, {}, [this](const Rows& rows) { next_seq_ = (rows.word(0, 0) - 1) * kNumbersInBlock + 1; });
  if (!chain_.knows_end())
    db_.send(kChainEnd, Params().add(chain_.node()),
             [this](const Rows& rows) { chain_.ends_with(rows.size() != 0 ? row_of<Link>(rows, 0) : Link{}); });
}

// ---- loading

void RowStore::begin(const oc_ledger_op* ops, std::size_t n, std::int64_t now_ms, const Calendar& calendar,
                     UsedIds used_ids) {
  now_ms_ = now_ms;
  writes_nodes_ = std::any_of(
      ops, ops + n, [](const oc_ledger_op& op) { return op.kind == OC_LOP_EPOCH || op.kind == OC_LOP_HEARTBEAT; });
  new_ids_.clear();
  if (used_ids == UsedIds::at_the_end)
    for (std::size_t i = 0; i < n; ++i)
      if (opens_hold(ops[i])) new_ids_.insert(ops[i].id);
  segment_ = {};
  db_.send(kBegin, {});
  db_.send(kShareBudgets, Params().add(budgets_lock_));
  if (Batch::segment(ops, n) == n) look_ahead(ops, n, calendar);
}

// What a batch wants of which nothing is found is what its ops name by themselves.
void RowStore::look_ahead(const oc_ledger_op* ops, std::size_t n, const Calendar& calendar) {
  Batch blind(ops, n, now_ms_, calendar);
  if (blind.is_sweep()) return;
  ask_nodes(blind.wanted_nodes());
  const std::vector<oc_id128> ids = blind.wanted_entries();
  ask_holds(ids);
  std::vector<oc_id128> own;
  for (std::size_t i = 0; i < n; ++i)
    if (Batch::names_own_id(ops[i].kind) && new_ids_.count(ops[i].id) == 0) own.push_back(ops[i].id);
  const std::vector<BudgetKey> budgets = blind.wanted_budgets();
  const std::vector<std::uint64_t> wallets = blind.wanted_wallets();
  const std::vector<AccountKey> accounts = blind.wanted_accounts();
  Column granted(Type::bigint);
  for (std::size_t i = 0; i < n; ++i)
    if (ops[i].kind == OC_LOP_GRANT && ops[i].account != 0) granted.add(ops[i].account);
  if (granted.size() != 0) db_.send(kMakeWallets, Params().add(granted));
  ask_wallets(wallets);
  ask_ended(own);  // under those locks: another node may just have used such an id
  ask_grants_of(wallets);
  ask_budgets(budgets);
  ask_accounts(accounts);
  if (!accounts.empty()) ask_numbers();
}

void RowStore::load_nodes(const std::vector<std::uint64_t>& ids, Batch&) { ask_nodes(ids); }

void RowStore::load_entries(const std::vector<oc_id128>& ids, Batch& batch) {
  ask_holds(ids);
  db_.sync();
  std::vector<oc_id128> ended;
  for (const oc_id128& id : ids) {
    if (segment_.holds.has(id)) continue;
    (new_ids_.count(id) != 0 ? segment_.taken_for_new : ended).push_back(id);
  }
  ask_ended(ended);
  db_.sync();
  segment_.holds.hand_to(batch);
  segment_.tombstones.hand_to(batch);
  segment_.transfers.hand_to(batch);
}

// Holds first, as every batch locks them; then the wallets of the grants that ended, and the grants as they are then.
void RowStore::load_sweep(const SweepQuery& query, Batch& batch) {
  std::vector<std::uint64_t> wallets, numbers;
  db_.send(kSweep,
           Params()
               .add(query.now_ms)
               .add(query.dead_before_ms)
               .add(std::int64_t{query.leases_only})
               .add(std::int64_t{query.holds_max}),
           [&](const Rows& rows) {
             for (int r = 0; r < rows.size(); ++r) {
               const Hold hold = row_of<Hold>(rows, r);
               wallets.push_back(hold.scopes.account);
               batch.add(hold);
             }
           });
  db_.send(kEnded, Params().add(query.now_ms).add(std::int64_t{query.holds_max}), [&](const Rows& rows) {
    for (int r = 0; r < rows.size(); ++r) {
      const Grant grant = row_of<Grant>(rows, r);
      wallets.push_back(grant.wallet);
      numbers.push_back(grant.number);
    }
  });
  db_.sync();
  if (numbers.empty()) return;
  ask_wallets(std::move(wallets));
  Column named = column(Type::bigint, numbers);
  db_.send(kEndedOf, Params().add(query.now_ms).add(named), into(segment_.grants, &Grant::number));
  db_.sync();
  segment_.grants.hand_to(batch);
}

void RowStore::load_grants(const std::vector<std::uint64_t>& wallets, const std::vector<std::uint64_t>& numbers,
                           Batch& batch) {
  ask_wallets(wallets);
  ask_grants_of(wallets);
  if (!numbers.empty()) {
    Column named = column(Type::bigint, numbers);
    db_.send(kGrantsNamed, Params().add(named), into(segment_.grants, &Grant::number));
  }
  db_.sync();
  segment_.grants.hand_to(batch);
}

void RowStore::load_budgets(const std::vector<BudgetKey>& keys, Batch&) { ask_budgets(keys); }

void RowStore::load_accounts(const std::vector<AccountKey>& keys, Batch& batch) {
  db_.sync();  // the windows that are wanted next depend on the budgets
  segment_.budgets.hand_to(batch);
  ask_accounts(keys);
  ask_numbers();
}

void RowStore::load_windows(const std::vector<WindowKey>& keys, Batch&) {
  Column accounts(Type::bigint), scopes(Type::bigint), ids(Type::bigint), periods(Type::bigint), begins(Type::bigint);
  for (const WindowKey& k : segment_.windows.fresh(keys)) {
    accounts.add(k.budget.account);
    scopes.add(std::int64_t{k.budget.scope});
    ids.add(k.budget.scope_id);
    periods.add(std::int64_t{k.period});
    begins.add(k.begin_ms);
  }
  if (begins.size() == 0) return;
  db_.send(kWindows, Params().add(accounts).add(scopes).add(ids).add(periods).add(begins),
           into(segment_.windows, &Window::key));
}

void RowStore::load_refunds(const std::vector<oc_id128>& ids, Batch&) {
  Column wanted = column(Type::uuid, ids);
  db_.send(kRefunds, Params().add(wanted), into(segment_.refunds, &RefundCap::transfer));
}

void RowStore::loaded(Batch& batch) {
  db_.sync();
  segment_.nodes.hand_to(batch);
  segment_.accounts.hand_to(batch);
  segment_.windows.hand_to(batch);
  segment_.refunds.hand_to(batch);
}

// ---- writing

template <class Row>
void RowStore::insert(const std::vector<Row>& rows) {
  if (rows.empty()) return;
  Gathered<Row> gathered;
  for (const Row& row : rows) gathered.add(row);
  Params params;
  gathered.to(params, gathered.which());
  db_.send(inserts<Row>(gathered.which()), params);
}

template <class Row>
void RowStore::update(const std::vector<Row>& rows) {
  if (rows.empty()) return;
  Gathered<Row> gathered;
  for (const Row& row : rows) gathered.add(row);
  Params params;
  gathered.to(params, Which::all);
  db_.send(updates<Row>(), params);
}

template <class Row, class Known, class KeyOf>
void RowStore::put(const std::vector<Row>& rows, const Known& known, KeyOf key_of) {
  std::vector<Row> fresh, changed;
  for (const Row& row : rows) (known.has(key_of(row)) ? changed : fresh).push_back(row);
  update(changed);
  insert(fresh);
}

// An id that was used before is known by what is left of its hold, whether the op that names it now is refused or not.
void RowStore::open_holds(const std::vector<Hold>& holds) {
  Column ids = column(Type::uuid, segment_.taken_for_new);
  for (const Hold& hold : holds)
    if (new_ids_.empty()) ids.add(hold.id);
  if (ids.size() != 0) db_.send(kStillNew, Params().add(ids));
  insert(holds);
}

void RowStore::post(const std::vector<Transfer>& transfers) {
  if (transfers.empty()) return;
  Gathered<Transfer> gathered;
  for (const Transfer& t : transfers) gathered.add(t);
  Params params;
  params.add(next_seq_);
  gathered.to(params, gathered.which());
  db_.send(gathered.which() == Which::all ? kPostAll : kPostCommon, params);
  insert<Link>({chain_.add(transfers, next_seq_, now_ms_)});
}

void RowStore::write(const Writes& w) {
  put(w.accounts, segment_.accounts, [](const Account& a) { return a.key; });
  put(w.grants, segment_.grants, [](const Grant& g) { return g.number; });
  put(w.windows, segment_.windows, [](const Window& x) { return x.key; });
  put(w.nodes, segment_.nodes, [](const Node& n) { return n.id; });
  put(w.refunds, segment_.refunds, [](const RefundCap& r) { return r.transfer; });
  open_holds(w.holds_opened);
  update(w.holds_changed);
  if (!w.holds_ended.empty()) {
    Column ids = column(Type::uuid, w.holds_ended);
    db_.send(kEndHolds, Params().add(ids));
  }
  insert(w.tombstones);
  post(w.transfers);
  segment_ = {};
}

void RowStore::drop_tombstones(std::int64_t older_than_ms) {
  db_.send(kPrune, Params().add(older_than_ms).add(kTombstonesAtOnce));
}

void RowStore::commit() { db_.run(kCommit, {}); }

}  // namespace onechat::ledger_postgres
