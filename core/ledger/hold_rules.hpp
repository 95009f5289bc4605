// How much of a wallet a request holds, and who bears what it cost beyond that: one set of rules for all, and others for
// the projects that the configuration names. Filled once, then immutable: any thread may read.
#pragma once
#include <onechat/ledger.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/string_map.hpp"

namespace onechat::ledger {

struct HoldRules {
  bool expected = false;                    // streams hold what answers of late have cost, and grow; else the worst case
  bool clip = true;                         // a request that the wallet does not cover may get a shorter answer ...
  std::uint64_t clip_floor_tokens = 256;    // ... but not shorter than this
  std::uint32_t overage = OC_OVERAGE_DEBT;  // OC_OVERAGE_*
};

class HoldTable {
 public:
  HoldRules usual;

  void set(const std::string& project, const HoldRules& rules) { projects_.insert_or_assign(project, rules); }
  const HoldRules& of(std::string_view project) const noexcept {
    const auto at = projects_.find(project);
    return at == projects_.end() ? usual : at->second;
  }
  const StringMap<HoldRules>& projects() const noexcept { return projects_; }  // those with rules of their own

 private:
  StringMap<HoldRules> projects_;
};

}  // namespace onechat::ledger
