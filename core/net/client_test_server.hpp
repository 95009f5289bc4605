// A server that says exactly what a test tells it to, over plain TCP or TLS. Blocking, a thread for each connection.
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <functional>
#include <list>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

namespace onechat::net::test {

// One accepted connection, in its script's hands.
class Peer {
 public:
  Peer(int fd, unsigned number) : number(number), fd_(fd) {
    const timeval limit{10, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  }
  ~Peer() {
    if (tls_ != nullptr) SSL_free(tls_);
    ::close(fd_);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  const unsigned number;  // 0 for the first connection of the server

  bool start_tls(SSL_CTX* context) {
    tls_ = SSL_new(context);
    SSL_set_fd(tls_, fd_);
    return SSL_accept(tls_) == 1;
  }
  SSL* tls() const noexcept { return tls_; }

  bool send(std::string_view text) {
    while (!text.empty()) {
      const auto n = tls_ != nullptr ? SSL_write(tls_, text.data(), static_cast<int>(text.size()))
                                     : ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  // Up to the end of the head and of a body with a length; "" when the client is gone.
  std::string request() {
    for (;;) {
      if (const auto end = whole_request(); end != 0) {
        std::string text = received_.substr(0, end);
        received_.erase(0, end);
        return text;
      }
      if (!more()) return {};
    }
  }
  bool more() {
    char buffer[16 * 1024];
    const auto n = tls_ != nullptr ? SSL_read(tls_, buffer, sizeof buffer) : ::recv(fd_, buffer, sizeof buffer, 0);
    if (n > 0) received_.append(buffer, static_cast<std::size_t>(n));
    return n > 0;
  }
  void wait_for_close() {
    while (more()) received_.clear();
  }
  void close_tls() { SSL_shutdown(tls_); }
  void reset_on_close() {
    const linger hard{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  }
  void shut() noexcept { ::shutdown(fd_, SHUT_RDWR); }

 private:
  std::size_t whole_request() const {
    const auto head = received_.find("\r\n\r\n");
    if (head == std::string::npos) return 0;
    std::size_t length = 0;
    const auto field = received_.find("content-length: ");
    if (field < head) length = std::stoul(received_.substr(field + 16));
    return received_.size() >= head + 4 + length ? head + 4 + length : 0;
  }

  int fd_;
  SSL* tls_ = nullptr;
  std::string received_;
};

inline int listen_on(const char* address, std::uint16_t& port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  inet_pton(AF_INET, address, &at.sin_addr);
  socklen_t size = sizeof at;
  const int yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&at), size) != 0 || ::listen(fd, 64) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) != 0)
    throw std::runtime_error("cannot listen");
  port = ntohs(at.sin_port);
  return fd;
}

class TestServer {
 public:
  using Script = std::function<void(Peer&)>;

  explicit TestServer(Script script, const char* address = "127.0.0.1") : script_(std::move(script)) {
    listener_ = listen_on(address, port_);
    accepting_ = std::thread([this] { accept_all(); });
  }
  ~TestServer() {
    stopping_ = true;
    accepting_.join();
    {
      const std::lock_guard lock(mutex_);
      for (Peer* p : open_) p->shut();
    }
    for (auto& t : threads_) t.join();
    ::close(listener_);
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  unsigned connections() const noexcept { return connections_; }

 private:
  void accept_all() {
    while (!stopping_) {
      pollfd waiting{listener_, POLLIN, 0};
      if (::poll(&waiting, 1, 20) <= 0) continue;
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      threads_.emplace_back([this, fd, number = connections_++] { serve(fd, number); });
    }
  }
  void serve(int fd, unsigned number) {
    Peer peer(fd, number);
    {
      const std::lock_guard lock(mutex_);
      open_.push_back(&peer);
    }
    script_(peer);
    const std::lock_guard lock(mutex_);
    open_.remove(&peer);
  }

  Script script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<unsigned> connections_ = 0;
  std::mutex mutex_;
  std::list<Peer*> open_;
  std::list<std::thread> threads_;
  std::thread accepting_;
};

// A port on which nobody listens.
inline std::uint16_t closed_port() {
  std::uint16_t port = 0;
  ::close(listen_on("127.0.0.1", port));
  return port;
}

}  // namespace onechat::net::test
