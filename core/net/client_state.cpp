#include "net/client_state.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "net/client_dial.hpp"

namespace onechat::net {
namespace {

using boost::asio::awaitable;
using boost::asio::ip::tcp;
using Failure = std::optional<SendError>;

constexpr std::size_t kHeadsKeptMax = 64, kHeadBytesKeptMax = 8 * 1024;
constexpr std::uint32_t kTickMs = 100;  // deadlines are met up to two of it late

Failure failure(Phase phase, oc_status status, std::string words) {
  return SendError{Error(status, std::move(words)), phase};
}

Failure stopped(const Interrupt& interrupt, Phase phase, const std::string& words) {
  return failure(phase, interrupt.reason(),
                 words + (interrupt.reason() == OC_E_TIMEOUT ? " timed out" : " was stopped"));
}

}  // namespace

Client::Impl::Impl(boost::asio::io_context& loop, Origin origin, ClientOptions options, boost::asio::ssl::context& tls,
                   std::shared_ptr<Resolver> resolver)
    : loop_(loop),
      origin_(std::move(origin)),
      options_(std::move(options)),
      tls_(tls),
      resolver_(std::move(resolver)),
      watchdog_(loop, system_clock(), kTickMs),
      pool_(loop, watchdog_, system_clock(),
            PoolLimits{options_.pool_size_max, options_.pool_idle_ms, options_.head_bytes_max}) {
  if (!resolver_) resolver_ = std::make_shared<Resolver>(loop_, options_.dns_ttl_ms, system_lookup(loop_));
  auto proxy = parse_proxy(options_.proxy);
  if (proxy)
    proxy_ = std::move(*proxy);
  else
    fault_ = proxy.error();
  writer_.emplace(origin_, proxy_);
}

awaitable<Failure> Client::Impl::connect(ClientConnection& connection, Interrupt& interrupt) {
  Failure failed = co_await reach(connection, interrupt);
  if (failed) co_return failed;
  const Guarded guarded(interrupt, connection);
  if (proxy_ && origin_.tls) failed = co_await tunnel(connection, interrupt);
  if (!failed && origin_.tls) failed = co_await secure(connection, interrupt);
  if (!failed && interrupt.reason() != OC_OK) failed = stopped(interrupt, Phase::connect, "connecting");
  co_return failed;
}

awaitable<Failure> Client::Impl::reach(ClientConnection& connection, Interrupt& interrupt) {
  const std::string& host = proxy_ ? proxy_->host : origin_.host;
  const std::uint16_t port = proxy_ ? proxy_->port : origin_.port;
  auto addresses = co_await resolver_->resolve(host, interrupt);
  if (!addresses) co_return SendError{addresses.error(), Phase::resolve};
  std::vector<tcp::endpoint> endpoints;
  for (const auto& address : *addresses) endpoints.emplace_back(address, port);

  ++counters_.connects;
  const auto dialled = co_await dial(connection.socket(), std::move(endpoints), interrupt);
  if (!dialled)
    co_return failure(Phase::connect, dialled.error().status, "connecting to " + host + ": " + dialled.error().message);
  boost::system::error_code ec;
  connection.socket().set_option(tcp::no_delay(true), ec);
  connection.socket().non_blocking(true, ec);
  if (ec) co_return failure(Phase::connect, OC_E_IO, "connecting to " + host + ": " + ec.message());
  co_return std::nullopt;
}

awaitable<Failure> Client::Impl::tunnel(ClientConnection& connection, Interrupt& interrupt) {
  connection.head() = connect_head(origin_, *proxy_);
  connection.gather({});
  const boost::system::error_code written = co_await connection.write_rest();
  if (interrupt.reason() != OC_OK) co_return stopped(interrupt, Phase::connect, "connecting through the proxy");
  if (written) co_return failure(Phase::connect, OC_E_IO, "the proxy: " + written.message());

  ResponseHead head;
  connection.reader().begin(head, true);
  while (!connection.reader().head_done()) {
    const auto read = co_await connection.read();
    if (interrupt.reason() != OC_OK) co_return stopped(interrupt, Phase::connect, "connecting through the proxy");
    if (!read) co_return failure(Phase::connect, OC_E_IO, "the proxy: " + read.error().message);
  }
  if (head.status / 100 != 2)
    co_return failure(Phase::connect, OC_E_IO, "the proxy refused the connection: " + std::to_string(head.status));
  // The server speaks second in TLS: bytes before our first ones come from someone else.
  if (connection.reader().has_leftover()) co_return failure(Phase::connect, OC_E_IO, "the proxy sent more than a head");
  co_return std::nullopt;
}

awaitable<Failure> Client::Impl::secure(ClientConnection& connection, Interrupt& interrupt) {
  TlsStream& stream = connection.start_tls(tls_);
  if (auto prepared = prepare_tls(stream, origin_.host, session_); !prepared)
    co_return SendError{prepared.error(), Phase::tls};
  boost::system::error_code ec;
  co_await stream.async_handshake(boost::asio::ssl::stream_base::client,
                                  boost::asio::redirect_error(boost::asio::use_awaitable, ec));
  if (interrupt.reason() != OC_OK) co_return stopped(interrupt, Phase::tls, "the TLS handshake");
  if (!ec) co_return std::nullopt;
  session_.forget();
  co_return failure(Phase::tls, OC_E_IO, "TLS with " + origin_.host + ": " + tls_failure(stream, ec));
}

ClientCounters Client::Impl::counters() const noexcept {
  ClientCounters now = counters_;
  now.open = pool_.open();
  now.idle = pool_.idle();
  now.dns_queries = resolver_->queries();
  return now;
}

ResponseHead Client::Impl::take_head() {
  if (heads_.empty()) return {};
  ResponseHead head = std::move(heads_.back());
  heads_.pop_back();
  return head;
}

void Client::Impl::give_head(ResponseHead head) {
  if (heads_.size() < kHeadsKeptMax && head.text.capacity() <= kHeadBytesKeptMax) heads_.push_back(std::move(head));
}

}  // namespace onechat::net
