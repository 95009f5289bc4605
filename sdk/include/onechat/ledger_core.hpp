// The ledger's state machine: what each operation means, once, for every backend.
//
// A backend brings a Store and calls apply() inside ONE transaction of its own:
//   store.load_nodes(ids, batch)           batch.add(Node) for each that exists
//   store.load_entries(ids, batch)         batch.add(Hold); when there is none, add(Tombstone) and add(Transfer)
//   store.load_sweep(query, batch)         batch.add(Hold) for each that matches
//   store.load_balances(keys, ids, batch)  batch.add(Account), batch.add(KeySpend)
//   store.write(writes)
// and commits durably before it answers. Ops take effect in array order with exact sequential results; a refused op
// changes nothing. Not thread-safe: one writer. Rules that callers rely on:
//  - RESERVE and DEPOSIT are identified by `id`, SETTLE and VOID by the hold `ref`: one hold is charged at most once,
//    under whatever ids the ops came. The same body again: OC_DUPLICATE and the first result; another: OC_E_CONFLICT.
//  - SETTLE may exceed the hold and may come late (hold swept, voided or long gone): usage is a fact. What the wallet
//    cannot pay becomes debt, which refuses RESERVEs until a DEPOSIT has paid it, or is absorbed.
//  - `available` is wallet minus debt. RESERVE of an account that nobody funded: OC_E_FUNDS.
//  - LIMIT and EPOCH remember the id of the last op only. SWEEP ends at most `amount` holds (0: kSweepHoldsMax),
//  answers
//    how many in `available`, and is harmless to repeat. OC_LF_LINKED is refused with OC_E_UNSUPPORTED.
//  - OC_OVERAGE_OVERDRAFT is OC_OVERAGE_DEBT as long as no operation grants an overdraft.
#pragma once
#include <onechat/ledger_rows.hpp>

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

namespace onechat::ledger_core {

inline constexpr std::int64_t kHoldTtlDefaultMs = 3'600'000;
inline constexpr std::uint32_t kSweepHoldsMax = 4096;

// The id that a well-behaved host gives the SETTLE or VOID of a hold.
inline oc_id128 settle_id(const oc_id128& hold) noexcept { return {hold.hi, hold.lo ^ 0x5e771e5e771e5e77ull}; }

// False, and `to` unchanged, when the sum does not fit.
inline bool add(std::int64_t& to, std::int64_t amount) noexcept {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(to, amount, &sum)) return false;
  to = sum;
  return true;
}

class Batch {
 public:
  Batch(const oc_ledger_op* ops, std::size_t n, std::int64_t now_ms) : ops_(ops), n_(n), now_ms_(now_ms) {}
  // How many of the ops form one batch: a SWEEP stands alone, since it looks at what the others wrote.
  static std::size_t segment(const oc_ledger_op* ops, std::size_t n) noexcept {
    std::size_t i = 0;
    while (i < n && ops[i].kind != OC_LOP_SWEEP) ++i;
    return i != 0 ? i : std::min<std::size_t>(n, 1);
  }
  bool is_sweep() const noexcept { return n_ == 1 && ops_[0].kind == OC_LOP_SWEEP; }

  // What to load, in this order; nothing is asked for twice.
  std::vector<std::uint64_t> wanted_nodes();
  std::vector<oc_id128> wanted_entries();
  SweepQuery wanted_sweep();
  std::vector<AccountKey> wanted_accounts();
  std::vector<std::uint64_t> wanted_keys();

  void add(const Node& row) { nodes_[row.id].row = row; }
  void add(const Account& row) { accounts_[row.key].row = row; }
  void add(const KeySpend& row) { keys_[row.key_id].row = row; }
  void add(const Hold& row) {
    Entry& e = entry(row.id);
    e.hold = row;
    e.open = e.stored = true;
  }
  void add(const Tombstone& row) {
    Entry& e = entry(row.id);
    e.tombstone = row;
    e.dead = true;
  }
  void add(const Transfer& row) {
    Entry& e = entry(row.id);
    e.transfer = row;
    e.posted = true;
  }

  void run(oc_ledger_result* results);
  Writes writes();

