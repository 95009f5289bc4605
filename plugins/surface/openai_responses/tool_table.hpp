// The tools of one request: parsed from the wire, and looked up again when the answer calls them.
//
// Everyone else sees plain functions with flat names. What the client has to see again (a namespace, a custom tool's
// free text) is kept here. Lives in the arena of the request; zeroed memory is an empty table.
#pragma once
#include <onechat/onechat.hpp>

#include <string_view>

#include "refusal.hpp"

namespace onechat::openai_responses {

struct ToolEntry {
  ToolEntry* next;
  oc_str flat, space, name;  // space "": the tool stands alone, flat == name
  bool custom;
};

struct ToolTable {
  ToolEntry* first;  // only tools that differ from a plain function

  void add(const oc::Call& keep, const ToolEntry& entry);
  const ToolEntry* by_flat_name(std::string_view flat) const;
  const ToolEntry* in_space(std::string_view space, std::string_view name) const;
};

// Reads the value of "tools" into the request and the table. False: refused.
bool parse_tools(const oc::Call& call, Refusal& refuse, oc::Json list, oc_request& out, ToolTable& table);

// Reads "tool_choice". `known` is false when it is a choice of this dialect's own (a hosted tool), to be carried
// verbatim.
bool parse_tool_choice(const oc::Call& call, Refusal& refuse, oc::Json choice, const ToolTable& table, oc_request& out,
                       bool& known);

}  // namespace onechat::openai_responses
