#include "answer_reader.hpp"

#include <algorithm>

#include "anthropic_messages/error_shape.hpp"
#include "anthropic_messages/opaque_event.hpp"
#include "anthropic_messages/stop_reason.hpp"
#include "anthropic_messages/thinking_state.hpp"
#include "anthropic_messages/version.hpp"
#include "common/members.hpp"
#include "common/state_token.hpp"

namespace onechat::anthropic_messages {
namespace {

constexpr std::size_t kOpenMax = 64;
constexpr std::size_t kGatheredMax = 32u << 20;  // bytes of one block that is told whole

}  // namespace

void AnswerReader::expect(std::string_view model, std::string_view format_tool, ToolNames names) {
  model_ = model;
  format_tool_ = format_tool;
  names_ = std::move(names);
}

void AnswerReader::read_body(const oc::Call& call, oc::Json root) {
  if (root["type"].str() == "error" || !root["error"].absent_or_null()) return error(call, root);
  if (!root["content"].is_array()) return broken(call, "The provider's answer is no message.");
  start_message(call, root);
  std::int64_t index = 0;
  for (const oc::Json wire : root["content"]) {
    open_.push_back({index++, parts_++, Kind::opaque, false, {}, {}});
    content(call, open_.back(), wire);
    end(call, open_.back());
    open_.pop_back();
  }
  extras(call, root);
  finish(call, root);
  usage(call, root["usage"], true);
  done_ = true;
}

void AnswerReader::read_count(const oc::Call& call, oc::Json root) {
  const std::int64_t n = root["input_tokens"].integer(-1);
  if (n < 0) return error(call, root);
  oc_usage counted = oc::sized<oc_usage>();
  counted.flags = OC_USAGE_FINAL | OC_USAGE_CUMULATIVE;
  counted.input = static_cast<std::uint64_t>(n);
  call.usage(counted);
  call.finish(OC_FIN_STOP);
  done_ = true;
}

void AnswerReader::read_event(const oc::Call& call, oc::Json root) {
  if (failed_ || done_) return;
  const auto type = root["type"].str();
  if (type == "content_block_delta") return delta(call, root);
  if (type == "content_block_start") return start_block(call, root);
  if (type == "content_block_stop") return stop_block(call, root["index"].integer(0));
  if (type == "ping") return;
  if (type == "message_start") {
    if (started_) return broken(call, "The provider began its answer anew.");
    return start_message(call, root["message"]);
  }
  if (type == "message_delta") return message_delta(call, root);
  if (type == "message_stop") return stop_message(call);
  if (type == "error" || !root["error"].absent_or_null()) return error(call, root);
  opaque(call, kOpaqueEvent, root.raw(), parts_);
}

// Usage goes first: whoever renders the beginning of a message may want to tell it there.
void AnswerReader::start_message(const oc::Call& call, oc::Json message) {
  started_ = true;
  usage(call, message["usage"], false);
  call.start(message["id"].str(), message["model"].str());
}

void AnswerReader::start_block(const oc::Call& call, oc::Json event) {
  const std::int64_t index = event["index"].integer(0);
  stop_block(call, index);
  if (open_.size() == kOpenMax) return broken(call, "The provider's answer has too many open blocks.");
  open_.push_back({index, parts_++, Kind::opaque, false, {}, {}});
  content(call, open_.back(), event["content_block"]);
}

// A block, or its beginning: vendors may put some of its content there already.
void AnswerReader::content(const oc::Call& call, Block& block, oc::Json wire) {
  const auto type = wire["type"].str();
  if (type == "text") {
    block.kind = Kind::text;
    if (const auto words = wire["text"].str(); !words.empty()) call.text(words, block.part);
    for (const oc::Json location : wire["citations"]) citation(call, block, location);
    return;
  }
  if (type == "thinking") {
    block.kind = Kind::thinking;
    if (const auto words = wire["thinking"].str(); !words.empty()) call.reasoning(words, block.part);
    return signature(call, block, wire["signature"].str());
  }
  if (type == "redacted_thinking") {
    block.kind = Kind::thinking;
    return signature(call, block, redacted_state(call, wire["data"].str()));
  }
  if (type == "tool_use") {
    const auto name = wire["name"].str();
    block.kind = !format_tool_.empty() && name == format_tool_ ? Kind::format : Kind::tool;
    if (block.kind == Kind::tool) {
      calls_tools_ = true;
      oc_event e = oc::Call::event(OC_EV_TOOL_BEGIN, 0, block.part);
      e.tool_id = oc::str(wire["id"].str());
      e.tool_name = oc::str(names_.original(name));
      if (const auto more = dialect::members_except(call, wire, {"type", "id", "name", "input"}); !more.empty())
        e.ext_json = oc::str(dialect::object_of(call, kOpaqueBlock, more));
      call.emit(e);
    }
    if (const oc::Json input = wire["input"]; input.is_object() && input.size() != 0) tool_input(call, block, input.raw());
    return;
  }
  block.kind = Kind::opaque;
  block.json = wire.raw();
}

void AnswerReader::tool_input(const oc::Call& call, Block& block, std::string_view piece) {
  if (piece.empty()) return;
  block.has_input = true;
  if (block.kind == Kind::format)
    call.text(piece, block.part);
  else
    call.tool_args(piece, block.part);
}

void AnswerReader::delta(const oc::Call& call, oc::Json event) {
  Block* block = block_at(event["index"].integer(0));
  if (block == nullptr) return;
  const oc::Json d = event["delta"];
  const auto type = d["type"].str();
  if (block->kind == Kind::opaque) {
    const auto more = type == "input_json_delta" ? d["partial_json"].str() : d["content"].str();
    if (block->input.size() + more.size() > kGatheredMax) return broken(call, "A block of the provider's answer is too long.");
    block->input += more;
    return;
  }
  if (type == "text_delta") {
    if (const auto words = d["text"].str(); !words.empty()) call.text(words, block->part);
  } else if (type == "input_json_delta") {
    tool_input(call, *block, d["partial_json"].str());
  } else if (type == "thinking_delta") {
    if (const auto words = d["thinking"].str(); !words.empty()) call.reasoning(words, block->part);
  } else if (type == "signature_delta") {
    signature(call, *block, d["signature"].str());
  } else if (type == "citations_delta") {
    citation(call, *block, d["citation"]);
  }
}

void AnswerReader::signature(const oc::Call& call, const Block& block, std::string_view text) {
  if (!text.empty()) call.state(text, dialect::origin_of(call, kDialectName, model_), block.part);
}

void AnswerReader::citation(const oc::Call& call, const Block& block, oc::Json location) {
  if (!location.is_object()) return;
  oc_event e = oc::Call::event(OC_EV_CITATION, 0, block.part);
  e.ext_json = oc::str(call.json([&](oc::Writer& w) {
    w.object();
    const auto text = [&](std::string_view name, oc::Json v) {
      if (v.is_string()) w.member(name, v.str());
    };
    text("url", location["url"]);
    text("title", location["title"] ? location["title"] : location["document_title"]);
    text("text", location["cited_text"]);
    w.key("raw").raw(location.raw()).close();
  }));
  call.emit(e);
}

void AnswerReader::stop_block(const oc::Call& call, std::int64_t wire_index) {
  Block* block = block_at(wire_index);
  if (block == nullptr) return;
  end(call, *block);
  open_.erase(open_.begin() + (block - open_.data()));
}

void AnswerReader::end(const oc::Call& call, Block& block) {
  if (block.kind == Kind::opaque) return end_opaque(call, block);
  if (block.kind == Kind::tool && !block.has_input) call.tool_args("{}", block.part);
  call.part_end(block.part);
}

// The block with what was streamed into it.
void AnswerReader::end_opaque(const oc::Call& call, Block& block) {
  const oc::Json begun = call.parse(block.json);
  if (!begun.is_object()) return;
  if (block.input.empty()) return opaque(call, kOpaqueBlock, begun.raw(), block.part);
  const bool compaction = begun["type"].str() == "compaction";
  const std::string_view member = compaction ? "content" : "input";
  const oc::Json input = compaction ? oc::Json() : call.parse(block.input);
  const auto whole = call.json([&](oc::Writer& w) {
    w.object();
    for (const oc::Json m : begun)
      if (m.key() != member) w.key(m.key()).raw(m.raw());
    w.key(member);
    input ? w.raw(input.raw()) : w.str(block.input);
    w.close();
  });
  opaque(call, kOpaqueBlock, whole, block.part);
}

void AnswerReader::opaque(const oc::Call& call, std::string_view name, std::string_view json, std::uint32_t index) {
  oc_event e = oc::Call::event(OC_EV_OPAQUE, 0, index);
  e.ext_json = oc::str(dialect::object_of(call, name, json));
  call.emit(e);
}

void AnswerReader::message_delta(const oc::Call& call, oc::Json event) {
  const oc::Json d = event["delta"];
  extras(call, event);
  extras(call, d);
  const bool last = !d["stop_reason"].absent_or_null();
  if (last) finish(call, d);
  usage(call, event["usage"], last);
}

// What a message has beside its content, where an upstream told it.
void AnswerReader::extras(const oc::Call& call, oc::Json of) {
  for (const std::string_view name : {"container", "context_management"})
    if (const oc::Json v = of[name]; v.is_object())
      opaque(call, kOpaqueMessage, dialect::object_of(call, name, v.raw()), parts_);
}

void AnswerReader::usage(const oc::Call& call, oc::Json told, bool last_word) {
  if (!usage_.merge(told)) return;
  oc_usage total = usage_.total();
  if (last_word) total.flags |= OC_USAGE_FINAL;
  call.usage(total);
}

void AnswerReader::finish(const oc::Call& call, oc::Json told) {
  if (finished_) return;
  finished_ = true;
  while (!open_.empty()) stop_block(call, open_.front().wire_index);
  oc_event e = oc::Call::event(OC_EV_FINISH);
  e.finish = finish_from_wire(told["stop_reason"].str());
  if (e.finish == OC_FIN_STOP && calls_tools_) e.finish = OC_FIN_TOOL;
  if (e.finish == OC_FIN_TOOL && !calls_tools_ && !format_tool_.empty()) e.finish = OC_FIN_STOP;
  e.text = oc::str(told["stop_sequence"].str());
  if (const oc::Json details = told["stop_details"]; details.is_object())
    e.ext_json = oc::str(dialect::object_of(call, kStopDetails, details.raw()));
  call.emit(e);
}

void AnswerReader::stop_message(const oc::Call& call) {
  if (!finished_) {  // nothing more is told than what the beginning did
    finish(call, oc::Json());
    oc_usage total = usage_.total();
    total.flags |= OC_USAGE_FINAL;
    if (started_) call.usage(total);
  }
  done_ = true;
}

void AnswerReader::error(const oc::Call& call, oc::Json root) {
  const VendorError said = read_error(root);
  oc_event e = oc::Call::event(OC_EV_ERROR);
  e.status = status_of(0, said);
  e.text = oc::str(said.message.empty() ? std::string_view("The provider broke off its answer.") : call.copy(said.message));
  e.code = oc::str(call.copy(said.code.empty() ? said.type : said.code));
  e.ext_json = oc::str(root.is_object() ? root.raw() : std::string_view());
  failed_ = true;
  call.emit(e);
}

void AnswerReader::broken(const oc::Call& call, std::string_view message) {
  oc_event e = oc::Call::event(OC_EV_ERROR);
  e.status = OC_E_UPSTREAM;
  e.text = oc::str(message);
  failed_ = true;
  call.emit(e);
}

AnswerReader::Block* AnswerReader::block_at(std::int64_t wire_index) {
  const auto found = std::find_if(open_.begin(), open_.end(), [&](const Block& b) { return b.wire_index == wire_index; });
  return found != open_.end() ? &*found : nullptr;
}

}  // namespace onechat::anthropic_messages
