// A whole control plane over in-memory backends, with its HTTP server on a free port.
#pragma once
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <sstream>

#include "control/admin_server.hpp"
#include "control/data_dir.hpp"
#include "control/fake_ledger.hpp"
#include "control/fake_store.hpp"

namespace onechat::control {

class ControlFixture {
 public:
  ControlFixture() {
    namespace fs = std::filesystem;
    static std::atomic<unsigned> count{0};
    data_dir =
        (fs::temp_directory_path() / ("onechat_control_" + std::to_string(::getpid()) + "_" + std::to_string(++count)))
            .string();
    token = *prepare_data_dir(data_dir);
    hooks.plugins_json = [] { return std::string(R"([{"id":"provider.demo"}])"); };
    hooks.prices_json = [] { return std::string(R"([{"model":"m","provider":"p","input":"0.15","output":"0.60"}])"); };
    hooks.prices_at = [](std::shared_ptr<const ledger::PriceBook> book) -> PriceAt {
      return [book](std::string_view, std::string_view provider, std::string_view model, std::int64_t unix_ms) {
        ledger::Price known;
        known.base.input = 37'500'000;
        if (!book) return model == "m" ? std::optional(known) : std::nullopt;
        const auto found = book->find(provider, model, unix_ms);
        return found ? std::optional(*found.price) : std::nullopt;
      };
    };
    hooks.reload = [this]() -> Result<void> {
      if (reload_works) return {};
      return Error(OC_E_CONFIG, "config/x.yaml:3: unknown key 'a'");
    };
    hooks.ready = [this]() -> Result<void> {
      if (is_ready) return {};
      return Error(OC_E_UNAVAILABLE, "draining");
    };
    hooks.metrics = [](MetricsText& m) { m.counter("onechat_requests_total", "Requests", 7); };
  }
  ~ControlFixture() {
    server.reset();
    plane.reset();
    std::filesystem::remove_all(data_dir);
  }

  void open(bool with_ledger = true) {
    plane =
        std::make_unique<ControlPlane>(store, with_ledger ? &ledger : nullptr, keys, system_clock(), options, hooks);
    api = std::make_unique<AdminApi>(*plane, token);
  }
  void serve() {
    open();
    server = std::make_unique<AdminServer>(Address{"127.0.0.1", 0}, *api, log);
    server->start();
    url = "http://" + to_text(server->address());
  }
  static std::string to_text(const Address& a) { return a.host + ":" + std::to_string(a.port); }

  AdminResponse call(const std::string& method, const std::string& path, const std::string& body = {},
                     std::map<std::string, std::string> query = {}) {
    AdminRequest request{method, path, std::move(query), "Bearer " + token, body};
    return api->handle(request);
  }

  std::string data_dir, token, url;
  bool reload_works = true, is_ready = true;
  FakeStore fake_store;
  FakeLedger fake_ledger;
  record::StoreEngine store{{FakeStore::table(), &fake_store}, {}};
  ledger::LedgerEngine ledger{{FakeLedger::table(), &fake_ledger}, {}, system_clock()};
  admission::KeyTable keys;
  ControlOptions options{5'000'000'000};
  ControlHooks hooks;
  std::ostringstream log_text;
  Log log{Level::info, log_text};
  std::unique_ptr<ControlPlane> plane;
  std::unique_ptr<AdminApi> api;
  std::unique_ptr<AdminServer> server;
};

}  // namespace onechat::control
