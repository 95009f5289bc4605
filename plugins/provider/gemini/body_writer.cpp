#include "body_writer.hpp"

#include <algorithm>

#include "common/members.hpp"
#include "common/tools.hpp"
#include "contents_writer.hpp"
#include "gemini/names.hpp"
#include "gemini/schema.hpp"
#include "generation_config.hpp"

namespace onechat::gemini {
namespace {

// Members of other dialects that ask nothing of the model: leaving them out loses nothing.
constexpr std::string_view kHarmless[] = {
    "metadata", "store",           "stream_options", "prompt_cache_key",       "user",
    "include",  "truncation",      "background",     "prompt_cache_retention", "safety_identifier",
    "betas",    "client_metadata", "modalities",     "prompt_cache_options",   "context_management"};

constexpr std::string_view kOurs[] = {"generationConfig", "toolConfig"};  // written with what is modelled

template <std::size_t N>
bool one_of(std::string_view name, const std::string_view (&list)[N]) {
  return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

std::string_view tool_word(const oc::Call& call, const oc_tool& t) {
  const auto type = t.ext_json.len != 0 ? call.parse(oc::view(t.ext_json))["type"].str() : std::string_view();
  return call.concat({"tools[", type.empty() ? oc::view(t.name) : type, "]"});
}

std::string_view mode_of(const oc_request& r) {
  switch (r.tool_choice) {
    case OC_CHOICE_NONE: return "NONE";
    case OC_CHOICE_REQUIRED: return "ANY";
    case OC_CHOICE_AUTO: return r.n_choice_names != 0 ? "VALIDATED" : "AUTO";  // AUTO takes no list of names
    default: return {};
  }
}

}  // namespace

BodyWriter::BodyWriter(const oc::Call& call, const Settings& settings, const oc_request& request, oc::Writer out)
    : call_(call),
      settings_(settings),
      request_(request),
      out_(out),
      same_dialect_(oc::view(request.dialect) == "gemini") {
  if (request.ext_json.len != 0) ext_ = call.parse(oc::view(request.ext_json));
}

oc_status BodyWriter::generate() {
  out_.object();
  const oc_status s = body();
  out_.close();
  return s;
}

// Only contents are counted by themselves; the rest is wrapped into a whole request, except by Vertex.
oc_status BodyWriter::count_tokens() {
  out_.object();
  if (!settings_.vertex) {
    out_.key("generateContentRequest").object();
    out_.member("model", call_.concat({"models/", bare_model(oc::view(request_.model))}));
  }
  const oc_status s = body();
  if (!settings_.vertex) out_.close();
  out_.close();
  return s;
}

oc_status BodyWriter::body() {
  if (const oc_status s = ContentsWriter(call_, settings_, request_, out_).write(); s < 0) return s;
  if (const oc_status s = tools(); s < 0) return s;
  tool_config();
  if (const oc_status s = write_generation_config(call_, settings_, request_, out_); s < 0) return s;
  if (const oc_status s = service_tier(); s < 0) return s;
  return leftovers();
}

oc_status BodyWriter::tools() {
  if (request_.n_tools == 0) return OC_OK;
  bool listed = false, functions = false;
  const auto list = [&] {
    if (!listed) out_.key("tools").array();
    listed = true;
  };
  for (std::uint64_t i = 0; i < request_.n_tools; ++i) {
    const oc_tool& t = *request_.tools[i];
    const bool builtin = (t.flags & OC_TOOLF_BUILTIN) != 0;
    if (builtin && !same_dialect_) {
      if (const oc_status s = call_.dropped(tool_word(call_, t)); s < 0) return s;
      continue;
    }
    list();
    if (functions && builtin) out_.close().close();
    if (!functions && !builtin) out_.object().key("functionDeclarations").array();
    functions = !builtin;
    builtin ? void(out_.raw(oc::view(t.ext_json))) : function(t);
  }
  if (functions) out_.close().close();
  if (listed) out_.close();
  return OC_OK;
}

void BodyWriter::function(const oc_tool& t) {
  const oc::Json ext = same_dialect_ && t.ext_json.len != 0 ? call_.parse(oc::view(t.ext_json)) : oc::Json();
  const bool custom = (t.flags & OC_TOOLF_CUSTOM) != 0;
  const auto schema = custom ? dialect::custom_tool_schema() : oc::view(t.schema_json);
  out_.object().member("name", oc::view(t.name));
  if (t.description.len != 0 || same_dialect_) out_.member("description", oc::view(t.description));
  if (ext["parameters"].is_object() || schema.empty()) {
    // as the client spelled it, among the rest
  } else if (settings_.json_schema) {
    out_.key("parametersJsonSchema").raw(schema);
  } else if (const oc::Json parsed = call_.parse(schema); parsed["properties"].size() != 0) {
    out_.key("parameters").raw(subset_of(call_, parsed));  // the subset has no object without members
  }
  if (ext.is_object())
    for (const oc::Json m : ext) out_.key(m.key()).raw(m.raw());
  out_.close();
}

void BodyWriter::tool_config() {
  const oc::Json kept = same_dialect_ ? member(ext_, "toolConfig") : oc::Json();
  const oc::Json calling = kept["functionCallingConfig"];
  const auto mode = mode_of(request_);
  const bool chooses = !mode.empty() && (same_dialect_ || request_.n_tools != 0);
  if (!chooses && !kept.is_object()) return;
  out_.key("toolConfig").object();
  if (chooses || calling.is_object()) {
    out_.key("functionCallingConfig").object();
    if (!mode.empty() && !calling["mode"]) out_.member("mode", mode);
    if (request_.n_choice_names != 0) {
      out_.key("allowedFunctionNames").array();
      for (std::uint64_t i = 0; i < request_.n_choice_names; ++i) out_.str(oc::view(request_.choice_names[i]));
      out_.close();
    }
    if (calling.is_object())
      for (const oc::Json m : calling) out_.key(m.key()).raw(m.raw());
    out_.close();
  }
  if (kept.is_object())
    for (const oc::Json m : kept)
      if (m.key() != "functionCallingConfig") out_.key(m.key()).raw(m.raw());
  out_.close();
}

oc_status BodyWriter::service_tier() {
  const auto tier = oc::view(request_.service_tier);
  if (tier.empty() || tier == "auto") return OC_OK;
  if (same_dialect_ || tier == "flex" || tier == "priority" || tier == "standard")
    return out_.member("serviceTier", tier), OC_OK;
  if (tier == "default" || tier == "standard_only") return out_.member("serviceTier", "standard"), OC_OK;
  return call_.dropped("service_tier");
}

oc_status BodyWriter::leftovers() {
  if (!same_dialect_ && request_.verbosity.len != 0)
    if (const oc_status s = call_.dropped("verbosity"); s < 0) return s;
  if (!ext_.is_object()) return OC_OK;
  for (const oc::Json m : ext_) {
    if (same_dialect_) {
      if (!one_of(m.key(), kOurs)) out_.key(m.key()).raw(m.raw());
      continue;
    }
    if (m.absent_or_null() || one_of(m.key(), kHarmless)) continue;
    if (const oc_status s = call_.dropped(m.key()); s < 0) return s;
  }
  return OC_OK;
}

oc_status BodyWriter::embed() {
  if (request_.n_inputs == 0)
    return call_.fail(OC_E_UNSUPPORTED, "The model's provider embeds texts only.", "unsupported", "input", 400);
  if (settings_.vertex && request_.n_inputs > 1)
    return call_.fail(OC_E_UNSUPPORTED, "The model's provider embeds one text a request.", "unsupported", "input", 400);
  out_.object();
  if (settings_.vertex) {
    embed_one(request_.inputs[0], ext_);
    out_.close();
    return OC_OK;
  }
  out_.key("requests").array();
  for (std::uint64_t i = 0; i < request_.n_inputs; ++i) {
    out_.object().member("model", call_.concat({"models/", bare_model(oc::view(request_.model))}));
    embed_one(request_.inputs[i], ext_);
    out_.close();
  }
  out_.close().close();
  return OC_OK;
}

void BodyWriter::embed_one(oc_str text, oc::Json ext) {
  out_.key("content").object().key("parts").array().object().member("text", oc::view(text)).close().close().close();
  if (same_dialect_) {
    for (const oc::Json m : ext)
      if (m.key() != "dimensions") out_.key(m.key()).raw(m.raw());
  } else if (const oc::Json size = ext["dimensions"]; size.is_number()) {
    out_.key("outputDimensionality").raw(size.raw());
  }
}

}  // namespace onechat::gemini
