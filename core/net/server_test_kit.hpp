// What the server's tests share: a server on a loop of its own, and a client that sends exactly the bytes it is told.
#pragma once
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <future>
#include <string>
#include <string_view>
#include <thread>

#include "net/server.hpp"

namespace onechat::net::testing {

using boost::asio::awaitable;
using namespace std::chrono_literals;
using Milliseconds = std::chrono::milliseconds;

class TestServer {
 public:
  using Handler = std::function<awaitable<void>(Transaction&)>;

  explicit TestServer(Handler handler, ServerLimits limits = {}, boost::asio::ssl::context* tls = nullptr)
      : server_(loop_, {boost::asio::ip::make_address("127.0.0.1"), 0}, tls, limits,
                {[this, handler = std::move(handler)](Transaction& t) {
                   ++handled;
                   return handler(t);
                 },
                 [](const HeadView& head, const Error& error, unsigned status, std::string& type, std::string& body) {
                   type = "text/x-refusal";
                   body = std::to_string(status) + " " + std::string(head.path) + " " + error.message;
                 }}) {
    server_.start();
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~TestServer() {
    on_loop([this] { server_.close(); });
    EXPECT_TRUE(wait_closed()) << "a connection outlived close()";
    loop_.stop();
    thread_.join();
  }

  std::uint16_t port() const { return server_.local_endpoint().port(); }
  boost::asio::io_context& loop() { return loop_; }
  template <class F>
  std::invoke_result_t<F> on_loop(F f) {
    std::packaged_task<std::invoke_result_t<F>()> task(std::move(f));
    auto result = task.get_future();
    boost::asio::post(loop_, [&task] { task(); });
    return result.get();
  }
  void drain() {
    on_loop([this] { server_.drain(); });
  }
  void close() {
    on_loop([this] { server_.close(); });
  }
  ServerCounters counters() {
    return on_loop([this] { return server_.counters(); });
  }
  bool wait_closed(Milliseconds limit = 5s) {
    return eventually([this] { return on_loop([this] { return server_.closed(); }); }, limit);
  }
  template <class F>
  static bool eventually(F holds, Milliseconds limit = 5s) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(2ms);
    }
    return true;
  }

  std::atomic<int> handled{0};

 private:
  boost::asio::io_context loop_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{loop_.get_executor()};
  Server server_;
  std::thread thread_;
};

class RawClient {
 public:
  explicit RawClient(std::uint16_t port, int receive_buffer = 0)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  ~RawClient() { close(); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  int fd() const { return fd_; }
  bool connected() const { return connected_; }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  void reset() {
    const linger now{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }
  void half_close() { ::shutdown(fd_, SHUT_WR); }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  // More bytes into `got`. False at the end, on a reset, or when nothing came for `limit`.
  bool receive(Milliseconds limit = 5s) {
    if (!readable(limit)) return false;
    char buffer[65536];
    const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
    ended = n == 0;
    was_reset = n < 0;
    if (n > 0) got.append(buffer, static_cast<std::size_t>(n));
    return n > 0;
  }
  bool readable(Milliseconds limit) {
    pollfd p{fd_, POLLIN, 0};
    return ::poll(&p, 1, static_cast<int>(limit.count())) > 0;
  }
  std::string read_to_end(Milliseconds limit = 5s) {
    while (receive(limit)) {
    }
    return got;
  }
  bool closed_by_server(Milliseconds limit = 5s) {
    read_to_end(limit);
    return ended || was_reset;
  }
  bool receive_until(std::string_view text, Milliseconds limit = 5s) {
    while (got.find(text) == std::string::npos)
      if (!receive(limit)) return false;
    return true;
  }
  // Takes one answer with Content-Length from what arrives: head and body. "" when none comes whole.
  std::string read_answer(Milliseconds limit = 5s) {
    std::size_t end;
    while ((end = got.find("\r\n\r\n")) == std::string::npos)
      if (!receive(limit)) return {};
    const std::size_t field = got.find("content-length: ");
    const std::size_t length = field < end ? std::stoul(got.substr(field + 16)) : 0;
    while (got.size() < end + 4 + length)
      if (!receive(limit)) return {};
    std::string answer = got.substr(0, end + 4 + length);
    got.erase(0, answer.size());
    return answer;
  }

  std::string got;
  bool ended = false, was_reset = false;

 private:
  int fd_;
  bool connected_ = false;
};

inline std::string body_of(const std::string& answer) {
  const std::size_t end = answer.find("\r\n\r\n");
  return end == std::string::npos ? std::string() : answer.substr(end + 4);
}
inline unsigned status_of(const std::string& answer) {
  return answer.substr(0, 9) == "HTTP/1.1 " ? static_cast<unsigned>(std::stoul(answer.substr(9, 3))) : 0;
}
inline bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

// Takes the chunked coding off; "<broken>" when the stream was cut.
inline std::string unchunk(std::string_view coded) {
  std::string out;
  for (;;) {
    const std::size_t line = coded.find("\r\n");
    if (line == std::string_view::npos) return "<broken>";
    const std::size_t n = std::stoul(std::string(coded.substr(0, line)), nullptr, 16);
    if (coded.size() < line + 2 + n + 2) return "<broken>";
    if (n == 0) return out;
    out += coded.substr(line + 2, n);
    coded.remove_prefix(line + 2 + n + 2);
  }
}

inline awaitable<void> pause(Transaction& t, Milliseconds time) {
  boost::asio::steady_timer timer(t.executor(), time);
  boost::system::error_code ignored;
  co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
}

// Says what it saw: "METHOD path?query body".
inline awaitable<void> echo(Transaction& t) {
  auto body = co_await t.read_body();
  if (!body) {
    t.start(body.error().http_status != 0 ? body.error().http_status : http_status_of(body.error().status),
            "text/plain");
    co_await t.send(body.error().message);
    co_return;
  }
  const HeadView& head = t.head();
  std::string text = std::string(head.method) + " " + std::string(head.path);
  if (!head.query.empty()) text += "?" + std::string(head.query);
  text += " " + std::string(view(*body));
  t.start(200, "text/plain");
  co_await t.send(text);
}

}  // namespace onechat::net::testing
