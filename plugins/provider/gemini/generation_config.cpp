#include "generation_config.hpp"

#include <algorithm>

#include "common/members.hpp"
#include "gemini/names.hpp"
#include "gemini/schema.hpp"

namespace onechat::gemini {
namespace {

constexpr std::uint64_t kStopMax = 5;
constexpr std::int64_t kLogprobsMax = 20;

struct Effort {
  std::string_view word;
  std::int64_t budget;     // tokens, for models that think by a budget
  std::string_view level;  // for models that think by a level
};
constexpr Effort kEfforts[] = {{"none", 0, "MINIMAL"},     {"minimal", 512, "MINIMAL"}, {"low", 1024, "LOW"},
                               {"medium", 8192, "MEDIUM"}, {"high", 24576, "HIGH"},     {"xhigh", 24576, "HIGH"},
                               {"max", 24576, "HIGH"}};
constexpr std::int64_t kLowMax = 2048, kMediumMax = 16384;  // budgets that are still a low or medium effort
constexpr std::int64_t kProBudgetMin = 128;                 // gemini-2.5-pro cannot stop thinking

const Effort* effort_of(std::string_view word) {
  for (const Effort& e : kEfforts)
    if (e.word == word) return &e;
  return nullptr;
}

std::string_view level_of_budget(std::int64_t budget) {
  if (budget == 0) return "MINIMAL";
  return budget <= kLowMax ? "LOW" : budget <= kMediumMax ? "MEDIUM" : "HIGH";
}

bool has(std::string_view text, std::string_view piece) { return text.find(piece) != std::string_view::npos; }

// Not every model of the third generation has all levels.
std::string_view level_for(std::string_view model, std::string_view level) {
  if (level == "MINIMAL" && has(model, "pro")) return "LOW";
  if (level == "MEDIUM" && has(model, "gemini-3-pro")) return "HIGH";
  return level;
}

std::string_view upper(const oc::Call& call, std::string_view word) {
  const auto copy = call.copy(word);
  char* const text = const_cast<char*>(copy.data());  // in the arena
  for (std::size_t i = 0; i < copy.size(); ++i)
    if (text[i] >= 'a' && text[i] <= 'z') text[i] = static_cast<char>(text[i] - 'a' + 'A');
  return copy;
}

class ConfigWriter {
 public:
  ConfigWriter(const oc::Call& call, const Settings& settings, const oc_request& request, oc::Writer& out)
      : call_(call), settings_(settings), request_(request), out_(out), same_(oc::view(request.dialect) == "gemini") {
    if (same_ && request.ext_json.len != 0) kept_ = member(call.parse(oc::view(request.ext_json)), "generationConfig");
  }

  oc_status write() {
    sampling();
    if (const oc_status s = stop(); s < 0) return s;
    if (const oc_status s = format(); s < 0) return s;
    if (const oc_status s = same_ ? thinking_as_it_was() : thinking(); s < 0) return s;
    if (kept_.is_object())
      for (const oc::Json m : kept_)
        if (m.key() != "thinkingConfig") key(m.key()).raw(m.raw());
    if (open_) out_.close();
    return OC_OK;
  }

 private:
  oc::Writer& key(std::string_view name) {
    if (!open_) out_.key("generationConfig").object();
    open_ = true;
    return out_.key(name);
  }
  bool is_set(std::uint64_t bit) const { return (request_.set_mask & bit) != 0; }

  void sampling() {
    const oc_request& r = request_;
    if (is_set(OC_SET_TEMPERATURE)) key("temperature").number(r.temperature);
    if (is_set(OC_SET_TOP_P)) key("topP").number(r.top_p);
    if (is_set(OC_SET_TOP_K)) key("topK").integer(r.top_k);
    if (is_set(OC_SET_N) && (same_ || r.n > 1)) key("candidateCount").integer(r.n);
    if (is_set(OC_SET_MAX_TOKENS)) key("maxOutputTokens").integer(static_cast<std::int64_t>(r.max_output_tokens));
    if (is_set(OC_SET_PRESENCE_PENALTY)) key("presencePenalty").number(r.presence_penalty);
    if (is_set(OC_SET_FREQUENCY_PENALTY)) key("frequencyPenalty").number(r.frequency_penalty);
    // Google's are 32 bits wide; the same seed must stay the same.
    if (is_set(OC_SET_SEED)) key("seed").integer(same_ ? r.seed : r.seed & 0x7FFFFFFF);
    if (is_set(OC_SET_LOGPROBS)) {
      key("responseLogprobs").boolean(true);
      if (r.top_logprobs > 0) key("logprobs").integer(same_ ? r.top_logprobs : std::min(r.top_logprobs, kLogprobsMax));
    }
  }

