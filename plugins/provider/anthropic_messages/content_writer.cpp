#include "content_writer.hpp"

#include "anthropic_messages/thinking_state.hpp"
#include "common/base64.hpp"
#include "common/ids.hpp"
#include "common/members.hpp"
#include "common/tools.hpp"
#include "tool_names.hpp"

namespace onechat::anthropic_messages {
namespace {

constexpr std::string_view kPdf = "application/pdf";
constexpr std::string_view kPdfBase64 = "JVBERi";  // "%PDF-"

bool starts(std::string_view text, std::string_view with) { return text.substr(0, with.size()) == with; }

bool is_http(std::string_view uri) { return starts(uri, "http://") || starts(uri, "https://"); }

bool is_words(std::string_view media_type) {
  return starts(media_type, "text/") || media_type == "application/json" || media_type == "application/xml" ||
         media_type == "application/x-yaml" || media_type == "application/javascript";
}

std::string_view media_type_of(const oc_part& p) {
  const auto told = oc::view(p.media_type), name = oc::view(p.name);
  if (!told.empty()) return told.substr(0, told.find(';'));
  if (starts(oc::view(p.data_base64), kPdfBase64)) return kPdf;
  const auto dot = name.rfind('.');
  const auto ending = dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
  if (ending == "pdf") return kPdf;
  if (ending == "txt" || ending == "md" || ending == "csv" || ending == "json" || ending == "html" || ending == "xml")
    return "text/plain";
  return p.data_base64.len == 0 ? kPdf : std::string_view();
}

}  // namespace

void write_cache_control(const oc::Call& call, oc::Writer& out, std::string_view ext_json) {
  if (ext_json.find("cache_control") == std::string_view::npos) return;
  if (const oc::Json mark = call.parse(ext_json)["cache_control"]; mark.is_object()) out.key("cache_control").raw(mark.raw());
}

bool ContentWriter::block(const oc_part& p) {
  switch (p.type) {
    case OC_PART_TEXT:
    case OC_PART_REFUSAL: return text(p);
    case OC_PART_IMAGE: return image(p);
    case OC_PART_FILE: return file(p);
    case OC_PART_AUDIO: return refuse("Audio input is not supported by the model's provider.");
    case OC_PART_TOOL_CALL: tool_call(p); return true;
    case OC_PART_TOOL_RESULT: return tool_result(p);
    case OC_PART_REASONING: thinking(p); return true;
    default:
      if (own_ && p.ext_json.len != 0)
        out_.raw(oc::view(p.ext_json));
      else
        drops_.add("messages[].content");
      return true;
  }
}

// A text whose extras have a type of their own is a block of another kind, told verbatim.
bool ContentWriter::text(const oc_part& p) {
  if (own_ && p.ext_json.len != 0 && call_.parse(oc::view(p.ext_json))["type"]) {
    out_.raw(oc::view(p.ext_json));
    return true;
  }
  out_.object().member("type", "text").member("text", oc::view(p.text));
  extras(p);
  out_.close();
  return true;
}

bool ContentWriter::image(const oc_part& p) {
  out_.object().member("type", "image").key("source").object();
  if (p.data_base64.len != 0)
    base64_source(p.media_type.len != 0 ? oc::view(p.media_type) : std::string_view("image/png"), p.data_base64);
  else if (!uri_source(p))
    return false;
  out_.close();
  extras(p);
  out_.close();
  return true;
}

bool ContentWriter::file(const oc_part& p) {
  const auto media_type = media_type_of(p);
  if (starts(media_type, "image/") && p.data_base64.len != 0) return image(p);
  if (p.data_base64.len != 0 && media_type != kPdf && !is_words(media_type))
    return refuse("Files of this type are not supported by the model's provider; PDF and text are.");
  return document(p, media_type);
}

bool ContentWriter::document(const oc_part& p, std::string_view media_type) {
  out_.object().member("type", "document").key("source").object();
  if (p.data_base64.len == 0) {
    if (!uri_source(p)) return false;
  } else if (media_type == kPdf) {
    base64_source(kPdf, p.data_base64);
  } else {
    const auto words = dialect::base64_decode(call_, oc::view(p.data_base64));
    if (!words) return refuse("The data of a file is not base64.");
    out_.member("type", "text").member("media_type", "text/plain").member("data", *words);
  }
  out_.close();
  if (p.name.len != 0) out_.member("title", oc::view(p.name));
  extras(p);
  out_.close();
  return true;
}

void ContentWriter::base64_source(std::string_view media_type, oc_str data) {
  out_.member("type", "base64").member("media_type", media_type).member("data", oc::view(data));
}

// The members of a source that is not in the request itself.
bool ContentWriter::uri_source(const oc_part& p) {
  const auto uri = oc::view(p.uri);
  if ((p.flags & OC_PARTF_FILE_ID) != 0) {
    if (!own_) return refuse("A file kept by another provider cannot be read by the model's provider. Send its content instead.");
    out_.member("type", "file").member("file_id", uri);
    return true;
  }
  if (!is_http(uri)) return refuse("The model's provider takes files as data or from http(s) addresses only.");
  out_.member("type", "url").member("url", uri);
  return true;
}

void ContentWriter::tool_call(const oc_part& p) {
  const auto id = oc::view(p.tool_id), name = oc::view(p.tool_name);
  out_.object().member("type", "tool_use").member("id", own_ ? id : dialect::portable_tool_id(call_, id));
  out_.member("name", own_ ? name : portable_tool_name(call_, name));
  out_.key("input").raw(dialect::arguments_object(call_, p));
  extras(p);
  out_.close();
}

bool ContentWriter::tool_result(const oc_part& p) {
  const auto id = oc::view(p.tool_id);
  out_.object().member("type", "tool_result").member("tool_use_id", own_ ? id : dialect::portable_tool_id(call_, id));
  if (p.n_parts != 0) {
    out_.key("content").array();
    if (p.text.len != 0) out_.object().member("type", "text").member("text", oc::view(p.text)).close();
    for (std::uint64_t i = 0; i < p.n_parts; ++i) {
      const oc_part& inner = *p.parts[i];
      if (inner.type == OC_PART_TEXT && inner.text.len == 0) continue;
      if (!block(inner)) return false;
    }
    out_.close();
  } else if (p.text.len != 0) {
    out_.member("content", oc::view(p.text));
  }
  if ((p.flags & OC_PARTF_ERROR) != 0) out_.key("is_error").boolean(true);
  extras(p);
  out_.close();
  return true;
}

// Only state that belongs to the model comes here (conversation.hpp), and it goes back as it came.
void ContentWriter::thinking(const oc_part& p) {
  if (const auto data = redacted_data(oc::view(p.opaque))) {
    out_.object().member("type", "redacted_thinking").member("data", *data);
  } else {
    out_.object().member("type", "thinking").member("thinking", oc::view(p.text)).member("signature", oc::view(p.opaque));
  }
  extras(p);
  out_.close();
}

void ContentWriter::extras(const oc_part& p) {
  if (p.ext_json.len == 0) return;
  if (own_)
    dialect::write_members(call_, out_, oc::view(p.ext_json));
  else
    write_cache_control(call_, out_, oc::view(p.ext_json));
}

bool ContentWriter::refuse(std::string_view message) {
  failed_ = call_.fail(OC_E_UNSUPPORTED, message, "unsupported", "messages", 400);
  return false;
}

}  // namespace onechat::anthropic_messages
