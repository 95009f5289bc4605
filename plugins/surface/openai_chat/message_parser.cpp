#include "message_parser.hpp"

#include "openai_chat/members.hpp"

namespace onechat::openai_chat {
namespace {

constexpr std::uint64_t kImageTokens = 4096;      // more than a vendor charges for one picture of usual size
constexpr std::uint64_t kAudioBytesPerToken = 100;
constexpr std::uint64_t kFileBytesPerToken = 4;

struct Role {
  std::string_view name;
  std::uint32_t role;
};
constexpr Role kRoles[] = {{"system", OC_ROLE_SYSTEM},       {"user", OC_ROLE_USER}, {"assistant", OC_ROLE_ASSISTANT},
                           {"developer", OC_ROLE_DEVELOPER}, {"tool", OC_ROLE_TOOL}, {"function", OC_ROLE_TOOL}};

std::uint32_t role_of(std::string_view name) {
  for (const Role& r : kRoles)
    if (r.name == name) return r.role;
  return 0;
}

// data:image/png;base64,iVBOR... ; false: it is no such URL.
bool split_data_url(std::string_view url, oc_str& media_type, oc_str& base64) {
  constexpr std::string_view kScheme = "data:", kBase64 = ";base64";
  const auto comma = url.find(',');
  if (url.substr(0, kScheme.size()) != kScheme || comma == std::string_view::npos) return false;
  std::string_view head = url.substr(kScheme.size(), comma - kScheme.size());
  if (head.size() < kBase64.size() || head.substr(head.size() - kBase64.size()) != kBase64) return false;
  head.remove_suffix(kBase64.size());
  media_type = oc::str(head.substr(0, head.find(';')));
  base64 = oc::str(url.substr(comma + 1));
  return true;
}

std::uint64_t decoded_bytes(oc_str base64) { return base64.len / 4 * 3 + 3; }

}  // namespace

struct MessageParser::Parts {
  const oc_part** list;
  std::uint64_t n = 0;
  void add(const oc_part* p) { list[n++] = p; }
};

const oc_turn* MessageParser::turn(oc::Json message, const FieldPath& at) {
  if (!message.is_object()) return refuse(at, "Each message must be an object.", "invalid_type"), nullptr;
  const oc::Json role = message["role"];
  if (!role) return refuse(at.member("role"), "A message needs a role.", "missing_required_parameter"), nullptr;
  const std::uint32_t known = role_of(role.str());
  if (known == 0) {
    refuse(at.member("role"), "Supported roles are 'system', 'developer', 'user', 'assistant', 'tool' and 'function'.");
    return nullptr;
  }
  auto* turn = call_.make_sized<oc_turn>();
  turn->role = known;
  const oc::Json name = message["name"];
  if (!name.absent_or_null() && !want_string(name, at.member("name"), turn->name)) return nullptr;

  // One for each part and tool call, and for reasoning, refusal, plain text and a legacy function call.
  const oc::Json body = message["content"];
  Parts parts{call_.array<const oc_part*>(body.size() + message["tool_calls"].size() + 4)};
  if (known == OC_ROLE_TOOL) {
    if (!tool_result(message, at, parts)) return nullptr;
  } else {
    for (const std::string_view key : {"reasoning_content", "reasoning"}) {
      const oc::Json text = message[key];
      if (known != OC_ROLE_ASSISTANT || !text.is_string() || text.str().empty()) continue;
      text_part(OC_PART_REASONING, text.str(), parts);
      break;
    }
    if (!content(body, at.member("content"), parts)) return nullptr;
    if (const auto text = message["refusal"].str(); !text.empty()) text_part(OC_PART_REFUSAL, text, parts);
    if (!tool_calls(message["tool_calls"], at.member("tool_calls"), parts)) return nullptr;
    if (const oc::Json legacy = message["function_call"]; !legacy["name"].str().empty()) {
      auto* p = call_.make_sized<oc_part>();
      p->type = OC_PART_TOOL_CALL;
      p->tool_name = oc::str(legacy["name"].str());
      p->tool_args_json = oc::str(legacy["arguments"].str());
      parts.add(p);
    }
  }
  turn->parts = parts.list;
  turn->n_parts = parts.n;
  turn->ext_json = oc::str(members_except(call_, message, {"role", "content", "name", "tool_calls", "tool_call_id", "refusal",
                                                           "function_call", "reasoning_content", "reasoning"}));
  return turn;
}

bool MessageParser::tool_result(oc::Json message, const FieldPath& at, Parts& parts) {
  auto* p = call_.make_sized<oc_part>();
  p->type = OC_PART_TOOL_RESULT;
  const oc::Json id = message["tool_call_id"];
  if (!id.absent_or_null() && !want_string(id, at.member("tool_call_id"), p->tool_id)) return false;
  if (!id && message["role"].str() == "tool")
    return refuse(at.member("tool_call_id"), "A tool message needs a tool_call_id.", "missing_required_parameter");
  p->tool_name = oc::str(message["name"].str());
  const oc::Json body = message["content"];
  if (body.is_string()) {
    p->text = oc::str(body.str());
  } else {
    Parts inner{call_.array<const oc_part*>(body.size() + 1)};
    if (!content(body, at.member("content"), inner)) return false;
    p->parts = inner.list;
    p->n_parts = inner.n;
  }
  parts.add(p);
  return true;
}

bool MessageParser::content(oc::Json value, const FieldPath& at, Parts& parts) {
  if (value.absent_or_null()) return true;
  if (value.is_string()) {
    text_part(OC_PART_TEXT, value.str(), parts);
    return true;
  }
  if (!value.is_array()) return refuse(at, "Content must be a string or an array of content parts.", "invalid_type");
  std::uint64_t i = 0;
  for (const oc::Json item : value) {
    const oc_part* p = part(item, at.element(i++));
    if (p == nullptr) return false;
    parts.add(p);
  }
  return true;
}

void MessageParser::text_part(std::uint32_t type, std::string_view text, Parts& parts) {
  auto* p = call_.make_sized<oc_part>();
  p->type = type;
  p->text = oc::str(text);
  parts.add(p);
}

const oc_part* MessageParser::part(oc::Json value, const FieldPath& at) {
  auto* p = call_.make_sized<oc_part>();
  if (value.is_string()) {  // some vendors allow plain strings among the parts
    p->type = OC_PART_TEXT;
    p->text = oc::str(value.str());
    return p;
  }
  if (!value.is_object()) return refuse(at, "A content part must be an object.", "invalid_type"), nullptr;
  const oc::Json type = value["type"];
  if (!type) return refuse(at.member("type"), "A content part needs a type.", "missing_required_parameter"), nullptr;
  if (!type.is_string()) return refuse(at.member("type"), "The type of a content part is a string.", "invalid_type"), nullptr;
  return fill_part(value, type.str(), at, *p) ? p : nullptr;
}

bool MessageParser::fill_part(oc::Json value, std::string_view type, const FieldPath& at, oc_part& out) {
  if (type == "text" || type == "refusal") {
    out.type = type == "text" ? OC_PART_TEXT : OC_PART_REFUSAL;
    if (!want_string(value[type], at.member(type), out.text)) return false;
    out.ext_json = oc::str(members_except(call_, value, {"type", type}));
    return true;
  }
  // `detail` of an image and the like are told beside the members of the part itself.
  const auto extras = [&](std::string_view inner, std::initializer_list<std::string_view> modelled) {
    const auto inside = members_except(call_, value[inner], modelled), beside = members_except(call_, value, {"type", inner});
    if (inside.empty() || beside.empty()) return oc::str(inside.empty() ? beside : inside);
    return oc::str(call_.concat({inside.substr(0, inside.size() - 1), ",", beside.substr(1)}));
  };
  if (type == "image_url") {
    out.type = OC_PART_IMAGE;
    out.ext_json = extras("image_url", {"url"});
    return image(value["image_url"], at.member("image_url"), out);
  }
  if (type == "input_audio") {
    out.type = OC_PART_AUDIO;
    out.ext_json = extras("input_audio", {"data", "format"});
    return audio(value["input_audio"], at.member("input_audio"), out);
  }
  if (type == "file") {
    out.type = OC_PART_FILE;
    out.ext_json = extras("file", {"file_data", "file_id"});
    return file(value["file"], at.member("file"), out);
  }
  out.type = OC_PART_OPAQUE;
  out.ext_json = oc::str(value.raw());
  return true;
}

bool MessageParser::image(oc::Json image_url, const FieldPath& at, oc_part& out) {
  const bool plain = image_url.is_string();  // {"image_url":"https://..."}: not OpenAI's, but common
  oc_str url{};
  if (!want_string(plain ? image_url : image_url["url"], plain ? at : at.member("url"), url)) return false;
  if (split_data_url(oc::view(url), out.media_type, out.data_base64))
    media_.bytes += out.data_base64.len;
  else
    out.uri = url;
  media_.allowance += kImageTokens;
  return true;
}

bool MessageParser::audio(oc::Json input_audio, const FieldPath& at, oc_part& out) {
  if (!want_string(input_audio["data"], at.member("data"), out.data_base64)) return false;
  oc_str format{};
  if (!want_string(input_audio["format"], at.member("format"), format)) return false;
  out.media_type = oc::str(call_.concat({"audio/", oc::view(format)}));
  media_.bytes += out.data_base64.len;
  media_.allowance += decoded_bytes(out.data_base64) / kAudioBytesPerToken + 1;
  return true;
}

bool MessageParser::file(oc::Json file, const FieldPath& at, oc_part& out) {
  const oc::Json data = file["file_data"];
  if (data.absent_or_null()) return want_string(file["file_id"], at.member("file_id"), out.uri);
  oc_str text{};
  if (!want_string(data, at.member("file_data"), text)) return false;
  if (!split_data_url(oc::view(text), out.media_type, out.data_base64)) out.data_base64 = text;
  media_.bytes += out.data_base64.len;
  media_.allowance += decoded_bytes(out.data_base64) / kFileBytesPerToken + 1;
  return true;
}

bool MessageParser::tool_calls(oc::Json list, const FieldPath& at, Parts& parts) {
  if (list.absent_or_null()) return true;
  if (!list.is_array()) return refuse(at, "tool_calls must be an array.", "invalid_type");
  std::uint64_t i = 0;
  for (const oc::Json item : list) {
    const oc_part* p = tool_call(item, at.element(i++));
    if (p == nullptr) return false;
    parts.add(p);
  }
  return true;
}

const oc_part* MessageParser::tool_call(oc::Json value, const FieldPath& at) {
  if (!value.is_object()) return refuse(at, "A tool call must be an object.", "invalid_type"), nullptr;
  auto* p = call_.make_sized<oc_part>();
  const oc::Json function = value["function"], custom = value["custom"];
  if (!function.is_object() && !custom.is_object()) {
    p->type = OC_PART_OPAQUE;
    p->ext_json = oc::str(value.raw());
    return p;
  }
  const bool plain = function.is_object();
  const oc::Json inner = plain ? function : custom;
  const FieldPath inside = at.member(plain ? "function" : "custom");
  p->type = OC_PART_TOOL_CALL;
  p->tool_id = oc::str(value["id"].str());
  if (!want_string(inner["name"], inside.member("name"), p->tool_name)) return nullptr;
  const oc::Json arguments = inner[plain ? "arguments" : "input"];
  if (!arguments.absent_or_null()) {
    // An object instead of its text is a frequent slip of clients; its text is what they mean.
    if (arguments.is_object())
      p->tool_args_json = oc::str(arguments.raw());
    else if (!want_string(arguments, inside.member(plain ? "arguments" : "input"), p->tool_args_json))
      return nullptr;
  }
  p->ext_json = plain ? oc::str(members_except(call_, value, {"id", "type", "function", "index"}))
                      : oc::str(std::string_view("{\"type\":\"custom\"}"));
  return p;
}

bool MessageParser::refuse(const FieldPath& at, std::string_view message, std::string_view code) {
  const auto param = at.text(call_);
  failed_ = call_.fail(OC_E_INVALID, call_.concat({"Invalid '", param, "': ", message}), code, param, 400);
  return false;
}

bool MessageParser::want_string(oc::Json value, const FieldPath& at, oc_str& out) {
  if (!value) return refuse(at, "A string is required.", "missing_required_parameter");
  if (!value.is_string()) return refuse(at, "It must be a string.", "invalid_type");
  out = oc::str(value.str());
  return true;
}

}  // namespace onechat::openai_chat
