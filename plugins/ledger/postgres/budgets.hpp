// Budgets: set while no batch runs, so that what was spent and is held is counted exactly once. Errors: ServerError,
// and what the calendar throws.
#pragma once
#include <functional>

#include "ledger.hpp"

namespace onechat::ledger_postgres {

// A negative limit removes the budget with its windows. Nothing was reserved in its scope before `unused_before_ms`.
// `counted` (may be null): as oc_ledger_budget::spent.
void put_budget(Ledger& ledger, const ledger_core::Budget& budget, std::int64_t unused_before_ms,
                const oc_ledger_spent* counted);
// Counts on from `spent`, or anew when that is of another window. Batches wait only until it knows where to stop.
void count_spent(Ledger& ledger, const ledger_core::Budget& budget, std::int64_t unused_before_ms,
                 oc_ledger_spent& spent);
// `account` 0: all. `window`: the current one, zeros when nothing counted in it yet.
void for_each_budget(Ledger& ledger, std::uint64_t account,
                     const std::function<void(const ledger_core::Budget&, const ledger_core::Window& window)>& each);

}  // namespace onechat::ledger_postgres
