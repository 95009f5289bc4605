// Recomputes a ledger's invariants from its rows, as they stream by.
//
// Use: one Verifier for a consistent snapshot; add() every row, finish() once. Accounts, grants, nodes, budgets, windows,
// holds and refund caps come first; then tombstones, links and transfers, transfers in their order and each link before
// the first of its transfers. Memory is bounded by the first group and the links that came too early, never by the
// transfers. Two things need an index and are the caller's: that no two transfers have one id (duplicate() names them),
// and the health of the storage itself (report it as "file"). Not thread-safe; C++17, standard library only.
//
//   I1 debits = credits            I2 balances = fold of transfers         I3 guarded accounts, debts, grants
//   I4 pending = fold of holds     I5 a hold ends once                     I6 no transfer is missing
//   I7 each op has a fingerprint   I8 usage is posted in full              I9 a lease settles no more than it was granted
//   I10 windows = fold             I11 refunds <= what was paid            I12 no amount is negative
//   I13 the chain of each node
#pragma once
#include <onechat/ledger_codec.hpp>

#include <algorithm>
#include <deque>
#include <functional>
#include <unordered_map>

namespace onechat::ledger_core {

class Verifier {
 public:
  // "I2", "account 7: ...". At most kBreachesMax times.
  using Report = std::function<void(const std::string& invariant, const std::string& detail)>;
  using Sha256 = std::function<std::array<std::uint8_t, 32>(const std::uint8_t*, std::size_t)>;
  static constexpr std::uint64_t kBreachesMax = 1000;
  static constexpr std::uint64_t kLinkTransfersMax = 1'000'000;

  struct Options {
    bool dense = true;               // numbers of transfers have no gaps
    bool chained = true;             // the backend keeps links
    std::uint64_t chained_from = 1;  // transfers before it were posted before there was a chain
  };

  Verifier(Report report, Sha256 sha256, Options options)
      : report_(std::move(report)), sha256_(std::move(sha256)), options_(options) {}

  void add(const Account& row);
  void add(const Grant& row);
  void add(const Node&) {}
  void add(const Budget& row);
  void add(const Window& row);
  void add(const Hold& row);
  void add(const Tombstone& row);
  void add(const RefundCap& row);
  void add(const Link& row);
  void add(std::uint64_t seq, const Transfer& row);
  void duplicate(const oc_id128& id) { breach("I5", "transfer " + name(id) + ": posted more than once"); }
  void file(const std::string& detail) { breach("file", detail); }

  std::uint64_t finish();  // how many transfers there were

  static std::string name(const oc_id128& id);  // 32 hexadecimal digits

 private:
  __extension__ typedef __int128 Wide;  // sums that cannot overflow
  struct Balance {
    Account row;
    Wide debits = 0, credits = 0, pending = 0;
    bool stored = false;
  };
  struct GrantFold {
    Grant row;
    std::uint32_t expiries = 0;
    bool made = false;
  };
  struct WindowFold {
    Window row;
    Wide spent = 0, held = 0;
  };
  struct HoldFold {
    Hold row;
    Wide settled = 0;
  };
  struct RefundFold {
    RefundCap row;
    Wide paid = 0, paid_fee = 0, refunded = 0, refunded_fee = 0;
    bool stored = false, found = false;
  };
  struct Chain {
    std::uint64_t n = 0;
    std::array<std::uint8_t, 32> hash{};
  };
  template <class Value>
  using ById = std::unordered_map<oc_id128, Value, IdHash, IdEqual>;

  static std::string who(const Transfer& t) { return "transfer " + name(t.id) + ": "; }
  static std::string who(const Hold& h) { return "hold " + name(h.id) + ": "; }
  static std::string who(const Tombstone& t) { return "hold " + name(t.id) + ": "; }
  static std::string who(const Account& a);
  static std::string who(const Grant& g) { return "grant " + std::to_string(g.number) + ": "; }
  static std::string who(const Window& w);
  static std::string who(const Link& l) {
    return "node " + std::to_string(l.node) + ": link " + std::to_string(l.n) + " ";
  }
  static std::string text(Wide v);
  static Wide paid(const Transfer& t) { return Wide(t.wallet_part) + t.debt_part + sum(t.grants); }

