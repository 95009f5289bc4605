#include "body_writer.hpp"

#include <algorithm>

#include "common/members.hpp"
#include "common/tools.hpp"
#include "content_writer.hpp"
#include "conversation.hpp"

namespace onechat::anthropic_messages {
namespace {

constexpr std::string_view kEmptySchema = R"({"type":"object","properties":{}})";
constexpr std::string_view kFormatTool = "json_answer";

// Members of other dialects that ask for something this one has no word for, and whose loss changes the answer.
constexpr std::string_view kTelling[] = {"logit_bias",      "prediction",    "audio",          "web_search_options", "safetySettings",
                                         "safety_settings", "cachedContent", "cached_content", "max_tool_calls",     "prompt"};

// Half of them is modelled: the other half is written where the first is.
constexpr std::string_view kHalves[] = {"thinking", "output_config", "output_format", "metadata", "tool_choice"};

template <class List>
bool contains(const List& list, std::string_view what) {
  return std::find(std::begin(list), std::end(list), what) != std::end(list);
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

}  // namespace

BodyWriter::BodyWriter(const oc::Call& call, const Settings& settings, const oc_request& request, const Plan& plan,
                       Drops& drops, oc::Writer out)
    : call_(call), settings_(settings), request_(request), plan_(plan), drops_(drops), out_(out) {
  if (plan_.own && request_.ext_json.len != 0) ext_ = call_.parse(oc::view(request_.ext_json));
  if (plan_.format != Plan::Format::tool) return;
  format_tool_ = request_.format_name.len != 0 ? portable_tool_name(call_, oc::view(request_.format_name)) : kFormatTool;
  while (dialect::tool_named(request_, format_tool_) != nullptr) format_tool_ = call_.concat({format_tool_, "_"});
}

oc_status BodyWriter::write() {
  out_.object().member("model", oc::view(request_.model));
  if (!counts()) limits();
  if (!conversation()) return failed_;
  tools();
  tool_choice();
  thinking();
  output_config();
  if (!counts()) {
    metadata();
    service_tier();
  }
  left_out();
  rest();
  out_.close();
  return OC_OK;
}

void BodyWriter::limits() {
  out_.member("max_tokens", static_cast<std::int64_t>(plan_.max_tokens));
  if ((request_.flags & OC_REQ_STREAM) != 0) out_.key("stream").boolean(true);
  if (plan_.temperature) out_.key("temperature").number(plan_.temperature_value);
  if (plan_.top_p) out_.key("top_p").number(request_.top_p);
  if (plan_.top_k) out_.member("top_k", request_.top_k);
  bool open = false;
  for (std::uint64_t i = 0; i < request_.n_stop; ++i) {
    const auto stop = oc::view(request_.stop[i]);
    if (!plan_.own && is_blank(stop)) {  // the API refuses them
      drops_.add("stop");
      continue;
    }
    if (!open) out_.key("stop_sequences").array();
    open = true;
    out_.str(stop);
  }
  if (open) out_.close();
}

bool BodyWriter::conversation() {
  const Replay replay{oc::view(request_.model), settings_.replay_unsigned};
  const Conversation c = conversation_of(call_, request_, replay);
  ContentWriter content(call_, out_, drops_, plan_.own);
  const auto blocks = [&](const std::vector<const oc_part*>& parts) {
    out_.array();
    const bool ok = std::all_of(parts.begin(), parts.end(), [&](const oc_part* p) { return content.block(*p); });
    out_.close();
    return ok;
  };
  failed_ = OC_OK;
  bool ok = true;
  if (!c.system.empty()) {
    out_.key("system");
    ok = blocks(c.system);
  }
  out_.key("messages").array();
  for (const Message& m : c.messages) {
    if (!ok) break;
    out_.object();
    out_.member("role", m.role == OC_ROLE_ASSISTANT ? "assistant" : m.role == OC_ROLE_SYSTEM ? "system" : "user");
    out_.key("content");
    ok = blocks(m.parts);
    if (m.ext_json.len != 0) dialect::write_members(call_, out_, oc::view(m.ext_json));
    out_.close();
  }
  out_.close();
  failed_ = content.failed();
  return ok;
}

// A format without a schema asks for an object at least.
std::string_view BodyWriter::format_schema() const {
  return request_.format_schema_json.len != 0 ? oc::view(request_.format_schema_json) : kEmptySchema;
}

void BodyWriter::tools() {
  for (std::uint64_t i = 0; i < request_.n_tools; ++i) tool(*request_.tools[i]);
  if (!format_tool_.empty()) {
    if (tools_written_++ == 0) out_.key("tools").array();
    const auto words = oc::view(request_.format_description);
    out_.object().member("name", format_tool_);
    out_.member("description", words.empty() ? std::string_view("Gives the answer. Call it once, with the whole answer.") : words);
    out_.key("input_schema").raw(format_schema()).close();
  }
  if (tools_written_ == 0 && !plan_.own) tools_of_history();
  if (tools_written_ != 0) out_.close();
}

bool BodyWriter::chosen(const oc_tool& t) const {
  if (request_.n_choice_names == 0 || request_.tool_choice == OC_CHOICE_NONE || plan_.own) return true;
  for (std::uint64_t i = 0; i < request_.n_choice_names; ++i)
    if (oc::view(request_.choice_names[i]) == oc::view(t.name)) return true;
  return false;
}

void BodyWriter::tool(const oc_tool& t) {
  const bool builtin = (t.flags & OC_TOOLF_BUILTIN) != 0 || t.name.len == 0;
  if (builtin && !plan_.own) {
    drops_.add(call_.concat({"tools[", call_.parse(oc::view(t.ext_json))["type"].str(), "]"}));
    return;
  }
  if (!chosen(t)) return;
  if (tools_written_++ == 0) out_.key("tools").array();
  if (builtin) {
    out_.raw(oc::view(t.ext_json));
    return;
  }
  const bool custom = (t.flags & OC_TOOLF_CUSTOM) != 0;
  out_.object().member("name", wire_name(oc::view(t.name)));
  if (t.description.len != 0) out_.member("description", oc::view(t.description));
  const auto schema = custom ? dialect::custom_tool_schema() : oc::view(t.schema_json);
  out_.key("input_schema");
  if (schema.empty()) {
    out_.raw(kEmptySchema);
  } else if (const oc::Json parsed = plan_.own || custom ? oc::Json() : call_.parse(schema); parsed && !parsed["type"]) {
    out_.object().member("type", "object");  // the API insists on it
    dialect::write_members(call_, out_, schema);
    out_.close();
  } else {
    out_.raw(schema);
  }
  if ((t.flags & OC_TOOLF_STRICT) != 0) {
    if (plan_.strict_tools)
      out_.key("strict").boolean(true);
    else
      drops_.add("tools[].strict");
  }
  if (plan_.own)
    dialect::write_members(call_, out_, oc::view(t.ext_json));
  else
    write_cache_control(call_, out_, oc::view(t.ext_json));
  out_.close();
}

// Calls in the history want their tools declared, though none may be called now.
void BodyWriter::tools_of_history() {
  std::vector<std::string_view> known;
  for (std::uint64_t t = 0; t < request_.n_turns; ++t) {
    for (std::uint64_t i = 0; i < request_.turns[t]->n_parts; ++i) {
      const oc_part& p = *request_.turns[t]->parts[i];
      if (p.type != OC_PART_TOOL_CALL || contains(known, oc::view(p.tool_name))) continue;
      known.push_back(oc::view(p.tool_name));
      if (tools_written_++ == 0) out_.key("tools").array();
      out_.object().member("name", wire_name(known.back())).key("input_schema").raw(kEmptySchema).close();
    }
  }
  only_history_tools_ = tools_written_ != 0;
}

std::string_view BodyWriter::wire_name(std::string_view name) {
  if (plan_.own) return name;
  const auto wire = portable_tool_name(call_, name);
  if (wire != name) names_.remember(wire, name);
  return wire;
}

void BodyWriter::tool_choice() {
  if (const oc::Json unknown = ext_["tool_choice"]; unknown) {
    out_.key("tool_choice").raw(unknown.raw());
    return;
  }
  const bool serial = (request_.flags & OC_REQ_SERIAL_TOOLS) != 0;
  if (tools_written_ == 0 && !plan_.own) return;
  if (request_.tool_choice == OC_CHOICE_UNSET && format_tool_.empty() && !only_history_tools_ && !serial) return;
  out_.key("tool_choice").object();
  if (only_history_tools_ || (request_.tool_choice == OC_CHOICE_NONE && format_tool_.empty())) {
    out_.member("type", "none").close();
    return;
  }
  // The tool that is the form of the answer, or else one of those that were chosen.
  const bool only_format = !format_tool_.empty() && (tools_written_ == 1 || request_.tool_choice == OC_CHOICE_NONE);
  const bool one = request_.tool_choice == OC_CHOICE_REQUIRED && request_.n_choice_names == 1;
  if (only_format) {
    out_.member("type", "tool").member("name", format_tool_);
  } else if (one) {
    out_.member("type", "tool").member("name", wire_name(oc::view(request_.choice_names[0])));
  } else {
    out_.member("type", request_.tool_choice == OC_CHOICE_REQUIRED || !format_tool_.empty() ? "any" : "auto");
  }
  if (serial) out_.key("disable_parallel_tool_use").boolean(true);
  out_.close();
}

void BodyWriter::thinking() {
  const oc::Json extra = ext_["thinking"];
  if (extra["type"]) {  // a kind that is not modelled
    out_.key("thinking").raw(extra.raw());
    return;
  }
  if (plan_.thinking == Plan::Thinking::unsaid) return;
  out_.key("thinking").object();
  switch (plan_.thinking) {
    case Plan::Thinking::budget: out_.member("type", "enabled").member("budget_tokens", plan_.budget); break;
    case Plan::Thinking::adaptive: out_.member("type", "adaptive"); break;
    default: out_.member("type", "disabled");
  }
  if (plan_.summarized) out_.member("display", "summarized");
  if (extra && plan_.thinks()) dialect::write_members(call_, out_, extra.raw());
  out_.close();
}

void BodyWriter::output_config() {
  const oc::Json extra = ext_["output_config"];
  const bool schema = plan_.format == Plan::Format::output_config;
  if (plan_.effort.empty() && !schema && !extra) return;
  out_.key("output_config").object();
  if (!plan_.effort.empty()) out_.member("effort", plan_.effort);
  if (schema)
    out_.key("format").object().member("type", "json_schema").key("schema").raw(format_schema()).close();
  if (extra) dialect::write_members(call_, out_, extra.raw());
  out_.close();
}

void BodyWriter::metadata() {
  const oc::Json extra = ext_["metadata"];
  if (request_.user.len == 0 && !extra) return;
  out_.key("metadata").object();
  if (request_.user.len != 0) out_.member("user_id", oc::view(request_.user));
  if (extra) dialect::write_members(call_, out_, extra.raw());
  out_.close();
}

void BodyWriter::service_tier() {
  const auto tier = oc::view(request_.service_tier);
  if (tier.empty()) return;
  if (plan_.own || tier == "standard_only")
    out_.member("service_tier", tier);
  else if (tier == "default" || tier == "standard")
    out_.member("service_tier", "standard_only");
  else if (tier != "auto" && tier != "priority")  // those two are what the API does by itself
    drops_.add("service_tier");
}

void BodyWriter::left_out() {
  const auto set = [&](std::uint64_t bit) { return (request_.set_mask & bit) != 0; };
  if (set(OC_SET_SEED)) drops_.add("seed");
  if (set(OC_SET_PRESENCE_PENALTY) && request_.presence_penalty != 0) drops_.add("presence_penalty");
  if (set(OC_SET_FREQUENCY_PENALTY) && request_.frequency_penalty != 0) drops_.add("frequency_penalty");
  if (set(OC_SET_LOGPROBS)) drops_.add("logprobs");
  if (request_.verbosity.len != 0 && oc::view(request_.verbosity) != "medium") drops_.add("verbosity");
  if (plan_.own || request_.ext_json.len == 0) return;
  for (const oc::Json m : call_.parse(oc::view(request_.ext_json)))
    if (contains(kTelling, m.key()) && !m.absent_or_null()) drops_.add(call_.copy(m.key()));
}

// Members of the own dialect that nobody models.
void BodyWriter::rest() {
  for (const oc::Json m : ext_) {
    if (contains(kHalves, m.key()) && m.key() != "output_format") continue;
    if (settings_.takes_member(m.key()))
      out_.key(m.key()).raw(m.raw());
    else
      drops_.add(call_.copy(m.key()));
  }
}

}  // namespace onechat::anthropic_messages
