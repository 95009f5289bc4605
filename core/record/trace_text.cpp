#include "record/trace_text.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "base/error.hpp"
#include "json/json.hpp"

namespace onechat::record {
namespace {

std::string_view role_name(std::uint32_t role) noexcept {
  switch (role) {
    case OC_ROLE_SYSTEM: return "system";
    case OC_ROLE_USER: return "user";
    case OC_ROLE_ASSISTANT: return "assistant";
    case OC_ROLE_TOOL: return "tool";
    case OC_ROLE_DEVELOPER: return "developer";
    default: return "other";
  }
}

std::string_view part_name(std::uint32_t type) noexcept {
  switch (type) {
    case OC_PART_TEXT: return "text";
    case OC_PART_IMAGE: return "image";
    case OC_PART_AUDIO: return "audio";
    case OC_PART_FILE: return "file";
    case OC_PART_TOOL_CALL: return "tool_call";
    case OC_PART_TOOL_RESULT: return "tool_result";
    case OC_PART_REASONING: return "reasoning";
    case OC_PART_REFUSAL: return "refusal";
    default: return "opaque";
  }
}

void write_if_any(oc_jsonw& w, std::string_view key, std::string_view value) {
  if (!value.empty()) w.key(key).string(value);
}

void write_size(oc_jsonw& w, std::string_view key, std::uint64_t n) {
  if (n != 0) w.key(key).integer(static_cast<std::int64_t>(n));
}

void write_parts(oc_jsonw& w, const oc_part* const* parts, std::uint64_t n, unsigned depth);

// Nearly every part is text and nothing else: written without the detours of the general case.
bool is_only_text(const oc_part& part) noexcept {
  return part.type == OC_PART_TEXT && part.media_type.len == 0 && part.uri.len == 0 && part.data_base64.len == 0 &&
         part.tool_id.len == 0 && part.tool_name.len == 0 && part.opaque.len == 0 &&
         (part.flags & OC_PARTF_ERROR) == 0 && part.n_parts == 0;
}

void append_text_part(std::string& out, std::string_view text) {
  out += R"({"type":"text","text":)";
  json::append_string(out, text);
  out += '}';
}

void write_part(oc_jsonw& w, const oc_part& part, unsigned depth) {
  w.object().key("type").string(part_name(part.type));
  if (part.type == OC_PART_TEXT)
    w.key("text").string(view(part.text));
  else
    write_if_any(w, "text", view(part.text));
  write_if_any(w, "media_type", view(part.media_type));
  write_if_any(w, "uri", view(part.uri));
  write_size(w, "base64_bytes", part.data_base64.len);
  write_if_any(w, "id", view(part.tool_id));
  write_if_any(w, "name", view(part.tool_name));
  if (part.type == OC_PART_TOOL_CALL) w.key("arguments").string(view(part.tool_args_json));
  write_size(w, "opaque_bytes", part.opaque.len + (part.type == OC_PART_OPAQUE ? part.ext_json.len : 0));
  if ((part.flags & OC_PARTF_ERROR) != 0) w.key("error").boolean(true);
  if (part.n_parts != 0) {
    w.key("parts");
    write_parts(w, part.parts, part.n_parts, depth + 1);
  }
  w.close();
}

void write_parts(oc_jsonw& w, const oc_part* const* parts, std::uint64_t n, unsigned depth) {
  constexpr unsigned kDepthMax = 8;
  w.array();
  for (std::uint64_t i = 0; i < n && depth < kDepthMax; ++i) write_part(w, *parts[i], depth);
  w.close();
}

void append_turn(std::string& out, const oc_turn& turn) {
  out.append(R"({"role":")").append(role_name(turn.role)).append("\"");
  if (turn.name.len != 0) {
    out += R"(,"name":)";
    json::append_string(out, view(turn.name));
  }
  out += R"(,"parts":)";
  if (turn.n_parts == 1 && is_only_text(*turn.parts[0])) {
    out += '[';
    append_text_part(out, view(turn.parts[0]->text));
    out += ']';
  } else {
    oc_jsonw w(&out);
    write_parts(w, turn.parts, turn.n_parts, 0);
  }
  out += '}';
}

void append_input(std::string& out, std::string_view text) {
  out += R"({"role":"user","parts":[)";
  append_text_part(out, text);
  out += "]}";
}

// What a text takes, for all of it in one step: names and quotes, and text in which little has to be escaped.
std::size_t room_for(std::size_t items, std::size_t text_bytes) noexcept {
  constexpr std::size_t kBytesPerItem = 64;
  return (items + 1) * kBytesPerItem + text_bytes + text_bytes / 16;
}

std::size_t text_bytes_of(const oc_request& request, std::size_t& items) noexcept {
  std::size_t bytes = 0;
  for (std::uint64_t i = 0; i < request.n_turns; ++i) {
    const oc_turn& turn = *request.turns[i];
    items += 1 + turn.n_parts;
    for (const oc_part* part : std::span(turn.parts, turn.n_parts)) bytes += part->text.len + part->tool_args_json.len;
  }
  items += request.n_inputs;
  for (std::uint64_t i = 0; i < request.n_inputs; ++i) bytes += request.inputs[i].len;
  return bytes;
}

// Where to cut `text` so that no more than `max` bytes stay and no character is split.
std::size_t cut_at(std::string_view text, std::size_t max) noexcept {
  if (text.size() <= max) return text.size();
  while (max > 0 && (static_cast<unsigned char>(text[max]) & 0xC0) == 0x80) --max;
  return max;
}

// Names and messages; the text of the answer has a bound of its own.
std::string_view cut(std::string_view text) noexcept { return text.substr(0, cut_at(text, 4'096)); }

}  // namespace

std::string_view finish_name(std::uint32_t finish) noexcept {
  switch (finish) {
    case OC_FIN_STOP: return "stop";
    case OC_FIN_LENGTH: return "length";
    case OC_FIN_TOOL: return "tool";
    case OC_FIN_FILTER: return "filter";
    case OC_FIN_ERROR: return "error";
    case OC_FIN_CANCELLED: return "cancelled";
    case OC_FIN_SEQUENCE: return "sequence";
    case OC_FIN_CONTEXT: return "context";
    case OC_FIN_PAUSE: return "pause";
    case OC_FIN_REFUSAL: return "refusal";
    case OC_FIN_MALFORMED_TOOL: return "malformed_tool";
    default: return {};
  }
}

std::size_t room_for_turns(const oc_request& request) noexcept {
  std::size_t items = 0;
  const std::size_t text_bytes = text_bytes_of(request, items);
  return room_for(items, text_bytes);
}

void append_turns(std::string& out, const oc_request& request) {
  const std::size_t begin = out.size();
  const auto separate = [&] { out += out.size() == begin ? '[' : ','; };
  for (std::uint64_t i = 0; i < request.n_turns; ++i) separate(), append_turn(out, *request.turns[i]);
  for (std::uint64_t i = 0; i < request.n_inputs; ++i) separate(), append_input(out, view(request.inputs[i]));
  if (out.size() == begin) out += '[';
  out += ']';
}

void AnswerText::add(const oc_event& event) {
  switch (event.type) {
    case OC_EV_TEXT: return append_text(event, OC_PART_TEXT);
    case OC_EV_REASONING: return append_text(event, OC_PART_REASONING);
    case OC_EV_REFUSAL: return append_text(event, OC_PART_REFUSAL);
    case OC_EV_TOOL_ARGS: return append_text(event, OC_PART_TOOL_CALL);
    case OC_EV_TOOL_BEGIN:
      if (Part* p = part(event, OC_PART_TOOL_CALL)) {
        p->tool_id = cut(view(event.tool_id));
        p->tool_name = cut(view(event.tool_name));
      }
      return;
    case OC_EV_MEDIA:
      if (Part* p = part(event, view(event.media_type).starts_with("audio/") ? OC_PART_AUDIO : OC_PART_IMAGE))
        p->text.append(cut(view(event.media_type))).append(", base64 bytes: ").append(std::to_string(event.text.len));
      return;
    case OC_EV_FINISH: return end_choice(event.choice, event.finish);
    case OC_EV_ERROR:
      error_status_ = event.status;
      error_code_ = cut(view(event.code));
      error_message_ = cut(view(event.text));
      return;
    default: return;
  }
}

// Nearly every event belongs to the newest part, so the search begins there.
AnswerText::Part* AnswerText::part(const oc_event& event, std::uint32_t type) {
  for (auto p = parts_.rbegin(); p != parts_.rend(); ++p)
    if (p->index == event.index && p->choice == event.choice && p->type == type) return &*p;
  if (parts_.size() == kPartsMax || event.choice >= kChoicesMax) {
    truncated_ = true;
    return nullptr;
  }
  parts_.push_back(Part{event.choice, event.index, type, {}, {}, {}});
  return &parts_.back();
}

void AnswerText::append_text(const oc_event& event, std::uint32_t type) {
  Part* p = part(event, type);
  if (p == nullptr || full_) return;
  const std::string_view text = view(event.text);
  const std::size_t n = cut_at(text, text_bytes_max_ - text_bytes_);
  p->text.append(text.substr(0, n));
  text_bytes_ += n;
  if (n == text.size()) return;
  truncated_ = full_ = true;  // after a gap nothing more: a text with holes would be read as a whole one
}

void AnswerText::end_choice(std::uint32_t choice, std::uint32_t finish) {
  if (choice >= kChoicesMax) {
    truncated_ = true;
    return;
  }
  if (finish_.size() <= choice) finish_.resize(choice + 1, 0);
  finish_[choice] = finish;
}

void AnswerText::clear() noexcept {
  parts_.clear();
  finish_.clear();
  error_code_.clear();
  error_message_.clear();
  error_status_ = OC_OK;
  text_bytes_ = 0;
  truncated_ = full_ = false;
}

std::string_view AnswerText::finish_of(std::uint32_t choice) const noexcept {
  return choice < finish_.size() ? finish_name(finish_[choice]) : std::string_view();
}

void AnswerText::append_choice(std::string& out, std::uint32_t choice) const {
  out += R"({"parts":[)";
  bool first = true;
  for (const Part& p : parts_) {
    if (p.choice != choice) continue;
    if (!std::exchange(first, false)) out += ',';
    if (p.type == OC_PART_TEXT && p.tool_id.empty() && p.tool_name.empty()) {
      append_text_part(out, p.text);
      continue;
    }
    oc_jsonw w(&out);
    w.object().key("type").string(part_name(p.type));
    write_if_any(w, "id", p.tool_id);
    write_if_any(w, "name", p.tool_name);
    w.key(p.type == OC_PART_TOOL_CALL ? "arguments" : "text").string(p.text).close();
  }
  out += ']';
  if (const std::string_view finish = finish_of(choice); !finish.empty())
    out.append(R"(,"finish":")").append(finish).append("\"");
  out += '}';
}

std::size_t AnswerText::room() const noexcept { return room_for(finish_.size() + 2 * parts_.size(), text_bytes_); }

void AnswerText::append_to(std::string& out) const {
  std::uint32_t choices = static_cast<std::uint32_t>(finish_.size());
  for (const Part& p : parts_) choices = std::max(choices, p.choice + 1);
  out += R"({"choices":[)";
  for (std::uint32_t c = 0; c < choices; ++c) {
    if (c != 0) out += ',';
    append_choice(out, c);
  }
  out += ']';
  if (error_status_ != OC_OK) {
    out += R"(,"error":)";
    oc_jsonw w(&out);
    w.object().key("status").string(status_name(error_status_));
    write_if_any(w, "code", error_code_);
    write_if_any(w, "message", error_message_);
    w.close();
  }
  if (truncated_) out += R"(,"truncated":true)";
  out += '}';
}

}  // namespace onechat::record
