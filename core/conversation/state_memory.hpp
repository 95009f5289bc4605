// Opaque reasoning state for clients whose dialect has no place for it.
//
// A model that reasons before it calls tools wants its signed or encrypted reasoning back together with the results. A
// client of Chat Completions sends back the calls and their ids, and nothing else. So the state of such an answer is kept
// under the ids of its first tool call, and put before that call when it returns.
//
// StateCollector belongs to one exchange and its loop; the functions are pure.
#pragma once
#include <onechat/conv.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.hpp"

namespace onechat::conversation {

inline constexpr std::size_t kStateBytesMax = 1u << 20;  // of one answer; more is not kept

// Fed with the events of the first choice of an answer.
class StateCollector {
 public:
  void add(const oc_event& event);
  void clear();
  // The first tool call's id, when there is state that stands with it; "" otherwise.
  std::string_view key() const;
  // {"reasoning":[{"text","opaque","origin","summary"}],"calls":[{"id","opaque","origin"}]}
  std::string json() const;

 private:
  struct Part {
    std::uint32_t index, type;  // OC_PART_REASONING or OC_PART_TOOL_CALL
    bool summary;
    std::string text, opaque, origin, tool_id;
  };
  Part* find(std::uint32_t index);

  std::vector<Part> parts_;
  std::size_t bytes_ = 0;
  bool has_state_ = false, overflow_ = false;
};

// First tool call's id of each turn of the assistant that has calls and no state of its own; in order, no doubles.
std::vector<std::string> missing_state(const oc_request& request);

struct KeptState {
  std::string key;   // the tool call's id
  std::string json;  // as StateCollector wrote it
};
// `request` with the kept state put where it belongs; its memory is the arena's. input_bytes grows by it. A text that is
// not as StateCollector writes it is ignored.
const oc_request* with_state(Arena& arena, const oc_request& request, const std::vector<KeptState>& kept);

}  // namespace onechat::conversation
