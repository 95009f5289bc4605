#include "request_parser.hpp"

#include <algorithm>

#include "anthropic_messages/version.hpp"
#include "common/headers.hpp"
#include "common/members.hpp"
#include "message_parser.hpp"

namespace onechat::anthropic_messages {
namespace {

using dialect::members_except;

constexpr std::uint64_t kMembersMax = 256;  // of the top level; the dialect knows some thirty
constexpr std::int64_t kTokensMax = std::int64_t(1) << 40;
constexpr std::int64_t kNoInteger = INT64_MIN;

constexpr std::string_view kRequired = "Field required";
constexpr std::string_view kWantString = "Input should be a valid string";
constexpr std::string_view kWantInteger = "Input should be a valid integer";
constexpr std::string_view kWantObject = "Input should be a valid dictionary";
constexpr std::string_view kWantList = "Input should be a valid list";
constexpr std::string_view kNotPermitted = "Extra inputs are not permitted";

}  // namespace

// The members that are understood. What is not here goes into ext_json.
struct RequestParser::Fields {
  oc::Json model, messages, max_tokens, system, stop_sequences, stream, temperature, top_p, top_k, tools, tool_choice, thinking,
      output_config, output_format, metadata, service_tier;

  struct Name {
    std::string_view name;
    oc::Json Fields::*field;
  };
  static constexpr Name kNames[] = {
      {"model", &Fields::model},
      {"messages", &Fields::messages},
      {"max_tokens", &Fields::max_tokens},
      {"system", &Fields::system},
      {"stop_sequences", &Fields::stop_sequences},
      {"stream", &Fields::stream},
      {"temperature", &Fields::temperature},
      {"top_p", &Fields::top_p},
      {"top_k", &Fields::top_k},
      {"tools", &Fields::tools},
      {"tool_choice", &Fields::tool_choice},
      {"thinking", &Fields::thinking},
      {"output_config", &Fields::output_config},
      {"output_format", &Fields::output_format},
      {"metadata", &Fields::metadata},
      {"service_tier", &Fields::service_tier},
  };
  static const Name* find(std::string_view key) {
    const auto* found = std::find_if(std::begin(kNames), std::end(kNames), [&](const Name& n) { return n.name == key; });
    return found != std::end(kNames) ? found : nullptr;
  }
};

oc_status RequestParser::parse() {
  Fields f;
  const bool ok = version() && sort_members(f) && model(f) && limit(f.max_tokens) && turns(f) && stream(f.stream) &&
                  sampling(f) && stop(f.stop_sequences) && tools(f.tools) && tool_choice(f.tool_choice) &&
                  thinking(f.thinking) && output(f);
  if (!ok) return failed_;
  extras(f);
  anchors(f);
  out_.input_bytes = media_.input_bytes(out_.raw.len);
  return OC_OK;
}

// Also keeps the two headers that a provider of the same dialect passes on.
bool RequestParser::version() {
  const auto said = dialect::trimmed(dialect::header(in_.headers, in_.n_headers, "anthropic-version"));
  strict_2026_ = said == kVersion2026;
  if (!said.empty() && !strict_2026_ && said != kVersion2023)
    return refuse("anthropic-version", call_.concat({"\"", said, "\" is not a valid version"}));
  oc_header* kept = call_.array<oc_header>(in_.n_headers + 1);
  for (std::uint64_t i = 0; i < in_.n_headers; ++i) {
    const auto name = oc::view(in_.headers[i].name);
    if (name == "anthropic-version" || name == "anthropic-beta") kept[out_.n_headers++] = in_.headers[i];
  }
  out_.headers = kept;
  return true;
}

bool RequestParser::sort_members(Fields& fields) {
  root_ = call_.parse(out_.raw);
  if (!root_) return refuse({}, "The request body is not valid JSON");
  if (!root_.is_object()) return refuse({}, "The request body must be a JSON object");
  if (root_.size() > kMembersMax) return refuse({}, "The request body has too many members");
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
    if (twice) return refuse(member.key(), "The member is there twice");
  }
  return true;
}

