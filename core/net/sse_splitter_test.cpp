// The splitter's promises: the WHATWG rules, the same events however the bytes were cut, and no byte lost.
#include "net/sse_splitter.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

namespace onechat::net {
namespace {

struct Block {
  std::string raw, name, data;
  bool has_data = false;
  bool operator==(const Block&) const = default;
};

void PrintTo(const Block& b, std::ostream* os) {
  *os << "{raw " << testing::PrintToString(b.raw) << " name " << testing::PrintToString(b.name) << " data "
      << testing::PrintToString(b.data) << (b.has_data ? "" : " (none)") << "}";
}

Block copy(const SseSplitter::Event& e) {
  if (e.data_in_raw) {
    EXPECT_GE(e.data.data(), e.raw.data());
    EXPECT_LE(e.data.data() + e.data.size(), e.raw.data() + e.raw.size());
  }
  return {std::string(e.raw), std::string(e.name), std::string(e.data), e.has_data};
}

std::vector<Block> split(const std::vector<std::string_view>& pieces) {
  SseSplitter splitter;
  SseSplitter::Event event;
  std::vector<Block> blocks;
  for (auto piece : pieces) {
    splitter.feed(piece);
    while (splitter.next(event)) blocks.push_back(copy(event));
  }
  while (splitter.rest(event)) blocks.push_back(copy(event));
  EXPECT_FALSE(splitter.overflow());
  return blocks;
}

std::vector<Block> split_in(std::string_view text, std::size_t piece_bytes) {
  std::vector<std::string_view> pieces;
  for (std::size_t at = 0; at < text.size(); at += piece_bytes) pieces.push_back(text.substr(at, piece_bytes));
  return split(pieces);
}

std::string joined(const std::vector<Block>& blocks) {
  std::string all;
  for (const auto& b : blocks) all += b.raw;
  return all;
}

struct Row {
  std::string_view input;
  std::vector<Block> blocks;
};

const std::vector<Row>& rows() {
  static const std::vector<Row> kRows = {
      {"", {}},
      {"data: a\n\n", {{"data: a\n\n", "", "a", true}}},
      {"data:a\n\n", {{"data:a\n\n", "", "a", true}}},
      {"data:  a\n\n", {{"data:  a\n\n", "", " a", true}}},  // one space goes, not two
      {"data: a\r\n\r\n", {{"data: a\r\n\r\n", "", "a", true}}},
      {"data: a\r\r", {{"data: a\r\r", "", "a", true}}},
      {"data: a\rdata: b\r\rdata: c\r\r", {{"data: a\rdata: b\r\r", "", "a\nb", true}, {"data: c\r\r", "", "c", true}}},
      {"data: a\r\rdata: b\r\n\r\n", {{"data: a\r\r", "", "a", true}, {"data: b\r\n\r\n", "", "b", true}}},
      {"data: a\n\r\n", {{"data: a\n\r\n", "", "a", true}}},
      {"data: a\r\n\n", {{"data: a\r\n\n", "", "a", true}}},
      {"data: a\r\r\ndata: b\n\n",  // the LF still belongs to the blank line: it opens no block of its own
       {{"data: a\r\r", "", "a", true}, {"\ndata: b\n\n", "", "b", true}}},
      {"data: a\ndata: b\n\n", {{"data: a\ndata: b\n\n", "", "a\nb", true}}},
      {"data\n\n", {{"data\n\n", "", "", true}}},
      {"data\ndata\n\n", {{"data\ndata\n\n", "", "\n", true}}},
      {"data:\n\n", {{"data:\n\n", "", "", true}}},
      {"data: a: b\n\n", {{"data: a: b\n\n", "", "a: b", true}}},
      {"event: x\ndata: a\n\n", {{"event: x\ndata: a\n\n", "x", "a", true}}},
      {"event: x\nevent: y\ndata: a\n\n", {{"event: x\nevent: y\ndata: a\n\n", "y", "a", true}}},
      {"event: x\n\n", {{"event: x\n\n", "x", "", false}}},
      {"event\ndata: a\n\n", {{"event\ndata: a\n\n", "", "a", true}}},
      {"id: 7\nretry: 5\ndata: a\n\n", {{"id: 7\nretry: 5\ndata: a\n\n", "", "a", true}}},
      {" data: a\n\n", {{" data: a\n\n", "", "", false}}},  // a space is a part of the name
      {"Data: a\n\n", {{"Data: a\n\n", "", "", false}}},    // names are compared exactly
      {"dataset: a\n\n", {{"dataset: a\n\n", "", "", false}}},
      {": ping\n\n", {{": ping\n\n", "", "", false}}},
      {":\n\ndata: a\n\n", {{":\n\n", "", "", false}, {"data: a\n\n", "", "a", true}}},
      {": c\ndata: a\n: d\n\n", {{": c\ndata: a\n: d\n\n", "", "a", true}}},
      {"\n", {{"\n", "", "", false}}},
      {"\n\ndata: a\n\n", {{"\n", "", "", false}, {"\n", "", "", false}, {"data: a\n\n", "", "a", true}}},
      {"\xEF\xBB\xBF"
       "data: a\n\n",
       {{"\xEF\xBB\xBF"
         "data: a\n\n",
         "", "a", true}}},
      {"\xEF\xBB\xBF\ndata: a\n\n", {{"\xEF\xBB\xBF\n", "", "", false}, {"data: a\n\n", "", "a", true}}},
      {"data: a\n\n\xEF\xBB\xBF"
       "data: b\n\n",  // only the stream's start may carry one
       {{"data: a\n\n", "", "a", true},
        {"\xEF\xBB\xBF"
         "data: b\n\n",
         "", "", false}}},
      {"\xEF\xBB\xBF\xEF\xBB\xBF"
       "data: a\n\n",
       {{"\xEF\xBB\xBF\xEF\xBB\xBF"
         "data: a\n\n",
         "", "", false}}},
      {"data: a", {{"data: a", "", "a", true}}},
      {"data: a\n", {{"data: a\n", "", "a", true}}},
      {"data: a\r\n\r", {{"data: a\r\n\r", "", "a", true}}},
      {"data: a\n\ndata: b", {{"data: a\n\n", "", "a", true}, {"data: b", "", "b", true}}},
      {"data: \xC3\xA4\n\n", {{"data: \xC3\xA4\n\n", "", "\xC3\xA4", true}}},
  };
  return kRows;
}

TEST(SseSplitter, FollowsTheRulesOfTheStandard) {
  for (const auto& row : rows()) EXPECT_EQ(split({row.input}), row.blocks) << testing::PrintToString(row.input);
}

TEST(SseSplitter, EverySplitGivesTheSameBlocks) {
  for (const auto& row : rows()) {
    for (std::size_t bytes : {1u, 2u, 3u}) EXPECT_EQ(split_in(row.input, bytes), row.blocks) << row.input;
    for (std::size_t at = 0; at <= row.input.size(); ++at)
      EXPECT_EQ(split({row.input.substr(0, at), row.input.substr(at)}), row.blocks)
          << testing::PrintToString(row.input) << " cut at " << at;
  }
}

TEST(SseSplitter, RandomTextRandomlyCutLosesNoByte) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 chance(seed);
  constexpr std::string_view kPieces[] = {"data", ":", " ", "x", "\n", "\r", "\r\n", "event", "\n\n", "\xEF\xBB\xBF"};
  for (int round = 0; round < 3'000; ++round) {
    std::string text;
    for (unsigned n = chance() % 40; n > 0; --n) text += kPieces[chance() % std::size(kPieces)];
    const auto whole = split({text});
    EXPECT_EQ(joined(whole), text);
    std::vector<std::string_view> pieces;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t n = chance() % 6;
      pieces.push_back(std::string_view(text).substr(at, n));
      at += n;
    }
    ASSERT_EQ(split(pieces), whole) << testing::PrintToString(text);
  }
}

