#include "answer_reader.hpp"

#include <algorithm>

#include "common/headers.hpp"
#include "common/media.hpp"
#include "common/members.hpp"
#include "common/service_tier.hpp"
#include "embedding_reader.hpp"
#include "openai_chat/finish_reason.hpp"
#include "openai_chat/usage.hpp"
#include "openai_errors/error_answer.hpp"
#include "openai_errors/error_shape.hpp"

namespace onechat::openai_chat {
namespace {

using dialect::Digits;
using dialect::members_except;
using dialect::object_of;

constexpr std::int64_t kChoicesMax = 128, kToolsMax = 1024;
constexpr std::size_t kIdKept = 64;
constexpr std::int64_t kNoIndex = -1;

std::uint64_t hash(std::string_view text) {  // FNV-1a; 0 stands for "none"
  if (text.empty()) return 0;
  std::uint64_t h = 0xCBF29CE484222325u;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return h | 1;
}

}  // namespace

void AnswerReader::read_body(const oc::Call& call, oc::Json root) {
  if (!start(call, root)) return;
  std::uint64_t position = 0;
  for (const oc::Json wire : root["choices"]) {
    Choice* c = choice(wire, position++);
    if (c == nullptr) continue;
    message(call, *c, wire["message"]);
    logprobs(call, *c, wire["logprobs"]["content"]);
    sources(call, *c, root);
    finish(call, *c, wire["finish_reason"].str());
  }
  usage(call, root, true);
  done_ = true;
}

void AnswerReader::read_chunk(const oc::Call& call, oc::Json root) {
  if (!start(call, root)) return;
  std::uint64_t position = 0;
  for (const oc::Json wire : root["choices"]) {
    Choice* c = choice(wire, position++);
    if (c == nullptr) continue;
    const oc::Json delta = wire["delta"];
    message(call, *c, delta.is_object() ? delta : wire["message"]);
    logprobs(call, *c, wire["logprobs"]["content"]);
    sources(call, *c, root);
    // Some fill it with "" until the answer ends.
    if (const auto reason = wire["finish_reason"].str(); !reason.empty()) finish(call, *c, reason);
  }
  usage(call, root, finished() || root["choices"].size() == 0);
}

void AnswerReader::read_embeddings(const oc::Call& call, oc::Json root, bool vectors) {
  if (!start(call, root)) return;
  std::uint32_t position = 0;
  for (const oc::Json item : root["data"]) {
    const std::int64_t index = item["index"].integer(position++);
    if (!vectors || index < 0 || index > UINT32_MAX) continue;
    oc_event e = oc::Call::event(OC_EV_EMBEDDING, 0, static_cast<std::uint32_t>(index));
    e.ext_json = oc::str(numbers_of(call, item["embedding"]));
    if (e.ext_json.len != 0) call.emit(e);
  }
  usage(call, root, true);
  call.finish(OC_FIN_STOP);
  done_ = true;
}

void AnswerReader::read_done(const oc::Call& call) {
  if (failed_) return;
  done_ = true;
  for (Choice& c : choices_) finish(call, c, {});
}

bool AnswerReader::finished() const {
  return !choices_.empty() && std::all_of(choices_.begin(), choices_.end(), [](const Choice& c) { return c.finished; });
}

bool AnswerReader::start(const oc::Call& call, oc::Json root) {
  if (failed_) return false;
  if (!root.is_object() || !root["error"].absent_or_null()) {
    error(call, root);
    return false;
  }
  if (started_) return true;
  started_ = true;
  const auto id = root["id"].str();
  id_ = id.substr(0, kIdKept);
  call.start(id, root["model"].str());
  return true;
}

void AnswerReader::error(const oc::Call& call, oc::Json root) {
  const openai_errors::VendorError said = openai_errors::read_error(call, root);
  oc_event e = oc::Call::event(OC_EV_ERROR);
  e.status = openai_errors::status_in_stream(said.code, said.type);
  e.text = oc::str(said.message.empty() ? std::string_view("The provider broke off its answer.") : said.message);
  e.code = oc::str(said.code);
  e.param = oc::str(said.param);
  e.ext_json = oc::str(root.is_object() ? root.raw() : std::string_view());
  failed_ = true;
  call.emit(e);
}

void AnswerReader::usage(const oc::Call& call, oc::Json root, bool last_word) {
  oc_usage used;
  if (!read_usage(root["usage"], used) && !read_usage(root["x_groq"]["usage"], used) &&
      !read_usage(root["choices"].first()["usage"], used))
    return;
  if (last_word) used.flags |= OC_USAGE_FINAL;
  const auto tier = root["service_tier"].str();
  used.flags |= dialect::usage_tier(tier.empty() ? root["usage"]["service_tier"].str() : tier);
  usage_seen_ = true;
  call.usage(used);
}

AnswerReader::Choice* AnswerReader::choice(oc::Json wire, std::uint64_t position) {
  const std::int64_t index = wire["index"].integer(static_cast<std::int64_t>(position));
  if (index < 0 || index >= kChoicesMax) return nullptr;
  for (Choice& c : choices_)
    if (c.index == static_cast<std::uint32_t>(index)) return &c;
  choices_.emplace_back();
  choices_.back().index = static_cast<std::uint32_t>(index);
  return &choices_.back();
}

void AnswerReader::message(const oc::Call& call, Choice& choice, oc::Json message) {
  if (choice.finished) return;  // a filler after the end
  reasoning(call, choice, message);
  content(call, choice, message["content"]);
  if (const auto refusal = message["refusal"].str(); !refusal.empty()) {
    choice.refused = true;
    text(call, choice, OC_EV_REFUSAL, refusal);
  }
  annotations(call, choice, message["annotations"]);
  images(call, choice, message["images"]);
  if (const oc::Json audio = message["audio"]; !audio["data"].str().empty() || !audio["transcript"].str().empty())
    opaque(call, choice, "audio", audio);
  if (const oc::Json ran = message["executed_tools"]; ran.size() != 0) opaque(call, choice, "executed_tools", ran);
  tool_calls(call, choice, message["tool_calls"]);
  if (const oc::Json legacy = message["function_call"]; legacy.is_object()) legacy_call(call, choice, legacy);
  signature(call, choice, message);
}

void AnswerReader::reasoning(const oc::Call& call, Choice& choice, oc::Json message) {
  const oc::Json details = message["reasoning_details"];
  if (details.is_array()) choice.details.add(details, call);
  // The two names of the same thing; some send both, and the details beside them.
  auto told = message["reasoning_content"].str();
  if (told.empty()) told = message["reasoning"].str();
  if (!told.empty()) return text(call, choice, OC_EV_REASONING, told);
  for (const oc::Json d : details) {
    text(call, choice, OC_EV_REASONING, d["text"].str());
    text(call, choice, OC_EV_REASONING, d["summary"].str(), OC_EVF_SUMMARY);
  }
}

// A string, or a list of parts: {"type":"text","text":..}, {"type":"thinking","thinking":[{"type":"text",..}]}
void AnswerReader::content(const oc::Call& call, Choice& choice, oc::Json content) {
  if (content.is_string()) return text(call, choice, OC_EV_TEXT, content.str());
  if (!content.is_array()) return;
  for (const oc::Json part : content) {
    const oc::Json thinking = part["thinking"];
    if (thinking.is_array())
      for (const oc::Json inner : thinking) text(call, choice, OC_EV_REASONING, inner["text"].str());
    else if (thinking.is_string())
      text(call, choice, OC_EV_REASONING, thinking.str());
    else
      text(call, choice, OC_EV_TEXT, part["text"].str());
  }
}

void AnswerReader::text(const oc::Call& call, Choice& choice, std::uint32_t type, std::string_view text, std::uint32_t flags) {
  if (text.empty()) return;
  if (choice.open_type != type) {
    close_text(call, choice);
    choice.open_type = type;
    choice.open_part = choice.parts++;
    if (type == OC_EV_TEXT) {
      choice.has_text = true;
      choice.text_part = choice.open_part;
    }
  }
  oc_event e = oc::Call::event(type, choice.index, choice.open_part);
  e.text = oc::str(text);
  e.flags = flags;
  call.emit(e);
}

void AnswerReader::close_text(const oc::Call& call, Choice& choice) {
  if (choice.open_type == 0) return;
  if (choice.open_type == OC_EV_REASONING && choice.details.has_state()) flush_details(call, choice, choice.open_part);
  choice.open_type = 0;
  call.part_end(choice.open_part, choice.index);
}

void AnswerReader::flush_details(const oc::Call& call, Choice& choice, std::uint32_t part) {
  call.state(choice.details.take(call), origin_, part, choice.index);
}

// [{"type":"image_url","image_url":{"url":"data:image/png;base64,..."}}]
void AnswerReader::images(const oc::Call& call, Choice& choice, oc::Json list) {
  for (const oc::Json image : list) {
    oc_event e = oc::Call::event(OC_EV_MEDIA, choice.index);
    if (!dialect::split_data_url(image["image_url"]["url"].str(), e.media_type, e.text)) {
      opaque(call, choice, "image", image);
      continue;
    }
    close_text(call, choice);
    e.index = choice.parts++;
    call.emit(e);
    call.part_end(e.index, choice.index);
  }
}

void AnswerReader::logprobs(const oc::Call& call, Choice& choice, oc::Json list) {
  if (!list.is_array() || list.size() == 0) return;
  oc_event e = oc::Call::event(OC_EV_LOGPROBS, choice.index, choice.has_text ? choice.text_part : choice.open_part);
  e.ext_json = oc::str(list.raw());
  call.emit(e);
}

// [{"type":"url_citation","url_citation":{"url","title","start_index","end_index"}}]
void AnswerReader::annotations(const oc::Call& call, Choice& choice, oc::Json list) {
  for (const oc::Json a : list) {
    const oc::Json told = a["url_citation"].is_object() ? a["url_citation"] : a;
    if (told["url"].str().empty()) {
      opaque(call, choice, "annotation", a);
      continue;
    }
    choice.cited = true;
    citation(call, choice, told, a);
  }
}

// Perplexity's ways, in every chunk anew: "search_results":[{"url","title"}], "citations":["url"].
void AnswerReader::sources(const oc::Call& call, Choice& choice, oc::Json root) {
  if (choice.cited || !choice.has_text) return;
  const oc::Json results = root["search_results"].size() != 0 ? root["search_results"] : root["citations"];
  for (const oc::Json r : results) {
    choice.cited = true;
    citation(call, choice, r, r);
  }
}

void AnswerReader::citation(const oc::Call& call, const Choice& choice, oc::Json told, oc::Json raw) {
  oc_event e = oc::Call::event(OC_EV_CITATION, choice.index, choice.text_part);
  e.ext_json = oc::str(call.json([&](oc::Writer& w) {
    w.object().member("url", told.is_string() ? told.str() : told["url"].str());
    if (const auto title = told["title"].str(); !title.empty()) w.member("title", title);
    if (const auto cited = told["content"].str(); !cited.empty()) w.member("text", cited);
    if (told["start_index"].is_number()) w.member("start", told["start_index"].integer());
    if (told["end_index"].is_number()) w.member("end", told["end_index"].integer());
    w.key("raw").raw(raw.raw()).close();
  }));
  call.emit(e);
}

// {"extra_content":{"google":{"thought_signature"}}} of a message: of its first call, or else of its text.
void AnswerReader::signature(const oc::Call& call, Choice& choice, oc::Json message) {
  const auto given = message["extra_content"]["google"]["thought_signature"].str();
  if (given.empty()) return;
  if (!choice.tools.empty()) return tool_signature(call, choice, choice.tools.front(), given);
  if (choice.open_type != OC_EV_TEXT || choice.has_signature) return;
  choice.has_signature = true;
  call.state(given, origin_, choice.open_part, choice.index);
}

// Told once, however often the vendor repeats it.
void AnswerReader::tool_signature(const oc::Call& call, const Choice& choice, Tool& tool, std::string_view given) {
  if (given.empty() || tool.has_signature) return;
  tool.has_signature = true;
  call.state(given, origin_, tool.part, choice.index);
}

void AnswerReader::opaque(const oc::Call& call, Choice& choice, std::string_view name, oc::Json value) {
  oc_event e = oc::Call::event(OC_EV_OPAQUE, choice.index, choice.open_part);
  e.ext_json = oc::str(object_of(call, name, value.raw()));
  call.emit(e);
}

void AnswerReader::tool_calls(const oc::Call& call, Choice& choice, oc::Json list) {
  std::int64_t position = 0;
  for (const oc::Json wire : list) tool_call(call, choice, wire, position++);
}

void AnswerReader::tool_call(const oc::Call& call, Choice& choice, oc::Json wire, std::int64_t position) {
  const oc::Json function = wire["function"], custom = wire["custom"];
  const oc::Json inner = function.is_object() ? function : custom;
  const bool has_index = wire["index"].is_number();
  const std::int64_t index = wire["index"].integer(has_index ? kNoIndex : position);
  const std::uint64_t id = hash(wire["id"].is_string() ? wire["id"].str() : std::string_view());
  const bool named = !inner["name"].str().empty();

  // Pieces belong together by index. Vendors that send whole calls give every one index 0, or none: then a new id with a
  // name is a new call.
  const auto newest_first = std::find_if(choice.tools.rbegin(), choice.tools.rend(), [&](const Tool& t) {
    if (t.wire_index != index && (has_index || id == 0 || t.id_hash != id)) return false;
    return id == 0 || t.id_hash == id || !named;
  });
  const bool continues = newest_first != choice.tools.rend() && !(named && id == 0 && !has_index);
  if (!continues && static_cast<std::int64_t>(choice.tools.size()) >= kToolsMax) return;
  Tool& tool = continues ? *newest_first : begin_tool(call, choice, wire, inner, index);

  const oc::Json arguments = inner[function.is_object() ? "arguments" : "input"];
  const auto piece = arguments.is_object() ? arguments.raw() : arguments.str();
  tool_signature(call, choice, tool, wire["extra_content"]["google"]["thought_signature"].str());
  if (!piece.empty()) call.tool_args(piece, tool.part, choice.index);
}

AnswerReader::Tool& AnswerReader::begin_tool(const oc::Call& call, Choice& choice, oc::Json wire, oc::Json inner,
                                             std::int64_t index) {
  close_text(call, choice);
  const std::uint32_t part = choice.parts++;
  const auto given = wire["id"].is_string() ? wire["id"].str() : std::string_view();
  choice.tools.push_back({index, hash(given), part, false});
  oc_event e = oc::Call::event(OC_EV_TOOL_BEGIN, choice.index, part);
  e.tool_id = oc::str(given);
  if (given.empty())
    e.tool_id = oc::str(call.concat({"call_", id_, "_", Digits(choice.index).view(), "_", Digits(choice.tools.size() - 1).view()}));
  e.tool_name = oc::str(inner["name"].str());
  if (wire["custom"].is_object() && !wire["function"].is_object()) e.flags = OC_EVF_CUSTOM;
  e.ext_json = oc::str(members_except(call, wire, {"id", "type", "index", "function", "custom", "extra_content"}));
  call.emit(e);
  return choice.tools.back();
}

// The API before tools: at most one call, without an id.
void AnswerReader::legacy_call(const oc::Call& call, Choice& choice, oc::Json function) {
  Tool* tool = choice.tools.empty() ? nullptr : &choice.tools.front();
  if (tool == nullptr && function["name"].str().empty()) return;  // vendors that fill every member with nothing
  if (tool == nullptr) tool = &begin_tool(call, choice, oc::Json(), function, 0);
  if (const auto piece = function["arguments"].str(); !piece.empty()) call.tool_args(piece, tool->part, choice.index);
}

void AnswerReader::finish(const oc::Call& call, Choice& choice, std::string_view word) {
  if (choice.finished) return;  // some repeat it on the usage chunk
  choice.finished = true;
  close_text(call, choice);
  if (choice.details.has_state()) {  // what came after the reasoning itself
    const std::uint32_t part = choice.parts++;
    flush_details(call, choice, part);
    call.part_end(part, choice.index);
  }
  for (const Tool& t : choice.tools) call.part_end(t.part, choice.index);
  std::uint32_t why = finish_from_wire(word);
  if (why == OC_FIN_STOP && !choice.tools.empty()) why = OC_FIN_TOOL;
  if (why == OC_FIN_STOP && choice.refused) why = OC_FIN_REFUSAL;
  call.finish(why, choice.index);
}

}  // namespace onechat::openai_chat
