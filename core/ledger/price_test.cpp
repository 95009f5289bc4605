// Prices are written and read without loss, service tiers among them.
#include "ledger/price.hpp"

#include <gtest/gtest.h>

#include "ledger/price_book.hpp"
#include "ledger/rating.hpp"

namespace onechat::ledger {
namespace {

Price row(const std::string& text) {
  const auto v = parse_row(text);
  EXPECT_TRUE(v) << text << ": " << (v ? "" : v.error().message);
  return v ? v->price : Price{};
}

oc_usage usage(std::uint64_t input, std::uint64_t output, std::uint32_t tier = 0) {
  oc_usage u{};
  u.struct_size = sizeof u;
  u.flags = tier;
  u.input = input;
  u.output = output;
  return u;
}

TEST(Price, MultipliersAreExactFractions) {
  EXPECT_EQ(parse_multiplier("0.5"), (Multiplier{1, 2}));
  EXPECT_EQ(parse_multiplier("1.8"), (Multiplier{9, 5}));
  EXPECT_EQ(parse_multiplier("2/6"), (Multiplier{1, 3}));
  EXPECT_EQ(parse_multiplier("6"), (Multiplier{6, 1}));
  EXPECT_EQ(parse_multiplier("0.000001"), (Multiplier{1, 1'000'000}));
  for (const char* bad : {"", "0", "-0.5", "1/0", "0.0000001", "1000001", "1/1000001", "x", "1/", "/2", "1/2/3", "nan"})
    EXPECT_EQ(parse_multiplier(bad), std::nullopt) << bad;
}

TEST(Price, AServiceTierIsAMultiplierOfTokensOrPricesOfItsOwn) {
  const Price p = row(
      "{input: 2, output: 10, cache_read: 0.2, search: 0.01, flex: 0.5, priority: {input: 3, output: 20, "
      "above: [{input_tokens: 100, input: 6}]}, above: [{input_tokens: 100, output: 30}]}");
  oc_usage u = usage(50, 10, OC_USAGE_TIER_FLEX);
  u.searches = 3;
  EXPECT_EQ(rate(p, u, {})->cost, 50 * 1'000 + 10 * 5'000 + 3 * 10'000'000);  // a search costs what it costs
  u.input = 101;
  EXPECT_EQ(rate(p, u, {})->cost, 101 * 1'000 + 10 * 15'000 + 3 * 10'000'000);  // sizes hold under the multiplier
  EXPECT_EQ(rate(p, usage(50, 10, OC_USAGE_TIER_PRIORITY), {})->cost, 50 * 3'000 + 10 * 20'000);
  EXPECT_EQ(rate(p, usage(101, 10, OC_USAGE_TIER_PRIORITY), {})->cost, 101 * 6'000 + 10 * 20'000);  // its own sizes
  const Price::Service* priority = p.service(ServiceTier::priority);
  ASSERT_NE(priority, nullptr);
  EXPECT_EQ(priority->base.cache_read, 200'000'000);  // left out: as in the row
  // Not said, standard, and one that has no price: the row itself.
  for (const std::uint32_t tier : {0, int(OC_USAGE_TIER_STANDARD), int(OC_USAGE_TIER_BATCH), 0xF00})
    EXPECT_EQ(rate(p, usage(50, 10, tier), {})->cost, 50 * 2'000 + 10 * 10'000) << tier;
}

TEST(Price, AHoldCoversTheDearestWayToBeServed) {
  const Price p = row("{input: 2, output: 10, flex: 0.5, priority: 2, fast: 6}");
  using enum ServiceTier;
  const auto most = [&](std::initializer_list<ServiceTier> tiers) {
    return dearest(p, usage(100, 0), {1000}, {tiers.begin(), tiers.size()})->total;
  };
  EXPECT_EQ(most({standard, flex}), 220'000);
  EXPECT_EQ(most({standard, priority}), 440'000);
  EXPECT_EQ(most({fast, standard, priority}), 1'320'000);
  EXPECT_EQ(most({flex}), 110'000);
  EXPECT_FALSE(dearest(p, usage(~0ull, 0), {}, kSpecialTiers));
}

TEST(Price, TheTextOfARowReadsBackToTheSamePrice) {
  for (const char* text :
       {"{}", "{input: 1}", "{input: 0.15, output: 0.6, cache_read: 0}", "{output: 3, reasoning: 0, cache_write: 7}",
        "{from: 2026-07-30, input: 1, output: 6, image: 0.04, search: 0.01, request: 0.005, audio_input: 9, audio_output: 8}",
        "{input: 1, cache_read: 1, above: [{input_tokens: 10, input: 2}, {input_tokens: 20, cache_read: 0.000000001}]}",
        "{input: 1, output: 2, flex: 1/3, batch: 0.5, priority: {output: 4}, fast: {}, above: [{input_tokens: 5, output: 9}]}",
        "{input: 1, priority: {input: 2, above: [{input_tokens: 5, output: 9}]}}"}) {
    const auto v = parse_row(text);
    ASSERT_TRUE(v) << text << ": " << v.error().message;
    const auto again = parse_row(v->text);
    ASSERT_TRUE(again) << v->text;
    EXPECT_EQ(again->price, v->price) << text << " became " << v->text;
    EXPECT_EQ(again->text, v->text);
    EXPECT_EQ(again->from_unix_ms, v->from_unix_ms);
  }
  EXPECT_EQ(parse_row("{input: 1.50, output: 6, flex: 0.5}")->text, R"({"input":"1.5","output":"6","flex":"1/2"})");
}

TEST(Price, EveryShippedRowReadsBackToTheSamePrice) {
  const auto book = PriceBook::load("config/prices.yaml");
  ASSERT_TRUE(book) << book.error().message;
  for (const auto& m : book->models())
    for (const auto& v : m.versions) {
      const auto again = parse_row(v.text);
      ASSERT_TRUE(again) << v.text;
      EXPECT_EQ(again->price, v.price) << m.id << " " << v.text;
      EXPECT_EQ(again->from_unix_ms, v.from_unix_ms) << m.id;
    }
}

TEST(Price, ATierThatMakesNoSenseIsRefused) {
  for (const auto& [text, says] : std::vector<std::pair<std::string, std::string>>{
           {"{input: 1, flex: cheap}", "flex: 'cheap' is not a multiplier"},
           {"{input: 1, flex: [1]}", "flex: expected a multiplier or a map"},
           {"{input: 1, priority: {inptu: 2}}", "unknown price 'inptu'"},
           {"{input: 1, priority: {flex: 2}}", "unknown price 'flex'"},
           {"{input: 1, standard: 1}", "the row itself is the standard price"},
           {"{input: 1, priority: {above: {}}}", "above: expected a list"},
           {"{input: 1, above: 3}", "above: expected a list"},
           {"[1]", "a map of prices"}}) {
    const auto v = parse_row(text);
    ASSERT_FALSE(v) << text;
    EXPECT_NE(v.error().message.find(says), std::string::npos) << v.error().message;
  }
  EXPECT_EQ(parse_price({{"input", "1"}, {"flex", "0.5"}})->services.front().times, (Multiplier{1, 2}));
  EXPECT_FALSE(parse_price({{"input", "1"}, {"flex", "free"}}));
}

TEST(Price, TiersHaveOneNameEverywhere) {
  for (const ServiceTier tier : kSpecialTiers) {
    EXPECT_EQ(tier_named(name_of(tier)), tier);
    oc_usage u{};
    u.flags = usage_flag(tier) | OC_USAGE_FINAL;
    EXPECT_EQ(tier_of(u), tier);
  }
  EXPECT_EQ(tier_named("standard"), ServiceTier::standard);
  EXPECT_EQ(tier_named("default"), std::nullopt);
}

}  // namespace
}  // namespace onechat::ledger
