// What an upstream says becomes events. Reads whole bodies and chunks of streams, of OpenAI and of vendors that differ in
// where they put reasoning, usage, tool ids and finish reasons.
//
// Lives in the state of one attempt. Allocates when a part begins, never for a piece of one.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace onechat::openai_chat {

class AnswerReader {
 public:
  void read_body(const oc::Call& call, oc::Json root);
  void read_chunk(const oc::Call& call, oc::Json root);
  void read_embeddings(const oc::Call& call, oc::Json root);
  void read_done(const oc::Call& call);  // the terminator; some vendors give no finish_reason before it

  bool failed() const { return failed_; }          // an ERROR event went out
  bool done() const { return done_; }              // the terminator was seen
  bool finished() const;                           // every choice that began has ended
  bool usage_seen() const { return usage_seen_; }

 private:
  struct Tool {
    std::int64_t wire_index;
    std::uint64_t id_hash;  // 0: none was given
    std::uint32_t part;
  };
  struct Choice {
    std::uint32_t index = 0, parts = 0;
    std::uint32_t open_type = 0, open_part = 0;  // the text-like part that is being written
    bool finished = false;
    std::vector<Tool> tools;
  };

  bool start(const oc::Call& call, oc::Json root);  // false: it was an error
  void error(const oc::Call& call, oc::Json root);
  void usage(const oc::Call& call, oc::Json root, bool last_word);
  Choice* choice(oc::Json wire, std::uint64_t position);
  void message(const oc::Call& call, Choice& choice, oc::Json message);
  void content(const oc::Call& call, Choice& choice, oc::Json content);
  void text(const oc::Call& call, Choice& choice, std::uint32_t type, std::string_view text);
  void close_text(const oc::Call& call, Choice& choice);
  void tool_calls(const oc::Call& call, Choice& choice, oc::Json list);
  void tool_call(const oc::Call& call, Choice& choice, oc::Json wire, std::int64_t position);
  Tool& begin_tool(const oc::Call& call, Choice& choice, oc::Json wire, oc::Json inner, std::int64_t index);
  void legacy_call(const oc::Call& call, Choice& choice, oc::Json function);
  void opaque(const oc::Call& call, Choice& choice, oc::Json message);
  void finish(const oc::Call& call, Choice& choice, std::string_view word);

  std::vector<Choice> choices_;
  std::string id_;  // of the answer; tool calls without an id are named after it
  bool started_ = false, done_ = false, failed_ = false, usage_seen_ = false;
};

}  // namespace onechat::openai_chat
