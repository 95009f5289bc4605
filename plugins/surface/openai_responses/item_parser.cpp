#include "item_parser.hpp"

#include "common/members.hpp"
#include "common/state_token.hpp"
#include "openai_responses/tool_names.hpp"

namespace onechat::openai_responses {
namespace {

struct Role {
  std::string_view name;
  std::uint32_t role;
};
constexpr Role kRoles[] = {{"user", OC_ROLE_USER},
                           {"assistant", OC_ROLE_ASSISTANT},
                           {"system", OC_ROLE_SYSTEM},
                           {"developer", OC_ROLE_DEVELOPER}};

std::uint32_t role_of(std::string_view name) {
  for (const Role& r : kRoles)
    if (r.name == name) return r.role;
  return 0;
}

}  // namespace

struct ItemParser::Parts {
  const oc_part** list;
  std::uint64_t n = 0;
  void add(const oc_part* p) { list[n++] = p; }
};

bool ItemParser::item(oc::Json value, const FieldPath& at, TurnList& out) {
  if (!value.is_object()) return refuse_(at, "Each item of the input must be an object.", "invalid_type");
  const oc::Json type_member = value["type"];
  if (!type_member.absent_or_null() && !type_member.is_string())
    return refuse_(at.member("type"), "A string is expected.", "invalid_type");
  const auto type = type_member.str();
  if (type == "message" || (type.empty() && value["role"])) return message(value, at, out);
  if (type == "function_call" || type == "custom_tool_call") return tool_call(value, type[0] == 'c', at, out);
  if (type == "function_call_output" || type == "custom_tool_call_output")
    return tool_result(value, type[0] == 'c', at, out);
  if (type == "reasoning") return reasoning(value, at, out);
  if (type.empty() && !value["id"].is_string()) return refuse_.missing(at.member("type"));
  opaque(value, out);
  return true;
}

const oc_turn* ItemParser::text_turn(std::uint32_t role, std::string_view text, std::string_view ext_json) {
  Parts parts{call_.array<const oc_part*>(1)};
  oc_part* p = new_part(OC_PART_TEXT);
  p->text = oc::str(text);
  parts.add(p);
  return turn(role, parts, ext_json);
}

const oc_turn* ItemParser::turn(std::uint32_t role, const Parts& parts, std::string_view ext_json) {
  auto* t = call_.make_sized<oc_turn>();
  t->role = role;
  t->parts = parts.list;
  t->n_parts = parts.n;
  t->ext_json = oc::str(ext_json);
  return t;
}

oc_part* ItemParser::new_part(std::uint32_t type) {
  auto* p = call_.make_sized<oc_part>();
  p->type = type;
  return p;
}

bool ItemParser::message(oc::Json value, const FieldPath& at, TurnList& out) {
  const oc::Json role = value["role"], body = value["content"];
  if (role.absent_or_null()) return refuse_.missing(at.member("role"));
  const std::uint32_t known = role_of(role.str());
  if (known == 0)
    return refuse_(at.member("role"), "Supported values are: 'assistant', 'system', 'developer', and 'user'.");
  if (!body) return refuse_.missing(at.member("content"));
  Parts parts{call_.array<const oc_part*>(body.size() + 1)};
  if (!content(body, at.member("content"), parts)) return false;
  if (known == OC_ROLE_ASSISTANT)
    for (std::uint64_t i = 0; i < parts.n; ++i)
      if (parts.list[i]->type == OC_PART_TEXT) last_said_ = const_cast<oc_part*>(parts.list[i]);
  out.add(turn(known, parts, dialect::members_except(call_, value, {"role", "content"})));
  return true;
}

bool ItemParser::content(oc::Json value, const FieldPath& at, Parts& parts) {
  if (value.absent_or_null()) return true;
  if (value.is_string()) {
    oc_part* p = new_part(OC_PART_TEXT);
    p->text = oc::str(value.str());
    parts.add(p);
    return true;
  }
  if (!value.is_array()) return refuse_(at, "A string or an array of content parts is expected.", "invalid_type");
  std::uint64_t i = 0;
  for (const oc::Json inner : value)
    if (!part(inner, at.element(i++), parts)) return false;
  return true;
}

bool ItemParser::part(oc::Json value, const FieldPath& at, Parts& parts) {
  if (!value.is_object()) return refuse_(at, "A content part must be an object.", "invalid_type");
  const oc::Json type_member = value["type"];
  if (type_member.absent_or_null()) return refuse_.missing(at.member("type"));
  const auto type = type_member.str();
  oc_part* p = new_part(OC_PART_OPAQUE);
  parts.add(p);
  if (type == "input_text" || type == "output_text" || type == "text") {
    p->type = OC_PART_TEXT;
    p->ext_json = oc::str(dialect::members_except(call_, value, {"type", "text"}));
    return refuse_.want_string(value["text"], at.member("text"), p->text);
  }
  if (type == "refusal") {
    p->type = OC_PART_REFUSAL;
    p->ext_json = oc::str(dialect::members_except(call_, value, {"type", "refusal"}));
    return refuse_.want_string(value["refusal"], at.member("refusal"), p->text);
  }
  if (type == "input_image") return image(value, at, *p);
  if (type == "input_file") return file(value, at, *p);
  if (type == "input_audio") return audio(value, at, *p);
  p->ext_json = oc::str(value.raw());
  return true;
}

bool ItemParser::image(oc::Json value, const FieldPath& at, oc_part& out) {
  out.type = OC_PART_IMAGE;
  out.detail = oc::str(value["detail"].str());
  out.ext_json = oc::str(dialect::members_except(call_, value, {"type", "image_url", "file_id", "detail"}));
  const oc::Json given = value["image_url"], url = given.is_object() ? given["url"] : given;
  if (url.absent_or_null() && value["file_id"].is_string()) {
    out.uri = oc::str(value["file_id"].str());
    out.flags |= OC_PARTF_FILE_ID;
  } else {
    oc_str text{};
    if (!refuse_.want_string(url, at.member("image_url"), text)) return false;
    if (!dialect::split_data_url(oc::view(text), out.media_type, out.data_base64)) out.uri = text;
  }
  media_.add(out);
  return true;
}

bool ItemParser::file(oc::Json value, const FieldPath& at, oc_part& out) {
  out.type = OC_PART_FILE;
  out.name = oc::str(value["filename"].str());
  out.detail = oc::str(value["detail"].str());
  out.ext_json = oc::str(
      dialect::members_except(call_, value, {"type", "file_data", "file_id", "file_url", "filename", "detail"}));
  const oc::Json data = value["file_data"], url = value["file_url"], id = value["file_id"];
  if (!data.absent_or_null()) {
    oc_str text{};
    if (!refuse_.want_string(data, at.member("file_data"), text)) return false;
    if (!dialect::split_data_url(oc::view(text), out.media_type, out.data_base64)) out.data_base64 = text;
  } else if (!url.absent_or_null()) {
    if (!refuse_.want_string(url, at.member("file_url"), out.uri)) return false;
  } else {
    if (!refuse_.want_string(id, at.member("file_id"), out.uri)) return false;
    out.flags |= OC_PARTF_FILE_ID;
  }
  media_.add(out);
  return true;
}

bool ItemParser::audio(oc::Json value, const FieldPath& at, oc_part& out) {
  out.type = OC_PART_AUDIO;
  const oc::Json inner = value["input_audio"];
  const FieldPath inside = at.member("input_audio");
  oc_str format{};
  if (!refuse_.want_string(inner["data"], inside.member("data"), out.data_base64)) return false;
  if (!refuse_.want_string(inner["format"], inside.member("format"), format)) return false;
  out.media_type =
      oc::str(call_.concat({"audio/", oc::view(format) == "mp3" ? std::string_view("mpeg") : oc::view(format)}));
  out.ext_json = oc::str(dialect::members_except(call_, value, {"type", "input_audio"}));
  media_.add(out);
  return true;
}

bool ItemParser::tool_call(oc::Json value, bool custom, const FieldPath& at, TurnList& out) {
  const std::string_view input = custom ? "input" : "arguments";
  oc_part* p = new_part(OC_PART_TOOL_CALL);
  p->flags = custom ? std::uint32_t(OC_PARTF_CUSTOM) : 0u;
  if (!refuse_.want_string(value["call_id"], at.member("call_id"), p->tool_id)) return false;
  if (!refuse_.want_string(value["name"], at.member("name"), p->tool_name)) return false;
  const oc::Json arguments = value[input];
  // An object instead of its text is a frequent slip of clients; its text is what they mean.
  if (arguments.is_object())
    p->tool_args_json = oc::str(arguments.raw());
  else if (!refuse_.want_string(arguments, at.member(input), p->tool_args_json))
    return false;
  const auto space = value["namespace"].str();
  const ToolEntry* entry = space.empty() ? nullptr : tools_.in_space(space, oc::view(p->tool_name));
  p->ext_json = oc::str(
      dialect::members_except(call_, value, {"type", "call_id", entry != nullptr ? "" : "name", "arguments", "input"}));
  if (entry != nullptr) p->tool_name = entry->flat;
  Parts parts{call_.array<const oc_part*>(1)};
  parts.add(p);
  out.add(turn(OC_ROLE_ASSISTANT, parts, {}));
  last_said_ = p;
  return true;
}

bool ItemParser::tool_result(oc::Json value, bool custom, const FieldPath& at, TurnList& out) {
  oc_part* p = new_part(OC_PART_TOOL_RESULT);
  p->flags = custom ? std::uint32_t(OC_PARTF_CUSTOM) : 0u;
  if (!refuse_.want_string(value["call_id"], at.member("call_id"), p->tool_id)) return false;
  const oc::Json output = value["output"];
  if (output.absent_or_null()) return refuse_.missing(at.member("output"));
  if (output.is_string()) {
    p->text = oc::str(output.str());
  } else {
    Parts inner{call_.array<const oc_part*>(output.size() + 1)};
    if (!content(output, at.member("output"), inner)) return false;
    p->parts = inner.list;
    p->n_parts = inner.n;
  }
  p->ext_json = oc::str(dialect::members_except(call_, value, {"type", "call_id", "output"}));
  Parts parts{call_.array<const oc_part*>(1)};
  parts.add(p);
  out.add(turn(OC_ROLE_TOOL, parts, {}));
  return true;
}

bool ItemParser::reasoning(oc::Json value, const FieldPath& at, TurnList& out) {
  const oc::Json slot = value["encrypted_content"];
  dialect::State state{};
  if (!slot.str().empty()) state = dialect::from_slot(call_, kDialect, slot.str());
  if (state.origin.substr(0, 1) == "+") {  // of the item before, which has no place of its own for it
    if (last_said_ == nullptr) return true;
    last_said_->opaque = oc::str(state.opaque);
    last_said_->opaque_origin = oc::str(state.origin.substr(1));
    return true;
  }
  Parts parts{call_.array<const oc_part*>(value["summary"].size() + value["content"].size() + 1)};
  if (!reasoning_texts(value["summary"], OC_PARTF_SUMMARY, at.member("summary"), parts)) return false;
  if (!reasoning_texts(value["content"], 0, at.member("content"), parts)) return false;
  if (!state.opaque.empty()) {
    if (parts.n == 0) parts.add(new_part(OC_PART_REASONING));
    auto* last = const_cast<oc_part*>(parts.list[parts.n - 1]);
    last->opaque = oc::str(state.opaque);
    last->opaque_origin = oc::str(state.origin);
  }
  const auto extra = dialect::members_except(call_, value, {"type", "summary", "content", "encrypted_content"});
  const auto ext =
      call_.concat({R"({"type":"reasoning")", extra.empty() ? "}" : ",", extra.empty() ? extra : extra.substr(1)});
  out.add(turn(OC_ROLE_ASSISTANT, parts, ext));
  return true;
}

bool ItemParser::reasoning_texts(oc::Json list, std::uint32_t flags, const FieldPath& at, Parts& parts) {
  if (list.absent_or_null()) return true;
  if (!list.is_array()) return refuse_(at, "An array is expected.", "invalid_type");
  for (const oc::Json inner : list) {
    oc_part* p = new_part(OC_PART_REASONING);
    p->flags = flags;
    p->text = oc::str(inner["text"].str());
    parts.add(p);
  }
  return true;
}

// Hosted tools, compaction and what is yet to come. Roles only matter to those who merge turns.
void ItemParser::opaque(oc::Json value, TurnList& out) {
  const auto type = value["type"].str(), role = value["role"].str();
  const auto ends = [&](std::string_view ending) {
    return type.size() > ending.size() && type.substr(type.size() - ending.size()) == ending;
  };
  std::uint32_t who = role_of(role);
  if (who == 0) who = ends("_output") || ends("_response") ? OC_ROLE_USER : OC_ROLE_ASSISTANT;
  oc_part* p = new_part(OC_PART_OPAQUE);
  p->ext_json = oc::str(value.raw());
  Parts parts{call_.array<const oc_part*>(1)};
  parts.add(p);
  out.add(turn(who, parts, R"({"type":"item"})"));
}

}  // namespace onechat::openai_responses
