#include "main/backend_instance.hpp"

#include "json/json.hpp"

namespace onechat::main {

std::string backend_settings(const plugin::Component& component, const control::PluginUse& use,
                             const std::filesystem::path& file) {
  if (component.facts.config_schema_json == nullptr) return control::with_file(use, file.string());
  Arena arena;
  const oc_json* schema = json::parse(arena, component.facts.config_schema_json);
  const oc_json* properties = schema != nullptr ? json::get(schema, "properties") : nullptr;
  const bool keeps_file = properties != nullptr && json::get(properties, "file") != nullptr;
  return keeps_file ? control::with_file(use, file.string()) : use.config_json;
}

}  // namespace onechat::main
