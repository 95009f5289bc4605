#include <map>

#include "grammar.hpp"
#include "sse.hpp"

namespace onechat::conformance {
namespace {

constexpr std::string_view kDialect = "gemini";

void check_parts(Problems& out, View candidate, const Rules& rules, const std::string& where) {
  const View content = candidate["content"];
  if (content && rules.rendered && content["role"].str() != "model") out.push_back(where + "the role is not model");
  for (View part : content["parts"]) {
    if (part.size() == 0) out.push_back(where + "an empty part");
    const View call = part["functionCall"];
    if (!call) continue;
    if (call["name"].str().empty()) out.push_back(where + "a function call without a name");
    if (call["args"].node != nullptr && !call["args"].is(OC_JSON_OBJECT)) out.push_back(where + "args is no object");
  }
}

class StreamRules {
 public:
  explicit StreamRules(const Rules& rules) : rules_(rules) {}

  void chunk(View root, const std::string& where) {
    if (failed_) out.push_back(where + "something after an error");
    if (root["error"]) {
      failed_ = true;
      add_shape(out, rules_, kDialect, Shape::kError, root, where);
      return;
    }
    add_shape(out, rules_, kDialect, Shape::kEvent, root, where);
    if (rules_.rendered)
      same(id_, root["responseId"], "responseId", where), same(model_, root["modelVersion"], "modelVersion", where);
    for (View candidate : root["candidates"]) {
      check_parts(out, candidate, rules_, where);
      bool& finished = finished_[candidate["index"].integer(0)];
      // An upstream may send the signature of the last part, or nothing at all, beside or behind the finish.
      if (finished && rules_.rendered) out.push_back(where + "a candidate goes on after its finishReason");
      finished = finished || !candidate["finishReason"].str().empty();
    }
    if (root["promptFeedback"]["blockReason"]) blocked_ = true;
    usage(root["usageMetadata"], where);
  }
  void end() {
    if (failed_) return;
    if (finished_.empty() && !blocked_) out.push_back("no candidate at all");
    for (const auto& [index, finished] : finished_)
      if (!finished) out.push_back("candidate " + std::to_string(index) + " has no finishReason");
    if (rules_.usage_expected && !usage_told_) out.push_back("usageMetadata is missing");
    if (rules_.usage_expected && rules_.rendered && !usage_last_) out.push_back("the last chunk has no usageMetadata");
  }
  Problems out;

 private:
  void same(std::string& kept, View now, const char* what, const std::string& where) {
    if (!now)
      out.push_back(where + what + " is missing");
    else if (kept.empty())
      kept = now.str();
    else if (kept != now.str())
      out.push_back(where + what + " changes within the stream");
  }
  void usage(View u, const std::string& where) {
    usage_last_ = bool(u);
    if (!u) return;
    usage_told_ = true;
    if (u["totalTokenCount"].node == nullptr) return;
    const Problems more = check_usage(kDialect, u);
    for (const auto& p : more) out.push_back(where + p);
  }

  const Rules& rules_;
  std::map<std::int64_t, bool> finished_;
  std::string id_, model_;
  bool failed_ = false, blocked_ = false, usage_told_ = false, usage_last_ = false;
};

}  // namespace

Problems check_gemini_stream(std::string_view bytes, const Rules& rules) {
  StreamRules check(rules);
  if (rules.json_array) {
    Document array{std::string(bytes)};
    if (!array.root.is(OC_JSON_ARRAY)) return {"the stream is no JSON array"};
    std::size_t n = 0;
    for (View e : array.root) check.chunk(e, "element " + std::to_string(n++) + ": ");
    check.end();
    return check.out;
  }
  const SseStream stream = read_sse(bytes);
  if (stream.lf_lines != 0) check.out.push_back("lines end with LF alone");
  if (stream.ends_open) check.out.push_back("the last event has no blank line");
  std::size_t n = 0;
  for (const SseBlock& block : stream.blocks) {
    const std::string where = "chunk " + std::to_string(n++) + ": ";
    if (!block.has_data) continue;
    if (!block.event.empty()) check.out.push_back(where + "has an event name");
    Document e(block.data);
    if (e.root.node == nullptr)
      check.out.push_back(where + "is not JSON: " + shortened(block.data, 40));
    else
      check.chunk(e.root, where);
  }
  check.end();
  return check.out;
}

Problems check_gemini_answer(View answer, const Rules& rules) {
  Problems out;
  if (answer["candidates"].size() == 0 && !answer["promptFeedback"]["blockReason"])
    out.push_back("no candidate at all");
  for (View candidate : answer["candidates"]) {
    check_parts(out, candidate, rules, "");
    if (candidate["finishReason"].str().empty()) out.push_back("a candidate without finishReason");
  }
  if (View usage = answer["usageMetadata"]) {
    const Problems more = check_usage(kDialect, usage);
    out.insert(out.end(), more.begin(), more.end());
  } else if (rules.usage_expected) {
    out.push_back("usageMetadata is missing");
  }
  return out;
}

}  // namespace onechat::conformance
