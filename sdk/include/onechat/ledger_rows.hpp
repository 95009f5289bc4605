// What a ledger keeps: the rows that ledger_core reads and writes, and the accounts a transfer touches.
//
// A backend stores these rows as they are and decides nothing. Amounts are int64 nano-USD. Plain values; C++17, nothing
// but the standard library and onechat/ledger.h.
#pragma once
#include <onechat/ledger.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace onechat::ledger_core {

inline bool same_id(const oc_id128& a, const oc_id128& b) noexcept { return a.hi == b.hi && a.lo == b.lo; }
inline bool is_zero(const oc_id128& id) noexcept { return id.hi == 0 && id.lo == 0; }

// The chart of accounts. Wallets and grants are guarded: credits - debits - pending + overdraft never goes below zero.
enum Code : std::uint32_t {
  kPspClearing = 1000,      // owner: the counter account of the op (0: the default one); returns to zero
  kReceivable = 1100,       // owner: the wallet's number; what its owner owes us
  kWallet = 2000,           // owner: the account number of the operations; paid money
  kGrant = 2010,            // owner: the grant's number; promotional money of one wallet
  kProviderPayable = 2100,  // owner: the counter account of the settle (0: its node)
  kRevenueMarkup = 4000,    // owner: the node that settled, so that nodes do not contend for one row
  kBreakage = 4100,         // owner: 0; grants that ended unspent
  kPromoExpense = 5000,     // owner: 0
  kAbsorbedOverage = 5200   // owner: the node that settled; usage, and refunds of it, that we paid ourselves
};

struct AccountKey {
  std::uint32_t code = 0;
  std::uint64_t owner = 0;
  friend bool operator==(const AccountKey& a, const AccountKey& b) { return a.code == b.code && a.owner == b.owner; }
};

// Balances are a cache: debits and credits equal the fold of all transfers, pending the sum of the open holds' parts.
struct Account {
  AccountKey key;
  std::int64_t debits = 0, credits = 0, pending = 0;
  std::int64_t overdraft = 0, debt_limit = 0;  // wallets; set by TERMS
  std::uint32_t flags = 0;                     // wallets: OC_TERMS_*
  oc_id128 terms_op{};
};

// Promotional money of a wallet. Its balance is the account (kGrant, number).
struct Grant {
  oc_id128 id{};             // of the GRANT
  std::uint64_t number = 0;  // mix of the id
  std::uint64_t wallet = 0;
  std::uint32_t priority = 0;
  std::int64_t created_ms = 0, expires_ms = 0;  // expires_ms 0: never
  std::uint32_t expiries = 0;                   // how often SWEEP took what was free in it
  bool open = true;                             // false: nothing left and nothing held
};

inline constexpr std::size_t kGrantsPerHold = 3;
struct GrantPart {
  std::uint64_t number = 0;
  std::int64_t amount = 0;
};
using GrantParts = std::array<GrantPart, kGrantsPerHold>;  // in draw order; number 0: unused
inline std::int64_t sum(const GrantParts& parts) noexcept {
  std::int64_t all = 0;
  for (const GrantPart& p : parts) all += p.amount;
  return all;
}

struct Scopes {  // what budgets may count a request under; 0: none
  std::uint64_t account = 0, project_id = 0, key_id = 0, user_id = 0;
  std::uint32_t group_id = 0;
};

