// Usage x price -> money, exactly. One rounding per request; no floating point anywhere.
//
// A price is int64 nano-USD per million units (per one unit for `image` and `request`), so nine decimals of a USD price
// are exact. Pure functions; safe from any thread.
#pragma once
#include <onechat/conv.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace onechat::ledger {

__extension__ typedef __int128 Int128;

struct Rates {  // nano-USD per 10^6 tokens; image, request: nano-USD each
  std::int64_t input = 0, cache_read = 0, cache_write = 0, cache_write_1h = 0, audio_input = 0;
  std::int64_t output = 0, reasoning = 0, audio_output = 0;
  std::int64_t image = 0, request = 0;
  friend bool operator==(const Rates&, const Rates&) = default;
};

struct Price {
  Rates base;
  struct Tier {  // applies to the whole request when all its input tokens together are more than `input_tokens_above`
    std::uint64_t input_tokens_above = 0;
    Rates rates;
    friend bool operator==(const Tier&, const Tier&) = default;
  };
  std::vector<Tier> tiers;  // rising
  friend bool operator==(const Price&, const Price&) = default;
};

// Decimals as written, by contract name: input, output, cache_read, ... USD per 10^6 tokens; image, request: USD each.
using PriceTexts = std::map<std::string, std::string>;

// "0.0375", "2.5e-08" -> its value times 10^`scale`, or nullopt: no decimal number, not exact at that scale, or too
// large.
std::optional<std::int64_t> parse_decimal(std::string_view text, int scale);
// Nano-USD as a decimal text without trailing zeros: "0.0375".
std::string usd_text(std::int64_t nano);

// Left out: the cache kinds cost as `input`, `reasoning` as `output`, the others nothing. Errors (OC_E_CONFIG): an
// unknown name, a negative price, more than 9 decimals.
Result<Rates> parse_rates(const PriceTexts& usd);
Result<Price> parse_price(const PriceTexts& usd);

struct Rated {
  std::int64_t cost = 0;   // nano-USD: what the provider gets, rounded half to even
  std::int64_t fee = 0;    // total - cost; never negative
  std::int64_t total = 0;  // ceil(exact cost x (1 + markup)): what the customer pays
  Int128 numerator = 0;    // exact cost = numerator / 10^6 nano-USD
};
inline constexpr std::int64_t kRatingDenominator = 1'000'000;

// Errors: OC_E_INVALID when the result does not fit int64 nano-USD (9.2 billion USD).
Result<Rated> rate(const Price& price, const oc_usage& usage, std::uint32_t markup_bps);

std::string to_text(Int128 value);  // decimal

}  // namespace onechat::ledger
