// The dialect's usage object and the disjoint buckets of oc_usage.
//
// On the wire input_tokens includes cached and cache-written tokens, and output_tokens includes reasoning.
#pragma once
#include <onechat/onechat.hpp>

namespace onechat::openai_responses {

// From a response object ("usage", and "tool_usage" and "service_tier" beside it). False when it counts nothing. Subtractions stop at 0,
// so a report that contradicts itself never wraps around.
bool read_usage(oc::Json response, oc_usage& out);
std::uint64_t input_total(const oc_usage& usage);
// The value of a "usage" member.
void write_usage(oc::Writer& out, const oc_usage& usage);

}  // namespace onechat::openai_responses
