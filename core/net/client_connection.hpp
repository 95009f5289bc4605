// One connection to the upstream (or its proxy): socket, perhaps TLS, and the buffers that live as long as it.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "net/client.hpp"
#include "net/client_interrupt.hpp"
#include "net/client_pool.hpp"
#include "net/client_response.hpp"
#include "net/client_tls.hpp"

namespace onechat::net {

// Confined to the loop. At most one read or write is under way; stop() ends it.
class ClientConnection final : public Stoppable {
 public:
  ClientConnection(boost::asio::io_context& loop, std::size_t head_bytes_max, PoolSlot slot)
      : slot_(std::move(slot)), socket_(loop), reader_(head_bytes_max) {}

  ~ClientConnection();

  void stop() noexcept override;
  boost::asio::ip::tcp::socket& socket() noexcept { return socket_; }
  TlsStream& start_tls(boost::asio::ssl::context& context) { return tls_.emplace(socket_, context); }
  ResponseReader& reader() noexcept { return reader_; }

  bool reused() const noexcept { return reused_; }
  void mark_reused() noexcept { reused_ = true; }
  // Nothing came and nothing ended while the connection lay idle: it can carry a request.
  bool quiet() noexcept;

  // What is to be written: text of the connection's own first, then pieces of the caller's.
  std::string& head() noexcept { return head_; }
  void gather(std::span<const std::string_view> body);
  // Writes what goes without waiting. True: all is written, or `ec` tells why it cannot be.
  bool write_now(boost::system::error_code& ec);
  boost::asio::awaitable<boost::system::error_code> write_rest();

  // Reads once into the reader. Error: OC_E_IO.
  boost::asio::awaitable<Result<void>> read();

 private:
  void consume(std::size_t bytes) noexcept;
  std::span<const boost::asio::const_buffer> left() const noexcept { return std::span(pieces_).subspan(written_); }

  PoolSlot slot_;
  boost::asio::ip::tcp::socket socket_;
  std::optional<TlsStream> tls_;
  ResponseReader reader_;
  std::string head_;
  std::vector<boost::asio::const_buffer> pieces_;
  std::size_t written_ = 0;  // whole pieces
  bool reused_ = false;
};

}  // namespace onechat::net
