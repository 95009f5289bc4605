// The model test: random traffic goes to a ledger backend and to the reference, op by op the same must come out.
//
// Knows the backend only by its C table, and no test framework: the caller owns the instance, fresh and empty, made
// with a host whose unix_ms reads `clock_ms` of the run and whose calendar_window agrees with `calendar`.
#pragma once
#include <cstring>
#include <set>
#include <string>

#include "random_ops.hpp"
#include "reference_ledger.hpp"

namespace onechat::ledger_test {

struct ModelOptions {
  std::uint64_t seed = 1;
  long ops = 50'000;
  unsigned batch_max = 60;
  std::vector<std::string> zones{""};  // time zones for budgets, known to the calendar
  std::function<void()> between;       // called between some batches; may replace what `backend` and `instance` say
};

class ModelRun {
 public:
  ModelRun(ModelOptions options, ReferenceLedger::Calendar calendar, std::int64_t& clock_ms)
      : options_(std::move(options)), clock_ms_(clock_ms), random_(options_.seed, clock_ms), reference_(calendar) {
    // The world begins shortly before the end of a month, on a Sunday evening (UTC), of another year for each seed, and
    // lasts less than the seven days that a backend has to remember what ended.
    static constexpr std::array<std::int64_t, 4> starts{1'682'890'000'000, 1'698'600'000'000, 1'735'430'000'000,
                                                        1'761'770'000'000};
    clock_ms_ = start_ms_ = newest_ms_ = bottom_ms_ = starts[options_.seed % starts.size()];
  }

  const oc_ledger_backend* backend = nullptr;
  void* instance = nullptr;
  std::set<std::pair<std::uint32_t, oc_status>> seen;  // kinds with the answers they got

  // "" when the backend and the reference agreed all along; else what differed, with the seed and the op's number.
  std::string run() {
    while (problem_.empty() && done_ < options_.ops) {
      move_clock();
      if (options_.between && random_.one_in(300)) options_.between();
      if (random_.one_in(15)) put_budget();
      if (problem_.empty()) one_batch();
      if (problem_.empty() && random_.one_in(120)) compare_books();
    }
    if (problem_.empty()) compare_books();
    if (problem_.empty()) verify();
    return problem_;
  }
  long ops_done() const { return done_; }

 private:
  using Budgets = std::vector<std::string>;

  void fail(const std::string& what) {
    problem_ = "seed " + std::to_string(options_.seed) + ", op " + std::to_string(done_) + ": " + what;
  }

  // Mostly small steps; hours now and then; and back, but never before the last change of a budget.
  void move_clock() {
    constexpr std::int64_t second = 1'000, hour = 3'600 * second, life = 6 * 24 * hour;
    std::int64_t to = clock_ms_ + random_.pick(400);
    if (random_.one_in(50)) to = clock_ms_ + random_.pick(90 * second);
    if (random_.one_in(400)) to = clock_ms_ + random_.pick(5 * hour);
    if (random_.one_in(300)) to = clock_ms_ - random_.pick(2 * hour);
    clock_ms_ = std::max(bottom_ms_, std::min(to, start_ms_ + life));
    newest_ms_ = std::max(newest_ms_, clock_ms_);
    reference_.now_ms = clock_ms_;
  }

  void put_budget() {
    clock_ms_ = reference_.now_ms = bottom_ms_ = newest_ms_;
    oc_ledger_budget b{};
    b.struct_size = sizeof b;
    b.account = 1 + random_.pick(5);
    b.scope = 1 + random_.pick(5);
    b.scope_id = b.scope == OC_SCOPE_ORG ? b.account : 1 + random_.pick(3);
    b.period = random_.pick(5);
    b.action = random_.one_in(4) ? OC_BUDGET_REPORT : OC_BUDGET_REFUSE;
    b.limit_nano = random_.one_in(3) ? -1 : random_.one_in(4) ? random_.pick(300) : 1 + random_.pick(1 << 22);
    const std::string zone = options_.zones[random_.pick(static_cast<unsigned>(options_.zones.size()))];
    b.time_zone = {zone.data(), zone.size()};
    reference_.put_budget({b.account, b.scope, b.scope_id, b.period}, b.limit_nano, b.action, zone);
    if (backend->put_budget(instance, &b) != OC_OK) fail("put_budget was refused");
  }

