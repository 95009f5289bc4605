#include "request_parser.hpp"

#include <algorithm>

#include "common/members.hpp"
#include "input_list.hpp"

namespace onechat::openai_responses {
namespace {

constexpr std::uint64_t kMembersMax = 256;  // of the top level; OpenAI knows some thirty
constexpr std::uint64_t kItemsMax = 100'000;
constexpr std::int64_t kTokensMax = std::int64_t(1) << 40;

FieldPath top(std::string_view name) { return {nullptr, name, -1}; }

bool includes(oc::Json list, std::string_view word) {
  for (const oc::Json v : list)
    if (v.str() == word) return true;
  return false;
}

}  // namespace

// The members that are understood. What is not here goes into ext_json.
struct RequestParser::Fields {
  oc::Json model, input, instructions, previous_response_id, tools, tool_choice, parallel_tool_calls, max_output_tokens;
  oc::Json temperature, top_p, top_logprobs, text, reasoning, include, store, stream, user, service_tier;
  oc::Json background, conversation, prompt;

  struct Name {
    std::string_view name;
    oc::Json Fields::*field;
    bool carried;  // in ext_json too: nothing of the typed request says it all
  };
  static constexpr Name kNames[] = {
      {"model", &Fields::model, false},
      {"input", &Fields::input, false},
      {"instructions", &Fields::instructions, false},
      {"previous_response_id", &Fields::previous_response_id, false},
      {"tools", &Fields::tools, false},
      {"tool_choice", &Fields::tool_choice, false},
      {"parallel_tool_calls", &Fields::parallel_tool_calls, false},
      {"max_output_tokens", &Fields::max_output_tokens, false},
      {"temperature", &Fields::temperature, false},
      {"top_p", &Fields::top_p, false},
      {"top_logprobs", &Fields::top_logprobs, false},
      {"text", &Fields::text, false},
      {"reasoning", &Fields::reasoning, false},
      {"include", &Fields::include, true},
      {"store", &Fields::store, true},
      {"stream", &Fields::stream, false},
      {"user", &Fields::user, false},
      {"service_tier", &Fields::service_tier, false},
      {"background", &Fields::background, true},
      {"conversation", &Fields::conversation, true},
      {"prompt", &Fields::prompt, true},
  };
  static const Name* find(std::string_view key) {
    const auto* found =
        std::find_if(std::begin(kNames), std::end(kNames), [&](const Name& n) { return n.name == key; });
    return found != std::end(kNames) ? found : nullptr;
  }
};

oc_status RequestParser::parse() {
  Fields f;
  bool choice_known = true;
  const bool ok = sort_members(f) && model(f) && parse_tools(call_, refuse_, f.tools, out_, facts_.tools) && flags(f) &&
                  input(f) && limits(f) && format(f) &&
                  parse_tool_choice(call_, refuse_, f.tool_choice, facts_.tools, out_, choice_known);
  if (!ok) return refuse_.status;
  options(f, choice_known);
  anchors(f);
  facts_.echo = echo_of(call_, root_);
  out_.input_bytes = media_.input_bytes(out_.raw.len);
  return OC_OK;
}

bool RequestParser::sort_members(Fields& fields) {
  root_ = call_.parse(out_.raw);
  if (!root_.is_object()) {
    refuse_.status = call_.fail(OC_E_INVALID,
                                root_ ? "The body of the request must be a JSON object."
                                      : "We could not parse the JSON body of your request. It must be one valid "
                                        "JSON object in UTF-8.",
                                root_ ? "invalid_type" : "", {}, 400);
    return false;
  }
  if (root_.size() > kMembersMax) return refuse_({}, "The body of the request has too many members.");
  for (const oc::Json member : root_) {
    const Fields::Name* known = Fields::find(member.key());
    if (known == nullptr) continue;
    oc::Json& field = fields.*known->field;
    if (field) return refuse_(top(known->name), "It is there twice.", "duplicate_parameter");
    field = member;
  }
  return true;
}

bool RequestParser::model(const Fields& f) {
  if (!refuse_.want_string(f.model, top("model"), out_.model)) return false;
  return out_.model.len != 0 || refuse_(top("model"), "It must not be empty.");
}

bool RequestParser::flags(const Fields& f) {
  bool streams = false, stores = true, parallel = true;
  if (!boolean(f.stream, top("stream"), streams) || !boolean(f.store, top("store"), stores) ||
      !boolean(f.parallel_tool_calls, top("parallel_tool_calls"), parallel) ||
      !boolean(f.background, top("background"), facts_.background))
    return false;
  if (!f.include.absent_or_null() && !f.include.is_array())
    return refuse_(top("include"), "An array is expected.", "invalid_type");
  if (streams) out_.flags |= OC_REQ_STREAM | OC_REQ_STREAM_USAGE;
  if (stores) out_.flags |= OC_REQ_KEEP;
  if (!parallel) out_.flags |= OC_REQ_SERIAL_TOOLS;
  if (out_.op != OC_OP_GENERATE) out_.flags = 0;
  facts_.shows_state = !stores || includes(f.include, "reasoning.encrypted_content");
  facts_.conversation = !f.conversation.absent_or_null();
  facts_.prompt = !f.prompt.absent_or_null();
  return true;
}

bool RequestParser::input(const Fields& f) {
  if (!f.previous_response_id.absent_or_null() &&
      !refuse_.want_string(f.previous_response_id, top("previous_response_id"), out_.previous_id))
    return false;
  const bool optional = out_.previous_id.len != 0 || facts_.conversation || facts_.prompt;
  if (f.input.absent_or_null() && !optional) return refuse_.missing(top("input"));
  if (f.input && !f.input.absent_or_null() && !f.input.is_string() && !f.input.is_array())
    return refuse_(top("input"), "A string or an array of items is expected.", "invalid_type");
  if (f.input.size() > kItemsMax) return refuse_(top("input"), "There are too many items.", "array_above_max_length");

  ItemParser parser(call_, facts_.tools, media_, refuse_);
  TurnList turns = TurnList::of(call_, f.input.size() + 2);
  if (!f.instructions.absent_or_null() && !f.instructions.is_string())
    return refuse_(top("instructions"), "A string is expected.", "invalid_type");
  if (!f.instructions.str().empty())
    turns.add(parser.text_turn(OC_ROLE_SYSTEM, f.instructions.str(), kInstructionsMark));
  if (f.input.is_string()) turns.add(parser.text_turn(OC_ROLE_USER, f.input.str()));
  if (f.input.is_array()) {
    const FieldPath at = top("input");
    std::uint64_t i = 0;
    for (const oc::Json item : f.input)
      if (!parser.item(item, at.element(i++), turns)) return false;
  }
  out_.turns = turns.list;
  out_.n_turns = turns.n;
  facts_.input = oc::str(input_elements(call_, f.input));
  if (out_.previous_id.len == 0 && f.input.is_array()) {
    out_.previous_id = oc::str(referred_response(call_, f.input));
    facts_.by_reference = out_.previous_id.len != 0;
  }
  return true;
}

bool RequestParser::limits(const Fields& f) {
  std::uint64_t logprobs = 0;
  if (!count(f.max_output_tokens, top("max_output_tokens"), 1, out_.max_output_tokens, OC_SET_MAX_TOKENS) ||
      !count(f.top_logprobs, top("top_logprobs"), 0, logprobs, OC_SET_LOGPROBS) ||
      !number(f.temperature, top("temperature"), out_.temperature, OC_SET_TEMPERATURE) ||
      !number(f.top_p, top("top_p"), out_.top_p, OC_SET_TOP_P))
    return false;
  out_.top_logprobs = static_cast<std::int64_t>(logprobs);
  if (includes(f.include, "message.output_text.logprobs")) out_.set_mask |= OC_SET_LOGPROBS;
  return true;
}

bool RequestParser::format(const Fields& f) {
  if (!f.text.absent_or_null() && !f.text.is_object())
    return refuse_(top("text"), "An object is expected.", "invalid_type");
  out_.verbosity = oc::str(f.text["verbosity"].str());
  const oc::Json format = f.text["format"];
  if (format.absent_or_null()) return true;
  const FieldPath text = top("text"), at = text.member("format");
  if (!format.is_object()) return refuse_(at, "An object is expected.", "invalid_type");
  const auto type = format["type"].str();
  if (type == "text") out_.format = OC_FORMAT_TEXT;
  if (type == "json_object") out_.format = OC_FORMAT_JSON;
  if (out_.format != OC_FORMAT_UNSET) return true;
  if (type != "json_schema")
    return refuse_(at.member("type"), "Supported values are: 'text', 'json_object', and 'json_schema'.");
  out_.format = OC_FORMAT_JSON_SCHEMA;
  if (!refuse_.want_string(format["name"], at.member("name"), out_.format_name)) return false;
  if (!format["schema"].is_object()) return refuse_(at.member("schema"), "An object is expected.", "invalid_type");
  out_.format_schema_json = oc::str(format["schema"].raw());
  out_.format_description = oc::str(format["description"].str());
  if (format["strict"].boolean()) out_.flags |= OC_REQ_FORMAT_STRICT;
  return true;
}

// What a provider may use and what nobody is harmed by when it is odd; and everything that is only this dialect's.
void RequestParser::options(const Fields& f, bool choice_known) {
  out_.reasoning_effort = oc::str(f.reasoning["effort"].str());
  const oc::Json summary =
      f.reasoning["summary"].absent_or_null() ? f.reasoning["generate_summary"] : f.reasoning["summary"];
  if (!summary.absent_or_null()) out_.flags |= OC_REQ_SHOW_REASONING;
  out_.user = oc::str(f.user.str());
  out_.service_tier = oc::str(f.service_tier.str());
  const auto reasoning = dialect::members_except(call_, f.reasoning, {"effort"});
  const auto text = dialect::members_except(call_, f.text, {"format", "verbosity"});
  const auto format =
      dialect::members_except(call_, f.text["format"], {"type", "name", "schema", "description", "strict"});
  bool any = false;
  const auto ext = call_.json([&](oc::Writer w) {
    const auto put = [&](std::string_view name, std::string_view value) {
      if (value.empty()) return;
      any = true;
      w.key(name).raw(value);
    };
    w.object();
    for (const oc::Json member : root_) {
      const Fields::Name* known = Fields::find(member.key());
      if (known == nullptr || known->carried) put(member.key(), member.raw());
    }
    put("reasoning", reasoning);
    put("text", text);
    put("text.format", format);
    if (!choice_known) put("tool_choice", f.tool_choice.raw());
    w.close();
  });
  if (any) out_.ext_json = oc::str(ext);
}

void RequestParser::anchors(const Fields& f) {
  oc_anchor* list = call_.array<oc_anchor>(3);
  const char* const begin = reinterpret_cast<const char*>(out_.raw.ptr);
  const auto add = [&](std::string_view name, oc::Json value) {
    list[out_.n_anchors++] = {oc::str(name), static_cast<std::uint64_t>(value.raw().data() - begin),
                              value.raw().size()};
  };
  add("object", root_);
  add("model", f.model);
  if (f.include) add("include", f.include);
  out_.anchors = list;
}

bool RequestParser::boolean(oc::Json value, const FieldPath& at, bool& out) {
  if (value.absent_or_null()) return true;
  if (!value.is_bool()) return refuse_(at, "A boolean is expected.", "invalid_type");
  out = value.boolean();
  return true;
}

bool RequestParser::number(oc::Json value, const FieldPath& at, double& out, std::uint64_t bit) {
  if (value.absent_or_null()) return true;
  if (!value.is_number()) return refuse_(at, "A number is expected.", "invalid_type");
  out = value.number();
  out_.set_mask |= bit;
  return true;
}

bool RequestParser::count(oc::Json value, const FieldPath& at, std::int64_t least, std::uint64_t& out,
                          std::uint64_t bit) {
  if (value.absent_or_null()) return true;
  constexpr std::int64_t kNoInteger = INT64_MIN;
  const std::int64_t n = value.integer(kNoInteger);
  if (n == kNoInteger) return refuse_(at, "An integer is expected.", "invalid_type");
  if (n < least) return refuse_(at, "The value is too small.", "integer_below_min_value");
  if (n > kTokensMax) return refuse_(at, "The value is too large.", "integer_above_max_value");
  out = static_cast<std::uint64_t>(n);
  out_.set_mask |= bit;
  return true;
}

}  // namespace onechat::openai_responses
