#include "main/data_plane_metrics.hpp"

namespace onechat::main {
namespace {

using exchange::Counter;
using exchange::WorkerMetrics;

struct CounterFacts {
  const char* name;
  const char* help;
  Counter WorkerMetrics::*member;
};
constexpr CounterFacts kCounters[] = {
    {"onechat_refused_auth_total", "Requests refused for their key.", &WorkerMetrics::refused_auth},
    {"onechat_refused_rate_total", "Requests refused by a rate or concurrency limit.", &WorkerMetrics::refused_rate},
    {"onechat_refused_funds_total", "Requests refused for want of money or by a spend limit.",
     &WorkerMetrics::refused_funds},
    {"onechat_refused_ledger_total", "Requests refused because the ledger was not available.",
     &WorkerMetrics::refused_ledger},
    {"onechat_lease_hits_total", "Holds taken from a lease, in memory.", &WorkerMetrics::lease_hits},
    {"onechat_hold_extensions_total", "Times a stream outgrew its hold.", &WorkerMetrics::extensions},
    {"onechat_clipped_total", "Requests whose answer was limited to what the wallet could pay.",
     &WorkerMetrics::clipped},
    {"onechat_attempts_total", "Tries at targets.", &WorkerMetrics::attempts},
    {"onechat_retries_total", "Second and later tries of a request.", &WorkerMetrics::retries},
    {"onechat_fallbacks_total", "Tries at another target than the first.", &WorkerMetrics::fallbacks},
    {"onechat_breaker_skips_total", "Targets passed over because their breaker was open.",
     &WorkerMetrics::breaker_skips},
    {"onechat_client_gone_total", "Clients that left before their answer was complete.", &WorkerMetrics::client_gone},
    {"onechat_streams_total", "Requests for a streamed answer.", &WorkerMetrics::streams},
    {"onechat_stream_events_total", "Events of answers.", &WorkerMetrics::stream_events},
    {"onechat_usage_estimated_total", "Answers whose usage was counted, not reported.",
     &WorkerMetrics::usage_estimated},
    {"onechat_unpriced_total", "Requests refused because their model has no price.", &WorkerMetrics::unpriced},
    {"onechat_input_tokens_total", "Input tokens settled, of all kinds.", &WorkerMetrics::input_tokens},
    {"onechat_output_tokens_total", "Output tokens settled, of all kinds.", &WorkerMetrics::output_tokens},
};

double seconds(std::uint64_t us) { return static_cast<double>(us) / 1e6; }

}  // namespace

void DataPlaneMetrics::add(Series& to, const exchange::Histogram& from) {
  for (std::size_t b = 0; b < to.counts.size(); ++b) to.counts[b] += from.count(b);
  to.sum_us += from.sum_us();
}

void DataPlaneMetrics::add(const plugin::InstanceBase& instance) {
  for (std::size_t f = 0; f < static_cast<std::size_t>(plugin::Timed::count_); ++f) {
    const plugin::CallTimes& times = instance.times(static_cast<plugin::Timed>(f));
    if (times.total_ticks() == 0) continue;
    Times& sum = plugin_times_[{instance.id(), std::string(plugin::timed_name(static_cast<plugin::Timed>(f)))}];
    for (std::size_t b = 0; b < sum.counts.size(); ++b) sum.counts[b] += times.count(b);
    sum.ticks += times.total_ticks();
  }
}

void DataPlaneMetrics::add(const exchange::Worker& worker, const net::Server& server) {
  for (const auto& c : kCounters) counters_[c.name] += (worker.metrics.*c.member).value();
  for (std::size_t c = 0; c < answers_.size(); ++c) answers_[c] += worker.metrics.answers_by_class[c].value();
  add(total_, worker.metrics.total);
  add(first_byte_, worker.metrics.first_byte);
  add(reserve_, worker.metrics.reserve_wait);
  const net::ServerCounters s = server.counters();
  server_.connections_open += s.connections_open;
  server_.connections_total += s.connections_total;
  server_.requests_total += s.requests_total;
  server_.rejected_total += s.rejected_total;
  if (!worker.plan) return;
  for (const auto& p : worker.plan->providers) {
    if (p.codec) add(*p.codec);
    if (p.active) add(*p.active);
    if (!p.client) continue;
    const net::ClientCounters c = p.client->counters();
    net::ClientCounters& sum = clients_[p.name];
    sum.connects += c.connects;
    sum.reuses += c.reuses;
    sum.open += c.open;
    sum.idle += c.idle;
    sum.dns_queries += c.dns_queries;
    sum.timeouts += c.timeouts;
  }
  for (const auto& surface : worker.plan->surfaces) add(*surface);
  for (const auto& stage : worker.plan->stages) add(*stage);
  for (const auto& [name, router] : worker.plan->routers) add(*router);
}

void DataPlaneMetrics::write(control::MetricsText& out, const char* name, const char* help, const Series& series) {
  std::vector<double> bounds;
  for (auto us : exchange::Histogram::kBoundsUs) bounds.push_back(seconds(us));
  out.histogram(name, help, bounds, series.counts, seconds(series.sum_us));
}

void DataPlaneMetrics::write(control::MetricsText& out) const {
  for (std::size_t c = 0; c < answers_.size(); ++c)
    if (c != 1)
      out.counter("onechat_answers_total",
                  "Answers by class of their HTTP status; \"gone\": the client left before one.",
                  static_cast<double>(answers_[c]), {{"class", c == 0 ? "gone" : std::to_string(c) + "xx"}});
  for (const auto& c : kCounters) {
    const auto at = counters_.find(c.name);
    out.counter(c.name, c.help, at == counters_.end() ? 0 : static_cast<double>(at->second));
  }
  write(out, "onechat_exchange_seconds", "Request head to the end of the answer.", total_);
  write(out, "onechat_first_byte_seconds", "Request head to the first byte of the answer.", first_byte_);
  write(out, "onechat_reserve_seconds", "Waiting for a hold.", reserve_);
  out.gauge("onechat_connections_open", "Client connections.", static_cast<double>(server_.connections_open));
  out.counter("onechat_connections_total", "Client connections accepted.",
              static_cast<double>(server_.connections_total));
  out.counter("onechat_requests_total", "Requests read.", static_cast<double>(server_.requests_total));
  out.counter("onechat_rejected_total", "Requests refused for their framing.",
              static_cast<double>(server_.rejected_total));
  for (const auto& [name, c] : clients_) {
    const control::MetricsText::Labels labels{{"provider", name}};
    out.counter("onechat_upstream_connects_total", "Connections opened.", static_cast<double>(c.connects), labels);
    out.counter("onechat_upstream_reuses_total", "Requests on a kept connection.", static_cast<double>(c.reuses),
                labels);
    out.gauge("onechat_upstream_connections", "Connections open.", static_cast<double>(c.open), labels);
    out.gauge("onechat_upstream_idle", "Connections waiting for use.", static_cast<double>(c.idle), labels);
    out.counter("onechat_upstream_timeouts_total", "Deadlines missed.", static_cast<double>(c.timeouts), labels);
  }
  std::vector<double> bounds;
  for (std::size_t b = 0; b + 1 < plugin::CallTimes::kBuckets; ++b)
    bounds.push_back(static_cast<double>(2ull << b) * plugin::seconds_per_tick());
  for (const auto& [key, times] : plugin_times_)
    out.histogram("onechat_plugin_call_seconds", "Time in a plugin's function.", bounds, times.counts,
                  static_cast<double>(times.ticks) * plugin::seconds_per_tick(),
                  {{"plugin", key.first}, {"fn", key.second}});
}

}  // namespace onechat::main
