// The data plane as a whole: worker threads, each with a loop, a listener and its part of the configuration.
//
// Made, reloaded and ended by the control thread.
#pragma once
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "control/config.hpp"
#include "control/metrics.hpp"
#include "exchange/worker.hpp"
#include "main/wiring.hpp"
#include "net/server.hpp"

namespace onechat::main {

class Gateway {
 public:
  Gateway(exchange::Node& node, plugin::LogHook log);
  ~Gateway();  // Requires: stop() was called, or start() never.

  // Binds and serves. Errors: OC_E_CONFIG (plugins, settings), OC_E_IO (address in use).
  Result<void> start(const control::Config& config, std::shared_ptr<const ledger::PriceBook> prices);
  // New exchanges use the new configuration; running ones end with the old. On error nothing has changed. Addresses,
  // workers and TLS files stay what they were at start.
  Result<void> reload(const control::Config& config, std::shared_ptr<const ledger::PriceBook> prices);
  std::uint16_t port() const noexcept { return port_; }

  // Refuses new requests and waits until running ones are done, at most `drain_s`; then closes what is left. False when
  // something would not end: the process should exit without unwinding.
  bool stop(std::uint32_t drain_s);

  // [any thread but the loops] What the data plane counts; asks each loop in turn.
  void add_metrics(control::MetricsText& out) const;

 private:
  struct WorkerThread;
  Result<std::vector<PreparedPlan>> prepare(const control::Config& config,
                                            std::shared_ptr<const ledger::PriceBook> prices);

  exchange::Node& node_;
  plugin::LogHook log_;
  HealthMap health_;
  TlsContexts contexts_;
  boost::asio::thread_pool blocking_{2};
  std::shared_ptr<boost::asio::ssl::context> tls_;
  std::vector<std::unique_ptr<WorkerThread>> workers_;
  std::vector<std::shared_ptr<plugin::Catalogue>> catalogues_;  // of every configuration so far: libraries stay
  std::uint16_t port_ = 0;
};

}  // namespace onechat::main
