// The chunked coding is taken off in one way only, wherever the bytes are cut.
#include "net/server_chunked.hpp"

#include <gtest/gtest.h>

#include <string>

namespace onechat::net {
namespace {

// Body of `coded` fed in pieces of `piece` bytes; "<fault>" or "<more>" when it is none. `left`: bytes not used up.
std::string decode(std::string_view coded, std::size_t piece, std::size_t* left = nullptr) {
  ChunkDecoder decoder;
  std::string body;
  for (std::size_t at = 0; at < coded.size();) {
    const auto step = decoder.step(coded.substr(at, piece));
    at += step.taken;
    body += step.data;
    if (step.state == ChunkDecoder::State::fault) return "<fault>";
    if (step.state == ChunkDecoder::State::done) {
      if (left) *left = coded.size() - at;
      return body;
    }
  }
  return "<more>";
}

TEST(ChunkDecoder, EverySplitGivesTheSameBody) {
  const std::string coded =
      "5\r\nhello\r\nA;name=\"v\"\r\n0123456789\r\n1\r\n\n\r\n000\r\nX-Trailer: t\r\nY:\r\n\r\nGET";
  for (std::size_t piece = 1; piece <= coded.size(); ++piece) {
    std::size_t left = 0;
    EXPECT_EQ(decode(coded, piece, &left), "hello0123456789\n") << piece;
    EXPECT_EQ(left, 3u);
  }
}

TEST(ChunkDecoder, BrokenFramingIsAFaultAndNeverABody) {
  const std::string faults[] = {
      "\r\n",
      "g\r\n",
      "-1\r\n",
      "+1\r\n",
      "0x1\r\n",
      " 1\r\n",
      "1 \r\n",
      "1\n",
      "1\rX",
      ";x\r\n",
      "5\r\nhelloX",
      "5\r\nhello\n",
      "5\r\nhello\rX",
      "FFFFFFFFFFFFFFFFF\r\n",
      "100000000000000000\r\n",
      "00000000000000001\r\n",
      "1;a\nb\r\n",
      std::string("1;a\0b\r\n", 7),
      "0\r\nX: y\n\r\n",
      "0\r\n\n",
      "1;" + std::string(300, 'e') + "\r\n",
      "0\r\nX: " + std::string(9000, 't') + "\r\n\r\n",
  };
  for (const std::string& coded : faults)
    for (const std::size_t piece : {std::size_t{1}, coded.size()}) EXPECT_EQ(decode(coded, piece), "<fault>") << coded;
}

}  // namespace
}  // namespace onechat::net
