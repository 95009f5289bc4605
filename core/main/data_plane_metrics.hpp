// The counters of all workers, added up for one scrape.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "control/metrics.hpp"
#include "exchange/worker.hpp"
#include "net/server.hpp"

namespace onechat::main {

class DataPlaneMetrics {
 public:
  void add(const exchange::Worker& worker, const net::Server& server);  // [that worker's loop]
  void write(control::MetricsText& out) const;

 private:
  struct Times {
    std::array<std::uint64_t, plugin::CallTimes::kBuckets> counts{};
    std::uint64_t ticks = 0;
  };
  struct Series {
    std::array<std::uint64_t, exchange::Histogram::kBoundsUs.size() + 1> counts{};
    std::uint64_t sum_us = 0;
  };
  static void add(Series& to, const exchange::Histogram& from);
  void add(const plugin::InstanceBase& instance);
  static void write(control::MetricsText& out, const char* name, const char* help, const Series& series);

  std::map<std::string, std::uint64_t> counters_;  // by metric name
  std::array<std::uint64_t, 6> answers_{};
  Series total_, first_byte_, reserve_;
  net::ServerCounters server_{};
  std::map<std::string, net::ClientCounters> clients_;                 // by provider
  std::map<std::pair<std::string, std::string>, Times> plugin_times_;  // by component and function
};

}  // namespace onechat::main
