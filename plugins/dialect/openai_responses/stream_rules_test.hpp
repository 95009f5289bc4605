// A strict reader of the dialect's event streams, for tests. It trusts none of the code under test: it keeps what the
// events said and complains about everything that a careful client could stumble over.
#pragma once
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "json/json.hpp"
#include "support/fake_host.hpp"

namespace onechat::openai_responses {

struct WireEvent {
  std::string name, data;
};

// "event: x" and "data: y" lines, a blank line behind each event.
inline std::vector<WireEvent> wire_events(const std::string& sse) {
  std::vector<WireEvent> out;
  WireEvent now;
  std::istringstream lines(sse);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("event: ", 0) == 0) now.name = line.substr(7);
    if (line.rfind("data: ", 0) == 0) now.data = line.substr(6);
    if (!line.empty()) continue;
    out.push_back(now);
    now = WireEvent();
  }
  return out;
}

class StreamRules {
 public:
  // What is wrong; nothing when all is well. `replayed_from`: number of the first event that is there.
  static std::vector<std::string> problems(const std::vector<WireEvent>& events) {
    StreamRules rules;
    for (const WireEvent& e : events) rules.take(e);
    rules.expect(rules.ended_, "the stream has no end");
    return rules.problems_;
  }
  // Of a response object by itself.
  static std::vector<std::string> response_problems(std::string_view text) {
    StreamRules rules;
    const oc_json* root = json::parse(rules.arena_, text);
    rules.expect(root != nullptr, "the response is not JSON");
    if (root != nullptr) rules.check_response(root);
    return rules.problems_;
  }

 private:
  struct Part {
    std::string type, text;
    std::int64_t annotations = 0;
    bool text_done = false, done = false;
  };
  struct Item {
    std::string id, type, args;
    bool args_done = false, done = false;
    std::vector<Part> content, summary;
    std::string json;
  };

  bool expect(bool fine, const std::string& words) {
    if (!fine) problems_.push_back("event " + std::to_string(count_) + " (" + type_ + "): " + words);
    return fine;
  }
  static std::string str(const oc_json* object, const char* name) {
    const oc_json* v = json::get(object, name);
    return v != nullptr && v->type == OC_JSON_STRING ? std::string(v->text) : std::string();
  }
  static std::int64_t num(const oc_json* object, const char* name) {
    return json::integer(json::get(object, name), -1);
  }
  bool is(const oc_json* object, const char* name, std::uint32_t type) {
    const oc_json* v = json::get(object, name);
    return expect(v != nullptr && v->type == type, std::string("member ") + name + " is missing or of another type");
  }
  bool starts(std::string_view beginning) const { return type_.compare(0, beginning.size(), beginning) == 0; }

  void take(const WireEvent& wire) {
    const oc_json* e = json::parse(arena_, std::string_view(*texts_.insert(wire.data).first));
    type_ = wire.name;
    if (!expect(e != nullptr && e->type == OC_JSON_OBJECT, "the data is not a JSON object")) return;
    type_ = str(e, "type");
    expect(type_ == wire.name, "the event's name is " + wire.name);
    expect(num(e, "sequence_number") == count_, "the number is " + std::to_string(num(e, "sequence_number")));
    expect(!ended_, "something comes after the end");
    if (count_ == 0) expect(type_ == "response.created", "the first event is another");
    if (count_ == 1) expect(type_ == "response.in_progress", "the second event is another");
    ++count_;
    if (const oc_json* response = json::get(e, "response")) return life(response);
    const std::int64_t index = num(e, "output_index");
    if (!expect(index >= 0, "there is no output_index")) return;
    if (type_ == "response.output_item.added") return added(index, json::get(e, "item"));
    if (!expect(index < static_cast<std::int64_t>(items_.size()), "the item was not announced")) return;
    Item& item = items_[static_cast<std::size_t>(index)];
    if (!expect(!item.done, "the item has ended")) return;
    if (type_ == "response.output_item.done") return item_done(item, json::get(e, "item"));
    expect(str(e, "item_id") == item.id, "the item_id is that of another item");
    if (starts("response.function_call_arguments")) return call_event(item, e, "function_call", "arguments");
    if (starts("response.custom_tool_call_input")) return call_event(item, e, "custom_tool_call", "input");
    if (starts("response.reasoning_summary")) return part_event(item, e, item.summary, num(e, "summary_index"), true);
    part_event(item, e, item.content, num(e, "content_index"), false);
  }