 private:
  struct Entry {  // everything known under one id
    Hold hold;
    Tombstone tombstone;
    Transfer transfer;
    bool open = false, stored = false, dead = false, posted = false;
  };
  template <class Row>
  struct Slot {
    Row row;
    bool dirty = false;
  };

  static bool is_close(const oc_ledger_op& op) noexcept { return op.kind == OC_LOP_SETTLE || op.kind == OC_LOP_VOID; }
  static oc_id128 entry_id(const oc_ledger_op& op) noexcept { return is_close(op) ? op.ref : op.id; }
  static oc_ledger_result refuse(oc_status status) noexcept {
    oc_ledger_result r{};
    r.status = status;
    return r;
  }

  Entry& entry(const oc_id128& id) {
    const auto [it, added] = entries_.try_emplace(id);
    if (added) order_.push_back(&it->second);
    return it->second;
  }
  Account& account(std::uint32_t code, std::uint64_t owner) {
    Account& row = accounts_[AccountKey{code, owner}].row;
    row.key = {code, owner};
    return row;
  }
  void touch(const AccountKey& key) { accounts_[key].dirty = true; }
  KeySpend& key(std::uint64_t id) {
    Slot<KeySpend>& slot = keys_[id];
    slot.row.key_id = id;
    slot.dirty = true;
    return slot.row;
  }
  std::int64_t spendable(std::uint64_t owner) {  // the wallet alone; never negative
    const Account& w = account(kWallet, owner);
    return w.credits - w.debits - w.pending;
  }
  std::int64_t debt(std::uint64_t owner) {
    const Account& r = account(kReceivable, owner);
    return r.debits - r.credits;
  }
  std::int64_t available(std::uint64_t owner) { return spendable(owner) - debt(owner); }

  oc_ledger_result apply(const oc_ledger_op& op);
  oc_ledger_result deposit(const oc_ledger_op& op);
  oc_ledger_result reserve(const oc_ledger_op& op);
  oc_ledger_result reserve_again(const oc_ledger_op& op, const Entry& e) const;
  oc_ledger_result settle(const oc_ledger_op& op);
  oc_ledger_result void_hold(const oc_ledger_op& op);
  oc_ledger_result sweep(const oc_ledger_op& op);
  oc_ledger_result bump_epoch(const oc_ledger_op& op);
  oc_ledger_result set_limit(const oc_ledger_op& op);

  bool post(const Transfer& t);
  void release(Entry& e);
  void bury(Entry& e, Outcome outcome, std::uint64_t close_hash, std::int64_t released);

  const oc_ledger_op* ops_;
  std::size_t n_;
  std::int64_t now_ms_;
  std::unordered_map<oc_id128, Entry, IdHash, IdEqual> entries_;
  std::vector<Entry*> order_;
  std::unordered_map<AccountKey, Slot<Account>, AccountHash> accounts_;
  std::unordered_map<std::uint64_t, Slot<KeySpend>> keys_;
  std::unordered_map<std::uint64_t, Slot<Node>> nodes_;
  std::vector<Tombstone> tombstones_;
  std::vector<Transfer> transfers_;
};

// Runs all ops in order; the caller wraps it in a transaction. What the store throws passes through.
template <class Store>
void apply(Store& store, const oc_ledger_op* ops, oc_ledger_result* results, std::size_t n, std::int64_t now_ms) {
  for (std::size_t done = 0; done < n;) {
    const std::size_t count = Batch::segment(ops + done, n - done);
    Batch batch(ops + done, count, now_ms);
    store.load_nodes(batch.wanted_nodes(), batch);
    if (batch.is_sweep())
      store.load_sweep(batch.wanted_sweep(), batch);
    else
      store.load_entries(batch.wanted_entries(), batch);
    store.load_balances(batch.wanted_accounts(), batch.wanted_keys(), batch);
    batch.run(results + done);
    store.write(batch.writes());
    done += count;
  }
}

// ---- what to load

inline std::vector<std::uint64_t> Batch::wanted_nodes() {
  std::vector<std::uint64_t> out;
  for (std::size_t i = 0; i < n_; ++i) {
    const oc_ledger_op& op = ops_[i];
    if (op.kind != OC_LOP_RESERVE && op.kind != OC_LOP_EPOCH && op.kind != OC_LOP_SWEEP) continue;
    const auto [it, added] = nodes_.try_emplace(op.node);
    it->second.row.id = op.node;
    if (added) out.push_back(op.node);
  }
  return out;
}

