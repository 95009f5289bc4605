// The commands about money: deposits, grants, budgets, balances, and what the books say.
#pragma once
#include "control/cli_session.hpp"

namespace onechat::control {

std::vector<Command> ledger_commands();

}  // namespace onechat::control
