// A loop with a client on it, and requests told in one line.
#pragma once
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "net/client.hpp"
#include "net/client_test_server.hpp"
#include "net/resolver.hpp"

namespace onechat::net::test {

struct Answer {
  unsigned status = 0;
  std::string body;
  std::optional<Error> error;
  Phase phase = Phase::body;
  std::string first_header;
  // "200 hello", or "io/connect"
  std::string text() const {
    if (!error) return std::to_string(status) + " " + body;
    static constexpr const char* kPhases[] = {"resolve", "connect", "tls", "write", "first_byte", "body"};
    return std::string(status_name(error->status)) + "/" + kPhases[static_cast<int>(phase)];
  }
};

inline oc_header header(std::string_view name, std::string_view value) { return {str(name), str(value)}; }

class ClientBench : public testing::Test {
 protected:
  static constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

  // Runs a coroutine to its end.
  template <class F>
  void run(F coroutine) {
    bool done = false;
    loop_.restart();
    boost::asio::co_spawn(loop_, std::move(coroutine), [&](std::exception_ptr thrown) {
      done = true;
      loop_.stop();
      if (thrown) std::rethrow_exception(thrown);
    });
    loop_.run_for(std::chrono::seconds(20));
    ASSERT_TRUE(done) << "the coroutine did not end";
  }

  Origin plain(std::uint16_t port, std::string host = "127.0.0.1") const { return {false, std::move(host), port, ""}; }
  std::unique_ptr<Client> client(Origin origin, ClientOptions options = {}, std::shared_ptr<Resolver> resolver = {}) {
    return std::make_unique<Client>(loop_, std::move(origin), std::move(options), tls_, std::move(resolver));
  }

  // Sends and reads everything.
  static boost::asio::awaitable<Answer> fetch(Client& client, Request request, Cancel& cancel) {
    Answer answer;
    auto sent = co_await client.send(request, cancel);
    if (!sent) {
      answer.error = sent.error().error;
      answer.phase = sent.error().phase;
      co_return answer;
    }
    Response& response = **sent;
    answer.status = response.status();
    if (!response.headers().empty()) answer.first_header = view(response.headers()[0].name);
    for (;;) {
      auto piece = co_await response.read_some();
      if (!piece) answer.error = piece.error();
      if (!piece || piece->empty()) co_return answer;
      answer.body += *piece;
    }
  }
  Answer get(Client& client, std::string_view path = "/") { return ask(client, {"GET", path, {}, {}}); }
  Answer post(Client& client, std::string_view body) {
    const std::string_view pieces[] = {body};
    return ask(client, {"POST", "/", {}, pieces});
  }
  Answer ask(Client& client, Request request) {
    Answer answer;
    Cancel cancel;
    run([&]() -> boost::asio::awaitable<void> { answer = co_await fetch(client, request, cancel); });
    return answer;
  }
  boost::asio::awaitable<void> pause(unsigned ms) {
    boost::asio::steady_timer timer(loop_, std::chrono::milliseconds(ms));
    co_await timer.async_wait(boost::asio::use_awaitable);
  }
  void rest(unsigned ms) {
    run([&]() -> boost::asio::awaitable<void> { co_await pause(ms); });
  }

  boost::asio::io_context loop_{1};
  boost::asio::ssl::context tls_ = make_client_tls("");
};

// Answers every request of a connection with `text`.
inline TestServer::Script always(std::string text) {
  return [text = std::move(text)](Peer& peer) {
    while (!peer.request().empty() && peer.send(text)) {
    }
  };
}

}  // namespace onechat::net::test
