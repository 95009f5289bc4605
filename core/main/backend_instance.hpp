// A ledger or a store made alive as the configuration says, outside of any event loop.
#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "control/config.hpp"
#include "plugin/instance.hpp"

namespace onechat::main {

// The settings for create(): a component that keeps a file, and is not told which, keeps `file`.
std::string backend_settings(const plugin::Component& component, const control::PluginUse& use,
                             const std::filesystem::path& file);

// `services` outlives the instance. Errors: OC_E_CONFIG, one line.
template <class Table>
Result<std::unique_ptr<plugin::Instance<Table>>> open_backend(plugin::Catalogue& catalogue, std::uint32_t kind,
                                                              const control::PluginUse& use,
                                                              const std::filesystem::path& file,
                                                              const plugin::LoopServices& services) {
  auto found = catalogue.find(kind, use.use);
  if (!found) return found.error();
  const std::string settings = backend_settings(*found->component, use, file);
  return plugin::Instance<Table>::make(*found, services, use.use, settings);
}

}  // namespace onechat::main
