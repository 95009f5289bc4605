#include "ledger/rating.hpp"

#include <array>
#include <limits>

namespace onechat::ledger {
namespace {

constexpr int kNanoDigits = 9;
constexpr int kExponentMax = 400;
constexpr Int128 kInt64Max = std::numeric_limits<std::int64_t>::max();

struct Name {
  std::string_view text;
  std::int64_t Rates::*rate;
};
constexpr std::array<Name, 10> kNames{{{"input", &Rates::input},
                                       {"output", &Rates::output},
                                       {"cache_read", &Rates::cache_read},
                                       {"cache_write", &Rates::cache_write},
                                       {"cache_write_1h", &Rates::cache_write_1h},
                                       {"reasoning", &Rates::reasoning},
                                       {"audio_input", &Rates::audio_input},
                                       {"audio_output", &Rates::audio_output},
                                       {"image", &Rates::image},
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

// sum += units x rate x times; false on overflow.
bool add(Int128& sum, std::uint64_t units, std::int64_t rate, std::int64_t times) noexcept {
  Int128 part = 0;
  return !__builtin_mul_overflow(Int128(units), Int128(rate), &part) &&
         !__builtin_mul_overflow(part, Int128(times), &part) && !__builtin_add_overflow(sum, part, &sum);
}

const Rates& rates_for(const Price& price, const oc_usage& u) noexcept {
  Int128 input = 0;
  for (const std::uint64_t n : {u.input, u.cache_read, u.cache_write, u.cache_write_1h, u.audio_input}) input += n;
  const Rates* rates = &price.base;
  for (const Price::Tier& tier : price.tiers)
    if (input > Int128(tier.input_tokens_above)) rates = &tier.rates;
  return *rates;
}

}  // namespace

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
  for (const auto& [name, text] : usd) {
    bool known = false;
    for (const Name& n : kNames) known = known || n.text == name;
    if (!known)
      return Error(OC_E_CONFIG, "unknown price '" + name +
                                    "'; the names are input, output, cache_read, cache_write, "
                                    "cache_write_1h, reasoning, audio_input, audio_output, image, request");
  }
  Rates rates;
  const auto read = [&](std::string_view name) { return usd.find(std::string(name)); };
  for (const Name& n : kNames) {
    const auto it = read(n.text);
    if (it == usd.end()) continue;
    const auto value = parse_decimal(it->second, kNanoDigits);
    if (!value)
      return Error(OC_E_CONFIG,
                   "price " + it->first + ": '" + it->second + "' is not a decimal of USD with at most 9 places");
    if (*value < 0) return Error(OC_E_CONFIG, "price " + it->first + ": '" + it->second + "' is negative");
    rates.*n.rate = *value;
  }
  const auto otherwise = [&](std::string_view name, std::int64_t Rates::*rate, std::int64_t value) {
    if (read(name) == usd.end()) rates.*rate = value;
  };
  otherwise("cache_read", &Rates::cache_read, rates.input);
  otherwise("cache_write", &Rates::cache_write, rates.input);
  otherwise("cache_write_1h", &Rates::cache_write_1h, rates.input);
  otherwise("reasoning", &Rates::reasoning, rates.output);
  return rates;
}

Result<Price> parse_price(const PriceTexts& usd) {
  auto rates = parse_rates(usd);
  if (!rates) return rates.error();
  return Price{*rates, {}};
}

Result<Rated> rate(const Price& price, const oc_usage& u, std::uint32_t markup_bps) {
  const Rates& r = rates_for(price, u);
  Rated out;
  Int128& num = out.numerator;
  const bool fits = add(num, u.input, r.input, 1) && add(num, u.cache_read, r.cache_read, 1) &&
                    add(num, u.cache_write, r.cache_write, 1) && add(num, u.cache_write_1h, r.cache_write_1h, 1) &&
                    add(num, u.audio_input, r.audio_input, 1) && add(num, u.output, r.output, 1) &&
                    add(num, u.reasoning, r.reasoning, 1) && add(num, u.audio_output, r.audio_output, 1) &&
                    add(num, u.images, r.image, kRatingDenominator) &&
                    add(num, u.requests, r.request, kRatingDenominator);
  const Error too_large(OC_E_INVALID, "the cost of this usage is beyond what the ledger can hold");
  if (!fits || num > kInt64Max * kRatingDenominator) return too_large;

  const Int128 rest = num % kRatingDenominator, twice = rest * 2;
  Int128 cost = num / kRatingDenominator;
  if (twice > kRatingDenominator || (twice == kRatingDenominator && cost % 2 != 0)) ++cost;
  const Int128 scale = Int128(kRatingDenominator) * 10'000;
  const Int128 total = (num * (Int128(10'000) + markup_bps) + scale - 1) / scale;
  if (total > kInt64Max || cost > kInt64Max) return too_large;
  out.cost = static_cast<std::int64_t>(cost);
  out.total = static_cast<std::int64_t>(total);
  out.fee = out.total - out.cost;
  return out;
}

std::string to_text(Int128 value) {
  __extension__ typedef unsigned __int128 Unsigned;
  char digits[40];
  char* const end = digits + sizeof digits;
  char* p = end;
  Unsigned rest = value < 0 ? -static_cast<Unsigned>(value) : static_cast<Unsigned>(value);
  // Division of 128 bits is a library call: only while 64 do not hold it.
  for (; rest > ~std::uint64_t{0}; rest /= 10) *--p = static_cast<char>('0' + static_cast<int>(rest % 10));
  auto low = static_cast<std::uint64_t>(rest);
  do *--p = static_cast<char>('0' + low % 10);
  while ((low /= 10) != 0);
  if (value < 0) *--p = '-';
  return {p, end};
}

}  // namespace onechat::ledger
