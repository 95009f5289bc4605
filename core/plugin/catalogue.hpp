// The plugins that a configuration can name: manifests found in the given folders, libraries loaded on demand.
//
// Used by the control thread while a configuration is put together; read-only afterwards.
#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plugin/library.hpp"

namespace onechat::plugin {

struct Found {  // a component together with the library that keeps it alive
  std::shared_ptr<const Library> library;
  const Component* component = nullptr;
  explicit operator bool() const noexcept { return component != nullptr; }
};

struct Listing {  // for `1chat plugins`
  std::string id, kind, version, abi, path, problem;  // problem: "" when it is usable
};

class Catalogue {
 public:
  // Folders are scanned once, not below; an unreadable manifest is a listed problem, and an error only when it is used.
  explicit Catalogue(const std::vector<std::filesystem::path>& folders);

  // `use`: a short name ("openai_chat", looked up as "<kind>.<use>") or a full id. Loads the library on first use.
  // Errors: OC_E_CONFIG, one line with what to do.
  Result<Found> find(std::uint32_t kind, std::string_view use);
  // Every plugin, each loaded and checked.
  std::vector<Listing> list();

 private:
  struct Entry {
    std::filesystem::path file;
    Result<Manifest> manifest;
  };
  Result<std::shared_ptr<const Library>> load(const Manifest& manifest);

  std::vector<Entry> entries_;
  std::vector<std::filesystem::path> folders_;
  std::map<std::string, Result<std::shared_ptr<const Library>>> loaded_;  // by manifest path
};

}  // namespace onechat::plugin
