#include "body_writer.hpp"

#include <algorithm>

#include "common/members.hpp"
#include "common/tools.hpp"
#include "message_writer.hpp"
#include "part_name.hpp"
#include "reasoning_wish.hpp"

namespace onechat::openai_chat {
namespace {

constexpr std::string_view kEmptySchema = R"({"type":"object","properties":{}})";
constexpr std::uint64_t kStopsMax = 4;
// What the Responses API says in the same words.
constexpr std::string_view kSharedWithResponses[] = {"prompt_cache_key", "prompt_cache_retention", "prompt_cache_options"};

}  // namespace

BodyWriter::BodyWriter(const oc::Call& call, const Settings& settings, const oc_request& request, oc::Writer out)
    : call_(call), settings_(settings), request_(request), out_(out), losses_(call),
      own_(oc::view(request.dialect) == "openai_chat") {}

oc_status BodyWriter::write_chat() {
  out_.object().member("model", oc::view(request_.model));
  out_.key("messages").array();
  MessageWriter(call_, settings_, request_, losses_, out_).write();
  out_.close();
  stream();
  limits();
  sampling();
  stop();
  options();
  reasoning();
  tools();
  tool_choice();
  response_format();
  unmodelled();
  out_.close();
  return losses_.status();
}

oc_status BodyWriter::write_embeddings() {
  out_.object().member("model", oc::view(request_.model));
  if (!own_ || !verbatim("input")) {  // it may be lists of token numbers, which nobody models
    out_.key("input").array();
    for (std::uint64_t i = 0; i < request_.n_inputs; ++i) out_.str(oc::view(request_.inputs[i]));
    out_.close();
  }
  if (request_.user.len != 0) out_.member("user", oc::view(request_.user));
  if (own_) {
    dialect::write_members(call_, out_, oc::view(request_.ext_json));
  } else if (request_.ext_json.len != 0) {
    for (const oc::Json m : call_.parse(oc::view(request_.ext_json)))
      m.key() == "dimensions" ? void(out_.key(m.key()).raw(m.raw())) : m.key() == "encoding_format" ? void() : losses_.note(m.key());
  }
  out_.close();
  return losses_.status();
}

void BodyWriter::stream() {
  if ((request_.flags & OC_REQ_STREAM) == 0) return;
  out_.key("stream").boolean(true);
  const oc_anchor* said = own_ ? anchor("stream_options") : nullptr;
  const oc::Json options = said != nullptr ? call_.parse(oc::view(request_.raw).substr(said->offset, said->length)) : oc::Json();
  const bool usage = settings_.stream_usage || (request_.flags & OC_REQ_STREAM_USAGE) != 0;
  if (!usage && !options.is_object()) return;
  out_.key("stream_options").object();
  if (usage) out_.key("include_usage").boolean(true);
  for (const oc::Json m : options)
    if (m.key() != "include_usage" || !usage) out_.key(m.key()).raw(m.raw());
  out_.close();
}

void BodyWriter::limits() {
  if (is_set(OC_SET_MAX_TOKENS)) {
    const auto most = static_cast<std::int64_t>(request_.max_output_tokens);
    const bool old = own_ && anchor("max_tokens") != nullptr, recent = own_ && anchor("max_completion_tokens") != nullptr;
    if (old && recent) {
      verbatim("max_tokens");
      verbatim("max_completion_tokens");
    } else {
      out_.member(old ? std::string_view("max_tokens") : recent ? std::string_view("max_completion_tokens") : settings_.max_tokens_field,
                  most);
    }
  }
  if (is_set(OC_SET_N) && (own_ || (request_.n > 1 && may(kTakesN, "n")))) out_.member("n", request_.n);
}

void BodyWriter::sampling() {
  const oc_request& r = request_;
  const auto number = [&](std::uint64_t bit, Takes what, std::string_view name, double v) {
    if (is_set(bit) && may(what, name)) out_.key(name).number(v);
  };
  number(OC_SET_TEMPERATURE, kTakesTemperature, "temperature", r.temperature);
  number(OC_SET_TOP_P, kTakesTopP, "top_p", r.top_p);
  number(OC_SET_PRESENCE_PENALTY, kTakesPenalties, "presence_penalty", r.presence_penalty);
  number(OC_SET_FREQUENCY_PENALTY, kTakesPenalties, "frequency_penalty", r.frequency_penalty);
  if (is_set(OC_SET_TOP_K) && may(kTakesTopK, "top_k")) out_.member("top_k", r.top_k);
  if (is_set(OC_SET_SEED) && may(kTakesSeed, "seed")) out_.member("seed", r.seed);
  if (is_set(OC_SET_LOGPROBS) && may(kTakesLogprobs, "logprobs")) {
    out_.key("logprobs").boolean(true);
    if (r.top_logprobs > 0) out_.member("top_logprobs", r.top_logprobs);
  }
}

void BodyWriter::stop() {
  if (request_.n_stop == 0 || !may(kTakesStop, "stop")) return;
  const std::uint64_t n = own_ ? request_.n_stop : std::min(request_.n_stop, kStopsMax);
  if (n < request_.n_stop) losses_.note("stop[4]");
  out_.key("stop").array();
  for (std::uint64_t i = 0; i < n; ++i) out_.str(oc::view(request_.stop[i]));
  out_.close();
}

void BodyWriter::options() {
  const oc_request& r = request_;
  const auto tier = oc::view(r.service_tier);
  if (own_) {
    if (!tier.empty()) out_.member("service_tier", tier);
    if (r.verbosity.len != 0) out_.member("verbosity", oc::view(r.verbosity));
    for (const std::string_view name : {"store", "safety_identifier"}) verbatim(name);
    if (!verbatim("user") && r.user.len != 0 && anchor("safety_identifier") == nullptr) out_.member("user", oc::view(r.user));
    if (!verbatim("parallel_tool_calls") && (r.flags & OC_REQ_SERIAL_TOOLS) != 0) out_.key("parallel_tool_calls").boolean(false);
    return;
  }
  if (!tier.empty() && may(kTakesServiceTier, "service_tier"))
    out_.member("service_tier", tier == "standard" || tier == "standard_only" ? std::string_view("default") : tier);
  if (r.verbosity.len != 0 && may(kTakesVerbosity, "verbosity")) out_.member("verbosity", oc::view(r.verbosity));
  if (r.user.len != 0 && may(kTakesUser, "user")) out_.member("user", oc::view(r.user));
  if ((r.flags & OC_REQ_SERIAL_TOOLS) != 0 && r.n_tools != 0 && may(kTakesParallelToolCalls, "parallel_tool_calls"))
    out_.key("parallel_tool_calls").boolean(false);
}

void BodyWriter::reasoning() {
  if (!own_) return write_reasoning_wish(settings_, request_, losses_, out_);
  bool said = false;
  for (const std::string_view name : {"reasoning", "include_reasoning", "thinking", "enable_thinking", "thinking_budget"})
    said = verbatim(name) || said;
  const bool word_said = anchor("reasoning_effort") != nullptr;
  if (request_.reasoning_effort.len != 0 && (word_said || !said))
    out_.member("reasoning_effort", oc::view(request_.reasoning_effort));
}

void BodyWriter::tools() {
  const bool legacy = own_ && anchor("functions") != nullptr;
  bool open = false;
  for (std::uint64_t i = 0; i < request_.n_tools; ++i) {
    const oc_tool& t = *request_.tools[i];
    if (!legacy) {
      open = tool(t, open);
      continue;
    }
    if (!open) out_.key("functions").array();
    open = true;
    out_.object();
    function(t);
    dialect::write_members(call_, out_, oc::view(t.ext_json));
    out_.close();
  }
  if (open) out_.close();
}

// Opens the list at the first tool that is written.
bool BodyWriter::tool(const oc_tool& t, bool open) {
  const bool builtin = (t.flags & OC_TOOLF_BUILTIN) != 0;
  if (builtin && !own_) {
    losses_.note(tool_label(call_, t));
    return open;
  }
  if (only_chosen() && !is_chosen(t)) return open;
  if (!open) out_.key("tools").array();
  if (builtin) {
    out_.raw(oc::view(t.ext_json));
    return true;
  }
  const oc::Json extras = t.ext_json.len != 0 ? call_.parse(oc::view(t.ext_json)) : oc::Json();
  const bool custom = (t.flags & OC_TOOLF_CUSTOM) != 0 && (own_ || settings_.takes(kTakesCustomTools));
  const std::string_view kind = custom ? "custom" : "function";
  out_.object().member("type", kind).key(kind).object();
  if (custom) {
    out_.member("name", oc::view(t.name));
    if (t.description.len != 0) out_.member("description", oc::view(t.description));
    // Both of OpenAI's dialects tell the grammar of the text in the same words.
    if (const oc::Json format = extras["format"]; format && !own_ && oc::view(request_.dialect) == "openai_responses")
      out_.key("format").raw(format.raw());
    if (own_) dialect::write_members(call_, out_, oc::view(t.ext_json));
    out_.close().close();
    return true;
  }
  function(t);
  if (own_) dialect::write_members(call_, out_, extras["function"].raw());
  out_.close();
  for (const oc::Json m : extras) {
    const bool mark = m.key() == "cache_control";
    if (mark && !own_ && !settings_.cache_control) losses_.note("tools[].cache_control");
    if (own_ ? m.key() != "function" : mark && settings_.cache_control) out_.key(m.key()).raw(m.raw());
  }
  out_.close();
  return true;
}

void BodyWriter::function(const oc_tool& t) {
  out_.member("name", oc::view(t.name));
  if (t.description.len != 0) out_.member("description", oc::view(t.description));
  if (!own_ && (t.flags & OC_TOOLF_CUSTOM) != 0)
    out_.key("parameters").raw(dialect::custom_tool_schema());
  else if (t.schema_json.len != 0 || !own_)
    out_.key("parameters").raw(t.schema_json.len != 0 ? oc::view(t.schema_json) : kEmptySchema);
  if ((t.flags & OC_TOOLF_STRICT) != 0 && may(kTakesStrictTools, "tools[].strict")) out_.key("strict").boolean(true);
}

bool BodyWriter::is_chosen(const oc_tool& t) const {
  for (std::uint64_t i = 0; i < request_.n_choice_names; ++i)
    if (oc::view(request_.choice_names[i]) == oc::view(t.name)) return true;
  return false;
}

// Where a vendor cannot be told which tools are allowed, it is shown no others.
bool BodyWriter::only_chosen() const {
  const bool one_forced = request_.tool_choice == OC_CHOICE_REQUIRED && request_.n_choice_names == 1;
  return !own_ && request_.n_choice_names != 0 && !one_forced && !settings_.takes(kTakesAllowedTools);
}

void BodyWriter::tool_choice() {
  if (request_.tool_choice == OC_CHOICE_UNSET || (request_.n_tools == 0 && !own_)) return;
  const bool legacy = own_ && anchor("functions") != nullptr;
  out_.key(legacy ? "function_call" : "tool_choice");
  if (legacy && request_.n_choice_names == 1) {
    out_.object().member("name", oc::view(request_.choice_names[0])).close();
    return;
  }
  if (request_.n_choice_names != 0 && !only_chosen()) return choice_of_names();
  out_.str(request_.tool_choice == OC_CHOICE_REQUIRED ? "required" : request_.tool_choice == OC_CHOICE_NONE ? "none" : "auto");
}

void BodyWriter::choice_of_names() {
  const bool required = request_.tool_choice == OC_CHOICE_REQUIRED;
  if (required && request_.n_choice_names == 1) return named(oc::view(request_.choice_names[0]));
  out_.object().member("type", "allowed_tools").key("allowed_tools").object().member("mode", required ? "required" : "auto");
  out_.key("tools").array();
  for (std::uint64_t i = 0; i < request_.n_choice_names; ++i) named(oc::view(request_.choice_names[i]));
  out_.close().close().close();
}

void BodyWriter::named(std::string_view name) {
  const oc_tool* t = dialect::tool_named(request_, name);
  const bool custom = t != nullptr && (t->flags & OC_TOOLF_CUSTOM) != 0 && (own_ || settings_.takes(kTakesCustomTools));
  const std::string_view kind = custom ? "custom" : "function";
  out_.object().member("type", kind).key(kind).object().member("name", name).close().close();
}

void BodyWriter::response_format() {
  if (own_ && request_.format != OC_FORMAT_UNSET && verbatim("response_format")) return;
  if (request_.format != OC_FORMAT_JSON && request_.format != OC_FORMAT_JSON_SCHEMA) return;
  const bool schema = request_.format_schema_json.len != 0 && (own_ || settings_.takes(kTakesJsonSchema));
  if (request_.format_schema_json.len != 0 && !schema) losses_.note("response_format.json_schema");
  out_.key("response_format").object().member("type", schema ? "json_schema" : "json_object");
  if (schema) {
    out_.key("json_schema").object();
    out_.member("name", request_.format_name.len != 0 ? oc::view(request_.format_name) : std::string_view("answer"));
    if (request_.format_description.len != 0) out_.member("description", oc::view(request_.format_description));
    out_.key("schema").raw(oc::view(request_.format_schema_json));
    if ((request_.flags & OC_REQ_FORMAT_STRICT) != 0) out_.key("strict").boolean(true);
    out_.close();
  }
  out_.close();
}

void BodyWriter::unmodelled() {
  if (own_) return dialect::write_members(call_, out_, oc::view(request_.ext_json));
  if (request_.ext_json.len == 0) return;
  const bool sibling = oc::view(request_.dialect) == "openai_responses";
  for (const oc::Json m : call_.parse(oc::view(request_.ext_json))) {
    const bool shared = std::find(std::begin(kSharedWithResponses), std::end(kSharedWithResponses), m.key()) != std::end(kSharedWithResponses);
    if (sibling && shared && settings_.takes(kTakesPromptCacheKey))
      out_.key(m.key()).raw(m.raw());
    else if (!m.absent_or_null())
      losses_.note(m.key());
  }
}

bool BodyWriter::may(Takes what, std::string_view name) {
  if (own_ || settings_.takes(what)) return true;
  losses_.note(name);
  return false;
}

const oc_anchor* BodyWriter::anchor(std::string_view name) const {
  for (std::uint64_t i = 0; i < request_.n_anchors; ++i)
    if (oc::view(request_.anchors[i].name) == name) return &request_.anchors[i];
  return nullptr;
}

bool BodyWriter::verbatim(std::string_view name) {
  const oc_anchor* a = anchor(name);
  if (a == nullptr) return false;
  out_.key(name).raw(oc::view(request_.raw).substr(a->offset, a->length));
  return true;
}

}  // namespace onechat::openai_chat