bool RequestParser::model(const Fields& f) {
  if (f.model.absent_or_null()) return refuse("model", kRequired);
  if (!f.model.is_string()) return refuse("model", kWantString);
  if (f.model.str().empty()) return refuse("model", "String should have at least 1 character");
  out_.model = oc::str(f.model.str());
  return true;
}

bool RequestParser::limit(oc::Json value) {
  if (value.absent_or_null()) return out_.op == OC_OP_COUNT_TOKENS || refuse("max_tokens", kRequired);
  const std::int64_t n = value.integer(kNoInteger);
  if (n == kNoInteger) return refuse("max_tokens", kWantInteger);
  if (n < 0) return refuse("max_tokens", "Input should be greater than or equal to 0");
  if (n > kTokensMax) return refuse("max_tokens", "The value is too large");
  out_.max_output_tokens = static_cast<std::uint64_t>(n);
  out_.set_mask |= OC_SET_MAX_TOKENS;
  return true;
}

bool RequestParser::turns(const Fields& f) {
  if (f.messages.absent_or_null()) return refuse("messages", kRequired);
  if (!f.messages.is_array()) return refuse("messages", kWantList);
  if (f.messages.size() == 0) return refuse("messages", "at least one message is required");
  const oc_turn** list = call_.array<const oc_turn*>(f.messages.size() + 1);
  MessageParser parser(call_, media_, strict_2026_);
  const auto take = [&](const oc_turn* turn) {
    if (turn == nullptr) {
      failed_ = parser.failed();
      return false;
    }
    list[out_.n_turns++] = turn;
    return true;
  };
  out_.turns = list;
  if (!f.system.absent_or_null() && !take(parser.system(f.system, {nullptr, "system"}))) return false;
  const Path top{nullptr, "messages"};
  std::uint64_t i = 0;
  for (const oc::Json message : f.messages)
    if (!take(parser.turn(message, top.element(i++)))) return false;
  return true;
}

bool RequestParser::stream(oc::Json value) {
  if (value.absent_or_null()) return true;
  if (!value.is_bool()) return refuse("stream", "Input should be a valid boolean");
  // The dialect's streams always tell usage.
  if (value.boolean() && out_.op == OC_OP_GENERATE) out_.flags |= OC_REQ_STREAM | OC_REQ_STREAM_USAGE;
  return true;
}

bool RequestParser::sampling(const Fields& f) {
  const auto number = [&](oc::Json value, std::string_view name, double& to, std::uint64_t bit) {
    if (value.absent_or_null()) return true;
    if (strict_2026_) return refuse(name, kNotPermitted);
    if (!value.is_number()) return refuse(name, "Input should be a valid number");
    to = value.number();
    out_.set_mask |= bit;
    return true;
  };
  double top_k = 0;
  if (!number(f.temperature, "temperature", out_.temperature, OC_SET_TEMPERATURE)) return false;
  if (!number(f.top_p, "top_p", out_.top_p, OC_SET_TOP_P)) return false;
  if (!number(f.top_k, "top_k", top_k, OC_SET_TOP_K)) return false;
  if ((out_.set_mask & OC_SET_TOP_K) == 0) return true;
  out_.top_k = f.top_k.integer(kNoInteger);
  return out_.top_k != kNoInteger || refuse("top_k", kWantInteger);
}

bool RequestParser::stop(oc::Json value) {
  if (value.absent_or_null()) return true;
  if (!value.is_array()) return refuse("stop_sequences", kWantList);
  oc_str* list = call_.array<oc_str>(value.size());
  const Path top{nullptr, "stop_sequences"};
  for (const oc::Json item : value) {
    if (!item.is_string()) return refuse(top.element(out_.n_stop).text(call_), kWantString);
    list[out_.n_stop++] = oc::str(item.str());
  }
  out_.stop = list;
  return true;
}

