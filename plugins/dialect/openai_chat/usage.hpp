// The dialect's usage object and the disjoint buckets of oc_usage.
//
// On the wire prompt_tokens includes cached, cache-written and audio tokens, and completion_tokens includes reasoning
// and audio. Vendors differ: in where they put the cached ones; xAI leaves reasoning out of completion_tokens and counts it
// in the total; Vercel leaves it out of both, which shows only where there is more reasoning than completion; Google's
// address tells reasoning in the total alone.
#pragma once
#include <onechat/onechat.hpp>

namespace onechat::openai_chat {

// False when `usage` is not an object that counts something. Subtractions stop at 0, so a report that contradicts itself
// never wraps around.
bool read_usage(oc::Json usage, oc_usage& out);
// The value of a "usage" member.
void write_usage(oc::Writer& out, const oc_usage& usage);

}  // namespace onechat::openai_chat
