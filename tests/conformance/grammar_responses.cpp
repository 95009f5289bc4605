#include <algorithm>
#include <map>

#include "grammar.hpp"
#include "sse.hpp"
#include "support/fake_host.hpp"

namespace onechat::conformance {
namespace {

constexpr std::string_view kDialect = "openai_responses";

bool starts_item(std::string_view type) { return type == "response.output_item.added"; }
bool ends_answer(std::string_view type) {
  return type == "response.completed" || type == "response.incomplete" || type == "response.failed";
}

// A text that is told in deltas and then as a whole: of a content part, a summary part, arguments, an input.
struct Told {
  std::string text;
  bool open = true, done = false;
};

// One item from added to done.
class ItemRules {
 public:
  ItemRules(Problems& out, View item, bool rendered)
      : out_(out), id_(item["id"].str()), type_(item["type"].str()), rendered_(rendered) {
    if (id_.empty() && rendered) out.push_back("an item begins without an id");
    if (rendered && type_ == "message" && item["content"].size() != 0) out.push_back("a message begins with content");
    if (rendered && type_ == "function_call" && !item["arguments"].str().empty())
      out.push_back("a call begins with arguments");
    const bool hosted =
        type_ != "message" && type_ != "function_call" && type_ != "custom_tool_call" && type_ != "reasoning";
    if (rendered && !hosted && item["status"] && item["status"].str() != "in_progress")
      out.push_back("an item begins with status " + std::string(item["status"].str()));
  }

  void event(std::string_view type, View e, const std::string& where) {
    if (closed_) return complain(where, "an event of an item that is done");
    if (!id_.empty() && e["item_id"].str() != id_) complain(where, "item_id is not the item's");
    if (type.ends_with("part.added")) return part_added(type, e, where);
    if (type.ends_with("part.done")) return part_done(type, e, where);
    if (type.ends_with(".delta")) return delta(type, e, where);
    if (type.ends_with(".done")) return done(type, e, where);
  }

  void close(View item, const std::string& where) {
    closed_ = true;
    if (item["id"].str() != id_) complain(where, "the item changes its id");
    if (item["type"].str() != type_) complain(where, "the item changes its type");
    for (const auto& [key, told] : told_) {
      if (told.open)
        complain(where, "the part " + key + " is not done");
      else if (!told.done)
        complain(where, "the text " + key + " is not done");
    }
    if (type_ == "message") compare_parts("content", item["content"], where);
    if (type_ == "reasoning") compare_parts("summary", item["summary"], where);
    if (type_ == "function_call") compare("arguments", item["arguments"].str(), where);
    if (type_ == "custom_tool_call") compare("input", item["input"].str(), where);
  }
  bool closed() const { return closed_; }

 private:
  void complain(const std::string& where, const std::string& what) { out_.push_back(where + what); }

  static std::string key_of(std::string_view type, View e) {
    if (type.find("reasoning_summary") != std::string_view::npos)
      return "summary " + std::to_string(e["summary_index"].integer(-1));
    if (type.find("function_call_arguments") != std::string_view::npos) return "arguments";
    if (type.find("custom_tool_call_input") != std::string_view::npos) return "input";
    if (type.find("content_part") != std::string_view::npos || type.find("output_text") != std::string_view::npos ||
        type.find("refusal") != std::string_view::npos || type.find("reasoning_text") != std::string_view::npos)
      return "content " + std::to_string(e["content_index"].integer(-1));
    return "";  // of a hosted tool
  }
  bool has_parts(const std::string& key) const { return key.find(' ') != std::string::npos; }