// A relay must not hold an event back: it is there with the last byte of its blank line.
TEST(SseSplitter, ABlockIsThereWithItsLastByte) {
  for (std::string_view text : {"data: a\n\n", "data: a\r\n\r\n", "data: a\r\r"}) {
    SseSplitter splitter;
    SseSplitter::Event event;
    splitter.feed(text.substr(0, text.size() - 1));
    EXPECT_FALSE(splitter.next(event));
    splitter.feed(text.substr(text.size() - 1));
    ASSERT_TRUE(splitter.next(event));
    EXPECT_EQ(event.raw, text);
    EXPECT_FALSE(splitter.next(event));
    EXPECT_FALSE(splitter.rest(event));
  }
}

TEST(SseSplitter, SaysWhereASingleDataLineLies) {
  SseSplitter splitter;
  SseSplitter::Event event;
  splitter.feed("event: x\ndata: {}\n\ndata: a\ndata: b\n\n");
  ASSERT_TRUE(splitter.next(event));
  ASSERT_TRUE(event.data_in_raw);
  EXPECT_EQ(event.data.data() - event.raw.data(), 15);
  ASSERT_TRUE(splitter.next(event));
  EXPECT_FALSE(event.data_in_raw);
}

TEST(SseSplitter, AnEventOverTheLimitBreaksTheStreamAndMemoryStaysSmall) {
  for (std::size_t piece : {1u, 7u, 64u}) {
    SseSplitter splitter(16);
    SseSplitter::Event event;
    splitter.feed("data: 1\n\n");
    ASSERT_TRUE(splitter.next(event));
    for (int i = 0; i < 100 && !splitter.overflow(); ++i) {
      splitter.feed(std::string(piece, 'x'));
      EXPECT_FALSE(splitter.next(event));
    }
    EXPECT_TRUE(splitter.overflow());
    splitter.feed("\n\ndata: 2\n\n");
    EXPECT_FALSE(splitter.next(event));
    EXPECT_FALSE(splitter.rest(event));
  }
}

