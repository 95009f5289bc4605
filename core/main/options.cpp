#include "main/options.hpp"

namespace onechat::main {

Result<Options> Options::parse(const std::vector<std::string>& words, const std::set<std::string>& valued,
                               const std::set<std::string>& flags) {
  Options out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (!word.starts_with("--")) return Error(OC_E_INVALID, "unexpected word '" + word + "'");
    std::string name = word.substr(2);
    std::optional<std::string> value;
    if (const auto eq = name.find('='); eq != std::string::npos) {
      value = name.substr(eq + 1);
      name.resize(eq);
    }
    if (flags.count(name) != 0 && !value) {
      out.flags_.insert(name);
      continue;
    }
    if (valued.count(name) == 0) return Error(OC_E_INVALID, "unknown option '" + word + "'");
    if (!value && i + 1 == words.size()) return Error(OC_E_INVALID, "option '" + word + "' needs a value");
    out.values_[name] = value ? *value : words[++i];
  }
  return out;
}

std::optional<std::string> Options::value(const std::string& name) const {
  const auto at = values_.find(name);
  return at == values_.end() ? std::nullopt : std::optional(at->second);
}

}  // namespace onechat::main