inline std::vector<oc_id128> Batch::wanted_entries() {
  entries_.reserve(n_);
  std::vector<oc_id128> out;
  out.reserve(n_);
  for (std::size_t i = 0; i < n_; ++i) {
    const oc_ledger_op& op = ops_[i];
    if (op.kind != OC_LOP_DEPOSIT && op.kind != OC_LOP_RESERVE && !is_close(op)) continue;
    const std::size_t known = order_.size();
    entry(entry_id(op));
    if (order_.size() != known) out.push_back(entry_id(op));
  }
  return out;
}

inline SweepQuery Batch::wanted_sweep() {
  const oc_ledger_op& op = ops_[0];
  const bool limited = op.amount > 0 && op.amount < std::int64_t(kSweepHoldsMax);
  return {op.node, nodes_[op.node].row.epoch, now_ms_, limited ? std::uint32_t(op.amount) : kSweepHoldsMax};
}

inline std::vector<AccountKey> Batch::wanted_accounts() {
  std::vector<AccountKey> out;
  const auto want = [&](std::uint32_t code, std::uint64_t owner) {
    const auto [it, added] = accounts_.try_emplace(AccountKey{code, owner});
    it->second.row.key = {code, owner};
    if (added) out.push_back({code, owner});
  };
  const auto want_owner = [&](std::uint64_t owner) {
    want(kWallet, owner);
    want(kReceivable, owner);
  };
  for (const Entry* e : order_)
    if (e->open) want_owner(e->hold.account);
  for (std::size_t i = 0; i < n_; ++i) {
    const oc_ledger_op& op = ops_[i];
    if (op.kind != OC_LOP_DEPOSIT && op.kind != OC_LOP_RESERVE && !is_close(op)) continue;
    want_owner(op.account);
    if (op.kind == OC_LOP_DEPOSIT) want(kPspClearing, op.account2);
    if (op.kind != OC_LOP_SETTLE) continue;
    want(kProviderPayable, op.account2 != 0 ? op.account2 : op.node);
    want(kRevenueMarkup, op.node);
    if (op.overage == OC_OVERAGE_ABSORB) want(kAbsorbedOverage, op.node);
  }
  return out;
}

inline std::vector<std::uint64_t> Batch::wanted_keys() {
  std::vector<std::uint64_t> out;
  const auto want = [&](std::uint64_t id) {
    if (id == 0) return;
    const auto [it, added] = keys_.try_emplace(id);
    it->second.row.key_id = id;
    if (added) out.push_back(id);
  };
  for (const Entry* e : order_)
    if (e->open) want(e->hold.key_id);
  for (std::size_t i = 0; i < n_; ++i) want(ops_[i].key_id);
  return out;
}

// ---- what ops mean

inline void Batch::run(oc_ledger_result* results) {
  for (std::size_t i = 0; i < n_; ++i) results[i] = apply(ops_[i]);
}

inline oc_ledger_result Batch::apply(const oc_ledger_op& op) {
  if ((op.flags & OC_LF_LINKED) != 0) return refuse(OC_E_UNSUPPORTED);
  const bool spends = op.kind == OC_LOP_DEPOSIT || op.kind == OC_LOP_RESERVE || is_close(op);
  if (spends && (op.amount < 0 || op.fee < 0 || is_zero(entry_id(op)))) return refuse(OC_E_INVALID);
  switch (op.kind) {
    case OC_LOP_DEPOSIT: return deposit(op);
    case OC_LOP_RESERVE: return reserve(op);
    case OC_LOP_SETTLE: return settle(op);
    case OC_LOP_VOID: return void_hold(op);
    case OC_LOP_SWEEP: return sweep(op);
    case OC_LOP_EPOCH: return bump_epoch(op);
    case OC_LOP_LIMIT: return set_limit(op);
    default: return refuse(OC_E_UNSUPPORTED);
  }
}

