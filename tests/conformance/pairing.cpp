// Calls and their results: each API has its own idea of where a result must stand.
#include <set>

#include "asking.hpp"

namespace onechat::conformance {
namespace {

using Ids = std::set<std::string>;

std::string text(View v) { return std::string(v.str()); }

Problems chat(View request) {
  Problems out;
  Ids open;
  for (View m : request["messages"]) {
    if (m["role"].str() == "tool") {
      if (open.erase(text(m["tool_call_id"])) == 0)
        out.push_back("a tool message that answers no open call: " + text(m["tool_call_id"]));
      continue;
    }
    if (!open.empty()) out.push_back("call " + *open.begin() + " is not answered before the next message");
    open.clear();
    for (View c : m["tool_calls"]) {
      if (c["id"].str().empty()) out.push_back("a call without an id");
      if (!open.insert(text(c["id"])).second) out.push_back("two calls with one id");
    }
  }
  return out;
}

Problems responses(View request) {
  Problems out;
  Ids open, answered;
  for (View item : request["input"]) {
    const auto type = item["type"].str();
    const std::string id = text(item["call_id"]);
    if (type == "function_call" || type == "custom_tool_call") open.insert(id);
    if (type != "function_call_output" && type != "custom_tool_call_output") continue;
    if (open.erase(id) == 0) out.push_back("an output that answers no call before it: " + id);
  }
  for (const auto& id : open) out.push_back("call " + id + " has no output");
  return out;
}

bool is_portable(std::string_view id) {
  return !id.empty() && id.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
                            std::string_view::npos;
}

Problems anthropic(View request) {
  Problems out;
  Ids open;
  std::string_view last_role;
  for (View m : request["messages"]) {
    const auto role = m["role"].str();
    Ids results;
    bool other_before = false;
    if (m["content"].is(OC_JSON_ARRAY) && m["content"].size() == 0) out.push_back("a message without content");
    for (View block : m["content"]) {
      const auto type = block["type"].str();
      if (type == "text" && block["text"].str().empty()) out.push_back("an empty text block");
      if (type == "tool_result") {
        if (other_before) out.push_back("a tool result after other content");
        results.insert(text(block["tool_use_id"]));
      } else {
        other_before = true;
      }
    }
    if (!open.empty() && results != open)
      out.push_back("the results of the calls before are not all in the next message");
    if (open.empty() && !results.empty()) out.push_back("results without calls before them");
    open.clear();
    for (View block : m["content"])
      if (block["type"].str() == "tool_use") {
        if (!is_portable(block["id"].str()))
          out.push_back("the id of a tool use is not portable: " + text(block["id"]));
        if (!open.insert(text(block["id"])).second) out.push_back("two tool uses with one id");
      }
    if (role == last_role) out.push_back("two messages of one role after each other");
    last_role = role;
  }
  return out;
}

Problems gemini(View request) {
  Problems out;
  std::vector<std::string> open;
  for (View content : request["contents"]) {
    std::vector<std::string> calls, results;
    for (View part : content["parts"]) {
      if (View c = part["functionCall"]) calls.push_back(text(c["name"]));
      if (View r = part["functionResponse"]) results.push_back(text(r["name"]));
    }
    if ((!open.empty() || !results.empty()) && results != open)
      out.push_back("the responses are not those of the calls before, in their order");
    open = calls;
    if (content["parts"].size() == 0) out.push_back("a content without parts");
  }
  return out;
}

}  // namespace

Problems check_pairing(std::string_view dialect, View request) {
  if (dialect == "openai_chat") return chat(request);
  if (dialect == "openai_responses") return responses(request);
  if (dialect == "anthropic_messages") return anthropic(request);
  return gemini(request);
}

}  // namespace onechat::conformance
