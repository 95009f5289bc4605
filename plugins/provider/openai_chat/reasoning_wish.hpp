// How much the model is to think, in the words of the vendor.
#pragma once
#include <onechat/onechat.hpp>

#include "losses.hpp"
#include "settings.hpp"

namespace onechat::openai_chat {

// Writes the member(s) into the open object; nothing when the request has no such wish.
void write_reasoning_wish(const Settings& settings, const oc_request& request, Losses& losses, oc::Writer& out);

}  // namespace onechat::openai_chat