bool RequestParser::tools(oc::Json list) {
  if (list.absent_or_null()) return true;
  if (!list.is_array()) return refuse("tools", kWantList);
  const oc_tool** tools = call_.array<const oc_tool*>(list.size());
  out_.tools = tools;
  const Path top{nullptr, "tools"};
  for (const oc::Json item : list) {
    tools[out_.n_tools] = tool(item, top.element(out_.n_tools));
    if (tools[out_.n_tools] == nullptr) return false;
    ++out_.n_tools;
  }
  return true;
}

const oc_tool* RequestParser::tool(oc::Json value, const Path& at) {
  if (!value.is_object()) return refuse(at.text(call_), kWantObject), nullptr;
  auto* t = call_.make_sized<oc_tool>();
  t->name = oc::str(value["name"].str());
  const oc::Json type = value["type"];
  if (!type.absent_or_null() && type.str() != "custom") {
    t->flags = OC_TOOLF_BUILTIN;
    t->ext_json = oc::str(value.raw());
    return t;
  }
  if (t->name.len == 0) return refuse(at.member("name").text(call_), kRequired), nullptr;
  const oc::Json schema = value["input_schema"], description = value["description"];
  if (!schema.is_object()) return refuse(at.member("input_schema").text(call_), schema ? kWantObject : kRequired), nullptr;
  t->schema_json = oc::str(schema.raw());
  t->description = oc::str(description.str());
  if (value["strict"].boolean()) t->flags |= OC_TOOLF_STRICT;
  // What would be lost when told by a typed field alone stays verbatim.
  const std::string_view told = t->description.len != 0 ? "description" : "";
  const std::string_view strict = (t->flags & OC_TOOLF_STRICT) != 0 ? "strict" : "";
  t->ext_json = oc::str(members_except(call_, value, {"type", "name", "input_schema", told, strict}));
  return t;
}

bool RequestParser::tool_choice(oc::Json choice) {
  if (choice.absent_or_null()) return true;
  if (!want_object(choice, "tool_choice")) return false;
  const auto type = choice["type"].str();
  if (type == "auto") {
    out_.tool_choice = OC_CHOICE_AUTO;
  } else if (type == "any") {
    out_.tool_choice = OC_CHOICE_REQUIRED;
  } else if (type == "none") {
    out_.tool_choice = OC_CHOICE_NONE;
  } else if (type == "tool") {
    const oc::Json name = choice["name"];
    if (!name.is_string()) return refuse("tool_choice.name", name ? kWantString : kRequired);
    auto* names = call_.array<oc_str>(1);
    names[0] = oc::str(name.str());
    out_.choice_names = names;
    out_.n_choice_names = 1;
    out_.tool_choice = OC_CHOICE_REQUIRED;
  } else {
    choice_known_ = false;
  }
  if (choice["disable_parallel_tool_use"].boolean()) out_.flags |= OC_REQ_SERIAL_TOOLS;
  return true;
}

bool RequestParser::thinking(oc::Json value) {
  if (value.absent_or_null()) return true;
  if (!want_object(value, "thinking")) return false;
  const auto type = value["type"].str();
  if (type == "disabled") {
    out_.set_mask |= OC_SET_REASONING_BUDGET;
    return true;
  }
  if (type == "enabled") {
    const oc::Json budget = value["budget_tokens"];
    const std::int64_t n = budget.integer(kNoInteger);
    if (n == kNoInteger) return refuse("thinking.enabled.budget_tokens", budget ? kWantInteger : kRequired);
    if (n < 1 || n > kTokensMax)
      return refuse("thinking.enabled.budget_tokens", "Input should be greater than or equal to 1024");
    out_.reasoning_budget = n;
  } else {  // adaptive, and kinds that nobody knows yet
    out_.reasoning_budget = -1;
    thinking_known_ = type == "adaptive";
  }
  out_.set_mask |= OC_SET_REASONING_BUDGET;
  if (value["display"].str() != "omitted") out_.flags |= OC_REQ_SHOW_REASONING;
  return true;
}

