// What one model costs from one day on, as exact integers, and how it is written.
//
// A rate is int64 nano-USD per million tokens, or per one piece (image, search, request), so nine decimals of a USD price
// are exact. Pure values; any thread.
#pragma once
#include <onechat/conv.h>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace onechat::ledger {

struct Rates {  // nano-USD per 10^6 tokens; image, search, request: nano-USD each
  std::int64_t input = 0, cache_read = 0, cache_write = 0, cache_write_1h = 0, audio_input = 0;
  std::int64_t output = 0, reasoning = 0, audio_output = 0;
  std::int64_t image = 0, search = 0, request = 0;
  friend bool operator==(const Rates&, const Rates&) = default;
};

struct RateName {
  std::string_view text;
  std::int64_t Rates::*rate;
};
// Every rate under the name that files, configuration and traces give it; defaults follow what they follow.
std::span<const RateName> rate_names() noexcept;

// How the provider served a request, where its price depends on it. `standard` stands for "not said", too.
enum class ServiceTier : std::uint8_t { standard, flex, priority, batch, fast };
inline constexpr ServiceTier kSpecialTiers[] = {ServiceTier::flex, ServiceTier::priority, ServiceTier::batch,
                                                ServiceTier::fast};
std::string_view name_of(ServiceTier tier) noexcept;
std::optional<ServiceTier> tier_named(std::string_view name) noexcept;
// As a usage vector says it, and back (OC_USAGE_TIER_*).
ServiceTier tier_of(const oc_usage& usage) noexcept;
std::uint32_t usage_flag(ServiceTier tier) noexcept;

struct Multiplier {  // in lowest terms, positive
  std::int64_t num = 1, den = 1;
  friend bool operator==(const Multiplier&, const Multiplier&) = default;
};
inline constexpr std::int64_t kMultiplierPartMax = 1'000'000;
// "0.5", "1.8", "1/3": at most six decimals, each part at most 10^6, more than 0; else nullopt.
std::optional<Multiplier> parse_multiplier(std::string_view text);

struct Price {
  struct Tier {  // applies to the whole request when all its input tokens together are more than `input_tokens_above`
    std::uint64_t input_tokens_above = 0;
    Rates rates;
    friend bool operator==(const Tier&, const Tier&) = default;
  };
  struct Service {  // instead of base and tiers, for a request that was served so
    ServiceTier tier = ServiceTier::standard;
    Multiplier times;  // of everything that is priced by tokens; pieces keep their price
    Rates base;
    std::vector<Tier> tiers;
    friend bool operator==(const Service&, const Service&) = default;
  };
  Rates base;
  std::vector<Tier> tiers;  // rising
  std::vector<Service> services;
  friend bool operator==(const Price&, const Price&) = default;

  // nullptr: that tier costs what the standard one does.
  const Service* service(ServiceTier tier) const noexcept;
};

// Decimals as written, by contract name: input, output, cache_read, ... USD per 10^6 tokens; image, search, request: USD
// each; flex, priority, batch, fast: a multiplier.
using PriceTexts = std::map<std::string, std::string>;

// "0.0375", "2.5e-08" -> its value times 10^`scale`, or nullopt: no decimal number, not exact at that scale, or too
// large.
std::optional<std::int64_t> parse_decimal(std::string_view text, int scale);
// Nano-USD as a decimal text without trailing zeros: "0.0375".
std::string usd_text(std::int64_t nano);

// Left out: the cache kinds cost as `input`, `reasoning` as `output`, the others nothing. Errors (OC_E_CONFIG): an
// unknown name, a negative price, more than 9 decimals.
Result<Rates> parse_rates(const PriceTexts& usd);
// The same with multipliers of service tiers.
Result<Price> parse_price(const PriceTexts& usd);

// The price as one JSON object in the form of a row of the prices file: what PriceBook's parse_row() reads back to the
// same price. `from`: a date, or "" for a price since ever.
std::string price_text(const Price& price, std::string_view from);

}  // namespace onechat::ledger
