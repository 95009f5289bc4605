#include "ledger/price.hpp"

#include <array>
#include <limits>
#include <numeric>

#include "json/json.hpp"

namespace onechat::ledger {
namespace {

__extension__ typedef __int128 Int128;

constexpr int kNanoDigits = 9;
constexpr int kExponentMax = 400;
constexpr Int128 kInt64Max = std::numeric_limits<std::int64_t>::max();

constexpr std::array<RateName, 11> kNames{{{"input", &Rates::input},
                                           {"output", &Rates::output},
                                           {"cache_read", &Rates::cache_read},
                                           {"cache_write", &Rates::cache_write},
                                           {"cache_write_1h", &Rates::cache_write_1h},
                                           {"reasoning", &Rates::reasoning},
                                           {"audio_input", &Rates::audio_input},
                                           {"audio_output", &Rates::audio_output},
                                           {"image", &Rates::image},
                                           {"search", &Rates::search},
                                           {"request", &Rates::request}}};

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// The exponent after 'e'; nullopt when it is none.
std::optional<int> parse_exponent(std::string_view text) {
  const bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (text.empty() || text.size() > 3) return std::nullopt;
  int value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    value = value * 10 + (c - '0');
  }
  if (value > kExponentMax) return std::nullopt;
  return negative ? -value : value;
}

struct Digits {
  Int128 value = 0;
  int decimals = 0;
};

// "12.50": digits with at most one point, at least one digit, at most 36 significant ones.
std::optional<Digits> parse_digits(std::string_view text) {
  Digits out;
  bool point = false, any = false;
  constexpr Int128 kMost = Int128(1'000'000'000'000'000'000) * 1'000'000'000'000'000'000;
  for (const char c : text) {
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (!is_digit(c) || out.value >= kMost) return std::nullopt;
    out.value = out.value * 10 + (c - '0');
    out.decimals += point ? 1 : 0;
    any = true;
  }
  if (!any) return std::nullopt;
  return out;
}

const RateName* rate_named(std::string_view name) noexcept {
  for (const RateName& n : kNames)
    if (n.text == name) return &n;
  return nullptr;
}

std::string multiplier_text(const Multiplier& m) {
  return m.den == 1 ? std::to_string(m.num) : std::to_string(m.num) + "/" + std::to_string(m.den);
}

// The least that must be said beside `known` for parse_rates to give `want`.
PriceTexts difference(PriceTexts known, const Rates& want) {
  PriceTexts out;
  for (const RateName& n : kNames) {  // in this order: a default stands behind what it follows
    const auto said = parse_rates(known);
    if (said && (*said).*n.rate == want.*n.rate) continue;
    out[std::string(n.text)] = known[std::string(n.text)] = usd_text(want.*n.rate);
  }
  return out;
}

void write_texts(oc_jsonw& w, const PriceTexts& texts) {
  for (const RateName& n : kNames)
    if (const auto it = texts.find(std::string(n.text)); it != texts.end()) w.key(n.text).string(it->second);
}

PriceTexts merged(PriceTexts texts, const PriceTexts& over) {
  for (const auto& [name, text] : over) texts[name] = text;
  return texts;
}

void write_tiers(oc_jsonw& w, const PriceTexts& row, const std::vector<Price::Tier>& tiers) {
  if (tiers.empty()) return;
  w.key("above").array();
  for (const Price::Tier& t : tiers) {
    w.object().key("input_tokens").integer(static_cast<std::int64_t>(t.input_tokens_above));
    write_texts(w, difference(row, t.rates));
    w.close();
  }
  w.close();
}

}  // namespace

std::span<const RateName> rate_names() noexcept { return kNames; }

std::string_view name_of(ServiceTier tier) noexcept {
  switch (tier) {
    case ServiceTier::standard: return "standard";
    case ServiceTier::flex: return "flex";
    case ServiceTier::priority: return "priority";
    case ServiceTier::batch: return "batch";
    case ServiceTier::fast: return "fast";
  }
  return "";
}

std::optional<ServiceTier> tier_named(std::string_view name) noexcept {
  if (name == name_of(ServiceTier::standard)) return ServiceTier::standard;
  for (const ServiceTier tier : kSpecialTiers)
    if (name == name_of(tier)) return tier;
  return std::nullopt;
}

ServiceTier tier_of(const oc_usage& usage) noexcept {
  switch (usage.flags & OC_USAGE_TIER) {
    case OC_USAGE_TIER_FLEX: return ServiceTier::flex;
    case OC_USAGE_TIER_PRIORITY: return ServiceTier::priority;
    case OC_USAGE_TIER_BATCH: return ServiceTier::batch;
    case OC_USAGE_TIER_FAST: return ServiceTier::fast;
    default: return ServiceTier::standard;
  }
}

std::uint32_t usage_flag(ServiceTier tier) noexcept {
  switch (tier) {
    case ServiceTier::standard: return OC_USAGE_TIER_STANDARD;
    case ServiceTier::flex: return OC_USAGE_TIER_FLEX;
    case ServiceTier::priority: return OC_USAGE_TIER_PRIORITY;
    case ServiceTier::batch: return OC_USAGE_TIER_BATCH;
    case ServiceTier::fast: return OC_USAGE_TIER_FAST;
  }
  return 0;
}

