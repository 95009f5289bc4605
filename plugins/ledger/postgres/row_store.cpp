#include "row_store.hpp"

#include <algorithm>

namespace onechat::ledger_postgres {

using namespace ledger_core;

namespace {

// Each batch with postings takes a block of this many numbers, so that its own are without gaps.
constexpr std::uint64_t kBlock = 65'536;
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
const Statement kWallets{
    "wallets",
    select<Account>("WHERE code = 2000 AND owner = ANY($1::bigint[]) ORDER BY code, owner FOR NO KEY UPDATE")};
const Statement kAccounts{"accounts",
                          "SELECT " + column_list(table_of<Account>(), "t.") +
                              " FROM unnest($1::bigint[], $2::bigint[]) AS u (code, owner)"
                              " JOIN account t ON t.code = u.code AND t.owner = u.owner FOR NO KEY UPDATE OF t"};
const Statement kGrantsOf{"grants_of", select<Grant>("WHERE wallet = ANY($1::bigint[]) AND open")};
const Statement kGrantsNamed{"grants_named", select<Grant>("WHERE number = ANY($1::bigint[])")};
const Statement kBudgets{"budgets",
                         "SELECT " + column_list(table_of<Budget>(), "t.") +
                             " FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS u (account, scope, scope_id)"
                             " JOIN budget t USING (account, scope, scope_id)"};
const Statement kWindows{"windows",
                         "SELECT " + column_list(table_of<Window>(), "t.") +
                             " FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])"
                             " AS u (account, scope, scope_id, period, begin_ms)"
                             " JOIN budget_window t USING (account, scope, scope_id, period, begin_ms)"};
const Statement kRefunds{"refunds", select<RefundCap>("WHERE transfer = ANY($1::uuid[]) FOR UPDATE")};
const Statement kChainEnd{"chain_end", select<Link>("WHERE node = $1 ORDER BY n DESC LIMIT 1")};
const Statement kNextBlock{"next_block", "SELECT nextval('transfer_block')"};

// Under the wallets' locks, in a view of its own: did somebody else open and end one of these meanwhile?
const Statement kStillNew{"still_new",
                          "SELECT expect_rows((SELECT count(*) FROM transfer WHERE id = ANY($1::uuid[]))"
                          " + (SELECT count(*) FROM tombstone WHERE id = ANY($1::uuid[])), 0)"};
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

template <class Row>
Connection::Handler into(Batch& batch) {
  return [&batch](const Rows& rows) {
    for (int r = 0; r < rows.size(); ++r) batch.add(row_of<Row>(rows, r));
  };
}

}  // namespace

void RowStore::begin(const oc_ledger_op* ops, std::size_t n, std::int64_t now_ms) {
  now_ms_ = now_ms;
  writes_nodes_ = std::any_of(
      ops, ops + n, [](const oc_ledger_op& op) { return op.kind == OC_LOP_EPOCH || op.kind == OC_LOP_HEARTBEAT; });
  forget_segment();
  db_.send(kBegin, {});
  db_.send(kShareBudgets, Params().add(budgets_lock_));
}

// What a segment wrote is known to exist only by being read again.
void RowStore::forget_segment() {
  accounts_.clear();
  windows_.clear();
  grants_.clear();
  nodes_.clear();
  refunds_.clear();
  wallets_.clear();
}

void RowStore::load_nodes(const std::vector<std::uint64_t>& ids, Batch& batch) {
  Column wanted = column(Type::bigint, ids);
  db_.send(writes_nodes_ ? kNodesLocked : kNodes, Params().add(wanted), [this, &batch](const Rows& rows) {
    for (int r = 0; r < rows.size(); ++r) {
      const Node node = row_of<Node>(rows, r);
      nodes_.insert(node.id);
      batch.add(node);
    }
  });
}

void RowStore::load_entries(const std::vector<oc_id128>& ids, Batch& batch) {
  std::unordered_set<oc_id128, IdHash, IdEqual> open;
  Column wanted = column(Type::uuid, ids);
  db_.send(kHolds, Params().add(wanted), [&](const Rows& rows) {
    for (int r = 0; r < rows.size(); ++r) {
      const Hold hold = row_of<Hold>(rows, r);
      open.insert(hold.id);
      batch.add(hold);
    }
  });
  // After the holds are locked, in views of their own: a hold that ended while we waited is found here.
  const auto ended = [&](auto type) {
    using Row = decltype(type);
    return [&](const Rows& rows) {
      for (int r = 0; r < rows.size(); ++r)
        if (const Row row = row_of<Row>(rows, r); open.count(row.id) == 0) batch.add(row);
    };
  };
  db_.send(kTombstones, Params().add(wanted), ended(Tombstone{}));
  db_.send(kTransfers, Params().add(wanted), ended(Transfer{}));
  db_.sync();
}

// Holds first, as every batch locks them; then the wallets of the grants that ended, and the grants as they are then.
void RowStore::load_sweep(const SweepQuery& query, Batch& batch) {
  db_.send(kSweep,
           Params()
               .add(query.now_ms)
               .add(query.dead_before_ms)
               .add(std::int64_t{query.leases_only})
               .add(std::int64_t{query.holds_max}),
           into<Hold>(batch));
  std::vector<std::uint64_t> wallets, numbers;
  db_.send(kEnded, Params().add(query.now_ms).add(std::int64_t{query.holds_max}), [&](const Rows& rows) {
    for (int r = 0; r < rows.size(); ++r) {
      const Grant grant = row_of<Grant>(rows, r);
      wallets.push_back(grant.wallet);
      numbers.push_back(grant.number);
    }
  });
  db_.sync();
  if (numbers.empty()) return;
  lock_wallets(std::move(wallets));
  Column named = column(Type::bigint, numbers);
  db_.send(kEndedOf, Params().add(query.now_ms).add(named), [&](const Rows& rows) {
    for (int r = 0; r < rows.size(); ++r) {
      const Grant grant = row_of<Grant>(rows, r);
      grants_.insert(grant.number);
      batch.add(grant);
    }
  });
  db_.sync();
}

void RowStore::lock_wallets(std::vector<std::uint64_t> owners) {
  std::sort(owners.begin(), owners.end());
  owners.erase(std::unique(owners.begin(), owners.end()), owners.end());
  std::erase_if(owners, [&](std::uint64_t owner) { return accounts_.count({kWallet, owner}) != 0; });
  if (owners.empty()) return;
  Column wanted = column(Type::bigint, owners);
  db_.send(kWallets, Params().add(wanted), [this](const Rows& rows) {
    for (int r = 0; r < rows.size(); ++r) {
      wallets_.push_back(row_of<Account>(rows, r));
      accounts_.insert(wallets_.back().key);
    }
  });
}

void RowStore::load_budgets(const std::vector<BudgetKey>& keys, Batch& batch) {
  Column accounts(Type::bigint), scopes(Type::bigint), ids(Type::bigint);
  for (const BudgetKey& k : keys) {
    accounts.add(k.account);
    scopes.add(std::int64_t{k.scope});
    ids.add(k.scope_id);
  }
  db_.send(kBudgets, Params().add(accounts).add(scopes).add(ids), into<Budget>(batch));
}

void RowStore::load_grants(const std::vector<std::uint64_t>& wallets, const std::vector<std::uint64_t>& numbers,
                           Batch& batch) {
  lock_wallets(wallets);
  const auto add = [this, &batch](const Rows& rows) {
    for (int r = 0; r < rows.size(); ++r) {
      const Grant grant = row_of<Grant>(rows, r);
      grants_.insert(grant.number);
      batch.add(grant);
    }
  };
  if (!wallets.empty()) {
    Column owners = column(Type::bigint, wallets);
    db_.send(kGrantsOf, Params().add(owners), add);
  }
  if (!numbers.empty()) {
    Column named = column(Type::bigint, numbers);
    db_.send(kGrantsNamed, Params().add(named), add);
  }
  db_.sync();
}

void RowStore::load_accounts(const std::vector<AccountKey>& keys, Batch& batch) {
  db_.sync();  // the windows that are wanted next depend on the budgets
  for (const Account& wallet : wallets_) batch.add(wallet);
  std::vector<AccountKey> others;
  for (const AccountKey& k : keys)
    if (k.code != kWallet) others.push_back(k);
  std::sort(others.begin(), others.end(), [](const AccountKey& a, const AccountKey& b) {
    return a.code != b.code ? a.code < b.code : a.owner < b.owner;
  });
  if (!others.empty()) {
    Column codes(Type::bigint), owners(Type::bigint);
    for (const AccountKey& k : others) {
      codes.add(std::int64_t{k.code});
      owners.add(k.owner);
    }
    db_.send(kAccounts, Params().add(codes).add(owners), [this, &batch](const Rows& rows) {
      for (int r = 0; r < rows.size(); ++r) {
        const Account account = row_of<Account>(rows, r);
        accounts_.insert(account.key);
        batch.add(account);
      }
    });
  }
  // Numbers are taken after the locks: what depends on another batch's postings has higher ones.
  db_.send(kNextBlock, {}, [this](const Rows& rows) { next_seq_ = (rows.word(0, 0) - 1) * kBlock + 1; });
  if (!chain_.knows_end())
    db_.send(kChainEnd, Params().add(chain_.node()),
             [this](const Rows& rows) { chain_.ends_with(rows.size() != 0 ? row_of<Link>(rows, 0) : Link{}); });
}

void RowStore::load_windows(const std::vector<WindowKey>& keys, Batch& batch) {
  Column accounts(Type::bigint), scopes(Type::bigint), ids(Type::bigint), periods(Type::bigint), begins(Type::bigint);
  for (const WindowKey& k : keys) {
    accounts.add(k.budget.account);
    scopes.add(std::int64_t{k.budget.scope});
    ids.add(k.budget.scope_id);
    periods.add(std::int64_t{k.period});
    begins.add(k.begin_ms);
  }
  db_.send(kWindows, Params().add(accounts).add(scopes).add(ids).add(periods).add(begins),
           [this, &batch](const Rows& rows) {
             for (int r = 0; r < rows.size(); ++r) {
               const Window window = row_of<Window>(rows, r);
               windows_.insert(window.key);
               batch.add(window);
             }
           });
}

void RowStore::load_refunds(const std::vector<oc_id128>& ids, Batch& batch) {
  Column wanted = column(Type::uuid, ids);
  db_.send(kRefunds, Params().add(wanted), [this, &batch](const Rows& rows) {
    for (int r = 0; r < rows.size(); ++r) {
      const RefundCap cap = row_of<RefundCap>(rows, r);
      refunds_.insert(cap.transfer);
      batch.add(cap);
    }
  });
}

void RowStore::loaded() { db_.sync(); }

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
  for (const Row& row : rows) (known.count(key_of(row)) != 0 ? changed : fresh).push_back(row);
  update(changed);
  insert(fresh);
}

void RowStore::open_holds(const std::vector<Hold>& holds) {
  if (holds.empty()) return;
  Column ids(Type::uuid);
  for (const Hold& hold : holds) ids.add(hold.id);
  db_.send(kStillNew, Params().add(ids));
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
  put(w.accounts, accounts_, [](const Account& a) { return a.key; });
  put(w.grants, grants_, [](const Grant& g) { return g.number; });
  put(w.windows, windows_, [](const Window& x) { return x.key; });
  put(w.nodes, nodes_, [](const Node& n) { return n.id; });
  put(w.refunds, refunds_, [](const RefundCap& r) { return r.transfer; });
  open_holds(w.holds_opened);
  update(w.holds_changed);
  if (!w.holds_ended.empty()) {
    Column ids = column(Type::uuid, w.holds_ended);
    db_.send(kEndHolds, Params().add(ids));
  }
  insert(w.tombstones);
  post(w.transfers);
  forget_segment();
}

void RowStore::drop_tombstones(std::int64_t older_than_ms) {
  db_.send(kPrune, Params().add(older_than_ms).add(kTombstonesAtOnce));
}

void RowStore::commit() { db_.run(kCommit, {}); }

}  // namespace onechat::ledger_postgres
