// One answer to a client: events become a chat.completion, or chat.completion.chunk events.
//
// It is the call state of the surface: it begins as zeroed bytes and is never destroyed, so everything it keeps lies in
// the arena of the request. A stream keeps only the ids of tool calls; a whole answer keeps its text until finish().
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>

namespace onechat::openai_chat {

class Answer {
 public:
  // After a successful parse. `serial` makes the id unique within the surface.
  void begin(const oc::Call& call, const oc_request& request, std::uint64_t serial);

  // Embeddings are not rendered: they need a target of the same dialect.
  oc_status event(const oc::Call& call, const oc_event& e, oc::Out& out);
  oc_status finish(const oc::Call& call, oc::Out& out);
  bool streaming() const { return stream_; }

 private:
  struct Piece {  // texts arrive in pieces
    Piece* next;
    oc_str text;
  };
  struct Rope {
    Piece *first, *last;
    std::uint64_t size;
  };
  struct ToolCall {
    ToolCall* next;
    std::uint32_t part, index;  // index of the event; position among the choice's tool calls
    bool custom;
    oc_str id, name;
    Rope arguments;
  };
  struct Choice {
    bool begun, finished;
    std::uint32_t finish, n_tools;
    Rope text, reasoning, refusal;
    ToolCall *tools, *last_tool;
  };

  oc::Call lasting(const oc::Call& call) const { return {call.host, call.handle, arena_}; }
  void append(const oc::Call& call, Rope& rope, oc_str text) const;
  oc_str joined(const oc::Call& call, const Rope& rope) const;
  ToolCall& add_tool(const oc::Call& call, Choice& choice, const oc_event& e) const;
  static ToolCall* tool_of(Choice& choice, std::uint32_t part);

  void collect(const oc::Call& call, Choice& choice, const oc_event& e) const;
  void stream_event(const oc::Call& call, Choice& choice, const oc_event& e, oc::Out& out);
  // Everything of a chunk up to "delta"; the caller writes the delta's value.
  oc::Writer open_chunk(oc::Out& out, std::uint32_t choice) const;
  void close_chunk(oc::Out& out, oc::Writer& w, std::uint32_t finish) const;
  void write_head(oc::Writer& w, std::string_view object) const;
  void write_choice(const oc::Call& call, oc::Writer& w, std::uint32_t index) const;
  void write_tool(const oc::Call& call, oc::Writer& w, const ToolCall& tool) const;

  oc_arena* arena_;
  Choice* choices_;
  std::uint32_t n_;
  bool generates_, stream_, usage_wanted_, has_usage_;
  oc_str id_, model_;
  std::int64_t created_s_;
  oc_usage usage_;
};

}  // namespace onechat::openai_chat
