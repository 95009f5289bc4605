// A YAML document as plain values that remember their line: what the configuration is validated and built from.
//
// Reading is bounded (bytes, depth, nodes; aliases count as what they copy), so that no file can exhaust the process.
// `${VAR}` and `${VAR:-default}` in scalars are replaced by the environment after parsing: a value can never add YAML.
// `$${` stands for a literal `${`.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/problem.hpp"

namespace onechat::control {

using Environment = std::function<std::optional<std::string>(const std::string& name)>;
Environment process_environment();

struct YamlMember;

struct YamlNode {
  enum class Kind { null, boolean, number, string, array, object };
  Kind kind = Kind::null;
  int line = 0;                          // 1-based
  std::string text;                      // of a scalar, after substitution; numbers as written ("0.10")
  std::vector<YamlNode> items;           // array
  std::vector<YamlMember> members;       // object, in file order; keys are unique
  std::vector<std::string> from_env;     // what the environment put into `text`
  std::vector<std::string> missing_env;  // variables that were not there and had no default

  const YamlNode* get(std::string_view key) const noexcept;
  bool is(Kind k) const noexcept { return kind == k; }
  // Its text may be shown: nothing of it came from the environment.
  bool printable() const noexcept { return from_env.empty() && missing_env.empty(); }
};

struct YamlMember {
  std::string key;
  int line = 0;
  YamlNode value;
};

inline constexpr std::size_t kYamlBytesMax = 2u << 20;
inline constexpr std::size_t kYamlNodesMax = 100'000;
inline constexpr std::size_t kYamlMembersMax = 10'000;  // keys of one mapping
inline constexpr std::size_t kYamlDepthMax = 32;

// nullopt when the text is no usable YAML; every problem is appended. `file` names it in problems.
std::optional<YamlNode> read_yaml(const std::string& file, const std::string& text, const Environment& env,
                                  std::vector<Problem>& problems);

// The value as JSON; numbers keep their text.
std::string to_json(const YamlNode& node);

}  // namespace onechat::control
