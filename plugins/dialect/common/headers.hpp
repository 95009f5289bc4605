// Values of HTTP headers that codecs look at.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>
#include <string_view>

namespace onechat::dialect {

// Of `name` (lower case); "" when it is not there.
std::string_view header(const oc_header* list, std::uint64_t n, std::string_view name);
std::string_view trimmed(std::string_view text);
// The token of an Authorization header; "" unless the scheme is Bearer, in any case of letters.
std::string_view bearer(std::string_view authorization);
// From retry-after-ms, else retry-after in seconds; 0: not said, or a date, or more than a day.
std::uint64_t retry_after_ms(const oc_header* list, std::uint64_t n);
// retry-after (rounded up) and retry-after-ms, unless 0.
void write_retry_after(oc::Out& out, std::uint64_t ms);
// The raw value of a query parameter, still percent-encoded; "" when it is not there.
std::string_view query_value(std::string_view query, std::string_view name);

// For a header that a setting names: one that could end early would let the setting write the rest of the request.
// Throws std::runtime_error that says what is wrong.
void check_header(std::string_view name, std::string_view value);

// A number as text, without an allocation.
struct Digits {
  explicit Digits(std::uint64_t n);
  std::string_view view() const { return {text, size}; }
  char text[24];
  std::size_t size;
};

}  // namespace onechat::dialect
