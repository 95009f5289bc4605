// For tests: reads an answer of this dialect as its SDKs do, whole or streamed, and says which rule of the stream it breaks.
// Written without the code under test.
#pragma once
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "json/json.hpp"

namespace onechat::test {

struct MessageBlock {
  std::string type, id, name, text, signature, input, raw;  // text: also of thinking, and the data of a redacted one
  std::vector<std::string> citations;
  bool operator==(const MessageBlock& o) const {
    return type == o.type && id == o.id && name == o.name && text == o.text && signature == o.signature && input == o.input;
  }
};
inline std::ostream& operator<<(std::ostream& out, const MessageBlock& b) {
  return out << "{" << b.type << " id=" << b.id << " name=" << b.name << " text=" << b.text << " sig=" << b.signature
             << " input=" << b.input << "}";
}

struct Message {
  std::string id, model, stop_reason, stop_sequence, stop_details, start_usage, usage, error;
  std::vector<MessageBlock> content;
  std::vector<std::string> broken;  // rules; empty when the stream is fine
  bool stopped = false;
};

namespace message_rules {

inline std::string str(const oc_json* v) { return v != nullptr && v->type == OC_JSON_STRING ? std::string(v->text) : std::string(); }
inline std::string raw(const oc_json* v) { return v != nullptr ? std::string(v->raw) : std::string(); }

inline MessageBlock block_of(const oc_json* wire) {
  MessageBlock b;
  b.type = str(json::get(wire, "type"));
  b.id = str(json::get(wire, "id"));
  b.name = str(json::get(wire, "name"));
  for (const char* place : {"text", "thinking", "data", "content"})  // a compaction has its text as content
    if (b.text.empty()) b.text = str(json::get(wire, place));
  b.signature = str(json::get(wire, "signature"));
  b.input = raw(json::get(wire, "input"));
  b.raw = raw(wire);
  const oc_json* citations = json::get(wire, "citations");
  for (const oc_json* c = citations != nullptr ? citations->first : nullptr; c != nullptr; c = c->next) b.citations.push_back(raw(c));
  return b;
}

// Takes one event of a stream after the other.
class StreamReader {
 public:
  explicit StreamReader(bool ours) : ours_(ours) {}

  void take(const std::string& name, const std::string& data) {
    Arena arena;
    const oc_json* e = json::parse(arena, data);
    const std::string type = str(json::get(e, "type"));
    want(e != nullptr, "data is JSON");
    want(name.empty() || name == type, "the event's name is its type");
    want(!m.stopped, "nothing follows message_stop");
    if (type == "message_start") return start(json::get(e, "message"));
    if (type == "error") return void(m.error = data);
    want(started_, "message_start comes first");
    if (type == "ping") return;
    const std::int64_t index = json::integer(json::get(e, "index"), -1);
    if (type == "content_block_start") {
      want(!open_, "blocks are one after the other");
      want(!has_delta_, "no block after message_delta");
      want(index == static_cast<std::int64_t>(m.content.size()), "block indexes count up from 0");
      m.content.push_back(block_of(json::get(e, "content_block")));
      if (m.content.back().type == "tool_use") want(m.content.back().input == "{}", "a tool call begins with an empty input");
      open_ = true;
      text_ = signed_ = 0;
      input_.clear();
    } else if (type == "content_block_delta") {
      want(open_ && index + 1 == static_cast<std::int64_t>(m.content.size()), "a delta belongs to the open block");
      if (open_) delta(json::get(e, "delta"));
    } else if (type == "content_block_stop") {
      want(open_ && index + 1 == static_cast<std::int64_t>(m.content.size()), "a stop belongs to the open block");
      if (open_) stop();
    } else if (type == "message_delta") {
      want(!open_, "all blocks are closed before message_delta");
      const oc_json* d = json::get(e, "delta");
      m.stop_reason = str(json::get(d, "stop_reason"));
      m.stop_sequence = str(json::get(d, "stop_sequence"));
      m.stop_details = raw(json::get(d, "stop_details"));
      m.usage = raw(json::get(e, "usage"));
      want(!m.stop_reason.empty(), "message_delta has a stop_reason");
      want(json::integer(json::get(json::get(e, "usage"), "output_tokens"), -1) >= 0, "message_delta has output_tokens");
      has_delta_ = true;
    } else if (type == "message_stop") {
      want(has_delta_, "message_delta comes before message_stop");
      m.stopped = true;
    }
  }