// Adds the legs to the balances and the transfer to what is written. False, with nothing changed, if a sum overflows.
inline bool Batch::post(const Transfer& t) {
  bool fits = true;
  for_each_leg(t, [&](const AccountKey& k, std::int64_t debit, std::int64_t credit) {
    Account row = account(k.code, k.owner);
    fits = fits && ledger_core::add(row.debits, debit) && ledger_core::add(row.credits, credit);
  });
  if (!fits) return false;
  for_each_leg(t, [&](const AccountKey& k, std::int64_t debit, std::int64_t credit) {
    Account& row = account(k.code, k.owner);
    row.debits += debit;
    row.credits += credit;
    touch(k);
  });
  transfers_.push_back(t);
  return true;
}

inline oc_ledger_result Batch::deposit(const oc_ledger_op& op) {
  if (op.account == 0 || op.amount == 0 || op.fee != 0) return refuse(OC_E_INVALID);
  Entry& e = entry(op.id);
  const std::uint64_t hash = body_hash(op);
  oc_ledger_result r{};
  if (e.posted && e.transfer.kind == OC_LOP_DEPOSIT && e.transfer.body_hash == hash) {
    r.status = OC_DUPLICATE;
    r.posted = e.transfer.amount;
    r.available = e.transfer.available;
    return r;
  }
  if (e.posted || e.dead || e.open) return refuse(OC_E_CONFLICT);
  Transfer t;
  t.id = op.id;
  t.kind = op.kind;
  t.account = op.account;
  t.counter = op.account2;
  t.key_id = op.key_id;
  t.project_id = op.project_id;
  t.node = op.node;
  t.amount = op.amount;
  t.debt_part = std::min(debt(op.account), op.amount);
  t.wallet_part = op.amount - t.debt_part;
  t.ts_ms = now_ms_;
  t.body_hash = hash;
  t.available = available(op.account);
  if (!ledger_core::add(t.available, op.amount) || !post(t)) return refuse(OC_E_INVALID);
  e.transfer = t;
  e.posted = true;
  r.posted = op.amount;
  r.available = t.available;
  return r;
}

// The answer to a RESERVE whose id was seen before.
inline oc_ledger_result Batch::reserve_again(const oc_ledger_op& op, const Entry& e) const {
  const std::uint64_t first = e.open ? e.hold.body_hash : e.posted ? e.transfer.hold_hash : e.tombstone.hold_hash;
  if (first != body_hash(op)) return refuse(OC_E_CONFLICT);
  oc_ledger_result r = refuse(OC_DUPLICATE);
  r.available = e.open ? e.hold.available : e.posted ? e.transfer.hold_available : e.tombstone.hold_available;
  return r;
}

inline oc_ledger_result Batch::reserve(const oc_ledger_op& op) {
  if (op.account == 0 || op.fee != 0) return refuse(OC_E_INVALID);
  Entry& e = entry(op.id);
  if (e.open || e.dead || e.posted) return reserve_again(op, e);
  if (op.epoch < nodes_[op.node].row.epoch) return refuse(OC_E_CONFLICT);
  oc_ledger_result r{};
  r.available = available(op.account);
  if (spendable(op.account) < op.amount || debt(op.account) > 0) {
    r.status = OC_E_FUNDS;
    return r;
  }
  if (op.key_id != 0) {
    KeySpend& k = keys_[op.key_id].row;
    std::int64_t used = k.held;
    const bool fits = ledger_core::add(used, op.amount) && ledger_core::add(used, k.spent);
    if (k.limit >= 0 ? !fits || used > k.limit : !fits) {
      r.status = k.limit >= 0 ? OC_E_LIMIT : OC_E_INVALID;
      r.limit_scope = op.key_id;
      return r;
    }
    key(op.key_id).held += op.amount;
  }
  account(kWallet, op.account).pending += op.amount;
  touch({kWallet, op.account});
  r.available -= op.amount;
  e.hold.id = op.id;
  e.hold.account = op.account;
  e.hold.key_id = op.key_id;
  e.hold.project_id = op.project_id;
  e.hold.node = op.node;
  e.hold.epoch = op.epoch;
  e.hold.amount = op.amount;
  e.hold.created_ms = now_ms_;
  e.hold.expires_ms = now_ms_ + (op.ttl_ms != 0 ? std::int64_t(op.ttl_ms) : kHoldTtlDefaultMs);
  e.hold.available = r.available;
  e.hold.body_hash = body_hash(op);
  e.open = true;
  return r;
}

