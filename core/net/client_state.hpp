// What the sends of one client share.
#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "net/client.hpp"
#include "net/client_connection.hpp"
#include "net/client_origin.hpp"
#include "net/client_pool.hpp"
#include "net/client_request.hpp"
#include "net/resolver.hpp"
#include "net/watchdog.hpp"

namespace onechat::net {

// Confined to the loop; outlives the responses, which own a share of it.
class Client::Impl {
 public:
  Impl(boost::asio::io_context& loop, Origin origin, ClientOptions options, boost::asio::ssl::context& tls,
       std::shared_ptr<Resolver> resolver);

  // Makes a new connection stand: name, TCP, proxy, TLS. Nothing on success. Its time is the caller's affair.
  boost::asio::awaitable<std::optional<SendError>> connect(ClientConnection& connection, Interrupt& interrupt);

  const ClientOptions& options() const noexcept { return options_; }
  // The proxy setting, when it is wrong.
  const std::optional<Error>& fault() const noexcept { return fault_; }
  const RequestWriter& writer() const noexcept { return *writer_; }
  Watchdog& watchdog() noexcept { return watchdog_; }
  Pool& pool() noexcept { return pool_; }

  void count_reuse() noexcept { ++counters_.reuses; }
  void count_timeout() noexcept { ++counters_.timeouts; }
  ClientCounters counters() const noexcept;

  // Heads of responses are kept for the next ones.
  ResponseHead take_head();
  void give_head(ResponseHead head);

 private:
  boost::asio::awaitable<std::optional<SendError>> reach(ClientConnection& connection, Interrupt& interrupt);
  boost::asio::awaitable<std::optional<SendError>> tunnel(ClientConnection& connection, Interrupt& interrupt);
  boost::asio::awaitable<std::optional<SendError>> secure(ClientConnection& connection, Interrupt& interrupt);

  boost::asio::io_context& loop_;
  Origin origin_;
  ClientOptions options_;
  boost::asio::ssl::context& tls_;
  std::optional<Error> fault_;
  std::optional<Proxy> proxy_;
  std::optional<RequestWriter> writer_;
  std::shared_ptr<Resolver> resolver_;
  TlsSession session_;
  ClientCounters counters_;
  std::vector<ResponseHead> heads_;
  Watchdog watchdog_;
  Pool pool_;  // last: its connections use what stands before it
};

}  // namespace onechat::net
