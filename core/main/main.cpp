// The program: `1chat serve`, and commands that talk to a gateway that runs.
#include <iostream>
#include <string>
#include <vector>

#include "control/cli.hpp"
#include "main/migrate_backend.hpp"
#include "main/serve.hpp"
#include "plugin/library.hpp"

namespace {

constexpr const char* kUsage =
    "usage: 1chat COMMAND [options]\n"
    "\n"
    "  serve   --config FILE [--data DIR] [--listen ADDR:PORT] [--admin ADDR:PORT] [--workers N]\n"
    "  check   --config FILE                  validate a configuration; every problem with file:line\n"
    "  plugins [--config FILE] [--json]       what is loadable\n"
    "  ledger  migrate-backend --from CONFIG --to CONFIG   copy the books into another backend's empty ones\n"
    "  version\n"
    "\n"
    "To a running gateway (--admin-url URL, --data DIR, --json):\n"
    "  project create NAME | list | delete NAME\n"
    "  key     create --project NAME [--name S] [--limit-usd X] [--expires DATE] | list | revoke ID\n"
    "  deposit --project NAME --usd 25.00 --id UNIQUE\n"
    "  balance --project NAME\n"
    "  ledger  verify | statement --project NAME [--from --to]\n"
    "  trace   list | show ID | export\n"
    "  prices  list | import FILE | rerate --project NAME\n";

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.empty() || words[0] == "help" || words[0] == "--help" || words[0] == "-h") {
    (words.empty() ? std::cerr : std::cout) << kUsage;
    return words.empty() ? 2 : 0;
  }
  const std::vector<std::string> rest(words.begin() + 1, words.end());
  if (words[0] == "serve") return onechat::main::run_serve(rest);
  if (words[0] == "plugins") return onechat::main::run_plugins(rest);
  if (words[0] == "check") return onechat::control::run_check(rest, std::cout, std::cerr);
  if (words[0] == "ledger" && rest.size() > 0 && rest[0] == "migrate-backend")
    return onechat::main::run_migrate_backend({rest.begin() + 1, rest.end()}, std::cout, std::cerr);
  if (words[0] == "version" || words[0] == "--version") {
    std::cout << "1chat 0.9.0, plugin ABI " << onechat::plugin::abi_text(OC_ABI_VERSION) << "\n";
    return 0;
  }
  return onechat::control::run_cli(words, std::cout, std::cerr);
}
