// The operations behind the admin API: what a person or a script may do to a running gateway.
//
// Made once by the process; the engines and the key table outlive it. Thread-safe; every call may block on store or
// ledger, so nothing here is for an event loop.
#pragma once
#include <functional>
#include <string>

#include "control/auditor.hpp"
#include "control/books.hpp"
#include "control/budgets.hpp"
#include "control/directory.hpp"
#include "control/metrics.hpp"
#include "control/rerate_report.hpp"
#include "ledger/price_book.hpp"

namespace onechat::control {

// What only the process knows. Called from the admin server's threads. An empty one answers "not available".
struct ControlHooks {
  std::function<std::string()> plugins_json;  // an array
  std::function<std::string()> prices_json;   // an array
  // Prices as the configuration has them now, with `book` (may be null: its own) for prices.file.
  std::function<PriceAt(std::shared_ptr<const ledger::PriceBook> book)> prices_at;
  std::function<Result<void>()> reload;       // reads the configuration again
  std::function<Result<void>()> ready;        // beside ledger and store: the error says what is missing
  AskAside ledger_aside;                      // for checks of the ledger; empty: its own thread does them
  std::function<void(MetricsText&)> metrics;  // adds what the data plane counts
};

struct ControlOptions {
  std::int64_t first_boot_credit_nano = 0;
  AuditPlan audit;  // of the ledger, in the background
};

struct Boot {
  bool first = false;  // the rest is set only then
  std::string project, api_key;
  std::int64_t credit_nano = 0;
};

class ControlPlane {
 public:
  // `ledger` is null with `ledger: none`.
  ControlPlane(record::StoreEngine& store, ledger::LedgerEngine* ledger, admission::KeyTable& table, const Clock& clock,
               ControlOptions options, ControlHooks hooks);

  // Loads projects and keys into the key table; on the first start makes project `default`, one key and its credit.
  // A start that was cut short is done again: the credit still comes once.
  Result<Boot> boot();

  Result<NewKey> create_key(const KeyWish& wish);
  Result<Balance> balance(const std::string& project);
  Result<Wallet> wallet(const std::string& project, const std::string& org) const {
    return find_wallet(directory_, project, org);
  }

  Result<void> ready() const;
  std::string metrics_text() const;

  Directory& directory() noexcept { return directory_; }
  Books& books() noexcept { return books_; }
  Budgets& budgets() noexcept { return budgets_; }
  Auditor& auditor() noexcept { return auditor_; }
  std::int64_t unix_ms() const noexcept { return clock_.unix_ms(); }
  record::StoreEngine& store() noexcept { return store_; }
  const ControlHooks& hooks() const noexcept { return hooks_; }

 private:
  Result<Boot> first_boot();

  record::StoreEngine& store_;
  const Clock& clock_;
  ControlOptions options_;
  ControlHooks hooks_;
  Directory directory_;
  Books books_;
  Budgets budgets_;
  Auditor auditor_;
  std::int64_t started_unix_ms_;
};

}  // namespace onechat::control
