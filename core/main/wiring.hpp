// From a configuration to what the data plane runs on. The only place, with serve.cpp, that knows every module.
#pragma once
#include <boost/asio/ssl/context.hpp>
#include <map>
#include <memory>
#include <string>

#include "control/config.hpp"
#include "exchange/worker.hpp"
#include "ledger/price_book.hpp"
#include "plugin/catalogue.hpp"

namespace onechat::main {

// Health of targets, kept over reloads: "provider model" -> its breaker.
using HealthMap = std::map<std::string, std::shared_ptr<routing::TargetHealth>>;

Result<std::shared_ptr<const exchange::SharedPlan>> make_shared_plan(const control::Config& config,
                                                                     std::shared_ptr<const ledger::PriceBook> prices,
                                                                     HealthMap& health);

// TLS contexts for upstreams by their file of authorities, made when one is first needed: reading the system's costs
// some megabytes and 50 ms. Shared by all workers.
using TlsContexts = std::map<std::string, std::shared_ptr<boost::asio::ssl::context>>;

// What a provider's connections are made of, for the loop that will own them.
struct ClientSpec {
  std::size_t provider = 0;
  net::Origin origin;
  net::ClientOptions options;
  std::shared_ptr<boost::asio::ssl::context> tls;
};

struct PreparedPlan {  // made on the control thread; its connections are made on the loop
  std::unique_ptr<exchange::WorkerPlan> plan;
  std::vector<ClientSpec> clients;
};

// Errors: OC_E_CONFIG, one line: which plugin or setting, why, what to do.
Result<PreparedPlan> make_worker_plan(const control::Config& config, plugin::Catalogue& catalogue,
                                      std::shared_ptr<const exchange::SharedPlan> shared,
                                      const plugin::LoopServices& services, TlsContexts& contexts);
// [loop]
void connect_plan(PreparedPlan& prepared, boost::asio::io_context& loop);

}  // namespace onechat::main
