#include "control/yaml_node.hpp"

#include <gtest/gtest.h>

#include <map>

namespace onechat::control {
namespace {

struct Read {
  std::optional<YamlNode> root;
  std::vector<Problem> problems;
};

Read read(const std::string& text, std::map<std::string, std::string> env = {}) {
  Read r;
  r.root = read_yaml(
      "f.yaml", text,
      [&](const std::string& name) -> std::optional<std::string> {
        const auto found = env.find(name);
        return found == env.end() ? std::nullopt : std::optional(found->second);
      },
      r.problems);
  return r;
}

TEST(Yaml, NumbersKeepTheirText) {
  const auto r = read("a: 0.10\nb: '0.10'\nc: 010\nd: true\ne: ~\nf: 1e9\ng: .5\nh: [1, x]\n");
  ASSERT_TRUE(r.root);
  EXPECT_EQ(to_json(*r.root), R"({"a":0.10,"b":"0.10","c":"010","d":true,"e":null,"f":1e9,"g":".5","h":[1,"x"]})");
}

TEST(Yaml, RemembersLines) {
  const auto r = read("# comment\na:\n  b: 1\n  c:\n    - x\n    - y\n");
  EXPECT_EQ(r.root->get("a")->get("c")->items[1].line, 6);
  EXPECT_EQ(r.root->members[0].line, 2);
}

TEST(Yaml, EnvironmentFillsScalarsAndCannotAddYaml) {
  const auto r = read("a: ${X}\nb: 'p-${X}-${Y:-def}'\nc: ${N}\nd: $${X}\ne: '${EMPTY:-e}'\n",
                      {{"X", "1: {evil: true}\nz: 2"}, {"N", "12"}, {"EMPTY", ""}});
  EXPECT_EQ(r.root->get("a")->text, "1: {evil: true}\nz: 2");
  EXPECT_EQ(r.root->get("b")->text, "p-1: {evil: true}\nz: 2-def");
  EXPECT_EQ(r.root->get("c")->kind, YamlNode::Kind::number);
  EXPECT_EQ(r.root->get("d")->text, "${X}");
  EXPECT_EQ(r.root->get("e")->text, "e");
  EXPECT_EQ(r.root->members.size(), 5u);
  EXPECT_FALSE(r.root->get("b")->printable());
}

TEST(Yaml, MissingVariablesAreNoted) {
  const auto r = read("a: 'x${NOPE}'\n");
  EXPECT_EQ(r.root->get("a")->missing_env, std::vector<std::string>{"NOPE"});
}

TEST(Yaml, AnchorsAndMergeKeys) {
  const auto r = read("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\nsame: *b\n");
  EXPECT_EQ(to_json(*r.root), R"({"base":{"x":1,"y":2},"use":{"y":3,"x":1},"same":{"x":1,"y":2}})");
}

struct Bad {
  const char* text;
  int line;
  const char* words;
};

TEST(Yaml, EveryBadFileIsRefusedWithItsLine) {
  const Bad cases[] = {
      {"", 0, "empty"},
      {"# only a comment\n", 0, "empty"},
      {"a: 1\n b: 2\n", 2, "not valid YAML"},
      {"a: [1, 2\n", 2, "not valid YAML"},
      {"a: 1\n---\nb: 2\n", 2, "second YAML document"},
      {"a: *nope\n", 1, "not valid YAML"},
      {"a: &x [*x]\n", 1, "inside of what it stands for"},
      {"ok: 1\na: ${}\n", 2, "must be followed by a variable's name"},
      {"a: ${FOO\n", 1, "must be followed by a variable's name"},
      {"a: ${1X}\n", 1, "must be followed by a variable's name"},
      {"a: !evil x\n", 1, "unknown YAML tag"},
      {"{[1, 2]: x}\n", 1, "plain word"},
  };
  for (const auto& c : cases) {
    const auto r = read(c.text);
    EXPECT_FALSE(r.root) << c.text;
    ASSERT_EQ(r.problems.size(), 1u) << c.text;
    EXPECT_NE(r.problems[0].text.find(c.words), std::string::npos) << c.text << " said: " << r.problems[0].text;
    EXPECT_EQ(r.problems[0].line, c.line) << c.text << " said: " << r.problems[0].text;
  }
}

TEST(Yaml, DuplicateKeysAreNamedWithBothLines) {
  const auto r = read("a: 1\nb: 2\na: 3\n");
  ASSERT_EQ(r.problems.size(), 1u);
  EXPECT_EQ(to_string(r.problems[0]), "f.yaml:3: key 'a' is given twice (first in line 1)");
}

TEST(Yaml, DepthIsBounded) {
  EXPECT_FALSE(read(std::string(5'000, '[') + std::string(5'000, ']')).root);
  EXPECT_FALSE(read(std::string(kYamlDepthMax + 1, '[') + std::string(kYamlDepthMax + 1, ']')).root);
  EXPECT_TRUE(read(std::string(kYamlDepthMax, '[') + std::string(kYamlDepthMax, ']')).root);
}

TEST(Yaml, AliasBombsAreBounded) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int j = 0; j < 9; ++j) text += ", " + before;
    text += "]\n";
  }
  const auto r = read(text);
  EXPECT_FALSE(r.root);
  ASSERT_EQ(r.problems.size(), 1u);
  EXPECT_NE(r.problems[0].text.find("aliases count"), std::string::npos);
}

TEST(Yaml, SizeIsBounded) {
  EXPECT_FALSE(read("a: " + std::string(kYamlBytesMax, 'x')).root);
  std::string many;
  for (std::size_t i = 0; i <= kYamlMembersMax; ++i) many += "k" + std::to_string(i) + ": 1\n";
  EXPECT_FALSE(read(many).root);
}

TEST(DidYouMean, OffersTheNearestWordOnly) {
  EXPECT_EQ(did_you_mean("modles", {"models", "listen"}), " (did you mean 'models'?)");
  EXPECT_EQ(did_you_mean("weigth", {"weight", "model"}), " (did you mean 'weight'?)");
  EXPECT_EQ(did_you_mean("zebra", {"models", "listen"}), "");
  EXPECT_EQ(did_you_mean("", {"a"}), "");
}

}  // namespace
}  // namespace onechat::control
