// Any bytes as the configuration file: every problem is one line that points into the file and shows no secret; without
// problems, all names point somewhere and every plugin's settings are JSON.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "control/config_build.hpp"
#include "control/schema_check.hpp"
#include "json/json.hpp"

namespace {

using namespace onechat;
using namespace onechat::control;

constexpr std::string_view kSecret = "hunter2 \"'\\\n{}: &x *x";

void require(bool holds) {
  if (!holds) std::abort();
}

bool one_line(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7F; });
}

// Variables that begin with S are secret, E is set to nothing, the rest is missing.
std::optional<std::string> environment(const std::string& name) {
  if (name[0] == 'S') return std::string(kSecret);
  if (name[0] == 'E') return std::string();
  return std::nullopt;
}

void require_json(const std::string& text) {
  Arena arena;
  require(json::parse(arena, text) != nullptr);
}

void require_whole(const Config& config) {
  for (const auto* list : {&config.surfaces, &config.routers, &config.stages})
    for (const auto& use : *list) require_json(use.config_json);
  for (const auto& provider : config.providers) require_json(provider.config_json);
  require_json(with_file(config.store, "a\"b"));
  if (!config.ledger_none) require_json(with_file(config.ledger, "a\"b"));
  const auto named = [](const auto& list, const std::string& name) {
    return std::any_of(list.begin(), list.end(), [&](const auto& entry) { return entry.name == name; });
  };
  for (const auto& model : config.models)
    for (const auto& target : model.targets) require(named(config.providers, target.provider));
  require(std::count(config.pipeline.begin(), config.pipeline.end(), "call") == 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Schema schema(config_schema_json());
  const std::string text(reinterpret_cast<const char*>(data), size);
  const int lines =
      static_cast<int>(1 + std::count_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }));

  const bool says_itself = text.find("hunter") != std::string::npos;

  std::vector<Problem> problems;
  Config config;
  const auto root = read_yaml("f", text, environment, problems);
  if (root) {
    require_json(to_json(*root));
    schema.check(*root, "f", problems);
    if (root->is(YamlNode::Kind::object)) {
      build_config(*root, environment, config, problems);
      // No file of this machine is part of the test.
      config.price_file.clear();
      config.tls_certificate_file.clear();
      config.tls_key_file.clear();
      config.client.ca_file.clear();
      for (auto& provider : config.providers) provider.client.ca_file.clear();
      check_config(*root, config, problems);
    }
    hide_environment(*root, problems);
  }
  require(root.has_value() || !problems.empty());
  for (const Problem& problem : problems) {
    require(problem.line >= 0 && problem.line <= lines);
    require(!problem.text.empty() && one_line(to_string(problem)));
    if (!says_itself) require(problem.text.find("hunter2") == std::string::npos);
  }
  if (problems.empty() && root->is(YamlNode::Kind::object)) require_whole(config);
  return 0;
}
