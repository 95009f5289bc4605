#include "upstream/framer.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace onechat::upstream {
namespace {

std::vector<std::string> frames(std::uint32_t framing, std::string_view body, std::size_t step) {
  Framer framer(framing, 1 << 20);
  std::vector<std::string> out;
  Frame f;
  for (std::size_t at = 0; at < body.size(); at += step) {
    framer.feed(body.substr(at, step));
    while (framer.next(f))
      if (f.has_data) out.emplace_back(f.data);
  }
  while (framer.rest(f))
    if (f.has_data) out.emplace_back(f.data);
  return out;
}

TEST(Framer, GivesTheSameFramesForAnySplit) {
  using V = std::vector<std::string>;
  for (std::size_t step = 1; step < 40; ++step) {
    EXPECT_EQ(frames(OC_FRAME_NDJSON, "{\"a\":1}\n{\"b\":2}\r\n\n{\"c\":3}", step), (V{"{\"a\":1}", "{\"b\":2}", "{\"c\":3}"}));
    EXPECT_EQ(frames(OC_FRAME_BODY, "one whole body", step), (V{"one whole body"}));
    EXPECT_EQ(frames(OC_FRAME_SSE, "data: a\n\ndata: b\n\n", step), (V{"a", "b"}));
  }
  EXPECT_EQ(frames(OC_FRAME_BODY, "", 1), (V{""})) << "an empty body is one frame";
}

TEST(Framer, AnArrayGivesItsElementsForAnySplitAndEveryByteIsRelayed) {
  const std::string body = "[{\"a\":\"]},\\\"{\"}\n,\r\n{\"b\":[1,{\"c\":{}}]},{}\n]\n";
  for (std::size_t step = 1; step <= body.size(); ++step) {
    EXPECT_EQ(frames(OC_FRAME_JSON_ARRAY, body, step),
              (std::vector<std::string>{"{\"a\":\"]},\\\"{\"}", "{\"b\":[1,{\"c\":{}}]}", "{}"}));
    Framer framer(OC_FRAME_JSON_ARRAY, 1 << 20);
    std::string relayed;
    Frame f;
    for (std::size_t at = 0; at < body.size(); at += step) {
      framer.feed(std::string_view(body).substr(at, step));
      while (framer.next(f)) relayed += f.raw;
    }
    while (framer.rest(f)) relayed += f.raw;
    EXPECT_EQ(relayed, body);
  }
  EXPECT_EQ(frames(OC_FRAME_JSON_ARRAY, "[{\"a\":1},{\"b\"", 3).size(), 2u) << "what was cut off is told to the codec";
}

TEST(Framer, GivesAWholeBodyAwayAsItCame) {
  for (const std::string body : {"", "{}", "a body that is longer than what a string keeps in itself"}) {
    Framer framer(OC_FRAME_BODY, 1 << 20);
    framer.feed(std::string_view(body).substr(0, body.size() / 2));
    framer.feed(std::string_view(body).substr(body.size() / 2));
    Frame f;
    ASSERT_TRUE(framer.rest(f));
    EXPECT_FALSE(framer.rest(f));
    EXPECT_EQ(framer.take_body(), body);
  }
}

TEST(Framer, NoticesAFrameThatIsTooLarge) {
  Framer framer(OC_FRAME_BODY, 10);
  framer.feed("0123456789");
  EXPECT_FALSE(framer.overflow());
  framer.feed("x");
  EXPECT_TRUE(framer.overflow());
}

}  // namespace
}  // namespace onechat::upstream