// Gives the held money back to the wallet and to the key's limit.
inline void Batch::release(Entry& e) {
  account(kWallet, e.hold.account).pending -= e.hold.amount;
  touch({kWallet, e.hold.account});
  if (e.hold.key_id != 0) key(e.hold.key_id).held -= e.hold.amount;
  e.open = false;
}

inline void Batch::bury(Entry& e, Outcome outcome, std::uint64_t close_hash, std::int64_t released) {
  Tombstone& t = e.tombstone;
  t.id = e.hold.id;
  t.outcome = outcome;
  t.hold_hash = e.hold.body_hash;
  t.close_hash = close_hash;
  t.hold_available = e.hold.available;
  t.released = released;
  t.available = available(e.hold.account);
  t.ts_ms = now_ms_;
  e.dead = true;
  tombstones_.push_back(t);
}

inline oc_ledger_result Batch::settle(const oc_ledger_op& op) {
  std::int64_t total = op.amount;
  if (!ledger_core::add(total, op.fee) || op.overage > OC_OVERAGE_OVERDRAFT) return refuse(OC_E_INVALID);
  Entry& e = entry(op.ref);
  const std::uint64_t hash = body_hash(op);
  oc_ledger_result r{};
  if (e.posted) {
    const Transfer& t = e.transfer;
    if (t.kind != OC_LOP_SETTLE || t.body_hash != hash) return refuse(OC_E_CONFLICT);
    r.status = OC_DUPLICATE;
    r.flags = t.flags & OC_LF_LATE;
    r.posted = t.amount + t.fee;
    r.released = t.released;
    r.shortfall = t.debt_part + t.absorbed_part;
    r.available = t.available;
    return r;
  }
  if (e.dead && e.tombstone.outcome == Outcome::kSettledZero) {
    if (e.tombstone.close_hash != hash) return refuse(OC_E_CONFLICT);
    r.status = OC_DUPLICATE;
    r.released = e.tombstone.released;
    r.available = e.tombstone.available;
    return r;
  }
  const bool late = !e.open;
  if (late && op.account == 0) return refuse(OC_E_INVALID);
  if (e.open && ((op.account != 0 && op.account != e.hold.account) || (op.key_id != 0 && op.key_id != e.hold.key_id)))
    return refuse(OC_E_CONFLICT);

  const std::uint64_t owner = late ? op.account : e.hold.account;
  const std::uint64_t key_id = late ? op.key_id : e.hold.key_id;
  if (total == 0) {
    if (!late) {
      r.released = e.hold.amount;
      release(e);
      bury(e, Outcome::kSettledZero, hash, r.released);
    }
    r.status = late ? OC_LATE : OC_OK;
    r.flags = late ? OC_LF_LATE : 0;
    r.available = available(owner);
    return r;
  }
  const std::int64_t held = late ? 0 : e.hold.amount;
  const std::int64_t payable = std::min(total, held + spendable(owner));  // the hold, then the rest of the wallet
  const std::int64_t rest = total - payable;
  const bool absorb = op.overage == OC_OVERAGE_ABSORB;
  Transfer t;
  t.id = op.ref;
  t.kind = op.kind;
  t.flags = (op.flags & OC_LF_ESTIMATED) | (late ? OC_LF_LATE : 0);
  t.account = owner;
  t.counter = op.account2 != 0 ? op.account2 : op.node;
  t.key_id = key_id;
  t.project_id = op.project_id != 0 || late ? op.project_id : e.hold.project_id;
  t.node = op.node;
  t.amount = op.amount;
  t.fee = op.fee;
  t.wallet_part = payable;
  t.debt_part = absorb ? 0 : rest;
  t.absorbed_part = absorb ? rest : 0;
  t.released = held - std::min(held, total);
  t.ts_ms = now_ms_;
  t.body_hash = hash;
  t.hold_hash = e.open ? e.hold.body_hash : e.dead ? e.tombstone.hold_hash : 0;
  t.hold_available = e.open ? e.hold.available : e.dead ? e.tombstone.hold_available : 0;
  t.available = available(owner);
  if (!ledger_core::add(t.available, held - payable) || !ledger_core::add(t.available, -t.debt_part))
    return refuse(OC_E_INVALID);
  std::int64_t spent = key_id != 0 ? keys_[key_id].row.spent : 0;
  if (!ledger_core::add(spent, total) || !post(t)) return refuse(OC_E_INVALID);
  if (!late) release(e);
  if (key_id != 0) key(key_id).spent = spent;
  e.transfer = t;
  e.posted = true;
  r.status = late ? OC_LATE : OC_OK;
  r.flags = t.flags & OC_LF_LATE;
  r.posted = total;
  r.released = t.released;
  r.shortfall = rest;
  r.available = t.available;
  return r;
}

