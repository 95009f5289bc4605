#include "control/books.hpp"

#include <algorithm>
#include <chrono>

#include "base/ids.hpp"

namespace onechat::control {
namespace {

constexpr std::size_t kIdMax = 200;
constexpr int kCountRounds = 5;
constexpr std::chrono::milliseconds kShortRound{100};

Error no_ledger() { return Error(OC_E_UNSUPPORTED, "this gateway keeps no books (ledger: none)", "no_ledger"); }

Error refused(oc_status status, const std::string& what) {
  switch (status) {
    case OC_E_CONFLICT: return Error(status, "the ledger has another " + what + " under this id", "id_conflict", "id");
    case OC_E_INVALID:
      return Error(status, "the ledger refused the " + what + ": its amount is not possible", "invalid_amount");
    case OC_E_FUNDS: return Error(status, "the wallet has not that much money that is free", "insufficient_funds", "usd");
    case OC_E_NOT_FOUND: return Error(status, "the wallet was never funded", "not_found");
    case OC_E_UNSUPPORTED: return Error(status, "this ledger's backend has no such " + what, "unsupported");
    case OC_E_UNAVAILABLE: return Error(status, "the ledger is not available, try again", "ledger_unavailable");
    default: return Error(status, "the ledger refused the " + what, std::string(status_name(status)));
  }
}

Result<void> check(std::int64_t nano, const std::string& id, const std::string& what) {
  if (nano <= 0) return Error(OC_E_INVALID, "a " + what + " must be more than 0", "invalid_amount", "usd");
  if (id.empty() || id.size() > kIdMax)
    return Error(OC_E_INVALID, "a " + what + " needs an id of 1 to 200 bytes", "invalid_id", "id");
  return {};
}

oc_id128 id_of(const char* what, const Payment& p) {
  const std::string whose = p.provider.empty() ? std::to_string(p.account) : "provider/" + p.provider;
  return id_from_text(std::string(what) + "/" + whose + "/" + p.id);
}

// The clearing account of a payment provider; 0, the default one, without a name.
std::uint64_t clearing_of(const std::string& provider) {
  return provider.empty() ? 0 : id_from_text("clearing/" + provider).lo | 1;
}

oc_ledger_op op_of(std::uint32_t kind, oc_id128 id, std::uint64_t account, std::int64_t nano) {
  oc_ledger_op op{};
  op.kind = kind;
  op.id = id;
  op.account = account;
  op.amount = nano;
  return op;
}

}  // namespace

Result<Posted> Books::post(const oc_ledger_op& op, const char* what) {
  if (!engine_) return no_ledger();
  const oc_ledger_result result = engine_->apply_blocking(op);
  if (result.status < 0) return refused(result.status, what);
  return Posted{result.status == OC_DUPLICATE, result.available, result.shortfall};
}

Result<Posted> Books::deposit(const Payment& p) {
  if (const auto fine = check(p.nano, p.id, "deposit"); !fine) return fine.error();
  oc_ledger_op op = op_of(OC_LOP_DEPOSIT, id_of("deposit", p), p.account, p.nano);
  op.account2 = clearing_of(p.provider);
  return post(op, "deposit");
}

Result<Posted> Books::withdraw(const Payment& p, bool chargeback) {
  if (const auto fine = check(p.nano, p.id, "withdrawal"); !fine) return fine.error();
  oc_ledger_op op = op_of(OC_LOP_WITHDRAW, id_of("withdraw", p), p.account, p.nano);
  op.account2 = clearing_of(p.provider);
  op.code = static_cast<std::uint32_t>(chargeback ? OC_WITHDRAW_CHARGEBACK : OC_WITHDRAW_PAYOUT);
  return post(op, "withdrawal");
}

Result<Posted> Books::transfer(std::uint64_t from, std::uint64_t to, std::int64_t nano, const std::string& id) {
  if (const auto fine = check(nano, id, "transfer"); !fine) return fine.error();
  if (from == to) return Error(OC_E_INVALID, "both are the same wallet", "same_wallet");
  oc_ledger_op op = op_of(OC_LOP_TRANSFER, id_from_text("transfer/" + std::to_string(from) + "/" + id), from, nano);
  op.account2 = to;
  return post(op, "transfer");
}

Result<Posted> Books::grant(const GrantWish& wish) {
  if (const auto fine = check(wish.nano, wish.id, "grant"); !fine) return fine.error();
  oc_ledger_op op = op_of(OC_LOP_GRANT, id_from_text("grant/" + std::to_string(wish.account) + "/" + wish.id),
                          wish.account, wish.nano);
  op.code = wish.priority;
  op.epoch = static_cast<std::uint64_t>(wish.expires_unix_ms);
  return post(op, "grant");
}

Result<Posted> Books::set_terms(std::uint64_t account, const TermsWish& wish) {
  for (const auto& amount : {wish.overdraft_nano, wish.debt_limit_nano})
    if (amount && *amount < 0)
      return Error(OC_E_INVALID, "overdraft and debt limit must not be negative", "invalid_amount");
  const std::lock_guard lock(terms_);
  const auto now = balance(account);
  if (!now) return now.error();
  const bool frozen = wish.frozen.value_or((now->flags & OC_TERMS_FROZEN) != 0);
  oc_ledger_op op = op_of(OC_LOP_TERMS, id_from_text("terms/" + std::to_string(account) + "/" + random_text(20)), account,
                          wish.overdraft_nano.value_or(now->overdraft));
  op.fee = wish.debt_limit_nano.value_or(now->debt_limit);
  op.code = frozen ? static_cast<std::uint32_t>(OC_TERMS_FROZEN) : 0u;
  return post(op, "terms");
}

// The whole rest is what the postings say; without an id of the caller's, the first refund's repetition finds itself.
Result<Refunded> Books::refund(const RefundWish& wish) {
  if (wish.id.size() > kIdMax) return Error(OC_E_INVALID, "the id must be at most 200 bytes", "invalid_id", "id");
  if (wish.nano && *wish.nano <= 0)
    return Error(OC_E_INVALID, "a refund must be more than 0", "invalid_amount", "usd");
  const auto found = find(wish.request);
  if (!found) return found.error();
  const oc_id128 id = id_from_text("refund/" + to_hex(wish.request) + "/" + wish.id);
  const auto same = [](const oc_id128& a, const oc_id128& b) { return a.hi == b.hi && a.lo == b.lo; };
  const Entry* charge = nullptr;
  std::int64_t given = 0, before = 0;  // in all; by this refund, when it is a repetition
  for (const Entry& e : found->entries) {
    if (is_charge(e) && same(request_of(e), wish.request) && !charge) charge = &e;
    if (e.kind == OC_LOP_REFUND && same(e.ref, wish.request)) given += e.amount + e.fee;
    if (e.kind == OC_LOP_REFUND && same(e.id, id)) before = e.amount + e.fee;
  }
  if (!charge) return Error(OC_E_NOT_FOUND, "the ledger has no charge of request " + to_hex(wish.request), "not_found");
  const std::int64_t paid = charge->wallet_part + charge->promo_part + charge->debt_part;
  const std::int64_t nano = wish.nano ? *wish.nano : before != 0 ? before : paid - given;
  if (nano <= 0) return Error(OC_E_CONFLICT, "all of it was given back before", "already_refunded");
  oc_ledger_op op = op_of(OC_LOP_REFUND, id, charge->account, nano);
  op.ref = wish.request;
  op.code = static_cast<std::uint32_t>(wish.provider_refunds ? OC_REFUND_PROVIDER : OC_REFUND_OURS);
  const auto done = post(op, "refund");
  if (!done && done.error().status == OC_E_INVALID)
    return Error(OC_E_INVALID, "that is more than is left of what the request was charged", "invalid_amount", "usd");
  if (!done) return done.error();
  Refunded out;
  static_cast<Posted&>(out) = *done;
  out.account = charge->account;
  out.nano = nano;
  return out;
}

// --- questions ------------------------------------------------------------------------------------------------------

oc_status Books::ask(const std::function<oc_status(const ledger::Backend&)>& question) {
  oc_status status = OC_E_UNAVAILABLE;
  engine_->run([&](const ledger::Backend& b) { status = question(b); });
  return status;
}

oc_status Books::ask_aside(const std::function<oc_status(const ledger::Backend&)>& question) {
  oc_status status = OC_E_UNAVAILABLE;
  if (!engine_->run([](const ledger::Backend&) {})) return status;
  if (aside_ && aside_([&](const ledger::Backend& b) { status = question(b); })) return status;
  return ask(question);
}

// What was spent in the window so far, counted beside the ledger's thread: what comes meanwhile is counted in a second and a
// third round, until one is short. Nothing when that cannot be had: then put_budget counts all.
oc_ledger_spent Books::count_ahead(const oc_ledger_budget& budget) {
  using std::chrono::steady_clock;
  oc_ledger_spent spent{};
  spent.struct_size = sizeof spent;
  if (!aside_) return spent;
  aside_([&](const ledger::Backend& b) {
    if (b.table->count_spent == nullptr) return;
    for (int round = 0; round < kCountRounds; ++round) {
      const auto begin = steady_clock::now();
      if (b.table->count_spent(b.instance, &budget, &spent) != OC_OK) {
        spent.counted = 0;
        return;
      }
      if (steady_clock::now() - begin < kShortRound) return;
    }
  });
  return spent;
}

Result<void> Books::put_budget(const Budget& budget) {
  if (!engine_) return no_ledger();
  oc_ledger_budget b{};
  b.struct_size = sizeof b;
  b.scope = budget.scope;
  b.account = budget.account;
  b.scope_id = budget.scope_id;
  b.period = budget.period;
  b.action = budget.action;
  b.limit_nano = budget.limit_nano;
  b.begin_unix_ms = budget.begin_unix_ms;
  b.time_zone = str(budget.time_zone);
  oc_ledger_spent counted = b.limit_nano >= 0 ? count_ahead(b) : oc_ledger_spent{};
  b.spent = &counted;
  const oc_status status = ask([&](const ledger::Backend& to) { return to.table->put_budget(to.instance, &b); });
  if (status == OC_E_INVALID)
    return Error(status, "the ledger refused the budget: its period or time zone is not possible", "invalid_budget");
  if (status < 0) return refused(status, "budget");
  return {};
}

Result<std::vector<Budget>> Books::budgets(std::uint64_t account) {
  if (!engine_) return no_ledger();
  std::vector<Budget> out;
  const auto add = [](void* arg, const oc_ledger_budget* b) {
    static_cast<std::vector<Budget>*>(arg)->push_back({b->scope, b->period, b->action, b->account, b->scope_id,
                                                       b->limit_nano, std::string(view(b->time_zone)), b->spent_nano,
                                                       b->held_nano, b->begin_unix_ms, b->end_unix_ms});
  };
  const oc_status status =
      ask([&](const ledger::Backend& b) { return b.table->budgets(b.instance, account, add, &out); });
  if (status < 0 && status != OC_E_NOT_FOUND) return refused(status, "question");
  return out;
}

Result<Balance> Books::balance(std::uint64_t account) {
  if (!engine_) return no_ledger();
  Balance out{};
  out.struct_size = sizeof out;
  const oc_status status = ask([&](const ledger::Backend& b) { return b.table->balance(b.instance, account, &out); });
  if (status == OC_E_NOT_FOUND) return Balance{};
  if (status < 0) return refused(status, "question");
  return out;
}

Result<std::vector<Entry>> Books::entries(std::uint64_t account, std::int64_t from, std::int64_t to) {
  if (!engine_) return no_ledger();
  std::vector<Entry> out;
  const auto add = [](void* arg, const Entry* e) { static_cast<std::vector<Entry>*>(arg)->push_back(*e); };
  const oc_status status =
      ask_aside([&](const ledger::Backend& b) { return b.table->statement(b.instance, account, from, to, add, &out); });
  if (status < 0 && status != OC_E_NOT_FOUND) return refused(status, "question");
  return out;
}

Result<Found> Books::find(oc_id128 id) {
  if (!engine_) return no_ledger();
  Found out;
  const auto add_hold = [](void* arg, const oc_ledger_hold* h) { static_cast<Found*>(arg)->holds.push_back(*h); };
  const auto add_entry = [](void* arg, const Entry* e) { static_cast<Found*>(arg)->entries.push_back(*e); };
  const oc_status status =
      ask([&](const ledger::Backend& b) { return b.table->find(b.instance, id, add_hold, add_entry, &out); });
  if (status < 0 && status != OC_E_NOT_FOUND) return refused(status, "question");
  return out;
}

Result<std::vector<Sum>> Books::trial_balance(std::int64_t at_unix_ms) {
  if (!engine_) return no_ledger();
  std::vector<Sum> out;
  const auto add = [](void* arg, const Sum* s) { static_cast<std::vector<Sum>*>(arg)->push_back(*s); };
  const oc_status status =
      ask_aside([&](const ledger::Backend& b) { return b.table->trial_balance(b.instance, at_unix_ms, add, &out); });
  if (status < 0) return refused(status, "question");
  std::sort(out.begin(), out.end(), [](const Sum& a, const Sum& b) {
    return a.code != b.code ? a.code < b.code : a.owner < b.owner;
  });
  return out;
}

Result<oc_ledger_open> Books::open() {
  if (!engine_) return no_ledger();
  oc_ledger_open out{};
  out.struct_size = sizeof out;
  const oc_status status = ask([&](const ledger::Backend& b) { return b.table->open(b.instance, &out); });
  if (status < 0) return refused(status, "question");
  return out;
}

Result<Verdict> Books::verify() {
  if (!engine_) return no_ledger();
  Verdict verdict;
  const auto add = [](void* arg, const oc_ledger_problem* p) {
    static_cast<Verdict*>(arg)->breaches.push_back({std::string(view(p->invariant)), std::string(view(p->detail))});
  };
  const oc_status status =
      ask_aside([&](const ledger::Backend& b) { return b.table->verify(b.instance, add, &verdict, &verdict.transfers); });
  if (status < 0) return refused(status, "verification");
  return verdict;
}

Result<std::vector<Link>> Books::links(const std::vector<std::uint64_t>& first_seqs) {
  if (!engine_) return no_ledger();
  std::vector<Link> out;
  const auto add = [](void* arg, const oc_ledger_link* l) {
    Link& link = static_cast<std::vector<Link>*>(arg)->emplace_back(Link{l->node, l->n, l->first_seq, l->last_seq, l->unix_ms, {}});
    if (l->sha256.len == link.sha256.size()) std::copy_n(l->sha256.ptr, l->sha256.len, link.sha256.begin());
  };
  const oc_status status = ask([&](const ledger::Backend& b) -> oc_status {
    if (b.table->links == nullptr) return OC_E_UNSUPPORTED;
    return b.table->links(b.instance, first_seqs.data(), first_seqs.size(), add, &out);
  });
  if (status == OC_E_UNSUPPORTED) return Error(status, "this ledger keeps no chain of its postings", "unsupported");
  if (status < 0) return refused(status, "question");
  return out;
}

bool is_charge(const Entry& e) noexcept { return e.kind == OC_LOP_SETTLE || e.kind == OC_LOP_LEASE_SETTLE; }

oc_id128 request_of(const Entry& e) noexcept {
  const bool names_it = (e.kind == OC_LOP_SETTLE || e.kind == OC_LOP_REFUND) && (e.ref.hi != 0 || e.ref.lo != 0);
  return names_it ? e.ref : e.id;
}

std::int64_t effect_on(const Entry& e, std::uint64_t account) noexcept {
  const std::int64_t parts = e.wallet_part + e.promo_part + e.debt_part;
  switch (e.kind) {
    case OC_LOP_DEPOSIT:
    case OC_LOP_GRANT:
    case OC_LOP_REFUND: return parts;
    case OC_LOP_TRANSFER: return e.account == account ? -e.amount : parts;
    default: return -parts;
  }
}

}  // namespace onechat::control
