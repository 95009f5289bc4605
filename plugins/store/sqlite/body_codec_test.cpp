#include "body_codec.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "test_host.hpp"

namespace onechat::store_sqlite {
namespace {

std::string there_and_back(BodyCodec& codec, const std::string& body, Encoding* used = nullptr) {
  std::vector<std::uint8_t> scratch;
  const EncodedBody encoded = codec.encode(testing::bytes(body), scratch);
  if (used != nullptr) *used = encoded.encoding;
  std::uint64_t size = 0;
  EXPECT_TRUE(BodyCodec::decoded_size(encoded, size));
  std::string out(size, '\0');
  EXPECT_TRUE(codec.decode(encoded, reinterpret_cast<std::uint8_t*>(out.data()), size));
  return out;
}

std::string noise(std::size_t n) {
  std::mt19937_64 random(n);
  std::string out(n, '\0');
  for (auto& c : out) c = static_cast<char>(random());
  return out;
}

TEST(BodyCodec, EveryBodyComesBackAsItWas) {
  BodyCodec codec;
  std::string repeated;
  while (repeated.size() < 5'000'000) repeated += "data: {\"delta\":\"Grüße\"}\n\n";
  for (const std::string& body : {std::string(), std::string("x"), std::string(1'023, 'a'), std::string(1'024, 'a'),
                                  std::string("a\0b", 3), noise(10'000), noise(5'000'000), repeated})
    EXPECT_TRUE(there_and_back(codec, body) == body) << body.size();
}

TEST(BodyCodec, PacksOnlyWhatGetsSmaller) {
  BodyCodec codec;
  Encoding used{};
  there_and_back(codec, std::string(20'000, 'a'), &used);
  EXPECT_EQ(used, Encoding::kZstd);
  there_and_back(codec, noise(20'000), &used);
  EXPECT_EQ(used, Encoding::kPlain);
  there_and_back(codec, std::string(1'000, 'a'), &used);
  EXPECT_EQ(used, Encoding::kPlain);
}

TEST(BodyCodec, ADamagedBodyIsNoticed) {
  BodyCodec codec;
  std::vector<std::uint8_t> scratch;
  const std::string body(20'000, 'a');
  EncodedBody encoded = codec.encode(testing::bytes(body), scratch);
  std::string out(body.size(), '\0');
  auto* into = reinterpret_cast<std::uint8_t*>(out.data());
  scratch[encoded.bytes.len - 1] ^= 1;  // of the checksum
  EXPECT_FALSE(codec.decode(encoded, into, out.size()));
  const std::string lie = "\x28\xB5\x2F\xFD not a frame";
  std::uint64_t size = 0;
  EXPECT_FALSE(BodyCodec::decoded_size({Encoding::kZstd, testing::bytes(lie.substr(4))}, size));
  EXPECT_FALSE(BodyCodec::decoded_size({static_cast<Encoding>(7), testing::bytes(lie)}, size));
}

}  // namespace
}  // namespace onechat::store_sqlite
