#include "net/client_connection.hpp"

#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <utility>

#include "net/gather_bytes.hpp"

namespace onechat::net {
namespace {

using boost::asio::redirect_error;
using boost::asio::use_awaitable;
using boost::system::error_code;

// TLS makes a record of each piece: up to so many bytes are copied to be few records.
constexpr std::size_t kTlsGatherBytesMax = 16 * 1024;

}  // namespace

// Completes a read. A loop that ends destroys it without a call: then the coroutine that waits is given up too, as it
// would be if it waited for the read itself.
class ClientConnection::OnRead {
 public:
  explicit OnRead(boost::intrusive_ptr<Link> link) noexcept : link_(std::move(link)) {}
  OnRead(OnRead&&) noexcept = default;
  ~OnRead() {
    if (link_ && link_->connection != nullptr) link_->connection->arrival_.drop();
  }
  void operator()(const error_code& ec, std::size_t bytes) {
    const auto link = std::move(link_);
    if (link->connection != nullptr) link->connection->on_read(ec, bytes);
  }

 private:
  boost::intrusive_ptr<Link> link_;
};

ClientConnection::~ClientConnection() {
  link_->connection = nullptr;
  // Else OpenSSL takes the end for a sign of trouble and lets the session never be resumed.
  if (tls_) SSL_set_shutdown(tls_->native_handle(), SSL_SENT_SHUTDOWN);
}

void ClientConnection::stop() noexcept {
  error_code ignored;
  socket_.close(ignored);
}

void ClientConnection::lie_idle() {
  reader_.rest();
  if (!tls_) start_read();  // beneath TLS records come that are no bytes of an answer: quiet() looks when it is asked
}

bool ClientConnection::quiet() noexcept {
  if (!socket_.is_open() || arrived_) return false;
  if (reading_) return true;
  char byte;
  const auto n = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void ClientConnection::gather(std::span<const std::string_view> body) {
  pieces_.clear();
  written_ = 0;
  std::size_t i = 0;
  if (tls_)
    for (; i < body.size() && head_.size() + body[i].size() <= kTlsGatherBytesMax; ++i) head_.append(body[i]);
  pieces_.emplace_back(head_.data(), head_.size());
  for (; i < body.size(); ++i)
    if (!body[i].empty()) pieces_.emplace_back(body[i].data(), body[i].size());
}

bool ClientConnection::write_now(error_code& ec) {
  if (tls_) return false;
  while (!left().empty()) {
    const std::size_t n = write_some(ec);
    if (ec == boost::asio::error::would_block) {
      ec = {};
      return false;
    }
    if (ec) return true;
    consume(n);
  }
  return true;
}

std::size_t ClientConnection::write_some(error_code& ec) {
  std::array<char, kGatherBytesMax> gathered;
  if (boost::asio::buffer_size(left()) > gathered.size()) return socket_.write_some(left(), ec);
  return socket_.write_some(boost::asio::buffer(gathered, boost::asio::buffer_copy(boost::asio::buffer(gathered), left())), ec);
}

boost::asio::awaitable<error_code> ClientConnection::write_rest() {
  error_code ec;
  while (!left().empty() && !ec) {
    std::size_t n = 0;
    if (tls_)
      n = co_await tls_->async_write_some(left().front(), redirect_error(use_awaitable, ec));
    else
      n = co_await socket_.async_write_some(left(), redirect_error(use_awaitable, ec));
    consume(n);
  }
  co_return ec;
}

void ClientConnection::consume(std::size_t bytes) noexcept {
  while (bytes != 0) {
    auto& piece = pieces_[written_];
    const std::size_t n = std::min(bytes, piece.size());
    piece += n;
    bytes -= n;
    if (piece.size() == 0) ++written_;
  }
}

void ClientConnection::start_read() {
  if (reading_ || arrived_) return;
  const std::span<char> space = reader_.space();
  const boost::asio::mutable_buffer buffer(space.data(), space.size());
  reading_ = true;
  if (tls_)
    tls_->async_read_some(buffer, OnRead(link_));
  else
    socket_.async_read_some(buffer, OnRead(link_));
}

void ClientConnection::on_read(const error_code& ec, std::size_t bytes) {
  reading_ = false;
  arrived_ = true;
  read_error_ = ec;
  read_bytes_ = bytes;
  arrival_.wake();
}

Result<void> ClientConnection::take_arrival() {
  if (!std::exchange(arrived_, false)) return Error(OC_E_IO, "nothing was read from the upstream");
  if (read_bytes_ != 0) return reader_.received(read_bytes_);
  if (read_error_ == boost::asio::error::eof) return reader_.closed(true);
  if (read_error_ == boost::asio::ssl::error::stream_truncated) return reader_.closed(false);
  if (read_error_) return Error(OC_E_IO, "reading from the upstream: " + read_error_.message());
  return {};
}

boost::asio::awaitable<Result<void>> ClientConnection::read() {
  start_read();
  while (reading_) co_await arrival();
  co_return take_arrival();
}

}  // namespace onechat::net
