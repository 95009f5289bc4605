#include "reasoning_wish.hpp"

#include <algorithm>

namespace onechat::openai_chat {
namespace {

struct Effort {
  std::string_view word;
  std::int64_t budget;  // tokens that stand for it where a vendor counts
};
constexpr Effort kEfforts[] = {{"none", 0},       {"minimal", 512},  {"low", 1024},   {"medium", 8192},
                               {"high", 24576},   {"xhigh", 32768},  {"max", 65536}};
constexpr std::size_t kUnknown = std::size(kEfforts);

std::size_t position(std::string_view word) {
  const auto* e = std::find_if(std::begin(kEfforts), std::end(kEfforts), [&](const Effort& x) { return x.word == word; });
  return static_cast<std::size_t>(e - std::begin(kEfforts));
}

struct Wish {
  bool said = false;
  std::string_view effort;   // "" = the model decides
  std::int64_t budget = -1;  // tokens; -1 = not counted
};

Wish wish_of(const oc_request& r) {
  Wish w;
  w.effort = oc::view(r.reasoning_effort);
  if ((r.set_mask & OC_SET_REASONING_BUDGET) != 0) w.budget = std::max<std::int64_t>(r.reasoning_budget, -1);
  w.said = !w.effort.empty() || (r.set_mask & OC_SET_REASONING_BUDGET) != 0;
  if (w.effort.empty() && w.budget >= 0) {  // the smallest word that is enough
    const auto* e = std::find_if(std::begin(kEfforts), std::end(kEfforts), [&](const Effort& x) { return x.budget >= w.budget; });
    w.effort = e != std::end(kEfforts) ? e->word : std::string_view("max");
  }
  return w;
}

// The nearest word that the vendor knows, never turning thinking on or off: "" when there is none.
std::string_view nearest(const Settings& settings, std::string_view wanted) {
  if (settings.takes_effort(wanted)) return wanted;
  const std::size_t at = position(wanted);
  if (at == 0 || at == kUnknown) return {};
  std::string_view best;
  std::size_t distance = kUnknown;
  for (std::size_t i = 1; i < std::size(kEfforts); ++i) {
    const std::size_t d = i > at ? i - at : at - i;
    if (!settings.takes_effort(kEfforts[i].word) || d >= distance) continue;
    best = kEfforts[i].word;
    distance = d;
  }
  return best;
}

void write_effort(const Settings& settings, const Wish& wish, Losses& losses, oc::Writer& out) {
  if (wish.effort.empty()) return;  // thinking as the model likes is what it does anyway
  const auto word = nearest(settings, wish.effort);
  word.empty() ? losses.note("reasoning_effort") : void(out.member("reasoning_effort", word));
}

void write_openrouter(const Settings& settings, const oc_request& r, const Wish& wish, Losses& losses, oc::Writer& out) {
  out.key("reasoning").object();
  if (wish.budget > 0)
    out.member("max_tokens", wish.budget);
  else if (wish.effort.empty())
    out.key("enabled").boolean(true);
  else if (wish.effort == "none")
    out.key("enabled").boolean(false);
  else if (const auto word = nearest(settings, wish.effort); !word.empty())
    out.member("effort", word);
  else
    losses.note("reasoning_effort");
  if ((r.flags & OC_REQ_SHOW_REASONING) == 0 && wish.effort != "none") out.key("exclude").boolean(true);
  out.close();
}

void write_enable_thinking(const oc_request& r, const Wish& wish, oc::Writer& out) {
  const bool on = wish.effort != "none";
  out.key("enable_thinking").boolean(on);
  if (!on) return;
  std::int64_t budget = wish.budget;
  if (const std::size_t at = position(wish.effort); budget < 0 && at != kUnknown) budget = kEfforts[at].budget;
  if (budget < 0) return;
  if ((r.set_mask & OC_SET_MAX_TOKENS) != 0) budget = std::min(budget, static_cast<std::int64_t>(r.max_output_tokens));
  out.member("thinking_budget", budget);
}

}  // namespace

void write_reasoning_wish(const Settings& settings, const oc_request& request, Losses& losses, oc::Writer& out) {
  const Wish wish = wish_of(request);
  if (!wish.said) return;
  switch (settings.reasoning_style) {
    case ReasoningStyle::effort: return write_effort(settings, wish, losses, out);
    case ReasoningStyle::openrouter: return write_openrouter(settings, request, wish, losses, out);
    case ReasoningStyle::enable_thinking: return write_enable_thinking(request, wish, out);
    case ReasoningStyle::thinking:
      out.key("thinking").object().member("type", wish.effort == "none" ? "disabled" : "enabled").close();
      return;
    case ReasoningStyle::none:
      if (wish.effort != "none") losses.note("reasoning_effort");
      return;
  }
}

}  // namespace onechat::openai_chat
