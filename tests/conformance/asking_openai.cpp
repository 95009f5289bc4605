#include "asking.hpp"

namespace onechat::conformance {
namespace {

// Parts of either OpenAI dialect. Text goes to `text`; media are counted.
void read_parts(View content, std::string& text, Asking& into) {
  text += content.str();
  if (!content.is(OC_JSON_ARRAY)) return;
  for (View part : content) {
    const auto type = part["type"].str();
    if (type == "image_url" || type == "input_image")
      ++into.images;
    else if (type == "input_audio")
      ++into.audio;
    else if (type == "file" || type == "input_file")
      ++into.files;
    else if (type == "refusal")
      text += part["refusal"].str();
    else if (part["text"].is(OC_JSON_STRING))
      text += part["text"].str();
    else
      ++into.foreign;
  }
}

void read_common(View request, Asking& into) {
  into.temperature = request["temperature"] ? request["temperature"].raw() : "";
  into.top_p = request["top_p"] ? request["top_p"].raw() : "";
  const View choice = request["tool_choice"];
  into.choice = choice.str() == "any" ? "required" : choice.str();
  if (choice.is(OC_JSON_OBJECT)) {
    const auto type = choice["type"].str();
    const View named = choice["function"] ? choice["function"] : choice["custom"] ? choice["custom"] : choice;
    if (type == "function" || type == "custom")
      into.choice = named["name"].str();
    else if (type == "allowed_tools")
      into.choice = (choice["allowed_tools"] ? choice["allowed_tools"] : choice)["mode"].str();
    else
      into.choice = "hosted";
  }
}

// A tool of a namespace is known by both names, unless they are the same.
std::string flat(View space, View tool) {
  const bool both = space && space.str() != tool["name"].str();
  return (both ? std::string(space.str()) + "__" : "") + std::string(tool["name"].str());
}

void add_tools(View tools, Asking& into) {
  for (View t : tools) {
    const auto type = t["type"].str();
    if (type == "function" || type == "custom")
      into.tools.emplace_back(t["name"].str());
    else if (type == "namespace")
      for (View inner : t["tools"]) into.tools.push_back(flat(t["name"], inner));
    else
      ++into.hosted_tools;
  }
}

}  // namespace

Asking read_chat_request(View request) {
  Asking a;
  read_common(request, a);
  for (View m : request["messages"]) {
    const auto role = m["role"].str();
    if (role == "tool" || role == "function") {
      AskedResult r{std::string(m["tool_call_id"].str()), std::string(m["name"].str()), ""};
      read_parts(m["content"], r.text, a);
      a.results.push_back(std::move(r));
      continue;
    }
    read_parts(m["content"], role == "assistant" ? a.assistant : role == "user" ? a.user : a.system, a);
    a.assistant += m["refusal"].str();
    for (View c : m["tool_calls"]) {
      const View f = c["custom"] ? c["custom"] : c["function"];
      a.calls.push_back({std::string(c["id"].str()), std::string(f["name"].str()),
                         std::string(c["custom"] ? f["input"].str() : f["arguments"].str())});
    }
    if (View f = m["function_call"])
      a.calls.push_back({"", std::string(f["name"].str()), std::string(f["arguments"].str())});
    if (!m["reasoning_content"].str().empty() || !m["reasoning"].str().empty()) ++a.reasoning;
    a.states += static_cast<int>(m["reasoning_details"].size());
  }
  for (View t : request["tools"]) {
    const View f = t["custom"] ? t["custom"] : t["function"];
    if (f)
      a.tools.emplace_back(f["name"].str());
    else
      ++a.hosted_tools;
  }
  for (View f : request["functions"]) a.tools.emplace_back(f["name"].str());
  a.max_tokens = request["max_completion_tokens"] ? request["max_completion_tokens"].raw()
                 : request["max_tokens"]          ? request["max_tokens"].raw()
                                                  : "";
  if (!request["stop"].str().empty()) a.stops.emplace_back(request["stop"].str());
  if (request["stop"].is(OC_JSON_ARRAY))
    for (View s : request["stop"]) a.stops.emplace_back(s.str());
  a.schema = request["response_format"]["json_schema"]["schema"].raw();
  return a;
}

Asking read_responses_request(View request) {
  Asking a;
  read_common(request, a);
  a.system = request["instructions"].str();
  a.user += request["input"].str();
  const View items = request["input"].is(OC_JSON_ARRAY) ? request["input"] : View();
  for (View item : items) {
    const auto type = item["type"].str();
    if (type == "message" || type.empty()) {
      const auto role = item["role"].str();
      read_parts(item["content"], role == "assistant" ? a.assistant : role == "user" ? a.user : a.system, a);
    } else if (type == "function_call" || type == "custom_tool_call") {
      a.calls.push_back({std::string(item["call_id"].str()), flat(item["namespace"], item),
                         std::string(type == "function_call" ? item["arguments"].str() : item["input"].str())});
    } else if (type == "function_call_output" || type == "custom_tool_call_output") {
      AskedResult r{std::string(item["call_id"].str()), "", ""};
      read_parts(item["output"], r.text, a);
      a.results.push_back(std::move(r));
    } else if (type == "reasoning") {
      ++a.reasoning;
      a.states += item["encrypted_content"] ? 1 : 0;
    } else {
      ++a.foreign;
    }
  }
  add_tools(request["tools"], a);
  a.max_tokens = request["max_output_tokens"] ? request["max_output_tokens"].raw() : "";
  a.schema = request["text"]["format"]["schema"].raw();
  return a;
}
}  // namespace onechat::conformance
