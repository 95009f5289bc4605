#include "books.hpp"

#include <onechat/ledger_view.hpp>

#include <algorithm>
#include <tuple>

#include "spent.hpp"

namespace onechat::ledger_sqlite {

using namespace ledger_core;

namespace {

constexpr std::int64_t kTombstoneLifeMs = 7 * 24 * 3'600'000ll;

}  // namespace

Books::Books(BooksOptions options, Clock clock, Calendar calendar)
    : options_(std::move(options)),
      clock_(std::move(clock)),
      calendar_(std::move(calendar)),
      lock_(options_.file + ".lock") {
  ready();
}

void Books::ready() {
  restoring_.reset();
  if (store_ != nullptr) return;
  auto db = std::make_unique<Database>(options_.file, options_.migrations, options_.tuning, log_pages_);
  store_ = std::make_unique<RowStore>(*db, clock_());
  db_ = std::move(db);
}

void Books::close() noexcept {
  restoring_.reset();
  store_.reset();
  db_.reset();
}

std::unique_ptr<Reader> Books::reader() const {
  return std::make_unique<Reader>(options_.file, log_pages_, options_.tuning.log_pages_max / 2);
}

void Books::apply(const oc_ledger_op* ops, oc_ledger_result* results, std::size_t n) {
  ready();
  db_->make_room_in_log();
  const std::int64_t now = clock_();
  Transaction transaction(*db_);
  store_->begin(now);
  ledger_core::apply(*store_, calendar_, ops, results, n, now);
  for (std::size_t i = 0; i < n; ++i) {
    if (ops[i].kind == OC_LOP_EPOCH && results[i].status >= 0) node_ = ops[i].node;
    if (ops[i].kind == OC_LOP_SWEEP) store_->drop_tombstones(now - kTombstoneLifeMs);
  }
  store_->seal(node_, now);
  transaction.commit();
}

oc_ledger_balance Books::balance(std::uint64_t account) {
  ready();
  const Account wallet = store_->account({kWallet, account});
  const Account debt = store_->account({kReceivable, account});
  std::vector<GrantAccount> grants;
  for (const Grant& g : store_->open_grants(account)) grants.push_back({g, store_->account({kGrant, g.number})});
  const Standing standing = standing_of(wallet, debt, std::move(grants), clock_());
  oc_ledger_balance b = balance_of(wallet, standing);
  Wide spent = Wide(wallet.debits) + debt.debits, deposited = Wide(wallet.credits) + debt.credits;
  Query promo(db_->handle(),
              "SELECT debits, credits FROM account WHERE code = 2010"
              " AND owner IN (SELECT number FROM wallet_grant WHERE wallet = ?)");
  for (promo.with(account); promo.next();) {
    spent += promo.column(0);
    deposited += promo.column(1);
  }
  b.spent = clamp(spent);
  b.deposited = clamp(deposited);
  Wide leased = 0;
  store_->for_each_hold([&](const Hold& h) {
    if (h.kind == OC_LOP_LEASE && h.scopes.account == account) leased += h.open_amount();
  });
  b.leased = clamp(leased);
  return b;
}

oc_ledger_open Books::open() {
  ready();
  oc_ledger_open out{};
  store_->for_each_hold([&](const Hold& h) { count_open(h, out); });
  return out;
}

void Books::put_budget(const Budget& budget, std::int64_t unused_before_ms, const oc_ledger_spent* counted) {
  ready();
  const Span now = budget.limit >= 0 ? calendar_(budget.period, budget.time_zone, clock_()) : Span{};
  Transaction transaction(*db_);
  store_->put_budget(budget, now, unused_before_ms, counted);
  transaction.commit();
}

void Books::count_spent(const Budget& budget, std::int64_t unused_before_ms, oc_ledger_spent& spent) const {
  const std::unique_ptr<Reader> moment = reader();
  const SpentIn in{budget.key, calendar_(budget.period, budget.time_zone, clock_())};
  const std::uint64_t last = last_posting(moment->handle());
  const bool goes_on = spent.counted != 0 && spent.begin_unix_ms == in.window.begin_ms;
  spent.spent_nano = goes_on ? spent.spent_nano + in.after(moment->handle(), spent.counted)
                             : in.in_history(moment->handle(), unused_before_ms);
  spent.begin_unix_ms = in.window.begin_ms;
  spent.counted = last;
}

void Books::budgets(std::uint64_t account, const BudgetFn& each) {
  ready();
  std::vector<Budget> all;
  store_->for_each_budget([&](const Budget& b) {
    if (account == 0 || b.key.account == account) all.push_back(b);
  });
  std::sort(all.begin(), all.end(), [](const Budget& a, const Budget& b) {
    return std::tie(a.key.account, a.key.scope, a.key.scope_id, a.period) <
           std::tie(b.key.account, b.key.scope, b.key.scope_id, b.period);
  });
  const std::int64_t unix_ms = clock_();
  for (const Budget& b : all) {
    const Span now = calendar_(b.period, b.time_zone, unix_ms);
    const WindowKey key{b.key, b.period, now.begin_ms};
    const Window* stored = store_->window(key);
    each(b, stored != nullptr ? *stored : Window{key, now.end_ms, 0, 0});
  }
}

void Books::restore(const oc_ledger_row* const* rows, std::size_t n) {
  if (restoring_ == nullptr) {
    ready();
    restoring_ = std::make_unique<Restore>(*db_);
  }
  for (std::size_t i = 0; i < n; ++i) restoring_->add(*rows[i]);
  if (n != 0) return;
  restoring_->finish();
  close();  // what the store remembers is of the empty books
}

}  // namespace onechat::ledger_sqlite
