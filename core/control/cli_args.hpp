// Words of a command line, taken apart strictly: an option that is not known, given twice or without its value is an
// error.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace onechat::control {

struct CliArgs {
  std::vector<std::string> words;              // what is no option
  std::map<std::string, std::string> options;  // "--project" -> "p"; flags -> ""

  bool has(const std::string& name) const { return options.count(name) != 0; }
  std::string get(const std::string& name, std::string otherwise = {}) const {
    const auto found = options.find(name);
    return found == options.end() ? std::move(otherwise) : found->second;
  }
};

// "--name value" and "--name=value". OC_E_INVALID says what is wrong.
Result<CliArgs> parse_args(const std::vector<std::string>& args, const std::vector<std::string>& with_value,
                           const std::vector<std::string>& flags);

}  // namespace onechat::control
