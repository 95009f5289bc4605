// The straight lane: what is put into a client's body on its way up, and taken out of the answer on its way back.
#pragma once
#include <onechat/onechat.hpp>

#include <string_view>

namespace onechat::openai_responses {

struct StraightEdits {
  bool possible = false;        // false: the body cannot be edited in place, it has to be written anew
  bool asks_for_state = false;  // encrypted reasoning was asked for in the gateway's name: hide it from the client
  oc_splice* splices = nullptr;
  std::uint64_t n = 0;
};

// Puts the target's model in. `want_state`: also the wish for encrypted reasoning, when the answer is to be kept:
// whoever goes on from it sends the reasoning back, and the upstream will not be asked for what it keeps itself.
StraightEdits edit_request(const oc::Call& call, const oc_request& request, bool want_state);

// Takes the encrypted reasoning out of an event or a whole response. `root` is `data`, parsed.
void hide_state(const oc::Call& call, std::string_view data, oc::Json root, oc_relay& relay);

}  // namespace onechat::openai_responses
