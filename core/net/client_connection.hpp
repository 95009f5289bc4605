// One connection to the upstream (or its proxy): socket, perhaps TLS, and the buffers that live as long as it.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "net/client.hpp"
#include "net/client_interrupt.hpp"
#include "net/client_pool.hpp"
#include "net/client_response.hpp"
#include "net/client_socket.hpp"
#include "net/client_tls.hpp"
#include "net/server_waiter.hpp"

namespace onechat::net {

// Confined to the loop. At most one read and one write are under way; stop() ends them. A plain connection that lies idle
// keeps a read under way: what it brings says that the connection is of no use any more, and if it brings nothing until
// the next request is out, it is the read of that request's answer.
class ClientConnection final : public Stoppable {
 public:
  ClientConnection(boost::asio::io_context& loop, std::size_t head_bytes_max, PoolSlot slot)
      : slot_(std::move(slot)), socket_(loop), reader_(head_bytes_max), link_(new Link(this)) {}

  ~ClientConnection();

  void stop() noexcept override;
  UpstreamSocket& socket() noexcept { return socket_; }
  TlsStream& start_tls(boost::asio::ssl::context& context) { return tls_.emplace(socket_, context); }
  ResponseReader& reader() noexcept { return reader_; }

  bool reused() const noexcept { return reused_; }
  void mark_reused() noexcept { reused_ = true; }
  // From now on nothing is expected to come.
  void lie_idle();
  // Nothing came and nothing ended while the connection lay idle: it can carry a request.
  bool quiet() noexcept;

  // What is to be written: text of the connection's own first, then pieces of the caller's.
  std::string& head() noexcept { return head_; }
  void gather(std::span<const std::string_view> body);
  // Writes what goes without waiting. True: all is written, or `ec` tells why it cannot be.
  bool write_now(boost::system::error_code& ec);
  boost::asio::awaitable<boost::system::error_code> write_rest();

  // One read into the reader, in steps that cost no coroutine of their own: start it (nothing when one is under way),
  // await arrival() while reading(), then take what came. Error: OC_E_IO.
  void start_read();
  bool reading() const noexcept { return reading_; }
  auto arrival() { return arrival_.wait(); }
  Result<void> take_arrival();
  // All of these in one, for ways that are seldom gone.
  boost::asio::awaitable<Result<void>> read();

 private:
  class OnRead;
  // What a read's completion knows of its connection, which may be gone by then.
  struct Link : boost::intrusive_ref_counter<Link, boost::thread_unsafe_counter> {
    explicit Link(ClientConnection* c) noexcept : connection(c) {}
    ClientConnection* connection;
  };

  void on_read(const boost::system::error_code& ec, std::size_t bytes);
  std::size_t write_some(boost::system::error_code& ec);  // of what is left, to a plain socket
  void consume(std::size_t bytes) noexcept;
  std::span<const boost::asio::const_buffer> left() const noexcept { return std::span(pieces_).subspan(written_); }

  PoolSlot slot_;
  UpstreamSocket socket_;
  std::optional<TlsStream> tls_;
  ResponseReader reader_;
  std::string head_;
  std::vector<boost::asio::const_buffer> pieces_;
  std::size_t written_ = 0;  // whole pieces
  bool reused_ = false;
  // The read that is under way, or what it brought.
  boost::intrusive_ptr<Link> link_;
  Waiter arrival_;
  bool reading_ = false, arrived_ = false;
  boost::system::error_code read_error_;
  std::size_t read_bytes_ = 0;
};

}  // namespace onechat::net
