#include "gemini/model_name.hpp"

namespace onechat::gemini {
namespace {

constexpr std::string_view kModels = "models/", kFamily = "gemini-";

bool starts(std::string_view text, std::string_view with) { return text.substr(0, with.size()) == with; }
bool has(std::string_view text, std::string_view piece) { return text.find(piece) != std::string_view::npos; }

bool plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c == '~' || c == '@';
}

bool in_own_collection(std::string_view name) {
  for (const std::string_view collection : {"tunedModels/", "publishers/", "projects/", "endpoints/"})
    if (starts(name, collection)) return true;
  return false;
}

}  // namespace

std::string_view bare_model(std::string_view name) noexcept {
  if (starts(name, kModels)) return name.substr(kModels.size());
  const auto at = name.rfind("/models/");
  return at == std::string_view::npos ? name : name.substr(at + 1 + kModels.size());
}

std::string_view model_path(const oc::Call& call, std::string_view name, std::string_view verb) {
  if (name.empty() || has(name, "..")) return {};
  const bool own = in_own_collection(name);
  if (!own) name = bare_model(name);
  static constexpr char kHex[] = "0123456789ABCDEF";
  char* const escaped = static_cast<char*>(call.allocate(name.size() * 3, 1));
  std::size_t n = 0;
  for (const char c : name) {
    if (plain(c) || (c == '/' && own)) {
      escaped[n++] = c;
      continue;
    }
    escaped[n++] = '%';
    escaped[n++] = kHex[static_cast<unsigned char>(c) >> 4];
    escaped[n++] = kHex[static_cast<unsigned char>(c) & 15];
  }
  return call.concat({own ? "/" : "/models/", {escaped, n}, ":", verb});
}

bool is_third_generation(std::string_view name) noexcept {
  name = bare_model(name);
  if (!starts(name, kFamily)) return false;
  name.remove_prefix(kFamily.size());
  if (!name.empty() && name[0] >= '0' && name[0] <= '9')
    return name[0] >= '3' || (name.size() > 1 && name[1] >= '0' && name[1] <= '9');
  return has(name, "latest");  // gemini-flash-latest and its like
}

Thinking thinking_of(std::string_view name) noexcept {
  if (is_third_generation(name)) return Thinking::level;
  return starts(bare_model(name), "gemini-2.5") ? Thinking::budget : Thinking::none;
}

}  // namespace onechat::gemini
