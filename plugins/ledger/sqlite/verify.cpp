#include "verify.hpp"

#include <onechat/ledger_rows.hpp>

#include <limits>
#include <unordered_map>

namespace onechat::ledger_sqlite {
namespace {

using ledger_core::AccountKey;
__extension__ typedef __int128 Wide;  // sums that cannot overflow

std::string text(Wide v) {
  if (v == 0) return "0";
  const bool negative = v < 0;
  std::string out;
  for (; v != 0; v /= 10) out.insert(out.begin(), char('0' + (negative ? -(v % 10) : v % 10)));
  return negative ? "-" + out : out;
}

std::string name(const AccountKey& k) {
  if (k.code == ledger_core::kWallet) return "account " + std::to_string(k.owner);
  return "account " + std::to_string(k.code) + ":" + std::to_string(k.owner);
}

std::string name(const oc_id128& id) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const std::uint64_t half : {id.hi, id.lo})
    for (int shift = 60; shift >= 0; shift -= 4) out += kDigits[half >> shift & 15];
  return out;
}

struct Sums {
  Wide debits = 0, credits = 0, pending = 0;
};
struct KeySums {
  Wide spent = 0, held = 0;
};

class Check {
 public:
  Check(Database& db, const Report& report) : db_(db), report_(report) {}

  std::uint64_t run() {
    file();
    transfers();
    holds();
    accounts();
    keys();
    totals();
    return n_;
  }

 private:
  void breach(const char* invariant, const std::string& detail) {
    if (++breaches_ <= kBreachesMax) report_(invariant, detail);
  }
  void file();
  void transfers();
  void transfer(const ledger_core::Transfer& t);
  void holds();
  void accounts();
  void keys();
  void totals();

  Database& db_;
  const Report& report_;
  std::uint64_t n_ = 0, breaches_ = 0;
  std::unordered_map<AccountKey, Sums, ledger_core::AccountHash> fold_;
  std::unordered_map<std::uint64_t, KeySums> keys_;
};

void Check::file() {
  Query q(db_.handle(), "PRAGMA quick_check(20)");
  while (q.next())
    if (q.text(0) != "ok") breach("file", q.text(0));
}

// I1, I8, I12 of one posting; its legs go into the fold.
void Check::transfer(const ledger_core::Transfer& t) {
  const std::string who = "transfer " + name(t.id) + ": ";
  if (t.amount < 0 || t.fee < 0 || t.wallet_part < 0 || t.debt_part < 0 || t.absorbed_part < 0 ||
      Wide(t.amount) + t.fee <= 0)
    breach("I12", who + "an amount is negative, or all are zero");
  if (Wide(t.wallet_part) + t.debt_part + t.absorbed_part != Wide(t.amount) + t.fee)
    breach("I8", who + "posts " + text(Wide(t.wallet_part) + t.debt_part + t.absorbed_part) + " of " +
                     text(Wide(t.amount) + t.fee));
  if (t.body_hash == 0) breach("I7", who + "has no fingerprint, so a retry could not be told from a conflict");
  Wide debits = 0, credits = 0;
  ledger_core::for_each_leg(t, [&](const AccountKey& k, std::int64_t debit, std::int64_t credit) {
    Sums& s = fold_[k];
    s.debits += debit;
    s.credits += credit;
    debits += debit;
    credits += credit;
  });
  if (debits != credits) breach("I1", who + "debits " + text(debits) + ", credits " + text(credits));
  if (t.kind == OC_LOP_SETTLE && t.key_id != 0) keys_[t.key_id].spent += Wide(t.amount) + t.fee;
}

void Check::transfers() {
  std::int64_t seq = 0;
  Query q(db_.handle(),
          "SELECT seq, id_hi, id_lo, kind, account, counter, key_id, node, amount, fee, wallet_part, debt_part,"
          " absorbed_part, body_hash FROM transfer ORDER BY seq");
  while (q.next()) {
    ledger_core::Transfer t;
    t.id = {q.word(1), q.word(2)};
    t.kind = static_cast<std::uint32_t>(q.column(3));
    t.account = q.word(4);
    t.counter = q.word(5);
    t.key_id = q.word(6);
    t.node = q.word(7);
    t.amount = q.column(8);
    t.fee = q.column(9);
    t.wallet_part = q.column(10);
    t.debt_part = q.column(11);
    t.absorbed_part = q.column(12);
    t.body_hash = q.word(13);
    if (q.column(0) != seq + 1)
      breach("I6", "transfers " + std::to_string(seq + 1) + " to " + std::to_string(q.column(0) - 1) + " are missing");
    seq = q.column(0);
    ++n_;
    transfer(t);
  }
  Query twice(db_.handle(), "SELECT id_hi, id_lo, count(*) FROM transfer GROUP BY 1, 2 HAVING count(*) > 1");
  while (twice.next())
    breach("I5", "transfer " + name(oc_id128{twice.word(0), twice.word(1)}) + ": posted " +
                     std::to_string(twice.column(2)) + " times");
}

