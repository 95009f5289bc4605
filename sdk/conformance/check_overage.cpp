// A settle of half the hold, all of it, a bit more and much more, on wallets at the exact edge, under every policy.
#include <algorithm>

#include "checks.hpp"
#include "report.hpp"
#include "traffic.hpp"

namespace onechat::conformance {
namespace {

struct Case {
  std::int64_t hold = 0, cost = 0, fee = 0, more = 0;  // more: in the wallet beyond the hold
  std::uint32_t overage = OC_OVERAGE_DEBT;
  bool promotional = false;  // half of the wallet is a grant
  bool leased = false;
};

std::string name(const Case& c) {
  return std::string(c.leased ? "lease" : "hold") + " of " + std::to_string(c.hold) + ", cost " + std::to_string(c.cost) +
         " + " + std::to_string(c.fee) + ", wallet of " + std::to_string(c.hold + c.more) +
         (c.promotional ? ", half a grant" : "") + ", overage policy " + std::to_string(c.overage);
}

std::vector<Case> cases(std::mt19937_64& random) {
  std::vector<Case> out;
  for (const std::int64_t hold : {std::int64_t{1}, std::int64_t{2}, std::int64_t{100}, std::int64_t{101},
                                  std::int64_t(1000 + random() % 1'000'000'000)})
    for (const std::int64_t percent : {50, 100, 101, 300})
      for (const std::int64_t more : {std::int64_t{0}, std::int64_t{1}, hold / 100, 2 * hold - 1, 2 * hold, 3 * hold})
        for (const std::uint32_t overage : {OC_OVERAGE_DEBT, OC_OVERAGE_ABSORB, OC_OVERAGE_OVERDRAFT})
          for (const unsigned kind : {0u, 1u, 2u, 3u}) {
            Case c;
            c.hold = hold;
            const std::int64_t total = std::max<std::int64_t>(1, (hold * percent + 99) / 100);
            c.fee = total / 11;
            c.cost = total - c.fee;
            c.more = more;
            c.overage = overage;
            c.promotional = (kind & 1) != 0;
            c.leased = (kind & 2) != 0;
            out.push_back(c);
          }
  return out;
}

void expect(const Case& c, const char* what, std::int64_t got, std::int64_t expected) {
  if (got != expected)
    throw Broken(name(c) + ": " + what + " is " + std::to_string(got) + ", expected " + std::to_string(expected));
}

void run(Books& books, const Case& c, std::uint64_t n) {
  const auto id = [&](std::uint64_t i) { return oc_id128{1'700'000'000'000ull << 16 | 0x0a8, n * 8 + i}; };
  const std::uint64_t account = 1000 + n;
  const std::int64_t wallet = c.hold + c.more, total = c.cost + c.fee, granted = c.promotional ? wallet / 2 : 0;
  Ops ops;
  if (wallet > granted) ops.push_back(op_of(OC_LOP_DEPOSIT, id(1), account, wallet - granted));
  if (granted > 0) {
    ops.push_back(op_of(OC_LOP_GRANT, id(2), account, granted));
    ops.back().epoch = 0;
  }
  ops.push_back(op_of(c.leased ? OC_LOP_LEASE : OC_LOP_RESERVE, id(3), account, c.hold));
  oc_ledger_op settle = ends(OC_LOP_SETTLE, id(3), c.cost, c.fee, account);
  if (c.leased) {
    settle = ends(OC_LOP_LEASE_SETTLE, id(3), c.cost, c.fee, account);
    settle.id = id(4);
  }
  settle.overage = c.overage;
  ops.push_back(settle);
  if (c.leased) ops.push_back(ends(OC_LOP_LEASE_CLOSE, id(3)));
  Results r;
  if (books.apply(ops, r) != OC_OK) throw Broken(name(c) + ": apply failed: " + books.last_error);
  for (std::size_t i = 0; i < ops.size(); ++i) expect(c, "a status", r[i].status, OC_OK);
  const oc_ledger_result& settled = r[r.size() - (c.leased ? 2 : 1)];
  const std::int64_t uncovered = std::max<std::int64_t>(0, total - wallet);
  const bool absorbed = c.overage == OC_OVERAGE_ABSORB;
  expect(c, "posted", settled.posted, total);
  expect(c, "shortfall", settled.shortfall, uncovered);
  const oc_ledger_balance b = books.balance(account);
  expect(c, "held", b.held, 0);
  expect(c, "debt", b.debt, absorbed ? 0 : uncovered);
  expect(c, "available", b.available, wallet - std::min(total, wallet) - (absorbed ? 0 : uncovered));
  // A wallet that owes admits nothing, until a deposit has paid.
  if (!absorbed && uncovered > 0) {
    expect(c, "a reserve while it owes", books.apply(op_of(OC_LOP_RESERVE, id(5), account, 0)).status, OC_E_FUNDS);
    books.apply(op_of(OC_LOP_DEPOSIT, id(6), account, uncovered + 1));
    expect(c, "available after a deposit", books.balance(account).available, 1);
  }
}

}  // namespace

std::string check_overage(Subject& subject, std::uint64_t seed) {
  auto books = subject.open(subject.place());
  if (!books) throw Broken(books.error().message);
  std::mt19937_64 random(seed);
  const std::vector<Case> all = cases(random);
  for (std::size_t n = 0; n < all.size(); ++n) run(**books, all[n], n);
  std::int64_t debits = 0, credits = 0;
  for (const auto& [account, sum] : (*books)->trial_balance()) {
    debits += sum.debits;
    credits += sum.credits;
  }
  if (debits != credits) throw Broken("debits are not credits");
  if (const Verified v = (*books)->verify(); !v.clean())
    throw Broken("verify: " + (v.problems.empty() ? "failed" : v.problems.front()));
  return "seed " + std::to_string(seed) + ": " + std::to_string(all.size()) + " cases";
}

}  // namespace onechat::conformance
