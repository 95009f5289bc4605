// What usage costs: one rounding, halves to even, tiers by size, pieces, own keys, and a refusal where money ends.
#include "ledger/rating.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace onechat::ledger {
namespace {

Price price_of(const PriceTexts& texts) {
  auto p = parse_price(texts);
  EXPECT_TRUE(p) << p.error().message;
  return *p;
}

oc_usage usage_of(std::uint64_t input, std::uint64_t output = 0) {
  oc_usage u{};
  u.struct_size = sizeof u;
  u.input = input;
  u.output = output;
  return u;
}

TEST(Rating, OneTokenOfASmallPriceIsRoundedOnce) {
  const Price p = price_of({{"input", "0.0375"}});
  struct Row {
    std::uint64_t tokens;
    std::int64_t cost, total, fee;
  };
  for (const Row& row : {Row{1, 38, 42, 4}, Row{2, 75, 83, 8}, Row{10, 375, 413, 38}, Row{1000, 37'500, 41'250, 3'750},
                         Row{1'000'000'000, 37'500'000'000, 41'250'000'000, 3'750'000'000}}) {
    const auto r = rate(p, usage_of(row.tokens), {1000});
    ASSERT_TRUE(r);
    EXPECT_EQ(r->cost, row.cost) << row.tokens;
    EXPECT_EQ(r->total, row.total) << row.tokens;
    EXPECT_EQ(r->fee, row.fee) << row.tokens;
  }
  EXPECT_EQ(to_text(rate(p, usage_of(1), {1000})->numerator), "37500000");
}

TEST(Rating, HalvesOfTheCostGoToTheEvenNumber) {
  const Price p = price_of({{"input", "0.0005"}});  // half a nano-USD a token
  EXPECT_EQ(rate(p, usage_of(1), {0})->cost, 0);
  EXPECT_EQ(rate(p, usage_of(3), {0})->cost, 2);
  EXPECT_EQ(rate(p, usage_of(5), {0})->cost, 2);
  EXPECT_EQ(rate(p, usage_of(1), {0})->total, 1);  // the customer's side is rounded up
}

TEST(Rating, WhatIsLeftOutCostsAsTheContractSays) {
  const Price p = price_of({{"input", "2"}, {"output", "8"}});
  EXPECT_EQ(p.base.cache_read, p.base.input);
  EXPECT_EQ(p.base.cache_write, p.base.input);
  EXPECT_EQ(p.base.cache_write_1h, p.base.input);
  EXPECT_EQ(p.base.reasoning, p.base.output);
  EXPECT_EQ(p.base.audio_input, 0);
  EXPECT_EQ(p.base.audio_output, 0);
  EXPECT_EQ(p.base.image, 0);
  EXPECT_EQ(p.base.search, 0);
  EXPECT_EQ(p.base.request, 0);
  EXPECT_EQ(price_of({{"input", "2"}, {"cache_read", "0"}}).base.cache_read, 0);
}

TEST(Rating, ImagesAndRequestsArePricedByThePiece) {
  const Price p = price_of({{"image", "0.039"}, {"request", "0.012"}});
  oc_usage u = usage_of(500, 500);
  u.images = 3;
  u.requests = 2;
  EXPECT_EQ(rate(p, u, {0})->cost, 3 * 39'000'000 + 2 * 12'000'000);
}

TEST(Rating, ALargeInputMovesTheWholeRequestToTheTier) {
  Price p = price_of({{"input", "3"}, {"output", "15"}, {"cache_read", "0.3"}});
  p.tiers.push_back({200'000, *parse_rates({{"input", "6"}, {"output", "22.5"}, {"cache_read", "0.6"}})});
  oc_usage u = usage_of(100'000, 10);
  u.cache_read = 100'000;
  EXPECT_EQ(rate(p, u, {0})->cost, 100'000 * 3'000 + 100'000 * 300 + 10 * 15'000);
  ++u.cache_read;  // every kind of input counts
  EXPECT_EQ(rate(p, u, {0})->cost, 100'000 * 6'000 + 100'001 * 600 + 10 * 22'500);
}

TEST(Rating, BadPricesAreRefusedByName) {
  for (const PriceTexts& bad :
       {PriceTexts{{"input", "-1"}}, PriceTexts{{"input", "x"}}, PriceTexts{{"input", ""}},
        PriceTexts{{"input", "1e-10"}}, PriceTexts{{"input", "1.0000000001"}}, PriceTexts{{"input", "99999999999"}},
        PriceTexts{{"input", "1.2.3"}}, PriceTexts{{"input", "1e"}}, PriceTexts{{"input", "."}},
        PriceTexts{{"input", "nan"}}, PriceTexts{{"input", "0x10"}}}) {
    const auto p = parse_price(bad);
    ASSERT_FALSE(p) << bad.begin()->second;
    EXPECT_EQ(p.error().status, OC_E_CONFIG);
    EXPECT_NE(p.error().message.find("input"), std::string::npos) << p.error().message;
  }
  EXPECT_NE(parse_price({{"inptu", "1"}}).error().message.find("inptu"), std::string::npos);
}

TEST(Rating, DecimalsAreReadExactly) {
  EXPECT_EQ(parse_decimal("0.0375", 9), 37'500'000);
  EXPECT_EQ(parse_decimal("7.5e-08", 15), 75'000'000);
  EXPECT_EQ(parse_decimal("1E3", 0), 1000);
  EXPECT_EQ(parse_decimal("+.5", 1), 5);
  EXPECT_EQ(parse_decimal("100.000000000000000", 0), 100);
  EXPECT_EQ(parse_decimal("9223372036854775807", 0), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(parse_decimal("9223372036854775808", 0), std::nullopt);
  EXPECT_EQ(parse_decimal("1e999", 0), std::nullopt);
  EXPECT_EQ(parse_decimal("0e399", 9), 0);
  EXPECT_EQ(parse_decimal("-2", 0), -2);
}

TEST(Rating, DollarsAreWrittenWithoutLoss) {
  EXPECT_EQ(usd_text(0), "0");
  EXPECT_EQ(usd_text(1), "0.000000001");
  EXPECT_EQ(usd_text(-2'500'000'000), "-2.5");
  EXPECT_EQ(usd_text(std::numeric_limits<std::int64_t>::min()), "-9223372036.854775808");
}

TEST(Rating, MoreThanTheLedgerCanHoldIsRefused) {
  const Price p = price_of({{"input", "1000000"}, {"request", "9000000000"}});
  EXPECT_FALSE(rate(p, usage_of(std::numeric_limits<std::uint64_t>::max()), {0}));
  oc_usage u = usage_of(0);
  u.requests = 1;
  EXPECT_TRUE(rate(p, u, {0}));
  EXPECT_FALSE(rate(p, u, {1000}));  // the cost fits, the total does not
  u.requests = std::numeric_limits<std::uint64_t>::max();
  EXPECT_FALSE(rate(p, u, {0}));
}

TEST(Rating, UnderTheCustomersOwnKeyOnlyTheMarkupIsOwed) {
  const Price p = price_of({{"input", "0.0375"}});
  for (const auto& [tokens, bps, fee] : std::vector<std::tuple<std::uint64_t, std::uint32_t, std::int64_t>>{
           {10, 500, 19}, {1'000'000, 500, 1'875'000}, {1, 1, 1}, {0, 1000, 0}, {1'000'000, 0, 0}, {4, 10'000, 150}}) {
    const auto r = rate(p, usage_of(tokens), {bps, true});
    ASSERT_TRUE(r);
    EXPECT_EQ(r->cost, 0);
    EXPECT_EQ(r->fee, fee) << tokens << " at " << bps;
    EXPECT_EQ(r->total, fee);
    EXPECT_EQ(r->numerator, Int128(tokens) * 37'500'000);  // what it would have been
  }
}

TEST(Rating, ASearchIsPricedByThePiece) {
  const Price p = price_of({{"input", "3"}, {"search", "0.01"}});
  oc_usage u = usage_of(1000);
  u.searches = 3;
  EXPECT_EQ(rate(p, u, {0})->cost, 1000 * 3'000 + 3 * 10'000'000);
  u.searches = std::numeric_limits<std::uint64_t>::max();
  EXPECT_FALSE(rate(p, u, {0}));
}

TEST(Rating, NumbersOfAnySizeAreWrittenInFull) {
  const Int128 digits = Int128(1'234'567'890'123'456'789) * 1'000'000'000 + 987'654'321;
  EXPECT_EQ(to_text(0), "0");
  EXPECT_EQ(to_text(-7), "-7");
  EXPECT_EQ(to_text(Int128(std::numeric_limits<std::uint64_t>::max())), "18446744073709551615");
  EXPECT_EQ(to_text(Int128(std::numeric_limits<std::uint64_t>::max()) + 1), "18446744073709551616");
  EXPECT_EQ(to_text(digits), "1234567890123456789987654321");
  EXPECT_EQ(to_text(-digits), "-1234567890123456789987654321");
  const Int128 lowest = -(Int128(1) << 126) - (Int128(1) << 126);
  EXPECT_EQ(to_text(lowest), "-170141183460469231731687303715884105728");
}

}  // namespace
}  // namespace onechat::ledger
