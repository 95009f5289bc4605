// The turns of a request as this dialect wants them: instructions apart, roles in alternation, the results of tools at the
// start of the one user message after their calls, in the order of the calls, and no state that another model made.
//
// A conversation of the own dialect keeps its order and its messages; only foreign state is left out.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>
#include <string_view>
#include <vector>

namespace onechat::anthropic_messages {

struct Message {
  std::uint32_t role;  // OC_ROLE_USER, OC_ROLE_ASSISTANT; OC_ROLE_SYSTEM in the own dialect only
  std::vector<const oc_part*> parts;
  oc_str ext_json{};
};

struct Conversation {
  std::vector<const oc_part*> system;
  std::vector<Message> messages;
};

// What earlier thinking may go to a model: such as that model signed itself and, for vendors that sign none, unsigned one.
struct Replay {
  std::string_view model;
  bool unsigned_too = false;
  bool takes(std::string_view opaque, std::string_view origin) const;
  bool takes(const oc_part& part) const;  // anything but reasoning may go
};

Conversation conversation_of(const oc::Call& call, const oc_request& request, const Replay& replay);
// Is there something in the turns that may not go?
bool has_foreign_state(const oc_request& request, const Replay& replay);
// A loop of tool calls is under way, and its last call has no thinking before it that the model would know again. With a
// thinking budget the API refuses such a conversation.
bool loop_lacks_thinking(const oc_request& request, const Replay& replay);

}  // namespace onechat::anthropic_messages
