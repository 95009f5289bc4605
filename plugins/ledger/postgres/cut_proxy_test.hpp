// A TCP proxy in front of the server, for tests: it cuts the connection when a COMMIT passes, before the server has it
// or before the client has its answer.
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace onechat::ledger_test {

class CutProxy {
 public:
  enum class Cut { none, before_server, before_client };

  explicit CutProxy(std::uint16_t server_port)
      : server_port_(server_port), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in a = loopback(0);
    socklen_t size = sizeof a;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&a), size) != 0 || ::listen(listener_, 8) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&a), &size) != 0)
      throw std::runtime_error("no proxy");
    port_ = ntohs(a.sin_port);
    thread_ = std::jthread([this](std::stop_token stop) { run(stop); });
  }
  ~CutProxy() {
    thread_.request_stop();
    thread_.join();
    ::close(listener_);
  }
  std::uint16_t port() const { return port_; }
  void cut_next_commit(Cut how) { next_ = how; }
  int cuts() const { return cuts_; }

 private:
  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_port = htons(port);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
  }
  struct Pair {
    int client = -1, server = -1;
    bool swallow_answer = false;
  };

  void run(std::stop_token stop) {
    std::vector<Pair> pairs;
    while (!stop.stop_requested()) {
      std::vector<pollfd> fds{{listener_, POLLIN, 0}};
      for (const Pair& p : pairs) fds.insert(fds.end(), {{p.client, POLLIN, 0}, {p.server, POLLIN, 0}});
      if (::poll(fds.data(), fds.size(), 20) <= 0) continue;
      const std::size_t known = pairs.size();
      for (std::size_t i = 0; i < known; ++i) {
        const bool goes_on = (fds[1 + 2 * i].revents == 0 || from_client(pairs[i])) &&
                             (fds[2 + 2 * i].revents == 0 || from_server(pairs[i]));
        if (!goes_on) close(pairs[i]);
      }
      std::erase_if(pairs, [](const Pair& p) { return p.client < 0; });
      if (fds[0].revents != 0) accept(pairs);
    }
    for (Pair& p : pairs) close(p);
  }
  void accept(std::vector<Pair>& pairs) {
    Pair p{::accept(listener_, nullptr, nullptr), ::socket(AF_INET, SOCK_STREAM, 0)};
    const sockaddr_in a = loopback(server_port_);
    const int on = 1;
    for (const int s : {p.client, p.server}) ::setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(p.server, reinterpret_cast<const sockaddr*>(&a), sizeof a) != 0)
      close(p);
    else
      pairs.push_back(p);
  }
  static void close(Pair& p) {
    ::close(p.client);
    ::close(p.server);
    p.client = -1;
  }
  // The name of the prepared statement that commits, in a Bind message; its Parse message has the text in upper case.
  bool from_client(Pair& p) {
    const ssize_t n = ::recv(p.client, buffer_, sizeof buffer_, 0);
    if (n <= 0) return false;
    const std::string_view bytes(buffer_, static_cast<std::size_t>(n));
    constexpr std::string_view bind("\0commit\0", 8);
    if (bytes.find(bind) != bytes.npos) {
      const Cut how = next_.exchange(Cut::none);
      if (how != Cut::none) ++cuts_;
      if (how == Cut::before_server) return false;
      p.swallow_answer = how == Cut::before_client;
    }
    return send_all(p.server, bytes);
  }
  // The answer tells that the COMMIT is done: only then is the connection cut.
  bool from_server(Pair& p) {
    const ssize_t n = ::recv(p.server, buffer_, sizeof buffer_, 0);
    if (n <= 0 || p.swallow_answer) return false;
    return send_all(p.client, {buffer_, static_cast<std::size_t>(n)});
  }
  static bool send_all(int to, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  std::uint16_t server_port_, port_ = 0;
  int listener_;
  char buffer_[65'536];
  std::atomic<Cut> next_{Cut::none};
  std::atomic<int> cuts_{0};
  std::jthread thread_;
};

}  // namespace onechat::ledger_test
