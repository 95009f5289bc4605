// The straight lane: what is changed in a client's body on its way up, and taken out of the answer on its way back.
#pragma once
#include <onechat/onechat.hpp>

#include <string_view>

namespace onechat::openai_chat {

struct StraightEdits {
  bool possible = false;     // false: the body cannot be edited in place, it has to be written anew
  bool asks_for_usage = false;  // include_usage was put in, so its traces are to be taken out
  oc_splice* splices = nullptr;
  std::uint64_t n = 0;
};

// Puts the target's model in, and for streams the wish for usage when the client had none.
StraightEdits edit_request(const oc::Call& call, const oc_request& request, bool want_usage);

// Takes out of one chunk what only our own include_usage brought in: the chunk that has nothing but usage, and
// `"usage":null` elsewhere. Usage beside content is the vendor's habit and stays. `root` is `data`, parsed.
void hide_usage(const oc::Call& call, std::string_view data, oc::Json root, oc_relay& relay);

}  // namespace onechat::openai_chat
