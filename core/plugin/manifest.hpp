// What a plugin says of itself in NAME.plugin.json, read before any of its code is mapped.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace onechat::plugin {

// Kinds by their names in manifests and ids ("provider", ...); 0 / "" when unknown.
std::uint32_t kind_from_name(std::string_view name) noexcept;
std::string_view kind_name(std::uint32_t kind) noexcept;

struct Manifest {
  std::filesystem::path file;     // absolute
  std::filesystem::path library;  // absolute; beside the manifest, never elsewhere
  std::string id, version, license, sha256;
  std::uint32_t built_for = 0, min_host = 0;  // as OC_ABI_VERSION
  std::vector<std::uint32_t> kinds;           // OC_KIND_*
};

// Errors: OC_E_CONFIG; one line that names the file, the member and the fix.
Result<Manifest> read_manifest(const std::filesystem::path& file);
// The same for its text; `file` (absolute) names it and the folder of its library.
Result<Manifest> parse_manifest(const std::filesystem::path& file, std::string_view text);

}  // namespace onechat::plugin
