#include "upstream/splice.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "base/error.hpp"

namespace onechat::upstream {
namespace {

std::string spliced(std::string_view text, std::vector<oc_splice> splices) {
  std::string out;
  append_spliced(out, text, splices);
  Pieces pieces;
  splice_pieces(text, splices, pieces);
  std::string joined;
  for (auto p : pieces) joined += p;
  EXPECT_EQ(joined, out);
  return out;
}

TEST(Splice, ReplacesInsertsAndCuts) {
  EXPECT_EQ(spliced("abcdef", {}), "abcdef");
  EXPECT_EQ(spliced("abcdef", {{0, 1, str("X")}, {2, 0, str("--")}, {4, 2, str("")}}), "Xb--cd");
  EXPECT_EQ(spliced("abc", {{3, 0, str("!")}}), "abc!");
  EXPECT_EQ(spliced("abc", {{0, 3, str("")}}), "");
}

TEST(Splice, OverlapsAndOverrunsAreNoticed) {
  EXPECT_TRUE(valid_splices("abc", std::vector<oc_splice>{{0, 1, {}}, {1, 2, {}}}));
  EXPECT_FALSE(valid_splices("abc", std::vector<oc_splice>{{0, 2, {}}, {1, 1, {}}}));
  EXPECT_FALSE(valid_splices("abc", std::vector<oc_splice>{{2, 2, {}}}));
  EXPECT_FALSE(valid_splices("abc", std::vector<oc_splice>{{4, 0, {}}}));
  EXPECT_FALSE(valid_splices("abc", std::vector<oc_splice>{{1, ~0ull, {}}}));
}

}  // namespace
}  // namespace onechat::upstream