TEST(SseSplitter, TheLimitIsTheSameForWholeAndCutEvents) {
  const std::string fits = "data: 890123\n\n", over = "data: 8901234\n\n";
  for (std::size_t piece : {1u, 100u}) {
    SseSplitter splitter(fits.size());
    SseSplitter::Event event;
    int seen = 0;
    for (const auto& text : {fits, fits, over})
      for (std::size_t at = 0; at < text.size(); at += piece) {
        splitter.feed(std::string_view(text).substr(at, piece));
        while (splitter.next(event)) ++seen;
      }
    EXPECT_EQ(seen, 2);
    EXPECT_TRUE(splitter.overflow());
  }
}

// Work grows with the bytes, not with their square, for lines without an end and for ends of either kind.
TEST(SseSplitter, WorkIsLinear) {
  for (std::string_view unit : {"x", "data: x\r", "data: x\n", "data: x\r\r", ":\n\n"}) {
    std::string text;
    while (text.size() < 4u << 20) text += unit;
    const auto begin = std::chrono::steady_clock::now();
    SseSplitter splitter;
    SseSplitter::Event event;
    for (std::size_t at = 0; at < text.size(); at += 128) {
      splitter.feed(std::string_view(text).substr(at, 128));
      while (splitter.next(event)) {
      }
    }
    while (splitter.rest(event)) {
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5)) << testing::PrintToString(unit);
  }
}

TEST(SseSplitter, EveryRecordedStreamComesOutByteForByte) {
  const char* named = std::getenv("ONECHAT_CORPUS");
  const std::filesystem::path corpus = named != nullptr ? named : "../shared/corpus";
  if (!std::filesystem::is_directory(corpus)) GTEST_SKIP() << "no recordings at " << corpus;
  int files = 0;
  std::size_t events = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(corpus)) {
    if (entry.path().extension() != ".sse") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(in)), {});
    const auto whole = split({text});
    EXPECT_EQ(joined(whole), text) << entry.path();
    EXPECT_EQ(split_in(text, 1), whole) << entry.path();
    EXPECT_EQ(split_in(text, 1'460), whole) << entry.path();
    for (const auto& b : whole) events += b.has_data;
    ++files;
  }
  EXPECT_GT(files, 0);
  EXPECT_GT(events, std::size_t(files));
}

}  // namespace
}  // namespace onechat::net
