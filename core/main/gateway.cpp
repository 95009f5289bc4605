#include "main/gateway.hpp"

#include <boost/asio/post.hpp>
#include <chrono>
#include <future>

#include "base/thread_name.hpp"
#include "exchange/exchange.hpp"
#include "json/json.hpp"
#include "main/data_plane_metrics.hpp"

namespace onechat::main {

namespace asio = boost::asio;

struct Gateway::WorkerThread {
  WorkerThread(exchange::Node& node, const plugin::LogHook& log, asio::thread_pool& blocking, unsigned index,
               const exchange::SharedPlan& shared)
      : services{&loop, &operations, &blocking, &node.clock, log},
        worker{loop,
               node,
               operations,
               nullptr,
               IdMaker(static_cast<std::uint16_t>(node.id), seed()),
               {},
               routing::RetryBudget(shared.retry_percent),
               {},
               {},
               false},
        number(index) {}

  static std::uint64_t seed() {
    std::array<std::uint8_t, 8> raw{};
    fill_random(raw);
    std::uint64_t s = 0;
    for (auto b : raw) s = s << 8 | b;
    return s;
  }
  // Runs f on the loop and waits for it.
  template <class F>
  void on_loop(F f) {
    std::promise<void> done;
    asio::post(loop, [&] {
      f();
      done.set_value();
    });
    done.get_future().wait();
  }

  asio::io_context loop{1};
  plugin::OperationPool operations{loop};
  plugin::LoopServices services;
  exchange::Worker worker;
  std::unique_ptr<net::Server> server;
  asio::executor_work_guard<asio::io_context::executor_type> guard{loop.get_executor()};
  unsigned number;
  std::thread thread;
};

namespace {

// A request that never became one has no surface: the OpenAI shape is the one most clients can read.
void reject(const net::HeadView&, const Error& error, unsigned status, std::string& content_type, std::string& body) {
  content_type = "application/json";
  oc_jsonw w(&body);
  w.object().key("error").object().key("message").string(error.message);
  w.key("type").string(status >= 500 ? "server_error" : "invalid_request_error");
  w.key("param").null().key("code");
  if (error.code.empty())
    w.null();
  else
    w.string(error.code);
  w.close().close();
}

}  // namespace

Gateway::Gateway(exchange::Node& node, plugin::LogHook log) : node_(node), log_(std::move(log)) {}
Gateway::~Gateway() = default;

Result<std::vector<PreparedPlan>> Gateway::prepare(const control::Config& config,
                                                   std::shared_ptr<const ledger::PriceBook> prices) {
  std::vector<std::filesystem::path> folders(config.plugin_dirs.begin(), config.plugin_dirs.end());
  auto catalogue = std::make_shared<plugin::Catalogue>(folders);
  auto shared = make_shared_plan(config, std::move(prices), health_);
  if (!shared) return shared.error();
  if (workers_.empty()) {
    const unsigned n = config.workers != 0 ? config.workers : std::max(1u, std::thread::hardware_concurrency());
    for (unsigned i = 0; i < n; ++i)
      workers_.push_back(std::make_unique<WorkerThread>(node_, log_, blocking_, i, **shared));
  }
  std::vector<PreparedPlan> plans;
  for (auto& w : workers_) {
    auto plan = make_worker_plan(config, *catalogue, *shared, w->services, contexts_);
    if (!plan) return plan.error();
    plans.push_back(std::move(*plan));
  }
  catalogues_.push_back(std::move(catalogue));
  return plans;
}

Result<void> Gateway::start(const control::Config& config, std::shared_ptr<const ledger::PriceBook> prices) {
  auto plans = prepare(config, std::move(prices));
  if (!plans) return plans.error();
  try {
    if (!config.tls_certificate_file.empty()) {
      tls_ = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
      tls_->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                        asio::ssl::context::no_tlsv1_1);
      tls_->use_certificate_chain_file(config.tls_certificate_file);
      tls_->use_private_key_file(config.tls_key_file, asio::ssl::context::pem);
    }
    auto at = asio::ip::tcp::endpoint(asio::ip::make_address(config.listen.host), config.listen.port);
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      WorkerThread& w = *workers_[i];
      connect_plan((*plans)[i], w.loop);
      w.worker.plan = std::move((*plans)[i].plan);
      net::ServerHooks hooks;
      hooks.handle = [&worker = w.worker](net::Transaction& t) { return exchange::serve(worker, t); };
      hooks.reject = reject;
      w.server = std::make_unique<net::Server>(w.loop, at, tls_.get(), config.server, std::move(hooks));
      at.port(w.server->local_endpoint().port());  // all workers share the port that the first one got
    }
    port_ = at.port();
  } catch (const std::exception& e) {
    return Error(OC_E_IO,
                 "cannot listen on " + config.listen.host + ":" + std::to_string(config.listen.port) + ": " + e.what());
  }
  for (auto& w : workers_) {
    w->server->start();
    w->thread = std::thread([&loop = w->loop] {
      name_this_thread("worker");
      loop.run();
    });
  }
  return {};
}

Result<void> Gateway::reload(const control::Config& config, std::shared_ptr<const ledger::PriceBook> prices) {
  auto plans = prepare(config, std::move(prices));
  if (!plans) return plans.error();
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    WorkerThread& w = *workers_[i];
    w.on_loop([&] {
      connect_plan((*plans)[i], w.loop);
      w.worker.plan = std::move((*plans)[i].plan);
    });
  }
  return {};
}

bool Gateway::stop(std::uint32_t drain_s) {
  using clock = std::chrono::steady_clock;
  const auto each = [&](auto f) {
    for (auto& w : workers_)
      if (w->thread.joinable()) w->on_loop([&] { f(*w); });
  };
  const auto all_closed = [&](clock::time_point until) {
    for (;;) {
      bool closed = true;
      each([&](WorkerThread& w) { closed = closed && w.server->closed(); });
      if (closed || clock::now() >= until) return closed;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  };
  each([](WorkerThread& w) {
    w.worker.draining = true;
    w.server->drain();
  });
  bool closed = all_closed(clock::now() + std::chrono::seconds(drain_s));
  if (!closed) {
    each([](WorkerThread& w) { w.server->close(); });
    closed = all_closed(clock::now() + std::chrono::seconds(3));
  }
  if (!closed) return false;
  for (auto& w : workers_) {
    if (!w->thread.joinable()) continue;
    w->on_loop([&] { w->worker.plan.reset(); });
    w->guard.reset();
    w->loop.stop();
    w->thread.join();
  }
  blocking_.join();
  return true;
}

void Gateway::add_metrics(control::MetricsText& out) const {
  DataPlaneMetrics sum;
  for (const auto& w : workers_)
    if (w->thread.joinable()) w->on_loop([&] { sum.add(w->worker, *w->server); });
  sum.write(out);
}

}  // namespace onechat::main
