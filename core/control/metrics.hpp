// Metrics as Prometheus reads them: a builder for whatever has counters, and the facts of the process.
#pragma once
#include <prometheus/metric_family.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace onechat::control {

// Collects samples and renders them once. Samples of one name share its first help text and form one family, in the
// order they came. Not thread-safe.
class MetricsText {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  void counter(std::string_view name, std::string_view help, double value, const Labels& labels = {});
  void gauge(std::string_view name, std::string_view help, double value, const Labels& labels = {});
  // `counts[i]` observations lie in bucket i, whose upper bound is `bounds[i]`; one more bucket holds those above all.
  void histogram(std::string_view name, std::string_view help, std::span<const double> bounds,
                 std::span<const std::uint64_t> counts, double sum, const Labels& labels = {});

  std::string text() const;

 private:
  prometheus::ClientMetric& sample(std::string_view name, std::string_view help, prometheus::MetricType type,
                                   const Labels& labels);
  std::vector<prometheus::MetricFamily> families_;
};

struct ProcessFacts {
  std::uint64_t resident_bytes = 0, open_fds = 0, threads = 0;
  double cpu_s = 0;  // user and system
};
ProcessFacts process_facts();

// process_* and the start time, under the names that Prometheus clients use.
void add_process_metrics(MetricsText& out, std::int64_t started_unix_ms);

}  // namespace onechat::control
