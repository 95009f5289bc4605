#include "admission/spend_scope.hpp"

#include <array>

#include "base/ids.hpp"

namespace onechat::admission {
namespace {

struct ScopeWords {
  std::uint32_t scope;
  std::string_view name, what;
};
constexpr std::array kScopes{
    ScopeWords{OC_SCOPE_ORG, "org", "this organization"}, ScopeWords{OC_SCOPE_PROJECT, "project", "this project"},
    ScopeWords{OC_SCOPE_KEY, "key", "this API key"}, ScopeWords{OC_SCOPE_USER, "user", "this end user"},
    ScopeWords{OC_SCOPE_GROUP, "group", "this group of models"}};

struct PeriodWords {
  std::uint32_t period;
  std::string_view name, adjective, again;
};
constexpr std::array kPeriods{PeriodWords{OC_WINDOW_TOTAL, "total", "", ""},
                              PeriodWords{OC_WINDOW_HOUR, "hour", "hourly ", " It opens again with the next hour."},
                              PeriodWords{OC_WINDOW_DAY, "day", "daily ", " It opens again with the next day."},
                              PeriodWords{OC_WINDOW_WEEK, "week", "weekly ", " It opens again with the next week."},
                              PeriodWords{OC_WINDOW_MONTH, "month", "monthly ", " It opens again with the next month."}};

std::uint64_t number(std::string_view kind, std::string_view name) {
  const oc_id128 id = id_from_text(std::string(kind) + "/" + std::string(name));
  return id.lo == 0 ? 1 : id.lo;
}

}  // namespace

std::string_view scope_name(std::uint64_t scope) noexcept {
  for (const auto& s : kScopes)
    if (s.scope == scope) return s.name;
  return {};
}

std::optional<std::uint32_t> scope_of(std::string_view name) noexcept {
  for (const auto& s : kScopes)
    if (s.name == name) return s.scope;
  return std::nullopt;
}

std::string_view period_name(std::uint32_t period) noexcept {
  for (const auto& p : kPeriods)
    if (p.period == period) return p.name;
  return {};
}

std::optional<std::uint32_t> period_of(std::string_view name) noexcept {
  for (const auto& p : kPeriods)
    if (p.name == name) return p.period;
  return std::nullopt;
}

std::uint64_t user_number(std::string_view end_user) { return end_user.empty() ? 0 : number("user", end_user); }

std::uint32_t group_number(std::string_view group) {
  if (group.empty()) return 0;
  const auto cut = static_cast<std::uint32_t>(number("group", group));
  return cut == 0 ? 1 : cut;
}

std::string limit_refusal(std::uint64_t limit_scope) {
  std::string_view what = "this request", adjective, again;
  for (const auto& s : kScopes)
    if (s.scope == (limit_scope & 0xff)) what = s.what;
  for (const auto& p : kPeriods)
    if (p.period + 1 == (limit_scope >> 8)) adjective = p.adjective, again = p.again;
  return "The " + std::string(adjective) + "spend limit of " + std::string(what) + " is reached." + std::string(again);
}

}  // namespace onechat::admission
