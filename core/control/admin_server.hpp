// The admin API on its address: Poco's HTTP server, a few threads, small bodies.
#pragma once
#include <memory>

#include "control/admin_api.hpp"
#include "control/config.hpp"
#include "control/log.hpp"

namespace onechat::control {

class AdminServer {
 public:
  // Binds at once. Throws Poco::Exception (its displayText says why) when it cannot. `api` and `log` outlive the
  // server.
  AdminServer(const Address& at, AdminApi& api, Log& log);
  ~AdminServer();  // stops

  Address address() const;  // the real port when 0 was asked for
  void start();
  void stop();  // refuses new connections and waits for running calls; idempotent

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace onechat::control
