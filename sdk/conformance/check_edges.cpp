// The promises that matter most, each at its exact limit.
#include "checks.hpp"
#include "report.hpp"
#include "traffic.hpp"

namespace onechat::conformance {
namespace {

// A small script: ids by number, expectations with words.
class Script {
 public:
  explicit Script(Books& books) : books_(books) {}

  static oc_id128 id(std::uint64_t n) { return {1'700'000'000'000ull << 16 | 0xed9e, n}; }

  oc_ledger_result expect(const std::string& promise, const oc_ledger_op& op, oc_status status) {
    const oc_ledger_result r = books_.apply(op);
    if (r.status != status)
      throw Broken(promise + ": " + text(op) + " answered " + text(r) + ", expected status " + std::to_string(status));
    ++promises;
    return r;
  }
  void expect(const std::string& promise, const char* what, std::int64_t got, std::int64_t expected) {
    if (got != expected)
      throw Broken(promise + ": " + what + " is " + std::to_string(got) + ", expected " + std::to_string(expected));
    ++promises;
  }
  void available(const std::string& promise, std::uint64_t account, std::int64_t expected) {
    expect(promise, "available", books_.balance(account).available, expected);
  }

  unsigned promises = 0;

 private:
  Books& books_;
};

oc_ledger_op deposit(std::uint64_t n, std::uint64_t account, std::int64_t amount) {
  return op_of(OC_LOP_DEPOSIT, Script::id(n), account, amount);
}
oc_ledger_op reserve(std::uint64_t n, std::uint64_t account, std::int64_t amount) {
  return op_of(OC_LOP_RESERVE, Script::id(n), account, amount);
}
oc_ledger_op settle(std::uint64_t hold, std::int64_t cost, std::int64_t fee, std::uint64_t account = 0) {
  return ends(OC_LOP_SETTLE, Script::id(hold), cost, fee, account);
}

void the_last_nano(Script& s) {
  const std::string promise = "a wallet can be spent to the last nano and not one further";
  s.expect(promise, deposit(1, 1, 100), OC_OK);
  s.expect(promise, reserve(2, 1, 101), OC_E_FUNDS);
  s.available(promise, 1, 100);
  s.expect(promise, "available", s.expect(promise, reserve(3, 1, 100), OC_OK).available, 0);
  s.expect(promise, reserve(4, 1, 1), OC_E_FUNDS);
  s.expect(promise, settle(3, 90, 10), OC_OK);
  s.available(promise, 1, 0);
}

void one_charge_a_hold(Script& s) {
  const std::string promise = "a hold is charged once, under whatever ids its settles come";
  s.expect(promise, deposit(11, 2, 1000), OC_OK);
  s.expect(promise, reserve(12, 2, 300), OC_OK);
  oc_ledger_op again = settle(12, 200, 20);
  s.expect(promise, again, OC_OK);
  again.id = Script::id(13);
  s.expect(promise, again, OC_DUPLICATE);
  again.amount = 201;
  s.expect(promise, again, OC_E_CONFLICT);
  s.expect(promise, reserve(12, 2, 300), OC_DUPLICATE);
  s.available(promise, 2, 780);
}

void usage_is_a_fact(Script& s) {
  const std::string promise = "usage is never dropped";
  s.expect(promise, deposit(21, 3, 100), OC_OK);
  s.expect(promise, reserve(22, 3, 60), OC_OK);
  s.expect(promise, ends(OC_LOP_VOID, Script::id(22)), OC_OK);
  s.expect(promise, "posted", s.expect(promise, settle(22, 30, 5, 3), OC_LATE).posted, 35);
  s.expect(promise, settle(23, 20, 0, 3), OC_LATE);  // a hold that nobody saw
  s.expect(promise, reserve(24, 3, 45), OC_OK);
  s.expect(promise, "shortfall", s.expect(promise, settle(24, 50, 0), OC_OK).shortfall, 5);
  s.expect(promise, "available", s.expect(promise, deposit(25, 3, 7), OC_OK).available, 2);  // the debt first
}

void groups(Script& s, Books& books) {
  const std::string promise = "a linked group is done whole or not at all";
  s.expect(promise, deposit(31, 4, 100), OC_OK);
  Ops group{reserve(32, 4, 80), reserve(33, 4, 30)};
  group[0].flags = OC_LF_LINKED;
  Results results;
  if (books.apply(group, results) != OC_OK) throw Broken(promise + ": apply failed");
  s.expect(promise, "the first op's status", results[0].status, OC_E_LINKED);
  s.expect(promise, "the second op's status", results[1].status, OC_E_FUNDS);
  s.available(promise, 4, 100);
  group[1].amount = 20;
  books.apply(group, results);
  s.expect(promise, "the second op's status", results[1].status, OC_OK);
  s.available(promise, 4, 0);
}

void the_last_of_a_budget(Script& s, Books& books) {
  const std::string promise = "a budget refuses what would exceed it, by name, and nothing less";
  oc_ledger_budget b{};
  b.struct_size = sizeof b;
  b.scope = OC_SCOPE_KEY;
  b.account = 5;
  b.scope_id = 7;
  b.period = OC_WINDOW_DAY;
  b.limit_nano = 100;
  s.expect(promise, deposit(41, 5, 1000), OC_OK);
  oc_ledger_op early = reserve(42, 5, 40);
  early.key_id = 7;
  s.expect(promise, early, OC_OK);  // held before there was a budget: it counts
  s.expect(promise, "put_budget", books.table().put_budget(books.self(), &b), OC_OK);
  oc_ledger_op more = reserve(43, 5, 61);
  more.key_id = 7;
  const std::int64_t scope = OC_SCOPE_KEY | (OC_WINDOW_DAY + 1) << 8;
  s.expect(promise, "limit_scope", static_cast<std::int64_t>(s.expect(promise, more, OC_E_LIMIT).limit_scope), scope);
  more.amount = 60;
  s.expect(promise, more, OC_OK);
  s.expect(promise, settle(42, 10, 0), OC_OK);
  more.id = Script::id(44);
  more.amount = 31;
  s.expect(promise, more, OC_E_LIMIT);
  more.amount = 30;
  s.expect(promise, more, OC_OK);
  const auto listed = books.budgets(5);
  s.expect(promise, "budgets", static_cast<std::int64_t>(listed.size()), 1);
  s.expect(promise, "spent", listed[0].spent_nano, 10);
  s.expect(promise, "held", listed[0].held_nano, 90);
}

void what_was_counted_ahead(Script& s, Books& books) {
  if (books.table().count_spent == nullptr) return;
  const std::string promise = "a budget goes on from what was counted ahead";
  const auto spend = [&](std::uint64_t number, std::int64_t nano) {
    oc_ledger_op op = reserve(number, 10, nano);
    op.key_id = 11;
    s.expect(promise, op, OC_OK);
    s.expect(promise, settle(number, nano, 0), OC_OK);
  };
  oc_ledger_spent spent{};
  spent.struct_size = sizeof spent;
  oc_ledger_budget b{};
  b.struct_size = sizeof b;
  b.scope = OC_SCOPE_KEY;
  b.account = 10;
  b.scope_id = 11;
  b.period = OC_WINDOW_MONTH;
  b.limit_nano = 100;
  s.expect(promise, deposit(71, 10, 1000), OC_OK);
  s.expect(promise, "count_spent of nothing", books.table().count_spent(books.self(), &b, &spent), OC_OK);
  s.expect(promise, "spent", spent.spent_nano, 0);
  for (std::uint64_t number : {72, 73}) {
    spend(number, 20);
    s.expect(promise, "count_spent", books.table().count_spent(books.self(), &b, &spent), OC_OK);
  }
  s.expect(promise, "spent", spent.spent_nano, 40);
  spend(74, 7);
  b.spent = &spent;
  s.expect(promise, "put_budget", books.table().put_budget(books.self(), &b), OC_OK);
  s.expect(promise, "spent of the budget", books.budgets(10).at(0).spent_nano, 47);
  spent.begin_unix_ms -= 1;
  s.expect(promise, "put_budget", books.table().put_budget(books.self(), &b), OC_OK);
  s.expect(promise, "spent of the budget", books.budgets(10).at(0).spent_nano, 47);
}

void leases(Script& s) {
  const std::string promise = "a lease holds its money until it is settled, closed or taken back";
  s.expect(promise, deposit(51, 6, 1000), OC_OK);
  s.expect(promise, op_of(OC_LOP_LEASE, Script::id(52), 6, 600), OC_OK);
  s.expect(promise, reserve(53, 6, 401), OC_E_FUNDS);
  oc_ledger_op request = op_of(OC_LOP_LEASE_SETTLE, Script::id(54), 6, 90, 10);
  request.ref = Script::id(52);
  request.ttl_ms = 0;
  s.expect(promise, request, OC_OK);
  s.expect(promise, request, OC_DUPLICATE);
  s.expect(promise, "released", s.expect(promise, ends(OC_LOP_LEASE_CLOSE, Script::id(52)), OC_OK).released, 500);
  request.id = Script::id(55);
  s.expect(promise, request, OC_LATE);
  s.available(promise, 6, 800);
}

void what_is_known(Script& s, Books& books) {
  const std::string promise = "find and statement tell what was done";
  s.expect(promise, deposit(61, 8, 500), OC_OK);
  s.expect(promise, reserve(62, 8, 100), OC_OK);
  Books::Found found = books.find(Script::id(62));
  s.expect(promise, "holds found", static_cast<std::int64_t>(found.holds.size()), 1);
  s.expect(promise, "amount of the hold", found.holds[0].amount, 100);
  s.expect(promise, settle(62, 30, 3), OC_OK);
  found = books.find(Script::id(62));
  s.expect(promise, "entries found", static_cast<std::int64_t>(found.entries.size()), 1);
  s.expect(promise, "cost and fee of the entry", found.entries[0].amount + found.entries[0].fee, 33);
  const auto entries = books.statement(8, now_ms(), now_ms() + 1);
  s.expect(promise, "entries of the statement", static_cast<std::int64_t>(entries.size()), 2);
  s.expect(promise, "entries before", static_cast<std::int64_t>(books.statement(8, 0, now_ms()).size()), 0);
}

void a_whole_batch(Script& s, Books& books) {
  const std::string promise = "a batch of batch_max ops is applied in its order";
  const std::uint64_t n = books.table().batch_max;
  Ops ops{deposit(100, 9, static_cast<std::int64_t>(n) - 2)};
  for (std::uint64_t i = 1; i < n; ++i) ops.push_back(reserve(100 + i, 9, 1));
  Results results;
  s.expect(promise, "apply", books.apply(ops, results), OC_OK);
  for (std::size_t i = 0; i + 1 < n; ++i) s.expect(promise, "a status", results[i].status, OC_OK);
  s.expect(promise, "the status of the one too many", results[n - 1].status, OC_E_FUNDS);
}

}  // namespace

std::string check_edges(Subject& subject) {
  auto books = subject.open(subject.place());
  if (!books) throw Broken(books.error().message);
  Script script(**books);
  the_last_nano(script);
  one_charge_a_hold(script);
  usage_is_a_fact(script);
  groups(script, **books);
  the_last_of_a_budget(script, **books);
  what_was_counted_ahead(script, **books);
  leases(script);
  what_is_known(script, **books);
  a_whole_batch(script, **books);
  const Verified v = (*books)->verify();
  if (!v.clean()) throw Broken("verify: " + (v.problems.empty() ? "failed" : v.problems.front()));
  return std::to_string(script.promises) + " expectations met";
}

}  // namespace onechat::conformance
