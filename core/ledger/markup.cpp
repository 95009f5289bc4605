#include "ledger/markup.hpp"

#include <algorithm>

namespace onechat::ledger {
namespace {

bool is_pattern(std::string_view model) noexcept { return !model.empty() && model.back() == '*'; }

bool fits(std::string_view model, std::string_view name) noexcept {
  return is_pattern(model) ? name.substr(0, model.size() - 1) == model.substr(0, model.size() - 1) : model == name;
}

Error twice(const std::string& what) { return Error(OC_E_CONFIG, "a second markup for " + what); }

}  // namespace

Result<void> MarkupTable::add(const MarkupRule& rule) {
  const bool project = !rule.project.empty(), org = !rule.org.empty(), model = !rule.model.empty(),
             provider = !rule.provider.empty();
  if (project + org + model + provider == 0 || (model && provider) || (org && (project || model || provider)))
    return Error(OC_E_CONFIG,
                 "a markup is for a project, a project and a model, a project and a provider, an org, a model, or a "
                 "provider");
  if (org) {
    if (!orgs_.emplace(rule.org, rule.bps).second) return twice("org '" + rule.org + "'");
    return {};
  }
  Scope& scope = project ? projects_[rule.project] : everyone_;
  const std::string whose = project ? " of project '" + rule.project + "'" : "";
  if (provider) {
    if (!scope.providers.emplace(rule.provider, rule.bps).second)
      return twice("provider '" + rule.provider + "'" + whose);
    return {};
  }
  if (!model) {
    if (scope.own) return twice("project '" + rule.project + "'");
    scope.own = rule.bps;
    return {};
  }
  const auto before = [](const auto& a, const auto& b) {
    if (is_pattern(a.first) != is_pattern(b.first)) return is_pattern(b.first);
    return a.first.size() > b.first.size();
  };
  for (const auto& [name, bps] : scope.models)
    if (name == rule.model) return twice("model '" + rule.model + "'" + whose);
  scope.models.emplace_back(rule.model, rule.bps);
  std::stable_sort(scope.models.begin(), scope.models.end(), before);
  return {};
}

Result<void> MarkupTable::add_to_org(const std::string& project, const std::string& org) {
  const auto [it, added] = org_of_.emplace(project, org);
  if (!added && it->second != org)
    return Error(OC_E_CONFIG, "project '" + project + "' is in org '" + it->second + "' already");
  return {};
}

std::optional<std::uint32_t> MarkupTable::Scope::model(std::string_view name) const {
  for (const auto& [model, bps] : models)
    if (fits(model, name)) return bps;
  return std::nullopt;
}

std::uint32_t MarkupTable::find(std::string_view project, std::string_view model, std::string_view provider) const {
  const auto of = [](const auto& map, std::string_view name) {
    const auto it = map.find(name);
    return it == map.end() ? nullptr : &it->second;
  };
  if (const Scope* own = of(projects_, project)) {
    if (const auto bps = own->model(model)) return *bps;
    if (const auto* bps = of(own->providers, provider)) return *bps;
    if (own->own) return *own->own;
  }
  if (const std::string* org = of(org_of_, project))
    if (const auto* bps = of(orgs_, *org)) return *bps;
  if (const auto bps = everyone_.model(model)) return *bps;
  if (const auto* bps = of(everyone_.providers, provider)) return *bps;
  return default_bps_;
}

}  // namespace onechat::ledger
