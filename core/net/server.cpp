#include "net/server.hpp"

#include <sys/socket.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <vector>

#include "net/server_connection.hpp"

namespace onechat::net {
namespace {

using boost::asio::ip::tcp;

// How long accepting rests when there are no descriptors or no memory.
constexpr std::chrono::milliseconds kAcceptPause{100};

struct ReusePort {  // as a settable option of Asio's
  int on = 1;
  template <class P>
  int level(const P&) const {
    return SOL_SOCKET;
  }
  template <class P>
  int name(const P&) const {
    return SO_REUSEPORT;
  }
  template <class P>
  const int* data(const P&) const {
    return &on;
  }
  template <class P>
  std::size_t size(const P&) const {
    return sizeof(on);
  }
};

}  // namespace

class Server::Impl : public std::enable_shared_from_this<Server::Impl> {
 public:
  Impl(boost::asio::io_context& loop, const tcp::endpoint& at, boost::asio::ssl::context* tls, ServerLimits limits,
       ServerHooks hooks)
      : state_(std::make_shared<ServerState>(loop, tls, limits, std::move(hooks))), acceptor_(loop), pause_(loop) {
    if (tls != nullptr) prepare_server_tls(*tls);
    acceptor_.open(at.protocol());
    acceptor_.set_option(boost::asio::socket_base::reuse_address(true));
    acceptor_.set_option(ReusePort{});
    acceptor_.set_option(tcp::no_delay(true));  // Linux hands it down to every accepted socket
    acceptor_.bind(at);
    acceptor_.listen(boost::asio::socket_base::max_listen_connections);
    local_ = acceptor_.local_endpoint();
  }

  tcp::endpoint local_endpoint() const { return local_; }
  ServerCounters counters() const noexcept { return state_->counters; }
  bool closed() const noexcept { return !acceptor_.is_open() && state_->counters.connections_open == 0; }

  void accept();
  void drain();
  void close();
  void abandon();

 private:
  using Acceptor = boost::asio::basic_socket_acceptor<tcp, boost::asio::io_context::executor_type>;

  void on_accept(const boost::system::error_code& error, ClientSocket::Stream stream);
  void serve(ClientSocket::Stream stream);
  void stop_accepting();
  std::vector<Connection::Ptr> snapshot();

  std::shared_ptr<ServerState> state_;
  Acceptor acceptor_;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock> pause_;
  tcp::endpoint local_, peer_;
  ServerState::ConnectionList connections_;
};

void Server::Impl::accept() {
  if (!acceptor_.is_open()) return;
  acceptor_.async_accept(
      state_->loop.get_executor(), peer_,
      [self = shared_from_this()](const boost::system::error_code& error, ClientSocket::Stream stream) {
        self->on_accept(error, std::move(stream));
      });
}

void Server::Impl::on_accept(const boost::system::error_code& error, ClientSocket::Stream stream) {
  namespace failure = boost::asio::error;
  if (!acceptor_.is_open()) return;
  if (error == failure::no_descriptors || error == failure::no_memory || error == failure::no_buffer_space ||
      error == boost::system::errc::too_many_files_open_in_system) {
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([self = shared_from_this()](const boost::system::error_code& stopped) {
      if (!stopped) self->accept();
    });
    return;
  }
  if (!error && state_->counters.connections_open < state_->limits.connections_max) serve(std::move(stream));
  accept();
}

void Server::Impl::serve(ClientSocket::Stream stream) {
  try {
    const Connection::Ptr connection(new Connection(state_, std::move(stream), peer_));
    connections_.push_back(*connection);
    boost::asio::co_spawn(state_->loop, Connection::run(connection), boost::asio::detached);
  } catch (const std::bad_alloc&) {
    // One client is turned away; the loop and the others go on.
  }
}

void Server::Impl::stop_accepting() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
}

// Closing may end connections, and so change the list, at once.
std::vector<Connection::Ptr> Server::Impl::snapshot() {
  std::vector<Connection::Ptr> all;
  for (Connection& c : connections_) all.emplace_back(&c);
  return all;
}

void Server::Impl::drain() {
  state_->draining = true;
  stop_accepting();
  for (const Connection::Ptr& c : snapshot()) c->drain();
}

void Server::Impl::close() {
  state_->draining = true;
  stop_accepting();
  for (const Connection::Ptr& c : snapshot()) c->close();
}

void Server::Impl::abandon() {
  stop_accepting();
  for (const Connection::Ptr& c : snapshot()) c->abandon();
}

Server::Server(boost::asio::io_context& loop, const tcp::endpoint& at, boost::asio::ssl::context* tls,
               ServerLimits limits, ServerHooks hooks)
    : impl_(std::make_shared<Impl>(loop, at, tls, limits, std::move(hooks))) {}

Server::~Server() { impl_->abandon(); }

tcp::endpoint Server::local_endpoint() const { return impl_->local_endpoint(); }
void Server::start() { impl_->accept(); }
void Server::drain() { impl_->drain(); }
void Server::close() { impl_->close(); }
bool Server::closed() const noexcept { return impl_->closed(); }
ServerCounters Server::counters() const noexcept { return impl_->counters(); }

}  // namespace onechat::net