  void part_added(std::string_view type, View e, const std::string& where) {
    const std::string key = key_of(type, e);
    const std::size_t before = static_cast<std::size_t>(std::count_if(
        told_.begin(), told_.end(), [&](const auto& t) { return t.first.substr(0, 7) == key.substr(0, 7); }));
    if (!told_.emplace(key, Told{}).second)
      complain(where, "the part is added twice");
    else if (key != key.substr(0, 8) + std::to_string(before))
      complain(where, "the part's index is out of turn");
  }
  void part_done(std::string_view type, View e, const std::string& where) {
    const auto found = told_.find(key_of(type, e));
    if (found == told_.end() || !found->second.open) return complain(where, "a part ends that is not open");
    found->second.open = false;
    const View part = e["part"];
    const auto text = part["type"].str() == "refusal" ? part["refusal"].str() : part["text"].str();
    if (text != found->second.text) complain(where, "the part's text is not what its deltas said");
  }
  void delta(std::string_view type, View e, const std::string& where) {
    const std::string key = key_of(type, e);
    if (key.empty()) return;
    const auto found = told_.find(key);
    if (found == told_.end()) {
      // Reasoning text of some models comes without content parts.
      if (has_parts(key) && (rendered_ || type.find("reasoning_text") == std::string_view::npos))
        complain(where, "a delta of a part that was not added");
      told_[key] = {std::string(e["delta"].str()),
                    has_parts(key) && type.find("reasoning_text") == std::string_view::npos, false};
      return;
    }
    if (found->second.done) complain(where, "a delta after its text was done");
    found->second.text += e["delta"].str();
  }
  void done(std::string_view type, View e, const std::string& where) {
    const std::string key = key_of(type, e);
    if (key.empty()) return;
    Told& told = told_[key];
    if (!has_parts(key)) told.open = false;
    if (told.done) complain(where, "a text is done twice");
    told.done = true;
    for (const auto name : {"text", "refusal", "arguments", "input"})
      if (e[name].is(OC_JSON_STRING) && e[name].str() != told.text)
        complain(where, std::string(name) + " is not what its deltas said");
  }

  void compare(const std::string& key, std::string_view whole, const std::string& where) {
    const auto found = told_.find(key);
    const std::string_view told = found != told_.end() ? std::string_view(found->second.text) : std::string_view();
    if (told != whole) complain(where, key + " of the item is not what its deltas said");
    if (found == told_.end() && rendered_) complain(where, "no done event for " + key);
  }
  void compare_parts(const std::string& member, View parts, const std::string& where) {
    std::size_t i = 0;
    for (View part : parts) {
      const auto text = part["type"].str() == "refusal" ? part["refusal"].str() : part["text"].str();
      compare(member + " " + std::to_string(i++), text, where);
    }
  }

  Problems& out_;
  std::string id_, type_;
  bool rendered_, closed_ = false;
  std::map<std::string, Told> told_;
};

class StreamRules {
 public:
  explicit StreamRules(const Rules& rules) : rules_(rules) {}

  void event(const SseBlock& block, View e, const std::string& where) {
    const auto type = e["type"].str();
    if (rules_.rendered || !block.event.empty())
      if (block.event != type) out.push_back(where + "the event's name is not its type");
    add_shape(out, rules_, kDialect, Shape::kEvent, e, where);
    if (e["sequence_number"].integer(-1) != next_++) out.push_back(where + "sequence_number is out of turn");
    if (ended_) out.push_back(where + "an event after the last one");
    if (next_ == 1 && type != "response.created" && type != "error")
      out.push_back(where + "the first event is not response.created");
    if (rules_.rendered && next_ == 2 && type != "response.in_progress" && type != "response.queued" &&
        type != "error" && !ends_answer(type))
      out.push_back(where + "the second event is not response.in_progress");
    if (type == "response.created" || type == "response.in_progress")
      beginning(e["response"], where);
    else if (type == "error")
      ended_ = rules_.rendered ? ended_ : true, error_ = true;
    else if (ends_answer(type))
      end_of_answer(type, e["response"], where);
    else
      item_event(type, e, where);
  }

  void end() {
    if (!ended_ && !error_) out.push_back("the stream ends without completed, incomplete or failed");
  }
  Problems out;

 private:
  void beginning(View response, const std::string& where) {
    if (response["output"].size() != 0) out.push_back(where + "output is not empty yet");
    same_id(response, where);
    if (rules_.rendered && response["status"].str() != "in_progress")
      out.push_back(where + "status is not in_progress");
  }
  void same_id(View response, const std::string& where) {
    const auto id = response["id"].str();
    if (id_.empty())
      id_ = id;
    else if (id_ != id)
      out.push_back(where + "the response changes its id");
  }

