#include <map>
#include <memory>

#include "grammar.hpp"
#include "sse.hpp"

namespace onechat::conformance {
namespace {

constexpr std::string_view kDialect = "openai_chat";

// One choice's way through a stream.
class ChoiceRules {
 public:
  ChoiceRules(Problems& out, bool rendered) : out_(out), rendered_(rendered) {}

  void chunk(View choice, const std::string& where) {
    const View delta = choice["delta"];
    if (!delta.is(OC_JSON_OBJECT)) return complain(where, "a choice without a delta");
    if (finished_ && delta.size() != 0) complain(where, "a delta after finish_reason");
    if (delta["role"]) {
      if (started_ && rendered_) complain(where, "the role is told twice");
      if (delta["role"].str() != "assistant") complain(where, "the role is not assistant");
    } else if (!started_) {
      complain(where, "the first delta has no role");
    }
    started_ = true;
    calls(delta["tool_calls"], where);
    if (View reason = choice["finish_reason"]) finish(reason.str(), where);
  }
  bool finished() const { return finished_; }

 private:
  void complain(const std::string& where, const std::string& what) { out_.push_back(where + what); }

  void calls(View list, const std::string& where) {
    if (list.node == nullptr) return;
    if (list.size() == 0) return complain(where, "tool_calls is there and empty");
    for (View call : list) {
      const std::int64_t index = call["index"].integer(-1);
      const View function = call["function"].node != nullptr ? call["function"] : call["custom"];
      if (index == calls_) {
        ++calls_;
        if (call["id"].str().empty()) complain(where, "a tool call begins without an id");
        if (call["type"].str().empty()) complain(where, "a tool call begins without a type");
        if (function["name"].str().empty()) complain(where, "a tool call begins without a name");
      } else if (index < 0 || index > calls_) {
        complain(where, "tool call index " + std::to_string(index) + " is out of turn");
      } else {
        if (call["id"].node != nullptr) complain(where, "the id of a tool call is told twice");
        if (function["name"].node != nullptr) complain(where, "the name of a tool call is told twice");
      }
    }
  }

  void finish(std::string_view reason, const std::string& where) {
    if (finished_) complain(where, "finish_reason is told twice");
    finished_ = true;
    if (!rendered_) return;
    if (reason == "stop" && calls_ > 0) complain(where, "tool calls end with finish_reason stop");
    if (reason == "tool_calls" && calls_ == 0) complain(where, "finish_reason tool_calls without a tool call");
  }

  Problems& out_;
  bool rendered_, started_ = false, finished_ = false;
  std::int64_t calls_ = 0;
};

class StreamRules {
 public:
  explicit StreamRules(const Rules& rules) : rules_(rules) {}

  void chunk(View root, const std::string& where) {
    if (View error = root["error"]) {
      failed_ = true;
      add_shape(out, rules_, kDialect, Shape::kError, root, where);
      return;
    }
    if (usage_chunk_) out.push_back(where + "a chunk after the one with usage");
    add_shape(out, rules_, kDialect, Shape::kEvent, root, where);
    same(id_, root["id"], "id", where);
    same(model_, root["model"], "model", where);
    if (rules_.rendered) same(created_, root["created"], "created", where);
    usage(root, where);
    for (View choice : root["choices"]) {
      auto& of = choices_[choice["index"].integer(-1)];
      if (of == nullptr) of = std::make_unique<ChoiceRules>(out, rules_.rendered);
      of->chunk(choice, where);
    }
  }

  void end(bool done) {
    if (failed_) {
      if (done) out.push_back("[DONE] after an error");
      return;
    }
    if (!done) out.push_back("[DONE] is missing");
    if (choices_.empty()) out.push_back("no choice at all");
    for (const auto& [index, choice] : choices_)
      if (!choice->finished()) out.push_back("choice " + std::to_string(index) + " has no finish_reason");
    if (rules_.usage_asked && rules_.usage_expected && !usage_chunk_) out.push_back("the chunk with usage is missing");
  }

  bool failed() const { return failed_; }
  Problems out;

 private:
  void same(std::string& kept, View now, const char* what, const std::string& where) {
    if (kept.empty())
      kept = now.raw();
    else if (kept != now.raw())
      out.push_back(where + what + " changes within the stream");
  }

  void usage(View root, const std::string& where) {
    const View usage = root["usage"];
    if (usage) {
      if (!rules_.usage_asked) out.push_back(where + "usage that nobody asked for");
      if (root["choices"].size() != 0) out.push_back(where + "usage beside choices");
      usage_chunk_ = true;
      const Problems more = check_usage(kDialect, usage);
      for (const auto& p : more) out.push_back(where + p);
    } else if (rules_.usage_asked && usage.node == nullptr && rules_.rendered) {
      out.push_back(where + "usage:null is missing although usage was asked for");
    } else if (root["choices"].size() == 0 && rules_.rendered) {
      out.push_back(where + "a chunk without choices and usage");
    }
  }

  const Rules& rules_;
  std::map<std::int64_t, std::unique_ptr<ChoiceRules>> choices_;
  std::string id_, model_, created_;
  bool usage_chunk_ = false, failed_ = false;
};

}  // namespace

Problems check_chat_stream(std::string_view bytes, const Rules& rules) {
  const SseStream stream = read_sse(bytes);
  StreamRules check(rules);
  if (stream.crlf_lines != 0) check.out.push_back("lines end with CRLF");
  if (stream.ends_open) check.out.push_back("the last event has no blank line");
  bool done = false;
  std::size_t n = 0;
  for (const SseBlock& block : stream.blocks) {
    const std::string where = "chunk " + std::to_string(n++) + ": ";
    if (!block.has_data) continue;
    if (done) check.out.push_back(where + "something after [DONE]");
    if (check.failed() && block.data != "[DONE]") check.out.push_back(where + "something after an error");
    if (!block.event.empty()) check.out.push_back(where + "has an event name");
    if (block.data == "[DONE]") {
      done = true;
      continue;
    }
    Document chunk(block.data);
    if (chunk.root.node == nullptr)
      check.out.push_back(where + "is not JSON");
    else
      check.chunk(chunk.root, where);
  }
  check.end(done);
  return check.out;
}

Problems check_chat_answer(View answer, const Rules& rules) {
  Problems out;
  if (answer["choices"].size() == 0) out.push_back("no choice at all");
  std::set<std::int64_t> indexes;
  for (View choice : answer["choices"]) {
    if (!indexes.insert(choice["index"].integer(-1)).second) out.push_back("two choices with one index");
    const View message = choice["message"];
    if (message["content"].node == nullptr) out.push_back("message.content is missing");
    const View calls = message["tool_calls"];
    if (calls.node != nullptr && calls.size() == 0 && rules.rendered) out.push_back("tool_calls is there and empty");
    std::set<std::string_view> ids;
    for (View call : calls) {
      if (call["id"].str().empty()) out.push_back("a tool call without an id");
      if (!ids.insert(call["id"].str()).second) out.push_back("two tool calls with one id");
    }
    const auto reason = choice["finish_reason"].str();
    if (rules.rendered && calls.size() != 0 && reason == "stop")
      out.push_back("tool calls end with finish_reason stop");
    if (rules.rendered && calls.size() == 0 && reason == "tool_calls")
      out.push_back("finish_reason tool_calls without a tool call");
  }
  if (View usage = answer["usage"]) {
    const Problems more = check_usage(kDialect, usage);
    out.insert(out.end(), more.begin(), more.end());
  } else if (rules.usage_expected) {
    out.push_back("usage is missing");
  }
  return out;
}

}  // namespace onechat::conformance
