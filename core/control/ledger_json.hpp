// What the ledger's part of the admin API says, as JSON: names where people have given some, money as exact decimals.
#pragma once
#include <onechat/host.h>

#include <string>
#include <vector>

#include "control/books.hpp"
#include "control/budgets.hpp"

namespace onechat::control {

void write_balance(oc_jsonw& w, const Wallet& wallet, const Balance& b);
void write_posted(oc_jsonw& w, const Wallet& wallet, const std::string& id, std::int64_t nano, const Posted& posted);
void write_budget(oc_jsonw& w, const Wallet& wallet, const NamedBudget& b);
void write_verdict(oc_jsonw& w, const Verdict& v);
void write_breaches(oc_jsonw& w, const std::vector<Verdict::Breach>& breaches);  // the member "breaches"
void write_trial_balance(oc_jsonw& w, std::int64_t at_unix_ms, const std::vector<Sum>& sums,
                         const Directory& directory);

}  // namespace onechat::control
