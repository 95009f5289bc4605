#include "request_parser.hpp"

#include <algorithm>

#include "common/members.hpp"
#include "message_parser.hpp"
#include "tool_parser.hpp"

namespace onechat::openai_chat {
namespace {

using dialect::FieldPath;

constexpr std::uint64_t kMembersMax = 256;  // of the top level; OpenAI knows some forty
constexpr std::int64_t kChoicesMax = 128;
constexpr std::int64_t kTokensMax = std::int64_t(1) << 40;
constexpr std::int64_t kNoInteger = INT64_MIN;

}  // namespace

// The members that are understood. What is not here goes into ext_json.
struct RequestParser::Fields {
  oc::Json model, messages, stream, stream_options, max_tokens, max_completion_tokens, n, temperature, top_p, top_k, seed, stop;
  oc::Json presence_penalty, frequency_penalty, logprobs, top_logprobs, service_tier, verbosity, user, safety_identifier, store;
  oc::Json tools, tool_choice, functions, function_call, parallel_tool_calls, response_format, input;
  oc::Json reasoning_effort, reasoning, include_reasoning, thinking, enable_thinking, thinking_budget;

  struct Name {
    std::string_view name;
    oc::Json Fields::*field;
    bool anchored;  // a provider of this dialect wants to know how the client spelled it
  };
  static constexpr Name kNames[] = {
      {"model", &Fields::model, true},
      {"messages", &Fields::messages, false},
      {"stream", &Fields::stream, true},
      {"stream_options", &Fields::stream_options, true},
      {"max_tokens", &Fields::max_tokens, true},
      {"max_completion_tokens", &Fields::max_completion_tokens, true},
      {"n", &Fields::n, true},
      {"temperature", &Fields::temperature, false},
      {"top_p", &Fields::top_p, false},
      {"top_k", &Fields::top_k, false},
      {"seed", &Fields::seed, false},
      {"stop", &Fields::stop, false},
      {"presence_penalty", &Fields::presence_penalty, false},
      {"frequency_penalty", &Fields::frequency_penalty, false},
      {"logprobs", &Fields::logprobs, false},
      {"top_logprobs", &Fields::top_logprobs, false},
      {"service_tier", &Fields::service_tier, false},
      {"verbosity", &Fields::verbosity, false},
      {"user", &Fields::user, true},
      {"safety_identifier", &Fields::safety_identifier, true},
      {"store", &Fields::store, true},
      {"tools", &Fields::tools, false},
      {"tool_choice", &Fields::tool_choice, false},
      {"functions", &Fields::functions, true},
      {"function_call", &Fields::function_call, false},
      {"parallel_tool_calls", &Fields::parallel_tool_calls, true},
      {"response_format", &Fields::response_format, true},
      {"input", &Fields::input, true},
      {"reasoning_effort", &Fields::reasoning_effort, true},
      {"reasoning", &Fields::reasoning, true},
      {"include_reasoning", &Fields::include_reasoning, true},
      {"thinking", &Fields::thinking, true},
      {"enable_thinking", &Fields::enable_thinking, true},
      {"thinking_budget", &Fields::thinking_budget, true},
  };
  static const Name* find(std::string_view key) {
    const auto* found = std::find_if(std::begin(kNames), std::end(kNames), [&](const Name& n) { return n.name == key; });
    return found != std::end(kNames) ? found : nullptr;
  }
};

oc_status RequestParser::generate() {
  Fields f;
  ToolParser tools(call_, out_);
  if (!(sort_members(f) && model(f) && messages(f.messages) && stream(f) && limits(f) && stop(f.stop))) return done(false);
  if (!tools.tools(f.tools, f.functions)) return tools.failed();
  tools.choice(f.tool_choice, f.function_call);
  sampling(f);
  reasoning(f);
  response_format(f.response_format);
  rest();
  anchors(f);
  out_.input_bytes = media_.input_bytes(out_.raw.len);
  return OC_OK;
}

oc_status RequestParser::embed() {
  Fields f;
  if (!sort_members(f) || !model(f) || !inputs(f.input)) return done(false);
  out_.user = oc::str(f.user.str());
  rest();
  anchors(f);
  out_.input_bytes = media_.input_bytes(out_.raw.len);
  return OC_OK;
}

bool RequestParser::sort_members(Fields& fields) {
  root_ = call_.parse(out_.raw);
  if (!root_)
    return refuse({}, "We could not parse the JSON body of your request. It must be one valid JSON object in UTF-8.", {});
  if (!root_.is_object()) return refuse({}, "The body of the request must be a JSON object.", "invalid_type");
  if (root_.size() > kMembersMax) return refuse({}, "The body of the request has too many members.", "invalid_value");
  for (const oc::Json member : root_) {
    const Fields::Name* known = Fields::find(member.key());
    bool twice = false;
    if (known != nullptr) {
      oc::Json& field = fields.*known->field;
      twice = bool(field);
      field = member;
    } else {
      for (oc::Json other = member.next(); other && !twice; other = other.next()) twice = other.key() == member.key();
    }
    if (twice) return refuse(member.key(), call_.concat({"The member '", member.key(), "' is there twice."}), "duplicate_parameter");
  }
  return true;
}

bool RequestParser::model(const Fields& f) {
  if (f.model.absent_or_null()) return refuse("model", "You must provide a model parameter.", "missing_required_parameter");
  if (!f.model.is_string() || f.model.str().empty()) return refuse("model", "The model must be a non-empty string.", "invalid_type");
  out_.model = oc::str(f.model.str());
  return true;
}

bool RequestParser::messages(oc::Json list) {
  if (list.absent_or_null()) return refuse("messages", "Missing required parameter: 'messages'.", "missing_required_parameter");
  if (!list.is_array()) return refuse("messages", "Invalid type for 'messages': an array of messages is expected.", "invalid_type");
  if (list.size() == 0) return refuse("messages", "Invalid 'messages': at least one message is expected.", "empty_array");
  const oc_turn** turns = call_.array<const oc_turn*>(list.size());
  MessageParser parser(call_, media_);
  const FieldPath top{nullptr, "messages", -1};
  std::uint64_t i = 0;
  for (const oc::Json message : list) {
    turns[i] = parser.turn(message, top.element(i));
    if (turns[i++] == nullptr) {
      failed_ = parser.failed();
      return false;
    }
  }
  out_.turns = turns;
  out_.n_turns = i;
  return true;
}

bool RequestParser::limits(const Fields& f) {
  std::uint64_t old_limit = 0, new_limit = 0, n = 1;
  if (!count(f.max_tokens, "max_tokens", 0, kTokensMax, old_limit)) return false;
  if (!count(f.max_completion_tokens, "max_completion_tokens", 0, kTokensMax, new_limit)) return false;
  if (!count(f.n, "n", 1, kChoicesMax, n)) return false;
  if (!f.max_tokens.absent_or_null() || !f.max_completion_tokens.absent_or_null()) {
    // Vendors differ in which of the two they read: the larger one is the safe bound.
    out_.max_output_tokens = std::max(old_limit, new_limit);
    out_.set_mask |= OC_SET_MAX_TOKENS;
  }
  if (!f.n.absent_or_null()) out_.set_mask |= OC_SET_N;
  out_.n = static_cast<std::uint32_t>(n);
  return true;
}

bool RequestParser::stop(oc::Json value) {
  if (value.absent_or_null()) return true;
  if (!value.is_string() && !value.is_array()) return refuse("stop", "It must be a string or an array of strings.", "invalid_type");
  oc_str* list = call_.array<oc_str>(value.size() + 1);
  if (value.is_string()) list[out_.n_stop++] = oc::str(value.str());
  if (value.is_array()) {
    for (const oc::Json item : value) {
      if (!item.is_string()) return refuse("stop", "It must be a string or an array of strings.", "invalid_type");
      list[out_.n_stop++] = oc::str(item.str());
    }
  }
  out_.stop = list;
  return true;
}

bool RequestParser::stream(const Fields& f) {
  bool streams = false, wants_usage = false;
  if (!boolean(f.stream, "stream", streams)) return false;
  if (!f.stream_options.absent_or_null() && !f.stream_options.is_object())
    return refuse("stream_options", "It must be an object.", "invalid_type");
  if (!boolean(f.stream_options["include_usage"], "stream_options.include_usage", wants_usage)) return false;
  if (streams) out_.flags |= OC_REQ_STREAM;
  if (streams && wants_usage) out_.flags |= OC_REQ_STREAM_USAGE;
  return true;
}

// What a provider may use and what nobody is harmed by when it is odd.
void RequestParser::sampling(const Fields& f) {
  const auto number = [&](oc::Json v, double& to, std::uint64_t bit) {
    if (!v.is_number()) return;
    to = v.number();
    out_.set_mask |= bit;
  };
  const auto integer = [&](oc::Json v, std::int64_t& to, std::uint64_t bit) {
    if (v.integer(kNoInteger) == kNoInteger) return;
    to = v.integer();
    out_.set_mask |= bit;
  };
  number(f.temperature, out_.temperature, OC_SET_TEMPERATURE);
  number(f.top_p, out_.top_p, OC_SET_TOP_P);
  number(f.presence_penalty, out_.presence_penalty, OC_SET_PRESENCE_PENALTY);
  number(f.frequency_penalty, out_.frequency_penalty, OC_SET_FREQUENCY_PENALTY);
  integer(f.top_k, out_.top_k, OC_SET_TOP_K);
  integer(f.seed, out_.seed, OC_SET_SEED);
  if (f.logprobs.boolean()) {
    out_.set_mask |= OC_SET_LOGPROBS;
    out_.top_logprobs = std::max<std::int64_t>(f.top_logprobs.integer(0), 0);
  }
  if (f.parallel_tool_calls.is_bool() && !f.parallel_tool_calls.boolean()) out_.flags |= OC_REQ_SERIAL_TOOLS;
  out_.service_tier = oc::str(f.service_tier.str());
  out_.verbosity = oc::str(f.verbosity.str());
  out_.user = oc::str(f.user.str());
  if (out_.user.len == 0) out_.user = oc::str(f.safety_identifier.str());
}

// OpenAI's word, and what vendors made of it: {"reasoning":{effort|max_tokens,enabled,exclude}}, {"thinking":{type,budget_tokens}},
// {"enable_thinking":..,"thinking_budget":..}.
void RequestParser::reasoning(const Fields& f) {
  const auto budget = [&](oc::Json v) {
    const std::int64_t n = v.integer(kNoInteger);
    if (n < -1) return;
    out_.reasoning_budget = n;
    out_.set_mask |= OC_SET_REASONING_BUDGET;
  };
  const auto off = [](oc::Json v) { return v.is_bool() && !v.boolean(); };
  out_.reasoning_effort = oc::str(f.reasoning_effort.str());
  if (out_.reasoning_effort.len == 0) out_.reasoning_effort = oc::str(f.reasoning["effort"].str());
  budget(f.reasoning["max_tokens"]);
  budget(f.thinking["budget_tokens"]);
  budget(f.thinking_budget);
  const bool disabled = off(f.reasoning["enabled"]) || off(f.enable_thinking) || f.thinking["type"].str() == "disabled";
  if (disabled && out_.reasoning_effort.len == 0) out_.reasoning_effort = oc::str(std::string_view("none"));
  const bool wanted = f.reasoning.is_object() || f.enable_thinking.boolean() || f.include_reasoning.boolean() ||
                      f.thinking["type"].str() == "enabled";
  if (wanted && !f.reasoning["exclude"].boolean() && !off(f.include_reasoning)) out_.flags |= OC_REQ_SHOW_REASONING;
  // Switched on without a size: the model decides.
  const bool switched_on = f.reasoning["enabled"].boolean() || f.enable_thinking.boolean() || f.thinking["type"].str() == "enabled";
  if (switched_on && out_.reasoning_effort.len == 0 && (out_.set_mask & OC_SET_REASONING_BUDGET) == 0) {
    out_.reasoning_budget = -1;
    out_.set_mask |= OC_SET_REASONING_BUDGET;
  }
}

void RequestParser::response_format(oc::Json value) {
  const auto type = value["type"].str();
  const oc::Json schema = value["json_schema"];
  if (type == "text") {
    out_.format = OC_FORMAT_TEXT;
  } else if (type == "json_object") {
    out_.format = OC_FORMAT_JSON;
    // Some vendors take a schema beside the word.
    if (value["schema"].is_object()) out_.format_schema_json = oc::str(value["schema"].raw());
  } else if (type == "json_schema" && schema.is_object()) {
    out_.format = OC_FORMAT_JSON_SCHEMA;
    out_.format_name = oc::str(schema["name"].str());
    out_.format_description = oc::str(schema["description"].str());
    if (schema["schema"].is_object()) out_.format_schema_json = oc::str(schema["schema"].raw());
    if (schema["strict"].boolean()) out_.flags |= OC_REQ_FORMAT_STRICT;
  } else {
    format_kept_ = !value.absent_or_null();
  }
}

bool RequestParser::inputs(oc::Json input) {
  if (input.absent_or_null()) return refuse("input", "Missing required parameter: 'input'.", "missing_required_parameter");
  if (!input.is_string() && !input.is_array())
    return refuse("input", "It must be a string, an array of strings, or an array of tokens.", "invalid_type");
  oc_str* texts = call_.array<oc_str>(input.size() + 1);
  if (input.is_string()) texts[out_.n_inputs++] = oc::str(input.str());
  if (input.is_array())
    for (const oc::Json item : input)
      if (item.is_string()) texts[out_.n_inputs++] = oc::str(item.str());
  out_.inputs = texts;
  return true;
}

// Everything that has no place in oc_request.
void RequestParser::rest() {
  const auto kept = dialect::members_except(
      call_, root_, {"model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "n", "temperature",
                     "top_p", "top_k", "seed", "stop", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs",
                     "service_tier", "verbosity", "user", "safety_identifier", "store", "tools", "tool_choice", "functions",
                     "function_call", "parallel_tool_calls", "response_format", "input", "reasoning_effort", "reasoning",
                     "include_reasoning", "thinking", "enable_thinking", "thinking_budget"});
  out_.ext_json = oc::str(kept);
  if (!format_kept_) return;
  const auto format = dialect::object_of(call_, "response_format", root_["response_format"].raw());
  out_.ext_json = oc::str(kept.empty() ? format : call_.concat({kept.substr(0, kept.size() - 1), ",", format.substr(1)}));
}

void RequestParser::anchors(const Fields& f) {
  oc_anchor* list = call_.array<oc_anchor>(std::size(Fields::kNames) + 2);
  const char* const begin = reinterpret_cast<const char*>(out_.raw.ptr);
  const auto add = [&](std::string_view name, oc::Json value) {
    if (!value) return;
    list[out_.n_anchors++] = {oc::str(name), static_cast<std::uint64_t>(value.raw().data() - begin), value.raw().size()};
  };
  add("object", root_);
  for (const Fields::Name& name : Fields::kNames) {
    const oc::Json value = f.*name.field;
    // null is not said; only where usage is asked for it gives way to a value.
    if (!name.anchored || (value.absent_or_null() && name.field != &Fields::stream_options)) continue;
    if (name.field == &Fields::functions && !f.tools.absent_or_null()) continue;  // a client of tools
    add(name.name, value);
  }
  add("stream_options.include_usage", f.stream_options["include_usage"]);
  out_.anchors = list;
}

bool RequestParser::boolean(oc::Json value, std::string_view name, bool& out) {
  if (value.absent_or_null()) return true;
  if (!value.is_bool()) return refuse(name, call_.concat({"Invalid type for '", name, "': a boolean is expected."}), "invalid_type");
  out = value.boolean();
  return true;
}

bool RequestParser::count(oc::Json value, std::string_view name, std::int64_t least, std::int64_t most, std::uint64_t& out) {
  if (value.absent_or_null()) return true;
  const std::int64_t n = value.integer(kNoInteger);
  if (n == kNoInteger) return refuse(name, call_.concat({"Invalid type for '", name, "': an integer is expected."}), "invalid_type");
  if (n < least) return refuse(name, call_.concat({"Invalid '", name, "': the value is too small."}), "integer_below_min_value");
  if (n > most) return refuse(name, call_.concat({"Invalid '", name, "': the value is too large."}), "integer_above_max_value");
  out = static_cast<std::uint64_t>(n);
  return true;
}

bool RequestParser::refuse(std::string_view param, std::string_view message, std::string_view code) {
  failed_ = call_.fail(OC_E_INVALID, message, code, param, 400);
  return false;
}

}  // namespace onechat::openai_chat
