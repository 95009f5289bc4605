// Spend limits by name: the ledger knows numbers, people know projects, keys, end users and groups of models.
//
// Thread-safe; every call may block on store or ledger. Names of end users and groups are remembered in the store
// (namespaces "budget_user" and "budget_group", key = number), so that a list can show them.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "control/books.hpp"
#include "control/wallet.hpp"

namespace onechat::control {

struct BudgetWish {
  std::string project, org;      // one of them: whose wallet
  std::string scope;             // "" is "project", for an organization "org"
  std::string id;                // of scope: a project's name, a key's id, an end user, a group; "" for the wallet's own
  std::string period = "total";  // hour, day, week, month, total
  std::string time_zone;         // IANA; "" is UTC
  std::string action;            // "refuse" (also ""), "report"
  std::int64_t limit_nano = 0;
};

struct NamedBudget {
  Budget budget;
  std::string id;  // as in BudgetWish; the number when no name is known
};

class Budgets {
 public:
  Budgets(Books& books, Directory& directory, record::StoreEngine& store)
      : books_(books), directory_(directory), store_(store) {}

  // Sets or replaces; the answer counts what was spent in its window before. OC_E_INVALID, OC_E_NOT_FOUND.
  Result<NamedBudget> set(const BudgetWish& wish);
  Result<NamedBudget> remove(const BudgetWish& wish);  // limit, zone and action do not matter. OC_E_NOT_FOUND
  Result<std::vector<NamedBudget>> list(const Wallet& wallet);
  // What a key may ever spend that nobody has used yet.
  Result<void> limit_new_key(std::uint64_t account, const admission::KeyRecord& key, std::int64_t nano);

 private:
  Result<Budget> resolve(const BudgetWish& wish);
  Result<std::uint64_t> scope_id(const BudgetWish& wish, const Wallet& wallet, std::uint32_t scope);
  Result<NamedBudget> find(const Budget& budget);
  Result<void> remember(const Budget& budget, const std::string& name);
  std::string name_of(const Budget& budget);
  Result<void> note_key_limit(const Budget& budget, std::optional<std::int64_t> nano);

  Books& books_;
  Directory& directory_;
  record::StoreEngine& store_;
};

}  // namespace onechat::control
