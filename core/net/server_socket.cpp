#include "net/server_socket.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>

#include "net/gather_bytes.hpp"

namespace onechat::net {
namespace {

bool would_block() noexcept { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

int fd_of(BIO* bio) noexcept { return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio))); }

// OpenSSL's own socket BIO raises SIGPIPE and trusts the descriptor to be non-blocking.
int bio_write(BIO* bio, const char* data, int n) {
  BIO_clear_retry_flags(bio);
  const ssize_t sent = ::send(fd_of(bio), data, static_cast<std::size_t>(n), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0 && would_block()) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

int bio_read(BIO* bio, char* into, int n) {
  BIO_clear_retry_flags(bio);
  const ssize_t got = ::recv(fd_of(bio), into, static_cast<std::size_t>(n), MSG_DONTWAIT);
  if (got < 0 && would_block()) BIO_set_retry_read(bio);
  return static_cast<int>(got);
}

long bio_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

const BIO_METHOD* bio_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "client socket");
    if (m == nullptr) throw std::bad_alloc();
    BIO_meth_set_write(m, bio_write);
    BIO_meth_set_read(m, bio_read);
    BIO_meth_set_ctrl(m, bio_control);
    return m;
  }();
  return method;
}

int choose_alpn(SSL*, const unsigned char** out, unsigned char* out_bytes, const unsigned char* in, unsigned in_bytes,
                void*) {
  static constexpr std::array<unsigned char, 9> kHttp11{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* chosen = nullptr;
  const int found = SSL_select_next_proto(&chosen, out_bytes, kHttp11.data(), kHttp11.size(), in, in_bytes);
  if (found != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

void prepare_server_tls(boost::asio::ssl::context& tls) {
  SSL_CTX* context = tls.native_handle();
  SSL_CTX_set_alpn_select_cb(context, choose_alpn, nullptr);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
}

ClientSocket::ClientSocket(Stream stream, boost::asio::ssl::context* tls) : stream_(std::move(stream)) {
  if (tls == nullptr) return;
  tls_.reset(SSL_new(tls->native_handle()));
  BIO* bio = tls_ ? BIO_new(bio_method()) : nullptr;
  if (bio == nullptr) throw std::bad_alloc();
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(stream_.native_handle())));
  BIO_set_init(bio, 1);
  SSL_set_bio(tls_.get(), bio, bio);
  SSL_set_accept_state(tls_.get());
}

ClientSocket::State ClientSocket::tls_state(int result) noexcept {
  switch (SSL_get_error(tls_.get(), result)) {
    case SSL_ERROR_NONE: return State::done;
    case SSL_ERROR_WANT_READ: return State::want_read;
    case SSL_ERROR_WANT_WRITE: return State::want_write;
    case SSL_ERROR_ZERO_RETURN: return State::closed;
    default: break;
  }
  tls_broken_ = true;
  ERR_clear_error();
  return State::closed;
}

ClientSocket::State ClientSocket::handshake() noexcept {
  ERR_clear_error();
  return tls_state(SSL_do_handshake(tls_.get()));
}

ClientSocket::Io ClientSocket::read_some(std::span<char> into) noexcept {
  if (!tls_) return read_raw(into);
  ERR_clear_error();
  std::size_t got = 0;
  const int result = SSL_read_ex(tls_.get(), into.data(), into.size(), &got);
  return {tls_state(result), got};
}

ClientSocket::Io ClientSocket::read_raw(std::span<char> into) noexcept {
  const ssize_t got = ::recv(stream_.native_handle(), into.data(), into.size(), MSG_DONTWAIT);
  if (got > 0) return {State::done, static_cast<std::size_t>(got)};
  return {got < 0 && would_block() ? State::want_read : State::closed, 0};
}

ClientSocket::Io ClientSocket::write_some(std::span<const iovec> pieces) noexcept {
  if (tls_) return write_tls(pieces);
  const ssize_t sent = write_plain(pieces);
  if (sent >= 0) return {State::done, static_cast<std::size_t>(sent)};
  return {would_block() ? State::want_write : State::closed, 0};
}

ssize_t ClientSocket::write_plain(std::span<const iovec> pieces) noexcept {
  constexpr int kFlags = MSG_NOSIGNAL | MSG_DONTWAIT;
  std::array<char, kGatherBytesMax> gathered;
  std::size_t bytes = 0;
  for (const iovec& piece : pieces) bytes += piece.iov_len;
  if (bytes <= gathered.size()) {
    char* to = gathered.data();
    for (const iovec& piece : pieces) to = std::copy_n(static_cast<const char*>(piece.iov_base), piece.iov_len, to);
    return ::send(stream_.native_handle(), gathered.data(), bytes, kFlags);
  }
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.size();
  return ::sendmsg(stream_.native_handle(), &message, kFlags);
}

ClientSocket::Io ClientSocket::write_tls(std::span<const iovec> pieces) noexcept {
  // Pieces are gathered into one record. A repeated try finds the same bytes at its front, as OpenSSL asks.
  thread_local std::array<char, SSL3_RT_MAX_PLAIN_LENGTH> record;
  std::size_t n = 0;
  for (const iovec& piece : pieces) {
    const std::size_t take = std::min(piece.iov_len, record.size() - n);
    if (take > 0) std::memcpy(record.data() + n, piece.iov_base, take);
    n += take;
  }
  ERR_clear_error();
  std::size_t sent = 0;
  const int result = SSL_write_ex(tls_.get(), record.data(), n, &sent);
  return {tls_state(result), sent};
}

void ClientSocket::notify_close() noexcept {
  if (!tls_ || tls_broken_ || !SSL_is_init_finished(tls_.get())) return;
  ERR_clear_error();
  SSL_shutdown(tls_.get());
  ERR_clear_error();
}

void ClientSocket::end_writing() noexcept {
  notify_close();
  boost::system::error_code ignored;
  stream_.shutdown(Stream::shutdown_send, ignored);
}

void ClientSocket::close(End end) noexcept {
  boost::system::error_code ignored;
  if (end == End::orderly) notify_close();
  if (end == End::reset) stream_.set_option(boost::asio::socket_base::linger(true, 0), ignored);
  stream_.close(ignored);
}

}  // namespace onechat::net
