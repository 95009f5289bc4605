#include "trace_pack.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <string>

#include "test_host.hpp"

namespace onechat::store_sqlite {
namespace {

using Texts = std::array<std::string, 4>;

Said said_of(const Texts& t) {
  return {testing::bytes(t[0]), testing::bytes(t[1]), testing::bytes(t[2]), testing::bytes(t[3])};
}

Texts texts_of(const Said& s) {
  return {testing::text(s.turns_json), testing::text(s.meta_json), testing::text(s.request), testing::text(s.response)};
}

TEST(TracePack, WhatWasPutInComesOutPlaceByPlace) {
  std::mt19937 random(3);
  PackWriter writer;
  for (int round = 0; round < 200; ++round) {
    std::vector<std::optional<Texts>> expected;
    writer.clear();
    for (auto n = random() % 12; n > 0; --n) {
      Texts texts;
      for (auto& t : texts) t.assign(random() % 3 == 0 ? 0 : random() % 500, static_cast<char>(random()));
      if (random() % 4 == 0)
        writer.add_nothing(), expected.emplace_back();
      else
        writer.add(said_of(texts)), expected.emplace_back(texts);
    }
    ASSERT_EQ(writer.places(), expected.size());
    PackReader reader;
    ASSERT_TRUE(reader.open(writer.finish()));
    ASSERT_EQ(reader.places(), expected.size());
    for (const auto& texts : expected) {
      Said said;
      ASSERT_EQ(reader.next(said), texts.has_value());
      ASSERT_EQ(texts_of(said), texts.value_or(Texts{}));
    }
  }
}

// Whatever was taken for a pack, nothing outside of it is read.
TEST(TracePack, WhatIsNoPackIsRefused) {
  PackWriter writer;
  writer.add(said_of({"turns", "meta", "request", "response"}));
  writer.add_nothing();
  const std::string pack = testing::text(writer.finish());
  PackReader reader;
  for (std::size_t n = 0; n < pack.size(); ++n) EXPECT_FALSE(reader.open(testing::bytes(pack.substr(0, n)))) << n;
  std::mt19937 random(5);
  for (int round = 0; round < 10'000; ++round) {
    std::string damaged = pack;
    for (int i = 0; i < 3; ++i) damaged[random() % damaged.size()] = static_cast<char>(random());
    const oc_bytes b = testing::bytes(damaged);
    if (!reader.open(b)) continue;
    for (std::uint32_t i = 0; i < reader.places(); ++i)
      if (Said said; reader.next(said))
        for (const oc_bytes part : {said.turns_json, said.meta_json, said.request, said.response}) {
          ASSERT_GE(part.ptr, b.ptr);
          ASSERT_LE(part.ptr + part.len, b.ptr + b.len);
        }
  }
}

}  // namespace
}  // namespace onechat::store_sqlite