struct Hold {  // open, of a request (kind OC_LOP_RESERVE) or a lease (OC_LOP_LEASE); it is deleted when it ends
  oc_id128 id{};
  std::uint32_t kind = OC_LOP_RESERVE;
  Scopes scopes;
  std::uint64_t node = 0, epoch = 0;
  std::int64_t amount = 0;   // grows with EXTEND and LEASE_RENEW
  GrantParts grants{};       // how much of it is promotional money; the rest is paid money
  // Leases: what LEASE_SETTLEs took so far, grants first. A LEASE_RENEW that draws on grants counts anew: amount and
  // grants are then what was left and what it added.
  std::int64_t settled = 0;
  std::int64_t progress = 0, progress_fee = 0;  // observed cost so far, and the markup on it
  std::int64_t created_ms = 0, expires_ms = 0, drain_ms = 0;
  std::int64_t available = 0;  // what its RESERVE or LEASE answered
  std::uint64_t body_hash = 0;
  oc_id128 last_op{};          // the last EXTEND or LEASE_RENEW, with what it answered
  std::uint64_t last_hash = 0;
  std::int64_t last_available = 0;
  std::int64_t open_amount() const noexcept { return amount - settled; }
};

enum class Outcome : std::uint32_t { kVoided = 1, kSwept = 2, kSettledZero = 3, kLeaseClosed = 4, kLeaseSwept = 5 };

// Remains of a hold that ended without a transfer of its own, or of a lease. Written once.
struct Tombstone {
  oc_id128 id{};
  Outcome outcome = Outcome::kVoided;
  std::uint64_t account = 0;
  std::uint64_t hold_hash = 0, close_hash = 0;
  std::int64_t hold_available = 0, released = 0, available = 0, ts_ms = 0;
};

// One posting with all its legs. Written once, never changed. For SETTLE `id` is the hold's, so that a hold cannot be
// charged twice whatever ids the ops carry; for LEASE_SETTLE the request's; for the others the op's.
struct Transfer {
  oc_id128 id{};
  oc_id128 ref{};                     // LEASE_SETTLE: the lease; REFUND: what is refunded; expiry: the grant
  std::uint32_t kind = 0, flags = 0;  // OC_LOP_*; OC_LF_*
  std::uint32_t code = 0;
  Scopes scopes;
  std::uint64_t counter = 0, node = 0;
  std::int64_t amount = 0, fee = 0;  // settles and refunds: provider's part, markup; else the amount, 0
  std::int64_t wallet_part = 0, debt_part = 0, absorbed_part = 0;  // with the grants' parts they sum up to amount + fee
  GrantParts grants{};
  std::int64_t released = 0, available = 0;
  std::int64_t ts_ms = 0, reserved_ms = 0;  // reserved_ms: when its hold was made; it says which windows it belongs to
  std::uint64_t body_hash = 0;
  std::uint64_t hold_hash = 0;      // SETTLE: body of the RESERVE it ended; 0: unknown
  std::int64_t hold_available = 0;  // SETTLE: what that RESERVE answered
};

// True for what counts as spent: against budgets, and in a balance.
inline bool is_spending(const Transfer& t) noexcept {
  return t.kind == OC_LOP_SETTLE || t.kind == OC_LOP_LEASE_SETTLE;
}

struct RefundCap {  // what was given back of one transfer so far
  oc_id128 transfer{};
  std::int64_t refunded = 0, refunded_fee = 0;
};

struct BudgetKey {
  std::uint64_t account = 0;
  std::uint32_t scope = 0;  // OC_SCOPE_*
  std::uint64_t scope_id = 0;
  friend bool operator==(const BudgetKey& a, const BudgetKey& b) {
    return a.account == b.account && a.scope == b.scope && a.scope_id == b.scope_id;
  }
};

struct Budget {  // one for each key and period
  BudgetKey key;
  std::uint32_t period = 0, action = 0;  // OC_WINDOW_*, OC_BUDGET_*
  std::int64_t limit = 0;
  std::string time_zone;
};

struct WindowKey {
  BudgetKey budget;
  std::uint32_t period = 0;
  std::int64_t begin_ms = 0;
  friend bool operator==(const WindowKey& a, const WindowKey& b) {
    return a.budget == b.budget && a.period == b.period && a.begin_ms == b.begin_ms;
  }
};