  void one_batch() {
    const std::vector<oc_ledger_op> ops = random_.batch(std::min(options_.batch_max, std::max(backend->batch_max, 1u)));
    std::vector<oc_ledger_result> got(ops.size()), expected(ops.size());
    if (const oc_status s = backend->apply(instance, ops.data(), got.data(), ops.size()); s != OC_OK)
      return fail("apply said " + std::to_string(s));
    reference_.apply(ops.data(), expected.data(), ops.size());
    for (std::size_t i = 0; i < ops.size() && problem_.empty(); ++i, ++done_) {
      seen.emplace(ops[i].kind, expected[i].status);
      if (text(expected[i]) != text(got[i]))
        fail("kind " + std::to_string(ops[i].kind) + " amount " + std::to_string(ops[i].amount) + ": expected " +
             text(expected[i]) + ", got " + text(got[i]));
    }
  }
  static std::string text(const oc_ledger_result& r) {
    return "status " + std::to_string(r.status) + " flags " + std::to_string(r.flags) + " posted " +
           std::to_string(r.posted) + " released " + std::to_string(r.released) + " shortfall " +
           std::to_string(r.shortfall) + " available " + std::to_string(r.available) + " scope " +
           std::to_string(r.limit_scope);
  }

  void compare_books() {
    if (const std::string what = reference_.broken(); !what.empty()) return fail("the reference is wrong: " + what);
    for (std::uint64_t account = 1; account <= 6 && problem_.empty(); ++account) compare_balance(account);
    if (problem_.empty()) compare_open();
    if (problem_.empty()) compare_budgets();
    for (const std::int64_t at : {std::int64_t{INT64_MAX}, clock_ms_})
      if (problem_.empty()) compare_trial_balance(at);
  }

  void compare_balance(std::uint64_t account) {
    oc_ledger_balance b{};
    b.struct_size = sizeof b;
    if (backend->balance(instance, account, &b) != OC_OK) return fail("balance was refused");
    const ReferenceLedger::Balance r = reference_.balance(account);
    const ReferenceLedger::Wallet& w = reference_.wallet(account);
    const auto check = [&](const char* what, ReferenceLedger::Wide wide, std::int64_t got) {
      const std::int64_t expected = ReferenceLedger::narrow(wide);
      if (expected != got)
        fail("account " + std::to_string(account) + ": " + what + " is " + std::to_string(got) + ", not " +
             std::to_string(expected));
    };
    check("available", r.available, b.available);
    check("held", r.held, b.held);
    check("promo", r.promo, b.promo);
    check("debt", r.debt, b.debt);
    check("overdraft", w.overdraft, b.overdraft);
    check("debt_limit", w.debt_limit, b.debt_limit);
    check("flags", w.flags, b.flags);
  }

  void compare_open() {
    oc_ledger_open o{};
    o.struct_size = sizeof o;
    if (backend->open(instance, &o) != OC_OK) return fail("open was refused");
    const ReferenceLedger::Open r = reference_.open();
    if (o.holds != r.holds || o.leases != r.leases || o.held_nano != r.held || o.leased_nano != r.leased)
      fail("open: " + std::to_string(o.holds) + " holds with " + std::to_string(o.held_nano) + " and " +
           std::to_string(o.leases) + " leases with " + std::to_string(o.leased_nano) + ", not " +
           std::to_string(r.holds) + " and " + std::to_string(r.leases));
  }

