// A ledger backend on two pages, all in memory: every rule comes with the SDK, so what is left is storage.
//
// It forgets everything with its process and says so: without OC_LEDGER_CAP_DURABLE_ACK a gateway takes it for tests
// only. docs/writing-a-ledger.md goes on from here.
#include <onechat/ledger_verify.hpp>
#include <onechat/ledger_view.hpp>
#include <onechat/onechat.hpp>

#include <stdexcept>
#include <string>

#include "books.hpp"

namespace memory_ledger {
namespace {

class Ledger {
 public:
  Ledger(const oc_host* host, oc::Json) : host_(host) {}

  // One batch, whole or not at all: whatever throws halfway leaves books that nobody may trust any more.
  oc_status apply(const oc_ledger_op* ops, oc_ledger_result* results, std::uint64_t n) {
    if (broken_) return OC_E_UNAVAILABLE;
    broken_ = true;
    onechat::ledger_core::apply(books_, calendar_, ops, results, n, host_->unix_ms());
    broken_ = false;
    return OC_OK;
  }

  oc_ledger_balance balance(std::uint64_t owner) const {
    const Account wallet = account(kWallet, owner), owed = account(kReceivable, owner);
    std::vector<GrantAccount> grants;
    for (const auto& [number, grant] : books_.grants)
      if (grant.wallet == owner && grant.open) grants.push_back({grant, account(kGrant, number)});
    oc_ledger_balance b = balance_of(wallet, standing_of(wallet, owed, std::move(grants), host_->unix_ms()));
    for (const auto& [id, hold] : books_.holds)
      if (hold.scopes.account == owner && hold.kind == OC_LOP_LEASE) b.leased += hold.open_amount();
    for (const Transfer& t : books_.transfers) {
      const std::int64_t paid = t.wallet_part + t.debt_part + sum(t.grants);
      if (is_spending(t) && t.scopes.account == owner) b.spent += paid;
      if (t.kind == OC_LOP_REFUND && t.scopes.account == owner) b.spent -= paid;
      if (t.kind == OC_LOP_DEPOSIT && t.scopes.account == owner) b.deposited += t.amount;
    }
    return b;
  }

  oc_status statement(std::uint64_t owner, std::int64_t from_ms, std::int64_t to_ms, oc_ledger_entry_fn each, void* arg) {
    for (const Transfer& t : books_.transfers) {
      const bool of_owner = t.scopes.account == owner || (t.kind == OC_LOP_TRANSFER && t.counter == owner);
      if (of_owner && t.ts_ms >= from_ms && t.ts_ms < to_ms) tell(t, each, arg);
    }
    return OC_OK;
  }

  oc_status verify(oc_ledger_problem_fn each, void* arg, std::uint64_t* n_transfers) {
    Verifier::Options options;
    options.chained = false;  // this backend keeps no hash chain
    Verifier verifier(
        [&](const std::string& invariant, const std::string& detail) {
          const oc_ledger_problem p{sizeof p, 0, oc::str(invariant), oc::str(detail)};
          each(arg, &p);
        },
        {}, options);
    const auto add = [&](const auto& rows) {
      for (const auto& [key, row] : rows) verifier.add(row);
    };
    add(books_.accounts), add(books_.grants), add(books_.nodes), add(books_.budgets), add(books_.windows);
    add(books_.holds), add(books_.refunds), add(books_.tombstones);
    for (std::size_t i = 0; i < books_.transfers.size(); ++i) verifier.add(i + 1, books_.transfers[i]);
    *n_transfers = verifier.finish();
    return OC_OK;
  }

  oc_status open(oc_ledger_open* out) const {
    oc_ledger_open o{};
    for (const auto& [id, hold] : books_.holds) count_open(hold, o);
    return give(o, out);
  }

  oc_status put_budget(const oc_ledger_budget& b) {
    if (b.account == 0 || b.scope < OC_SCOPE_ORG || b.scope > OC_SCOPE_GROUP || b.scope_id == 0) return OC_E_INVALID;
    if (b.action > OC_BUDGET_REPORT || (b.scope == OC_SCOPE_ORG && b.scope_id != b.account)) return OC_E_INVALID;
    const std::string zone(oc::view(b.time_zone));
    Span now;
    const oc_status known = window(b.period, zone, host_->unix_ms(), now);
    if (known != OC_OK) return known;
    books_.put({{b.account, b.scope, b.scope_id}, b.period, b.action, b.limit_nano, zone}, now);
    return OC_OK;
  }

  oc_status budgets(std::uint64_t owner, oc_ledger_budget_fn each, void* arg) {
    for (const auto& [id, b] : books_.budgets) {
      if (owner != 0 && b.key.account != owner) continue;
      const Span now = calendar_(b.period, b.time_zone, host_->unix_ms());
      const WindowKey key{b.key, b.period, now.begin_ms};
      const auto row = books_.windows.find({id, now.begin_ms});
      const oc_ledger_budget out =
          budget_of(b, row != books_.windows.end() ? row->second : Window{key, now.end_ms, 0, 0});
      each(arg, &out);
    }
    return OC_OK;
  }