  void life(const oc_json* response) {
    check_response(response);
    const std::string status = str(response, "status");
    if (type_ == "response.created" || type_ == "response.in_progress") {
      expect(status == "in_progress", "the status is " + status);
      expect(json::get(response, "output")->size == 0, "there is output already");
      if (id_.empty()) id_ = str(response, "id");
    } else {
      ended_ = true;
      expect(type_ == "response." + status, "the status is " + status);
      std::size_t i = 0;
      for (const oc_json* item = json::get(response, "output")->first; item != nullptr; item = item->next, ++i)
        if (expect(i < items_.size(), "an item was never announced"))
          expect(test::same_json(item->raw, items_[i].json),
                 "item " + std::to_string(i) + " differs from what its done said");
      expect(i == items_.size(), "items are missing");
      for (const Item& item : items_) expect(item.done, "item " + item.id + " never ended");
    }
    expect(str(response, "id") == id_, "the id changed");
  }

  void check_response(const oc_json* r) {
    expect(str(r, "id").rfind("resp_", 0) == 0, "the id is no response's");
    expect(str(r, "object") == "response", "the object is another");
    is(r, "created_at", OC_JSON_NUMBER), is(r, "status", OC_JSON_STRING), is(r, "model", OC_JSON_STRING);
    is(r, "output", OC_JSON_ARRAY), is(r, "tools", OC_JSON_ARRAY), is(r, "metadata", OC_JSON_OBJECT);
    is(r, "parallel_tool_calls", OC_JSON_BOOL), is(r, "text", OC_JSON_OBJECT), is(r, "temperature", OC_JSON_NUMBER);
    is(r, "top_p", OC_JSON_NUMBER);
    for (const char* name :
         {"error", "incomplete_details", "instructions", "tool_choice", "previous_response_id", "reasoning",
          "truncation", "usage", "max_output_tokens", "background", "service_tier", "store", "user"})
      expect(json::get(r, name) != nullptr, std::string("member ") + name + " is missing");
    const std::string status = str(r, "status");
    const bool failed = json::get(r, "error") != nullptr && json::get(r, "error")->type == OC_JSON_OBJECT;
    expect(failed == (status == "failed"), "error and status contradict each other");
    const bool cut =
        json::get(r, "incomplete_details") != nullptr && json::get(r, "incomplete_details")->type == OC_JSON_OBJECT;
    expect(cut == (status == "incomplete"), "incomplete_details and status contradict each other");
    const oc_json* usage = json::get(r, "usage");
    if (usage == nullptr || usage->type != OC_JSON_OBJECT) return;
    expect(num(usage, "total_tokens") == num(usage, "input_tokens") + num(usage, "output_tokens"),
           "the usage does not add up");
    is(json::get(usage, "input_tokens_details"), "cached_tokens", OC_JSON_NUMBER);
    is(json::get(usage, "output_tokens_details"), "reasoning_tokens", OC_JSON_NUMBER);
  }

  void added(std::int64_t index, const oc_json* json) {
    expect(index == static_cast<std::int64_t>(items_.size()), "the item's index is not the next");
    Item item;
    item.id = str(json, "id");
    item.type = str(json, "type");
    expect(!item.id.empty() && ids_.insert(item.id).second, "the item has no id of its own");
    if (item.type == "message")
      expect(str(json, "role") == "assistant" && json::get(json, "content")->size == 0, "no fresh message");
    if (item.type == "function_call")
      expect(str(json, "arguments").empty() && !str(json, "call_id").empty(), "no fresh call");
    if (item.type == "custom_tool_call")
      expect(str(json, "input").empty() && !str(json, "call_id").empty(), "no fresh call");
    if (item.type == "reasoning") is(json, "summary", OC_JSON_ARRAY);
    items_.push_back(item);
  }

