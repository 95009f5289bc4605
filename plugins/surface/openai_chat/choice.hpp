// What is known of one choice of an answer so far. Zeroed memory is a choice that has not begun; it lies in the arena of the
// request, and what it keeps lies there too.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>
#include <string_view>

#include "common/rope.hpp"

namespace onechat::openai_chat {

// JSON values, to be the elements of one array.
struct JsonList {
  dialect::Rope values;
  void add(const oc::Call& keep, std::string_view json) {
    if (!values.empty()) values.append(keep, ",");
    values.append(keep, json);
  }
  bool empty() const { return values.empty(); }
  std::string_view array(const oc::Call& keep) const { return keep.concat({"[", values.joined(keep), "]"}); }
};

struct ToolCall {
  ToolCall* next;
  std::uint32_t part, index;  // index of the event; position among the choice's tool calls
  bool custom;                // shown to the client as a call of a custom tool
  bool wrapped;               // whose text comes as {"input": text}, so it is only known at the end
  bool ended;
  oc_str id, name, signature;
  dialect::Rope arguments;
};

struct ReasoningPart {
  ReasoningPart* next;
  std::uint32_t part;
  bool summary;
  dialect::Rope text;  // state is only worth something together with it
};

struct Choice {
  bool begun, finished, refused, has_text;
  std::uint32_t finish, n_tools, n_details;
  std::uint32_t text_part;                // the newest of text
  std::uint64_t chars_before, chars_now;  // characters of text before that part, and up to now
  dialect::Rope text, refusal;            // of a whole answer
  JsonList logprobs, annotations, images, details;
  oc_str audio, executed_tools, text_signature;
  ToolCall *tools, *last_tool;
  ReasoningPart *reasoning, *last_reasoning;

  ToolCall& add_tool(const oc::Call& keep, std::uint32_t part);
  ToolCall* tool(std::uint32_t part);
  ReasoningPart& reasoning_of(const oc::Call& keep, std::uint32_t part);
  // Counts the characters of a piece of text, in which citations are told.
  void count_text(std::uint32_t part, std::string_view text);
  std::string_view all_reasoning(const oc::Call& keep) const;
};

}  // namespace onechat::openai_chat
