// One loaded plugin library: checked entry, module and components, in the host's own copies.
//
// Whatever a plugin's tables look like, the host reads only its own zeroed, full-size copies, made within the size that
// the plugin stated. A library stays mapped until the process ends.
#pragma once
#include <onechat/plugin.h>

#include <boost/dll/shared_library.hpp>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plugin/manifest.hpp"

namespace onechat::plugin {

inline constexpr std::uint32_t kStructBytesMax = 64 * 1024;

// A struct of the other side in this host's layout: the common part, the rest zero. False when its size is absurd.
template <class T>
bool normalise(const T* from, T& to, std::uint32_t bytes_min = 8) noexcept {
  std::memset(static_cast<void*>(&to), 0, sizeof to);
  if (from == nullptr) return false;
  std::uint32_t size = 0;
  std::memcpy(&size, from, sizeof size);
  if (size < bytes_min || size > kStructBytesMax) return false;
  std::memcpy(static_cast<void*>(&to), from, size < sizeof to ? size : sizeof to);
  return true;
}

struct Component {
  const oc_component* original = nullptr;  // what create() is given
  oc_component facts{};
  std::string id, version, summary;
};

class Library {
 public:
  // Checks hash and ABI range, maps the library (RTLD_NOW | RTLD_LOCAL), calls its entry and checks what it says.
  // Errors: OC_E_CONFIG; one line: plugin, what is wrong, what to do.
  static Result<std::shared_ptr<const Library>> load(const Manifest& manifest);
  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  const Manifest& manifest() const noexcept { return manifest_; }
  std::uint32_t abi_version() const noexcept { return module_.abi_version; }
  const std::vector<Component>& components() const noexcept { return components_; }
  const Component* find(std::uint32_t kind) const noexcept;

 private:
  explicit Library(Manifest manifest) : manifest_(std::move(manifest)) {}
  Result<void> map();
  Result<void> enter();
  Result<void> check_components();
  Result<void> check_table(const Component& c) const;
  Error refuse(const std::string& why) const;

  Manifest manifest_;
  boost::dll::shared_library library_;
  oc_module module_{};
  std::vector<Component> components_;
};

// The version range this host serves, for messages: "0.9".
std::string abi_text(std::uint32_t version);

}  // namespace onechat::plugin