  void breach(const char* invariant, const std::string& detail) {
    if (++breaches_ <= kBreachesMax) report_(invariant, detail);
  }
  template <class Row>  // names the row only if it has to
  void expect(bool holds, const char* invariant, const Row& row, const char* what) {
    if (!holds) breach(invariant, who(row) + what);
  }
  Balance& balance(const AccountKey& key) {
    Balance& b = balances_[key];
    b.row.key = key;
    return b;
  }
  void amounts(const Transfer& t);
  void legs(const Transfer& t);
  void count_spent(const Transfer& t);
  void count_refund(const Transfer& t);
  void count_grant(const Transfer& t);
  void chain(std::uint64_t seq, const Transfer& t);
  void close_link(const Link& link);
  void check_balances();
  void check_guards(const Account& row);
  void check_grants();
  void check_windows();
  void check_refunds();
  template <class Fn>
  void for_each_window(const Scopes& scopes, std::int64_t at_ms, Fn&& fn);

  Report report_;
  Sha256 sha256_;
  Options options_;
  std::uint64_t transfers_ = 0, last_seq_ = 0, breaches_ = 0;
  std::unordered_map<AccountKey, Balance, AccountHash> balances_;
  std::unordered_map<std::uint64_t, GrantFold> grants_;  // by number
  std::unordered_map<BudgetKey, std::vector<Budget>, BudgetHash> budgets_;
  std::unordered_map<BudgetKey, std::vector<WindowFold>, BudgetHash> windows_;
  ById<HoldFold> holds_;
  ById<RefundFold> refunds_;
  std::vector<Hold> uncounted_;  // their windows may come after them
  std::deque<Link> links_;
  std::unordered_map<std::uint64_t, Chain> chains_;  // by node
  Bytes hashed_;                                     // of the transfers of the link that is read
  std::uint64_t hashed_transfers_ = 0;
};

// ---- rows

inline void Verifier::add(const Account& row) {
  Balance& b = balance(row.key);
  b.row = row;
  b.stored = true;
}

inline void Verifier::add(const Grant& row) { grants_[row.number].row = row; }

inline void Verifier::add(const Budget& row) { budgets_[row.key].push_back(row); }

inline void Verifier::add(const Window& row) { windows_[row.key.budget].push_back({row}); }

inline void Verifier::add(const RefundCap& row) {
  RefundFold& fold = refunds_[row.transfer];
  fold.row = row;
  fold.stored = true;
}

inline void Verifier::add(const Hold& row) {
  expect(row.amount >= 0 && row.settled >= 0 && row.progress >= 0 && row.progress_fee >= 0, "I12", row,
         "an amount is negative");
  expect(row.settled <= row.amount, "I9", row, "settled more than it was granted");
  expect(row.kind == OC_LOP_LEASE || row.settled == 0, "I9", row, "is no lease, but has settled");
  expect(sum(row.grants) <= row.amount, "I4", row, "its grants' parts exceed it");
  std::int64_t settled = row.settled;  // out of grants first, in their order
  Wide paid = row.open_amount();
  for (const GrantPart& part : row.grants) {
    expect(part.amount >= 0, "I12", row, "an amount is negative");
    const std::int64_t open = part.amount - std::min(settled, part.amount);
    settled -= part.amount - open;
    paid -= open;
    if (open != 0) balance({kGrant, part.number}).pending += open;
  }
  balance({kWallet, row.scopes.account}).pending += paid;
  expect(row.body_hash != 0, "I7", row, "has no fingerprint");
  if (!holds_.emplace(row.id, HoldFold{row}).second) breach("I5", who(row) + "is open twice");
  uncounted_.push_back(row);
}

inline void Verifier::add(const Tombstone& row) {
  expect(holds_.count(row.id) == 0, "I5", row, "is open and has ended");
  expect(row.released >= 0, "I12", row, "released a negative amount");
}

inline void Verifier::add(std::uint64_t seq, const Transfer& row) {
  ++transfers_;
  if (seq <= last_seq_)
    breach("I6", who(row) + "its number " + std::to_string(seq) + " comes after " + std::to_string(last_seq_));
  else if (options_.dense && seq != last_seq_ + 1)
    breach("I6", "transfers " + std::to_string(last_seq_ + 1) + " to " + std::to_string(seq - 1) + " are missing");
  last_seq_ = seq;
  amounts(row);
  legs(row);
  if (is_spending(row)) count_spent(row);
  count_grant(row);
  count_refund(row);
  if (const auto open = holds_.find(row.id); open != holds_.end() && row.kind == OC_LOP_SETTLE)
    breach("I5", "hold " + name(row.id) + ": is open and has ended");
  if (row.kind == OC_LOP_LEASE_SETTLE)
    if (const auto lease = holds_.find(row.ref); lease != holds_.end()) lease->second.settled += paid(row);
  if (options_.chained && seq >= options_.chained_from) chain(seq, row);
}

inline void Verifier::add(const Link& row) { links_.push_back(row); }

inline std::uint64_t Verifier::finish() {
  while (!links_.empty()) {
    close_link(links_.front());
    links_.pop_front();
  }
  for (const Hold& h : uncounted_)
    for_each_window(h.scopes, h.created_ms, [&](WindowFold& w) { w.held += h.open_amount(); });
  for (const auto& [id, fold] : holds_)
    if (fold.row.settled > fold.settled)
      breach("I9", "hold " + name(id) + ": settled " + text(fold.row.settled) + ", its transfers say " +
                       text(fold.settled));
  check_balances();
  check_grants();
  check_windows();
  check_refunds();
  return transfers_;
}

// ---- one transfer

inline void Verifier::amounts(const Transfer& t) {
  bool negative = t.amount < 0 || t.fee < 0 || t.wallet_part < 0 || t.debt_part < 0 || t.absorbed_part < 0;
  Wide parts = Wide(t.wallet_part) + t.debt_part + t.absorbed_part;
  for (const GrantPart& g : t.grants) {
    negative = negative || g.amount < 0;
    parts += g.amount;
  }
  const Wide total = Wide(t.amount) + t.fee;
  expect(!negative && total > 0, "I12", t, "an amount is negative, or all are zero");
  if (parts != total) breach("I8", who(t) + "posts " + text(parts) + " of " + text(total));
  const bool by_sweep = t.kind == OC_LOP_SWEEP || (t.flags & OC_LF_SWEPT) != 0;
  expect(t.body_hash != 0 || by_sweep, "I7", t,
         "has no fingerprint, so a retry could not be told from a conflict");
  switch (t.kind) {
    case OC_LOP_DEPOSIT:
    case OC_LOP_TRANSFER:
    case OC_LOP_SETTLE:
    case OC_LOP_REFUND:
    case OC_LOP_LEASE_SETTLE:
    case OC_LOP_SWEEP:
    case OC_LOP_WITHDRAW:
    case OC_LOP_GRANT: break;
    default: breach("I1", who(t) + "unknown kind " + std::to_string(t.kind));
  }
}

inline void Verifier::legs(const Transfer& t) {
  Wide debits = 0, credits = 0;
  for_each_leg(t, [&](const AccountKey& k, std::int64_t debit, std::int64_t credit) {
    Balance& b = balance(k);
    b.debits += debit;
    b.credits += credit;
    debits += debit;
    credits += credit;
  });
  if (debits != credits) breach("I1", who(t) + "debits " + text(debits) + ", credits " + text(credits));
}

template <class Fn>
void Verifier::for_each_window(const Scopes& scopes, std::int64_t at_ms, Fn&& fn) {
  if (windows_.empty()) return;
  for_each_scope(scopes, [&](const BudgetKey& key) {
    const auto found = windows_.find(key);
    if (found == windows_.end()) return;
    for (WindowFold& w : found->second)
      if (w.row.key.begin_ms <= at_ms && at_ms < w.row.end_ms) fn(w);
  });
}

inline void Verifier::count_spent(const Transfer& t) {
  for_each_window(t.scopes, t.reserved_ms, [&](WindowFold& w) { w.spent += Wide(t.amount) + t.fee; });
}

inline void Verifier::count_grant(const Transfer& t) {
  if (t.kind != OC_LOP_GRANT && t.kind != OC_LOP_SWEEP) return;
  for (const GrantPart& part : t.grants) {
    if (part.number == 0) continue;
    GrantFold& fold = grants_[part.number];
    if (t.kind == OC_LOP_GRANT)
      fold.made = true;
    else
      ++fold.expiries;
  }
}

// A transfer comes before its refunds, so what was paid is known when they are added up.
inline void Verifier::count_refund(const Transfer& t) {
  if (const auto original = refunds_.find(t.id); original != refunds_.end()) {
    original->second.found = true;
    original->second.paid = paid(t);
    original->second.paid_fee = t.fee;
  }
  if (t.kind != OC_LOP_REFUND) return;
  RefundFold& fold = refunds_[t.ref];
  fold.refunded += Wide(t.amount) + t.fee;
  fold.refunded_fee += t.fee;
}

// ---- the chain

inline void Verifier::chain(std::uint64_t seq, const Transfer& t) {
  while (!links_.empty() && links_.front().last_seq < seq) {
    close_link(links_.front());
    links_.pop_front();
  }
  if (links_.empty() || seq < links_.front().first_seq) {
    breach("I13", who(t) + "is in no node's chain");
    return;
  }
  if (hashed_transfers_++ < kLinkTransfersMax) encode(t, hashed_);
}

inline void Verifier::close_link(const Link& link) {
  Chain& chain = chains_[link.node];
  if (link.n != chain.n + 1)
    breach("I13", who(link) + "follows link " + std::to_string(chain.n));
  const std::uint64_t expected = link.last_seq - link.first_seq + 1;
  if (link.last_seq < link.first_seq || (options_.dense && expected != hashed_transfers_)) {
    breach("I13", who(link) + "has " + std::to_string(hashed_transfers_) + " transfers, not those of " +
                      std::to_string(link.first_seq) + " to " + std::to_string(link.last_seq));
  } else {
    Bytes all(chain.hash.begin(), chain.hash.end());
    all.insert(all.end(), hashed_.begin(), hashed_.end());
    expect(sha256_(all.data(), all.size()) == link.hash, "I13", link, "does not match its transfers");
  }
  chain.n = link.n;
  chain.hash = link.hash;
  hashed_.clear();
  hashed_transfers_ = 0;
}

// ---- at the end

inline void Verifier::check_balances() {
  Wide debits = 0, credits = 0;
  for (const auto& [key, b] : balances_) {
    if (!b.stored) {
      if (b.debits != 0 || b.credits != 0 || b.pending != 0)
        breach(b.pending != 0 ? "I4" : "I2", who(b.row) + "has no balance, though transfers or holds name it");
      continue;
    }
    debits += b.row.debits;
    credits += b.row.credits;
    if (b.row.debits != b.debits)
      breach("I2", who(b.row) + "debits " + text(b.row.debits) + ", its transfers say " + text(b.debits));
    if (b.row.credits != b.credits)
      breach("I2", who(b.row) + "credits " + text(b.row.credits) + ", its transfers say " + text(b.credits));
    if (b.row.pending != b.pending)
      breach("I4", who(b.row) + "pending " + text(b.row.pending) + ", its open holds say " + text(b.pending));
    check_guards(b.row);
  }
  if (debits != credits) breach("I1", "all balances: debits " + text(debits) + ", credits " + text(credits));
}

inline void Verifier::check_guards(const Account& row) {
  const Wide free = Wide(row.credits) - row.debits - row.pending;
  if (row.key.code == kWallet && free + row.overdraft < 0)
    breach("I3", who(row) + "overdrawn by " + text(-free - row.overdraft));
  if (row.key.code == kGrant && free < 0) breach("I3", who(row) + "overdrawn by " + text(-free));
  if (row.key.code == kReceivable && row.credits > row.debits)
    breach("I3", who(row) + "more debt was paid than owed: " + text(Wide(row.credits) - row.debits));
  if (row.key.code == kGrant && grants_.count(row.key.owner) == 0) breach("I3", who(row) + "its grant is not known");
}

inline void Verifier::check_grants() {
  for (const auto& [number, g] : grants_) {
    if (g.row.number == 0) {
      breach("I3", "grant " + std::to_string(number) + ": has no row, though transfers name it");
      continue;
    }
    expect(g.made, "I3", g.row, "no transfer made it");
    expect(grant_number(g.row.id) == number, "I3", g.row, "its number is not that of its id");
    if (g.row.expiries != g.expiries)
      breach("I3", who(g.row) + "expired " + std::to_string(g.row.expiries) + " times, its transfers say " +
                       std::to_string(g.expiries));
    const auto b = balances_.find({kGrant, number});
    const bool empty = b == balances_.end() ||
                       (b->second.row.credits == b->second.row.debits && b->second.row.pending == 0);
    expect(g.row.open || empty, "I3", g.row, "is closed, but not empty");
  }
}

inline void Verifier::check_windows() {
  for (auto& [key, windows] : windows_) {
    std::sort(windows.begin(), windows.end(), [](const WindowFold& a, const WindowFold& b) {
      return a.row.key.period != b.row.key.period ? a.row.key.period < b.row.key.period
                                                  : a.row.key.begin_ms < b.row.key.begin_ms;
    });
    const auto budgets = budgets_.find(key);
    for (std::size_t i = 0; i < windows.size(); ++i) {
      const WindowFold& w = windows[i];
      const auto is_of = [&](const Budget& b) { return b.period == w.row.key.period; };
      expect(budgets != budgets_.end() && std::any_of(budgets->second.begin(), budgets->second.end(), is_of), "I10",
             w.row, "has no budget");
      const bool after = i == 0 || windows[i - 1].row.key.period != w.row.key.period ||
                         windows[i - 1].row.end_ms <= w.row.key.begin_ms;
      expect(after && w.row.key.begin_ms < w.row.end_ms, "I10", w.row, "overlaps another, or is empty");
      if (w.row.spent != w.spent)
        breach("I10", who(w.row) + "spent " + text(w.row.spent) + ", its transfers say " + text(w.spent));
      if (w.row.held != w.held)
        breach("I10", who(w.row) + "held " + text(w.row.held) + ", its open holds say " + text(w.held));
    }
  }
}

inline void Verifier::check_refunds() {
  for (const auto& [id, r] : refunds_) {
    const std::string who = "transfer " + name(id) + ": ";
    if (!r.stored) {
      breach("I11", who + "was refunded, but no cap says so");
      continue;
    }
    if (!r.found) breach("I11", who + "was refunded, but does not exist");
    if (r.row.refunded != r.refunded || r.row.refunded_fee != r.refunded_fee)
      breach("I11", who + "refunded " + text(r.row.refunded) + ", its refunds say " + text(r.refunded));
    if (r.found && (r.refunded > r.paid || r.refunded_fee > r.paid_fee))
      breach("I11", who + "refunded " + text(r.refunded) + " of " + text(r.paid));
  }
}

// ---- words

inline std::string Verifier::text(Wide v) {
  if (v == 0) return "0";
  const bool negative = v < 0;
  std::string out;
  for (; v != 0; v /= 10) out.insert(out.begin(), char('0' + int(negative ? -(v % 10) : v % 10)));
  return negative ? "-" + out : out;
}

inline std::string Verifier::who(const Account& a) {
  const AccountKey& k = a.key;
  if (k.code == kWallet) return "account " + std::to_string(k.owner) + ": ";
  return "account " + std::to_string(k.code) + ":" + std::to_string(k.owner) + ": ";
}

inline std::string Verifier::who(const Window& w) {
  const WindowKey& k = w.key;
  return "budget " + std::to_string(k.budget.account) + "/" + std::to_string(k.budget.scope) + ":" +
         std::to_string(k.budget.scope_id) + " period " + std::to_string(k.period) + " from " +
         std::to_string(k.begin_ms) + ": ";
}

inline std::string Verifier::name(const oc_id128& id) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const std::uint64_t half : {id.hi, id.lo})
    for (int shift = 60; shift >= 0; shift -= 4) out += kDigits[half >> shift & 15];
  return out;
}

}  // namespace onechat::ledger_core
