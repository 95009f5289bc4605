#include "plugin/manifest.hpp"

#include <onechat/plugin.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>

#include "json/json.hpp"

namespace onechat::plugin {
namespace {

constexpr std::size_t kManifestBytesMax = 64 * 1024;
constexpr std::array<std::string_view, 9> kKinds{"",      "surface", "provider", "router",  "ledger",
                                                 "store", "stage",   "exporter", "grader"};
constexpr std::array<std::string_view, 13> kMembers{"$schema", "manifest", "id",       "version", "library",  "sha256",  "abi",
                                                    "kinds",   "needs",    "license", "vendor",  "build_id", "summary"};

Error refuse(const std::filesystem::path& file, const std::string& why) {
  return Error(OC_E_CONFIG, "plugin manifest " + file.string() + ": " + why);
}

bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < ' ' || c == 0x7F; }
bool one_line(std::string_view text) noexcept { return std::none_of(text.begin(), text.end(), is_control); }

// A word of the file's as a message shows it.
std::string shown(std::string_view word) {
  constexpr std::size_t kShownMax = 60;
  std::string out(word.substr(0, kShownMax));
  std::replace_if(out.begin(), out.end(), is_control, '?');
  return out;
}

bool parse_abi(std::string_view text, std::uint32_t& out) {
  std::uint32_t major = 0, minor = 0;
  const char* end = text.data() + text.size();
  const auto [dot, e1] = std::from_chars(text.data(), end, major);
  if (e1 != std::errc() || dot == end || *dot != '.') return false;
  const auto [rest, e2] = std::from_chars(dot + 1, end, minor);
  if (e2 != std::errc() || rest != end || major > 0xffff || minor > 0xffff) return false;
  out = major << 16 | minor;
  return true;
}

}  // namespace

std::uint32_t kind_from_name(std::string_view name) noexcept {
  for (std::uint32_t k = 1; k < kKinds.size(); ++k)
    if (kKinds[k] == name) return k;
  return 0;
}

std::string_view kind_name(std::uint32_t kind) noexcept { return kind < kKinds.size() ? kKinds[kind] : ""; }

Result<Manifest> read_manifest(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return refuse(file, "cannot be read; check the path and its permissions");
  std::string text(kManifestBytesMax + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return parse_manifest(std::filesystem::absolute(file), text);
}

Result<Manifest> parse_manifest(const std::filesystem::path& file, std::string_view text) {
  if (text.size() > kManifestBytesMax) return refuse(file, "is larger than 64 KiB; it should be a few lines of JSON");

  Arena arena;
  json::ParseError error;
  const oc_json* doc = json::parse(arena, text, &error);
  if (doc == nullptr || doc->type != OC_JSON_OBJECT)
    return refuse(file, "is not a JSON object (at byte " + std::to_string(error.offset) + "); correct the JSON");
  for (const oc_json* m = doc->first; m != nullptr; m = m->next) {
    bool known = false;
    for (auto name : kMembers) known = known || name == m->key;
    if (!known) return refuse(file, "has an unknown member '" + shown(m->key) + "'; remove it or correct its name");
  }
  if (json::integer(json::get(doc, "manifest"), 0) != 1) return refuse(file, "member 'manifest' must be 1, the format's number");

  Manifest out;
  out.file = file;
  const auto text_member = [&](const oc_json* of, std::string_view name) {
    const oc_json* m = json::get(of, name);
    return m != nullptr && m->type == OC_JSON_STRING ? std::string(m->text) : std::string();
  };
  out.id = text_member(doc, "id");
  out.version = text_member(doc, "version");
  out.license = text_member(doc, "license");
  out.sha256 = text_member(doc, "sha256");
  const std::string library = text_member(doc, "library");
  if (out.id.empty()) return refuse(file, "member 'id' is missing; give the plugin's id as a string");
  if (out.version.empty()) return refuse(file, "member 'version' is missing; give the plugin's version as a string");
  if (library.empty() || library.find('/') != std::string::npos || library == "." || library == "..")
    return refuse(file, "member 'library' must be a file name beside the manifest, without a folder");
  using Said = std::pair<const char*, std::string_view>;
  for (const auto& [name, value] : {Said("id", out.id), Said("version", out.version), Said("library", library)})
    if (!one_line(value))
      return refuse(file, "member '" + std::string(name) + "' has control characters; write it in plain text");
  out.library = out.file.parent_path() / library;

  const oc_json* abi = json::get(doc, "abi");
  if (!parse_abi(text_member(abi, "built_for"), out.built_for))
    return refuse(file, "member 'abi.built_for' must be MAJOR.MINOR, e.g. \"0.9\"");
  if (!parse_abi(text_member(abi, "min_host"), out.min_host))
    return refuse(file, "member 'abi.min_host' must be MAJOR.MINOR, e.g. \"0.9\"");
  const oc_json* kinds = json::get(doc, "kinds");
  for (const oc_json* k = kinds != nullptr && kinds->type == OC_JSON_ARRAY ? kinds->first : nullptr; k; k = k->next) {
    const std::uint32_t kind = kind_from_name(k->text);
    if (kind == 0) return refuse(file, "member 'kinds' names the unknown kind '" + shown(k->text) + "'");
    out.kinds.push_back(kind);
  }
  if (out.kinds.empty()) return refuse(file, "member 'kinds' must list at least one kind, e.g. [\"provider\"]");
  return out;
}

}  // namespace onechat::plugin
