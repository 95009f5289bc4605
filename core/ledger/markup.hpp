// What is added to the provider's price, as data: the most specific rule that fits a request wins.
//
//   project + model  >  project + provider  >  project  >  org  >  model  >  provider  >  default
//
// A model is named as clients ask for it; a last "*" matches any rest: an exact name goes first, then the longest pattern.
// Filled once, then immutable: any thread may read.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/string_map.hpp"

namespace onechat::ledger {

struct MarkupRule {
  std::string project, org, model, provider;  // "": any
  std::uint32_t bps = 0;                      // 10 % = 1000
};

class MarkupTable {
 public:
  explicit MarkupTable(std::uint32_t default_bps = 0) : default_bps_(default_bps) {}

  // Errors (OC_E_CONFIG): a combination that has no place in the order above; a rule for the same thing before it.
  Result<void> add(const MarkupRule& rule);
  // Errors (OC_E_CONFIG): the project belongs to another org.
  Result<void> add_to_org(const std::string& project, const std::string& org);

  std::uint32_t find(std::string_view project, std::string_view model, std::string_view provider) const;

 private:
  struct Scope {  // one project's rules, or everyone's
    std::optional<std::uint32_t> own;
    std::vector<std::pair<std::string, std::uint32_t>> models;  // in the order of their precedence
    StringMap<std::uint32_t> providers;
    std::optional<std::uint32_t> model(std::string_view name) const;
  };

  std::uint32_t default_bps_;
  Scope everyone_;
  StringMap<Scope> projects_;
  StringMap<std::uint32_t> orgs_;
  StringMap<std::string> org_of_;
};

}  // namespace onechat::ledger
