#include "content_parser.hpp"

#include <algorithm>

#include "common/members.hpp"
#include "common/state_token.hpp"
#include "gemini/names.hpp"
#include "gemini/tool_ids.hpp"

namespace onechat::gemini {
namespace {

constexpr std::string_view kDialect = "gemini";

std::uint32_t role_of(oc::Json content) {
  const auto word = content["role"].str();
  if (word.empty() || word == "user") return OC_ROLE_USER;
  if (word == "model" || word == "assistant") return OC_ROLE_ASSISTANT;
  if (word == "function" || word == "tool") return OC_ROLE_TOOL;
  return word == "system" ? std::uint32_t(OC_ROLE_SYSTEM) : 0;
}

bool starts(std::string_view text, std::string_view with) { return text.substr(0, with.size()) == with; }

std::uint32_t media_type(std::string_view mime) {
  if (starts(mime, "image/")) return OC_PART_IMAGE;
  return starts(mime, "audio/") ? OC_PART_AUDIO : OC_PART_FILE;
}

// Kept by Google for this client: means nothing to anyone else.
bool is_own_file(std::string_view uri) {
  return starts(uri, "https://generativelanguage.googleapis.com/") || starts(uri, "files/") || starts(uri, "gs://");
}

}  // namespace

const oc_turn* ContentParser::content(oc::Json value, const dialect::FieldPath& at) {
  if (value.is_string()) return turn(OC_ROLE_USER, {}, value, at);
  if (!value.is_object()) return refuse(at, "a content must be an object"), nullptr;
  const std::uint32_t role = role_of(value);
  if (role == 0) return refuse(at.member("role"), "please use a valid role: user, model"), nullptr;
  const oc::Json parts = value["parts"];
  // A part in the place of a content: {"text":".."} for {"parts":[{"text":".."}]}.
  return turn(role, value, !parts && value["text"] ? value : parts, at);
}

const oc_turn* ContentParser::system(oc::Json value, const dialect::FieldPath& at) {
  if (value.is_object() && value["parts"]) return turn(OC_ROLE_SYSTEM, value, value["parts"], at);
  return turn(OC_ROLE_SYSTEM, {}, value, at);
}

const oc_turn* ContentParser::turn(std::uint32_t role, oc::Json content, oc::Json parts, const dialect::FieldPath& at) {
  auto* t = call_.make_sized<oc_turn>();
  t->role = role;
  const bool list = parts.is_array();
  const oc_part** out = call_.array<const oc_part*>(list ? parts.size() : 1);
  const auto where = at.member("parts");
  if (list) {
    for (const oc::Json p : parts) {
      out[t->n_parts] = part(p, role, where.element(t->n_parts));
      if (out[t->n_parts++] == nullptr) return nullptr;
    }
  } else if (!parts.absent_or_null()) {
    out[0] = part(parts, role, where);
    if (out[t->n_parts++] == nullptr) return nullptr;
  }
  t->parts = out;
  const bool wrapped = parts.raw() != content.raw();
  if (wrapped && role == OC_ROLE_SYSTEM)  // what role it gives itself means nothing, but stays
    t->ext_json = oc::str(extra_members(call_, content, {"parts"}));
  else if (wrapped)
    t->ext_json = oc::str(extra_members(call_, content, {"role", "parts"}));
  user_spoke_ = user_spoke_ || (role != OC_ROLE_ASSISTANT && t->n_parts != 0);
  return t;
}

const oc_part* ContentParser::part(oc::Json value, std::uint32_t role, const dialect::FieldPath& at) {
  auto* p = call_.make_sized<oc_part>();
  if (value.is_string()) {
    p->type = OC_PART_TEXT;
    p->text = oc::str(value.str());
    return p;
  }
  if (!value.is_object()) return refuse(at, "a part must be an object"), nullptr;
  const auto slot = member(value, "thoughtSignature").str();
  if (!slot.empty()) {
    const dialect::State state = dialect::from_slot(call_, kDialect, slot);
    p->opaque = oc::str(state.opaque);
    p->opaque_origin = oc::str(state.origin);
  }
  return fill(value, role, at, *p) ? p : nullptr;
}

bool ContentParser::fill(oc::Json value, std::uint32_t role, const dialect::FieldPath& at, oc_part& out) {
  if (const oc::Json v = member(value, "functionCall"); v.is_object()) return function_call(value, v, at, out);
  if (const oc::Json v = member(value, "functionResponse"); v.is_object()) return function_response(value, v, at, out);
  if (const oc::Json v = member(value, "inlineData"); v.is_object()) return blob(value, v, at, out);
  if (const oc::Json v = member(value, "fileData"); v.is_object()) return file(value, v, at, out);
  const oc::Json text = value["text"];
  const auto beside = extra_members(call_, value, {"text", "thought", "thoughtSignature", "partMetadata"});
  if (!beside.empty() && !text) {  // executableCode, toolCall and what else there will be
    out.type = OC_PART_OPAQUE;
    out.opaque = out.opaque_origin = {};
    out.ext_json = oc::str(value.raw());
    return true;
  }
  out.type = value["thought"].boolean() && role == OC_ROLE_ASSISTANT ? OC_PART_REASONING : OC_PART_TEXT;
  out.ext_json = oc::str(extra_members(call_, value, {"text", "thought", "thoughtSignature"}));
  return text.absent_or_null() || want_string(text, at.member("text"), out.text);
}

bool ContentParser::blob(oc::Json part, oc::Json inner, const dialect::FieldPath& at, oc_part& out) {
  const auto inside = at.member("inlineData");
  if (!want_string(member(inner, "mimeType"), inside.member("mimeType"), out.media_type)) return false;
  if (!want_string(inner["data"], inside.member("data"), out.data_base64)) return false;
  out.type = media_type(oc::view(out.media_type));
  out.name = oc::str(member(inner, "displayName").str());
  out.ext_json = extras(part, "inlineData", {"mimeType", "data", "displayName"});
  media_.add(out);
  return true;
}

bool ContentParser::file(oc::Json part, oc::Json inner, const dialect::FieldPath& at, oc_part& out) {
  if (!want_string(member(inner, "fileUri"), at.member("fileData").member("fileUri"), out.uri)) return false;
  out.media_type = oc::str(member(inner, "mimeType").str());
  out.type = media_type(oc::view(out.media_type));
  if (is_own_file(oc::view(out.uri))) out.flags |= OC_PARTF_FILE_ID;
  out.name = oc::str(member(inner, "displayName").str());
  out.ext_json = extras(part, "fileData", {"mimeType", "fileUri", "displayName"});
  media_.add(out);
  return true;
}

bool ContentParser::function_call(oc::Json part, oc::Json inner, const dialect::FieldPath& at, oc_part& out) {
  const auto inside = at.member("functionCall");
  out.type = OC_PART_TOOL_CALL;
  if (!want_string(inner["name"], inside.member("name"), out.tool_name)) return false;
  const oc::Json args = inner["args"];
  if (!args.absent_or_null() && !args.is_object()) return refuse(inside.member("args"), "an object is expected");
  out.tool_args_json = oc::str(args.is_object() ? args.raw() : std::string_view("{}"));
  const auto name = oc::view(out.tool_name), given = inner["id"].str();
  out.tool_id = oc::str(given.empty() ? id_in_history(call_, name, ordinal_) : given);
  ++ordinal_;
  if (user_spoke_) calls_.clear();
  user_spoke_ = false;
  calls_.push_back({name, oc::view(out.tool_id), false});
  out.ext_json = extras(part, "functionCall", {"id", "name", "args"});
  return true;
}

bool ContentParser::function_response(oc::Json part, oc::Json inner, const dialect::FieldPath& at, oc_part& out) {
  const auto inside = at.member("functionResponse");
  out.type = OC_PART_TOOL_RESULT;
  if (!want_string(inner["name"], inside.member("name"), out.tool_name)) return false;
  const oc::Json response = inner["response"];
  if (!response.absent_or_null() && !response.is_object())
    return refuse(inside.member("response"), "an object is expected");
  response_text(response, out);
  out.tool_id = oc::str(id_of_result(oc::view(out.tool_name), inner["id"].str()));
  out.ext_json = extras(part, "functionResponse", {"id", "name", "response", "parts"});
  return response_media(inner["parts"], inside.member("parts"), out);
}

// {"result":"words"} and {"error":"words"} are words; any other object is its JSON. provider.gemini does the reverse.
void ContentParser::response_text(oc::Json response, oc_part& out) {
  if (!response.is_object()) return;
  const oc::Json only = response.size() == 1 ? response.first() : oc::Json();
  const bool failed = !response["error"].absent_or_null();
  const bool words =
      only.is_string() && (only.key() == "result" || only.key() == "error") && !call_.parse(only.str()).is_object();
  if (failed) out.flags |= OC_PARTF_ERROR;
  out.text = oc::str(words ? only.str() : response.raw());
}

bool ContentParser::response_media(oc::Json parts, const dialect::FieldPath& at, oc_part& out) {
  if (!parts.is_array() || parts.size() == 0) return true;
  const oc_part** list = call_.array<const oc_part*>(parts.size() + 1);
  auto* text = call_.make_sized<oc_part>();
  text->type = OC_PART_TEXT;
  text->text = out.text;
  list[out.n_parts++] = text;
  std::uint64_t i = 0;
  for (const oc::Json p : parts) {
    list[out.n_parts] = part(p, OC_ROLE_TOOL, at.element(i++));
    if (list[out.n_parts++] == nullptr) return false;
  }
  out.parts = list;
  out.text = {};
  return true;
}

// By id, else the first open call of that name.
std::string_view ContentParser::id_of_result(std::string_view name, std::string_view given) {
  for (Pending& c : calls_) {
    if (c.answered || (given.empty() ? c.name != name : c.id != given)) continue;
    c.answered = true;
    return c.id;
  }
  return given.empty() ? id_in_history(call_, name, ordinal_++) : given;
}

// Members beside the inner object, and what that object has beyond `modelled` under its own name.
oc_str ContentParser::extras(oc::Json part, std::string_view inner, std::initializer_list<std::string_view> modelled) {
  const auto beside = extra_members(call_, part, {inner, "thoughtSignature"});
  const auto inside = extra_members(call_, member(part, inner), modelled);
  if (inside.empty()) return oc::str(beside);
  const auto nested = dialect::object_of(call_, inner, inside);
  if (beside.empty()) return oc::str(nested);
  return oc::str(call_.concat({beside.substr(0, beside.size() - 1), ",", nested.substr(1)}));
}

bool ContentParser::text_of(oc::Json content, const dialect::FieldPath& at, oc_str& out, bool& only_text) {
  const oc_turn* t = this->content(content, at);
  if (t == nullptr) return false;
  std::string_view all;
  for (std::uint64_t i = 0; i < t->n_parts; ++i) {
    only_text = only_text && t->parts[i]->type == OC_PART_TEXT;
    all = all.empty() ? oc::view(t->parts[i]->text) : call_.concat({all, "\n", oc::view(t->parts[i]->text)});
  }
  out = oc::str(all);
  return true;
}

bool ContentParser::refuse(const dialect::FieldPath& at, std::string_view message) {
  const auto param = at.text(call_);
  failed_ = call_.fail(OC_E_INVALID, call_.concat({"Invalid value at '", param, "': ", message, "."}), {}, param, 400);
  return false;
}

bool ContentParser::want_string(oc::Json value, const dialect::FieldPath& at, oc_str& out) {
  if (!value.is_string()) return refuse(at, "a string is expected");
  out = oc::str(value.str());
  return true;
}

}  // namespace onechat::gemini
