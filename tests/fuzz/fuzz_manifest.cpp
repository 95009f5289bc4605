// Any bytes as a plugin's manifest: refused in one readable line, or a plugin of a known kind whose library lies beside
// it.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "plugin/manifest.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

bool one_line(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7F; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace onechat::plugin;
  const std::filesystem::path file = "/plugins/some.plugin.json";
  const auto manifest = parse_manifest(file, std::string_view(reinterpret_cast<const char*>(data), size));
  if (!manifest) {
    const std::string& why = manifest.error().message;
    require(why.find(file.string()) != std::string::npos && one_line(why) && why.size() < 1'000);
    return 0;
  }
  require(!manifest->id.empty() && !manifest->version.empty() && !manifest->kinds.empty());
  for (const auto kind : manifest->kinds) require(!kind_name(kind).empty());
  // Also as the loader sees it, which stops at a NUL.
  const std::filesystem::path library(manifest->library.c_str());
  require(library == manifest->library && library.parent_path() == file.parent_path() && library.has_filename());
  require(one_line(manifest->id) && one_line(manifest->version));
  return 0;
}
