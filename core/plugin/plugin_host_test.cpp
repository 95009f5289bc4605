#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "json/json.hpp"
#include "plugin/catalogue.hpp"
#include "plugin/instance.hpp"

namespace onechat::plugin {
namespace {

namespace fs = std::filesystem;

// Built plugins lie in the build tree that this test belongs to.
fs::path build_folder() { return fs::read_symlink("/proc/self/exe").parent_path().parent_path(); }

std::string read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Normalise, ReadsNoFurtherThanTheWriterSaid) {
  struct Small {
    std::uint32_t struct_size, kind;
  } small{8, 7};
  oc_component out;
  EXPECT_TRUE(normalise(reinterpret_cast<const oc_component*>(&small), out));
  EXPECT_EQ(out.kind, 7u);
  EXPECT_EQ(out.vtbl, nullptr);
  small.struct_size = 4;
  EXPECT_FALSE(normalise(reinterpret_cast<const oc_component*>(&small), out));
  small.struct_size = 1u << 30;
  EXPECT_FALSE(normalise(reinterpret_cast<const oc_component*>(&small), out));
  EXPECT_FALSE(normalise<oc_component>(nullptr, out));
}

TEST(Catalogue, ListsEveryPluginOfOursAsUsable) {
  const fs::path folder = build_folder() / "lib/1chat/plugins";
  if (!fs::exists(folder)) GTEST_SKIP() << "no plugins were built";
  Catalogue catalogue({folder});
  const auto listing = catalogue.list();
  EXPECT_FALSE(listing.empty());
  for (const Listing& l : listing) EXPECT_EQ(l.problem, "") << l.id;
}

TEST(Catalogue, AMissingPluginIsToldWithTheFoldersThatWereSearched) {
  Catalogue catalogue({"/nonexistent/plugins"});
  const auto found = catalogue.find(OC_KIND_PROVIDER, "acme");
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().message.find("'acme'"), std::string::npos) << found.error().message;
  EXPECT_NE(found.error().message.find("/nonexistent/plugins"), std::string::npos);
}

// Each way in which a plugin can be wrong is refused with one line that says which, why and what to do.
TEST(Catalogue, RefusesEveryBrokenPluginWithItsReason) {
  const fs::path folder = build_folder() / "tests/plugins";
  const std::string text = read(folder / "cases.json");
  if (text.empty()) GTEST_SKIP() << "the broken plugins were not built";
  Arena arena;
  const oc_json* doc = json::parse(arena, text);
  ASSERT_NE(doc, nullptr);
  const oc_json* cases = doc->type == OC_JSON_ARRAY ? doc : json::get(doc, "cases");
  ASSERT_NE(cases, nullptr);
  ASSERT_GT(cases->size, 0u);
  for (const oc_json* c = cases->first; c != nullptr; c = c->next) {
    const std::string name(json::get(c, "folder")->text);
    const std::string id(json::get(c, "id")->text);
    const oc_json* kind_text = json::get(c, "kind");
    const std::uint32_t kind = kind_text != nullptr ? kind_from_name(kind_text->text) : std::uint32_t(OC_KIND_PROVIDER);
    const oc_json* config = json::get(c, "config");
    SCOPED_TRACE(name);
    Catalogue catalogue({folder / name});
    auto found = catalogue.find(kind, id);
    std::string message = found ? "" : found.error().message;
    if (found) {
      LoopServices services;
      const std::string settings = config != nullptr ? std::string(config->raw) : "{}";
      auto made = Instance<oc_provider_codec>::make(*found, services, id, settings);
      if (!made) message = made.error().message;
    }
    const oc_json* words = json::get(c, "words");
    if (words == nullptr || words->size == 0) {
      EXPECT_EQ(message, "") << "this one is allowed";
      continue;
    }
    EXPECT_EQ(message.find('\n'), std::string::npos) << "one line: " << message;
    for (const oc_json* w = words->first; w != nullptr; w = w->next)
      EXPECT_NE(message.find(std::string(w->text)), std::string::npos) << "'" << w->text << "' in: " << message;
  }
}

}  // namespace
}  // namespace onechat::plugin
