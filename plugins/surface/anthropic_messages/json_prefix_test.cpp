#include "json_prefix.hpp"

#include <gtest/gtest.h>

#include <string>

namespace onechat::anthropic_messages {
namespace {

// How many bytes pass when they come one at a time, or all at once.
std::pair<std::size_t, std::size_t> accepted(std::string_view text) {
  JsonPrefix whole{}, pieces{};
  const std::size_t at_once = whole.accept(text);
  std::size_t one_by_one = 0;
  for (const char c : text) one_by_one += pieces.accept({&c, 1});
  EXPECT_EQ(whole.broken(), pieces.broken()) << text;
  EXPECT_EQ(whole.whole(), pieces.whole()) << text;
  return {at_once, one_by_one};
}

TEST(JsonPrefix, ObjectsPassWholeAndAtEveryCut) {
  for (const std::string text :
       {R"({})", R"( { "a" : [ 1 , -0.5e+10 , 0 , true , false , null , "x\"\u00e9\\\n" , { } , [ ] ] , "b":{"c":"d"}} )",
        R"({"a":{"b":{"c":[[[]]]}}})", R"({"n":1E5,"m":12.25,"k":-1})", "{\"utf8\":\"\xc3\xa9\xe2\x82\xac\"}"}) {
    EXPECT_EQ(accepted(text), (std::pair{text.size(), text.size()})) << text;
    JsonPrefix p{};
    p.accept(text);
    EXPECT_TRUE(p.whole()) << text;
    for (std::size_t n = 0; n < text.size(); ++n) {
      JsonPrefix cut{};
      EXPECT_EQ(cut.accept(std::string_view(text).substr(0, n)), n);
      EXPECT_FALSE(cut.broken());
    }
  }
}

TEST(JsonPrefix, StopsAtTheFirstByteThatCannotBelong) {
  struct Case {
    const char* text;
    std::size_t good;
  };
  for (const Case& c : std::initializer_list<Case>{{"x", 0},          {"[1]", 0},           {"\"a\"", 0},     {"{a}", 1},
                                                   {"{\"a\" 1}", 5},   {"{\"a\":}", 5},      {"{\"a\":1,}", 7}, {"{\"a\":1]", 6},
                                                   {"{\"a\":[1}", 7},  {"{\"a\":01}", 6},    {"{\"a\":1.}", 7}, {"{\"a\":-}", 6},
                                                   {"{\"a\":1e}", 7},  {"{\"a\":trux", 8},   {"{\"a\":\"\\x", 7}, {"{\"a\":\"\\u12g", 10},
                                                   {"{\"a\":\"\n", 6}, {"{} {", 3},          {"{,", 1},       {"{\"a\":[,", 6}}) {
    EXPECT_EQ(accepted(c.text), (std::pair{c.good, c.good})) << c.text;
  }
}

TEST(JsonPrefix, DepthIsBounded) {
  std::string deep = "{\"a\":";
  for (int i = 0; i < 100; ++i) deep += "[";
  EXPECT_EQ(accepted(deep).first, 5u + 63u);
}

}  // namespace
}  // namespace onechat::anthropic_messages
