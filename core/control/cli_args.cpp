#include "control/cli_args.hpp"

#include <algorithm>

#include "control/problem.hpp"

namespace onechat::control {
namespace {

bool contains(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

}  // namespace

Result<CliArgs> parse_args(const std::vector<std::string>& args, const std::vector<std::string>& with_value,
                           const std::vector<std::string>& flags) {
  CliArgs out;
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (args[i].size() < 2 || args[i][0] != '-') {
      out.words.push_back(args[i]);
      continue;
    }
    const auto equals = args[i].find('=');
    const std::string name = args[i].substr(0, equals);
    if (out.has(name)) return Error(OC_E_INVALID, name + " is given twice");
    if (contains(flags, name)) {
      if (equals != std::string::npos) return Error(OC_E_INVALID, name + " takes no value");
      out.options[name] = "";
    } else if (!contains(with_value, name)) {
      std::vector<std::string> known = with_value;
      known.insert(known.end(), flags.begin(), flags.end());
      return Error(OC_E_INVALID, "unknown option " + name + did_you_mean(name, known));
    } else if (equals != std::string::npos) {
      out.options[name] = args[i].substr(equals + 1);
    } else if (i + 1 < args.size()) {
      out.options[name] = args[++i];
    } else {
      return Error(OC_E_INVALID, name + " needs a value");
    }
  }
  return out;
}

}  // namespace onechat::control
