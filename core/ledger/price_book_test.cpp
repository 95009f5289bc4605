// Prices come from the file, exactly, and by date; the shipped file is sound.
#include "ledger/price_book.hpp"

#include <gtest/gtest.h>

namespace onechat::ledger {
namespace {

const char* const kBook = R"(
providers:
  openai:
    gpt-a:
      also: [gpt-a-mini*, gpt-a-2026-01-01]
      max_output_tokens: 16384
      prices:
        - { input: 0.15, output: "0.60", cache_read: 0.075 }
        - { from: 2026-07-30, input: 0.1, output: 0.4, above: [{ input_tokens: 200000, input: 0.2 }] }
    "gpt-*":
      prices: [{ input: 1 }]
  other:
    shared: { prices: [{ input: 1 }] }
  third:
    shared: { prices: [{ input: 2 }] }
)";

PriceBook book() {
  auto b = PriceBook::parse(kBook, "test.yaml");
  EXPECT_TRUE(b) << b.error().message;
  return std::move(*b);
}

TEST(PriceBook, FindsThePriceOfTheDay) {
  const PriceBook b = book();
  const std::int64_t change = *parse_date("2026-07-30");
  EXPECT_EQ(change, 1'785'369'600'000);
  const auto before = b.find("openai", "gpt-a", change - 1), after = b.find("openai", "gpt-a", change);
  ASSERT_TRUE(before);
  EXPECT_EQ(before.price->base.input, 150'000'000);
  EXPECT_EQ(before.price->base.output, 600'000'000);
  EXPECT_EQ(before.price->base.cache_read, 75'000'000);
  EXPECT_EQ(before.model->max_output_tokens, 16384u);
  ASSERT_TRUE(after);
  EXPECT_EQ(after.price->base.input, 100'000'000);
  ASSERT_EQ(after.price->tiers.size(), 1u);
  EXPECT_EQ(after.price->tiers[0].input_tokens_above, 200'000u);
  EXPECT_EQ(after.price->tiers[0].rates.input, 200'000'000);
  EXPECT_EQ(after.price->tiers[0].rates.output, 400'000'000);  // as in its row
}

TEST(PriceBook, NamesMatchExactlyThenByTheirLongestBeginning) {
  const PriceBook b = book();
  EXPECT_EQ(b.find("openai", "gpt-a-2026-01-01", 0).model->id, "gpt-a");
  EXPECT_EQ(b.find("openai", "gpt-a-mini-9", 0).model->id, "gpt-a");
  EXPECT_EQ(b.find("openai", "gpt-zzz", 0).model->id, "gpt-*");
  EXPECT_FALSE(b.find("openai", "claude", 0));
}

TEST(PriceBook, AnUnknownProviderGetsAModelOnlyOneProviderHas) {
  const PriceBook b = book();
  EXPECT_TRUE(b.find("openai_r", "gpt-a", 0));
  EXPECT_FALSE(b.find("anyone", "shared", 0));  // whose price?
  EXPECT_TRUE(b.find("third", "shared", 0));
  EXPECT_FALSE(b.find("third", "gpt-a", 0));  // a known provider has what is listed for it
}

TEST(PriceBook, MistakesAreNamedWithTheirLine) {
  struct Row {
    const char *yaml, *expected;
  };
  for (const Row& row : {
           Row{"", "f:1: expected a map `providers`"},
           Row{"providers: {a: {m: {}}}", "a/m: has no prices"},
           Row{"providers: {a: {m: {prices: []}}}", "a/m: has no prices"},
           Row{"providers:\n  a:\n    m: {prise: []}", "f:3: unknown key 'prise'"},
           Row{"extra: 1\nproviders: {}", "f:1: unknown key 'extra'"},
           Row{"providers:\n  a:\n    m:\n      prices:\n        - {input: -1}", "f:5: price input: '-1' is negative"},
           Row{"providers: {a: {m: {prices: [{inptu: 1}]}}}", "unknown price 'inptu'"},
           Row{"providers: {a: {m: {prices: [{from: 2026-02-30, input: 1}]}}}", "is not a date"},
           Row{"providers: {a: {m: {prices: [{from: 2026-02-03, input: 1}, {input: 1}]}}}", "`from` must rise"},
           Row{"providers: {a: {m: {prices: [{input: 1, above: [{input: 2}]}]}}}", "needs input_tokens"},
           Row{"providers: {a: {m: {also: [n], prices: [{input: 1}]}, n: {prices: [{input: 1}]}}}",
               "n is priced twice"},
           Row{"providers: [", "f:1: "},
       }) {
    const auto b = PriceBook::parse(row.yaml, "f");
    ASSERT_FALSE(b) << row.yaml;
    EXPECT_NE(b.error().message.find(row.expected), std::string::npos) << b.error().message << "\n" << row.expected;
  }
  EXPECT_FALSE(PriceBook::load("config/no-such-file.yaml"));
}

TEST(PriceBook, TheShippedFileIsSound) {
  const auto b = PriceBook::load("config/prices.yaml");
  ASSERT_TRUE(b) << b.error().message;
  EXPECT_GE(b->models().size(), 50u);
  const std::int64_t today = *parse_date("2026-11-22");
  for (const auto& [provider, model] :
       {std::pair{"openai", "gpt-4o-mini"}, std::pair{"openai", "gpt-4o"}, std::pair{"anthropic", "claude-haiku-4-5"},
        std::pair{"anthropic", "claude-sonnet-5"}, std::pair{"gemini", "gemini-2.5-flash"},
        std::pair{"openai_r", "gpt-5"}})
    EXPECT_TRUE(b->find(provider, model, today)) << provider << "/" << model;
  EXPECT_EQ(b->find("openai", "gpt-4o-mini", today).price->base.output, 600'000'000);
  for (const auto& m : b->models())
    for (const auto& v : m.versions) EXPECT_GT(v.price.base.input, 0) << m.provider << "/" << m.id << " is free";
}

TEST(PriceBook, ADateIsTenDigitsAndDashes) {
  EXPECT_EQ(parse_date("1970-01-02"), 86'400'000);
  for (const char* text : {"", "1970-1-02", "1970-13-01", "1970-02-30", "1e30-01-01", "+970-01-01", "1970-+1-01",
                           "1970-01-1.", "1970/01/01"})
    EXPECT_FALSE(parse_date(text)) << text;
}

}  // namespace
}  // namespace onechat::ledger
