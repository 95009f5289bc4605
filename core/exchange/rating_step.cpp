// What an exchange may cost and what it did cost: usage, price and terms turned into money.
#include <algorithm>
#include <array>
#include <span>

#include "exchange/exchange.hpp"
#include "ledger/rerate.hpp"

namespace onechat::exchange {
namespace {

using ledger::ServiceTier;

constexpr std::uint64_t kSearchesHeld = 5;  // of a request that may search by itself; more is settled all the same

std::uint64_t tokens_of(const oc_usage& u) noexcept {
  return u.input + u.cache_read + u.cache_write + u.cache_write_1h + u.audio_input + u.output + u.reasoning +
         u.audio_output;
}

// The tier that a client names; `standard` when it leaves the choice to the provider.
ServiceTier asked_tier(const oc_request& request) noexcept {
  const std::string_view word = view(request.service_tier);
  if (word == "flex") return ServiceTier::flex;
  if (word == "priority" || word == "fast") return ServiceTier::priority;
  return word == "batch" ? ServiceTier::batch : ServiceTier::standard;
}

bool may_search(const oc_request& request) noexcept {
  for (std::uint64_t i = 0; i < request.n_tools; ++i)
    if ((request.tools[i]->flags & OC_TOOLF_BUILTIN) != 0 && view(request.tools[i]->ext_json).find("earch") != std::string_view::npos)
      return true;
  return false;
}

}  // namespace

ledger::Terms Exchange::terms_of(const Choice& choice) const {
  const std::string_view project = principal_ ? std::string_view(principal_->project->name) : std::string_view();
  return {plan_->shared->markups.find(project, view(request_->model), choice.target->provider_name), choice.tariff.byok};
}

Result<ledger::Rated> Exchange::rated(const Choice& choice, const oc_usage& usage) const {
  return ledger::rate(*choice.tariff.price, usage, terms_of(choice));
}

// The most that the request can cost at that target, however it will be served, with at most `output_max` output tokens.
Result<ledger::Rated> Exchange::worst_case(const Choice& choice, std::uint64_t output_max) const {
  oc_usage worst{};
  worst.struct_size = sizeof worst;
  const ProviderRuntime& p = plan_->providers[choice.target->provider];
  oc_request asked = *request_;
  asked.model = str(choice.model);
  if (p.codec && p.codec->table().estimate != nullptr) p.codec->table().estimate(p.codec->self(), &asked, &worst);
  if (p.active && p.active->table().estimate != nullptr) p.active->table().estimate(p.active->self(), &asked, &worst);
  if (tokens_of(worst) == 0 || worst.input == 0) worst.input = request_->input_bytes;
  if (worst.output == 0 && request_->op == OC_OP_GENERATE)
    worst.output = ((request_->set_mask & OC_SET_MAX_TOKENS) != 0 ? request_->max_output_tokens
                                                                  : choice.tariff.output_tokens_max) *
                   request_->n;
  worst.output = std::min(worst.output, output_max);
  if (worst.searches == 0 && may_search(*request_)) worst.searches = kSearchesHeld;
  worst.requests = 1;
  const std::array all{ServiceTier::standard, asked_tier(*request_), ledger::tier_of(worst)};
  const std::span tiers(all);
  const bool one = all[1] == all[0] && all[2] == all[0];
  return ledger::dearest(*choice.tariff.price, worst, terms_of(choice), tiers.first(one ? 1 : all.size()));
}

// Adds what `usage_` costs at that target, and keeps how it came about for the attempt's line in the trace.
void Exchange::charge(std::size_t position) {
  const Choice& choice = choices_[position];
  usage_.requests = 1;
  const bool told = (usage_.flags & OC_USAGE_TIER) != 0;
  if (const ServiceTier asked = asked_tier(*request_); !told && asked != ServiceTier::standard && !was_dropped("service_tier"))
    usage_.flags |= ledger::usage_flag(asked);
  const ledger::Terms terms = terms_of(choice);
  const auto priced = ledger::rate(*choice.tariff.price, usage_, terms);
  if (priced) {
    cost_nano_ += priced->cost;
    fee_nano_ += priced->fee;
    rating_json_.clear();
    oc_jsonw w(&rating_json_);
    ledger::write_rating(w, choice.tariff.price_text, usage_, terms, *priced);
  } else {  // more than money can express: a provider's nonsense, and the hold is what we know
    cost_nano_ += held_nano_;
    usage_estimated_ = true;
  }
  worker_.metrics.input_tokens.add(usage_.input + usage_.cache_read + usage_.cache_write + usage_.cache_write_1h +
                                   usage_.audio_input);
  worker_.metrics.output_tokens.add(usage_.output + usage_.reasoning + usage_.audio_output);
}

}  // namespace onechat::exchange
