#include "control/config.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "control/config_build.hpp"
#include "control/schema_check.hpp"
#include "json/json.hpp"

namespace onechat::control {
namespace {

bool read_file(const std::string& file, std::string& out) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return false;
  out.resize(kYamlBytesMax + 1);
  in.read(out.data(), static_cast<std::streamsize>(out.size()));
  out.resize(static_cast<std::size_t>(in.gcount()));
  return !in.bad();
}

void sort_by_line(std::vector<Problem>& problems) {
  std::stable_sort(problems.begin(), problems.end(), [](const auto& a, const auto& b) { return a.line < b.line; });
}

}  // namespace

std::vector<Problem> load_config(const std::string& file, Config& out) {
  return load_config(file, out, process_environment());
}

std::vector<Problem> load_config(const std::string& file, Config& out, const Environment& env) {
  std::vector<Problem> problems;
  std::string text;
  if (!read_file(file, text)) return {{file, 0, "cannot be read"}};
  const auto root = read_yaml(file, text, env, problems);
  if (!root) return problems;
  Schema(config_schema_json()).check(*root, file, problems);
  Config config;
  config.file = file;
  if (root->is(YamlNode::Kind::object)) {
    build_config(*root, env, config, problems);
    check_config(*root, config, problems);
  }
  hide_environment(*root, problems);
  sort_by_line(problems);
  if (problems.empty()) out = std::move(config);
  return problems;
}

std::string with_file(const PluginUse& use, const std::string& file) {
  Arena arena;
  const oc_json* settings = json::parse(arena, use.config_json);
  if (!settings || settings->type != OC_JSON_OBJECT || json::get(settings, "file")) return use.config_json;
  std::string out = "{\"file\":";
  json::append_string(out, file);
  if (settings->first) out += ',';
  return out + use.config_json.substr(1);
}

std::vector<std::string> secrets_of(const Config& config) {
  std::vector<std::string> out;
  const auto take = [&](const PluginUse& use) { out.insert(out.end(), use.secrets.begin(), use.secrets.end()); };
  for (const auto& p : config.providers) take(p);
  for (const auto* list : {&config.surfaces, &config.routers, &config.stages})
    for (const auto& p : *list) take(p);
  take(config.ledger);
  take(config.store);
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) {  // longest first: one may contain another
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace onechat::control
