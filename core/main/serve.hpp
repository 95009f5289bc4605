// `1chat serve` and the other commands that work on a configuration file without a running gateway.
#pragma once
#include <string>
#include <vector>

namespace onechat::main {

// Exit codes: 0 ended by a signal after draining, 1 could not start, 2 bad usage or configuration.
int run_serve(const std::vector<std::string>& args);
// `1chat plugins [--config FILE] [--json]`: what is loadable: id, kind, version, ABI, path; exit 1 when one is not.
int run_plugins(const std::vector<std::string>& args);

}  // namespace onechat::main
