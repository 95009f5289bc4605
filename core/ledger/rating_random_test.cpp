// Money is exact: the same answers as arithmetic with large integers written down independently, for random prices, service
// tiers, usages and terms. A million charges; ten with ONECHAT_LONG=1.
#include <gtest/gtest.h>

#include <array>
#include <boost/multiprecision/cpp_int.hpp>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <optional>
#include <random>

#include "ledger/price_book.hpp"
#include "ledger/rating.hpp"

namespace onechat::ledger {
namespace {

using Big = boost::multiprecision::int512_t;

constexpr int kNames = 11;
constexpr std::array<const char*, kNames> kName{"input",        "output", "cache_read", "cache_write", "cache_write_1h", "reasoning",
                                                "audio_input", "audio_output", "image", "search",      "request"};
constexpr int kPieces = 8;  // from here on a price is for one
using Row = std::array<std::optional<std::uint64_t>, kNames>;  // nano-USD; nullopt: left out

struct Tier {
  std::uint64_t above = 0;
  Row row;
};
struct Service {
  std::uint64_t num = 0, den = 1;  // 0: prices of its own
  Row row;
  std::vector<Tier> tiers;
};
struct Sheet {
  Row row;
  std::vector<Tier> tiers;
  std::array<std::optional<Service>, 4> services;  // flex, priority, batch, fast
};

class Maker {
 public:
  explicit Maker(std::uint64_t seed) : random_(seed) {}
  std::uint64_t pick(std::uint64_t n) { return random_() % n; }