// A window of a budget. A new window is a new row: nothing is ever reset. spent: sum of the spending transfers of the
// scope whose reserved_ms lies in the window; held: of the open holds (leases: granted less settled) created in it.
struct Window {
  WindowKey key;
  std::int64_t end_ms = 0;
  std::int64_t spent = 0, held = 0;
};

struct Node {
  std::uint64_t id = 0, epoch = 0;
  std::int64_t heartbeat_ms = 0;
  oc_id128 epoch_op{};
};

// One link of a node's chain of postings: hash = SHA-256(previous hash, encoded transfers first_seq..last_seq).
struct Link {
  std::uint64_t node = 0, n = 0;
  std::uint64_t first_seq = 0, last_seq = 0;
  std::int64_t ts_ms = 0;
  std::array<std::uint8_t, 32> hash{};
};

// Calls fn(BudgetKey) for each scope that the request has.
template <class Fn>
void for_each_scope(const Scopes& s, Fn&& fn) {
  fn(BudgetKey{s.account, OC_SCOPE_ORG, s.account});
  if (s.project_id != 0) fn(BudgetKey{s.account, OC_SCOPE_PROJECT, s.project_id});
  if (s.key_id != 0) fn(BudgetKey{s.account, OC_SCOPE_KEY, s.key_id});
  if (s.user_id != 0) fn(BudgetKey{s.account, OC_SCOPE_USER, s.user_id});
  if (s.group_id != 0) fn(BudgetKey{s.account, OC_SCOPE_GROUP, s.group_id});
}
inline bool in_scope(const BudgetKey& b, const Scopes& s) noexcept {
  bool found = false;
  for_each_scope(s, [&](const BudgetKey& k) { found = found || k == b; });
  return found;
}

// Calls leg(AccountKey, debit, credit) for each side of the posting that is not zero. Debits equal credits.
//
//   DEPOSIT   clearing -> receivable (what is owed), wallet        WITHDRAW  wallet, receivable -> clearing
//   SETTLE, LEASE_SETTLE  grants, wallet, receivable, absorbed -> payable (amount), markup (fee)
//   REFUND    payable or absorbed (amount), markup (fee) -> receivable, wallet, grants
//   TRANSFER  wallet -> the other's receivable, wallet             GRANT     promo expense -> grant
//   expiry (OC_LOP_SWEEP)  grant -> breakage
template <class Leg>
void for_each_leg(const Transfer& t, Leg&& leg) {
  const auto put = [&](std::uint32_t code, std::uint64_t owner, std::int64_t amount, bool debit) {
    if (amount != 0) leg(AccountKey{code, owner}, debit ? amount : 0, debit ? 0 : amount);
  };
  const auto owner_side = [&](bool debit) {  // the wallet with all that belongs to it
    for (const GrantPart& g : t.grants) put(kGrant, g.number, g.amount, debit);
    put(kWallet, t.scopes.account, t.wallet_part, debit);
    put(kReceivable, t.scopes.account, t.debt_part, debit);
  };
  switch (t.kind) {
    case OC_LOP_DEPOSIT:
      put(kPspClearing, t.counter, t.amount, true);
      owner_side(false);
      break;
    case OC_LOP_WITHDRAW:
      owner_side(true);
      put(kPspClearing, t.counter, t.amount, false);
      break;
    case OC_LOP_TRANSFER:
      put(kWallet, t.scopes.account, t.amount, true);
      put(kWallet, t.counter, t.wallet_part, false);
      put(kReceivable, t.counter, t.debt_part, false);
      break;
    case OC_LOP_GRANT:
      put(kPromoExpense, 0, t.amount, true);
      owner_side(false);
      break;
    case OC_LOP_SWEEP:
      owner_side(true);
      put(kBreakage, 0, t.amount, false);
      break;
    case OC_LOP_REFUND:
      put(t.code == OC_REFUND_PROVIDER ? kProviderPayable : kAbsorbedOverage,
          t.code == OC_REFUND_PROVIDER ? t.counter : t.node, t.amount, true);
      put(kRevenueMarkup, t.node, t.fee, true);
      owner_side(false);
      break;
    default:  // SETTLE, LEASE_SETTLE
      owner_side(true);
      put(kAbsorbedOverage, t.node, t.absorbed_part, true);
      put(kProviderPayable, t.counter, t.amount, false);
      put(kRevenueMarkup, t.node, t.fee, false);
  }
}

