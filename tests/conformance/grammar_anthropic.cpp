#include "grammar.hpp"
#include "sse.hpp"

namespace onechat::conformance {
namespace {

constexpr std::string_view kDialect = "anthropic_messages";

bool is_portable_id(std::string_view id) {
  return !id.empty() && id.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
                            std::string_view::npos;
}

class StreamRules {
 public:
  explicit StreamRules(const Rules& rules) : rules_(rules) {}

  void event(const SseBlock& block, View e, const std::string& where) {
    const auto type = e["type"].str();
    if (block.event != type) complain(where, "the event's name is not its type");
    if (state_ == kEnded) complain(where, "an event after the last one");
    add_shape(out, rules_, kDialect, Shape::kEvent, e, where);
    if (type == "ping") return ping(where);
    if (type == "error") {
      state_ = kEnded;
      return;
    }
    if (type == "message_start")
      start(e["message"], where);
    else if (type == "content_block_start")
      begin(e, where);
    else if (type == "content_block_delta")
      delta(e, where);
    else if (type == "content_block_stop")
      stop(e, where);
    else if (type == "message_delta")
      message_delta(e, where);
    else if (type == "message_stop")
      message_stop(where);
  }
  void end() {
    if (state_ != kEnded) out.push_back("the stream ends without message_stop");
  }
  Problems out;

 private:
  enum State { kNothing, kBetween, kInBlock, kFinished, kEnded };

  void complain(const std::string& where, const std::string& what) { out.push_back(where + what); }

  void ping(const std::string& where) {
    if (state_ == kNothing) complain(where, "ping before message_start");
  }
  void start(View message, const std::string& where) {
    if (state_ != kNothing) complain(where, "message_start is not the first event");
    state_ = kBetween;
    if (message["content"].size() != 0) complain(where, "content is not empty yet");
    if (message["stop_reason"]) complain(where, "stop_reason is told already");
  }
  void begin(View e, const std::string& where) {
    if (state_ != kBetween) complain(where, "a block begins where none may");
    state_ = kInBlock;
    if (e["index"].integer(-1) != next_++) complain(where, "the block's index is out of turn");
    const View block = e["content_block"];
    type_ = block["type"].str();
    text_.clear(), json_.clear();
    signatures_ = 0;
    if (type_ == "tool_use") {
      ++tools_;
      if (!is_portable_id(block["id"].str())) complain(where, "the id of a tool use is not portable");
      if (block["name"].str().empty()) complain(where, "a tool use without a name");
      if (block["input"].size() != 0 && rules_.rendered) complain(where, "a tool use begins with its input");
    }
    if (type_ == "text" && !block["text"].str().empty() && rules_.rendered) complain(where, "a text begins with text");
    if (type_ == "redacted_thinking" && block["data"].str().empty()) complain(where, "redacted thinking without data");
  }
  void delta(View e, const std::string& where) {
    if (state_ != kInBlock || e["index"].integer(-1) != next_ - 1)
      return complain(where, "a delta outside of its block");
    const View d = e["delta"];
    const auto type = d["type"].str();
    if (signatures_ > 0 && type != "citations_delta") complain(where, "a delta after the signature");
    const bool fits = (type == "text_delta" && type_ == "text") || (type == "citations_delta" && type_ == "text") ||
                      (type == "thinking_delta" && type_ == "thinking") ||
                      (type == "signature_delta" && type_ == "thinking") ||
                      (type == "input_json_delta" && type_.ends_with("tool_use")) ||
                      (type == "compaction_delta" && type_ == "compaction");
    if (!fits) complain(where, std::string(type) + " in a block of type " + type_);
    text_ += d["text"].str();
    json_ += d["partial_json"].str();
    if (type == "signature_delta") ++signatures_;
  }
  void stop(View e, const std::string& where) {
    if (state_ != kInBlock || e["index"].integer(-1) != next_ - 1) complain(where, "a block ends that is not open");
    state_ = kBetween;
    if (type_ == "text" && text_.empty() && rules_.rendered) complain(where, "an empty text block");
    if (type_.ends_with("tool_use") && !json_.empty()) {
      Document input(json_);
      if (!input.root.is(OC_JSON_OBJECT))
        complain(where, "the input of a tool use is no JSON object: " + shortened(json_));
    }
  }
  void message_delta(View e, const std::string& where) {
    if (state_ != kBetween) complain(where, "message_delta where none may be");
    state_ = kFinished;
    const auto reason = e["delta"]["stop_reason"].str();
    if (reason.empty()) complain(where, "no stop_reason");
    if (rules_.rendered && reason == "end_turn" && tools_ > 0) complain(where, "tool use ends with end_turn");
    if (rules_.rendered && reason == "tool_use" && tools_ == 0)
      complain(where, "stop_reason tool_use without a tool use");
    if (reason == "stop_sequence" && e["delta"]["stop_sequence"].node == nullptr)
      complain(where, "stop_sequence is missing");
    const Problems more = check_usage(kDialect, e["usage"]);
    for (const auto& p : more) complain(where, p);
  }
  void message_stop(const std::string& where) {
    if (state_ != kFinished) complain(where, "message_stop without message_delta");
    state_ = kEnded;
  }

  const Rules& rules_;
  State state_ = kNothing;
  std::int64_t next_ = 0;
  int tools_ = 0, signatures_ = 0;
  std::string type_, text_, json_;
};

}  // namespace

Problems check_anthropic_stream(std::string_view bytes, const Rules& rules) {
  const SseStream stream = read_sse(bytes);
  StreamRules check(rules);
  if (stream.crlf_lines != 0) check.out.push_back("lines end with CRLF");
  if (stream.ends_open) check.out.push_back("the last event has no blank line");
  std::size_t n = 0;
  for (const SseBlock& block : stream.blocks) {
    const std::string where = "event " + std::to_string(n++) + " (" + block.event + "): ";
    if (!block.has_data) continue;
    Document e(block.data);
    if (e.root.node == nullptr)
      check.out.push_back(where + "is not JSON");
    else
      check.event(block, e.root, where);
  }
  check.end();
  return check.out;
}

Problems check_anthropic_answer(View answer, const Rules& rules) {
  Problems out;
  std::set<std::string_view> ids;
  int tools = 0;
  for (View block : answer["content"]) {
    const auto type = block["type"].str();
    if (type == "text" && block["text"].str().empty() && rules.rendered) out.push_back("an empty text block");
    if (type != "tool_use") continue;
    ++tools;
    if (!is_portable_id(block["id"].str())) out.push_back("the id of a tool use is not portable");
    if (!ids.insert(block["id"].str()).second) out.push_back("two tool uses with one id");
    if (!block["input"].is(OC_JSON_OBJECT)) out.push_back("the input of a tool use is no object");
  }
  const auto reason = answer["stop_reason"].str();
  if (reason.empty()) out.push_back("no stop_reason");
  if (rules.rendered && reason == "end_turn" && tools > 0) out.push_back("tool use ends with end_turn");
  if (rules.rendered && reason == "tool_use" && tools == 0) out.push_back("stop_reason tool_use without a tool use");
  const Problems more = check_usage(kDialect, answer["usage"]);
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

}  // namespace onechat::conformance
