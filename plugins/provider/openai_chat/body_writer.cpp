#include "body_writer.hpp"

#include "openai_chat/members.hpp"

namespace onechat::openai_chat {
namespace {

constexpr std::string_view kEmptySchema = R"({"type":"object","properties":{}})";

std::string_view role_name(std::uint32_t role) {
  switch (role) {
    case OC_ROLE_SYSTEM: return "system";
    case OC_ROLE_DEVELOPER: return "developer";
    case OC_ROLE_ASSISTANT: return "assistant";
    case OC_ROLE_TOOL: return "tool";
    default: return "user";
  }
}

// audio/mpeg -> mp3; the dialect names formats, not media types.
std::string_view audio_format(std::string_view media_type) {
  const auto slash = media_type.find('/');
  const auto format = slash == std::string_view::npos ? media_type : media_type.substr(slash + 1);
  if (format == "mpeg") return "mp3";
  return format == "x-wav" || format == "wave" ? std::string_view("wav") : format;
}

bool is_url(std::string_view uri) { return uri.find("://") != std::string_view::npos; }

template <class Visit>
void each_part(const oc_turn& t, Visit&& visit) {
  for (std::uint64_t i = 0; i < t.n_parts; ++i) visit(*t.parts[i]);
}

}  // namespace

BodyWriter::BodyWriter(const oc::Call& call, const Settings& settings, const oc_request& request, oc::Writer out)
    : call_(call), settings_(settings), request_(request), out_(out),
      same_dialect_(oc::view(request.dialect) == "openai_chat") {}

void BodyWriter::write() {
  out_.object().member("model", oc::view(request_.model));
  out_.key("messages").array();
  for (std::uint64_t i = 0; i < request_.n_turns; ++i) turn(*request_.turns[i]);
  out_.close();
  scalars();
  tools();
  tool_choice();
  response_format();
  if (same_dialect_) write_members(call_, out_, oc::view(request_.ext_json));
  out_.close();
}

void BodyWriter::scalars() {
  const oc_request& r = request_;
  const auto set = [&](std::uint64_t bit) { return (r.set_mask & bit) != 0; };
  if ((r.flags & OC_REQ_STREAM) != 0) {
    out_.key("stream").boolean(true);
    if (settings_.stream_usage) out_.key("stream_options").raw(R"({"include_usage":true})");
  }
  if (set(OC_SET_MAX_TOKENS)) out_.member(settings_.max_tokens_field, static_cast<std::int64_t>(r.max_output_tokens));
  if (set(OC_SET_TEMPERATURE)) out_.key("temperature").number(r.temperature);
  if (set(OC_SET_TOP_P)) out_.key("top_p").number(r.top_p);
  if (set(OC_SET_N) && r.n > 1) out_.member("n", r.n);
  if (set(OC_SET_SEED)) out_.member("seed", r.seed);
  if (r.n_stop != 0) {
    out_.key("stop").array();
    for (std::uint64_t i = 0; i < r.n_stop; ++i) out_.str(oc::view(r.stop[i]));
    out_.close();
  }
  if (r.reasoning_effort.len != 0) out_.member("reasoning_effort", oc::view(r.reasoning_effort));
  if (r.user.len != 0) out_.member("user", oc::view(r.user));
}

// Results of tools are messages of their own here and come first: they answer the calls of the turn before.
void BodyWriter::turn(const oc_turn& t) {
  bool more = false;
  each_part(t, [&](const oc_part& p) {
    if (p.type == OC_PART_TOOL_RESULT)
      tool_message(t, p);
    else
      more = more || p.type != OC_PART_CACHE_MARK;
  });
  if (more || (t.n_parts == 0 && t.role != OC_ROLE_TOOL)) message(t);
}

void BodyWriter::tool_message(const oc_turn& t, const oc_part& result) {
  out_.object().member("role", "tool").member("tool_call_id", oc::view(result.tool_id));
  out_.key("content");
  if (result.n_parts == 0) {
    out_.str(oc::view(result.text));
  } else {
    out_.array();
    if (result.text.len != 0) out_.object().member("type", "text").member("text", oc::view(result.text)).close();
    for (std::uint64_t i = 0; i < result.n_parts; ++i) {
      const oc_part& p = *result.parts[i];
      if (p.type == OC_PART_TEXT || same_dialect_)
        part(p);
      else
        left_out_ = "media in a tool result";
    }
    out_.close();
  }
  if (same_dialect_) write_members(call_, out_, oc::view(t.ext_json));
  out_.close();
}

void BodyWriter::message(const oc_turn& t) {
  out_.object().member("role", role_name(t.role));
  if (t.name.len != 0) out_.member("name", oc::view(t.name));
  content(t);
  each_part(t, [&](const oc_part& p) {
    if (p.type == OC_PART_REASONING && !settings_.reasoning_field.empty() && p.text.len != 0)
      out_.member(settings_.reasoning_field, oc::view(p.text));
    if (p.type == OC_PART_REFUSAL && t.role == OC_ROLE_ASSISTANT) out_.member("refusal", oc::view(p.text));
  });
  tool_calls(t);
  if (same_dialect_) write_members(call_, out_, oc::view(t.ext_json));
  out_.close();
}

// Does the part stand in "content"? What stands nowhere is noted.
bool BodyWriter::carries(const oc_turn& t, const oc_part& p) {
  switch (p.type) {
    case OC_PART_TEXT:
    case OC_PART_IMAGE:
    case OC_PART_AUDIO:
    case OC_PART_FILE: return true;
    case OC_PART_REFUSAL: return t.role != OC_ROLE_ASSISTANT;
    case OC_PART_OPAQUE:
      if (same_dialect_) return true;
      left_out_ = "a part that only its own dialect knows";
      return false;
    case OC_PART_REASONING:
      if (settings_.reasoning_field.empty()) left_out_ = "earlier reasoning";
      return false;
    default: return false;
  }
}

void BodyWriter::content(const oc_turn& t) {
  std::uint64_t n = 0;
  const oc_part* only = nullptr;
  each_part(t, [&](const oc_part& p) {
    if (!carries(t, p)) return;
    ++n;
    only = &p;
  });
  out_.key("content");
  if (n == 0) {
    t.role == OC_ROLE_ASSISTANT ? out_.null() : out_.str("");
    return;
  }
  if (n == 1 && only->type == OC_PART_TEXT && only->ext_json.len == 0) {
    out_.str(oc::view(only->text));
    return;
  }
  out_.array();
  each_part(t, [&](const oc_part& p) {
    if (carries(t, p)) part(p);
  });
  out_.close();
}

void BodyWriter::part(const oc_part& p) {
  const auto data_url = [&] {
    return p.data_base64.len == 0 ? oc::view(p.uri)
                                  : call_.concat({"data:", oc::view(p.media_type), ";base64,", oc::view(p.data_base64)});
  };
  switch (p.type) {
    case OC_PART_IMAGE:
      out_.object().member("type", "image_url").key("image_url").object().member("url", data_url());
      media_extras(p, "detail");
      break;
    case OC_PART_AUDIO:
      out_.object().member("type", "input_audio").key("input_audio").object();
      out_.member("data", oc::view(p.data_base64)).member("format", audio_format(oc::view(p.media_type)));
      media_extras(p, {});
      break;
    case OC_PART_FILE:
      out_.object().member("type", "file").key("file").object();
      if (p.data_base64.len != 0 || is_url(oc::view(p.uri)))
        out_.member("file_data", data_url());
      else
        out_.member("file_id", oc::view(p.uri));
      media_extras(p, "filename");
      break;
    case OC_PART_OPAQUE: out_.raw(oc::view(p.ext_json)); return;
    default:
      out_.object().member("type", p.type == OC_PART_REFUSAL ? "refusal" : "text");
      out_.member(p.type == OC_PART_REFUSAL ? "refusal" : "text", oc::view(p.text));
      if (same_dialect_) write_members(call_, out_, oc::view(p.ext_json));
  }
  out_.close();
}

// Closes the inner object, with the one extra that belongs there, and writes the others beside it.
void BodyWriter::media_extras(const oc_part& p, std::string_view inner) {
  const oc::Json extras = p.ext_json.len != 0 && same_dialect_ ? call_.parse(oc::view(p.ext_json)) : oc::Json();
  if (const oc::Json v = extras[inner]; v) out_.key(inner).raw(v.raw());
  out_.close();
  for (const oc::Json v : extras)
    if (v.key() != inner) out_.key(v.key()).raw(v.raw());
}

void BodyWriter::tool_calls(const oc_turn& t) {
  bool open = false;
  each_part(t, [&](const oc_part& p) {
    if (p.type != OC_PART_TOOL_CALL) return;
    if (!open) out_.key("tool_calls").array();
    open = true;
    const oc::Json extras = p.ext_json.len != 0 && same_dialect_ ? call_.parse(oc::view(p.ext_json)) : oc::Json();
    const bool custom = extras["type"].str() == "custom";
    const std::string_view kind = custom ? "custom" : "function";
    const auto arguments = oc::view(p.tool_args_json);
    out_.object().member("id", oc::view(p.tool_id)).member("type", kind).key(kind).object();
    out_.member("name", oc::view(p.tool_name));
    out_.member(custom ? "input" : "arguments", arguments.empty() && !custom ? std::string_view("{}") : arguments).close();
    for (const oc::Json v : extras)
      if (v.key() != "type") out_.key(v.key()).raw(v.raw());
    out_.close();
  });
  if (open) out_.close();
}

void BodyWriter::tools() {
  bool open = false;
  for (std::uint64_t i = 0; i < request_.n_tools; ++i) {
    const oc_tool& t = *request_.tools[i];
    if (t.name.len == 0 && !same_dialect_) {
      left_out_ = "a built-in tool of another dialect";
      continue;
    }
    if (!open) out_.key("tools").array();
    open = true;
    if (t.name.len == 0) {
      out_.raw(oc::view(t.ext_json));
      continue;
    }
    out_.object().member("type", "function").key("function").object().member("name", oc::view(t.name));
    if (t.description.len != 0) out_.member("description", oc::view(t.description));
    if (t.schema_json.len != 0 || !same_dialect_)
      out_.key("parameters").raw(t.schema_json.len != 0 ? oc::view(t.schema_json) : kEmptySchema);
    if (same_dialect_) write_members(call_, out_, oc::view(t.ext_json));
    out_.close().close();
  }
  if (open) out_.close();
}

void BodyWriter::tool_choice() {
  if (request_.tool_choice_json.len == 0 || request_.n_tools == 0) return;
  if (same_dialect_) {
    out_.key("tool_choice").raw(oc::view(request_.tool_choice_json));
    return;
  }
  const oc::Json choice = call_.parse(oc::view(request_.tool_choice_json));
  const auto word = choice.is_string() ? choice.str() : choice["type"].str();
  const auto name = choice["name"] ? choice["name"].str() : choice["function"]["name"].str();
  out_.key("tool_choice");
  if (!name.empty())
    out_.object().member("type", "function").key("function").object().member("name", name).close().close();
  else
    out_.str(word == "any" || word == "required" ? "required" : word == "none" ? "none" : "auto");
}

void BodyWriter::response_format() {
  if (request_.response_format_json.len == 0) return;
  const oc::Json format = call_.parse(oc::view(request_.response_format_json));
  const auto type = format["type"].str();
  if (same_dialect_ || type == "json_object" || (type == "json_schema" && format["json_schema"].is_object()))
    out_.key("response_format").raw(format.raw());
  else
    left_out_ = "the response format";
}

}  // namespace onechat::openai_chat