inline oc_ledger_result Batch::void_hold(const oc_ledger_op& op) {
  if (op.amount != 0 || op.fee != 0) return refuse(OC_E_INVALID);
  Entry& e = entry(op.ref);
  const std::uint64_t hash = body_hash(op);
  oc_ledger_result r{};
  if (e.open) {
    if (op.account != 0 && op.account != e.hold.account) return refuse(OC_E_CONFLICT);
    r.released = e.hold.amount;
    release(e);
    bury(e, Outcome::kVoided, hash, r.released);
    r.available = e.tombstone.available;
    return r;
  }
  if (e.dead && e.tombstone.outcome == Outcome::kVoided) {
    if (e.tombstone.close_hash != hash) return refuse(OC_E_CONFLICT);
    r.status = OC_DUPLICATE;
    r.released = e.tombstone.released;
    r.available = e.tombstone.available;
    return r;
  }
  if (e.posted || (e.dead && e.tombstone.outcome == Outcome::kSettledZero)) return refuse(OC_E_CONFLICT);
  if (!e.dead) return refuse(OC_E_NOT_FOUND);
  r.status = OC_LATE;
  r.flags = OC_LF_LATE;
  r.available = e.tombstone.available;
  return r;
}

inline oc_ledger_result Batch::sweep(const oc_ledger_op& op) {
  if (op.amount < 0) return refuse(OC_E_INVALID);
  oc_ledger_result r{};
  for (Entry* e : order_) {
    if (!e->open) continue;
    if (!ledger_core::add(r.released, e->hold.amount)) r.released = std::numeric_limits<std::int64_t>::max();
    release(*e);
    bury(*e, Outcome::kSwept, 0, e->hold.amount);
    ++r.available;
  }
  return r;
}

inline oc_ledger_result Batch::bump_epoch(const oc_ledger_op& op) {
  if (op.node == 0) return refuse(OC_E_INVALID);
  Slot<Node>& slot = nodes_[op.node];
  oc_ledger_result r{};
  if (!is_zero(op.id) && same_id(op.id, slot.row.epoch_op)) {
    r.status = OC_DUPLICATE;
  } else {
    ++slot.row.epoch;
    slot.row.epoch_op = op.id;
    slot.dirty = true;
  }
  r.available = std::int64_t(slot.row.epoch);
  return r;
}

inline oc_ledger_result Batch::set_limit(const oc_ledger_op& op) {
  if (op.key_id == 0) return refuse(OC_E_INVALID);
  const std::int64_t limit = std::max<std::int64_t>(op.amount, -1);
  KeySpend& k = keys_[op.key_id].row;
  if (!is_zero(op.id) && same_id(op.id, k.limit_op)) return refuse(k.limit == limit ? OC_DUPLICATE : OC_E_CONFLICT);
  key(op.key_id).limit = limit;
  k.limit_op = op.id;
  return refuse(OC_OK);
}

// ---- what to write

inline Writes Batch::writes() {
  Writes w;
  for (const auto& [k, slot] : accounts_)
    if (slot.dirty) w.accounts.push_back(slot.row);
  for (const auto& [k, slot] : keys_)
    if (slot.dirty) w.keys.push_back(slot.row);
  for (const auto& [k, slot] : nodes_)
    if (slot.dirty) w.nodes.push_back(slot.row);
  for (const Entry* e : order_) {
    if (e->open && !e->stored) w.holds_opened.push_back(e->hold);
    if (!e->open && e->stored) w.holds_ended.push_back(e->hold.id);
  }
  w.tombstones = std::move(tombstones_);
  w.transfers = std::move(transfers_);
  return w;
}

}  // namespace onechat::ledger_core