  void item_done(Item& item, const oc_json* json) {
    item.done = true;
    item.json = std::string(json->raw);
    expect(str(json, "id") == item.id && str(json, "type") == item.type, "another item ends");
    if (item.type == "function_call" || item.type == "custom_tool_call") {
      expect(item.args_done, "the call's arguments never ended");
      expect(str(json, item.type[0] == 'f' ? "arguments" : "input") == item.args, "the arguments differ");
    }
    if (item.type == "message" || item.type == "reasoning") {
      compare(item.content, json::get(json, "content"));
      compare(item.summary, json::get(json, "summary"));
    }
  }

  void compare(const std::vector<Part>& parts, const oc_json* list) {
    expect((list != nullptr ? list->size : 0) == parts.size(), "the parts differ in number");
    std::size_t i = 0;
    for (const oc_json* p = list != nullptr ? list->first : nullptr; p != nullptr && i < parts.size();
         p = p->next, ++i) {
      expect(parts[i].done, "a part never ended");
      expect(str(p, "type") == parts[i].type, "the part's type differs");
      expect(str(p, parts[i].type == "refusal" ? "refusal" : "text") == parts[i].text, "the part's text differs");
      if (parts[i].type == "output_text" && is(p, "annotations", OC_JSON_ARRAY) && is(p, "logprobs", OC_JSON_ARRAY))
        expect(json::get(p, "annotations")->size == parts[i].annotations, "the annotations differ in number");
    }
  }

  void call_event(Item& item, const oc_json* e, const char* type, const char* name) {
    expect(item.type == type, "the item is a " + item.type);
    expect(!item.args_done, "the arguments have ended");
    if (type_.ends_with(".delta")) {
      item.args += str(e, "delta");
    } else {
      item.args_done = true;
      expect(str(e, name) == item.args, "the whole differs from its pieces");
    }
  }

  void part_event(Item& item, const oc_json* e, std::vector<Part>& parts, std::int64_t index, bool summary) {
    if (type_ == (summary ? "response.reasoning_summary_part.added" : "response.content_part.added")) {
      expect(index == static_cast<std::int64_t>(parts.size()), "the part's index is not the next");
      Part part;
      part.type = str(json::get(e, "part"), "type");
      expect(summary == (part.type == "summary_text"), "the part is a " + part.type);
      parts.push_back(part);
      return;
    }
    if (!expect(index >= 0 && index < static_cast<std::int64_t>(parts.size()), "the part was not announced")) return;
    Part& part = parts[static_cast<std::size_t>(index)];
    expect(!part.done, "the part has ended");
    const std::map<std::string, std::string> stems{{"output_text", "response.output_text"},
                                                   {"refusal", "response.refusal"},
                                                   {"reasoning_text", "response.reasoning_text"},
                                                   {"summary_text", "response.reasoning_summary_text"}};
    const std::string stem = stems.contains(part.type) ? stems.at(part.type) : "?";
    const char* name = part.type == "refusal" ? "refusal" : "text";
    if (part.type == "output_text" && type_.find("text.d") != std::string::npos) is(e, "logprobs", OC_JSON_ARRAY);
    if (type_ == stem + ".delta") {
      expect(!part.text_done, "the text has ended");
      part.text += str(e, "delta");
    } else if (type_ == stem + ".done") {
      part.text_done = true;
      expect(str(e, name) == part.text, "the whole differs from its pieces");
    } else if (type_ == "response.output_text.annotation.added") {
      expect(num(e, "annotation_index") == part.annotations++, "the annotation's index is not the next");
      is(e, "annotation", OC_JSON_OBJECT);
    } else if (type_ == (summary ? "response.reasoning_summary_part.done" : "response.content_part.done")) {
      expect(part.text_done, "the part ends before its text");
      part.done = true;
      expect(str(json::get(e, "part"), name) == part.text, "the part's text differs");
    } else {
      expect(false, "the event does not belong to a part of type " + part.type);
    }
    (void)item;
  }

  Arena arena_;
  std::set<std::string> texts_;  // what the parsed values point into
  std::vector<std::string> problems_;
  std::vector<Item> items_;
  std::set<std::string> ids_;
  std::string type_, id_;
  std::int64_t count_ = 0;
  bool ended_ = false;
};

}  // namespace onechat::openai_responses
