// Errors of the dialect: {"type":"error","error":{type,message,details?},"request_id"}.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>
#include <string_view>

namespace onechat::anthropic_messages {

// What an error body says. Strings live in the body or in the call's arena.
struct VendorError {
  std::string_view message, type, code;  // code: error.details.error_code
};
// Reads Anthropic's shape and what gateways in front of it make of it: {"error":{..}}, {"error":"words"}, {"message":..}.
VendorError read_error(oc::Json body);

// The nearest status for what an upstream answered; http_status 0: inside a stream, where only the words tell.
oc_status status_of(std::uint32_t http_status, const VendorError& error) noexcept;

// The HTTP status that tells `event` in this dialect, and the word for it.
std::uint32_t http_status_of(const oc_event& event) noexcept;
std::string_view error_type_of(const oc_event& event) noexcept;
// x-should-retry: false. Money ran out, here or there: the same request will not pass a second later.
bool retry_is_futile(const oc_event& event) noexcept;

// The error object, with the id of the request; an upstream's own error of this dialect (event.ext_json) as it came.
void write_error(const oc::Call& call, oc::Writer& out, const oc_event& event);

}  // namespace onechat::anthropic_messages
