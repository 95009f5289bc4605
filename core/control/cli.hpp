// The commands that talk to a running gateway, and `check`. Exit codes: 0 done, 1 refused or failed, 2 bad usage or
// configuration. Human tables on `out`, or with --json one JSON document; what went wrong on `err`.
#pragma once
#include <ostream>
#include <string>
#include <vector>

namespace onechat::control {

// `args` without the program's name: {"key", "create", "--project", "p"}. Commands: project, key, deposit, balance,
// ledger, trace, prices. Anything else is bad usage.
int run_cli(std::vector<std::string> args, std::ostream& out, std::ostream& err);

// `1chat check`: {"--config", "config/1chat.yaml"}.
int run_check(std::vector<std::string> args, std::ostream& out, std::ostream& err);

// True for the first word of a command that run_cli knows.
bool is_cli_command(const std::string& word);

std::string cli_usage();  // the lines of these commands, for the program's own help

}  // namespace onechat::control