bool RequestParser::output(const Fields& f) {
  if (!f.output_config.absent_or_null() && !want_object(f.output_config, "output_config")) return false;
  const oc::Json effort = f.output_config["effort"];
  if (!effort.absent_or_null()) {
    if (!effort.is_string()) return refuse("output_config.effort", kWantString);
    out_.reasoning_effort = oc::str(effort.str());
  }
  if (const oc::Json newer = f.output_config["format"]; !newer.absent_or_null())
    return format(newer, {nullptr, "output_config.format"});
  return f.output_format.absent_or_null() || format(f.output_format, {nullptr, "output_format"});
}

bool RequestParser::format(oc::Json value, const Path& at) {
  if (!value.is_object()) return refuse(at.text(call_), kWantObject);
  if (value["type"].str() != "json_schema") {
    format_known_ = false;
    return true;
  }
  const oc::Json schema = value["schema"];
  if (!schema.is_object()) return refuse(at.member("schema").text(call_), schema ? kWantObject : kRequired);
  out_.format = OC_FORMAT_JSON_SCHEMA;
  out_.format_schema_json = oc::str(schema.raw());
  out_.flags |= OC_REQ_FORMAT_STRICT;
  return true;
}

// Members that nobody models, verbatim; of those that are half modelled, the other half.
void RequestParser::extras(const Fields& f) {
  out_.user = oc::str(f.metadata["user_id"].str());
  out_.service_tier = oc::str(f.service_tier.str());
  struct Half {
    std::string_view name, rest;
  };
  const Half halves[] = {
      {"metadata", members_except(call_, f.metadata, {out_.user.len != 0 ? "user_id" : ""})},
      {"thinking", thinking_known_ ? members_except(call_, f.thinking, {"type", "budget_tokens"}) : f.thinking.raw()},
      {"output_config", members_except(call_, f.output_config, {"effort", format_known_ ? "format" : ""})},
      {"output_format", format_known_ || f.output_format.absent_or_null() ? std::string_view() : f.output_format.raw()},
      {"tool_choice", choice_known_ ? std::string_view() : f.tool_choice.raw()},
  };
  std::string_view all = members_except(
      call_, root_, {"model", "messages", "max_tokens", "system", "stop_sequences", "stream", "temperature", "top_p", "top_k",
                     "tools", "tool_choice", "thinking", "output_config", "output_format", "metadata", "service_tier"});
  for (const Half& half : halves) {
    if (half.rest.empty()) continue;
    const auto one = dialect::object_of(call_, half.name, half.rest);
    all = all.empty() ? one : call_.concat({all.substr(0, all.size() - 1), ",", one.substr(1)});
  }
  out_.ext_json = oc::str(all);
}

void RequestParser::anchors(const Fields& f) {
  constexpr std::size_t kAnchors = 3;
  oc_anchor* list = call_.array<oc_anchor>(kAnchors);
  const char* const begin = reinterpret_cast<const char*>(out_.raw.ptr);
  const auto add = [&](std::string_view name, oc::Json value) {
    if (!value) return;
    list[out_.n_anchors++] = {oc::str(name), static_cast<std::uint64_t>(value.raw().data() - begin), value.raw().size()};
  };
  add("object", root_);
  add("model", f.model);
  add("max_tokens", f.max_tokens);
  out_.anchors = list;
}

bool RequestParser::want_object(oc::Json value, std::string_view name) {
  return value.is_object() || refuse(name, kWantObject);
}

bool RequestParser::refuse(std::string_view param, std::string_view message) {
  const auto words = param.empty() ? message : call_.concat({param, ": ", message});
  failed_ = call_.fail(OC_E_INVALID, words, "invalid_request_error", param, 400);
  return false;
}

}  // namespace onechat::anthropic_messages