// What a batch changes. Accounts, grants, nodes, windows, refunds and holds_changed are whole rows to insert or replace;
// the others are new or gone. Budgets are no batch's: a backend keeps them as put_budget says.
struct Writes {
  std::vector<Account> accounts;
  std::vector<Grant> grants;
  std::vector<Window> windows;
  std::vector<Node> nodes;
  std::vector<RefundCap> refunds;
  std::vector<Hold> holds_opened;
  std::vector<Hold> holds_changed;
  std::vector<oc_id128> holds_ended;
  std::vector<Tombstone> tombstones;
  std::vector<Transfer> transfers;  // in the order they were posted
};

// Open holds that nobody will end, at most holds_max of them, in the order of their ids (as unsigned numbers):
//   requests (not if leases_only): expires_ms <= now_ms, or epoch < their node's epoch, or their node's heartbeat_ms
//   lies in (0, dead_before_ms): a node that never sent one is not judged by it;
//   leases: expires_ms + drain_ms <= now_ms.
// And open grants with 0 < expires_ms <= now_ms, at most holds_max, in the order of their ids.
struct SweepQuery {
  std::int64_t now_ms = 0, dead_before_ms = 0;
  std::uint32_t holds_max = 0;
  bool leases_only = false;
};

inline std::uint64_t mix(std::uint64_t h, std::uint64_t v) noexcept {
  h = (h ^ v) + 0x9e3779b97f4a7c15ull;
  h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9ull;
  h = (h ^ (h >> 27)) * 0x94d049bb133111ebull;
  return h ^ (h >> 31);
}

inline std::uint64_t grant_number(const oc_id128& id) noexcept { return mix(mix(OC_LOP_GRANT, id.hi), id.lo) | 1; }

// Fingerprint of what an op asks for; stored, so it may never change. Left out: ids (they are the key), node and, but
// for a GRANT's end, epoch (a restarted node repeats the same fact). Never 0.
inline std::uint64_t body_hash(const oc_ledger_op& op) noexcept {
  std::uint64_t h = op.kind;
  for (const std::uint64_t v :
       {op.account, op.account2, op.key_id, op.project_id, static_cast<std::uint64_t>(op.amount),
        static_cast<std::uint64_t>(op.fee), std::uint64_t(op.flags & OC_LF_ESTIMATED), std::uint64_t(op.ttl_ms),
        std::uint64_t(op.overage), std::uint64_t(op.code)})
    h = mix(h, v);
  if (op.user_id != 0 || op.group_id != 0) h = mix(mix(h, op.user_id), op.group_id);
  if (op.kind == OC_LOP_GRANT) h = mix(h, op.epoch);
  const bool names_another = op.kind == OC_LOP_EXTEND || op.kind == OC_LOP_REFUND || op.kind == OC_LOP_LEASE_RENEW ||
                             op.kind == OC_LOP_LEASE_SETTLE;
  if (names_another) h = mix(mix(h, op.ref.hi), op.ref.lo);
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
struct BudgetHash {
  std::size_t operator()(const BudgetKey& k) const noexcept {
    return std::size_t(mix(mix(k.account, k.scope), k.scope_id));
  }
};
struct WindowHash {
  std::size_t operator()(const WindowKey& k) const noexcept {
    return std::size_t(mix(mix(BudgetHash()(k.budget), k.period), std::uint64_t(k.begin_ms)));
  }
};

}  // namespace onechat::ledger_core
