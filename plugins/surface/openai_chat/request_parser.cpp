#include "request_parser.hpp"

#include <algorithm>

#include "openai_chat/members.hpp"

namespace onechat::openai_chat {
namespace {

constexpr std::uint64_t kMembersMax = 256;  // of the top level; OpenAI knows some forty
constexpr std::int64_t kChoicesMax = 128;
constexpr std::int64_t kTokensMax = std::int64_t(1) << 40;

}  // namespace

// The members that are understood. What is not here goes into ext_json.
struct RequestParser::Fields {
  oc::Json model, messages, stream, stream_options, max_tokens, max_completion_tokens, n, temperature, top_p, seed, stop;
  oc::Json tools, tool_choice, functions, function_call, response_format, reasoning_effort, reasoning, user, input;

  struct Name {
    std::string_view name;
    oc::Json Fields::*field;
  };
  static constexpr Name kNames[] = {
      {"model", &Fields::model},
      {"messages", &Fields::messages},
      {"stream", &Fields::stream},
      {"stream_options", &Fields::stream_options},
      {"max_tokens", &Fields::max_tokens},
      {"max_completion_tokens", &Fields::max_completion_tokens},
      {"n", &Fields::n},
      {"temperature", &Fields::temperature},
      {"top_p", &Fields::top_p},
      {"seed", &Fields::seed},
      {"stop", &Fields::stop},
      {"tools", &Fields::tools},
      {"tool_choice", &Fields::tool_choice},
      {"functions", &Fields::functions},
      {"function_call", &Fields::function_call},
      {"response_format", &Fields::response_format},
      {"reasoning_effort", &Fields::reasoning_effort},
      {"user", &Fields::user},
      {"input", &Fields::input},
  };
  static const Name* find(std::string_view key) {
    const auto* found = std::find_if(std::begin(kNames), std::end(kNames), [&](const Name& n) { return n.name == key; });
    return found != std::end(kNames) ? found : nullptr;
  }
};

oc_status RequestParser::generate() {
  Fields f;
  const bool ok = sort_members(f) && model(f) && messages(f.messages) && stream(f) && limits(f) && stop(f.stop) && tools(f);
  if (!ok) return done(false);
  options(f);
  anchors(f);
  weigh();
  return OC_OK;
}

oc_status RequestParser::embed() {
  Fields f;
  if (!sort_members(f) || !model(f) || !inputs(f.input)) return done(false);
  anchors(f);
  weigh();
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
  fields.reasoning = root_["reasoning"];
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

bool RequestParser::tools(const Fields& f) {
  const bool legacy = f.tools.absent_or_null() && !f.functions.absent_or_null();
  const oc::Json list = legacy ? f.functions : f.tools;
  const std::string_view name = legacy ? "functions" : "tools";
  if (list.absent_or_null()) return true;
  if (!list.is_array()) return refuse(name, "It must be an array.", "invalid_type");
  const oc_tool** tools = call_.array<const oc_tool*>(list.size());
  const FieldPath top{nullptr, name, -1};
  for (const oc::Json item : list) {
    tools[out_.n_tools] = tool(item, top.element(out_.n_tools));
    if (tools[out_.n_tools] == nullptr) return false;
    ++out_.n_tools;
  }
  out_.tools = tools;
  return true;
}

const oc_tool* RequestParser::tool(oc::Json value, const FieldPath& at) {
  if (!value.is_object()) return refuse(at.text(call_), "A tool must be an object.", "invalid_type"), nullptr;
  auto* t = call_.make_sized<oc_tool>();
  const bool legacy = !value["type"] && value["name"].is_string();
  const oc::Json function = legacy ? value : value["function"];
  if (!legacy && value["type"].str() != "function") {  // built-in and custom tools: not ours to understand
    t->ext_json = oc::str(value.raw());
    return t;
  }
  if (!function["name"].is_string() || function["name"].str().empty()) {
    refuse(at.member("function").member("name").text(call_), "A function needs a name.", "missing_required_parameter");
    return nullptr;
  }
  t->name = oc::str(function["name"].str());
  t->description = oc::str(function["description"].str());
  if (const oc::Json schema = function["parameters"]; schema.is_object()) t->schema_json = oc::str(schema.raw());
  t->ext_json = oc::str(members_except(call_, function, {"name", "description", "parameters"}));
  return t;
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
void RequestParser::options(const Fields& f) {
  const auto number = [&](oc::Json v, double& to, std::uint64_t bit) {
    if (!v.is_number()) return;
    to = v.number();
    out_.set_mask |= bit;
  };
  number(f.temperature, out_.temperature, OC_SET_TEMPERATURE);
  number(f.top_p, out_.top_p, OC_SET_TOP_P);
  if (f.seed.is_number()) {
    out_.seed = f.seed.integer();
    out_.set_mask |= OC_SET_SEED;
  }
  const auto raw = [](oc::Json v) { return oc::str(v.absent_or_null() ? std::string_view() : v.raw()); };
  out_.tool_choice_json = raw(f.tool_choice);
  if (out_.tool_choice_json.len == 0 && f.function_call.is_string()) out_.tool_choice_json = raw(f.function_call);
  if (out_.tool_choice_json.len == 0 && f.function_call.is_object())
    out_.tool_choice_json = oc::str(call_.concat({R"({"type":"function","function":)", f.function_call.raw(), "}"}));
  out_.response_format_json = raw(f.response_format);
  out_.reasoning_effort = oc::str(f.reasoning_effort.str());
  if (out_.reasoning_effort.len == 0) out_.reasoning_effort = oc::str(f.reasoning["effort"].str());
  out_.user = oc::str(f.user.str());
  out_.ext_json = oc::str(members_except(
      call_, root_, {"model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "n", "temperature",
                     "top_p", "seed", "stop", "tools", "tool_choice", "functions", "function_call", "response_format",
                     "reasoning_effort", "user"}));
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

void RequestParser::anchors(const Fields& f) {
  constexpr std::size_t kAnchors = 8;
  oc_anchor* list = call_.array<oc_anchor>(kAnchors);
  const char* const begin = reinterpret_cast<const char*>(out_.raw.ptr);
  const auto add = [&](std::string_view name, oc::Json value) {
    if (!value) return;
    list[out_.n_anchors++] = {oc::str(name), static_cast<std::uint64_t>(value.raw().data() - begin), value.raw().size()};
  };
  add("object", root_);
  add("model", f.model);
  add("stream", f.stream);
  add("stream_options", f.stream_options);
  add("stream_options.include_usage", f.stream_options["include_usage"]);
  add("max_tokens", f.max_tokens);
  add("max_completion_tokens", f.max_completion_tokens);
  add("n", f.n);
  out_.anchors = list;
}

// Every token is at least one byte of the body, so the body bounds them, whatever member they hide in. Media count by
// what vendors charge for them, not by the length of their base64.
void RequestParser::weigh() {
  out_.input_bytes = out_.raw.len - std::min(media_.bytes, out_.raw.len) + media_.allowance;
}

bool RequestParser::boolean(oc::Json value, std::string_view name, bool& out) {
  if (value.absent_or_null()) return true;
  if (!value.is_bool()) return refuse(name, call_.concat({"Invalid type for '", name, "': a boolean is expected."}), "invalid_type");
  out = value.boolean();
  return true;
}

bool RequestParser::count(oc::Json value, std::string_view name, std::int64_t least, std::int64_t most, std::uint64_t& out) {
  if (value.absent_or_null()) return true;
  constexpr std::int64_t kNoInteger = INT64_MIN;
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