  Message m;

 private:
  void want(bool ok, const char* rule) {
    if (!ok) m.broken.emplace_back(rule);
  }
  void start(const oc_json* message) {
    want(!started_, "one message_start");
    started_ = true;
    m.id = str(json::get(message, "id"));
    m.model = str(json::get(message, "model"));
    m.start_usage = raw(json::get(message, "usage"));
    want(json::get(message, "content") != nullptr && json::get(message, "content")->size == 0, "a message begins empty");
    want(str(json::get(message, "role")) == "assistant", "a message is the assistant's");
  }
  void delta(const oc_json* d) {
    MessageBlock& b = m.content.back();
    const std::string type = str(json::get(d, "type"));
    if (type == "text_delta") {
      want(b.type == "text", "text_delta is of a text");
      b.text += str(json::get(d, "text"));
      text_ = 1;
    } else if (type == "thinking_delta") {
      want(b.type == "thinking" && signed_ == 0, "thinking_delta is of a thinking that is not signed yet");
      b.text += str(json::get(d, "thinking"));
      text_ = 1;
    } else if (type == "signature_delta") {
      want(b.type == "thinking" && signed_++ == 0, "one signature_delta, of a thinking");
      b.signature = str(json::get(d, "signature"));
    } else if (type == "input_json_delta") {
      want(b.type != "text" && b.type != "thinking", "input_json_delta is of a block with an input");
      input_ += str(json::get(d, "partial_json"));
    } else if (type == "citations_delta") {
      want(b.type == "text", "citations_delta is of a text");
      b.citations.push_back(raw(json::get(d, "citation")));
      text_ = 1;
    } else if (type == "compaction_delta") {
      b.text += str(json::get(d, "content"));
    }
  }
  void stop() {
    MessageBlock& b = m.content.back();
    open_ = false;
    if (ours_ && b.type == "text") want(text_ != 0, "no text is empty");
    if (!input_.empty()) b.input = input_;
    if (ours_ && b.type == "tool_use") want(!input_.empty(), "the arguments of a tool call are told");
  }

  const bool ours_;
  bool started_ = false, open_ = false, has_delta_ = false;
  int text_ = 0, signed_ = 0;
  std::string input_;
};

}  // namespace message_rules

inline Message read_whole(const std::string& body) {
  using namespace message_rules;
  Arena arena;
  const oc_json* root = json::parse(arena, body);
  Message m;
  m.id = str(json::get(root, "id"));
  m.model = str(json::get(root, "model"));
  m.stop_reason = str(json::get(root, "stop_reason"));
  m.stop_sequence = str(json::get(root, "stop_sequence"));
  m.stop_details = raw(json::get(root, "stop_details"));
  m.usage = raw(json::get(root, "usage"));
  if (root == nullptr || str(json::get(root, "type")) != "message") m.broken.emplace_back("a whole answer is a message");
  const oc_json* content = json::get(root, "content");
  for (const oc_json* b = content != nullptr ? content->first : nullptr; b != nullptr; b = b->next)
    m.content.push_back(block_of(b));
  m.stopped = true;
  return m;
}

// `ours`: stricter than what is heard in the wild.
inline Message read_events(const std::vector<std::string>& payloads, bool ours = false) {
  message_rules::StreamReader reader(ours);
  for (const std::string& data : payloads) reader.take("", data);
  return reader.m;
}

// The bytes of a stream: blocks of "event: NAME" and "data: JSON".
inline Message read_stream(const std::string& sse) {
  message_rules::StreamReader reader(true);
  std::istringstream lines(sse);
  std::string name;
  bool whole = true;
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("event: ", 0) == 0) name = line.substr(7);
    if (line.rfind("data: ", 0) == 0) {
      if (name.empty()) reader.m.broken.emplace_back("every event has a name");
      reader.take(name, line.substr(6));
    }
    whole = line.empty();
    if (whole) name.clear();
  }
  if (!whole) reader.m.broken.emplace_back("the last event is complete");
  return reader.m;
}

}  // namespace onechat::test
