// One answer to a client: events become a chat.completion, chat.completion.chunk events, or a list of embeddings.
//
// It is the call state of the surface: it begins as zeroed bytes and is never destroyed, so everything it keeps lies in
// the arena of the request. A stream keeps the ids of tool calls and reasoning, which may turn out to be signed; a whole
// answer keeps all until finish().
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>

#include "choice.hpp"
#include "embeddings.hpp"

namespace onechat::openai_chat {

class Answer {
 public:
  // After a successful parse. `serial` makes the id unique within the surface.
  void begin(const oc::Call& call, const oc_request& request, std::uint64_t serial);

  oc_status event(const oc::Call& call, const oc_event& e, oc::Out& out);
  oc_status finish(const oc::Call& call, oc::Out& out);
  bool streaming() const { return stream_; }

 private:
  oc::Call lasting(const oc::Call& call) const { return {call.host, call.handle, arena_}; }
  oc_status choice_event(const oc::Call& call, Choice& choice, const oc_event& e, oc::Out& out);
  void begin_tool(const oc::Call& keep, Choice& choice, const oc_event& e, oc::Out& out) const;
  void tool_arguments(const oc::Call& keep, Choice& choice, const oc_event& e, oc::Out& out) const;
  void end_tool(const oc::Call& keep, Choice& choice, ToolCall& tool, std::uint32_t index, oc::Out& out) const;
  void state(const oc::Call& call, Choice& choice, const oc_event& e, oc::Out& out) const;
  oc_status opaque(const oc::Call& call, Choice& choice, const oc_event& e, oc::Out& out) const;
  void finish_choice(const oc::Call& keep, Choice& choice, const oc_event& e, oc::Out& out) const;
  // A JSON value that a stream shows as the one element of a list, and a whole answer among all of them.
  void listed(const oc::Call& keep, JsonList& list, std::string_view name, std::string_view json, Choice& choice, std::uint32_t index,
              oc::Out& out) const;

  // Streams. Everything of a chunk up to "delta"; the caller writes the delta's value.
  oc::Writer open_chunk(oc::Out& out, Choice& choice, std::uint32_t index) const;
  oc::Writer bare_chunk(oc::Out& out, std::uint32_t index) const;
  void close_chunk(oc::Out& out, oc::Writer& w, std::string_view finish_reason, std::string_view logprobs = {}) const;
  void text_chunk(oc::Out& out, Choice& choice, std::uint32_t index, std::string_view member, std::string_view text) const;
  void raw_chunk(oc::Out& out, Choice& choice, std::uint32_t index, std::string_view member, std::string_view json) const;
  void tool_chunk(oc::Out& out, Choice& choice, std::uint32_t index, const ToolCall& tool, bool begins, std::string_view text) const;

  // Whole answers.
  void write_head(oc::Writer& w, std::string_view object) const;
  void write_choice(const oc::Call& keep, oc::Writer& w, std::uint32_t index) const;
  void write_tools(const oc::Call& keep, oc::Writer& w, const Choice& choice) const;
  std::string_view finish_word(const Choice& choice) const;

  oc_arena* arena_;
  const oc_request* request_;
  Choice* choices_;
  std::uint32_t n_;
  bool generates_, stream_, usage_wanted_, has_usage_;
  bool legacy_;  // the client knows function_call and no tools
  oc_str id_, model_;
  std::int64_t created_s_;
  oc_usage usage_;
  Embeddings embeddings_;
};

}  // namespace onechat::openai_chat