std::optional<Multiplier> parse_multiplier(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto num = parse_decimal(text.substr(0, slash), slash == std::string_view::npos ? 6 : 0);
  const auto den = slash == std::string_view::npos ? std::optional<std::int64_t>(1'000'000)
                                                   : parse_decimal(text.substr(slash + 1), 0);
  if (!num || !den || *num <= 0 || *den <= 0) return std::nullopt;
  const std::int64_t common = std::gcd(*num, *den);
  const Multiplier out{*num / common, *den / common};
  if (out.num > kMultiplierPartMax || out.den > kMultiplierPartMax) return std::nullopt;
  return out;
}

const Price::Service* Price::service(ServiceTier tier) const noexcept {
  for (const Service& s : services)
    if (s.tier == tier) return &s;
  return nullptr;
}

std::optional<std::int64_t> parse_decimal(std::string_view text, int scale) {
  const bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  const std::size_t e = text.find_first_of("eE");
  const auto digits = parse_digits(text.substr(0, e));
  const auto exponent = e == std::string_view::npos ? std::optional(0) : parse_exponent(text.substr(e + 1));
  if (!digits || !exponent) return std::nullopt;
  Int128 value = digits->value;
  int shift = *exponent - digits->decimals + scale;
  for (; shift > 0 && value != 0; --shift) {
    value *= 10;
    if (value > kInt64Max) return std::nullopt;
  }
  for (; shift < 0 && value != 0; ++shift) {
    if (value % 10 != 0) return std::nullopt;
    value /= 10;
  }
  if (value > kInt64Max) return std::nullopt;
  return static_cast<std::int64_t>(negative ? -value : value);
}

std::string usd_text(std::int64_t nano) {
  const bool negative = nano < 0;
  const std::uint64_t size = negative ? ~static_cast<std::uint64_t>(nano) + 1 : static_cast<std::uint64_t>(nano);
  std::string out = std::to_string(size / 1'000'000'000);
  std::string decimals = std::to_string(size % 1'000'000'000);
  decimals.insert(0, kNanoDigits - decimals.size(), '0');
  decimals.erase(decimals.find_last_not_of('0') + 1);
  if (!decimals.empty()) out += "." + decimals;
  return negative ? "-" + out : out;
}

Result<Rates> parse_rates(const PriceTexts& usd) {
  Rates rates;
  for (const auto& [name, text] : usd) {
    const RateName* known = rate_named(name);
    if (known == nullptr) {
      std::string names;
      for (const RateName& n : kNames) names += (names.empty() ? "" : ", ") + std::string(n.text);
      return Error(OC_E_CONFIG, "unknown price '" + name + "'; the names are " + names);
    }
    const auto value = parse_decimal(text, kNanoDigits);
    if (!value)
      return Error(OC_E_CONFIG, "price " + name + ": '" + text + "' is not a decimal of USD with at most 9 places");
    if (*value < 0) return Error(OC_E_CONFIG, "price " + name + ": '" + text + "' is negative");
    rates.*known->rate = *value;
  }
  const auto otherwise = [&](const char* name, std::int64_t Rates::*rate, std::int64_t value) {
    if (usd.find(name) == usd.end()) rates.*rate = value;
  };
  otherwise("cache_read", &Rates::cache_read, rates.input);
  otherwise("cache_write", &Rates::cache_write, rates.input);
  otherwise("cache_write_1h", &Rates::cache_write_1h, rates.input);
  otherwise("reasoning", &Rates::reasoning, rates.output);
  return rates;
}

Result<Price> parse_price(const PriceTexts& usd) {
  PriceTexts texts = usd;
  Price out;
  for (const ServiceTier tier : kSpecialTiers) {
    const auto said = texts.find(std::string(name_of(tier)));
    if (said == texts.end()) continue;
    const auto times = parse_multiplier(said->second);
    if (!times)
      return Error(OC_E_CONFIG, "price " + said->first + ": '" + said->second +
                                    "' is not a multiplier such as 0.5 or 1/3");
    out.services.push_back({tier, *times, {}, {}});
    texts.erase(said);
  }
  auto rates = parse_rates(texts);
  if (!rates) return rates.error();
  out.base = *rates;
  for (Price::Service& s : out.services) s.base = *rates;
  return out;
}

std::string price_text(const Price& price, std::string_view from) {
  std::string out;
  oc_jsonw w(&out);
  w.object();
  if (!from.empty()) w.key("from").string(from);
  const PriceTexts row = difference({}, price.base);
  write_texts(w, row);
  write_tiers(w, row, price.tiers);
  for (const Price::Service& s : price.services) {
    w.key(name_of(s.tier));
    if (s.base == price.base && s.tiers == price.tiers) {
      w.string(multiplier_text(s.times));
      continue;
    }
    const PriceTexts own = difference(row, s.base);
    w.object();
    write_texts(w, own);
    write_tiers(w, merged(row, own), s.tiers);
    w.close();
  }
  w.close();
  return out;
}

}  // namespace onechat::ledger
