// Errors of the dialect: Google's {"error":{"code","message","status","details"}}, read and written.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>
#include <string_view>

namespace onechat::gemini {

struct GoogleError {
  bool found = false;
  std::uint32_t http = 0;            // error.code
  std::string_view message, status;  // status: "INVALID_ARGUMENT", ...
  std::string_view reason;           // of an ErrorInfo: "API_KEY_INVALID", ...
  std::string_view param;            // field of a BadRequest's first violation
  std::uint64_t retry_after_ms = 0;  // of a RetryInfo
  bool daily_quota = false;          // a QuotaFailure that no retry within the day passes
};

// Of a whole body or of a chunk; an array's first element counts, as streams without SSE wrap their errors in one.
GoogleError read_error(oc::Json body);
// The nearest normalised status; `http` is the answer's, or 0 inside a stream.
oc_status status_of(const GoogleError& error, std::uint32_t http) noexcept;
// What the other dialects get as the machine-readable code.
std::string_view code_of(const GoogleError& error) noexcept;

// How a status is told in this dialect.
struct StatusFacts {
  oc_status status;
  std::uint32_t http_status;
  std::string_view word, message;  // message: where the host gave none
  bool retry_is_futile;            // x-should-retry: false
};
const StatusFacts& facts_of(oc_status status) noexcept;
// The HTTP status of an error answer. A key that is not known is 400 with the reason API_KEY_INVALID, as Google has it;
// money that ran out is 402 with FAILED_PRECONDITION, which clients must not retry, and a QuotaFailure.
std::uint32_t http_of(const oc_event& error) noexcept;

// The whole error object; a Google error that came from upstream (event.ext_json) as it is.
void write_error(const oc::Call& call, oc::Writer& out, const oc_event& error);

}  // namespace onechat::gemini
