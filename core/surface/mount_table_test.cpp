#include "surface/mount_table.hpp"

#include <gtest/gtest.h>

namespace onechat::surface {
namespace {

TEST(PercentDecode, DecodesAndRefusesWhatIsMalformed) {
  Arena arena;
  EXPECT_EQ(percent_decode(arena, "gpt-4o"), "gpt-4o");
  EXPECT_EQ(percent_decode(arena, "a%2Fb%20c"), "a/b c");
  EXPECT_EQ(percent_decode(arena, "%41"), "A");
  for (const char* bad : {"%", "%4", "a%zz", "%4g"}) EXPECT_EQ(percent_decode(arena, bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace onechat::surface
