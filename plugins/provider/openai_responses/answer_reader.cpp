#include "answer_reader.hpp"

#include "openai_errors/error_answer.hpp"
#include "openai_errors/error_shape.hpp"
#include "openai_responses/tool_names.hpp"
#include "openai_responses/usage.hpp"

namespace onechat::openai_responses {
namespace {

constexpr std::int64_t kItemsMax = 4096;
constexpr std::size_t kTextsMax = 4096;
constexpr std::string_view kBetweenSummaries = "\n\n";

bool starts(std::string_view text, std::string_view beginning) { return text.substr(0, beginning.size()) == beginning; }

// Codes of response.error that tell of the request, not of the upstream.
oc_status status_of(std::string_view code, std::string_view type) {
  if (starts(code, "invalid_") || starts(code, "context_length") || starts(code, "image_")) return OC_E_INVALID;
  return openai_errors::status_in_stream(code, type);
}

}  // namespace

void AnswerReader::begin(const oc_request& request, const oc::Call& call) {
  origin_ = std::string(kDialect) + "/" + std::string(oc::view(request.model));
  wants_answer_ = (request.flags & OC_REQ_KEEP) != 0;
  if (oc::view(request.dialect) != kDialect) return;
  for (std::uint64_t i = 0; i < request.n_tools; ++i) {
    const oc_tool& t = *request.tools[i];
    if (t.name.len != 0 && t.ext_json.len != 0 && call.parse(oc::view(t.ext_json))["namespace"].is_string())
      flat_names_.emplace_back(oc::view(t.name));
  }
}

bool AnswerReader::declared(std::string_view flat_name) const {
  for (const std::string& name : flat_names_)
    if (name == flat_name) return true;
  return false;
}

void AnswerReader::read_body(const oc::Call& call, oc::Json response) {
  const bool is_response = response["object"].str() == "response" || response["output"].is_array();
  if (!is_response || response["status"].str() == "failed") {
    start(call, response);
    oc_usage used;
    if (read_usage(response, used)) call.usage(used);
    return fail(call, response["error"], response);
  }
  start(call, response);
  finish(call, response);
}

void AnswerReader::read_event(const oc::Call& call, oc::Json event) {
  if (failed_ || done_) return;
  const auto type = event["type"].str();
  const oc::Json response = event["response"];
  if (type == "error" || (type.empty() && !event["error"].absent_or_null())) return fail(call, event["error"], event);
  if (response.is_object()) {
    start(call, response);
    if (type == "response.failed") {
      oc_usage used;
      if (read_usage(response, used)) call.usage(used);
      return fail(call, response["error"], event);
    }
    if (type == "response.completed" || type == "response.incomplete" || type == "response.cancelled")
      finish(call, response);
    return;
  }
  piece(call, type, event);
}

void AnswerReader::start(const oc::Call& call, oc::Json response) {
  if (started_) return;
  started_ = true;
  call.start(response["id"].str(), response["model"].str());
}

void AnswerReader::piece(const oc::Call& call, std::string_view type, oc::Json event) {
  Item* const found = item_at(event);
  if (found == nullptr) return;
  Item& item = *found;
  if (type == "response.output_item.added") return begin_item(call, item, event["item"]);
  if (type == "response.output_item.done") return complete_item(call, item, event["item"]);
  if (item.done) return;
  const auto delta = event["delta"].str();
  const std::int64_t content = event["content_index"].integer(0);
  if (type == "response.output_text.delta") {
    Text& text = text_of(item, content, false);
    say(call, text, delta);
    return score(call, text, event["logprobs"]);
  }
  if (type == "response.output_text.done" || type == "response.refusal.done") {
    Text& text = text_of(item, content, type == "response.refusal.done");
    if (!text.said) say(call, text, event[text.refusal ? "refusal" : "text"].str());
    return;
  }
  if (type == "response.refusal.delta") return say(call, text_of(item, content, true), delta);
  if (type == "response.output_text.annotation.added")
    return cite(call, text_of(item, content, false), event["annotation"]);
  if (type == "response.content_part.done" && item.kind == Kind::message)
    return end_text(call, text_of(item, content, event["part"]["type"].str() == "refusal"));
  const auto id = event["item_id"].str();
  if (type == "response.reasoning_summary_text.delta")
    return reason(call, item, OC_EVF_SUMMARY, event["summary_index"].integer(0), id, delta);
  if (type == "response.reasoning_text.delta") return reason(call, item, 0, content, id, delta);
  if (type == "response.function_call_arguments.delta" || type == "response.custom_tool_call_input.delta")
    return arguments(call, item, delta);
}

AnswerReader::Item* AnswerReader::item_at(oc::Json event) {
  const std::int64_t index = event["output_index"].integer(-1);
  if (index < 0 || index >= kItemsMax) return nullptr;
  return &item_of(static_cast<std::uint32_t>(index));
}

AnswerReader::Item& AnswerReader::item_of(std::uint32_t output_index) {
  for (auto i = items_.rbegin(); i != items_.rend(); ++i)
    if (i->output_index == output_index) return *i;
  items_.emplace_back();
  items_.back().output_index = output_index;
  return items_.back();
}

// The list at the end may leave out what was streamed, so that places do not tell which item is which.
bool AnswerReader::told(oc::Json item, std::size_t n_streamed) const {
  const auto id = item["id"].str();
  for (std::size_t i = 0; i < n_streamed; ++i)
    if (items_[i].done && !id.empty() && items_[i].id == id) return true;
  return false;
}

void AnswerReader::begin_item(const oc::Call& call, Item& item, oc::Json json) {
  if (item.id.empty()) item.id = json["id"].str();
  if (item.kind != Kind::unknown) return;
  const auto type = json["type"].str();
  item.kind = type == "message"            ? Kind::message
              : type == "reasoning"        ? Kind::reasoning
              : type == "function_call"    ? Kind::function
              : type == "custom_tool_call" ? Kind::custom
                                           : Kind::other;
  if (item.kind != Kind::function && item.kind != Kind::custom) return;
  item.open = called_tool_ = true;
  item.part = parts_++;
  const auto space = json["namespace"].str(), name = json["name"].str();
  oc_event e = oc::Call::event(OC_EV_TOOL_BEGIN, 0, item.part);
  e.flags = item.kind == Kind::custom ? std::uint32_t(OC_EVF_CUSTOM) : 0u;
  e.tool_id = oc::str(json["call_id"].str());
  e.tool_name = oc::str(name);
  if (!space.empty()) {
    if (const auto flat = flat_name(call, space, name); declared(flat)) e.tool_name = oc::str(flat);
    e.ext_json =
        oc::str(call.json([&](oc::Writer w) { w.object().member("namespace", space).member("name", name).close(); }));
  }
  call.emit(e);
}

void AnswerReader::complete_item(const oc::Call& call, Item& item, oc::Json json) {
  if (item.done || !json.is_object()) return;
  begin_item(call, item, json);
  switch (item.kind) {
    case Kind::message: complete_message(call, item, json); break;
    case Kind::reasoning: complete_reasoning(call, item, json); break;
    case Kind::function:
    case Kind::custom: complete_call(call, item, json); break;
    default: other_item(call, json);
  }
  item.done = true;
}

void AnswerReader::complete_message(const oc::Call& call, Item& item, oc::Json json) {
  std::int64_t index = 0;
  for (const oc::Json content : json["content"]) {
    if (item.texts.size() >= kTextsMax) break;
    const bool refusal = content["type"].str() == "refusal";
    Text& text = text_of(item, index++, refusal);
    if (!text.said) say(call, text, content[refusal ? "refusal" : "text"].str());
    if (!text.scored) score(call, text, content["logprobs"]);
    std::uint32_t n = 0;
    for (const oc::Json annotation : content["annotations"])
      if (n++ >= text.annotations) cite(call, text, annotation);
    end_text(call, text);
  }
  for (Text& text : item.texts) end_text(call, text);
}

void AnswerReader::complete_reasoning(const oc::Call& call, Item& item, oc::Json json) {
  const auto id = json["id"].str(), encrypted = json["encrypted_content"].str();
  if (!item.said) {
    std::int64_t index = 0;
    for (const oc::Json part : json["summary"]) reason(call, item, OC_EVF_SUMMARY, index++, id, part["text"].str());
    index = 0;
    for (const oc::Json part : json["content"]) reason(call, item, 0, index++, id, part["text"].str());
  }
  if (!encrypted.empty()) {
    if (!item.open) {
      item.open = true;
      item.part = parts_++;
    }
    oc_event e = oc::Call::event(OC_EV_STATE, 0, item.part);
    e.id = oc::str(id);
    e.opaque = oc::str(encrypted);
    e.opaque_origin = oc::str(origin_);
    call.emit(e);
  }
  end_part(call, item);
}

void AnswerReader::complete_call(const oc::Call& call, Item& item, oc::Json json) {
  const oc::Json whole = json[item.kind == Kind::custom ? "input" : "arguments"];
  if (!item.said) arguments(call, item, whole.is_object() ? whole.raw() : whole.str());
  end_part(call, item);
}

// Hosted tools and what is yet to come. A picture is a picture to every dialect.
void AnswerReader::other_item(const oc::Call& call, oc::Json json) {
  const auto result = json["result"].str(), format = json["output_format"].str();
  const bool picture = json["type"].str() == "image_generation_call" && !result.empty();
  oc_event e = oc::Call::event(picture ? OC_EV_MEDIA : OC_EV_OPAQUE, 0, parts_++);
  if (picture) {
    e.media_type = oc::str(call.concat({"image/", format.empty() ? std::string_view("png") : format}));
    e.text = oc::str(result);
  } else {
    e.ext_json = oc::str(json.raw());
    e.opaque_origin = oc::str(origin_);
  }
  call.emit(e);
  call.part_end(e.index);
}

AnswerReader::Text& AnswerReader::text_of(Item& item, std::int64_t content_index, bool refusal) {
  if (item.kind == Kind::unknown) item.kind = Kind::message;
  for (Text& t : item.texts)
    if (t.content_index == content_index) return t;
  item.texts.push_back({static_cast<std::uint32_t>(content_index), UINT32_MAX, 0, refusal, false, false, false});
  return item.texts.back();
}

void AnswerReader::say(const oc::Call& call, Text& text, std::string_view words) {
  if (words.empty() || text.ended) return;
  if (!text.said) text.part = parts_++;
  text.said = true;
  (text.refusal ? refused_ : said_text_) = true;
  text.refusal ? call.refusal(words, text.part) : call.text(words, text.part);
}

void AnswerReader::score(const oc::Call& call, Text& text, oc::Json logprobs) {
  if (!text.said || text.ended || logprobs.size() == 0) return;
  text.scored = true;
  oc_event e = oc::Call::event(OC_EV_LOGPROBS, 0, text.part);
  e.ext_json = oc::str(logprobs.raw());
  call.emit(e);
}

void AnswerReader::cite(const oc::Call& call, Text& text, oc::Json annotation) {
  if (!text.said || text.ended || !annotation.is_object()) return;
  ++text.annotations;
  oc_event e = oc::Call::event(OC_EV_CITATION, 0, text.part);
  e.ext_json = oc::str(call.json([&](oc::Writer w) {
    const auto carry = [&](std::string_view name, oc::Json value) {
      if (!value.absent_or_null()) w.key(name).raw(value.raw());
    };
    w.object();
    carry("url", annotation["url"]);
    carry("title", annotation["title"] ? annotation["title"] : annotation["filename"]);
    carry("start", annotation["start_index"]);
    carry("end", annotation["end_index"]);
    w.key("raw").raw(annotation.raw()).close();
  }));
  call.emit(e);
}

void AnswerReader::end_text(const oc::Call& call, Text& text) {
  if (text.said && !text.ended) call.part_end(text.part);
  text.ended = true;
}

void AnswerReader::reason(const oc::Call& call, Item& item, std::uint32_t flags, std::int64_t inner_index,
                          std::string_view item_id, std::string_view words) {
  if (words.empty()) return;
  if (item.kind == Kind::unknown) item.kind = Kind::reasoning;
  if (item.open && item.said_as != flags) end_part(call, item);
  const bool begins = !item.open;
  if (begins) {
    item.open = item.said = true;
    item.said_as = flags;
    item.part = parts_++;
  }
  const auto emit = [&](std::string_view text) {
    oc_event e = oc::Call::event(OC_EV_REASONING, 0, item.part);
    e.id = oc::str(item_id);
    e.flags = flags;
    e.text = oc::str(text);
    call.emit(e);
  };
  if (!begins && inner_index != item.inner_index) emit(kBetweenSummaries);
  item.inner_index = inner_index;
  emit(words);
}

void AnswerReader::end_part(const oc::Call& call, Item& item) {
  if (item.open) call.part_end(item.part);
  item.open = false;
}

void AnswerReader::arguments(const oc::Call& call, Item& item, std::string_view piece) {
  if (piece.empty() || (item.kind != Kind::function && item.kind != Kind::custom)) return;
  item.said = true;
  call.tool_args(piece, item.part);
}

void AnswerReader::finish(const oc::Call& call, oc::Json response) {
  const std::size_t streamed = items_.size();
  std::uint32_t index = 0;
  for (const oc::Json item : response["output"]) {
    if (index >= kItemsMax) break;
    if (!told(item, streamed)) complete_item(call, item_of(index), item);
    ++index;
  }
  for (Item& item : items_) {  // streamed, but not in the end
    for (Text& text : item.texts) end_text(call, text);
    end_part(call, item);
  }
  oc_usage used;
  if (read_usage(response, used)) {
    used.flags |= OC_USAGE_FINAL;
    call.usage(used);
  }
  const auto status = response["status"].str(), reason = response["incomplete_details"]["reason"].str();
  std::uint32_t why = OC_FIN_STOP;
  if (called_tool_)
    why = OC_FIN_TOOL;
  else if (refused_ && !said_text_)
    why = OC_FIN_REFUSAL;
  if (status == "cancelled") why = OC_FIN_CANCELLED;
  if (reason == "content_filter") why = OC_FIN_FILTER;
  if (starts(reason, "max_")) why = OC_FIN_LENGTH;
  call.finish(why);
  done_ = true;
  if (!wants_answer_) return;
  oc_event e = oc::Call::event(OC_EV_ANSWER);
  e.ext_json = oc::str(response.raw());
  call.emit(e);
}

void AnswerReader::fail(const oc::Call& call, oc::Json error, oc::Json root) {
  const openai_errors::VendorError said = openai_errors::read_error(call, error.is_object() ? error : root);
  oc_event e = oc::Call::event(OC_EV_ERROR);
  e.status = status_of(said.code, said.type);
  e.text = oc::str(said.message.empty() ? std::string_view("The provider broke off its answer.") : said.message);
  e.code = oc::str(said.code);
  e.param = oc::str(said.param);
  e.ext_json = oc::str(root.is_object() ? root.raw() : std::string_view());
  failed_ = true;
  call.emit(e);
}

}  // namespace onechat::openai_responses
