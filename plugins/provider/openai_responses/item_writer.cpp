#include "item_writer.hpp"

#include "common/ids.hpp"
#include "common/media.hpp"
#include "common/state_token.hpp"
#include "openai_responses/made_ids.hpp"

namespace onechat::openai_responses {
namespace {

std::string_view role_name(std::uint32_t role) {
  switch (role) {
    case OC_ROLE_SYSTEM: return "system";
    case OC_ROLE_DEVELOPER: return "developer";
    case OC_ROLE_ASSISTANT: return "assistant";
    default: return "user";
  }
}

std::string_view subtype(std::string_view media_type) {
  const auto slash = media_type.find('/');
  return slash == std::string_view::npos ? media_type : media_type.substr(slash + 1);
}

// audio/mpeg -> mp3; the dialect names formats, not media types.
std::string_view audio_format(std::string_view media_type) {
  const auto format = subtype(media_type);
  if (format == "mpeg") return "mp3";
  return format == "x-wav" || format == "wave" ? std::string_view("wav") : format;
}

bool is_media(const oc_part& p) { return p.type == OC_PART_IMAGE || p.type == OC_PART_AUDIO || p.type == OC_PART_FILE; }

const oc_part* call_with_id(const oc_request& request, std::string_view id) {
  for (std::uint64_t t = request.n_turns; t-- > 0;)
    for (std::uint64_t i = 0; i < request.turns[t]->n_parts; ++i) {
      const oc_part& p = *request.turns[t]->parts[i];
      if (p.type == OC_PART_TOOL_CALL && oc::view(p.tool_id) == id) return &p;
    }
  return nullptr;
}

}  // namespace

void write_members(oc::Writer& out, oc::Json object, std::initializer_list<std::string_view> but) {
  for (const oc::Json m : object) {
    bool skipped = false;
    for (const std::string_view name : but) skipped = skipped || m.key() == name;
    if (!skipped) out.key(m.key()).raw(m.raw());
  }
}

ItemWriter::ItemWriter(const oc::Call& call, const oc_request& request, oc::Writer out, DropList& drops)
    : call_(call),
      request_(request),
      out_(out),
      drops_(drops),
      same_dialect_(oc::view(request.dialect) == kDialect),
      with_ids_(request.previous_id.len == 0 && !speaks_of_us(call, oc::view(request.raw)) && sends_all_reasoning()) {}

bool ItemWriter::sends_all_reasoning() const {
  for (std::uint64_t t = 0; t < request_.n_turns; ++t) {
    const oc_turn& turn = *request_.turns[t];
    const bool item =
        same_dialect_ && turn.ext_json.len != 0 && call_.parse(oc::view(turn.ext_json))["type"].str() == "reasoning";
    if (item && (turn.n_parts == 0 || !belongs(*turn.parts[turn.n_parts - 1]))) return false;
  }
  return true;
}

bool ItemWriter::belongs(const oc_part& p) const {
  return p.opaque.len != 0 && dialect::belongs_to(oc::view(p.opaque_origin), kDialect, oc::view(request_.model));
}

const oc_part* ItemWriter::instructions() const {
  if (request_.n_turns == 0) return nullptr;
  const oc_turn& first = *request_.turns[0];
  if (first.role != OC_ROLE_SYSTEM || first.n_parts != 1 || first.parts[0]->type != OC_PART_TEXT) return nullptr;
  if (!same_dialect_) return first.parts[0];
  return call_.parse(oc::view(first.ext_json))["type"].str() == "instructions" ? first.parts[0] : nullptr;
}

void ItemWriter::items() {
  out_.array();
  for (std::uint64_t i = instructions() != nullptr ? 1 : 0; i < request_.n_turns; ++i) turn(*request_.turns[i]);
  out_.close();
}

void ItemWriter::turn(const oc_turn& t) {
  const oc::Json ext = same_dialect_ && t.ext_json.len != 0 ? call_.parse(oc::view(t.ext_json)) : oc::Json();
  const bool whole_item = ext["type"].str() == "item";
  for (std::uint64_t i = 0; i < t.n_parts;) {
    const oc_part& p = *t.parts[i];
    if (p.type == OC_PART_REASONING) {
      i = reasoning(t, ext, i);
    } else if (p.type == OC_PART_TOOL_CALL) {
      tool_call(p), ++i;
    } else if (p.type == OC_PART_TOOL_RESULT) {
      tool_result(p), ++i;
    } else if (whole_item && p.type == OC_PART_OPAQUE) {
      out_.raw(oc::view(p.ext_json)), ++i;
    } else {
      i = message(t, ext, i);
    }
  }
}

bool ItemWriter::goes_into_message(const oc_turn& t, const oc_part& p) const {
  switch (p.type) {
    case OC_PART_TEXT:
    case OC_PART_REFUSAL: return true;
    case OC_PART_IMAGE:
    case OC_PART_AUDIO:
    case OC_PART_FILE: return same_dialect_ || t.role != OC_ROLE_ASSISTANT;
    default: return same_dialect_;
  }
}

bool ItemWriter::says_something(const oc_turn& t, std::uint64_t from, std::uint64_t to) const {
  for (std::uint64_t i = from; i < to; ++i) {
    const oc_part& p = *t.parts[i];
    if (goes_into_message(t, p) && (same_dialect_ || p.type != OC_PART_TEXT || p.text.len != 0)) return true;
  }
  return false;
}

std::uint64_t ItemWriter::message(const oc_turn& t, oc::Json ext, std::uint64_t from) {
  std::uint64_t to = from, carried = 0;
  for (; to < t.n_parts; ++to) {
    const oc_part& p = *t.parts[to];
    if (p.type == OC_PART_REASONING || p.type == OC_PART_TOOL_CALL || p.type == OC_PART_TOOL_RESULT) break;
    if (goes_into_message(t, p))
      ++carried;
    else
      drops_.note(is_media(p) ? "messages[].assistant_media" : "messages[].content");
  }
  if (!says_something(t, from, to)) return to;
  const bool said = t.role == OC_ROLE_ASSISTANT;
  out_.object();
  if (!same_dialect_) out_.member("type", "message");
  out_.member("role", role_name(t.role)).key("content");
  const oc_part& first = *t.parts[from];
  if (carried == 1 && first.type == OC_PART_TEXT && (first.ext_json.len == 0 || !same_dialect_) && !ext["id"]) {
    out_.str(oc::view(first.text));
  } else {
    out_.array();
    for (std::uint64_t i = from; i < to; ++i)
      if (goes_into_message(t, *t.parts[i])) content(*t.parts[i], said);
    out_.close();
  }
  write_members(out_, ext, {with_ids_ ? "" : "id"});
  out_.close();
  return to;
}

// `said`: by the model, so that texts are output.
void ItemWriter::content(const oc_part& p, bool said) {
  if (p.type == OC_PART_OPAQUE) {
    if (same_dialect_)
      out_.raw(oc::view(p.ext_json));
    else
      drops_.note("tool_result.content");
    return;
  }
  out_.object();
  switch (p.type) {
    case OC_PART_IMAGE: image(p); break;
    case OC_PART_FILE: file(p); break;
    case OC_PART_AUDIO: audio(p); break;
    case OC_PART_REFUSAL: out_.member("type", "refusal").member("refusal", oc::view(p.text)); break;
    default: out_.member("type", said ? "output_text" : "input_text").member("text", oc::view(p.text));
  }
  if (same_dialect_ && p.ext_json.len != 0) write_members(out_, call_.parse(oc::view(p.ext_json)));
  out_.close();
}

void ItemWriter::image(const oc_part& p) {
  out_.member("type", "input_image");
  if ((p.flags & OC_PARTF_FILE_ID) != 0)
    out_.member("file_id", oc::view(p.uri));
  else
    out_.member("image_url", p.data_base64.len != 0 ? dialect::data_url(call_, p) : oc::view(p.uri));
  if (p.detail.len != 0) out_.member("detail", oc::view(p.detail));
}

void ItemWriter::file(const oc_part& p) {
  out_.member("type", "input_file");
  if ((p.flags & OC_PARTF_FILE_ID) != 0)
    out_.member("file_id", oc::view(p.uri));
  else if (p.data_base64.len == 0)
    out_.member("file_url", oc::view(p.uri));
  else
    out_.member("file_data", p.media_type.len != 0 ? dialect::data_url(call_, p) : oc::view(p.data_base64));
  // Data without a name is refused upstream.
  if (p.name.len != 0)
    out_.member("filename", oc::view(p.name));
  else if (p.data_base64.len != 0 && !same_dialect_)
    out_.member(
        "filename",
        call_.concat({"file.", subtype(oc::view(p.media_type)) == "plain" ? "txt" : subtype(oc::view(p.media_type))}));
  if (p.detail.len != 0) out_.member("detail", oc::view(p.detail));
}

void ItemWriter::audio(const oc_part& p) {
  out_.member("type", "input_audio").key("input_audio").object();
  out_.member("data", oc::view(p.data_base64)).member("format", audio_format(oc::view(p.media_type))).close();
}

// One item, up to the part that has its state. Without state that belongs here there is nothing to send.
std::uint64_t ItemWriter::reasoning(const oc_turn& t, oc::Json ext, std::uint64_t from) {
  std::uint64_t to = from;
  while (to < t.n_parts && t.parts[to]->type == OC_PART_REASONING && t.parts[to]->opaque.len == 0) ++to;
  if (to == t.n_parts || t.parts[to]->type != OC_PART_REASONING) return to;
  const oc_part& last = *t.parts[to++];
  if (!belongs(last)) return to;
  out_.object().member("type", "reasoning").key("summary");
  reasoning_texts(t, from, to, true);
  bool has_content = false;
  for (std::uint64_t i = from; i < to; ++i)
    has_content =
        has_content || (same_dialect_ && (t.parts[i]->flags & OC_PARTF_SUMMARY) == 0 && t.parts[i]->text.len != 0);
  if (has_content) {
    out_.key("content");
    reasoning_texts(t, from, to, false);
  }
  out_.member("encrypted_content", oc::view(last.opaque));
  write_members(out_, ext, {"type", is_made_id(ext["id"].str()) ? "id" : ""});
  out_.close();
  return to;
}

// Other dialects show this dialect's summaries as reasoning: there every text is one.
void ItemWriter::reasoning_texts(const oc_turn& t, std::uint64_t from, std::uint64_t to, bool summaries) {
  out_.array();
  for (std::uint64_t i = from; i < to; ++i) {
    const oc_part& p = *t.parts[i];
    const bool is_summary = !same_dialect_ || (p.flags & OC_PARTF_SUMMARY) != 0;
    if (is_summary == summaries && p.text.len != 0)
      out_.object()
          .member("type", summaries ? "summary_text" : "reasoning_text")
          .member("text", oc::view(p.text))
          .close();
  }
  out_.close();
}

void ItemWriter::tool_call(const oc_part& p) {
  const bool custom = (p.flags & OC_PARTF_CUSTOM) != 0;
  const oc::Json ext = same_dialect_ && p.ext_json.len != 0 ? call_.parse(oc::view(p.ext_json)) : oc::Json();
  const auto name = ext["name"].is_string() ? ext["name"].str() : oc::view(p.tool_name);
  const auto arguments = oc::view(p.tool_args_json);
  out_.object().member("type", custom ? "custom_tool_call" : "function_call").member("call_id", call_id(p.tool_id));
  out_.member("name", name);
  out_.member(custom ? "input" : "arguments", arguments.empty() && !custom ? std::string_view("{}") : arguments);
  write_members(out_, ext, {"name", with_ids_ ? "" : "id"});
  out_.close();
}

void ItemWriter::tool_result(const oc_part& p) {
  const oc_part* asked = (p.flags & OC_PARTF_CUSTOM) != 0 ? &p : call_with_id(request_, oc::view(p.tool_id));
  const bool custom = asked != nullptr && (asked->flags & OC_PARTF_CUSTOM) != 0;
  if ((p.flags & OC_PARTF_ERROR) != 0) drops_.note("tool_result.is_error");
  out_.object().member("type", custom ? "custom_tool_call_output" : "function_call_output");
  out_.member("call_id", call_id(p.tool_id)).key("output");
  bool texts_only = !same_dialect_;  // in one string, which every model was taught with
  for (std::uint64_t i = 0; i < p.n_parts; ++i) texts_only = texts_only && p.parts[i]->type == OC_PART_TEXT;
  if (p.n_parts == 0) {
    out_.str(oc::view(p.text));
  } else if (texts_only && p.n_parts == 1 && p.text.len == 0) {
    out_.str(oc::view(p.parts[0]->text));
  } else {
    out_.array();
    if (p.text.len != 0) out_.object().member("type", "input_text").member("text", oc::view(p.text)).close();
    for (std::uint64_t i = 0; i < p.n_parts; ++i) content(*p.parts[i], false);
    out_.close();
  }
  if (same_dialect_ && p.ext_json.len != 0)
    write_members(out_, call_.parse(oc::view(p.ext_json)), {with_ids_ ? "" : "id"});
  out_.close();
}

std::string_view ItemWriter::call_id(oc_str id) const {
  return same_dialect_ ? oc::view(id) : dialect::portable_tool_id(call_, oc::view(id));
}

}  // namespace onechat::openai_responses
