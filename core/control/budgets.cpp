#include "control/budgets.hpp"

#include "admission/spend_scope.hpp"

namespace onechat::control {
namespace {

constexpr std::size_t kNameMax = 200;

Error invalid(const std::string& message, const std::string& param) {
  return Error(OC_E_INVALID, message, "invalid_request", param);
}

const char* name_space(std::uint32_t scope) { return scope == OC_SCOPE_USER ? "budget_user" : "budget_group"; }

bool has_name_of_its_own(std::uint32_t scope) { return scope == OC_SCOPE_USER || scope == OC_SCOPE_GROUP; }

bool same(const Budget& a, const Budget& b) {
  return a.account == b.account && a.scope == b.scope && a.scope_id == b.scope_id && a.period == b.period;
}

Result<std::uint64_t> number(std::uint64_t n) { return Result<std::uint64_t>(boost::system::in_place_value, n); }

}  // namespace

Result<std::uint64_t> Budgets::scope_id(const BudgetWish& wish, const Wallet& wallet, std::uint32_t scope) {
  switch (scope) {
    case OC_SCOPE_ORG:
      if (!wish.id.empty()) return invalid("scope 'org' is the whole wallet and takes no id", "id");
      return number(wallet.account);
    case OC_SCOPE_PROJECT: {
      if (wish.id.empty() && wallet.project_id == 0) return invalid("which project? 'id' is missing", "id");
      if (wish.id.empty()) return number(wallet.project_id);
      const auto p = directory_.project(wish.id);
      if (!p) return p.error();
      if (p->account() != wallet.account) return invalid("project '" + wish.id + "' draws from another wallet", "id");
      return number(p->id);
    }
    case OC_SCOPE_KEY: {
      for (const auto& key : directory_.keys("")) {
        if (key.id != wish.id) continue;
        const auto p = directory_.project(key.project);
        if (!p || p->account() != wallet.account) return invalid("the key draws from another wallet", "id");
        return number(key.number);
      }
      return Error(OC_E_NOT_FOUND, "there is no key '" + wish.id.substr(0, 60) + "'", "not_found", "id");
    }
    default:
      if (wish.id.empty() || wish.id.size() > kNameMax) return invalid("'id' must be 1 to 200 bytes", "id");
      return number(scope == OC_SCOPE_USER ? admission::user_number(wish.id) : admission::group_number(wish.id));
  }
}

Result<Budget> Budgets::resolve(const BudgetWish& wish) {
  const auto wallet = find_wallet(directory_, wish.project, wish.org);
  if (!wallet) return wallet.error();
  const auto scope = admission::scope_of(!wish.scope.empty() ? wish.scope : wish.project.empty() ? "org" : "project");
  if (!scope) return invalid("'scope' must be org, project, key, user or group", "scope");
  const auto period = admission::period_of(wish.period);
  if (!period) return invalid("'period' must be hour, day, week, month or total", "period");
  if (!wish.action.empty() && wish.action != "refuse" && wish.action != "report")
    return invalid("'action' must be refuse or report", "action");
  if (wish.limit_nano < 0)
    return Error(OC_E_INVALID, "'limit_usd' must not be negative", "invalid_amount", "limit_usd");
  const auto id = scope_id(wish, *wallet, *scope);
  if (!id) return id.error();
  Budget out;
  out.scope = *scope;
  out.period = *period;
  out.action = wish.action == "report" ? OC_BUDGET_REPORT : OC_BUDGET_REFUSE;
  out.account = wallet->account;
  out.scope_id = *id;
  out.limit_nano = wish.limit_nano;
  out.time_zone = wish.time_zone;
  return out;
}

Result<NamedBudget> Budgets::set(const BudgetWish& wish) {
  const auto budget = resolve(wish);
  if (!budget) return budget.error();
  if (const auto noted = remember(*budget, wish.id); !noted) return noted.error();
  if (const auto put = books_.put_budget(*budget); !put) return put.error();
  if (const auto noted = note_key_limit(*budget, budget->limit_nano); !noted) return noted.error();
  return find(*budget);
}

Result<NamedBudget> Budgets::remove(const BudgetWish& wish) {
  BudgetWish any = wish;
  any.limit_nano = 0;
  const auto budget = resolve(any);
  if (!budget) return budget.error();
  auto found = find(*budget);
  if (!found) return found.error();
  Budget gone = found->budget;
  gone.limit_nano = -1;
  if (const auto put = books_.put_budget(gone); !put) return put.error();
  if (const auto noted = note_key_limit(gone, std::nullopt); !noted) return noted.error();
  return found;
}

Result<std::vector<NamedBudget>> Budgets::list(const Wallet& wallet) {
  auto all = books_.budgets(wallet.account);
  if (!all) return all.error();
  std::vector<NamedBudget> out;
  for (auto& budget : *all) {
    std::string name = name_of(budget);
    out.push_back({std::move(budget), std::move(name)});
  }
  return out;
}

Result<void> Budgets::limit_new_key(std::uint64_t account, const admission::KeyRecord& key, std::int64_t nano) {
  Budget budget;
  budget.scope = OC_SCOPE_KEY;
  budget.period = OC_WINDOW_TOTAL;
  budget.account = account;
  budget.scope_id = key.number;
  budget.begin_unix_ms = key.created_unix_ms;  // or a large wallet's whole history would be summed up
  budget.limit_nano = nano;
  return books_.put_budget(budget);
}

Result<NamedBudget> Budgets::find(const Budget& budget) {
  const auto all = books_.budgets(budget.account);
  if (!all) return all.error();
  for (const auto& b : *all)
    if (same(b, budget)) return NamedBudget{b, name_of(b)};
  return Error(OC_E_NOT_FOUND, "there is no such budget", "not_found");
}

Result<void> Budgets::remember(const Budget& budget, const std::string& name) {
  if (!has_name_of_its_own(budget.scope)) return {};
  const auto put = store_.put(name_space(budget.scope), std::to_string(budget.scope_id), name);
  if (!put) return put.error();
  return {};
}

std::string Budgets::name_of(const Budget& budget) {
  if (budget.scope == OC_SCOPE_ORG) return {};
  if (budget.scope == OC_SCOPE_PROJECT)
    for (const auto& p : directory_.projects())
      if (p.id == budget.scope_id) return p.name;
  if (budget.scope == OC_SCOPE_KEY)
    for (const auto& k : directory_.keys(""))
      if (k.number == budget.scope_id) return k.id;
  if (has_name_of_its_own(budget.scope))
    if (const auto name = store_.get(name_space(budget.scope), std::to_string(budget.scope_id))) return name->value;
  return std::to_string(budget.scope_id);
}

// A key's lifetime limit is shown with the key.
Result<void> Budgets::note_key_limit(const Budget& budget, std::optional<std::int64_t> nano) {
  if (budget.scope != OC_SCOPE_KEY || budget.period != OC_WINDOW_TOTAL) return {};
  return directory_.note_key_limit(budget.scope_id, nano);
}

}  // namespace onechat::control
