// What the control plane asks of the ledger: money in and out of wallets, budgets, balances, statements, audits.
//
// Thread-safe; every call may block on the ledger's thread. Without a ledger (`ledger: none`) every call is
// OC_E_UNSUPPORTED. Amounts are nano-USD.
#pragma once
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "ledger/ledger_engine.hpp"

namespace onechat::control {

// What was done, or had been done before under the same id.
struct Posted {
  bool duplicate = false;
  std::int64_t available_nano = 0;  // of the wallet, after it
  std::int64_t shortfall_nano = 0;  // part of it that became debt
};

// Who pays money in, or gets it out. A payment provider's event id is its own, whatever wallet it is for; without a
// provider the id is the wallet's.
struct Payment {
  std::uint64_t account = 0;
  std::int64_t nano = 0;
  std::string id, provider;
};

struct GrantWish {
  std::uint64_t account = 0;
  std::int64_t nano = 0;
  std::string id;
  std::uint32_t priority = 0;        // lowest is spent first
  std::int64_t expires_unix_ms = 0;  // 0: never
};

struct TermsWish {  // what is not set stays as it is
  std::optional<std::int64_t> overdraft_nano, debt_limit_nano;
  std::optional<bool> frozen;
};

struct RefundWish {
  oc_id128 request{};
  std::optional<std::int64_t> nano;  // not set: all that was not given back yet
  std::string id;                    // tells several refunds of one request apart; may be empty
  bool provider_refunds = false;     // the provider gives its part back; else we bear it
};

struct Refunded : Posted {
  std::uint64_t account = 0;
  std::int64_t nano = 0;
};

using Balance = oc_ledger_balance;
using Entry = oc_ledger_entry;
using Sum = oc_ledger_sum;

struct Budget {
  std::uint32_t scope = 0, period = 0, action = 0;  // OC_SCOPE_*, OC_WINDOW_*, OC_BUDGET_*
  std::uint64_t account = 0, scope_id = 0;
  std::int64_t limit_nano = 0;
  std::string time_zone;
  std::int64_t spent_nano = 0, held_nano = 0, begin_unix_ms = 0, end_unix_ms = 0;  // out: the current window
};

struct Found {  // everything the ledger knows under an id
  std::vector<oc_ledger_hold> holds;
  std::vector<Entry> entries;
};

struct Link {  // of a node's chain of postings: its hash covers all that the node had posted until then
  std::uint64_t node = 0, n = 0, first_seq = 0, last_seq = 0;
  std::int64_t unix_ms = 0;
  Sha256 sha256{};
};

struct Verdict {
  std::uint64_t transfers = 0;
  struct Breach {
    std::string invariant, detail;
  };
  std::vector<Breach> breaches;  // empty: every invariant holds
};

// Runs a long question beside the ledger's thread, on the calling one, so that commits go on meanwhile. False: that cannot
// be had now, and the question was not asked.
using AskAside = std::function<bool(const std::function<void(const ledger::Backend&)>&)>;

class Books {
 public:
  // Without `aside`, entries(), verify(), trial_balance() and put_budget() keep the ledger's thread while they run.
  explicit Books(ledger::LedgerEngine* engine, AskAside aside = {}) : engine_(engine), aside_(std::move(aside)) {}

  // Each happens once: the same id with another body is OC_E_CONFLICT.
  Result<Posted> deposit(const Payment& payment);
  Result<Posted> withdraw(const Payment& payment, bool chargeback);
  Result<Posted> transfer(std::uint64_t from, std::uint64_t to, std::int64_t nano, const std::string& id);
  Result<Posted> grant(const GrantWish& wish);
  Result<Posted> set_terms(std::uint64_t account, const TermsWish& wish);
  Result<Refunded> refund(const RefundWish& wish);

  // A negative limit removes it. `begin_unix_ms` not 0: nothing was reserved in its scope before.
  Result<void> put_budget(const Budget& budget);
  Result<std::vector<Budget>> budgets(std::uint64_t account);  // account 0: all

  Result<Balance> balance(std::uint64_t account);  // zeros for a wallet that was never funded
  // Oldest first; [from, to) in Unix ms.
  Result<std::vector<Entry>> entries(std::uint64_t account, std::int64_t from, std::int64_t to);
  Result<Found> find(oc_id128 id);
  Result<std::vector<Sum>> trial_balance(std::int64_t at_unix_ms);  // of all postings before it
  Result<oc_ledger_open> open();
  Result<Verdict> verify();
  // The links of the chains that begin at those transfers, as far as there are any; none: each node's last one.
  // OC_E_UNSUPPORTED when the ledger keeps no chain.
  Result<std::vector<Link>> links(const std::vector<std::uint64_t>& first_seqs = {});

  ledger::LedgerEngine* engine() const noexcept { return engine_; }

 private:
  Result<Posted> post(const oc_ledger_op& op, const char* what);
  oc_status ask(const std::function<oc_status(const ledger::Backend&)>& question);
  // Sees what was posted before, as ask() does.
  oc_status ask_aside(const std::function<oc_status(const ledger::Backend&)>& question);
  oc_ledger_spent count_ahead(const oc_ledger_budget& budget);

  ledger::LedgerEngine* engine_;
  std::mutex terms_;  // a change of terms reads what it does not change
  AskAside aside_;
};

bool is_charge(const Entry& entry) noexcept;
// The request that a charge or a refund is for.
oc_id128 request_of(const Entry& entry) noexcept;

// What an entry did to the wallet `account`: what it has, with its grants and less its debt.
std::int64_t effect_on(const Entry& entry, std::uint64_t account) noexcept;

}  // namespace onechat::control
