// `1chat ledger migrate-backend`: copies the books of one ledger backend into the empty books of another, offline.
#pragma once
#include <ostream>
#include <string>
#include <vector>

namespace onechat::main {

// {"--from", CONFIG, "--to", CONFIG}: what `ledger:` of the two files says. Both ledgers are verified, and their rows
// and trial balances compared. Exit codes: 0 the books are the same, 1 they are not, or were not copied; 2 bad usage or
// configuration.
int run_migrate_backend(const std::vector<std::string>& args, std::ostream& out, std::ostream& err);

}  // namespace onechat::main
