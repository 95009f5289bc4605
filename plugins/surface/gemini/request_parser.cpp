#include "request_parser.hpp"

#include <cmath>

#include "common/members.hpp"
#include "gemini/names.hpp"
#include "gemini/schema.hpp"

namespace onechat::gemini {
namespace {

constexpr std::uint64_t kMembersMax = 256;  // of the body; Google knows some fifteen
constexpr std::int64_t kCandidatesMax = 8, kTokensMax = std::int64_t(1) << 40;

bool given(oc::Json v) { return !v.absent_or_null(); }

std::string_view lower(const oc::Call& call, std::string_view word) {
  const auto copy = call.copy(word);
  char* const text = const_cast<char*>(copy.data());  // in the arena
  for (std::size_t i = 0; i < copy.size(); ++i)
    if (text[i] >= 'A' && text[i] <= 'Z') text[i] = static_cast<char>(text[i] - 'A' + 'a');
  return copy;
}

// One object out of up to two; either may be "".
std::string_view joined(const oc::Call& call, std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return a.empty() ? b : a;
  return call.concat({a.substr(0, a.size() - 1), ",", b.substr(1)});
}

}  // namespace

oc_status RequestParser::generate() { return done(open_body() && generation(root_)); }

oc_status RequestParser::count_tokens() {
  if (!open_body()) return done(false);
  const oc::Json inner = member(root_, "generateContentRequest");
  anchor("model", inner["model"]);
  return done(generation(inner.is_object() ? inner : root_));
}

bool RequestParser::open_body() {
  root_ = call_.parse(out_.raw);
  if (!root_) return refuse({}, "the body is not one valid JSON object in UTF-8");
  if (!root_.is_object()) return refuse({}, "the body must be a JSON object");
  if (root_.size() > kMembersMax) return refuse({}, "the body has too many members");
  anchors_max_ = member(root_, "requests").size() + 4;
  out_.anchors = call_.array<oc_anchor>(anchors_max_);
  anchor("object", root_);
  anchor("model", root_["model"]);
  return true;
}

bool RequestParser::generation(oc::Json body) {
  // A gateway and an upstream could read two different ones.
  const auto twice = named_twice(body, {"contents", "systemInstruction", "tools", "toolConfig", "generationConfig"});
  if (!twice.empty()) return refuse({nullptr, twice, -1}, "it is there twice");
  const bool ok = contents(body["contents"], member(body, "systemInstruction")) && tools(body["tools"]) &&
                  tool_config(member(body, "toolConfig")) && generation_config(member(body, "generationConfig"));
  if (!ok) return false;
  out_.service_tier = oc::str(member(body, "serviceTier").str());
  leftovers(body);
  return true;
}

bool RequestParser::contents(oc::Json list, oc::Json system) {
  const dialect::FieldPath top{nullptr, "contents", -1};
  const bool single = list.is_object() || list.is_string();
  if (!single && !list.is_array())
    return refuse(top, given(list) ? "an array is expected" : "contents are not specified");
  if (list.is_array() && list.size() == 0) return refuse(top, "contents are not specified");
  const oc_turn** turns = call_.array<const oc_turn*>(list.size() + 2);
  const auto add = [&](const oc_turn* t) {
    turns[out_.n_turns] = t;
    if (t == nullptr) failed_ = contents_.failed();
    return turns[out_.n_turns++] != nullptr;
  };
  if (given(system) && !add(contents_.system(system, {nullptr, "systemInstruction", -1}))) return false;
  if (single && !add(contents_.content(list, top))) return false;
  std::uint64_t i = 0;
  if (list.is_array())
    for (const oc::Json content : list)
      if (!add(contents_.content(content, top.element(i++)))) return false;
  out_.turns = turns;
  return true;
}

bool RequestParser::tools(oc::Json list) {
  if (!given(list)) return true;
  const dialect::FieldPath top{nullptr, "tools", -1};
  if (!list.is_array()) return refuse(top, "an array is expected");
  std::uint64_t n = 0, i = 0;
  for (const oc::Json group : list) n += group.size() + member(group, "functionDeclarations").size();
  const oc_tool** tools = call_.array<const oc_tool*>(n + 1);
  for (const oc::Json group : list) {
    const auto at = top.element(i++);
    if (!group.is_object()) return refuse(at, "a tool must be an object");
    for (const oc::Json m : group) {
      if (spells(m.key(), "functionDeclarations")) {
        if (!functions(m, at.member("functionDeclarations"), tools)) return false;
        continue;
      }
      auto* t = call_.make_sized<oc_tool>();
      t->flags = OC_TOOLF_BUILTIN;
      t->name = oc::str(m.key());
      t->ext_json = oc::str(dialect::object_of(call_, m.key(), m.raw()));
      tools[out_.n_tools++] = t;
    }
  }
  out_.tools = tools;
  return true;
}

bool RequestParser::functions(oc::Json list, const dialect::FieldPath& at, const oc_tool** to) {
  if (!list.is_array()) return !given(list) || refuse(at, "an array is expected");
  std::uint64_t i = 0;
  for (const oc::Json f : list) {
    const auto here = at.element(i++);
    const oc::Json name = f["name"];
    if (!name.is_string() || name.str().empty()) return refuse(here.member("name"), "a function needs a name");
    auto* t = call_.make_sized<oc_tool>();
    t->name = oc::str(name.str());
    t->description = oc::str(f["description"].str());
    const oc::Json schema = member(f, "parametersJsonSchema"), subset = f["parameters"];
    if (schema.is_object())
      t->schema_json = oc::str(schema.raw());
    else if (subset.is_object())
      t->schema_json = oc::str(json_schema_of(call_, subset));
    // `parameters` stays among the rest, as the client spelled it, for a provider of this dialect.
    t->ext_json = oc::str(extra_members(call_, f, {"name", "description", "parametersJsonSchema"}));
    to[out_.n_tools++] = t;
  }
  return true;
}

bool RequestParser::tool_config(oc::Json config) {
  if (!given(config)) return true;
  const dialect::FieldPath at{nullptr, "toolConfig", -1}, calling = at.member("functionCallingConfig");
  const oc::Json choice = member(config, "functionCallingConfig");
  const auto mode = choice["mode"].str();
  // VALIDATED is AUTO with arguments that keep to the schema; a mode that is not known goes along untouched.
  const bool known = mode == "AUTO" || mode == "ANY" || mode == "NONE";
  if (mode == "AUTO" || mode == "VALIDATED") out_.tool_choice = OC_CHOICE_AUTO;
  if (mode == "ANY") out_.tool_choice = OC_CHOICE_REQUIRED;
  if (mode == "NONE") out_.tool_choice = OC_CHOICE_NONE;
  const oc::Json names = member(choice, "allowedFunctionNames");
  if (given(names)) {
    const auto where = calling.member("allowedFunctionNames");
    if (!names.is_array()) return refuse(where, "an array is expected");
    oc_str* list = call_.array<oc_str>(names.size() + 1);
    for (const oc::Json n : names) {
      if (!n.is_string()) return refuse(where.element(out_.n_choice_names), "a string is expected");
      list[out_.n_choice_names++] = oc::str(n.str());
    }
    out_.choice_names = list;
  }
  auto kept = known ? extra_members(call_, choice, {"mode", "allowedFunctionNames"})
                    : extra_members(call_, choice, {"allowedFunctionNames"});
  if (!kept.empty()) kept = dialect::object_of(call_, "functionCallingConfig", kept);
  kept_tool_config_ = joined(call_, extra_members(call_, config, {"functionCallingConfig"}), kept);
  return true;
}

bool RequestParser::generation_config(oc::Json config) {
  if (!given(config)) return true;
  const dialect::FieldPath at{nullptr, "generationConfig", -1};
  if (!config.is_object()) return refuse(at, "an object is expected");
  const auto twice = named_twice(config, {"maxOutputTokens", "candidateCount", "thinkingConfig", "responseMimeType"});
  if (!twice.empty()) return refuse(at.member(twice), "it is there twice");
  const bool ok = limits(config, at) && scalars(config, at) && logprobs(config) &&
                  stop(member(config, "stopSequences"), at.member("stopSequences")) && format(config, at) &&
                  thinking(member(config, "thinkingConfig"), at.member("thinkingConfig"));
  if (!ok) return false;
  auto kept = extra_members(call_, config,
                            {"temperature", "topP", "topK", "candidateCount", "maxOutputTokens", "stopSequences",
                             "presencePenalty", "frequencyPenalty", "seed", "responseLogprobs", "logprobs",
                             "responseMimeType", "responseJsonSchema", "thinkingConfig"});
  const auto mime = member(config, "responseMimeType");
  if (given(mime) && out_.format == OC_FORMAT_UNSET)
    kept = joined(call_, kept, dialect::object_of(call_, "responseMimeType", mime.raw()));
  if (const auto schema = member(config, "responseJsonSchema"); given(schema) && out_.format != OC_FORMAT_JSON_SCHEMA)
    kept = joined(call_, kept, dialect::object_of(call_, "responseJsonSchema", schema.raw()));
  if ((out_.set_mask & OC_SET_LOGPROBS) == 0 && given(member(config, "logprobs")))
    kept = joined(call_, kept, dialect::object_of(call_, "logprobs", member(config, "logprobs").raw()));
  if (!kept_thinking_.empty()) kept = joined(call_, kept, dialect::object_of(call_, "thinkingConfig", kept_thinking_));
  kept_generation_config_ = kept;
  return true;
}

bool RequestParser::limits(oc::Json config, const dialect::FieldPath& at) {
  const oc::Json most = member(config, "maxOutputTokens"), n = member(config, "candidateCount");
  std::int64_t tokens = 0, candidates = 1;
  if (!integer(most, at.member("maxOutputTokens"), 0, kTokensMax, tokens)) return false;
  if (!integer(n, at.member("candidateCount"), 1, kCandidatesMax, candidates)) return false;
  if (given(most)) {
    out_.max_output_tokens = static_cast<std::uint64_t>(tokens);
    out_.set_mask |= OC_SET_MAX_TOKENS;
  }
  if (given(n)) out_.set_mask |= OC_SET_N;
  out_.n = static_cast<std::uint32_t>(candidates);
  return true;
}

bool RequestParser::scalars(oc::Json config, const dialect::FieldPath& at) {
  const auto read = [&](std::string_view name, double& to, std::uint64_t bit) {
    return number(member(config, name), at.member(name), to, bit);
  };
  double top_k = 0, seed = 0;
  if (!read("temperature", out_.temperature, OC_SET_TEMPERATURE) || !read("topP", out_.top_p, OC_SET_TOP_P) ||
      !read("topK", top_k, OC_SET_TOP_K) || !read("presencePenalty", out_.presence_penalty, OC_SET_PRESENCE_PENALTY) ||
      !read("frequencyPenalty", out_.frequency_penalty, OC_SET_FREQUENCY_PENALTY) || !read("seed", seed, OC_SET_SEED))
    return false;
  out_.top_k = static_cast<std::int64_t>(std::fmin(std::fmax(top_k, 0), 1e9));
  out_.seed = member(config, "seed").integer();
  return true;
}

bool RequestParser::logprobs(oc::Json config) {
  if (!member(config, "responseLogprobs").boolean()) return true;
  out_.set_mask |= OC_SET_LOGPROBS;
  out_.top_logprobs = member(config, "logprobs").integer(0);
  return true;
}

bool RequestParser::stop(oc::Json list, const dialect::FieldPath& at) {
  if (!given(list)) return true;
  if (!list.is_array()) return refuse(at, "an array is expected");
  oc_str* words = call_.array<oc_str>(list.size() + 1);
  for (const oc::Json word : list) {
    if (!word.is_string()) return refuse(at.element(out_.n_stop), "a string is expected");
    words[out_.n_stop++] = oc::str(word.str());
  }
  out_.stop = words;
  return true;
}

bool RequestParser::format(oc::Json config, const dialect::FieldPath& at) {
  const oc::Json mime = member(config, "responseMimeType"), schema = member(config, "responseJsonSchema");
  const oc::Json subset = member(config, "responseSchema");
  if (given(mime) && !mime.is_string()) return refuse(at.member("responseMimeType"), "a string is expected");
  const auto word = mime.str();
  if (word == "text/plain") out_.format = OC_FORMAT_TEXT;
  if (word == "application/json") out_.format = OC_FORMAT_JSON;
  if (!schema.is_object() && !subset.is_object()) return true;
  if (given(mime) && word != "application/json") return true;  // an enum as plain text: nobody else has that
  out_.format = OC_FORMAT_JSON_SCHEMA;
  out_.format_schema_json = oc::str(schema.is_object() ? schema.raw() : json_schema_of(call_, subset));
  return true;
}

bool RequestParser::thinking(oc::Json config, const dialect::FieldPath& at) {
  if (!given(config)) return true;
  if (!config.is_object()) return refuse(at, "an object is expected");
  const oc::Json budget = member(config, "thinkingBudget");
  if (!integer(budget, at.member("thinkingBudget"), -1, kTokensMax, out_.reasoning_budget)) return false;
  if (given(budget)) out_.set_mask |= OC_SET_REASONING_BUDGET;
  const auto level = member(config, "thinkingLevel").str();
  if (!level.empty() && level != "THINKING_LEVEL_UNSPECIFIED") out_.reasoning_effort = oc::str(lower(call_, level));
  if (member(config, "includeThoughts").boolean()) out_.flags |= OC_REQ_SHOW_REASONING;
  kept_thinking_ = extra_members(call_, config, {"thinkingBudget", "thinkingLevel", "includeThoughts"});
  return true;
}

void RequestParser::leftovers(oc::Json body) {
  auto kept = extra_members(
      call_, body,
      {"contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "serviceTier", "model"});
  if (!kept_generation_config_.empty())
    kept = joined(call_, kept, dialect::object_of(call_, "generationConfig", kept_generation_config_));
  if (!kept_tool_config_.empty())
    kept = joined(call_, kept, dialect::object_of(call_, "toolConfig", kept_tool_config_));
  out_.ext_json = oc::str(kept);
}

oc_status RequestParser::embed(bool batch) {
  if (!open_body()) return done(false);
  const oc::Json requests = root_["requests"];
  const dialect::FieldPath top{nullptr, "requests", -1};
  bool only_text = true;
  if (!batch) {
    out_.inputs = call_.array<oc_str>(1);
    if (!embed_one(root_, {}, only_text)) return done(false);
  } else {
    if (!requests.is_array() || requests.size() == 0) return done(refuse(top, "at least one request is expected"));
    anchor("requests", requests);
    out_.inputs = call_.array<oc_str>(requests.size());
    for (const oc::Json r : requests) {
      anchor("model", r["model"]);
      if (!embed_one(r, top.element(out_.n_inputs), only_text)) return done(false);
    }
  }
  if (!only_text) out_.n_inputs = 0;
  const oc::Json first = batch ? requests.first() : root_;
  auto kept = extra_members(call_, first, {"content", "model"});
  // The other dialects' word for it, so that their providers find it.
  if (const oc::Json size = member(first, "outputDimensionality"); size.is_number())
    kept = joined(call_, kept, dialect::object_of(call_, "dimensions", size.raw()));
  out_.ext_json = oc::str(kept);
  return done(true);
}

bool RequestParser::embed_one(oc::Json request, const dialect::FieldPath& at, bool& only_text) {
  const auto where =
      at.name.empty() && at.index < 0 ? dialect::FieldPath{nullptr, "content", -1} : at.member("content");
  const oc::Json content = request["content"];
  if (!given(content)) return refuse(where, "content is not specified");
  oc_str text{};
  if (!contents_.text_of(content, where, text, only_text)) {
    failed_ = contents_.failed();
    return false;
  }
  const_cast<oc_str*>(out_.inputs)[out_.n_inputs++] = text;  // the array that embed() made
  return true;
}

void RequestParser::anchor(std::string_view name, oc::Json value) {
  if (!value || out_.n_anchors == anchors_max_) return;
  const char* const begin = reinterpret_cast<const char*>(out_.raw.ptr);
  auto* list = const_cast<oc_anchor*>(out_.anchors);  // the array that open_body() made
  list[out_.n_anchors++] = {oc::str(name), static_cast<std::uint64_t>(value.raw().data() - begin), value.raw().size()};
}

bool RequestParser::number(oc::Json value, const dialect::FieldPath& at, double& to, std::uint64_t bit) {
  if (!given(value)) return true;
  if (!value.is_number()) return refuse(at, "a number is expected");
  to = value.number();
  out_.set_mask |= bit;
  return true;
}

bool RequestParser::integer(oc::Json value, const dialect::FieldPath& at, std::int64_t least, std::int64_t most,
                            std::int64_t& to) {
  if (!given(value)) return true;
  const double n = value.number(NAN);
  if (!value.is_number() || n != std::floor(n)) return refuse(at, "an integer is expected");
  if (n < static_cast<double>(least) || n > static_cast<double>(most)) return refuse(at, "it is out of range");
  to = static_cast<std::int64_t>(n);
  return true;
}

bool RequestParser::refuse(const dialect::FieldPath& at, std::string_view message) {
  const auto param = at.text(call_);
  const auto words = param.empty() ? call_.concat({"Invalid JSON payload received: ", message, "."})
                                   : call_.concat({"Invalid value at '", param, "': ", message, "."});
  failed_ = call_.fail(OC_E_INVALID, words, {}, param, 400);
  return false;
}

oc_status RequestParser::done(bool ok) {
  if (!ok) return failed_;
  out_.input_bytes = media_.input_bytes(out_.raw.len);
  return OC_OK;
}

}  // namespace onechat::gemini
