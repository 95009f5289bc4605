#include "row_store.hpp"

#include <algorithm>

namespace onechat::ledger_sqlite {

using ledger_core::Account;
using ledger_core::AccountKey;
using ledger_core::Batch;
using ledger_core::Hold;
using ledger_core::KeySpend;
using ledger_core::Node;
using ledger_core::Tombstone;
using ledger_core::Transfer;

namespace {

#define HOLD_COLUMNS \
  "id_hi, id_lo, account, key_id, project_id, node, epoch, amount, created_ms, expires_ms, available, body_hash"
#define TOMBSTONE_COLUMNS "id_hi, id_lo, outcome, hold_hash, close_hash, hold_available, released, available, ts_ms"
#define TRANSFER_COLUMNS                                                                                         \
  "id_hi, id_lo, kind, flags, account, counter, key_id, project_id, node, amount, fee, wallet_part, debt_part, " \
  "absorbed_part, released, available, ts_ms, body_hash, hold_hash, hold_available"

constexpr std::uint32_t kPruneRowsMax = 10'000;
// Ids of later than this are not a host's: the first 48 bits are its clock.
constexpr std::int64_t kFutureMs = 30 * 24 * 3'600'000ll, kLookAgainMs = 24 * 3'600'000ll;

Hold hold_of(const Query& q) {
  Hold h;
  h.id = {q.word(0), q.word(1)};
  h.account = q.word(2);
  h.key_id = q.word(3);
  h.project_id = q.word(4);
  h.node = q.word(5);
  h.epoch = q.word(6);
  h.amount = q.column(7);
  h.created_ms = q.column(8);
  h.expires_ms = q.column(9);
  h.available = q.column(10);
  h.body_hash = q.word(11);
  return h;
}

Tombstone tombstone_of(const Query& q) {
  Tombstone t;
  t.id = {q.word(0), q.word(1)};
  t.outcome = static_cast<ledger_core::Outcome>(q.column(2));
  t.hold_hash = q.word(3);
  t.close_hash = q.word(4);
  t.hold_available = q.column(5);
  t.released = q.column(6);
  t.available = q.column(7);
  t.ts_ms = q.column(8);
  return t;
}

Transfer transfer_of(const Query& q) {
  Transfer t;
  t.id = {q.word(0), q.word(1)};
  t.kind = static_cast<std::uint32_t>(q.column(2));
  t.flags = static_cast<std::uint32_t>(q.column(3));
  t.account = q.word(4);
  t.counter = q.word(5);
  t.key_id = q.word(6);
  t.project_id = q.word(7);
  t.node = q.word(8);
  t.amount = q.column(9);
  t.fee = q.column(10);
  t.wallet_part = q.column(11);
  t.debt_part = q.column(12);
  t.absorbed_part = q.column(13);
  t.released = q.column(14);
  t.available = q.column(15);
  t.ts_ms = q.column(16);
  t.body_hash = q.word(17);
  t.hold_hash = q.word(18);
  t.hold_available = q.column(19);
  return t;
}

}  // namespace

RowStore::RowStore(Database& db, std::int64_t now_ms)
    : find_node_(db.handle(), "SELECT id, epoch, epoch_op_hi, epoch_op_lo FROM node WHERE id = ?"),
      find_tombstone_(db.handle(), "SELECT " TOMBSTONE_COLUMNS " FROM tombstone WHERE id_hi = ? AND id_lo = ?"),
      find_transfer_(db.handle(), "SELECT " TRANSFER_COLUMNS " FROM transfer WHERE id_hi = ? AND id_lo = ?"),
      find_account_(db.handle(), "SELECT debits, credits, pending FROM account WHERE code = ? AND owner = ?"),
      find_key_(db.handle(),
                "SELECT key_id, spend_limit, spent, held, limit_op_hi, limit_op_lo FROM key_spend WHERE key_id = ?"),
      find_sweep_(db.handle(),
                  "SELECT " HOLD_COLUMNS
                  " FROM hold WHERE expires_ms <= ? OR (node = ? AND epoch < ?) ORDER BY id_hi, id_lo LIMIT ?"),
      prune_(db.handle(),
             "DELETE FROM tombstone WHERE (id_hi, id_lo) IN (SELECT id_hi, id_lo FROM tombstone"
             " WHERE id_hi < ? AND ts_ms < ? LIMIT ?)"),
      all_holds_(db.handle(), "SELECT " HOLD_COLUMNS " FROM hold"),
      newest_transfer_(db.handle(),
                       "SELECT id_hi, id_lo FROM transfer WHERE id_hi BETWEEN 0 AND ? ORDER BY id_hi DESC"),
      newest_tombstone_(db.handle(),
                        "SELECT id_hi, id_lo FROM tombstone WHERE id_hi BETWEEN 0 AND ? ORDER BY id_hi DESC"),
      put_account_(db.handle(),
                   "INSERT INTO account (code, owner, debits, credits, pending) VALUES (?, ?, ?, ?, ?)"
                   " ON CONFLICT (code, owner) DO UPDATE SET debits = excluded.debits,"
                   " credits = excluded.credits, pending = excluded.pending"),
      put_key_(db.handle(),
               "INSERT INTO key_spend (key_id, spend_limit, spent, held, limit_op_hi, limit_op_lo)"
               " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (key_id) DO UPDATE SET"
               " spend_limit = excluded.spend_limit, spent = excluded.spent, held = excluded.held,"
               " limit_op_hi = excluded.limit_op_hi, limit_op_lo = excluded.limit_op_lo"),
      put_node_(db.handle(), "INSERT OR REPLACE INTO node (id, epoch, epoch_op_hi, epoch_op_lo) VALUES (?, ?, ?, ?)"),
      open_hold_(db.handle(), "INSERT INTO hold (" HOLD_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      end_hold_(db.handle(), "DELETE FROM hold WHERE id_hi = ? AND id_lo = ?"),
      put_tombstone_(db.handle(), "INSERT INTO tombstone (" TOMBSTONE_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      put_transfer_(db.handle(), "INSERT INTO transfer (" TRANSFER_COLUMNS
                                  ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)") {
  for (all_holds_.with(); all_holds_.next();) {
    const Hold h = hold_of(all_holds_);
    holds_.emplace(h.id, h);
  }
  look_up_newest(now_ms);
}

void RowStore::begin(std::int64_t now_ms) {
  if (now_ms >= look_again_ms_) look_up_newest(now_ms);
  if (accounts_.size() > kBalancesMax) accounts_.clear();
  if (keys_.size() > kBalancesMax) keys_.clear();
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

void RowStore::load_nodes(const std::vector<std::uint64_t>& ids, Batch& batch) {
  for (const std::uint64_t id : ids) {
    auto known = nodes_.find(id);
    if (known == nodes_.end())
      for (find_node_.with(id); find_node_.next();) {
        Node n;
        n.id = id;
        n.epoch = find_node_.word(1);
        n.epoch_op = {find_node_.word(2), find_node_.word(3)};
        known = nodes_.emplace(id, n).first;
      }
    if (known != nodes_.end()) batch.add(known->second);
  }
}

void RowStore::load_entries(const std::vector<oc_id128>& ids, Batch& batch) {
  for (const oc_id128& id : ids) {
    if (const auto hold = holds_.find(id); hold != holds_.end()) {
      batch.add(hold->second);
    } else if (!fresh_.certainly_new(id)) {
      for (find_transfer_.with(id.hi, id.lo); find_transfer_.next();) batch.add(transfer_of(find_transfer_));
      for (find_tombstone_.with(id.hi, id.lo); find_tombstone_.next();) batch.add(tombstone_of(find_tombstone_));
    }
  }
}

void RowStore::load_sweep(const ledger_core::SweepQuery& query, Batch& batch) {
  for (find_sweep_.with(query.now_ms, query.node, query.epoch, query.holds_max); find_sweep_.next();)
    batch.add(hold_of(find_sweep_));
}

const Account& RowStore::account(const AccountKey& key) {
  const auto [at, is_new] = accounts_.try_emplace(key);
  Account& a = at->second;
  if (!is_new) return a;
  a.key = key;
  for (find_account_.with(key.code, key.owner); find_account_.next();) {
    a.debits = find_account_.column(0);
    a.credits = find_account_.column(1);
    a.pending = find_account_.column(2);
  }
  return a;
}

const KeySpend* RowStore::key_spend(std::uint64_t id) {
  if (const auto known = keys_.find(id); known != keys_.end()) return &known->second;
  KeySpend k;
  for (find_key_.with(id); find_key_.next();) {
    k.key_id = id;
    k.limit = find_key_.column(1);
    k.spent = find_key_.column(2);
    k.held = find_key_.column(3);
    k.limit_op = {find_key_.word(4), find_key_.word(5)};
  }
  return k.key_id != 0 ? &keys_.emplace(id, k).first->second : nullptr;
}

void RowStore::load_balances(const std::vector<AccountKey>& accounts, const std::vector<std::uint64_t>& keys,
                             Batch& batch) {
  for (const AccountKey& key : accounts) batch.add(account(key));
  for (const std::uint64_t id : keys)
    if (const KeySpend* k = key_spend(id)) batch.add(*k);
}

void RowStore::write(const ledger_core::Writes& w) {
  for (const Account& a : w.accounts) {
    put_account_.run(a.key.code, a.key.owner, a.debits, a.credits, a.pending);
    accounts_[a.key] = a;
  }
  for (const KeySpend& k : w.keys) {
    put_key_.run(k.key_id, k.limit, k.spent, k.held, k.limit_op.hi, k.limit_op.lo);
    keys_[k.key_id] = k;
  }
  for (const Node& n : w.nodes) {
    put_node_.run(n.id, n.epoch, n.epoch_op.hi, n.epoch_op.lo);
    nodes_[n.id] = n;
  }
  for (const Hold& h : w.holds_opened) {
    open_hold_.run(h.id.hi, h.id.lo, h.account, h.key_id, h.project_id, h.node, h.epoch, h.amount, h.created_ms,
                   h.expires_ms, h.available, h.body_hash);
    holds_.emplace(h.id, h);
  }
  for (const oc_id128& id : w.holds_ended) {
    end_hold_.run(id.hi, id.lo);
    holds_.erase(id);
  }
  for (const Tombstone& t : w.tombstones) {
    put_tombstone_.run(t.id.hi, t.id.lo, static_cast<std::uint32_t>(t.outcome), t.hold_hash, t.close_hash,
                       t.hold_available, t.released, t.available, t.ts_ms);
    fresh_.note(t.id);
  }
  for (const Transfer& t : w.transfers) {
    put_transfer_.run(t.id.hi, t.id.lo, t.kind, t.flags, t.account, t.counter, t.key_id, t.project_id, t.node, t.amount,
                      t.fee, t.wallet_part, t.debt_part, t.absorbed_part, t.released, t.available, t.ts_ms, t.body_hash,
                      t.hold_hash, t.hold_available);
    fresh_.note(t.id);
  }
}

// Ids carry their time in the high half, so the old ones lie together; others stay.
void RowStore::drop_tombstones(std::int64_t older_than_ms) {
  if (older_than_ms <= 0) return;
  for (prune_.with(older_than_ms << 16, older_than_ms, kPruneRowsMax); prune_.next();) continue;
}

}  // namespace onechat::ledger_sqlite
