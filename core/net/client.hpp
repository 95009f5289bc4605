// The upstream's side of the wire: pooled keep-alive HTTP/1.1 connections to one origin.
//
// One Client per worker loop and origin; confined to that loop. TLS is verified, names are resolved asynchronously and
// cached, addresses are tried in turn, every phase has a deadline, HTTPS_PROXY is honoured (CONNECT).
#pragma once
#include <onechat/abi.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace onechat::net {

struct Origin {
  bool tls = true;
  std::string host;           // name or literal address
  std::uint16_t port = 443;
  std::string base_path;      // "" or "/v1": no slash at the end
};
// "https://api.openai.com/v1". Error: OC_E_CONFIG with what is wrong (no userinfo, query or fragment allowed).
Result<Origin> parse_origin(std::string_view url);

struct ClientOptions {
  std::uint32_t connect_ms = 10'000;      // DNS, TCP, proxy and TLS together
  std::uint32_t first_byte_ms = 600'000;  // request written to response head
  std::uint32_t idle_ms = 120'000;        // between two bytes of a body
  std::uint32_t pool_idle_ms = 30'000;    // an unused connection is closed after
  std::uint32_t pool_size_max = 1'024;    // connections, busy ones included; more wait up to connect_ms
  std::uint32_t dns_ttl_ms = 30'000;      // a resolved name is used so long; stale answers serve while resolving fails
  std::uint32_t head_bytes_max = 64 * 1024;
  std::string ca_file;                    // "" = the system's
  std::string proxy;                      // "http://host:port"; "" = none
};

// Why a send failed, beside Error: decides whether another try is safe and free.
enum class Phase { resolve, connect, tls, write, first_byte, body };

// Asks for an end from outside. Confined to the loop; outlives the sends it is given to and their responses. One send at
// a time.
class Cancel {
 public:
  void request();                     // idempotent; what waits resumes with OC_E_CANCELLED
  bool requested() const noexcept { return requested_; }
  void arm(std::function<void()> f);  // [net] what request() calls; replaces the former
  void disarm() noexcept { on_request_ = nullptr; }

 private:
  bool requested_ = false;
  std::function<void()> on_request_;
};

class Response {  // its destructor closes the connection unless the body was read to its end
 public:
  virtual ~Response() = default;
  virtual unsigned status() const noexcept = 0;
  virtual std::span<const oc_header> headers() const noexcept = 0;  // names in lower case; end with the response
  virtual std::string_view header(std::string_view lower_case_name) const noexcept = 0;
  // Some body bytes (un-chunked), valid until the next call. Empty: the body is complete and the connection is back in
  // the pool. Errors: OC_E_IO (cut or broken framing), OC_E_TIMEOUT, OC_E_CANCELLED.
  virtual boost::asio::awaitable<Result<std::string_view>> read_some() = 0;
  // The same without a coroutine for what has come already; nothing: more has to be waited for, await read_some().
  virtual std::optional<Result<std::string_view>> read_now() = 0;
};

struct Request {
  std::string_view method;              // "POST"
  std::string_view path;                // appended to the origin's base_path
  std::span<const oc_header> headers;   // host, content-length, connection are the client's own
  // The body in pieces that are written as they are, together with the head (gathered); valid until send() returns.
  std::span<const std::string_view> body;
};

struct SendError {
  Error error;
  Phase phase = Phase::connect;
};
[[noreturn]] void throw_exception_from_error(const SendError& e, const boost::source_location& where);

struct ClientCounters {
  std::uint64_t connects = 0, reuses = 0, open = 0, idle = 0, dns_queries = 0, timeouts = 0;
};

class Resolver;

class Client {
 public:
  // `tls`: shared client context (verification on), ignored for plain origins. Outlives the client. `resolver`: null for
  // one of the client's own that asks the operating system.
  Client(boost::asio::io_context& loop, Origin origin, ClientOptions options, boost::asio::ssl::context& tls,
         std::shared_ptr<Resolver> resolver = {});
  ~Client();  // closes idle connections; sends under way and responses live on, their connections are not kept

  // Writes the request and reads the response head. A pooled connection that the server closed before it answered a
  // byte is replaced by a fresh one without the caller's noticing. `before_write` (may be empty) is awaited after the
  // connection stands and before the first byte is written: false stops the send with OC_E_CANCELLED.
  boost::asio::awaitable<boost::system::result<std::unique_ptr<Response>, SendError>> send(
      const Request& request, Cancel& cancel, std::function<boost::asio::awaitable<bool>()> before_write = {});

  ClientCounters counters() const noexcept;
  void close_idle();

  class Impl;  // [net]

 private:
  std::shared_ptr<Impl> impl_;
};

// A client context with the system's (or `ca_file`'s) authorities, TLS 1.2 or newer, verification on.
boost::asio::ssl::context make_client_tls(const std::string& ca_file);

}  // namespace onechat::net
