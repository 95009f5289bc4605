#include "body_writer.hpp"

#include <algorithm>
#include <iterator>

#include "common/tools.hpp"
#include "item_writer.hpp"
#include "openai_responses/tool_names.hpp"

namespace onechat::openai_responses {
namespace {

constexpr std::string_view kEmptySchema = R"({"type":"object","properties":{}})";
constexpr std::string_view kEncrypted = "reasoning.encrypted_content", kLogprobs = "message.output_text.logprobs";

}  // namespace

constexpr std::uint64_t kOutputTokensMin = 16;  // the API refuses less
constexpr std::string_view kServiceTiers[] = {"auto", "default", "flex", "scale", "priority", "fast", "ultrafast"};
constexpr std::string_view kEfforts[] = {"none", "minimal", "low", "medium", "high", "xhigh", "max"};

template <std::size_t N>
bool is_word_of(const std::string_view (&words)[N], std::string_view word) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

std::string_view effort_for(std::int64_t budget) {
  if (budget < 0) return {};
  if (budget == 0) return "none";
  if (budget <= 768) return "minimal";
  if (budget <= 4096) return "low";
  return budget <= 16384 ? "medium" : "high";
}

BodyWriter::BodyWriter(const oc::Call& call, const Settings& settings, const oc_request& request, oc::Writer out)
    : call_(call),
      settings_(settings),
      request_(request),
      out_(out),
      drops_(call),
      same_dialect_(oc::view(request.dialect) == kDialect),
      counts_(request.op == OC_OP_COUNT_TOKENS) {
  if (same_dialect_ && request.ext_json.len != 0) ext_ = call.parse(oc::view(request.ext_json));
}

oc_status BodyWriter::write() {
  out_.object().member("model", oc::view(request_.model));
  ItemWriter input(call_, request_, out_, drops_);
  if (const oc_part* p = input.instructions()) out_.member("instructions", oc::view(p->text));
  out_.key("input");
  input.items();
  tools();
  tool_choice();
  text();
  reasoning();
  if ((request_.flags & OC_REQ_SERIAL_TOOLS) != 0) out_.key("parallel_tool_calls").boolean(false);
  if (!counts_) {
    answering();
    sampling();
    include();
  }
  others();
  out_.close();
  return drops_.status();
}

void BodyWriter::answering() {
  const oc_request& r = request_;
  if ((r.flags & OC_REQ_STREAM) != 0) out_.key("stream").boolean(true);
  out_.key("store").boolean(false);
  const std::uint64_t least = same_dialect_ ? 0 : kOutputTokensMin;
  if (has(OC_SET_MAX_TOKENS))
    out_.member("max_output_tokens", static_cast<std::int64_t>(std::max(least, r.max_output_tokens)));
  if (same_dialect_ || is_word_of(kServiceTiers, oc::view(r.service_tier))) {
    if (r.service_tier.len != 0) out_.member("service_tier", oc::view(r.service_tier));
  } else if (r.service_tier.len != 0) {
    drops_.note("service_tier");
  }
  if (r.user.len != 0) out_.member("user", oc::view(r.user));
}

void BodyWriter::sampling() {
  const oc_request& r = request_;
  if (has(OC_SET_TEMPERATURE)) out_.key("temperature").number(r.temperature);
  if (has(OC_SET_TOP_P)) out_.key("top_p").number(r.top_p);
  if (has(OC_SET_LOGPROBS) && (r.top_logprobs > 0 || !same_dialect_)) out_.member("top_logprobs", r.top_logprobs);
  if (r.n_stop != 0) drops_.note("stop");
  if (has(OC_SET_N) && r.n > 1) drops_.note("n");
  if (has(OC_SET_SEED)) drops_.note("seed");
  if (has(OC_SET_TOP_K)) drops_.note("top_k");
  if (has(OC_SET_PRESENCE_PENALTY)) drops_.note("presence_penalty");
  if (has(OC_SET_FREQUENCY_PENALTY)) drops_.note("frequency_penalty");
}

oc::Json BodyWriter::ext_of(const oc_tool& t) const {
  return same_dialect_ && t.ext_json.len != 0 ? call_.parse(oc::view(t.ext_json)) : oc::Json();
}

void BodyWriter::tools() {
  bool open = false;
  for (std::uint64_t i = 0; i < request_.n_tools;) {
    const oc_tool& t = *request_.tools[i];
    const bool builtin = (t.flags & OC_TOOLF_BUILTIN) != 0;
    if (builtin && !same_dialect_) {
      drops_.note(call_.concat({"tools[", call_.parse(oc::view(t.ext_json))["type"].str(), "]"}));
      ++i;
      continue;
    }
    if (!open) out_.key("tools").array();
    open = true;
    const auto name = builtin ? std::string_view() : ext_of(t)["namespace"].str();
    if (builtin) {
      out_.raw(oc::view(t.ext_json)), ++i;
    } else if (!name.empty()) {
      i = space(i, name);
    } else {
      tool(t), ++i;
    }
  }
  if (open) out_.close();
}

// Tools that stood in one namespace, and still stand together, in it again.
std::uint64_t BodyWriter::space(std::uint64_t from, std::string_view name) {
  out_.object().member("type", "namespace").member("name", name);
  if (const oc::Json about = ext_of(*request_.tools[from])["namespace_description"])
    out_.key("description").raw(about.raw());
  out_.key("tools").array();
  for (; from < request_.n_tools && ext_of(*request_.tools[from])["namespace"].str() == name; ++from)
    tool(*request_.tools[from]);
  out_.close().close();
  return from;
}

void BodyWriter::tool(const oc_tool& t) {
  const oc::Json ext = ext_of(t);
  const bool custom = (t.flags & OC_TOOLF_CUSTOM) != 0, strict = (t.flags & OC_TOOLF_STRICT) != 0;
  out_.object().member("type", custom ? "custom" : "function");
  out_.member("name", ext["name"].is_string() ? ext["name"].str() : oc::view(t.name));
  if (t.description.len != 0) out_.member("description", oc::view(t.description));
  if (!custom) {
    if (t.schema_json.len != 0 || !same_dialect_)
      out_.key("parameters").raw(t.schema_json.len != 0 ? oc::view(t.schema_json) : kEmptySchema);
    // Left out, this dialect reads it as yes, and refuses schemas that others take.
    if (strict || !same_dialect_) out_.key("strict").boolean(strict);
  }
  write_members(out_, ext, {"namespace", "namespace_description", "name"});
  out_.close();
}

void BodyWriter::chosen(std::string_view name) {
  const oc_tool* t = dialect::tool_named(request_, name);
  const oc::Json ext = t != nullptr ? ext_of(*t) : oc::Json();
  const bool custom = t != nullptr && (t->flags & OC_TOOLF_CUSTOM) != 0;
  out_.object().member("type", custom ? "custom" : "function");
  out_.member("name", ext["name"].is_string() ? ext["name"].str() : name);
  if (ext["namespace"].is_string()) out_.member("namespace", ext["namespace"].str());
  out_.close();
}

void BodyWriter::tool_choice() {
  const oc_request& r = request_;
  if (const oc::Json own = ext_["tool_choice"]) {
    out_.key("tool_choice").raw(own.raw());
    return;
  }
  if (r.tool_choice == OC_CHOICE_UNSET || (r.n_tools == 0 && !same_dialect_)) return;
  out_.key("tool_choice");
  if (r.tool_choice == OC_CHOICE_NONE || r.n_choice_names == 0) {
    out_.str(r.tool_choice == OC_CHOICE_NONE ? "none" : r.tool_choice == OC_CHOICE_AUTO ? "auto" : "required");
    return;
  }
  if (r.n_choice_names == 1 && r.tool_choice == OC_CHOICE_REQUIRED) return chosen(oc::view(r.choice_names[0]));
  out_.object().member("type", "allowed_tools").member("mode", r.tool_choice == OC_CHOICE_AUTO ? "auto" : "required");
  out_.key("tools").array();
  for (std::uint64_t i = 0; i < r.n_choice_names; ++i) chosen(oc::view(r.choice_names[i]));
  out_.close().close();
}

void BodyWriter::text() {
  const oc::Json rest = ext_["text"];
  if (request_.format == OC_FORMAT_UNSET && request_.verbosity.len == 0 && rest.size() == 0) return;
  out_.key("text").object();
  if (request_.format != OC_FORMAT_UNSET) format();
  if (request_.verbosity.len != 0) out_.member("verbosity", oc::view(request_.verbosity));
  write_members(out_, rest);
  out_.close();
}

void BodyWriter::format() {
  const oc_request& r = request_;
  out_.key("format").object();
  if (r.format == OC_FORMAT_JSON_SCHEMA) {
    out_.member("type", "json_schema")
        .member("name", r.format_name.len != 0 ? oc::view(r.format_name) : std::string_view("answer"));
    if (r.format_description.len != 0) out_.member("description", oc::view(r.format_description));
    out_.key("schema").raw(r.format_schema_json.len != 0 ? oc::view(r.format_schema_json) : std::string_view("{}"));
    out_.key("strict").boolean((r.flags & OC_REQ_FORMAT_STRICT) != 0);
  } else {
    out_.member("type", r.format == OC_FORMAT_JSON ? "json_object" : "text");
  }
  write_members(out_, ext_["text.format"]);
  out_.close();
}

void BodyWriter::reasoning() {
  const oc_request& r = request_;
  std::string_view effort = oc::view(r.reasoning_effort);
  if (!same_dialect_ && !effort.empty() && !is_word_of(kEfforts, effort)) {
    drops_.note("reasoning_effort");
    effort = {};
  }
  if (effort.empty() && has(OC_SET_REASONING_BUDGET)) effort = effort_for(r.reasoning_budget);
  const bool shows = !same_dialect_ && (r.flags & OC_REQ_SHOW_REASONING) != 0 && effort != "none" &&
                     settings_.wants_state(oc::view(r.model));
  const oc::Json rest = ext_["reasoning"];
  if (effort.empty() && !shows && rest.size() == 0) return;
  out_.key("reasoning").object();
  if (!effort.empty()) out_.member("effort", effort);
  if (shows) out_.member("summary", "auto");
  write_members(out_, rest);
  out_.close();
}

void BodyWriter::include() {
  const bool encrypted = settings_.wants_state(oc::view(request_.model));
  const bool logprobs = has(OC_SET_LOGPROBS) && !same_dialect_;
  const oc::Json asked = ext_["include"];
  if (!encrypted && !logprobs && asked.size() == 0) return;
  out_.key("include").array();
  for (const oc::Json word : asked)
    if (word.str() != kEncrypted) out_.raw(word.raw());
  if (encrypted) out_.str(kEncrypted);
  if (logprobs) out_.str(kLogprobs);
  out_.close();
}

// Members that only this dialect has; of another dialect's, their names are told.
void BodyWriter::others() {
  if (!same_dialect_ && !counts_ && request_.ext_json.len != 0)
    for (const oc::Json m : call_.parse(oc::view(request_.ext_json))) drops_.note(m.key());
  if (ext_["background"].boolean()) drops_.note("background");  // needs an upstream that keeps answers
  const bool counting = counts_;
  for (const oc::Json m : ext_) {
    const auto name = m.key();
    const bool done = name == "store" || name == "include" || name == "reasoning" || name == "text" ||
                      name == "text.format" || name == "tool_choice" || name == "background";
    const bool counted = name == "conversation" || name == "truncation" || name == "prompt";
    if (!done && (!counting || counted)) out_.key(name).raw(m.raw());
  }
}

}  // namespace onechat::openai_responses
