#include "plan.hpp"

#include <algorithm>

#include "common/headers.hpp"
#include "conversation.hpp"

namespace onechat::anthropic_messages {
namespace {

constexpr std::int64_t kBudgetMin = 1024;

struct Effort {
  std::string_view word, wire;
  std::int64_t budget;
};
// What a word is worth in tokens, and the word that the dialect has for it.
constexpr Effort kEfforts[] = {{"minimal", "low", 1024},   {"low", "low", 1024},       {"medium", "medium", 8192},
                               {"high", "high", 24'576},   {"xhigh", "xhigh", 32'768}, {"max", "max", 65'536}};

const Effort* effort_named(std::string_view word) {
  for (const Effort& e : kEfforts)
    if (e.word == word) return &e;
  return nullptr;
}

std::string_view effort_for(std::int64_t budget) {
  std::string_view word = "low";
  for (const Effort& e : kEfforts)
    if (e.budget <= budget) word = e.wire;
  return word;
}

bool is_set(const oc_request& r, std::uint64_t bit) { return (r.set_mask & bit) != 0; }

class Planner {
 public:
  Planner(const Settings& settings, const oc_request& request, Drops& drops) : s_(settings), r_(request), drops_(drops) {
    p_.own = oc::view(r_.dialect) == kDialectName;
    p_.generation = generation_of(oc::view(r_.model));
  }

  Plan plan() {
    format();
    p_.own ? own_thinking() : foreign_thinking();
    limit();
    if (p_.thinking == Plan::Thinking::budget && loop_lacks_thinking(r_, {oc::view(r_.model), s_.replay_unsigned})) no_thinking();
    sampling();
    version();
    p_.strict_tools = p_.own || p_.generation.at_least(4, 5);
    return p_;
  }

 private:
  void format() {
    if (r_.format == OC_FORMAT_JSON) drops_.add("response_format");
    if (r_.format != OC_FORMAT_JSON_SCHEMA) return;
    const bool old = p_.generation.known() && !p_.generation.at_least(4, 5) && !p_.own;  // an own client knows its model
    const bool tool = s_.structured == Settings::Structured::tool || (s_.structured == Settings::Structured::automatic && old);
    p_.format = tool ? Plan::Format::tool : Plan::Format::output_config;
  }

  // As it was said; only what this gateway itself breaks is mended.
  void own_thinking() {
    p_.effort = oc::view(r_.reasoning_effort);
    if (!is_set(r_, OC_SET_REASONING_BUDGET)) return;
    p_.budget = r_.reasoning_budget;
    p_.thinking = p_.budget > 0 ? Plan::Thinking::budget : p_.budget < 0 ? Plan::Thinking::adaptive : Plan::Thinking::disabled;
    if (p_.thinks() && p_.format == Plan::Format::tool) no_thinking();
  }

  void foreign_thinking() {
    const auto word = oc::view(r_.reasoning_effort);
    const bool said = is_set(r_, OC_SET_REASONING_BUDGET);
    if (said ? r_.reasoning_budget == 0 : word == "none") {
      // Earlier generations do not think unless they are told to.
      if (p_.generation.at_least(4, 6)) p_.thinking = Plan::Thinking::disabled;
      return;
    }
    const Effort* effort = effort_named(word);
    if (!said && effort == nullptr) return;
    if (forced_tool() || (p_.generation.known() && !p_.generation.at_least(3, 7))) return no_thinking();
    p_.budget = said && r_.reasoning_budget > 0 ? r_.reasoning_budget : effort != nullptr ? effort->budget : kEfforts[2].budget;
    const bool adapts = s_.thinking == Settings::Thinking::adaptive ||
                        (s_.thinking == Settings::Thinking::automatic && p_.generation.at_least(4, 6));
    p_.thinking = adapts ? Plan::Thinking::adaptive : Plan::Thinking::budget;
    if (!adapts) return;
    p_.summarized = (r_.flags & OC_REQ_SHOW_REASONING) != 0;
    if (effort != nullptr)
      p_.effort = effort->wire;
    else if (r_.reasoning_budget > 0)
      p_.effort = effort_for(r_.reasoning_budget);
    if (p_.effort == "xhigh" && !p_.generation.at_least(4, 7)) p_.effort = "high";
  }

  // A choice that leaves the model no way but a tool is refused together with thinking.
  bool forced_tool() const {
    return p_.format == Plan::Format::tool || (r_.tool_choice == OC_CHOICE_REQUIRED && r_.n_tools != 0);
  }

  void no_thinking() {
    p_.thinking = Plan::Thinking::unsaid;
    p_.summarized = false;
    drops_.add("reasoning");
  }

  // The budget lies inside max_tokens.
  void limit() {
    const bool budget = p_.thinking == Plan::Thinking::budget;
    if (!is_set(r_, OC_SET_MAX_TOKENS)) {
      if (budget && !p_.own) p_.budget = std::max(p_.budget, kBudgetMin);
      p_.max_tokens = s_.max_tokens_default + (budget ? static_cast<std::uint64_t>(p_.budget) : 0);
      return;
    }
    p_.max_tokens = r_.max_output_tokens;
    if (p_.own || !budget) return;
    const auto most = static_cast<std::int64_t>(std::min<std::uint64_t>(p_.max_tokens, INT64_MAX));
    if (p_.budget >= most) p_.budget = most - most / 4;  // a quarter stays for the answer
    p_.budget = std::max(p_.budget, kBudgetMin);
    if (p_.budget >= most) no_thinking();
  }

  void sampling() {
    p_.temperature = is_set(r_, OC_SET_TEMPERATURE);
    p_.top_p = is_set(r_, OC_SET_TOP_P);
    p_.top_k = is_set(r_, OC_SET_TOP_K);
    p_.temperature_value = p_.own ? r_.temperature : std::clamp(r_.temperature, 0.0, 1.0);
    const bool refused = s_.sampling == Settings::Sampling::drop || !s_.serves(kVersion2023) ||
                         (s_.sampling == Settings::Sampling::automatic && p_.generation.at_least(4, 7) && !p_.own);
    if (!p_.own) {
      // Left out without a word: what it would be anyway.
      if (refused || p_.thinks()) {
        p_.temperature = p_.temperature && p_.temperature_value != 1;
        p_.top_p = p_.top_p && r_.top_p != 1;
      }
      if (p_.temperature && p_.top_p && r_.top_p == 1) p_.top_p = false;
      if (p_.thinks()) {
        drop(p_.temperature, "temperature");
        drop(p_.top_k, "top_k");
        if (r_.top_p < 0.95) drop(p_.top_p, "top_p");
      }
      if (p_.temperature && p_.generation.at_least(4, 1)) drop(p_.top_p, "top_p");  // one of the two, not both
    }
    if (!refused) return;
    drop(p_.temperature, "temperature");
    drop(p_.top_p, "top_p");
    drop(p_.top_k, "top_k");
  }

  void drop(bool& wanted, std::string_view name) {
    if (wanted) drops_.add(name);
    wanted = false;
  }

  void version() {
    const auto asked = client_version(r_);
    const bool samples = p_.temperature || p_.top_p || p_.top_k;
    if (samples)
      p_.version = kVersion2023;
    else
      p_.version = s_.serves(asked) ? asked : s_.newest_version();
  }

  const Settings& s_;
  const oc_request& r_;
  Drops& drops_;
  Plan p_;
};

}  // namespace

void Drops::add(std::string_view what) {
  if (std::find(list_.begin(), list_.begin() + n_, what) == list_.begin() + n_ && n_ < list_.size()) list_[n_++] = what;
}

oc_status Drops::tell(const oc::Call& call) const {
  for (std::size_t i = 0; i < n_; ++i)
    if (const oc_status s = call.dropped(list_[i]); s < 0) return s;
  return OC_OK;
}

Plan plan_of(const Settings& settings, const oc_request& request, Drops& drops) {
  return Planner(settings, request, drops).plan();
}

std::string_view client_version(const oc_request& request) {
  if (oc::view(request.dialect) != kDialectName) return {};
  const auto said = dialect::trimmed(dialect::header(request.headers, request.n_headers, "anthropic-version"));
  return said.empty() ? kVersion2023 : said;
}

}  // namespace onechat::anthropic_messages
