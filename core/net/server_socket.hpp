// A client's socket, plain or TLS: tries now, says what to wait for otherwise. No buffers, no queues of its own.
#pragma once
#include <openssl/ssl.h>
#include <sys/uio.h>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <cstddef>
#include <memory>
#include <span>

namespace onechat::net {

class ClientSocket {
 public:
  // The loop's own executor: no type erasure on the way of each read.
  using Stream = boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;
  enum class State { done, want_read, want_write, closed };
  struct Io {
    State state = State::closed;
    std::size_t bytes = 0;  // state done: moved; 0 from a read is never given (that is `closed`)
  };

  // `tls` may be null. Throws std::bad_alloc.
  ClientSocket(Stream stream, boost::asio::ssl::context* tls);

  Stream& stream() noexcept { return stream_; }
  bool is_tls() const noexcept { return tls_ != nullptr; }
  bool is_open() const noexcept { return stream_.is_open(); }

  State handshake() noexcept;
  Io read_some(std::span<char> into) noexcept;
  Io read_raw(std::span<char> into) noexcept;             // below TLS: what a peer sends that nobody reads any more
  Io write_some(std::span<const iovec> pieces) noexcept;  // one system call on a plain socket, one record on TLS
  void end_writing() noexcept;                            // FIN, after close_notify
  // orderly: close_notify first. cut: without it. reset: RST, so that nobody takes a cut answer for a whole one.
  enum class End { orderly, cut, reset };
  void close(End end) noexcept;

 private:
  struct FreeSsl {
    void operator()(SSL* s) const noexcept { SSL_free(s); }
  };
  void notify_close() noexcept;
  State tls_state(int result) noexcept;
  ssize_t write_plain(std::span<const iovec> pieces) noexcept;
  Io write_tls(std::span<const iovec> pieces) noexcept;

  Stream stream_;
  std::unique_ptr<SSL, FreeSsl> tls_;
  bool tls_broken_ = false;  // OpenSSL forbids another call after a fatal error
};

// What every context needs that serves HTTP/1.1: ALPN, small memory, no renegotiation. Idempotent.
void prepare_server_tls(boost::asio::ssl::context& tls);

}  // namespace onechat::net
