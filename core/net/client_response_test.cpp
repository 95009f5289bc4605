// What a response is, told by its bytes: framings, splits, and everything that is refused.
#include "net/client_response.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace onechat::net {
namespace {

struct Reply {
  std::string text;  // "STATUS BODY END"; END: keep, close, broken or cut
  ResponseHead head;
};

struct Setting {
  bool bodiless = false;
  bool clean_end = true;
  std::size_t head_bytes_max = 4'096;
};

void drain(ResponseReader& reader, std::string& body) { body += reader.take_body(); }

// Feeds `pieces`, then the end of the connection if the response is still open.
Reply play(const std::vector<std::string_view>& pieces, Setting setting = {}) {
  Reply reply;
  ResponseReader reader(setting.head_bytes_max);
  reader.begin(reply.head, setting.bodiless);
  std::string body, end;
  for (auto piece : pieces) {
    while (!piece.empty() && end.empty() && !reader.done()) {
      const auto space = reader.space();
      const std::size_t n = std::min(space.size(), piece.size());
      std::memcpy(space.data(), piece.data(), n);
      piece.remove_prefix(n);
      if (!reader.received(n)) end = "broken";
      drain(reader, body);
    }
  }
  if (end.empty() && !reader.done() && !reader.closed(setting.clean_end)) end = "cut";
  if (end.empty()) end = reader.reusable() ? "keep" : "close";
  reply.text = std::to_string(reader.head_done() ? reply.head.status : 0) + " " + body + " " + end;
  return reply;
}

std::vector<std::string_view> bytes_of(std::string_view text) {
  std::vector<std::string_view> pieces;
  for (std::size_t i = 0; i < text.size(); ++i) pieces.push_back(text.substr(i, 1));
  return pieces;
}

// The same outcome, whole, byte by byte and cut at every place.
void expect(std::string_view input, std::string_view outcome, Setting setting = {}) {
  SCOPED_TRACE(testing::PrintToString(input));
  EXPECT_EQ(play({input}, setting).text, outcome);
  EXPECT_EQ(play(bytes_of(input), setting).text, outcome) << "byte by byte";
  for (std::size_t at = 1; at < input.size(); ++at)
    ASSERT_EQ(play({input.substr(0, at), input.substr(at)}, setting).text, outcome) << "cut at " << at;
}

TEST(ClientResponse, EveryFramingAtEverySplit) {
  expect("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", "200 hello keep");
  expect("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", "200  keep");
  expect("HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello", "200 hello close");
  expect("HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\nhello", "200 hello close");
  expect("HTTP/1.0 200 OK\r\ncontent-length: 5\r\nconnection: keep-alive\r\n\r\nhello", "200 hello keep");
  expect("HTTP/1.1 200 OK\r\n\r\nhello", "200 hello close");  // until close
  expect("HTTP/1.1 204 No Content\r\n\r\n", "204  keep");
  expect("HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n", "304  keep");
  expect("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", "200  keep", {.bodiless = true});
  expect("HTTP/1.1 200 OK\r\ncontent-length: 5, 5\r\ncontent-length: 5\r\n\r\nhello", "200 hello keep");
  expect("HTTP/1.1 429 \r\ncontent-length: 1\r\n\r\nx", "429 x keep");
}

TEST(ClientResponse, ChunksAtEverySplit) {
  constexpr std::string_view kHead = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
  const auto chunked = [&](std::string_view body, std::string_view outcome) {
    expect(std::string(kHead).append(body), outcome);
  };
  chunked("5\r\nhello\r\n0\r\n\r\n", "200 hello keep");
  chunked("0\r\n\r\n", "200  keep");
  chunked("000\r\n\r\n", "200  keep");
  chunked("1\r\nh\r\n1\r\ne\r\n003\r\nllo\r\n0\r\n\r\n", "200 hello keep");
  chunked("A\r\n0123456789\r\na;x=y\r\n0123456789\r\n0\r\n\r\n", "200 01234567890123456789 keep");
  chunked("5;a=\"b;c\"\r\nhello\r\n0;last\r\nx-sum: 7\r\nx-more: 8\r\n\r\n", "200 hello keep");
  chunked("g\r\n", "200  broken");
  chunked("\r\n", "200  broken");
  chunked("-1\r\n", "200  broken");
  chunked(" 5\r\nhello\r\n", "200  broken");
  chunked("0x5\r\nhello\r\n\r\n", "200  broken");
  chunked("10000000000000000\r\n", "200  broken");
  chunked("5\r\nhelloXX0\r\n\r\n", "200 hello broken");
  chunked("5\r\nhello\r\n0\r\ncontent-length: 5\r\n\r\n", "200 hello broken");
}

TEST(ClientResponse, InterimHeadsAreSkipped) {
  expect("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", "200 ok keep");
  expect("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 100 Go\r\n\r\nHTTP/1.1 201 Made\r\n\r\nok",
         "201 ok close");
  expect("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n", "0  broken");
  const auto reply = play({"HTTP/1.1 103 H\r\nlink: a\r\n\r\nHTTP/1.1 204 N\r\nx-a: b\r\n\r\n"});
  ASSERT_EQ(reply.head.headers.size(), 1u);
  EXPECT_EQ(view(reply.head.headers[0].name), "x-a");
  std::string endless;
  for (unsigned i = 0; i <= ResponseReader::kInterimMax; ++i) endless += "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_EQ(play({endless}).text, "0  broken");
}

// Two readers of one response must never see two different ends of it.
TEST(ClientResponse, AmbiguousLengthsAreRefused) {
  const auto head = [&](std::string_view lines) {
    expect(std::string("HTTP/1.1 200 OK\r\n").append(lines).append("\r\n\r\nhello"), "0  broken");
  };
  head("content-length: 5\r\ncontent-length: 6");
  head("content-length: 5, 6");
  head("content-length: 5\r\ntransfer-encoding: chunked");
  head("transfer-encoding: chunked\r\ncontent-length: 5");
  head("transfer-encoding: chunked\r\ntransfer-encoding: chunked");
  head("transfer-encoding: gzip");
  head("transfer-encoding: gzip, chunked");
  head("transfer-encoding: chunked, identity");
  head("transfer-encoding: xchunked");
  head("content-length: -5");
  head("content-length: +5");
  head("content-length: 5x");
  head("content-length: 0x5");
  head("content-length:");
  head("content-length: 99999999999999999999");
  head("content-length : 5");
}

TEST(ClientResponse, BrokenHeadsAreRefused) {
  expect("garbage\r\n\r\n", "0  broken");
  expect("HTTP/2.0 200 OK\r\n\r\n", "0  broken");
  expect("HTTP/1.1 20 OK\r\n\r\n", "0  broken");
  expect("HTTP/1.1 2000 OK\r\n\r\n", "0  broken");
  expect("HTTP/1.1 099 OK\r\n\r\n", "0  broken");
  expect("HTTP/1.1 200 OK\nx: y\n\n\r\n\r\n", "0  broken");
  expect("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "0  broken");
  expect("HTTP/1.1 200 OK\r\n: x\r\n\r\n", "0  broken");
  expect(std::string_view("HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n", 27), "0  broken");
}

TEST(ClientResponse, EveryPrefixOfAFramedResponseIsCut) {
  for (std::string_view whole :
       {"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\nx-t: 1\r\n\r\n"})
    for (std::size_t n = 0; n < whole.size(); ++n)
      EXPECT_TRUE(play({whole.substr(0, n)}).text.ends_with(" cut")) << testing::PrintToString(whole.substr(0, n));
  // Only a proper end of the connection ends a body without a length.
  EXPECT_EQ(play({"HTTP/1.1 200 OK\r\n\r\nhello"}, {.clean_end = false}).text, "200 hello cut");
}

TEST(ClientResponse, EndlessHeadsAreRefusedHoweverTheyCome) {
  const Setting small{.head_bytes_max = 2'000};
  for (std::size_t piece : {1u, 100u, 5'000u}) {
    for (std::string_view unit : {"x-header: value\r\n", "x"}) {
      std::string text = "HTTP/1.1 200 OK\r\n";
      while (text.size() < 100'000) text += unit;
      std::vector<std::string_view> pieces;
      for (std::size_t at = 0; at < text.size(); at += piece)
        pieces.push_back(std::string_view(text).substr(at, piece));
      EXPECT_EQ(play(pieces, small).text, "0  broken") << piece << " " << unit;
    }
    for (std::string_view start : {"5;", "0\r\nx: "}) {
      const std::string text =
          "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + std::string(start) + std::string(100'000, 'y');
      std::vector<std::string_view> pieces;
      for (std::size_t at = 0; at < text.size(); at += piece)
        pieces.push_back(std::string_view(text).substr(at, piece));
      EXPECT_EQ(play(pieces, small).text, "200  broken") << piece << " " << start;
    }
  }
}

TEST(ClientResponse, BytesAfterTheEndForbidAnotherRequest) {
  EXPECT_EQ(play({"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n"}).text, "200 ok close");
  EXPECT_EQ(play({"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n!"}).text, "200  close");
}

TEST(ClientResponse, HeadersComeInOrderInLowerCase) {
  const auto reply =
      play({"HTTP/1.1 200 OK\r\nX-One:  1 \r\nx-Two:\r\nX-ONE: three, four\r\ncontent-length: 0\r\n\r\n"});
  std::string all;
  for (const auto& h : reply.head.headers) all.append(view(h.name)).append("=").append(view(h.value)).append(";");
  EXPECT_EQ(all, "x-one=1;x-two=;x-one=three, four;content-length=0;");
}

// All that one read brought goes out as one piece, whatever its chunks.
TEST(ClientResponse, ChunksOfOneReadAreOnePiece) {
  ResponseHead head;
  ResponseReader reader(4'096);
  reader.begin(head, false);
  constexpr std::string_view kText =
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n1\r\nf\r\n0\r\n\r\n";
  const auto space = reader.space();
  ASSERT_GE(space.size(), kText.size());
  std::memcpy(space.data(), kText.data(), kText.size());
  ASSERT_TRUE(reader.received(kText.size()));
  EXPECT_EQ(reader.take_body(), "abcdef");
  EXPECT_TRUE(reader.take_body().empty());
  EXPECT_TRUE(reader.reusable());
}

TEST(ClientResponse, OneReaderServesManyResponsesAndItsBufferFollowsTheLoad) {
  ResponseReader reader(4'096);
  ResponseHead head;
  const std::string big(1u << 20, 'b');
  std::size_t largest = 0;
  for (const std::string& body : {std::string("s"), big, std::string("s")}) {
    reader.begin(head, false);
    const std::string text = "HTTP/1.1 200 OK\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    std::string got;
    for (std::size_t at = 0; at < text.size();) {
      const auto space = reader.space();
      largest = std::max(largest, space.size());
      const std::size_t n = std::min(space.size(), text.size() - at);
      std::memcpy(space.data(), text.data() + at, n);
      at += n;
      ASSERT_TRUE(reader.received(n));
      got += reader.take_body();
    }
    EXPECT_EQ(got, body);
    ASSERT_TRUE(reader.reusable());
    reader.rest();
  }
  EXPECT_EQ(largest, ResponseReader::kBufferBytesMax);
  reader.begin(head, false);
  EXPECT_EQ(reader.space().size(), ResponseReader::kBufferBytesMin);
}

}  // namespace
}  // namespace onechat::net
