// Books at rest: new ones, repeated batches, copies, damage.
#include <cstring>
#include <functional>

#include <onechat/ledger_codec.hpp>

#include "checks.hpp"
#include "report.hpp"
#include "traffic.hpp"

namespace onechat::conformance {
namespace {

constexpr std::uint64_t kBatches = 120;

std::unique_ptr<Books> opened(Result<std::unique_ptr<Books>> books) {
  if (!books) throw Broken(books.error().message);
  return std::move(*books);
}
std::unique_ptr<Books> fresh(Subject& subject) { return opened(subject.open(subject.place())); }

std::string first_of(const Verified& v) {
  if (v.status != OC_OK) return "verify answered status " + std::to_string(v.status);
  return std::to_string(v.problems.size()) + " problems, the first: " + v.problems.front();
}
void expect_clean(Books& books, const std::string& when) {
  if (const Verified v = books.verify(); !v.clean()) throw Broken(when + ": " + first_of(v));
}

std::vector<std::pair<Ops, Results>> apply_traffic(Books& books, std::uint64_t seed) {
  const Traffic traffic(seed);
  std::vector<std::pair<Ops, Results>> done;
  for (std::uint64_t n = 0; n < kBatches; ++n) {
    Ops ops = traffic.batch(n);
    Results results;
    now_ms() += 5;
    if (const oc_status status = books.apply(ops, results); status != OC_OK)
      throw Broken("batch " + std::to_string(n) + " failed with status " + std::to_string(status) + ": " + books.last_error);
    done.emplace_back(std::move(ops), std::move(results));
  }
  return done;
}

}  // namespace

std::string check_empty(Subject& subject) {
  const auto books = fresh(subject);
  const oc_ledger_balance b = books->balance(1);
  const oc_ledger_open o = books->open();
  if (!books->trial_balance().empty() || o.holds + o.leases != 0)
    throw Broken("new books are not empty; let the settings have {dir} or {name}, so that each place has its own");
  if (b.available != 0 || b.held != 0 || b.deposited != 0) throw Broken("a wallet that never was has a balance");
  const Verified v = books->verify();
  if (!v.clean()) throw Broken(first_of(v));
  if (v.transfers != 0) throw Broken("verify counts " + std::to_string(v.transfers) + " transfers in new books");
  if (books->table().batch_max == 0) throw Broken("batch_max is 0");
  return "batches of up to " + std::to_string(books->table().batch_max) + " ops";
}

std::string check_repeat(Subject& subject, std::uint64_t seed) {
  const auto books = fresh(subject);
  const auto done = apply_traffic(*books, seed);
  const TrialBalance before = books->trial_balance();
  std::size_t repeated = 0;
  for (const auto& [ops, first] : done) {
    Ops again;
    Results expected, results;
    for (std::size_t i = 0; i < ops.size(); ++i) {
      if (!is_remembered(first[i])) continue;  // refused: nothing is kept of it
      again.push_back(ops[i]);
      expected.push_back(as_duplicate(ops[i], first[i]));
    }
    if (books->apply(again, results) != OC_OK) throw Broken("a repeated batch failed: " + books->last_error);
    for (std::size_t i = 0; i < again.size(); ++i) {
      if (again[i].kind == OC_LOP_LEASE) results[i].released = 0;
      if (!same(results[i], expected[i]))
        throw Broken("seed " + std::to_string(seed) + ": " + text(again[i]) + " again: expected " + text(expected[i]) +
                     ", got " + text(results[i]));
    }
    repeated += again.size();
  }
  if (books->trial_balance() != before) throw Broken("seed " + std::to_string(seed) + ": repeated batches moved money");
  expect_clean(*books, "seed " + std::to_string(seed));
  return "seed " + std::to_string(seed) + ": " + std::to_string(repeated) + " ops again, " + std::to_string(done.size()) +
         " batches";
}

// ---- copies

std::string check_copy(Subject& subject, std::uint64_t seed) {
  if (!subject.can(OC_LEDGER_CAP_DUMP)) throw NotClaimed("no capability DUMP");
  const auto books = fresh(subject), copy = fresh(subject);
  apply_traffic(*books, seed);
  std::vector<StoredRow> rows, again;
  if (books->dump(rows) != OC_OK) throw Broken("dump failed: " + books->last_error);
  if (const oc_status s = copy->restore(rows); s != OC_OK)
    throw Broken("restore into empty books answered " + std::to_string(s) + ": " + copy->last_error);
  if (copy->dump(again) != OC_OK || again != rows) throw Broken("a copy's dump differs from the original's");
  if (copy->trial_balance() != books->trial_balance()) throw Broken("a copy's sums differ from the original's");
  expect_clean(*copy, "the copy");
  if (const oc_status s = copy->restore(rows); s != OC_E_CONFLICT)
    throw Broken("restore into books in use answered " + std::to_string(s) + ", not OC_E_CONFLICT");
  const Ops known = Traffic(seed).batch(0);
  if (copy->apply(known.front()).status != OC_DUPLICATE) throw Broken("a copy does not know what was done before");
  return "seed " + std::to_string(seed) + ": " + std::to_string(rows.size()) + " rows";
}

// ---- damage

namespace {

// Changes the first row of `table` for which `change` says it did. False: there is none.
template <class Row>
bool tamper(std::vector<StoredRow>& rows, const std::function<bool(Row&)>& change) {
  for (StoredRow& stored : rows) {
    Row row;
    if (stored.table != ledger_core::kTableOf<Row>) continue;
    const oc_ledger_row encoded{sizeof(oc_ledger_row), stored.table, bytes(stored.data)};
    if (!ledger_core::decode(encoded.data.ptr, encoded.data.len, row) || !change(row)) continue;
    ledger_core::Bytes out;
    ledger_core::encode(row, out);
    stored.data.assign(out.begin(), out.end());
    return true;
  }
  return false;
}

struct Damage {
  const char* what;
  std::function<bool(std::vector<StoredRow>&)> make;
};

std::vector<Damage> damages() {
  using namespace ledger_core;
  const auto without = [](std::vector<StoredRow>& rows, std::uint32_t table) {
    for (auto at = rows.rbegin(); at != rows.rend(); ++at)
      if (at->table == table) return rows.erase(std::next(at).base()), true;
    return false;
  };
  return {
      {"a wallet with one nano more",
       [](auto& rows) {
         return tamper<Account>(rows, [](Account& a) { return a.key.code == kWallet && ++a.credits > 0; });
       }},
      {"a charge of one nano less",
       [](auto& rows) {
         return tamper<Transfer>(rows, [](Transfer& t) {
           if (!is_spending(t) || t.wallet_part < 2 || t.amount < 2) return false;
           --t.amount;
           --t.wallet_part;
           return true;
         });
       }},
      {"a transfer that is gone", [=](auto& rows) { return without(rows, OC_ROW_TRANSFER); }},
      {"a transfer that is there twice",
       [](auto& rows) {
         for (std::size_t i = 0; i < rows.size(); ++i)
           if (rows[i].table == OC_ROW_TRANSFER) return rows.insert(rows.begin() + std::ptrdiff_t(i), rows[i]), true;
         return false;
       }},
      {"a hold that is gone", [=](auto& rows) { return without(rows, OC_ROW_HOLD); }},
      {"held money that no hold holds",
       [](auto& rows) {
         return tamper<Account>(rows, [](Account& a) {
           return a.key.code == kWallet && a.credits - a.debits - a.pending > 0 && ++a.pending > 0;
         });
       }},
  };
}

}  // namespace

std::string check_damage(Subject& subject, std::uint64_t seed) {
  if (!subject.can(OC_LEDGER_CAP_DUMP)) throw NotClaimed("no capability DUMP, so no rows to tamper with");
  const auto books = fresh(subject);
  apply_traffic(*books, seed);
  books->apply(op_of(OC_LOP_DEPOSIT, Traffic(seed).id(kBatches, 0), 1, 1'000'000'000));
  books->apply(op_of(OC_LOP_RESERVE, Traffic(seed).id(kBatches, 1), 1, 77));
  std::vector<StoredRow> rows;
  if (books->dump(rows) != OC_OK) throw Broken("dump failed: " + books->last_error);
  unsigned refused = 0, seen = 0;
  for (const Damage& damage : damages()) {
    std::vector<StoredRow> bad = rows;
    if (!damage.make(bad)) throw Broken(std::string("nothing to tamper with for: ") + damage.what);
    const auto copy = fresh(subject);
    if (copy->restore(bad) != OC_OK)
      ++refused;
    else if (copy->verify().clean())
      throw Broken(std::string("verify does not see ") + damage.what);
    else
      ++seen;
  }
  return std::to_string(seen) + " kinds of damage seen by verify, " + std::to_string(refused) + " refused by restore";
}

}  // namespace onechat::conformance
