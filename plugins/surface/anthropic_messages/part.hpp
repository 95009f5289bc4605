// One part of an answer while it is rendered. Zeroed memory in the arena of the request, never destroyed.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>

#include "common/rope.hpp"
#include "json_prefix.hpp"

namespace onechat::anthropic_messages {

enum class PartKind : std::uint32_t { text, thinking, tool, block };

struct Citation {
  Citation* next;
  oc_str json;  // a location of this dialect
};

struct Part {
  Part* next;
  std::uint32_t index;  // of its events
  PartKind kind;
  bool ended;
  // Of a stream: its block is open; arguments went out; arguments are no JSON object and are told whole at the end.
  bool open, args_sent, free_text;
  bool custom;        // arguments of a tool that takes free text
  oc_str id, name;    // tool
  oc_str json;        // block: all of it; tool: further members of its block, where there are any
  oc_str opaque, origin;
  dialect::Rope text;  // of a whole answer everything, of a stream what waits for its turn
  Citation *citations, *last_citation;
  JsonPrefix args;
};

}  // namespace onechat::anthropic_messages
