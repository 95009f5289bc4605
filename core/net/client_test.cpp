// The client on a real socket: pooling, deadlines, cancellation, and what it does when the server misbehaves.
#include "net/client.hpp"

#include <malloc.h>

#include <boost/asio/detached.hpp>

#include "net/client_origin.hpp"
#include "net/client_request.hpp"
#include "net/client_test_bench.hpp"

namespace onechat::net {
namespace {

using namespace test;
using boost::asio::awaitable;

class ClientTest : public ClientBench {};

std::size_t memory_in_use() { return ::mallinfo2().uordblks; }

TEST(ClientOrigin, ReadsWhatAConfigurationSays) {
  const auto show = [](std::string_view url) {
    const auto o = parse_origin(url);
    if (!o) return "error: " + o.error().message;
    return (o->tls ? "tls " : "plain ") + o->host + " " + std::to_string(o->port) + " " + o->base_path + " | " +
           host_of(*o);
  };
  EXPECT_EQ(show("https://api.openai.com/v1"), "tls api.openai.com 443 /v1 | api.openai.com");
  EXPECT_EQ(show("http://api.example.com"), "plain api.example.com 80  | api.example.com");
  EXPECT_EQ(show("http://127.0.0.1:8080/a/b//"), "plain 127.0.0.1 8080 /a/b | 127.0.0.1:8080");
  EXPECT_EQ(show("https://[::1]:8443/"), "tls ::1 8443  | [::1]:8443");
  EXPECT_EQ(show("HTTPS://h:443"), "tls h 443  | h");
  for (std::string_view bad : {"", "api.openai.com", "ftp://h", "https://", "https://u:p@h/", "https://h/?q",
                               "https://h/#f", "https://h:0", "https://h:99999", "https://h h/", "https://a%0d%0ab/"}) {
    const auto refused = parse_origin(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().status, OC_E_CONFIG);
  }
  const auto proxy = parse_proxy("http://user:p%40ss@proxy:3128");
  ASSERT_TRUE(proxy && *proxy);
  EXPECT_EQ((*proxy)->authorization, "Basic dXNlcjpwQHNz");
  EXPECT_FALSE(parse_proxy("https://proxy:1"));
  EXPECT_FALSE(*parse_proxy(""));
}

TEST(ClientRequest, HeadsAreWrittenAnew) {
  const RequestWriter writer(Origin{true, "api.example.com", 443, "/v1"}, std::nullopt);
  const oc_header headers[] = {header("X-Key", "a b"),           header("Host", "evil"),
                               header("Content-Length", "9"),    header("connection", "close"),
                               header("Transfer-Encoding", "x"), header("accept", "")};
  const std::string_view body[] = {"ab", "", "c"};
  const Request request{"POST", "/chat?x=1", headers, body};
  ASSERT_TRUE(RequestWriter::check(request));
  std::string out;
  writer.write(request, out);
  EXPECT_EQ(
      out,
      "POST /v1/chat?x=1 HTTP/1.1\r\nhost: api.example.com\r\nX-Key: a b\r\naccept: \r\ncontent-length: 3\r\n\r\n");
  const auto line = [](const Origin& origin, std::string_view method, std::string_view path) {
    std::string text;
    RequestWriter(origin, std::nullopt).write(Request{method, path, {}, {}}, text);
    return text.substr(0, text.find(" HTTP"));
  };
  const Origin root{false, "h", 80, ""}, based{false, "h", 80, "/v1"};
  EXPECT_EQ(line(root, "GET", ""), "GET /");
  EXPECT_EQ(line(root, "GET", "?a"), "GET /?a");
  EXPECT_EQ(line(based, "GET", ""), "GET /v1");
  EXPECT_EQ(line(based, "GET", "?a"), "GET /v1?a");
}

TEST(ClientRequest, WhatCouldBreakTheFramingIsRefused) {
  const auto status = [](std::string_view method, std::string_view path, std::string_view name,
                         std::string_view value) {
    const oc_header headers[] = {header(name, value)};
    const auto fine = RequestWriter::check(Request{method, path, headers, {}});
    return fine ? OC_OK : fine.error().status;
  };
  EXPECT_EQ(status("GET", "/", "a", "b\tc \xC3\xA4"), OC_OK);
  for (std::string_view value : {std::string_view("a\rb"), std::string_view("a\nb"), std::string_view("a\0b", 3)})
    EXPECT_EQ(status("GET", "/", "a", value), OC_E_INVALID);
  for (std::string_view name : {"", "a b", "a:", "a\r\n", "\xC3\xA4"})
    EXPECT_EQ(status("GET", "/", name, "b"), OC_E_INVALID);
  for (std::string_view path : {"x", "/a b", "/a\r\nx: y", "/a#b", "http://h/"})
    EXPECT_EQ(status("GET", path, "a", "b"), OC_E_INVALID);
  for (std::string_view method : {"", "G T", "GET\r\n", "CONNECT"})
    EXPECT_EQ(status(method, "/", "a", "b"), OC_E_INVALID);
}

TEST_F(ClientTest, SendsARequestAndReadsItsAnswer) {
  std::string seen;
  TestServer server([&](Peer& peer) {
    seen = peer.request();
    peer.send("HTTP/1.1 200 OK\r\nX-A: b\r\ncontent-length: 5\r\n\r\nhello");
    peer.request();
  });
  const auto c = client(plain(server.port()));
  const auto answer = post(*c, "{\"a\":1}");
  EXPECT_EQ(answer.text(), "200 hello");
  EXPECT_EQ(answer.first_header, "x-a");
  EXPECT_EQ(seen, "POST / HTTP/1.1\r\nhost: 127.0.0.1:" + std::to_string(server.port()) +
                      "\r\ncontent-length: 7\r\n\r\n{\"a\":1}");
}

TEST_F(ClientTest, OneConnectionCarriesManyRequestsAndMemoryStaysFlat) {
  TestServer server(always(std::string(kOk)));
  const auto c = client(plain(server.port()));
  std::size_t before = 0;
  run([&]() -> awaitable<void> {
    const Request request{"GET", "/", {}, {}};
    for (int i = 0; i < 2'000; ++i) {
      Cancel cancel;
      const Answer answer = co_await fetch(*c, request, cancel);
      if (answer.text() != "200 ok") ADD_FAILURE() << answer.text();
      if (i == 200) before = memory_in_use();
    }
  });
  EXPECT_EQ(server.connections(), 1u);
  EXPECT_EQ(c->counters().reuses, 1'999u);
  EXPECT_EQ(c->counters().connects, 1u);
  EXPECT_EQ(c->counters().idle, 1u);
  EXPECT_LE(memory_in_use(), before + 16 * 1024) << "grew over 1,800 requests";
}

TEST_F(ClientTest, BodiesOfEveryFramingArriveWhole) {
  const std::string big(300'000, 'x');
  const std::string answers[] = {
      "HTTP/1.1 200 OK\r\ncontent-length: 300000\r\n\r\n" + big,
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n493e0\r\n" + big + "\r\n0\r\n\r\n",
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + big,
  };
  TestServer server([&](Peer& peer) {
    peer.request();
    peer.send(answers[peer.number]);
  });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(post(*client(plain(server.port())), big).text(), "200 " + big);
}

TEST_F(ClientTest, AnswersThatComeByteByByteAreTheSame) {
  TestServer server([](Peer& peer) {
    while (!peer.request().empty())
      for (const char c :
           std::string_view("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")) {
        peer.send({&c, 1});
        std::this_thread::sleep_for(std::chrono::microseconds(200));
      }
  });
  const auto c = client(plain(server.port()));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(get(*c).text(), "200 abc");
  EXPECT_EQ(c->counters().reuses, 2u);
}

TEST_F(ClientTest, EarlyCloseAtEachPointIsAnError) {
  constexpr std::string_view kWhole = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
  TestServer server([&](Peer& peer) {
    peer.request();
    peer.send(kWhole.substr(0, peer.number));
  });
  const auto head = kWhole.find("hello");
  for (std::size_t n = 0; n < kWhole.size(); ++n) {
    const auto answer = get(*client(plain(server.port())));
    EXPECT_EQ(answer.text(), n < head ? "io/first_byte" : "io/body") << n;
    EXPECT_EQ(answer.body, n < head ? "" : kWhole.substr(head, n - head)) << "what came is handed out";
  }
  EXPECT_EQ(get(*client(plain(server.port()))).text(), "200 hello");
}

TEST_F(ClientTest, BrokenAnswersAreErrors) {
  TestServer server([](Peer& peer) {
    peer.request();
    if (peer.number == 0) peer.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n");
    if (peer.number == 1) peer.send("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab");
    if (peer.number == 2)
      for (std::string line = "HTTP/1.1 200 OK\r\n"; peer.send(line);) line = "x: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n";
    peer.wait_for_close();
  });
  EXPECT_EQ(get(*client(plain(server.port()))).text(), "io/body");
  EXPECT_EQ(get(*client(plain(server.port()))).text(), "io/first_byte");
  EXPECT_EQ(get(*client(plain(server.port()))).text(), "io/first_byte");
}

TEST_F(ClientTest, SilenceIsATimeout) {
  TestServer server([](Peer& peer) {
    peer.request();
    if (peer.number == 1) peer.send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel");
    if (peer.number == 2) peer.send("HTTP/1.1 200 O");
    peer.wait_for_close();
  });
  const auto c = client(plain(server.port()), {.first_byte_ms = 150, .idle_ms = 150});
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(get(*c).text(), "timeout/first_byte");
  const auto stalled = get(*c);
  EXPECT_EQ(stalled.text(), "timeout/body");
  EXPECT_EQ(stalled.body, "hel");
  EXPECT_EQ(get(*c).text(), "timeout/first_byte");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  EXPECT_EQ(c->counters().timeouts, 3u);
  EXPECT_EQ(c->counters().open, 0u);
}

// The time in which the caller does something else is not the server's silence.
TEST_F(ClientTest, ASlowReaderIsNoTimeout) {
  TestServer server([](Peer& peer) {
    peer.request();
    peer.send("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nabc");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    peer.send("def");
    peer.wait_for_close();
  });
  const auto c = client(plain(server.port()), {.idle_ms = 100});
  run([&]() -> awaitable<void> {
    Cancel cancel;
    const Request request{"GET", "/", {}, {}};
    auto sent = co_await c->send(request, cancel);
    if (!sent) throw std::runtime_error("no response");
    std::string body;
    if (const auto piece = (*sent)->read_now(); piece && *piece) body = **piece;
    EXPECT_EQ(body, "abc") << "what came with the head";
    EXPECT_FALSE((*sent)->read_now()) << "the rest is still to come";
    for (int i = 0; i < 3 && body.size() < 6; ++i) {
      co_await pause(500);
      auto piece = co_await (*sent)->read_some();
      if (!piece) throw std::runtime_error(piece.error().message);
      body += *piece;
    }
    EXPECT_EQ(body, "abcdef");
    EXPECT_EQ(c->counters().idle, 0u);
    auto last = (*sent)->read_now();
    EXPECT_TRUE(last && *last && (*last)->empty());
    EXPECT_EQ(c->counters().idle, 1u) << "the end of the body gives the connection back";
    EXPECT_EQ((*sent)->header("content-length"), "6") << "headers live as long as the response";
  });
}

TEST_F(ClientTest, AConnectionThatWasClosedWhileIdleIsReplacedUnnoticed) {
  TestServer server([](Peer& peer) {
    peer.request();
    peer.send(kOk);  // and closes, without a word of warning
  });
  const auto c = client(plain(server.port()));
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(get(*c).text(), "200 ok");
    rest(20);
  }
  EXPECT_EQ(server.connections(), 5u);
}

TEST_F(ClientTest, AConnectionThatClosesUnderTheRequestIsReplacedOnce) {
  TestServer server([](Peer& peer) {
    peer.request();
    if (peer.number < 2) peer.send(kOk);
    peer.request();  // and closes without an answer
  });
  const auto c = client(plain(server.port()));
  EXPECT_EQ(get(*c).text(), "200 ok");
  int asked = 0;
  run([&]() -> awaitable<void> {
    Cancel cancel;
    const std::string_view pieces[] = {"body"};
    const Request request{"POST", "/", {}, pieces};
    std::function<awaitable<bool>()> before = [&asked]() -> awaitable<bool> {
      ++asked;
      co_return true;
    };
    auto sent = co_await c->send(request, cancel, before);
    EXPECT_TRUE(sent.has_value());
  });
  EXPECT_EQ(asked, 1) << "the caller's step before the write is taken once";
  EXPECT_EQ(server.connections(), 2u);
  // A fresh connection that gives no answer is an answer.
  EXPECT_EQ(get(*c).text(), "io/first_byte");
  EXPECT_EQ(server.connections(), 3u);
}

TEST_F(ClientTest, AStaleConnectionIsNotReplacedOnceAByteOfTheAnswerCame) {
  TestServer server([](Peer& peer) {
    peer.request();
    peer.send(kOk);
    peer.request();
    peer.send("H");
  });
  const auto c = client(plain(server.port()));
  EXPECT_EQ(get(*c).text(), "200 ok");
  EXPECT_EQ(get(*c).text(), "io/first_byte");
  EXPECT_EQ(server.connections(), 1u);
}

TEST_F(ClientTest, BytesNobodyAskedForSpoilAnIdleConnection) {
  TestServer server([](Peer& peer) {
    peer.request();
    peer.send(kOk);
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    peer.send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil");
    peer.wait_for_close();
  });
  const auto c = client(plain(server.port()));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(get(*c).text(), "200 ok");
    rest(100);
  }
  EXPECT_EQ(server.connections(), 3u);
}

TEST_F(ClientTest, IdleConnectionsExpire) {
  TestServer server(always(std::string(kOk)));
  const auto c = client(plain(server.port()), {.pool_idle_ms = 100});
  EXPECT_EQ(get(*c).text(), "200 ok");
  EXPECT_EQ(c->counters().idle, 1u);
  rest(600);
  EXPECT_EQ(c->counters().idle, 0u);
  EXPECT_EQ(c->counters().open, 0u);
  EXPECT_EQ(get(*c).text(), "200 ok");
  c->close_idle();
  EXPECT_EQ(c->counters().open, 0u);
}

TEST_F(ClientTest, AtThePoolsLimitCallersWaitTheirTurn) {
  TestServer server([](Peer& peer) {
    while (!peer.request().empty()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      peer.send(kOk);
    }
  });
  const auto c = client(plain(server.port()), {.pool_size_max = 2});
  int answered = 0;
  run([&]() -> awaitable<void> {
    const Request request{"GET", "/", {}, {}};
    const auto one = [&]() -> awaitable<void> {
      Cancel cancel;
      const Answer answer = co_await fetch(*c, request, cancel);
      EXPECT_EQ(answer.text(), "200 ok");
      ++answered;
    };
    for (int i = 0; i < 10; ++i) boost::asio::co_spawn(loop_, one(), boost::asio::detached);
    while (answered < 10) co_await pause(5);
  });
  EXPECT_EQ(server.connections(), 2u);
  EXPECT_EQ(c->counters().idle, 2u);
}

TEST_F(ClientTest, AFreedPlaceGoesToWhoWaitsAndWaitingEnds) {
  TestServer server([](Peer& peer) {
    peer.request();
    if (peer.number == 0) peer.wait_for_close();
    peer.send(kOk);
  });
  const auto c = client(plain(server.port()), {.connect_ms = 300, .pool_size_max = 1});
  run([&]() -> awaitable<void> {
    const Request request{"GET", "/", {}, {}};
    Cancel first, second, third;
    std::string results[3];
    const auto one = [&](Cancel& cancel, std::string& result) -> awaitable<void> {
      const Answer answer = co_await fetch(*c, request, cancel);
      result = answer.text();
    };
    boost::asio::co_spawn(loop_, one(first, results[0]), boost::asio::detached);
    co_await pause(20);
    boost::asio::co_spawn(loop_, one(second, results[1]), boost::asio::detached);
    co_await pause(700);
    EXPECT_EQ(results[1], "timeout/connect");
    boost::asio::co_spawn(loop_, one(third, results[2]), boost::asio::detached);
    co_await pause(20);
    first.request();  // the connection dies, its place is free
    co_await pause(200);
    EXPECT_EQ(results[0], "cancelled/first_byte");
    EXPECT_EQ(results[2], "200 ok");
  });
}

TEST_F(ClientTest, CancelEndsEveryPhase) {
  TestServer server([](Peer& peer) {
    if (peer.number == 0) return peer.wait_for_close();  // answers nothing
    if (peer.number == 1) {                              // reads nothing
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
      return;
    }
    peer.request();
    peer.send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nh");
    peer.wait_for_close();
  });
  const auto c = client(plain(server.port()));
  const std::string big(64u << 20, 'x');
  const auto cancelled = [&](Client& with, std::string_view body) {
    std::string text;
    run([&]() -> awaitable<void> {
      Cancel cancel;
      const std::string_view pieces[] = {body};
      const Request request{"POST", "/", {}, pieces};
      const auto later = [&]() -> awaitable<void> {
        co_await pause(100);
        cancel.request();
        cancel.request();
      };
      boost::asio::co_spawn(loop_, later(), boost::asio::detached);
      const Answer answer = co_await fetch(with, request, cancel);
      text = answer.text();
      co_await pause(150);
    });
    return text;
  };
  EXPECT_EQ(cancelled(*c, "x"), "cancelled/first_byte");
  EXPECT_EQ(cancelled(*c, big).substr(0, 10), "cancelled/");
  EXPECT_EQ(cancelled(*c, "x"), "cancelled/body");
  // Resolving.
  Resolver::Done held;
  const auto never = [&](const std::string&, Resolver::Done done) { held = std::move(done); };
  const auto slow = client(plain(1, "name.test"), {}, std::make_shared<Resolver>(loop_, 1'000, never));
  EXPECT_EQ(cancelled(*slow, "x"), "cancelled/resolve");
  // Before anything.
  Cancel early;
  early.request();
  Answer answer;
  const Request request{"GET", "/", {}, {}};
  run([&]() -> awaitable<void> { answer = co_await fetch(*c, request, early); });
  EXPECT_EQ(answer.text(), "cancelled/connect");
  EXPECT_EQ(c->counters().open, 0u);
}

TEST_F(ClientTest, TheStepBeforeTheWriteCanStopIt) {
  std::atomic<int> requests = 0;
  TestServer server([&](Peer& peer) {
    while (!peer.request().empty()) {
      ++requests;
      peer.send(kOk);
    }
  });
  const auto c = client(plain(server.port()));
  run([&]() -> awaitable<void> {
    Cancel cancel;
    const Request request{"GET", "/", {}, {}};
    std::function<awaitable<bool>()> no = [this]() -> awaitable<bool> {
      co_await pause(20);
      co_return false;
    };
    auto sent = co_await c->send(request, cancel, no);
    EXPECT_TRUE(sent.has_error() && sent.error().error.status == OC_E_CANCELLED);
  });
  EXPECT_EQ(requests, 0);
  EXPECT_EQ(c->counters().idle, 1u) << "the connection is as good as before";
  EXPECT_EQ(get(*c).text(), "200 ok");
  EXPECT_EQ(server.connections(), 1u);
}

// A server that refuses a large body need not read it: its answer counts, not our broken pipe.
TEST_F(ClientTest, AnEarlyAnswerIsReadWhenTheWriteFails) {
  TestServer server([](Peer& peer) {
    peer.more();
    peer.send("HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig");
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    peer.reset_on_close();
  });
  const auto c = client(plain(server.port()));
  EXPECT_EQ(post(*c, std::string(32u << 20, 'x')).text(), "413 big");
  EXPECT_EQ(c->counters().idle, 0u);
}

TEST_F(ClientTest, ADroppedResponseClosesItsConnection) {
  TestServer server([](Peer& peer) {
    peer.request();
    peer.send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nh");
    peer.wait_for_close();
  });
  const auto c = client(plain(server.port()));
  run([&]() -> awaitable<void> {
    Cancel cancel;
    const Request request{"GET", "/", {}, {}};
    {
      auto sent = co_await c->send(request, cancel);
      EXPECT_TRUE(sent.has_value());
      EXPECT_EQ(c->counters().open, 1u);
    }
    EXPECT_EQ(c->counters().open, 0u);
  });
}

TEST_F(ClientTest, AResponseOutlivesItsClient) {
  TestServer server(always(std::string(kOk)));
  auto c = client(plain(server.port()));
  run([&]() -> awaitable<void> {
    Cancel cancel;
    const Request request{"GET", "/", {}, {}};
    auto sent = co_await c->send(request, cancel);
    c.reset();
    if (!sent) throw std::runtime_error("no response");
    auto piece = co_await (*sent)->read_some();
    EXPECT_TRUE(piece && *piece == "ok");
    piece = co_await (*sent)->read_some();
    EXPECT_TRUE(piece && piece->empty());
  });
}

TEST_F(ClientTest, RefusedConnectionsAreErrorsOfThePhase) {
  const auto c = client(plain(closed_port()));
  EXPECT_EQ(get(*c).text(), "io/connect");
  EXPECT_EQ(c->counters().open, 0u);
}

TEST_F(ClientTest, TheNextAddressIsTriedAfterAFailureAndAfterAWhile) {
  TestServer server(always(std::string(kOk)));
  const auto with = [&](std::vector<std::string> addresses) {
    const auto lookup = [addresses](const std::string&, Resolver::Done done) {
      Resolver::Addresses found;
      for (const auto& a : addresses) found.push_back(boost::asio::ip::make_address(a));
      done({}, found);
    };
    const auto c = client(plain(server.port(), "name.test"), {.connect_ms = 3'000},
                          std::make_shared<Resolver>(loop_, 1'000, lookup));
    return get(*c).text();
  };
  EXPECT_EQ(with({"127.0.0.2", "127.0.0.1"}), "200 ok");
  EXPECT_EQ(with({"127.0.0.2", "127.0.0.3", "::1", "127.0.0.1", "127.0.0.4"}), "200 ok");
  EXPECT_EQ(with({"127.0.0.2", "127.0.0.3"}), "io/connect");
  EXPECT_EQ(with({}), "io/resolve");
}

// A listener whose queue is full lets connections hang: the second address is used beside the first.
TEST_F(ClientTest, AnAddressThatHangsDoesNotHoldUpTheNext) {
  TestServer server(always(std::string(kOk)));
  std::uint16_t port = server.port();
  const int full = listen_on("127.0.0.2", port);
  ASSERT_EQ(::listen(full, 0), 0);
  std::vector<int> fillers;
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  inet_pton(AF_INET, "127.0.0.2", &at.sin_addr);
  for (int i = 0; i < 4; ++i) {
    fillers.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    static_cast<void>(::connect(fillers.back(), reinterpret_cast<sockaddr*>(&at), sizeof at));
  }
  const auto lookup = [](const std::string&, Resolver::Done done) {
    done({}, {boost::asio::ip::make_address("127.0.0.2"), boost::asio::ip::make_address("127.0.0.1")});
  };
  const auto begin = std::chrono::steady_clock::now();
  const auto c = client(plain(port, "name.test"), {}, std::make_shared<Resolver>(loop_, 1'000, lookup));
  EXPECT_EQ(get(*c).text(), "200 ok");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(900));
  const auto only = [](const std::string&, Resolver::Done done) {
    done({}, {boost::asio::ip::make_address("127.0.0.2")});
  };
  const auto hanging =
      client(plain(port, "name.test"), {.connect_ms = 200}, std::make_shared<Resolver>(loop_, 1'000, only));
  EXPECT_EQ(get(*hanging).text(), "timeout/connect");
  for (const int fd : fillers) ::close(fd);
  ::close(full);
}

TEST_F(ClientTest, PlainRequestsThroughAProxyNameTheWholeAddress) {
  std::string seen;
  TestServer proxy([&](Peer& peer) {
    seen = peer.request();
    peer.send(kOk);
    peer.request();
  });
  const std::string at = "127.0.0.1:" + std::to_string(proxy.port());
  const auto c = client(Origin{false, "name.test", 8080, "/v1"}, {.proxy = "http://u:p@" + at});
  EXPECT_EQ(get(*c, "/x").text(), "200 ok");
  EXPECT_EQ(
      seen,
      "GET http://name.test:8080/v1/x HTTP/1.1\r\nhost: name.test:8080\r\nproxy-authorization: Basic dTpw\r\n\r\n");
}

TEST_F(ClientTest, AWrongProxySettingIsSaid) {
  const auto c = client(plain(80), {.proxy = "socks5://h:1"});
  EXPECT_EQ(get(*c).text(), "config/connect");
}

}  // namespace
}  // namespace onechat::net
