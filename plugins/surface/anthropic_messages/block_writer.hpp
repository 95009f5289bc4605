// Content blocks as JSON, for whole answers and for the edges of streamed ones.
#pragma once
#include <onechat/onechat.hpp>

#include <string_view>

#include "part.hpp"

namespace onechat::anthropic_messages {

// What stands for the state of a part.
struct StateSlot {
  enum Kind { none, signature, redacted, redacted_after };
  Kind kind = none;
  std::string_view text;
};
// `shown`: text of the thinking is or will be told. A text or a tool call has its state in a redacted block after it.
StateSlot state_slot(const oc::Call& call, const Part& part, bool shown);

// All blocks of a part of a whole answer, none for one that has nothing to say. `show`: the client wants to see thinking.
void write_blocks(const oc::Call& call, oc::Writer& out, const Part& part, bool show);

void write_redacted(oc::Writer& out, std::string_view data);
// The arguments of a tool call as the object that clients want.
std::string_view input_of(const oc::Call& call, const Part& part);
// A citation event as a location of this dialect; "" when it names no place.
std::string_view location_of(const oc::Call& call, std::string_view citation_json);

}  // namespace onechat::anthropic_messages
