// Requests and answers over a real socket: framing, order, keep-alive, limits, time.
#include "net/server.hpp"

#include "base/ids.hpp"
#include "net/server_test_kit.hpp"

namespace onechat::net::testing {
namespace {

std::string hex_of(std::string_view text) { return hex(sha256(text)); }

constexpr std::string_view kGet = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

TEST(Server, AnswersCarryLengthAndDateAndTheConnectionStays) {
  TestServer server(echo);
  RawClient client(server.port());
  for (int i = 0; i < 3; ++i) {
    client.send("POST /p?q HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
    const std::string answer = client.read_answer();
    EXPECT_EQ(status_of(answer), 200u);
    EXPECT_EQ(body_of(answer), "POST /p?q hello");
    EXPECT_TRUE(has(answer, "content-type: text/plain\r\n"));
    EXPECT_TRUE(has(answer, "\r\ndate: "));
    EXPECT_TRUE(has(answer, " GMT\r\n"));
    EXPECT_FALSE(has(answer, "connection:"));
  }
  EXPECT_EQ(server.counters().connections_total, 1u);
  EXPECT_EQ(server.counters().requests_total, 3u);
}

TEST(Server, ARequestMayArriveInAnyTwoPieces) {
  TestServer server(echo);
  const std::string request =
      "POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nT: x\r\n\r\n";
  RawClient client(server.port());
  for (std::size_t cut = 1; cut < request.size(); ++cut) {
    client.send(std::string_view(request).substr(0, cut));
    std::this_thread::sleep_for(1ms);
    client.send(std::string_view(request).substr(cut));
    ASSERT_EQ(body_of(client.read_answer()), "POST /p abcde") << cut;
  }
}

TEST(Server, ARequestMayArriveByteByByte) {
  TestServer server(echo);
  RawClient client(server.port());
  for (const char c : std::string_view("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"))
    client.send({&c, 1});
  EXPECT_EQ(body_of(client.read_answer()), "POST /p abc");
}

TEST(Server, PipelinedRequestsAreAnsweredInOrder) {
  TestServer server([](Transaction& t) -> awaitable<void> {
    if (t.head().path == "/slow") co_await pause(t, 50ms);
    co_await echo(t);
  });
  RawClient client(server.port());
  client.send(
      "POST /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nAA"
      "POST /chunked HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nB\r\n0\r\n\r\n"
      "\r\n"
      "GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(body_of(client.read_answer()), "POST /slow AA");
  EXPECT_EQ(body_of(client.read_answer()), "POST /chunked B");
  const std::string last = client.read_answer();
  EXPECT_EQ(body_of(last), "GET /last ");
  EXPECT_TRUE(has(last, "connection: close\r\n"));
  EXPECT_TRUE(client.closed_by_server());
}

TEST(Server, APipelinedRequestLargerThanTheBufferKeepsItsFirstOnesMemoryIntact) {
  TestServer server([](Transaction& t) -> awaitable<void> {
    t.watch_client([] {});
    co_await pause(t, 50ms);  // meanwhile the next request arrives behind the views of this one
    co_await echo(t);
  });
  RawClient client(server.port());
  const std::string big(60'000, 'b');
  client.send("POST /first HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
  client.send("POST /second HTTP/1.1\r\nHost: h\r\nContent-Length: 60000\r\n\r\n" + big + std::string(kGet));
  EXPECT_EQ(body_of(client.read_answer()), "POST /first abc");
  EXPECT_EQ(body_of(client.read_answer()), "POST /second " + big);
  EXPECT_EQ(body_of(client.read_answer()), "GET /a ");
}

TEST(Server, WhatHasComeIsReadAndWhatFitsIsSentWithoutWaiting) {
  TestServer server([](Transaction& t) -> awaitable<void> {
    std::string said = "later";
    if (const auto body = t.body_now()) {
      said = "now " + std::string(view(*body));
    } else if (const auto rest = co_await t.read_body()) {
      said += " " + std::string(view(*rest));
    }
    if (t.head().path == "/long") said.resize(8'000'000, 'x');
    t.start(200, "text/plain");
    std::optional<bool> sent = t.send_now(said);
    EXPECT_EQ(sent.has_value(), t.head().path != "/long");
    if (!sent) sent = co_await t.send_rest();
    EXPECT_EQ(sent, std::optional(true));
    EXPECT_EQ(t.send_now(said), std::optional(false)) << "one answer only";
  });
  RawClient client(server.port());
  client.send(kGet);
  EXPECT_EQ(body_of(client.read_answer()), "now ");
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ(body_of(client.read_answer()), "now abc");
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nabc");
  std::this_thread::sleep_for(Milliseconds(20));
  client.send("def");
  EXPECT_EQ(body_of(client.read_answer()), "later abcdef");
  client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
  EXPECT_EQ(body_of(client.read_answer()), "later abc");
  client.send("GET /long HTTP/1.1\r\nHost: h\r\n\r\n");
  std::this_thread::sleep_for(Milliseconds(20));  // its buffers fill
  EXPECT_EQ(body_of(client.read_answer()).size(), 8'000'000u);
}

TEST(Server, LargeBodiesArriveWholeInBothFramings) {
  TestServer server([](Transaction& t) -> awaitable<void> {
    auto body = co_await t.read_body();
    t.start(200, "text/plain");
    const std::string hash = body ? hex_of(view(*body)) : "failed";
    co_await t.send(hash);
  });
  std::string big(5'000'000, '\0');
  for (std::size_t i = 0; i < big.size(); ++i) big[i] = static_cast<char>(i * 2654435761u >> 13);
  RawClient client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5000000\r\n\r\n" + big);
  EXPECT_EQ(body_of(client.read_answer()), hex_of(big));
  std::string coded = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (std::size_t at = 0, n = 1; at < big.size(); at += n, n = n * 3 % 70'001 + 1) {
    char line[24];
    const std::string_view data = std::string_view(big).substr(at, n);
    std::snprintf(line, sizeof line, "%zx\r\n", data.size());
    coded.append(line).append(data).append("\r\n");
  }
  client.send(coded + "0\r\n\r\n");
  EXPECT_EQ(body_of(client.read_answer()), hex_of(big));
}

TEST(Server, ContinueIsSentOnlyWhenTheHandlerAsksForTheBody) {
  TestServer server([](Transaction& t) -> awaitable<void> {
    if (t.head().path == "/no") {
      t.start(403, "text/plain");
      co_await t.send("no");
      co_return;
    }
    co_await echo(t);
  });
  RawClient asked(server.port());
  asked.send("POST /yes HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(asked.read_answer(), "HTTP/1.1 100 Continue\r\n\r\n");
  asked.send("ok");
  EXPECT_EQ(body_of(asked.read_answer()), "POST /yes ok");

  RawClient refused(server.port());
  refused.send("POST /no HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  const std::string answer = refused.read_to_end();
  EXPECT_EQ(status_of(answer), 403u);
  EXPECT_TRUE(has(answer, "connection: close\r\n"));  // the body may or may not come: nothing can follow it
  EXPECT_TRUE(refused.ended);
}

TEST(Server, Http10GetsNoChunksAndClosesUnlessAskedToStay) {
  TestServer server([](Transaction& t) -> awaitable<void> {
    if (t.head().path != "/stream") co_return co_await echo(t);
    t.start(200, "text/event-stream");
    t.stream_buffer() = "one";
    co_await t.flush();
    t.stream_buffer() = "two";
    co_await t.finish_stream();
  });
  RawClient plain(server.port());
  plain.send("GET /x HTTP/1.0\r\n\r\n");
  EXPECT_EQ(body_of(plain.read_to_end()), "GET /x ");
  EXPECT_TRUE(plain.ended);

  RawClient staying(server.port());
  for (int i = 0; i < 2; ++i) {
    staying.send("GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_TRUE(has(staying.read_answer(), "connection: keep-alive\r\n"));
  }
  staying.send("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(staying.receive_until("0\r\n\r\n"));
  staying.got.clear();
  staying.send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const std::string answer = staying.read_to_end();
  EXPECT_EQ(body_of(answer), "onetwo");
  EXPECT_TRUE(has(answer, "connection: close\r\n"));
  EXPECT_FALSE(has(answer, "transfer-encoding"));
  EXPECT_TRUE(staying.ended);
}

TEST(Server, HeadAndBodilessStatusesCarryNoBody) {
  TestServer server([](Transaction& t) -> awaitable<void> {
    t.start(t.head().path == "/204" ? 204 : 200, "");
    if (t.head().path == "/stream") {
      t.stream_buffer() = "data";
      co_await t.finish_stream();
    } else {
      co_await t.send("body");
    }
  });
  RawClient client(server.port());
  client.send(
      "HEAD / HTTP/1.1\r\nHost: h\r\n\r\nHEAD /stream HTTP/1.1\r\nHost: h\r\n\r\nGET /204 HTTP/1.1\r\nHost: "
      "h\r\nConnection: close\r\n\r\n");
  const std::string all = client.read_to_end();
  EXPECT_TRUE(has(all, "content-length: 4\r\n\r\nHTTP/1.1 200"));
  EXPECT_TRUE(has(all, "transfer-encoding: chunked\r\n\r\nHTTP/1.1 204"));
  EXPECT_EQ(all.substr(all.size() - 23), "\r\nconnection: close\r\n\r\n");
}

TEST(Server, HeadersOfTheHandlerCannotSplitTheAnswer) {
  TestServer server([](Transaction& t) -> awaitable<void> {
    t.start(200, "text/plain");
    t.header("x-id", "a\r\nset-cookie: evil");
    t.header("bad name", "dropped");
    co_await t.send("");
  });
  RawClient client(server.port());
  client.send(kGet);
  const std::string answer = client.read_answer();
  EXPECT_TRUE(has(answer, "x-id: a  set-cookie: evil\r\n"));
  EXPECT_FALSE(has(answer, "dropped"));
}

TEST(Server, LimitsAreToldByTheirStatus) {
  ServerLimits limits;
  limits.head_bytes_max = 1000;
  limits.headers_max = 5;
  limits.body_bytes_max = 100;
  TestServer server(echo, limits);
  struct Row {
    std::string bytes;
    unsigned status;
  } const rows[] = {
      {"GET /" + std::string(2000, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n", 431},
      {"GET /p HTTP/1.1\r\nHost: h\r\nX: " + std::string(2000, 'a'), 431},
      {"GET /p HTTP/1.1\r\nHost: h\r\nA: b\r\nA: b\r\nA: b\r\nA: b\r\nA: b\r\n\r\n", 431},
      {"POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\n\r\n", 413},
      {"POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" + std::string(101, 'x'), 413},
      {"POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: a-miracle\r\n\r\n", 417},
      {"GET /p HTTP/2.0\r\nHost: h\r\n\r\n", 505},
      {"PRI * HTTP/2.0\r\n\r\n", 505},
      {"CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", 501},
  };
  for (const Row& row : rows) {
    RawClient client(server.port());
    client.send(row.bytes);
    const std::string answer = client.read_to_end();
    EXPECT_EQ(status_of(answer), row.status) << row.bytes.substr(0, 60);
    EXPECT_TRUE(has(answer, "connection: close\r\n")) << row.bytes.substr(0, 60);
    EXPECT_TRUE(client.ended) << row.bytes.substr(0, 60);
  }
}

TEST(Server, ARefusalKnowsThePathAndTheHookRendersIt) {
  TestServer server(echo);
  RawClient client(server.port());
  client.send("POST /v1/messages HTTP/1.1\r\nHost: h\r\nContent-Length: 1, 1\r\n\r\n");
  const std::string answer = client.read_to_end();
  EXPECT_TRUE(has(answer, "content-type: text/x-refusal\r\n"));
  EXPECT_EQ(body_of(answer), "400 /v1/messages invalid Content-Length");
  EXPECT_EQ(server.handled, 0);
  EXPECT_EQ(server.counters().rejected_total, 1u);
}

TEST(Server, ARefusedClientThatKeepsSendingStillGetsTheAnswer) {
  ServerLimits limits;
  limits.body_bytes_max = 100;
  TestServer server(echo, limits);
  RawClient client(server.port());
  client.send("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n\r\n" + std::string(2'000'000, 'x'));
  EXPECT_EQ(status_of(client.read_to_end()), 413u);
  EXPECT_TRUE(client.ended);  // an orderly end, not a reset
}

TEST(Server, AnUnreadBodyIsDrainedOrEndsTheConnection) {
  TestServer server([](Transaction& t) -> awaitable<void> {
    t.start(200, "text/plain");
    co_await t.send("did not look");
  });
  RawClient small(server.port());
  small.send("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 20000\r\n\r\n" + std::string(20'000, 'x') +
             std::string(kGet));
  EXPECT_EQ(body_of(small.read_answer()), "did not look");
  EXPECT_EQ(body_of(small.read_answer()), "did not look");

  RawClient large(server.port());
  large.send("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n" + std::string(3'000'000, 'x') +
             std::string(kGet));
  const std::string all = large.read_to_end();
  EXPECT_TRUE(has(all, "connection: close\r\n"));
  EXPECT_EQ(body_of(all), "did not look");  // what follows the body is not taken for a request
}

TEST(Server, SlowHeadsAreToldSoAndSilentConnectionsAreClosed) {
  ServerLimits limits;
  limits.head_ms = 100;
  limits.keep_alive_ms = 100;
  TestServer server(echo, limits);
  RawClient slow(server.port()), silent(server.port()), idle(server.port());
  const auto begin = std::chrono::steady_clock::now();
  slow.send("GET /slow HTTP/1.1\r\nHo");
  idle.send(kGet);
  EXPECT_EQ(status_of(idle.read_answer()), 200u);
  EXPECT_EQ(status_of(slow.read_to_end()), 408u);
  EXPECT_TRUE(slow.ended);
  EXPECT_EQ(silent.read_to_end(), "");
  EXPECT_TRUE(silent.ended);
  EXPECT_EQ(idle.read_to_end(), "");
  EXPECT_TRUE(idle.ended);
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(took, 100ms);
  EXPECT_LT(took, 3s);
}

TEST(Server, TricklingAHeadDoesNotExtendItsTime) {
  ServerLimits limits;
  limits.head_ms = 300;
  TestServer server(echo, limits);
  RawClient client(server.port());
  client.send("GET / HTTP/1.1\r\nX: ");
  const auto begin = std::chrono::steady_clock::now();
  while (!client.readable(50ms) && std::chrono::steady_clock::now() - begin < 5s) client.send("a");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
  EXPECT_EQ(status_of(client.read_to_end()), 408u);
}

TEST(Server, AStalledBodyTimesOutAndASteadyOneDoesNot) {
  ServerLimits limits;
  limits.body_stall_ms = 300;
  TestServer server(echo, limits);
  RawClient stalled(server.port()), steady(server.port());
  stalled.send("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  steady.send("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n");
  for (int i = 0; i < 10; ++i) {
    std::this_thread::sleep_for(100ms);
    steady.send("x");
  }
  EXPECT_EQ(body_of(steady.read_answer()), "POST /p xxxxxxxxxx");
  const std::string answer = stalled.read_to_end();
  EXPECT_EQ(body_of(answer), "the request body took too long");
  EXPECT_TRUE(has(answer, "connection: close\r\n"));
  EXPECT_TRUE(stalled.ended);
}

TEST(Server, AHandlerThatFailsCostsOneAnswerAndNotTheLoop) {
  TestServer server([](Transaction& t) -> awaitable<void> {
    if (t.head().path == "/throw") throw std::runtime_error("boom");
    if (t.head().path == "/silent") co_return;
    if (t.head().path == "/after") {
      co_await echo(t);
      throw std::runtime_error("boom");
    }
    if (t.head().path == "/late") {
      t.stream_buffer() = "part";
      co_await t.flush();
      throw std::runtime_error("boom");
    }
    co_await echo(t);
  });
  for (const char* path : {"/throw", "/silent"}) {
    RawClient client(server.port());
    client.send("GET " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n\r\n");
    const std::string answer = client.read_to_end();
    EXPECT_EQ(status_of(answer), 500u) << path;
    EXPECT_FALSE(has(answer, "boom"));
  }
  RawClient late(server.port());
  late.send("GET /late HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(unchunk(body_of(late.read_to_end())), "<broken>");
  RawClient after(server.port());
  after.send("GET /after HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(body_of(after.read_to_end()), "GET /after ");
  EXPECT_TRUE(after.ended);
  RawClient fine(server.port());
  fine.send(kGet);
  EXPECT_EQ(status_of(fine.read_answer()), 200u);
}

TEST(Server, DrainClosesIdleConnectionsAtOnceAndLetsBusyOnesFinish) {
  TestServer server([](Transaction& t) -> awaitable<void> {
    co_await pause(t, 300ms);
    co_await echo(t);
  });
  RawClient idle(server.port()), busy(server.port()), partial(server.port());
  busy.send(std::string(kGet));
  partial.send("GET /part");
  ASSERT_TRUE(TestServer::eventually([&] { return server.handled == 1; }));
  ASSERT_TRUE(TestServer::eventually([&] { return server.counters().connections_open == 3; }));
  std::this_thread::sleep_for(20ms);
  server.drain();
  EXPECT_TRUE(idle.closed_by_server(200ms));
  EXPECT_FALSE(server.wait_closed(50ms));
  partial.send(" HTTP/1.1\r\nHost: h\r\n\r\n");
  for (RawClient* client : {&busy, &partial}) {
    const std::string answer = client->read_to_end();
    EXPECT_EQ(status_of(answer), 200u);
    EXPECT_TRUE(has(answer, "connection: close\r\n"));
    EXPECT_TRUE(client->ended);
  }
  EXPECT_TRUE(server.wait_closed());
  EXPECT_FALSE(RawClient(server.port()).connected());
}

TEST(Server, OneConnectionTooManyIsClosedAtOnce) {
  ServerLimits limits;
  limits.connections_max = 2;
  TestServer server(echo, limits);
  RawClient a(server.port()), b(server.port());
  ASSERT_TRUE(TestServer::eventually([&] { return server.counters().connections_open == 2; }));
  RawClient c(server.port());
  EXPECT_TRUE(c.closed_by_server());
  a.send(kGet);
  EXPECT_EQ(status_of(a.read_answer()), 200u);
  b.close();
  EXPECT_TRUE(TestServer::eventually([&] { return server.counters().connections_open == 1; }));
  RawClient d(server.port());
  d.send(kGet);
  EXPECT_EQ(status_of(d.read_answer()), 200u);
}

TEST(Server, TwoServersShareOnePortAndATakenAddressThrows) {
  TestServer first(echo);
  boost::asio::io_context loop{1};
  const boost::asio::ip::tcp::endpoint at(boost::asio::ip::make_address("127.0.0.1"), first.port());
  EXPECT_NO_THROW(Server(loop, at, nullptr, {}, {}));
  EXPECT_THROW(Server(loop, {boost::asio::ip::make_address("192.0.2.1"), 1}, nullptr, {}, {}),
               boost::system::system_error);
}

TEST(Server, AServerMayBeDestroyedWithRunningHandlersOnceItsLoopHasStopped) {
  boost::asio::io_context loop{1};
  {
    ServerHooks hooks;
    hooks.handle = [](Transaction& t) -> awaitable<void> {
      const std::string local(1000, 'x');  // leaks, under a sanitizer, unless the frame is destroyed
      t.watch_client([] {});
      auto body = co_await t.read_body();
      co_await pause(t, 60s);
    };
    Server server(loop, {boost::asio::ip::make_address("127.0.0.1"), 0}, nullptr, {}, hooks);
    server.start();
    RawClient waiting(server.local_endpoint().port()), reading(server.local_endpoint().port()),
        idle(server.local_endpoint().port());
    waiting.send(kGet);
    reading.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc");
    const auto end = std::chrono::steady_clock::now() + 5s;
    while (server.counters().requests_total < 2 && std::chrono::steady_clock::now() < end) loop.run_one_for(10ms);
    EXPECT_EQ(server.counters().requests_total, 2u);
    EXPECT_FALSE(server.closed());
  }
}

}  // namespace
}  // namespace onechat::net::testing
