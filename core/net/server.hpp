// The client's side of the wire: listeners and HTTP/1.x connections.
//
// One Server per worker loop (SO_REUSEPORT); everything here is confined to that loop. One strict parser, limits on
// everything, and heads are written anew, never passed on. The handler runs once per request and must have answered
// when it returns; what it left unread is drained within limits or the connection is closed.
#pragma once
#include <onechat/abi.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/arena.hpp"
#include "base/error.hpp"

namespace onechat::net {

struct ServerLimits {
  std::uint32_t head_bytes_max = 32 * 1024;
  std::uint64_t body_bytes_max = 32u << 20;
  std::uint32_t headers_max = 128;
  std::uint32_t connections_max = 20'000;   // per worker; one more is closed at once
  std::uint32_t head_ms = 15'000;           // first byte of a request to the end of its head
  std::uint32_t body_stall_ms = 30'000;     // no body byte for so long
  std::uint32_t keep_alive_ms = 75'000;     // idle between requests
  std::uint32_t write_stall_ms = 60'000;    // client takes no byte for so long
};

// What is wrong with a request that never became one; told to the client by the server's `reject` hook.
struct HeadView {
  std::string_view method, target;  // as received; may be empty when the head could not be read
  std::string_view path, query;     // of target; path starts with '/'
  unsigned version = 11;            // 10 or 11
  std::span<const oc_header> headers;  // names in lower case, order kept
  std::string_view header(std::string_view lower_case_name) const noexcept;  // first of that name, or ""
};

class Connection;

// One request and its answer. Valid during the handler.
class Transaction {
 public:
  const HeadView& head() const noexcept;
  Arena& arena() noexcept;  // reset after the handler returns
  std::string_view peer() const noexcept;  // address of the client, for logs
  boost::asio::any_io_executor executor() noexcept;

  // The whole body (un-chunked), in memory of the transaction's. Sends 100 Continue when the client waits for it.
  // Errors: OC_E_TOO_LARGE, OC_E_TIMEOUT, OC_E_INVALID (broken framing), OC_E_CANCELLED (client gone).
  boost::asio::awaitable<Result<oc_bytes>> read_body();
  // The same without a coroutine where it has all come; nothing: it has not, await read_body().
  std::optional<oc_bytes> body_now();

  // Head of the answer. Call once; names and values are copied. content-length, transfer-encoding, connection and date
  // are the server's.
  void start(unsigned status, std::string_view content_type);
  void header(std::string_view name, std::string_view value);
  // Whole answer with Content-Length, one write. False: the client is gone.
  boost::asio::awaitable<bool> send(std::string_view body);
  // The same without a coroutine where the client takes all at once; nothing: it does not, await send_rest().
  std::optional<bool> send_now(std::string_view body);
  boost::asio::awaitable<bool> send_rest();
  // Streamed answer: chunked on HTTP/1.1, until close on 1.0. The first flush carries the head too.
  // Append to stream_buffer(), then flush() writes it as one chunk; false: the client is gone.
  std::string& stream_buffer() noexcept;
  boost::asio::awaitable<bool> flush();
  // The same without a coroutine where the client takes all at once; nothing: it does not, await flush_rest().
  std::optional<bool> flush_now();
  boost::asio::awaitable<bool> flush_rest();
  boost::asio::awaitable<bool> finish_stream();  // flushes and ends the body
  void abort_stream() noexcept;  // ends the connection without the last chunk: the client sees a cut answer
  bool head_sent() const noexcept;

  // While set, the client's socket is watched: `gone` is called once from the loop when the client closes or resets.
  // Bytes of a pipelined request are kept, not lost. Clears itself when the handler returns.
  void watch_client(std::function<void()> gone);
  bool client_gone() const noexcept;

 private:
  friend class Connection;
  explicit Transaction(Connection& c) : connection_(c) {}
  Connection& connection_;
};

struct ServerHooks {
  std::function<boost::asio::awaitable<void>(Transaction&)> handle;
  // Body and content type of an answer to something that is no valid request (400, 408, 413, 417, 431, 501, 505). May look
  // at the path to choose a dialect. The server writes it and closes.
  std::function<void(const HeadView&, const Error&, unsigned status, std::string& content_type, std::string& body)> reject;
};

struct ServerCounters {
  std::uint64_t connections_open = 0, connections_total = 0, requests_total = 0, rejected_total = 0;
};

class Server {
 public:
  // `tls` may be null. Binds with SO_REUSEPORT at once; throws boost::system::system_error when it cannot.
  Server(boost::asio::io_context& loop, const boost::asio::ip::tcp::endpoint& at, boost::asio::ssl::context* tls,
         ServerLimits limits, ServerHooks hooks);
  ~Server();  // Requires: the loop has stopped, or closed() is true.

  boost::asio::ip::tcp::endpoint local_endpoint() const;  // the real port when 0 was asked for
  void start();
  // Stops accepting and closes idle connections; running handlers finish and get `Connection: close`.
  void drain();
  // Closes everything that is left.
  void close();
  bool closed() const noexcept;  // no connection is open any more and nothing is accepted
  ServerCounters counters() const noexcept;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace onechat::net
