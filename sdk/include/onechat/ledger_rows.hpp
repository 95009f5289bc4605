// What a ledger keeps: the rows that ledger_core reads and writes, and the accounts a transfer touches.
//
// A backend stores these rows as they are and decides nothing. Amounts are int64 nano-USD. Plain values; C++17, nothing
// but the standard library and onechat/ledger.h.
#pragma once
#include <onechat/ledger.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace onechat::ledger_core {

inline bool same_id(const oc_id128& a, const oc_id128& b) noexcept { return a.hi == b.hi && a.lo == b.lo; }
inline bool is_zero(const oc_id128& id) noexcept { return id.hi == 0 && id.lo == 0; }

// The chart of accounts. A wallet is guarded: credits - debits - pending never goes below zero.
enum Code : std::uint32_t {
  kPspClearing = 1000,      // owner: the counter account of the deposit (0: the default one)
  kReceivable = 1100,       // owner: the wallet's number; what its owner owes us
  kWallet = 2000,           // owner: the account number of the operations
  kProviderPayable = 2100,  // owner: the counter account of the settle (0: its node)
  kRevenueMarkup = 4000,    // owner: the node that settled, so that nodes do not contend for one row
  kAbsorbedOverage = 5200   // owner: the node that settled; usage that we paid ourselves
};

struct AccountKey {
  std::uint32_t code = 0;
  std::uint64_t owner = 0;
  friend bool operator==(const AccountKey& a, const AccountKey& b) { return a.code == b.code && a.owner == b.owner; }
};

// Balances are a cache: debits and credits equal the fold of all transfers, pending the sum of the open holds.
struct Account {
  AccountKey key;
  std::int64_t debits = 0, credits = 0, pending = 0;
};

struct Hold {  // open; it is deleted when it ends
  oc_id128 id{};
  std::uint64_t account = 0, key_id = 0, project_id = 0, node = 0, epoch = 0;
  std::int64_t amount = 0, created_ms = 0, expires_ms = 0;
  std::int64_t available = 0;  // what its RESERVE answered
  std::uint64_t body_hash = 0;
};

enum class Outcome : std::uint32_t { kVoided = 1, kSwept = 2, kSettledZero = 3 };

// Remains of a hold that ended without a transfer. Written once.
struct Tombstone {
  oc_id128 id{};
  Outcome outcome = Outcome::kVoided;
  std::uint64_t hold_hash = 0, close_hash = 0;
  std::int64_t hold_available = 0, released = 0, available = 0, ts_ms = 0;
};

// One posting with all its legs. Written once, never changed. For a deposit `id` is the op's; for a settle it is the
// hold's, so that a hold cannot be charged twice whatever ids the ops carry.
struct Transfer {
  oc_id128 id{};
  std::uint32_t kind = 0, flags = 0;  // OC_LOP_DEPOSIT or OC_LOP_SETTLE; OC_LF_*
  std::uint64_t account = 0, counter = 0, key_id = 0, project_id = 0, node = 0;
  std::int64_t amount = 0, fee = 0;                                // deposit: paid, 0; settle: provider cost, markup
  std::int64_t wallet_part = 0, debt_part = 0, absorbed_part = 0;  // their sum is amount + fee
  std::int64_t released = 0, available = 0, ts_ms = 0;
  std::uint64_t body_hash = 0;
  std::uint64_t hold_hash = 0;      // settle: body of the RESERVE it ended; 0: unknown
  std::int64_t hold_available = 0;  // settle: what that RESERVE answered
};

struct KeySpend {  // lifetime spend of an API key
  std::uint64_t key_id = 0;
  std::int64_t limit = -1, spent = 0, held = 0;  // limit < 0: none
  oc_id128 limit_op{};
};

struct Node {
  std::uint64_t id = 0, epoch = 0;
  oc_id128 epoch_op{};
};

// Calls leg(AccountKey, debit, credit) for each side of the posting that is not zero. Debits equal credits.
template <class Leg>
void for_each_leg(const Transfer& t, Leg&& leg) {
  const bool deposit = t.kind == OC_LOP_DEPOSIT;
  const auto put = [&](std::uint32_t code, std::uint64_t owner, std::int64_t amount, bool debit) {
    if (amount != 0) leg(AccountKey{code, owner}, debit ? amount : 0, debit ? 0 : amount);
  };
  if (deposit) put(kPspClearing, t.counter, t.amount, true);
  put(kWallet, t.account, t.wallet_part, !deposit);
  put(kReceivable, t.account, t.debt_part, !deposit);
  if (deposit) return;
  put(kAbsorbedOverage, t.node, t.absorbed_part, true);
  put(kProviderPayable, t.counter, t.amount, false);
  put(kRevenueMarkup, t.node, t.fee, false);
}

// What a batch changes. Accounts, keys and nodes are whole rows to insert or replace; the others are new or gone.
struct Writes {
  std::vector<Account> accounts;
  std::vector<KeySpend> keys;
  std::vector<Node> nodes;
  std::vector<Hold> holds_opened;
  std::vector<oc_id128> holds_ended;
  std::vector<Tombstone> tombstones;
  std::vector<Transfer> transfers;  // in the order they were posted
};

struct SweepQuery {  // open holds: (node == this and epoch < this) or expires_ms <= now_ms; at most holds_max of them
  std::uint64_t node = 0, epoch = 0;
  std::int64_t now_ms = 0;
  std::uint32_t holds_max = 0;
};

inline std::uint64_t mix(std::uint64_t h, std::uint64_t v) noexcept {
  h = (h ^ v) + 0x9e3779b97f4a7c15ull;
  h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9ull;
  h = (h ^ (h >> 27)) * 0x94d049bb133111ebull;
  return h ^ (h >> 31);
}

// Fingerprint of what an op asks for; stored, so it may never change. Left out: ids (they are the key), node and epoch
// (a restarted node repeats the same fact). Never 0.
inline std::uint64_t body_hash(const oc_ledger_op& op) noexcept {
  std::uint64_t h = op.kind;
  for (const std::uint64_t v :
       {op.account, op.account2, op.key_id, op.project_id, static_cast<std::uint64_t>(op.amount),
        static_cast<std::uint64_t>(op.fee), std::uint64_t(op.flags & OC_LF_ESTIMATED), std::uint64_t(op.ttl_ms),
        std::uint64_t(op.overage), std::uint64_t(op.code)})
    h = mix(h, v);
  return h | 1;
}

struct IdHash {
  std::size_t operator()(const oc_id128& id) const noexcept { return std::size_t(mix(id.hi, id.lo)); }
};
struct IdEqual {
  bool operator()(const oc_id128& a, const oc_id128& b) const noexcept { return same_id(a, b); }
};
struct AccountHash {
  std::size_t operator()(const AccountKey& k) const noexcept { return std::size_t(mix(k.code, k.owner)); }
};

}  // namespace onechat::ledger_core
