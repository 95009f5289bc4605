// Words of a command line: --name value, --flag, and what is left.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace onechat::main {

class Options {
 public:
  // `valued` and `flags` without their dashes. Error: OC_E_INVALID, names the word that does not fit.
  static Result<Options> parse(const std::vector<std::string>& words, const std::set<std::string>& valued,
                               const std::set<std::string>& flags);
  std::optional<std::string> value(const std::string& name) const;
  bool flag(const std::string& name) const { return flags_.count(name) != 0; }

 private:
  std::map<std::string, std::string> values_;
  std::set<std::string> flags_;
};

}  // namespace onechat::main
