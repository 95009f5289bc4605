// Usage x price -> money, exactly. One rounding per charge; no floating point anywhere. Pure functions; any thread.
//
// With D = 10^6 x the multiplier's denominator:
//   exact cost = numerator / D,  cost = that rounded half to even,  total = ceil(exact cost x (1 + markup)),
//   fee = total - cost.
// Under a key of the customer's own (byok) the provider is paid by the customer: cost = 0, total = fee = ceil(exact cost x
// markup).
#pragma once
#include <cstdint>
#include <string>

#include "ledger/price.hpp"

namespace onechat::ledger {

__extension__ typedef __int128 Int128;

struct Terms {                   // what the customer pays beside the price
  std::uint32_t markup_bps = 0;  // 10 % = 1000
  bool byok = false;
  friend bool operator==(const Terms&, const Terms&) = default;
};

struct Rated {
  std::int64_t cost = 0;   // nano-USD: what the provider gets from us
  std::int64_t fee = 0;    // never negative
  std::int64_t total = 0;  // cost + fee, always
  Int128 numerator = 0;    // exact cost = numerator / denominator nano-USD; with byok what it would have been
  std::int64_t denominator = 1;
};

// The part of a price that holds for a usage: by its service tier, then by the size of its input.
struct Applied {
  const Rates* rates = nullptr;             // the price's
  Multiplier times;                         // of what is priced by tokens
  ServiceTier tier = ServiceTier::standard; // whose prices they are
  std::uint64_t input_tokens_above = 0;     // 0: no tier by size
};
Applied applied(const Price& price, const oc_usage& usage) noexcept;

// Every unit is priced by what the usage says of its service tier. Errors: OC_E_INVALID when the result does not fit int64
// nano-USD (9.2 billion USD).
Result<Rated> rate(const Price& price, const oc_usage& usage, const Terms& terms);

// Whichever of `tiers` makes `usage` dearest: what a hold must cover when it is not known how it will be served.
Result<Rated> dearest(const Price& price, oc_usage usage, const Terms& terms, std::span<const ServiceTier> tiers);

std::string to_text(Int128 value);  // decimal

}  // namespace onechat::ledger
