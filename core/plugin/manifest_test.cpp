// Manifests as text: what is refused is told in one readable line.
#include "plugin/manifest.hpp"

#include <gtest/gtest.h>
#include <onechat/plugin.h>

namespace onechat::plugin {
namespace {

const std::filesystem::path kFile = "/plugins/p.plugin.json";

std::string with(const std::string& id, const std::string& library, const std::string& more = "") {
  return R"({"manifest":1,"id":")" + id + R"(","version":"1","library":")" + library +
         R"(","abi":{"built_for":"0.9","min_host":"0.9"},"kinds":["stage"])" + more + "}";
}
std::string refusal(const std::string& text) {
  const auto manifest = parse_manifest(kFile, text);
  return manifest ? "accepted" : manifest.error().message;
}

TEST(Manifest, NamesThePluginAndItsLibraryBesideIt) {
  const auto manifest = parse_manifest(kFile, with("stage.p", "p.so"));
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_EQ(manifest->id, "stage.p");
  EXPECT_EQ(manifest->library, "/plugins/p.so");
  EXPECT_EQ(manifest->kinds, std::vector<std::uint32_t>{OC_KIND_STAGE});
}

TEST(Manifest, ControlCharactersOfTheFileReachNoMessage) {
  EXPECT_EQ(
      refusal(with("a", "l", R"(,"odd\u007f\u001b[31m\nname":1)")),
      "plugin manifest /plugins/p.plugin.json: has an unknown member 'odd??[31m?name'; remove it or correct its name");
  EXPECT_EQ(refusal(with("a", "l", R"(,"kinds":["no\nkind"])")),
            "plugin manifest /plugins/p.plugin.json: member 'kinds' names the unknown kind 'no?kind'");
}

TEST(Manifest, AnIdOrLibraryWithControlCharactersIsRefused) {
  const std::string why = "has control characters; write it in plain text";
  EXPECT_NE(refusal(with(R"(a\nb)", "l")).find("'id' " + why), std::string::npos) << refusal(with(R"(a\nb)", "l"));
  // A loader would stop reading the name at the NUL.
  EXPECT_NE(refusal(with("a", R"(l.so\u0000.txt)")).find("'library' " + why), std::string::npos);
}

TEST(Manifest, ALongWordIsCutInTheMessage) {
  EXPECT_LT(refusal(with("a", "l", ",\"" + std::string(10'000, 'x') + "\":1")).size(), 300u);
}

}  // namespace
}  // namespace onechat::plugin
