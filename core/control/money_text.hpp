// Money as people write it: exact decimal USD text <-> whole nano-USD. No floating point anywhere.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace onechat::control {

// At least two decimals, no more than needed: 5'000'000'000 -> "5.00", 1'500 -> "0.0000015", -1 -> "-0.000000001".
std::string to_usd(std::int64_t nano);

// "25", "25.00", "-0.5". OC_E_INVALID for anything else: more than 9 decimals, exponents, signs other than one leading
// '-', blanks, or a value outside int64 nano.
Result<std::int64_t> parse_usd(std::string_view text);

// Percent with at most two decimals as basis points: "10" -> 1000, "0.25" -> 25. OC_E_INVALID otherwise, or when
// negative.
Result<std::uint32_t> parse_percent(std::string_view text);

// True for a plain non-negative decimal such as "0.15": what a price is written in.
bool is_plain_decimal(std::string_view text) noexcept;

}  // namespace onechat::control
