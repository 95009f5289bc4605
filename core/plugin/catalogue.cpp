#include "plugin/catalogue.hpp"

#include <algorithm>

namespace onechat::plugin {
namespace {

constexpr std::string_view kSuffix = ".plugin.json";

std::string join(const std::vector<std::filesystem::path>& folders) {
  std::string out;
  for (const auto& f : folders) out += (out.empty() ? "" : ", ") + f.string();
  return out.empty() ? "none" : out;
}

}  // namespace

Catalogue::Catalogue(const std::vector<std::filesystem::path>& folders) : folders_(folders) {
  for (const auto& folder : folders) {
    std::error_code ec;
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::absolute(folder), ec))
      if (entry.path().filename().string().ends_with(kSuffix))
        entries_.push_back({entry.path(), read_manifest(entry.path())});
  }
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) { return a.file < b.file; });
}

Result<Found> Catalogue::find(std::uint32_t kind, std::string_view use) {
  const std::string short_id = std::string(kind_name(kind)) + "." + std::string(use);
  for (const auto& entry : entries_) {
    // A manifest that cannot be read is told by its file name, when that is what was asked for.
    if (!entry.manifest) {
      const std::string stem = entry.file.filename().string();
      if (stem == short_id + std::string(kSuffix) || stem == std::string(use) + std::string(kSuffix)) return entry.manifest.error();
      continue;
    }
    if (entry.manifest->id != use && entry.manifest->id != short_id) continue;
    auto library = load(*entry.manifest);
    if (!library) return library.error();
    const Component* component = (*library)->find(kind);
    if (component == nullptr)
      return Error(OC_E_CONFIG, "plugin '" + entry.manifest->id + "' is no " + std::string(kind_name(kind)) +
                                    "; use it where its kind belongs or name another");
    return Found{*library, component};
  }
  return Error(OC_E_CONFIG, "no " + std::string(kind_name(kind)) + " plugin '" + std::string(use) + "' in the plugin folders (" +
                                join(folders_) + "); install it there or correct the name (`1chat plugins` lists what is there)");
}

std::vector<Listing> Catalogue::list() {
  std::vector<Listing> out;
  for (const auto& entry : entries_) {
    if (!entry.manifest) {
      out.push_back({"?", "?", "?", "?", entry.file.string(), entry.manifest.error().message});
      continue;
    }
    const Manifest& m = *entry.manifest;
    auto library = load(m);
    for (auto kind : m.kinds)
      out.push_back({m.id, std::string(kind_name(kind)), m.version, abi_text(m.built_for), m.library.string(),
                     library ? "" : library.error().message});
  }
  return out;
}

Result<std::shared_ptr<const Library>> Catalogue::load(const Manifest& manifest) {
  const auto at = loaded_.find(manifest.file.string());
  if (at != loaded_.end()) return at->second;
  auto library = Library::load(manifest);
  loaded_.emplace(manifest.file.string(), library);
  return library;
}

}  // namespace onechat::plugin
