#include "control/metrics.hpp"

#include <dirent.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <limits>

namespace onechat::control {
namespace {

std::uint64_t count_fds() {
  DIR* dir = ::opendir("/proc/self/fd");
  if (!dir) return 0;
  std::uint64_t n = 0;
  while (const dirent* entry = ::readdir(dir)) n += entry->d_name[0] != '.';
  ::closedir(dir);
  return n > 0 ? n - 1 : 0;  // one of them is the directory
}

}  // namespace

prometheus::ClientMetric& MetricsText::sample(std::string_view name, std::string_view help, prometheus::MetricType type,
                                              const Labels& labels) {
  prometheus::MetricFamily* family = nullptr;
  for (auto& f : families_)
    if (f.name == name) family = &f;
  if (!family) {
    families_.emplace_back();
    family = &families_.back();
    family->name = name;
    family->help = help;
    family->type = type;
  }
  auto& metric = family->metric.emplace_back();
  for (const auto& [key, value] : labels) metric.label.push_back({key, value});
  return metric;
}

void MetricsText::counter(std::string_view name, std::string_view help, double value, const Labels& labels) {
  sample(name, help, prometheus::MetricType::Counter, labels).counter.value = value;
}

void MetricsText::gauge(std::string_view name, std::string_view help, double value, const Labels& labels) {
  sample(name, help, prometheus::MetricType::Gauge, labels).gauge.value = value;
}

void MetricsText::histogram(std::string_view name, std::string_view help, std::span<const double> bounds,
                            std::span<const std::uint64_t> counts, double sum, const Labels& labels) {
  auto& h = sample(name, help, prometheus::MetricType::Histogram, labels).histogram;
  std::uint64_t so_far = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    so_far += counts[i];
    const double bound = i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity();
    h.bucket.push_back({so_far, bound});
  }
  h.sample_count = so_far;
  h.sample_sum = sum;
}

std::string MetricsText::text() const { return prometheus::TextSerializer().Serialize(families_); }

ProcessFacts process_facts() {
  ProcessFacts facts;
  std::uint64_t pages_total = 0, pages_resident = 0;
  std::ifstream("/proc/self/statm") >> pages_total >> pages_resident;
  facts.resident_bytes = pages_resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  facts.open_fds = count_fds();
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (word == "Threads:") status >> facts.threads;
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  facts.cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  return facts;
}

void add_process_metrics(MetricsText& out, std::int64_t started_unix_ms) {
  const ProcessFacts facts = process_facts();
  out.counter("process_cpu_seconds_total", "User and system CPU time spent", facts.cpu_s);
  out.gauge("process_resident_memory_bytes", "Resident memory", static_cast<double>(facts.resident_bytes));
  out.gauge("process_open_fds", "Open file descriptors", static_cast<double>(facts.open_fds));
  out.gauge("process_threads", "Threads", static_cast<double>(facts.threads));
  out.gauge("process_start_time_seconds", "Start of the process, Unix time",
            static_cast<double>(started_unix_ms) / 1000);
}

}  // namespace onechat::control
