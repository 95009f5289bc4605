// Recomputes the ledger's invariants from its transfers and open holds, reading only.
#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "database.hpp"

namespace onechat::ledger_sqlite {

using Report = std::function<void(const std::string& invariant, const std::string& detail)>;

// Calls `report` for each breach, at most kBreachesMax times. Returns the number of transfers read.
inline constexpr std::uint64_t kBreachesMax = 1000;
std::uint64_t verify(Database& db, const Report& report);

}  // namespace onechat::ledger_sqlite