  oc_status stop() {
    if (request_.n_stop == 0) return OC_OK;
    const std::uint64_t n = same_ ? request_.n_stop : std::min(request_.n_stop, kStopMax);
    key("stopSequences").array();
    for (std::uint64_t i = 0; i < n; ++i) out_.str(oc::view(request_.stop[i]));
    out_.close();
    return n < request_.n_stop ? call_.dropped("stop") : oc_status(OC_OK);
  }

  oc_status format() {
    if (request_.format == OC_FORMAT_UNSET || (request_.format == OC_FORMAT_TEXT && !same_)) return OC_OK;
    if (request_.format == OC_FORMAT_TEXT) return key("responseMimeType").str("text/plain"), OC_OK;
    // Before the third generation a form of the answer and functions exclude each other.
    bool functions = false;
    for (std::uint64_t i = 0; i < request_.n_tools; ++i)
      functions = functions || (request_.tools[i]->flags & OC_TOOLF_BUILTIN) == 0;
    if (functions && !same_ && !is_third_generation(oc::view(request_.model))) return call_.dropped("response_format");
    if (!same_ || !member(kept_, "responseMimeType")) key("responseMimeType").str("application/json");
    if (request_.format != OC_FORMAT_JSON_SCHEMA || request_.format_schema_json.len == 0) return OC_OK;
    if (member(kept_, "responseSchema").is_object()) return OC_OK;  // as the client spelled it
    const auto schema = oc::view(request_.format_schema_json);
    if (settings_.json_schema)
      key("responseJsonSchema").raw(schema);
    else
      key("responseSchema").raw(subset_of(call_, call_.parse(schema)));
    return OC_OK;
  }

  oc_status thinking_as_it_was() {
    const bool shows = (request_.flags & OC_REQ_SHOW_REASONING) != 0, budget = is_set(OC_SET_REASONING_BUDGET);
    const oc::Json kept = kept_["thinkingConfig"];
    if (!shows && !budget && request_.reasoning_effort.len == 0 && !kept.is_object()) return OC_OK;
    key("thinkingConfig").object();
    if (shows) out_.key("includeThoughts").boolean(true);
    if (budget) out_.member("thinkingBudget", request_.reasoning_budget);
    if (request_.reasoning_effort.len != 0)
      out_.member("thinkingLevel", upper(call_, oc::view(request_.reasoning_effort)));
    if (kept.is_object())
      for (const oc::Json m : kept) out_.key(m.key()).raw(m.raw());
    out_.close();
    return OC_OK;
  }

  oc_status thinking() {
    const auto model = oc::view(request_.model), word = oc::view(request_.reasoning_effort);
    const Thinking how = settings_.thinking.value_or(thinking_of(model));
    const bool shows = (request_.flags & OC_REQ_SHOW_REASONING) != 0;
    const Effort* effort = effort_of(word);
    std::int64_t budget = -1;
    if (is_set(OC_SET_REASONING_BUDGET))
      budget = request_.reasoning_budget;
    else if (effort != nullptr)
      budget = effort->budget;
    if (how == Thinking::none) return budget > 0 ? call_.dropped("reasoning") : oc_status(OC_OK);
    if (budget < 0 && !shows) return OC_OK;
    key("thinkingConfig").object();
    if (how == Thinking::level && budget >= 0)
      out_.member("thinkingLevel", level_for(model, effort != nullptr ? effort->level : level_of_budget(budget)));
    if (how == Thinking::budget && budget >= 0) out_.member("thinkingBudget", within_limits(model, budget));
    if (shows) out_.key("includeThoughts").boolean(true);
    out_.close();
    return OC_OK;
  }

  std::int64_t within_limits(std::string_view model, std::int64_t budget) const {
    if (is_set(OC_SET_MAX_TOKENS))
      budget = static_cast<std::int64_t>(
          std::min<std::uint64_t>(static_cast<std::uint64_t>(budget), request_.max_output_tokens));
    return has(model, "2.5-pro") ? std::max(budget, kProBudgetMin) : budget;
  }

  const oc::Call& call_;
  const Settings& settings_;
  const oc_request& request_;
  oc::Writer& out_;
  const bool same_;
  oc::Json kept_;
  bool open_ = false;
};

}  // namespace

oc_status write_generation_config(const oc::Call& call, const Settings& settings, const oc_request& request,
                                  oc::Writer& out) {
  return ConfigWriter(call, settings, request, out).write();
}

}  // namespace onechat::gemini
