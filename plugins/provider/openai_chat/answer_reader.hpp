// What an upstream says becomes events. Reads whole bodies and chunks of streams, of OpenAI and of vendors that differ in
// where they put reasoning, usage, tool ids and finish reasons.
//
// Lives in the state of one attempt. Allocates when a part begins, never for a piece of one (signed reasoning apart, which
// has to be given back whole).
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reasoning_details.hpp"

namespace onechat::openai_chat {

class AnswerReader {
 public:
  void begin(std::string origin) { origin_ = std::move(origin); }  // of the state that the model gives: "DIALECT/MODEL"

  void read_body(const oc::Call& call, oc::Json root);
  void read_chunk(const oc::Call& call, oc::Json root);
  // `vectors`: somebody wants to see them, and not only what they cost.
  void read_embeddings(const oc::Call& call, oc::Json root, bool vectors);
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
    bool has_signature;
  };
  struct Choice {
    std::uint32_t index = 0, parts = 0;
    std::uint32_t open_type = 0, open_part = 0;  // the text-like part that is being written
    std::uint32_t text_part = 0;                 // the newest of text
    bool has_text = false, has_signature = false, refused = false, cited = false, finished = false;
    std::vector<Tool> tools;
    ReasoningDetails details;
  };

  bool start(const oc::Call& call, oc::Json root);  // false: it was an error
  void error(const oc::Call& call, oc::Json root);
  void usage(const oc::Call& call, oc::Json root, bool last_word);
  Choice* choice(oc::Json wire, std::uint64_t position);
  void message(const oc::Call& call, Choice& choice, oc::Json message);
  void reasoning(const oc::Call& call, Choice& choice, oc::Json message);
  void content(const oc::Call& call, Choice& choice, oc::Json content);
  void text(const oc::Call& call, Choice& choice, std::uint32_t type, std::string_view text, std::uint32_t flags = 0);
  void close_text(const oc::Call& call, Choice& choice);
  void flush_details(const oc::Call& call, Choice& choice, std::uint32_t part);
  void images(const oc::Call& call, Choice& choice, oc::Json list);
  void logprobs(const oc::Call& call, Choice& choice, oc::Json list);
  void annotations(const oc::Call& call, Choice& choice, oc::Json list);
  void sources(const oc::Call& call, Choice& choice, oc::Json root);
  void citation(const oc::Call& call, const Choice& choice, oc::Json told, oc::Json raw);
  void signature(const oc::Call& call, Choice& choice, oc::Json message);
  void opaque(const oc::Call& call, Choice& choice, std::string_view name, oc::Json value);
  void tool_calls(const oc::Call& call, Choice& choice, oc::Json list);
  void tool_call(const oc::Call& call, Choice& choice, oc::Json wire, std::int64_t position);
  void tool_signature(const oc::Call& call, const Choice& choice, Tool& tool, std::string_view given);
  Tool& begin_tool(const oc::Call& call, Choice& choice, oc::Json wire, oc::Json inner, std::int64_t index);
  void legacy_call(const oc::Call& call, Choice& choice, oc::Json function);
  void finish(const oc::Call& call, Choice& choice, std::string_view word);

  std::vector<Choice> choices_;
  std::string id_;  // of the answer; tool calls without an id are named after it
  std::string origin_;
  bool started_ = false, done_ = false, failed_ = false, usage_seen_ = false;
};

}  // namespace onechat::openai_chat