void Check::holds() {
  Query q(db_.handle(),
          "SELECT id_hi, id_lo, account, key_id, amount,"
          " EXISTS (SELECT 1 FROM transfer t WHERE t.id_hi = h.id_hi AND t.id_lo = h.id_lo)"
          " OR EXISTS (SELECT 1 FROM tombstone d WHERE d.id_hi = h.id_hi AND d.id_lo = h.id_lo) FROM hold h");
  while (q.next()) {
    const std::string who = "hold " + name(oc_id128{q.word(0), q.word(1)}) + ": ";
    if (q.column(4) < 0) breach("I12", who + "its amount is negative");
    if (q.column(5) != 0) breach("I5", who + "is open and has ended");
    fold_[AccountKey{ledger_core::kWallet, q.word(2)}].pending += q.column(4);
    if (q.word(3) != 0) keys_[q.word(3)].held += q.column(4);
  }
}

void Check::accounts() {
  Query q(db_.handle(), "SELECT code, owner, debits, credits, pending FROM account");
  while (q.next()) {
    const AccountKey key{static_cast<std::uint32_t>(q.column(0)), q.word(1)};
    const std::string who = name(key) + ": ";
    const Sums row{q.column(2), q.column(3), q.column(4)};
    Sums& fold = fold_[key];
    if (row.debits != fold.debits)
      breach("I2", who + "debits " + text(row.debits) + ", its transfers say " + text(fold.debits));
    if (row.credits != fold.credits)
      breach("I2", who + "credits " + text(row.credits) + ", its transfers say " + text(fold.credits));
    if (row.pending != fold.pending)
      breach("I4", who + "pending " + text(row.pending) + ", its open holds say " + text(fold.pending));
    if (key.code == ledger_core::kWallet && row.credits - row.debits - row.pending < 0)
      breach("I3", who + "overdrawn by " + text(row.debits + row.pending - row.credits));
    if (key.code == ledger_core::kReceivable && row.credits > row.debits)
      breach("I3", who + "more debt was paid than owed: " + text(row.credits - row.debits));
    fold = {};  // accounted for; what is left at the end has no row
  }
  for (const auto& [key, s] : fold_)
    if (s.debits != 0 || s.credits != 0 || s.pending != 0)
      breach(s.pending != 0 ? "I4" : "I2", name(key) + ": has no balance, though transfers or holds name it");
}

void Check::keys() {
  Query q(db_.handle(), "SELECT key_id, spent, held FROM key_spend");
  while (q.next()) {
    KeySums& fold = keys_[q.word(0)];
    const std::string who = "key " + std::to_string(q.word(0)) + ": ";
    if (q.column(1) != fold.spent)
      breach("I10", who + "spent " + std::to_string(q.column(1)) + ", its transfers say " + text(fold.spent));
    if (q.column(2) != fold.held)
      breach("I10", who + "held " + std::to_string(q.column(2)) + ", its open holds say " + text(fold.held));
    fold = {};
  }
  for (const auto& [id, s] : keys_)
    if (s.spent != 0 || s.held != 0)
      breach("I10", "key " + std::to_string(id) + ": has no row, though it spent or holds");
}

// I1 over the balances themselves; I11: a ledger without refunds has no posting that could exceed its original.
void Check::totals() {
  Wide debits = 0, credits = 0;
  Query q(db_.handle(), "SELECT debits, credits FROM account");
  while (q.next()) {
    debits += q.column(0);
    credits += q.column(1);
  }
  if (debits != credits) breach("I1", "all balances: debits " + text(debits) + ", credits " + text(credits));
  Query other(db_.handle(), "SELECT id_hi, id_lo, kind FROM transfer WHERE kind NOT IN (1, 5)");
  while (other.next())
    breach("I11", "transfer " + name(oc_id128{other.word(0), other.word(1)}) + ": unknown kind " +
                      std::to_string(other.column(2)));
}

}  // namespace

std::uint64_t verify(Database& db, const Report& report) { return Check(db, report).run(); }

}  // namespace onechat::ledger_sqlite
