#include "message_parser.hpp"

#include "common/headers.hpp"
#include "common/members.hpp"
#include "common/state_token.hpp"
#include "openai_chat/legacy.hpp"

namespace onechat::openai_chat {
namespace {

using dialect::members_except;

constexpr std::string_view kDialect = "openai_chat";
constexpr std::string_view kNamelessId = "call_nameless_";

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

// Some vendors number their tool calls.
std::string_view id_text(oc::Json id) { return id.is_number() ? id.raw() : id.str(); }

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

  // One for each part, tool call and reasoning detail, and for plain reasoning, refusal, text and a legacy function call.
  const std::uint64_t most = message["content"].size() + message["tool_calls"].size() + message["reasoning_details"].size() + 4;
  Parts parts{call_.array<const oc_part*>(most)};
  const bool ok = known == OC_ROLE_TOOL        ? tool_result(message, at, parts)
                  : known == OC_ROLE_ASSISTANT ? assistant(message, at, parts)
                                               : content(message["content"], at.member("content"), parts);
  if (!ok) return nullptr;
  turn->parts = parts.list;
  turn->n_parts = parts.n;
  turn->ext_json = oc::str(members_except(
      call_, message, {"role", "content", "name", "tool_calls", "tool_call_id", "refusal", "function_call", "reasoning_content",
                       "reasoning", "reasoning_details", "extra_content"}));
  return turn;
}

bool MessageParser::assistant(oc::Json message, const FieldPath& at, Parts& parts) {
  reasoning(message, parts);
  if (!content(message["content"], at.member("content"), parts)) return false;
  if (const auto text = message["refusal"].str(); !text.empty()) add_text(OC_PART_REFUSAL, text, parts);
  signed_text(message, parts);
  return tool_calls(message["tool_calls"], at.member("tool_calls"), parts) &&
         legacy_call(message["function_call"], at.member("function_call"), parts);
}

void MessageParser::reasoning(oc::Json message, Parts& parts) {
  std::string_view text = message["reasoning_content"].str();
  if (text.empty()) text = message["reasoning"].str();
  const oc::Json details = message["reasoning_details"];
  if (details.is_array() && details.size() != 0) return reasoning_details(details, text, parts);
  if (!text.empty()) add_text(OC_PART_REASONING, text, parts);
}

// [{"type":"reasoning.text|.encrypted|.summary","text|data|summary","signature",..}]: what another dialect's model wants
// back stands in a token, one part each; all else is the vendor's own and goes back to it as it came, in one part.
void MessageParser::reasoning_details(oc::Json list, std::string_view text, Parts& parts) {
  bool foreign = false, own = false;
  for (const oc::Json entry : list) {
    const bool encrypted = entry["data"].is_string();
    const auto slot = encrypted ? entry["data"].str() : entry["signature"].str();
    const dialect::State state = dialect::from_slot(call_, kDialect, slot);
    if (dialect::belongs_to(state.origin, kDialect, {})) {
      own = true;
      continue;
    }
    foreign = true;
    const bool summary = entry["summary"].is_string();
    oc_part* p = add_text(OC_PART_REASONING, entry[summary ? "summary" : "text"].str(), parts);
    if (summary) p->flags |= OC_PARTF_SUMMARY;
    p->opaque = oc::str(state.opaque);
    p->opaque_origin = oc::str(state.origin);
  }
  if (!own) return;
  oc_part* p = add_text(OC_PART_REASONING, text, parts);
  if (foreign) return;  // a mixture has no single owner: the vendor's part of it is only text
  p->opaque = oc::str(list.raw());
  p->opaque_origin = oc::str(dialect::origin_of(call_, kDialect, {}));
}

// {"extra_content":{"google":{"thought_signature"}}} of a message belongs to the text it stands beside.
void MessageParser::signed_text(oc::Json message, Parts& parts) {
  const auto slot = message["extra_content"]["google"]["thought_signature"].str();
  if (slot.empty()) return;
  for (std::uint64_t i = parts.n; i-- > 0;) {
    if (parts.list[i]->type != OC_PART_TEXT) continue;
    const dialect::State state = dialect::from_slot(call_, kDialect, slot);
    auto* p = const_cast<oc_part*>(parts.list[i]);
    p->opaque = oc::str(state.opaque);
    p->opaque_origin = oc::str(state.origin);
    return;
  }
}

bool MessageParser::tool_result(oc::Json message, const FieldPath& at, Parts& parts) {
  auto* p = call_.make_sized<oc_part>();
  p->type = OC_PART_TOOL_RESULT;
  const oc::Json id = message["tool_call_id"];
  if (!id.absent_or_null() && !id.is_number() && !want_string(id, at.member("tool_call_id"), p->tool_id)) return false;
  if (!id && message["role"].str() == "tool")
    return refuse(at.member("tool_call_id"), "A tool message needs a tool_call_id.", "missing_required_parameter");
  p->tool_id = id_of_result(message);
  p->tool_name = oc::str(message["name"].str());
  for (const CustomCall* c = custom_calls_; c != nullptr; c = c->next)
    if (oc::view(c->id) == oc::view(p->tool_id)) p->flags |= OC_PARTF_CUSTOM;
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

oc_str MessageParser::id_of_result(oc::Json message) {
  if (const auto given = id_text(message["tool_call_id"]); !given.empty()) return oc::str(given);
  if (message["role"].str() == "function") return next_id(kLegacyCallId, legacy_.answered);
  return nameless_.answered < nameless_.called ? next_id(kNamelessId, nameless_.answered) : oc_str{};
}

oc_str MessageParser::next_id(std::string_view prefix, std::uint64_t& counter) const {
  return oc::str(call_.concat({prefix, dialect::Digits(counter++).view()}));
}

bool MessageParser::content(oc::Json value, const FieldPath& at, Parts& parts) {
  if (value.absent_or_null()) return true;
  if (value.is_string()) {
    add_text(OC_PART_TEXT, value.str(), parts);
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

oc_part* MessageParser::add_text(std::uint32_t type, std::string_view text, Parts& parts) {
  auto* p = call_.make_sized<oc_part>();
  p->type = type;
  p->text = oc::str(text);
  parts.add(p);
  return p;
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
  bool (MessageParser::*fill)(oc::Json, const FieldPath&, oc_part&) = nullptr;
  if (type == "image_url") out.type = OC_PART_IMAGE, fill = &MessageParser::image;
  if (type == "input_audio") out.type = OC_PART_AUDIO, fill = &MessageParser::audio;
  if (type == "file") out.type = OC_PART_FILE, fill = &MessageParser::file;
  if (fill == nullptr) {
    out.type = OC_PART_OPAQUE;
    out.ext_json = oc::str(value.raw());
    return true;
  }
  if (!(this->*fill)(value[type], at.member(type), out)) return false;
  out.ext_json = oc::str(members_except(call_, value, {"type", type}));
  media_.add(out);
  return true;
}

bool MessageParser::image(oc::Json image_url, const FieldPath& at, oc_part& out) {
  const bool plain = image_url.is_string();  // {"image_url":"https://..."}: not OpenAI's, but common
  oc_str url{};
  if (!want_string(plain ? image_url : image_url["url"], plain ? at : at.member("url"), url)) return false;
  if (!dialect::split_data_url(oc::view(url), out.media_type, out.data_base64)) out.uri = url;
  out.detail = oc::str(image_url["detail"].str());
  return true;
}

bool MessageParser::audio(oc::Json input_audio, const FieldPath& at, oc_part& out) {
  if (!want_string(input_audio["data"], at.member("data"), out.data_base64)) return false;
  oc_str format{};
  if (!want_string(input_audio["format"], at.member("format"), format)) return false;
  out.media_type = oc::str(call_.concat({"audio/", oc::view(format)}));
  return true;
}

bool MessageParser::file(oc::Json file, const FieldPath& at, oc_part& out) {
  out.name = oc::str(file["filename"].str());
  const oc::Json data = file["file_data"];
  if (data.absent_or_null()) {
    out.flags |= OC_PARTF_FILE_ID;
    return want_string(file["file_id"], at.member("file_id"), out.uri);
  }
  oc_str text{};
  if (!want_string(data, at.member("file_data"), text)) return false;
  if (dialect::split_data_url(oc::view(text), out.media_type, out.data_base64)) return true;
  (dialect::is_url(oc::view(text)) ? out.uri : out.data_base64) = text;
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
  p->tool_id = oc::str(id_text(value["id"]));
  if (p->tool_id.len == 0) p->tool_id = next_id(kNamelessId, nameless_.called);
  if (!plain) {
    p->flags |= OC_PARTF_CUSTOM;
    auto* noted = call_.make<CustomCall>();
    *noted = {custom_calls_, p->tool_id};
    custom_calls_ = noted;
  }
  if (!want_string(inner["name"], inside.member("name"), p->tool_name)) return nullptr;
  const oc::Json arguments = inner[plain ? "arguments" : "input"];
  if (!arguments.absent_or_null()) {
    // An object instead of its text is a frequent slip of clients; its text is what they mean.
    if (arguments.is_object())
      p->tool_args_json = oc::str(arguments.raw());
    else if (!want_string(arguments, inside.member(plain ? "arguments" : "input"), p->tool_args_json))
      return nullptr;
  }
  const oc::Json extra = value["extra_content"];
  if (const auto slot = extra["google"]["thought_signature"].str(); !slot.empty()) {
    const dialect::State state = dialect::from_slot(call_, kDialect, slot);
    p->opaque = oc::str(state.opaque);
    p->opaque_origin = oc::str(state.origin);
  }
  p->ext_json = oc::str(members_except(call_, value, {"id", "type", "function", "custom", "index", "extra_content"}));
  return p;
}

// The API before tools: at most one call in a message, and no id.
bool MessageParser::legacy_call(oc::Json value, const FieldPath& at, Parts& parts) {
  if (value["name"].str().empty()) return true;
  auto* p = call_.make_sized<oc_part>();
  p->type = OC_PART_TOOL_CALL;
  p->tool_id = next_id(kLegacyCallId, legacy_.called);
  p->tool_name = oc::str(value["name"].str());
  const oc::Json arguments = value["arguments"];
  if (!arguments.absent_or_null() && !want_string(arguments, at.member("arguments"), p->tool_args_json)) return false;
  parts.add(p);
  return true;
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