  static std::string budget_text(std::uint64_t account, std::uint32_t scope, std::uint64_t scope_id,
                                 std::uint32_t period) {
    return "budget of account " + std::to_string(account) + " scope " + std::to_string(scope) + "/" +
           std::to_string(scope_id) + " period " + std::to_string(period);
  }
  void compare_budgets() {
    std::set<std::string> expected, got;
    for (const auto& [id, b] : reference_.budgets()) {
      const auto [begin, end] = reference_.window_now(id, b);
      const auto row = b.windows.find(begin);
      const std::pair<ReferenceLedger::Wide, ReferenceLedger::Wide> none{0, 0};
      const auto& [spent, held] = row != b.windows.end() ? row->second : none;
      const auto& [account, scope, scope_id, period] = id;
      expected.insert(budget_text(account, scope, scope_id, period) +
                      state_text(b.limit, b.action, b.zone, static_cast<std::int64_t>(spent),
                                 static_cast<std::int64_t>(held), begin, end));
    }
    const auto each = [](void* arg, const oc_ledger_budget* b) {
      static_cast<std::set<std::string>*>(arg)->insert(
          budget_text(b->account, b->scope, b->scope_id, b->period) +
          state_text(b->limit_nano, b->action,
                     std::string(b->time_zone.ptr != nullptr ? b->time_zone.ptr : "", b->time_zone.len), b->spent_nano,
                     b->held_nano, b->begin_unix_ms, b->end_unix_ms));
    };
    if (backend->budgets(instance, 0, each, &got) != OC_OK) return fail("budgets was refused");
    for (const std::string& b : expected)
      if (got.count(b) == 0) return fail("missing: " + b);
    for (const std::string& b : got)
      if (expected.count(b) == 0) return fail("unexpected: " + b);
  }
  static std::string state_text(std::int64_t limit, std::uint32_t action, const std::string& zone, std::int64_t spent,
                                std::int64_t held, std::int64_t begin, std::int64_t end) {
    return ": limit " + std::to_string(limit) + " action " + std::to_string(action) + " zone '" + zone + "' spent " +
           std::to_string(spent) + " held " + std::to_string(held) + " from " + std::to_string(begin) + " to " +
           std::to_string(end);
  }

  void compare_trial_balance(std::int64_t at_ms) {
    using Sums = std::map<ReferenceLedger::AccountId, std::pair<std::int64_t, std::int64_t>>;
    Sums got;
    const auto each = [](void* arg, const oc_ledger_sum* s) {
      if (s->debits != 0 || s->credits != 0) (*static_cast<Sums*>(arg))[{s->code, s->owner}] = {s->debits, s->credits};
    };
    if (backend->trial_balance(instance, at_ms, each, &got) != OC_OK) return fail("trial_balance was refused");
    const auto expected = reference_.trial_balance(at_ms);
    for (const auto& [account, sum] : expected) {
      const auto it = got.find(account);
      if (it == got.end() || it->second.first != sum.debits || it->second.second != sum.credits)
        return fail("trial balance: account " + std::to_string(account.first) + "/" + std::to_string(account.second));
    }
    if (got.size() != expected.size()) fail("trial balance: accounts that nobody posted to");
  }

  void verify() {
    std::string found;
    const auto each = [](void* arg, const oc_ledger_problem* p) {
      *static_cast<std::string*>(arg) +=
          std::string(p->invariant.ptr, p->invariant.len) + " " + std::string(p->detail.ptr, p->detail.len) + "; ";
    };
    std::uint64_t n = 0;
    if (backend->verify(instance, each, &found, &n) != OC_OK) return fail("verify did not run");
    if (!found.empty()) fail("verify: " + found);
  }

  ModelOptions options_;
  std::int64_t& clock_ms_;
  std::int64_t start_ms_ = 0, newest_ms_ = 0, bottom_ms_ = 0;
  RandomOps random_;
  ReferenceLedger reference_;
  long done_ = 0;
  std::string problem_;
};

}  // namespace onechat::ledger_test
