// What an upstream says becomes events. Reads whole messages and the events of streamed ones.
//
// Lives in the state of one attempt. Blocks that only this dialect has are gathered and told whole (opaque_event.hpp).
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "anthropic_messages/usage.hpp"
#include "tool_names.hpp"

namespace onechat::anthropic_messages {

class AnswerReader {
 public:
  // `model`: the target's, of which signatures are told to be. `format_tool`: its input is the answer ("": none).
  void expect(std::string_view model, std::string_view format_tool, ToolNames names);

  void read_body(const oc::Call& call, oc::Json root);
  void read_event(const oc::Call& call, oc::Json root);
  void read_count(const oc::Call& call, oc::Json root);

  bool failed() const { return failed_; }  // an ERROR event went out
  bool done() const { return done_; }      // the terminator was seen

 private:
  enum class Kind : std::uint8_t { text, thinking, tool, format, opaque };
  struct Block {
    std::int64_t wire_index;
    std::uint32_t part;
    Kind kind;
    bool has_input = false;
    std::string json, input;  // opaque: the block as it began, and what was added to its input or content
  };

  void start_message(const oc::Call& call, oc::Json message);
  void start_block(const oc::Call& call, oc::Json event);
  void delta(const oc::Call& call, oc::Json event);
  void stop_block(const oc::Call& call, std::int64_t wire_index);
  void message_delta(const oc::Call& call, oc::Json event);
  void stop_message(const oc::Call& call);

  Block* block_at(std::int64_t wire_index);
  void content(const oc::Call& call, Block& block, oc::Json wire);
  void tool_input(const oc::Call& call, Block& block, std::string_view piece);
  void citation(const oc::Call& call, const Block& block, oc::Json location);
  void signature(const oc::Call& call, const Block& block, std::string_view text);
  void end(const oc::Call& call, Block& block);
  void end_opaque(const oc::Call& call, Block& block);
  void opaque(const oc::Call& call, std::string_view name, std::string_view json, std::uint32_t index);
  void extras(const oc::Call& call, oc::Json of);
  void usage(const oc::Call& call, oc::Json told, bool last_word);
  void finish(const oc::Call& call, oc::Json told);
  void error(const oc::Call& call, oc::Json root);
  void broken(const oc::Call& call, std::string_view message);

  std::string model_, format_tool_;
  ToolNames names_;
  UsageCounts usage_;
  std::vector<Block> open_;
  std::uint32_t parts_ = 0;
  bool started_ = false, finished_ = false, done_ = false, failed_ = false, calls_tools_ = false;
};

}  // namespace onechat::anthropic_messages