  Row row(std::uint64_t one_in) {
    Row out;
    for (auto& v : out)
      if (pick(one_in) != 0) v = pick(std::uint64_t(1) << (1 + pick(38)));
    return out;
  }
  std::vector<Tier> tiers() {
    std::vector<Tier> out;
    std::uint64_t above = 0;
    for (auto n = pick(3); n > 0; --n) out.push_back({above += 1 + pick(300'000), row(2)});
    return out;
  }
  Sheet sheet() {
    Sheet out{row(4), tiers(), {}};
    for (auto& s : out.services) {
      if (pick(2) == 0) continue;
      s.emplace();
      if (pick(2) == 0)
        s->num = 1 + pick(999), s->den = 1 + pick(999);
      else
        s->row = row(2), s->tiers = tiers();
    }
    return out;
  }
  std::array<std::uint64_t, kNames> counts() {
    std::array<std::uint64_t, kNames> out{};
    for (int i = 0; i < kNames; ++i)
      if (pick(3) != 0) out[static_cast<std::size_t>(i)] = pick(std::uint64_t(1) << (i < kPieces ? 1 + pick(24) : 1 + pick(10)));
    return out;
  }

 private:
  std::mt19937_64 random_;
};

// ---- as a row of the prices file

void say(std::string& out, const Row& row) {
  for (std::size_t i = 0; i < kNames; ++i) {
    if (!row[i]) continue;
    std::string nano = std::to_string(*row[i] % 1'000'000'000);
    nano.insert(0, 9 - nano.size(), '0');
    out += std::string(kName[i]) + ": " + std::to_string(*row[i] / 1'000'000'000) + "." + nano + ", ";
  }
}
void say(std::string& out, const std::vector<Tier>& tiers) {
  if (tiers.empty()) return;
  out += "above: [";
  for (const Tier& t : tiers) {
    out += "{input_tokens: " + std::to_string(t.above) + ", ";
    say(out, t.row);
    out += "}, ";
  }
  out += "], ";
}
std::string yaml(const Sheet& sheet) {
  std::string out = "{";
  say(out, sheet.row);
  say(out, sheet.tiers);
  const char* const names[] = {"flex", "priority", "batch", "fast"};
  for (std::size_t i = 0; i < 4; ++i) {
    const auto& s = sheet.services[i];
    if (!s) continue;
    out += std::string(names[i]) + ": ";
    if (s->num != 0) {
      out += std::to_string(s->num) + "/" + std::to_string(s->den) + ", ";
      continue;
    }
    out += "{";
    say(out, s->row);
    say(out, s->tiers);
    out += "}, ";
  }
  return out + "}";
}

// ---- the independent computation

Row over(Row row, const Row& own) {
  for (std::size_t i = 0; i < kNames; ++i)
    if (own[i]) row[i] = own[i];
  return row;
}

struct Exact {
  Big numerator, denominator, cost, total;
};

Exact exact(const Sheet& sheet, const std::array<std::uint64_t, kNames>& n, int tier, std::uint32_t bps, bool byok) {
  Row row = sheet.row;
  const std::vector<Tier>* tiers = &sheet.tiers;
  Big num = 1, den = 1;
  if (tier >= 0 && sheet.services[static_cast<std::size_t>(tier)]) {
    const Service& s = *sheet.services[static_cast<std::size_t>(tier)];
    if (s.num != 0) {
      const std::uint64_t common = std::gcd(s.num, s.den);
      num = s.num / common, den = s.den / common;
    } else {
      row = over(row, s.row);
      tiers = &s.tiers;
    }
  }
  const std::uint64_t input = n[0] + n[2] + n[3] + n[4] + n[6];
  Row sized = row;
  for (const Tier& t : *tiers)
    if (input > t.above) sized = over(row, t.row);
  Exact out;
  out.denominator = 1'000'000 * den;
  for (std::size_t i = 0; i < kNames; ++i) {
    auto price = sized[i];
    if (!price && (i == 2 || i == 3 || i == 4)) price = sized[0];
    if (!price && i == 5) price = sized[1];
    out.numerator += Big(n[i]) * price.value_or(0) * (i < kPieces ? num : out.denominator);
  }
  const Big down = out.numerator / out.denominator, twice = 2 * (out.numerator - down * out.denominator);
  out.cost = byok ? Big(0) : Big(down + (twice > out.denominator || (twice == out.denominator && down % 2 == 1) ? 1 : 0));
  const Big charged = out.numerator * ((byok ? 0 : 10'000) + Big(bps)), scale = out.denominator * 10'000;
  out.total = (charged + scale - 1) / scale;
  return out;
}

oc_usage usage(const std::array<std::uint64_t, kNames>& n, int tier) {
  oc_usage u{};
  u.struct_size = sizeof u;
  std::uint64_t* const to[] = {&u.input,       &u.output,       &u.cache_read, &u.cache_write, &u.cache_write_1h, &u.reasoning,
                               &u.audio_input, &u.audio_output, &u.images,     &u.searches,    &u.requests};
  for (std::size_t i = 0; i < kNames; ++i) *to[i] = n[i];
  constexpr std::uint32_t kFlags[] = {OC_USAGE_TIER_FLEX, OC_USAGE_TIER_PRIORITY, OC_USAGE_TIER_BATCH, OC_USAGE_TIER_FAST};
  u.flags = tier >= 0 ? kFlags[tier] : 0u;
  return u;
}

std::string text(Int128 v) { return to_text(v); }

class RatingAtRandom : public testing::TestWithParam<std::uint64_t> {};  // by seed

TEST_P(RatingAtRandom, EqualsLargeIntegersForAnyPriceUsageAndTerms) {
  const bool long_run = std::getenv("ONECHAT_LONG") != nullptr;
  const int sheets = long_run ? 10'000 : 1'000, charges = 100;
  const Big most = std::numeric_limits<std::int64_t>::max();
  Maker make(GetParam());
  std::uint64_t refused = 0, special = 0, free = 0;
  for (int s = 0; s < sheets; ++s) {
    const Sheet sheet = make.sheet();
    const auto price = parse_row(yaml(sheet));
    ASSERT_TRUE(price) << yaml(sheet) << price.error().message;
    for (int c = 0; c < charges; ++c) {
      const auto counts = make.counts();
      const int tier = static_cast<int>(make.pick(5)) - 1;
      const Terms terms{static_cast<std::uint32_t>(make.pick(2) ? 1000 : make.pick(30'000)), make.pick(4) == 0};
      const Exact want = exact(sheet, counts, tier, terms.markup_bps, terms.byok);
      const auto got = rate(price->price, usage(counts, tier), terms);
      const bool fits = want.numerator <= most * want.denominator && want.total <= most;
      if (bool(got) != fits) FAIL() << "sheet " << s << " charge " << c << ": " << (got ? "taken" : "refused");
      if (!got) {
        ++refused;
        continue;
      }
      const bool same = Big(got->cost) == want.cost && Big(got->total) == want.total &&
                        text(got->numerator) == want.numerator.str() && Big(got->denominator) == want.denominator;
      if (!same || got->fee < 0 || got->cost + got->fee != got->total)
        FAIL() << "sheet " << s << " charge " << c << " of " << price->text << ": cost " << got->cost << " for " << want.cost
               << ", total " << got->total << " for " << want.total;
      special += tier >= 0 && sheet.services[static_cast<std::size_t>(tier)] ? 1 : 0;
      free += got->total == 0 ? 1 : 0;
    }
  }
  const std::uint64_t all = std::uint64_t(sheets) * std::uint64_t(charges);
  EXPECT_GT(special, all / 10);  // it was not all about one thing
  EXPECT_LT(refused + free, all / 2);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RatingAtRandom, testing::Range<std::uint64_t>(1, 11));

TEST(RatingAtTheEnd, WhatDoesNotFitIsRefusedAndNeverWrapsAround) {
  Maker make(7);
  const Big most = std::numeric_limits<std::int64_t>::max();
  std::uint64_t refused = 0, taken = 0;
  for (int round = 0; round < 20'000; ++round) {
    Sheet sheet{make.row(3), {}, {}};
    for (auto& v : sheet.row)
      if (v) v = make.pick(std::uint64_t(1) << (1 + make.pick(62)));
    const auto price = parse_row(yaml(sheet));
    ASSERT_TRUE(price) << price.error().message;
    auto counts = make.counts();
    for (auto& n : counts) n = n == 0 ? 0 : make.pick(2) ? ~std::uint64_t(0) >> make.pick(60) : n;
    const Terms terms{static_cast<std::uint32_t>(make.pick(std::uint64_t(1) << 32)), make.pick(2) == 0};
    const Exact want = exact(sheet, counts, -1, terms.markup_bps, terms.byok);
    const auto got = rate(price->price, usage(counts, -1), terms);
    const bool fits = want.numerator <= most * want.denominator && want.total <= most;
    ASSERT_EQ(bool(got), fits) << price->text;
    if (got) {
      ASSERT_EQ(Big(got->total), want.total);
    }
    ++(got ? taken : refused);
  }
  EXPECT_GT(refused, 1'000u);
  EXPECT_GT(taken, 1'000u);
}

}  // namespace
}  // namespace onechat::ledger
