// Errors of OpenAI's dialects: what the many "OpenAI-compatible" vendors send, and the one shape that we write.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>
#include <string_view>

namespace onechat::openai_errors {

// What an error body says. Strings live in the body or in the call's arena.
struct VendorError {
  std::string_view message, type, code, param;
  bool found = false;
};

// Reads {"error":{message,type,code,param}}, {"error":"words","code":..}, {"detail":..}, {"message":..} and mixtures;
// codes may be numbers. `found` is false when the body says nothing of the kind.
VendorError read_error(const oc::Call& call, oc::Json body);

// How a status is told in this dialect.
struct StatusFacts {
  oc_status status;
  std::uint32_t http_status;
  std::string_view type, code;  // code "" is written as null
  std::string_view message;     // where the host gave none
  bool retry_is_futile;         // x-should-retry: false
};
const StatusFacts& facts_of(oc_status status) noexcept;
// The nearest status for what an upstream answered.
oc_status status_from_http(std::uint32_t http_status, std::string_view code) noexcept;
// Money ran out, here or there: the same request will not pass a second later.
bool is_quota_code(std::string_view code) noexcept;

// {"error":{"message","type","param","code"}}; a vendor's own error of this dialect (event.ext_json) as it came.
void write_error(const oc::Call& call, oc::Writer& out, const oc_event& error);

}  // namespace onechat::openai_errors
