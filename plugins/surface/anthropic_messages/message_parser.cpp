#include "message_parser.hpp"

#include "anthropic_messages/thinking_state.hpp"
#include "anthropic_messages/version.hpp"
#include "common/base64.hpp"
#include "common/members.hpp"

namespace onechat::anthropic_messages {
namespace {

using dialect::members_except;

constexpr std::string_view kRequired = "Field required";
constexpr std::string_view kWantString = "Input should be a valid string";
constexpr std::string_view kWantObject = "Input should be a valid dictionary";
constexpr std::string_view kWantList = "Input should be a valid list";

std::uint32_t role_of(std::string_view name) {
  if (name == "user") return OC_ROLE_USER;
  if (name == "assistant") return OC_ROLE_ASSISTANT;
  return name == "system" ? std::uint32_t(OC_ROLE_SYSTEM) : 0;
}

// The texts of a search result or of a document made of blocks.
std::uint64_t text_bytes(oc::Json content) {
  if (content.is_string()) return content.str().size();
  std::uint64_t n = 0;
  for (const oc::Json block : content) n += block["text"].str().size() + 1;
  return n;
}

}  // namespace

const oc_turn* MessageParser::turn(oc::Json message, const Path& at) {
  if (!message.is_object()) return refuse(at, kWantObject), nullptr;
  const oc::Json role = message["role"];
  if (!role) return refuse(at.member("role"), kRequired), nullptr;
  const std::uint32_t known = role_of(role.str());
  if (known == 0) return refuse(at.member("role"), "Input should be 'user', 'assistant' or 'system'"), nullptr;
  const oc::Json body = message["content"];
  if (body.absent_or_null()) return refuse(at.member("content"), kRequired), nullptr;
  auto* turn = call_.make_sized<oc_turn>();
  turn->role = known;
  Parts parts{call_.array<oc_part*>(body.size() + 1)};
  if (!content(body, at.member("content"), known, parts)) return nullptr;
  turn->parts = parts.list;
  turn->n_parts = parts.n;
  turn->ext_json = oc::str(members_except(call_, message, {"role", "content"}));
  return turn;
}

const oc_turn* MessageParser::system(oc::Json value, const Path& at) {
  auto* turn = call_.make_sized<oc_turn>();
  turn->role = OC_ROLE_SYSTEM;
  Parts parts{call_.array<oc_part*>(value.size() + 1)};
  if (!content(value, at, OC_ROLE_SYSTEM, parts)) return nullptr;
  turn->parts = parts.list;
  turn->n_parts = parts.n;
  return turn;
}

bool MessageParser::content(oc::Json value, const Path& at, std::uint32_t role, Parts& parts) {
  if (value.is_string()) {
    add(parts, OC_PART_TEXT)->text = oc::str(value.str());
    return true;
  }
  if (!value.is_array()) return refuse(at, kWantList);
  std::uint64_t i = 0;
  for (const oc::Json item : value)
    if (!block(item, at.element(i++), role, parts)) return false;
  return true;
}

bool MessageParser::block(oc::Json value, const Path& at, std::uint32_t role, Parts& parts) {
  if (!value.is_object()) return refuse(at, kWantObject);
  const oc::Json type = value["type"];
  if (!type) return refuse(at.member("type"), kRequired);
  if (!type.is_string()) return refuse(at.member("type"), kWantString);
  if (type.str() == "redacted_thinking") return redacted(value, at, parts);
  return fill(value, type.str(), at, role, *add(parts, 0));
}

bool MessageParser::fill(oc::Json value, std::string_view type, const Path& at, std::uint32_t role, oc_part& out) {
  if (type == "text") return text(value, at, role, out);
  if (type == "image") return image(value, at, out);
  if (type == "document") return document(value, at, role, out);
  if (type == "tool_use") return tool_use(value, at, out);
  if (type == "tool_result") return tool_result(value, at, out);
  if (type == "thinking") return thinking(value, at, out);
  if (type == "search_result") {
    quoted_text(value, value["content"], out);
    return true;
  }
  out.type = OC_PART_OPAQUE;
  out.ext_json = oc::str(value.raw());
  return true;
}

bool MessageParser::text(oc::Json value, const Path& at, std::uint32_t role, oc_part& out) {
  out.type = OC_PART_TEXT;
  if (!want_string(value["text"], at.member("text"), out.text)) return false;
  if (strict_2026_ && role == OC_ROLE_USER && value["citations"].size() != 0)
    return refuse(at.member("citations"), "Citations are not permitted on text of a user message");
  out.ext_json = oc::str(members_except(call_, value, {"type", "text"}));
  return true;
}

bool MessageParser::base64_source(oc::Json source, const Path& at, oc_part& out) {
  if (!want_string(source["data"], at.member("data"), out.data_base64)) return false;
  if (!want_string(source["media_type"], at.member("media_type"), out.media_type)) return false;
  return true;
}

bool MessageParser::image(oc::Json value, const Path& at, oc_part& out) {
  const oc::Json source = value["source"];
  const Path inside = at.member("source");
  if (!source.is_object()) return refuse(inside, source ? kWantObject : kRequired);
  out.type = OC_PART_IMAGE;
  const auto kind = source["type"].str();
  if (kind == "base64") {
    if (!base64_source(source, inside, out)) return false;
  } else if (kind == "url") {
    if (!want_string(source["url"], inside.member("url"), out.uri)) return false;
  } else if (kind == "file") {
    if (!want_string(source["file_id"], inside.member("file_id"), out.uri)) return false;
    out.flags |= OC_PARTF_FILE_ID;
  } else {
    out.type = OC_PART_OPAQUE;
    out.ext_json = oc::str(value.raw());
    return true;
  }
  out.ext_json = oc::str(members_except(call_, value, {"type", "source"}));
  media_.add(out);
  return true;
}

bool MessageParser::document(oc::Json value, const Path& at, std::uint32_t role, oc_part& out) {
  if (strict_2026_ && role == OC_ROLE_ASSISTANT)
    return refuse(at, "Document blocks are not permitted directly in an assistant message");
  const oc::Json source = value["source"];
  const Path inside = at.member("source");
  if (!source.is_object()) return refuse(inside, source ? kWantObject : kRequired);
  out.type = OC_PART_FILE;
  const auto kind = source["type"].str();
  if (kind == "base64") {
    if (!base64_source(source, inside, out)) return false;
  } else if (kind == "text") {
    oc_str words{};
    if (!want_string(source["data"], inside.member("data"), words)) return false;
    out.data_base64 = oc::str(dialect::base64_encode(call_, oc::view(words)));
    out.media_type = oc::str(source["media_type"].is_string() ? source["media_type"].str() : std::string_view("text/plain"));
  } else if (kind == "url") {
    if (!want_string(source["url"], inside.member("url"), out.uri)) return false;
    out.media_type = oc::str("application/pdf");
  } else if (kind == "file") {
    if (!want_string(source["file_id"], inside.member("file_id"), out.uri)) return false;
    out.flags |= OC_PARTF_FILE_ID;
  } else if (kind == "content") {
    quoted_text(value, source["content"], out);
    return true;
  } else {
    out.type = OC_PART_OPAQUE;
    out.ext_json = oc::str(value.raw());
    return true;
  }
  const oc::Json title = value["title"];
  if (title.is_string()) out.name = oc::str(title.str());
  out.ext_json = oc::str(title.is_string() ? members_except(call_, value, {"type", "source", "title"})
                                           : members_except(call_, value, {"type", "source"}));
  if (kind == "base64") media_.add(out);  // a text weighs what it is long
  return true;
}

// A block that is text to every other dialect, and itself (ext_json has its type) to ours.
void MessageParser::quoted_text(oc::Json value, oc::Json content, oc_part& out) {
  out.type = OC_PART_TEXT;
  out.ext_json = oc::str(value.raw());
  const auto title = value["title"].str(), source = value["source"].str();
  const std::uint64_t most = title.size() + source.size() + text_bytes(content) + 2;
  char* const begin = static_cast<char*>(call_.allocate(most, 1));
  char* at = begin;
  const auto line = [&at](std::string_view words) {
    if (words.empty()) return;
    std::memcpy(at, words.data(), words.size());
    at += words.size();
    *at++ = '\n';
  };
  line(title);
  line(source);
  line(content.is_string() ? content.str() : std::string_view());
  if (content.is_array())
    for (const oc::Json item : content) line(item["text"].str());
  out.text = oc::str({begin, static_cast<std::size_t>(at - begin - (at != begin ? 1 : 0))});
}

bool MessageParser::tool_use(oc::Json value, const Path& at, oc_part& out) {
  out.type = OC_PART_TOOL_CALL;
  if (!want_string(value["id"], at.member("id"), out.tool_id)) return false;
  if (!want_string(value["name"], at.member("name"), out.tool_name)) return false;
  const oc::Json input = value["input"];
  if (!input) return refuse(at.member("input"), kRequired);
  out.tool_args_json = oc::str(input.raw());
  out.ext_json = oc::str(members_except(call_, value, {"type", "id", "name", "input"}));
  return true;
}

bool MessageParser::tool_result(oc::Json value, const Path& at, oc_part& out) {
  out.type = OC_PART_TOOL_RESULT;
  if (!want_string(value["tool_use_id"], at.member("tool_use_id"), out.tool_id)) return false;
  if (value["is_error"].boolean()) out.flags |= OC_PARTF_ERROR;
  out.ext_json = oc::str(members_except(call_, value, {"type", "tool_use_id", "content", "is_error"}));
  const oc::Json body = value["content"];
  if (body.absent_or_null()) return true;
  if (body.is_string()) {
    out.text = oc::str(body.str());
    return true;
  }
  Parts inner{call_.array<oc_part*>(body.size() + 1)};
  if (!content(body, at.member("content"), OC_ROLE_TOOL, inner)) return false;
  out.parts = inner.list;
  out.n_parts = inner.n;
  return true;
}

bool MessageParser::thinking(oc::Json value, const Path& at, oc_part& out) {
  out.type = OC_PART_REASONING;
  if (!want_string(value["thinking"], at.member("thinking"), out.text)) return false;
  const oc::Json signature = value["signature"];
  oc_str slot{};
  if (!signature.absent_or_null() && !want_string(signature, at.member("signature"), slot)) return false;
  if (slot.len != 0) {
    const dialect::State state = dialect::from_slot(call_, kDialectName, oc::view(slot));
    out.opaque = oc::str(state.opaque);
    out.opaque_origin = oc::str(state.origin);
  }
  out.ext_json = oc::str(members_except(call_, value, {"type", "thinking", "signature"}));
  return true;
}

// Either Anthropic's own, or state of another dialect on its way back; the latter may belong to the block before it.
bool MessageParser::redacted(oc::Json value, const Path& at, Parts& parts) {
  oc_str data{};
  if (!want_string(value["data"], at.member("data"), data)) return false;
  const SlotState slot = from_redacted_slot(call_, oc::view(data));
  if (slot.of_previous && parts.n == 0) return true;
  oc_part& owner = slot.of_previous ? *parts.list[parts.n - 1] : *add(parts, OC_PART_REASONING);
  owner.opaque = oc::str(slot.state.opaque);
  owner.opaque_origin = oc::str(slot.state.origin);
  if (!slot.of_previous) owner.ext_json = oc::str(members_except(call_, value, {"type", "data"}));
  return true;
}

oc_part* MessageParser::add(Parts& parts, std::uint32_t type) {
  auto* part = call_.make_sized<oc_part>();
  part->type = type;
  return parts.list[parts.n++] = part;
}

bool MessageParser::refuse(const Path& at, std::string_view message) {
  const auto param = at.text(call_);
  failed_ = call_.fail(OC_E_INVALID, call_.concat({param, ": ", message}), "invalid_request_error", param, 400);
  return false;
}

bool MessageParser::want_string(oc::Json value, const Path& at, oc_str& out) {
  if (!value) return refuse(at, kRequired);
  if (!value.is_string()) return refuse(at, kWantString);
  out = oc::str(value.str());
  return true;
}

}  // namespace onechat::anthropic_messages
