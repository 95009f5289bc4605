#include "ledger/rating.hpp"

#include <limits>

namespace onechat::ledger {
namespace {

constexpr Int128 kInt64Max = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kTokensPerRate = 1'000'000;
constexpr std::int64_t kBpsPerOne = 10'000;

// sum += units x rate; false on overflow.
bool add(Int128& sum, std::uint64_t units, std::int64_t rate) noexcept {
  Int128 part = 0;
  return !__builtin_mul_overflow(Int128(units), Int128(rate), &part) && !__builtin_add_overflow(sum, part, &sum);
}

// num/den of nano-USD; false on overflow.
bool exact_cost(const Price& price, const oc_usage& u, Int128& num, std::int64_t& den) noexcept {
  const Applied a = applied(price, u);
  const Rates& r = *a.rates;
  den = kTokensPerRate * a.times.den;
  Int128 tokens = 0, pieces = 0;
  return add(tokens, u.input, r.input) && add(tokens, u.cache_read, r.cache_read) &&
         add(tokens, u.cache_write, r.cache_write) && add(tokens, u.cache_write_1h, r.cache_write_1h) &&
         add(tokens, u.audio_input, r.audio_input) && add(tokens, u.output, r.output) &&
         add(tokens, u.reasoning, r.reasoning) && add(tokens, u.audio_output, r.audio_output) &&
         add(pieces, u.images, r.image) && add(pieces, u.searches, r.search) && add(pieces, u.requests, r.request) &&
         !__builtin_mul_overflow(tokens, Int128(a.times.num), &tokens) &&
         !__builtin_mul_overflow(pieces, Int128(den), &pieces) && !__builtin_add_overflow(tokens, pieces, &num) &&
         num <= kInt64Max * den;
}

Int128 half_even(Int128 num, std::int64_t den) noexcept {
  const Int128 rest = num % den, twice = rest * 2, down = num / den;
  return down + (twice > den || (twice == den && down % 2 != 0) ? 1 : 0);
}

}  // namespace

Applied applied(const Price& price, const oc_usage& u) noexcept {
  Applied out;
  const Price::Service* special = price.service(tier_of(u));
  out.rates = special != nullptr ? &special->base : &price.base;
  if (special != nullptr) {
    out.times = special->times;
    out.tier = special->tier;
  }
  Int128 input = 0;
  for (const std::uint64_t n : {u.input, u.cache_read, u.cache_write, u.cache_write_1h, u.audio_input}) input += n;
  for (const Price::Tier& tier : special != nullptr ? special->tiers : price.tiers)
    if (input > Int128(tier.input_tokens_above)) {
      out.rates = &tier.rates;
      out.input_tokens_above = tier.input_tokens_above;
    }
  return out;
}

Result<Rated> rate(const Price& price, const oc_usage& usage, const Terms& terms) {
  Rated out;
  Int128 charged = 0;
  const Int128 bps = Int128(terms.byok ? 0 : kBpsPerOne) + terms.markup_bps;
  if (!exact_cost(price, usage, out.numerator, out.denominator) ||
      __builtin_mul_overflow(out.numerator, bps, &charged))
    return Error(OC_E_INVALID, "the cost of this usage is beyond what the ledger can hold");
  const Int128 scale = Int128(out.denominator) * kBpsPerOne;
  const Int128 total = charged / scale + (charged % scale != 0 ? 1 : 0);
  const Int128 cost = terms.byok ? 0 : half_even(out.numerator, out.denominator);
  if (total > kInt64Max || cost > kInt64Max)
    return Error(OC_E_INVALID, "the cost of this usage is beyond what the ledger can hold");
  out.cost = static_cast<std::int64_t>(cost);
  out.total = static_cast<std::int64_t>(total);
  out.fee = out.total - out.cost;
  return out;
}

Result<Rated> dearest(const Price& price, oc_usage usage, const Terms& terms, std::span<const ServiceTier> tiers) {
  Result<Rated> most = Rated{};
  for (const ServiceTier tier : tiers) {
    usage.flags = (usage.flags & ~static_cast<std::uint32_t>(OC_USAGE_TIER)) | usage_flag(tier);
    auto one = rate(price, usage, terms);
    if (!one || one->total >= most->total) most = std::move(one);
    if (!most) return most;
  }
  return most;
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