  void item_event(std::string_view type, View e, const std::string& where) {
    const View index_member = e["output_index"];
    if (!index_member) return;
    const auto index = index_member.integer(-1);
    if (starts_item(type)) {
      if (index != static_cast<std::int64_t>(items_.size())) out.push_back(where + "output_index is out of turn");
      items_.emplace(index, ItemRules(out, e["item"], rules_.rendered));
      return;
    }
    const auto item = items_.find(index);
    if (item == items_.end()) return out.push_back(where + "an event of an item that was not added");
    if (type == "response.output_item.done") {
      item->second.close(e["item"], where);
      finished_[index] = std::string(e["item"].raw());
    } else {
      item->second.event(type, e, where);
    }
  }

  void end_of_answer(std::string_view type, View response, const std::string& where) {
    ended_ = true;
    same_id(response, where);
    if (response["status"].str() != type.substr(std::string_view("response.").size()))
      out.push_back(where + "status is not the event's");
    if (type == "response.failed") {
      if (!response["error"]) out.push_back(where + "failed without an error");
      return;
    }
    for (const auto& [index, item] : items_)
      if (!item.closed()) out.push_back(where + "item " + std::to_string(index) + " is not done");
    if (response["output"].size() != finished_.size()) out.push_back(where + "output has not the items of the stream");
    if (rules_.rendered)
      for (const auto& [index, text] : finished_)
        if (!test::same_json(text, response["output"].at(static_cast<std::size_t>(index)).raw()))
          out.push_back(where + "output[" + std::to_string(index) + "] is not the item that was done");
    const Problems more = check_responses_answer(response, rules_);
    for (const auto& p : more) out.push_back(where + p);
  }

  const Rules& rules_;
  std::map<std::int64_t, ItemRules> items_;
  std::map<std::int64_t, std::string> finished_;
  std::string id_;
  std::int64_t next_ = 0;
  bool ended_ = false, error_ = false;
};

}  // namespace

Problems check_responses_stream(std::string_view bytes, const Rules& rules) {
  const SseStream stream = read_sse(bytes);
  StreamRules check(rules);
  if (stream.crlf_lines != 0) check.out.push_back("lines end with CRLF");
  if (stream.ends_open) check.out.push_back("the last event has no blank line");
  std::size_t n = 0;
  for (const SseBlock& block : stream.blocks) {
    const std::string where = "event " + std::to_string(n++) + " (" + block.event + "): ";
    if (!block.has_data) continue;
    if (block.data == "[DONE]") {
      check.out.push_back(where + "[DONE] is not of this dialect");
      continue;
    }
    Document e(block.data);
    if (e.root.node == nullptr)
      check.out.push_back(where + "is not JSON");
    else
      check.event(block, e.root, where);
  }
  check.end();
  return check.out;
}

Problems check_responses_answer(View answer, const Rules& rules) {
  Problems out;
  std::set<std::string_view> ids, calls;
  for (View item : answer["output"]) {
    if (const auto id = item["id"].str(); !id.empty() && !ids.insert(id).second) out.push_back("two items with one id");
    const auto type = item["type"].str();
    if (type == "function_call" || type == "custom_tool_call") {
      if (item["call_id"].str().empty())
        out.push_back("a call without call_id");
      else if (!calls.insert(item["call_id"].str()).second)
        out.push_back("two calls with one call_id");
    }
    if (rules.rendered && type == "message" && item["content"].size() == 0) out.push_back("a message without content");
  }
  const auto status = answer["status"].str();
  if (status == "incomplete" && answer["incomplete_details"]["reason"].str().empty())
    out.push_back("incomplete without a reason");
  if (status == "failed" && !answer["error"]) out.push_back("failed without an error");
  if (View usage = answer["usage"]) {
    const Problems more = check_usage(kDialect, usage);
    out.insert(out.end(), more.begin(), more.end());
  } else if (rules.usage_expected && status != "in_progress" && status != "queued") {
    out.push_back("usage is missing");
  }
  return out;
}

}  // namespace onechat::conformance
