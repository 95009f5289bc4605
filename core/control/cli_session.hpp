// What a command of the command line is made of: its words, where it writes, and the gateway it speaks to.
#pragma once
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "control/admin_client.hpp"
#include "control/cli_args.hpp"
#include "json/json.hpp"

namespace onechat::control {

inline constexpr int kDone = 0, kFailed = 1, kBadUsage = 2;

struct Session {
  const CliArgs& args;
  std::ostream& out;
  std::ostream& err;
  bool json;

  std::string option(const std::string& name, std::string otherwise = {}) const {
    return args.get(name, std::move(otherwise));
  }
  int fail(const Error& e) const;
  Result<AdminClient> client() const;
};

struct Command {
  const char* group;
  const char* verb;  // "" for a command of one word
  const char* usage;
  std::size_t words;  // after group and verb
  std::vector<std::string> needed, optional;
  int (*run)(const Session&);
  std::vector<std::string> flags{};  // options without a value
  bool wallet = false;               // needs --project or --org, and not both
};

using Show = void (*)(std::ostream&, const oc_json*);

// Calls, prints what came (as it is with --json), and lets `exit_code` look at it.
int call_and_show(const Session& s, const std::string& method, const std::string& path, const AdminClient::Query& query,
                  const std::string& body, Show show, int (*exit_code)(const oc_json*) = nullptr);

// Copies a large answer to the output as it comes.
int download(const Session& s, const std::string& path, const AdminClient::Query& query);

std::string text_of(const oc_json* object, std::string_view name);

using Members = std::vector<std::pair<std::string, std::string>>;  // name in the body, option or value

// A JSON object of the options that were given; `flags` are true when they are.
std::string body_of(const Session& s, const Members& members, const Members& fixed = {}, const Members& flags = {});

}  // namespace onechat::control
