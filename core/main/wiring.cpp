#include "main/wiring.hpp"

#include <algorithm>

#include "admission/spend_scope.hpp"

namespace onechat::main {
namespace {

using exchange::Step;
using exchange::StepKind;

constexpr std::uint64_t kOutputTokensDefault = 16'384;

std::optional<StepKind> core_step(const std::string& name) {
  static const std::map<std::string, StepKind> kSteps{{"authenticate", StepKind::authenticate},
                                                      {"admit", StepKind::admit},
                                                      {"route", StepKind::route},
                                                      {"reserve", StepKind::reserve},
                                                      {"call", StepKind::call},
                                                      {"settle", StepKind::settle},
                                                      {"trace", StepKind::trace}};
  const auto at = kSteps.find(name);
  return at == kSteps.end() ? std::nullopt : std::optional(at->second);
}

template <class Table>
Result<std::unique_ptr<plugin::Instance<Table>>> instance_of(plugin::Catalogue& catalogue, std::uint32_t kind,
                                                             const control::PluginUse& use,
                                                             const plugin::LoopServices& services) {
  auto found = catalogue.find(kind, use.use);
  if (!found) return found.error();
  return plugin::Instance<Table>::make(*found, services, use.name, use.config_json.empty() ? "{}" : use.config_json);
}

Result<exchange::ProviderRuntime> make_provider(const control::ProviderConfig& config, plugin::Catalogue& catalogue,
                                                const plugin::LoopServices& services) {
  exchange::ProviderRuntime out;
  out.name = config.name;
  out.secrets = config.secrets;
  auto found = catalogue.find(OC_KIND_PROVIDER, config.use);
  if (!found) return found.error();
  out.caps = found->component->facts.caps;
  if (config.disabled) {
    out.disabled_why = config.disabled_why;
    return out;
  }
  const std::string settings = config.config_json.empty() ? "{}" : config.config_json;
  if ((out.caps & OC_PROV_CAP_ACTIVE) != 0) {
    auto made = exchange::ActiveProvider::make(*found, services, config.name, settings);
    if (!made) return made.error();
    out.active = std::move(*made);
    out.caps = out.active->caps();
  } else {
    auto made = exchange::Codec::make(*found, services, config.name, settings);
    if (!made) return made.error();
    out.codec = std::move(*made);
    out.caps = out.codec->caps();
  }
  return out;
}

std::shared_ptr<boost::asio::ssl::context> tls_for(const net::Origin& origin, const net::ClientOptions& options,
                                                   TlsContexts& contexts) {
  if (!origin.tls)
    return std::make_shared<boost::asio::ssl::context>(boost::asio::ssl::context::tls_client);  // not used
  auto& context = contexts[options.ca_file];
  if (!context) context = std::make_shared<boost::asio::ssl::context>(net::make_client_tls(options.ca_file));
  return context;
}

Result<void> add_pipeline(const control::Config& config, plugin::Catalogue& catalogue,
                          const plugin::LoopServices& services, exchange::WorkerPlan& plan) {
  for (const std::string& name : config.pipeline) {
    if (const auto step = core_step(name)) {
      plan.pipeline.push_back({*step});
      continue;
    }
    control::PluginUse use{name, name, "{}", {}, 0};
    for (const auto& stage : config.stages)
      if (stage.name == name) use = stage;
    auto made = instance_of<oc_stage>(catalogue, OC_KIND_STAGE, use, services);
    if (!made) return made.error();
    plan.pipeline.push_back({StepKind::stage, plan.stages.size()});
    plan.stages.push_back(std::move(*made));
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<const exchange::SharedPlan>> make_shared_plan(const control::Config& config,
                                                                     std::shared_ptr<const ledger::PriceBook> prices,
                                                                     HealthMap& health) {
  auto shared = std::make_shared<exchange::SharedPlan>();
  shared->markups = config.markup_table;
  shared->key_limits = config.key_limits;
  shared->project_limits = config.project_limits;
  shared->attempts_max = config.retry.attempts_max;
  shared->retry_percent = config.retry.budget_percent;
  shared->backoff_ms = config.retry.backoff_ms;
  shared->drain_on_disconnect_ms = config.drain_on_disconnect_ms;
  shared->trace_bodies = config.trace_bodies;
  shared->ledger_none = config.ledger_none;
  shared->holds = config.holds;
  shared->loaded_unix_s = system_clock().unix_ms() / 1000;

  std::map<std::string, std::size_t> provider_index;
  for (std::size_t i = 0; i < config.providers.size(); ++i) provider_index[config.providers[i].name] = i;
  struct Own {  // a price of the configuration's own
    ledger::Price price;
    std::string text;
    std::uint64_t output_tokens_max = 0;
  };
  std::map<std::string, Own> overrides;  // by model id
  for (const control::ModelConfig& m : config.models) {
    routing::Model model;
    model.id = m.id;
    model.owned_by = m.owned_by;
    model.router = m.router;
    model.group = admission::group_number(m.group);
    for (const control::TargetConfig& t : m.targets) {
      auto& shared_health = health[t.provider + " " + t.model];
      if (!shared_health)
        shared_health = std::make_shared<routing::TargetHealth>(
            routing::BreakerLimits{config.breaker.failures, config.breaker.open_ms});
      model.targets.push_back({provider_index.at(t.provider), t.provider, t.model, t.weight, t.doors, shared_health});
    }
    if (m.price) {
      auto price = ledger::parse_price(m.price->usd_per_million);
      if (!price) return Error(OC_E_CONFIG, "model '" + m.id + "': " + price.error().message);
      const std::uint64_t most = m.max_output_tokens != 0 ? m.max_output_tokens : kOutputTokensDefault;
      overrides[m.id] = {*price, ledger::price_text(*price, ""), most};
    }
    shared->models.add(std::move(model));
  }
  std::map<std::string, std::uint64_t> output_max;
  for (const auto& m : config.models)
    if (m.max_output_tokens != 0) output_max[m.id] = m.max_output_tokens;

  std::vector<bool> byok;
  for (const auto& p : config.providers) byok.push_back(p.byok);

  shared->tariff = [prices, overrides = std::move(overrides), output_max = std::move(output_max), byok](
                       const routing::Model& model, const routing::Target& target, std::string_view name,
                       std::int64_t unix_ms) -> std::optional<exchange::Tariff> {
    if (const auto own = overrides.find(model.id); own != overrides.end())
      return exchange::Tariff{&own->second.price, own->second.text, byok[target.provider], own->second.output_tokens_max};
    if (!prices) return std::nullopt;
    const auto listed = prices->find(target.provider_name, name, unix_ms);
    if (!listed) return std::nullopt;
    const std::uint64_t most = listed.model->max_output_tokens;
    exchange::Tariff out{listed.price, listed.text, byok[target.provider], most != 0 ? most : kOutputTokensDefault};
    if (const auto own = output_max.find(model.id); own != output_max.end()) out.output_tokens_max = own->second;
    return out;
  };
  return std::shared_ptr<const exchange::SharedPlan>(std::move(shared));
}

Result<PreparedPlan> make_worker_plan(const control::Config& config, plugin::Catalogue& catalogue,
                                      std::shared_ptr<const exchange::SharedPlan> shared,
                                      const plugin::LoopServices& services, TlsContexts& contexts) {
  PreparedPlan out;
  out.plan = std::make_unique<exchange::WorkerPlan>();
  exchange::WorkerPlan& plan = *out.plan;
  plan.shared = std::move(shared);

  std::vector<const surface::SurfaceInstance*> mounted;
  for (const auto& use : config.surfaces) {
    auto made = instance_of<oc_surface>(catalogue, OC_KIND_SURFACE, use, services);
    if (!made) return made.error();
    mounted.push_back(made->get());
    plan.surfaces.push_back(std::move(*made));
  }
  auto mounts = surface::MountTable::make(mounted);
  if (!mounts) return mounts.error();
  plan.mounts.emplace(std::move(*mounts));

  for (std::size_t i = 0; i < config.providers.size(); ++i) {
    const control::ProviderConfig& p = config.providers[i];
    auto made = make_provider(p, catalogue, services);
    if (!made) return made.error();
    if (made->codec) {
      auto origin = net::parse_origin(p.base_url);
      if (!origin) return Error(OC_E_CONFIG, "provider '" + p.name + "': base_url: " + origin.error().message);
      out.clients.push_back({i, *origin, p.client, tls_for(*origin, p.client, contexts)});
    }
    plan.providers.push_back(std::move(*made));
  }

  auto direct = instance_of<oc_router>(catalogue, OC_KIND_ROUTER, {"direct", "direct", "{}", {}, 0}, services);
  if (!direct) return direct.error();
  plan.routers[""] = std::move(*direct);
  for (const auto& use : config.routers) {
    auto made = instance_of<oc_router>(catalogue, OC_KIND_ROUTER, use, services);
    if (!made) return made.error();
    plan.routers[use.name] = std::move(*made);
  }
  if (auto ok = add_pipeline(config, catalogue, services, plan); !ok) return ok.error();
  return out;
}

void connect_plan(PreparedPlan& prepared, boost::asio::io_context& loop) {
  for (ClientSpec& spec : prepared.clients) {
    exchange::ProviderRuntime& provider = prepared.plan->providers[spec.provider];
    provider.tls = spec.tls;
    provider.client = std::make_unique<net::Client>(loop, spec.origin, spec.options, *spec.tls);
  }
}

}  // namespace onechat::main