  oc_status find(const oc_id128& id, oc_ledger_hold_fn each_hold, oc_ledger_entry_fn each_entry, void* arg) {
    if (const auto open = books_.holds.find(key_of(id)); open != books_.holds.end()) {
      const oc_ledger_hold out = hold_of(open->second);
      each_hold(arg, &out);
    }
    if (const auto grave = books_.tombstones.find(key_of(id)); grave != books_.tombstones.end()) {
      const oc_ledger_hold out = hold_of(grave->second);
      each_hold(arg, &out);
    }
    for (const Transfer& t : books_.transfers)
      if (same_id(t.id, id) || same_id(t.ref, id)) tell(t, each_entry, arg);
    return OC_OK;
  }

  oc_status trial_balance(std::int64_t at_ms, oc_ledger_sum_fn each, void* arg) {
    TrialBalance sums;
    for (const Transfer& t : books_.transfers)
      if (t.ts_ms < at_ms) sums.add(t);
    sums.for_each([&](const oc_ledger_sum& s) { each(arg, &s); });
    return OC_OK;
  }

  // What the other side compiled may be shorter or longer than what we did.
  template <class T>
  static oc_status give(T value, T* out) {
    value.struct_size = out->struct_size;
    std::memcpy(static_cast<void*>(out), &value, std::min<std::size_t>(out->struct_size, sizeof value));
    return OC_OK;
  }

 private:
  oc_status window(std::uint32_t period, const std::string& zone, std::int64_t unix_ms, Span& out) const {
    return host_->calendar_window(host_->ctx, period, oc::str(zone), unix_ms, &out.begin_ms, &out.end_ms);
  }
  Account account(std::uint32_t code, std::uint64_t owner) const {
    const auto found = books_.accounts.find({code, owner});
    return found != books_.accounts.end() ? found->second : Account{{code, owner}};
  }
  static void tell(const Transfer& t, oc_ledger_entry_fn each, void* arg) {
    const oc_ledger_entry e = entry_of(t);
    each(arg, &e);
  }

  const oc_host* host_;
  Books books_;
  Calendar calendar_ = [this](std::uint32_t period, const std::string& zone, std::int64_t unix_ms) {
    Span span;
    if (window(period, zone, unix_ms, span) != OC_OK) throw std::runtime_error("no calendar for '" + zone + "'");
    return span;
  };
  bool broken_ = false;
};

// Runs a member of the instance behind `self`; nothing it throws leaves the plugin.
template <class F>
oc_status in(void* self, F&& f) noexcept {
  auto* box = static_cast<oc::detail::Box<Ledger>*>(self);
  return oc::guard(box->host, nullptr, [&] { return f(box->self); });
}

constexpr oc_ledger_backend kBackend = {
    sizeof(oc_ledger_backend), 1000,
    [](void* self, const oc_ledger_op* ops, oc_ledger_result* results, std::uint64_t n) {
      return in(self, [&](Ledger& l) { return l.apply(ops, results, n); });
    },
    [](void* self, std::uint64_t account, oc_ledger_balance* out) {
      return in(self, [&](Ledger& l) { return Ledger::give(l.balance(account), out); });
    },
    [](void* self, std::uint64_t account, std::int64_t from, std::int64_t to, oc_ledger_entry_fn each, void* arg) {
      return in(self, [&](Ledger& l) { return l.statement(account, from, to, each, arg); });
    },
    [](void* self, oc_ledger_problem_fn each, void* arg, std::uint64_t* n) {
      return in(self, [&](Ledger& l) { return l.verify(each, arg, n); });
    },
    [](void* self, oc_ledger_open* out) { return in(self, [&](Ledger& l) { return l.open(out); }); },
    [](void* self, const oc_ledger_budget* b) { return in(self, [&](Ledger& l) { return l.put_budget(*b); }); },
    [](void* self, std::uint64_t account, oc_ledger_budget_fn each, void* arg) {
      return in(self, [&](Ledger& l) { return l.budgets(account, each, arg); });
    },
    [](void* self, oc_id128 id, oc_ledger_hold_fn hold, oc_ledger_entry_fn entry, void* arg) {
      return in(self, [&](Ledger& l) { return l.find(id, hold, entry, arg); });
    },
    [](void* self, std::int64_t at_ms, oc_ledger_sum_fn each, void* arg) {
      return in(self, [&](Ledger& l) { return l.trial_balance(at_ms, each, arg); });
    },
    nullptr, nullptr};

constexpr oc_component kComponent = oc::detail::component<Ledger>(
    {"com.example.memory_ledger", "1.0.0", "Prepaid ledger that forgets with its process", nullptr, OC_LEDGER_CAP_LEASE},
    OC_KIND_LEDGER, &kBackend);

}  // namespace
}  // namespace memory_ledger

ONECHAT_MODULE("com.example.memory_ledger", "1.0.0", "Example", "Apache-2.0", &memory_ledger::kComponent)
