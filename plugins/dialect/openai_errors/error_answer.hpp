// Errors at the two ends of an exchange: what an upstream answered becomes an event, an event becomes an answer.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>
#include <string_view>

namespace onechat::openai_errors {

// For a provider's map_error: fills `out`. `secret` is the provider's key: a body that repeats it is not shown.
void map_error(const oc::Call& call, std::uint32_t http_status, const oc_header* headers, std::uint64_t n,
               std::string_view body, std::string_view secret, oc_event& out);

// Inside a stream there is no HTTP status; vendors put a number into `code`, or a word that tells as much.
oc_status status_in_stream(std::string_view code, std::string_view type) noexcept;

// For a surface's error: status line, retry headers and body.
void write_error_answer(const oc::Call& call, oc::Out& out, const oc_event& error);

}  // namespace onechat::openai_errors
