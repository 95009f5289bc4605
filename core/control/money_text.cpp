#include "control/money_text.hpp"

#include <algorithm>
#include <limits>

namespace onechat::control {
namespace {

constexpr unsigned kNanoDigits = 9;
constexpr std::uint64_t kNano = 1'000'000'000;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool all_digits(std::string_view s) noexcept { return std::all_of(s.begin(), s.end(), is_digit); }

struct Decimal {  // a plain non-negative decimal, cut at its point
  std::string_view whole, fraction;
};

bool split(std::string_view text, Decimal& out) noexcept {
  const auto point = text.find('.');
  out.whole = text.substr(0, point);
  out.fraction = point == text.npos ? std::string_view() : text.substr(point + 1);
  const bool fraction_fine = point == text.npos || !out.fraction.empty();
  return !out.whole.empty() && fraction_fine && all_digits(out.whole) && all_digits(out.fraction);
}

// whole.fraction * 10^digits; false when it does not fit into `max`.
bool scale(const Decimal& d, unsigned digits, std::uint64_t max, std::uint64_t& out) noexcept {
  out = 0;
  const auto push = [&](char c) {
    const unsigned digit = static_cast<unsigned>(c - '0');
    if (out > (max - digit) / 10) return false;
    out = out * 10 + digit;
    return true;
  };
  for (char c : d.whole)
    if (!push(c)) return false;
  for (unsigned i = 0; i < digits; ++i)
    if (!push(i < d.fraction.size() ? d.fraction[i] : '0')) return false;
  return true;
}

Error bad_amount(std::string_view text, const char* why) {
  return Error(OC_E_INVALID, "'" + std::string(text.substr(0, 64)) + "' is not an amount in USD: " + why,
               "invalid_amount");
}

}  // namespace

std::string to_usd(std::int64_t nano) {
  const bool negative = nano < 0;
  const std::uint64_t size = negative ? 0 - static_cast<std::uint64_t>(nano) : static_cast<std::uint64_t>(nano);
  std::string fraction = std::to_string(size % kNano);
  fraction.insert(0, kNanoDigits - fraction.size(), '0');
  while (fraction.size() > 2 && fraction.back() == '0') fraction.pop_back();
  return (negative ? "-" : "") + std::to_string(size / kNano) + "." + fraction;
}

Result<std::int64_t> parse_usd(std::string_view text) {
  const bool negative = !text.empty() && text.front() == '-';
  Decimal d;
  if (!split(text.substr(negative ? 1 : 0), d)) return bad_amount(text, "write it like 25 or 25.00");
  if (d.fraction.size() > kNanoDigits) return bad_amount(text, "at most 9 decimals can be kept");
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  std::uint64_t size = 0;
  if (!scale(d, kNanoDigits, kMax + (negative ? 1 : 0), size)) return bad_amount(text, "too large");
  const auto nano = static_cast<std::int64_t>(negative ? 0 - size : size);
  return Result<std::int64_t>(boost::system::in_place_value, nano);
}

Result<std::uint32_t> parse_percent(std::string_view text) {
  Decimal d;
  std::uint64_t bps = 0;
  if (!split(text, d) || d.fraction.size() > 2 || !scale(d, 2, 10'000'000, bps))
    return Error(OC_E_INVALID, "must be a percentage of at most two decimals, such as 10 or 7.5");
  return Result<std::uint32_t>(boost::system::in_place_value, static_cast<std::uint32_t>(bps));
}

bool is_plain_decimal(std::string_view text) noexcept {
  Decimal d;
  return text.size() <= 40 && split(text, d);
}

}  // namespace onechat::control
