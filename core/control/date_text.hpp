// Points in time as people write them, in UTC.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace onechat::control {

// "2027-01-31" (its first instant) or "2027-01-31T12:30:00Z", fractions of a second allowed; Unix ms. OC_E_INVALID
// otherwise.
Result<std::int64_t> parse_time(std::string_view text);
std::string to_time(std::int64_t unix_ms);  // "2027-01-31T12:30:00.000Z"

}  // namespace onechat::control
