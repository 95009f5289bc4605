// Streamed answers: one write per flush, back-pressure, and clients that leave.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fstream>

#include "net/server_test_kit.hpp"

namespace onechat::net::testing {
namespace {

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t total = 0, resident = 0;
  file >> total >> resident;
  return resident * 4096;
}

TEST(Stream, EachFlushIsOneChunkAndTheFirstCarriesTheHead) {
  TestServer server([](Transaction& t) -> awaitable<void> {
    t.start(200, "text/event-stream");
    t.header("x-request-id", "r1");
    EXPECT_FALSE(t.head_sent());
    t.stream_buffer() += "data: 1\n\n";
    EXPECT_TRUE(co_await t.flush());
    EXPECT_TRUE(t.head_sent());
    EXPECT_TRUE(t.stream_buffer().empty());
    EXPECT_TRUE(co_await t.flush());  // nothing to write: must not look like the last chunk
    t.stream_buffer() += std::string(300, 'x');
    EXPECT_TRUE(co_await t.flush());
    t.stream_buffer() += "end";
    EXPECT_TRUE(co_await t.finish_stream());
  });
  RawClient client(server.port());
  client.send(kGet);
  ASSERT_TRUE(client.receive_until("0\r\n\r\n"));
  EXPECT_TRUE(has(client.got, "transfer-encoding: chunked\r\n"));
  EXPECT_TRUE(has(client.got, "x-request-id: r1\r\n"));
  EXPECT_EQ(body_of(client.got), "9\r\ndata: 1\n\n\r\n12c\r\n" + std::string(300, 'x') + "\r\n3\r\nend\r\n0\r\n\r\n");
  client.got.clear();
  client.send(kGet);  // the connection is good for another one
  EXPECT_TRUE(client.receive_until("0\r\n\r\n"));
}

TEST(Stream, TheHeadAndTheFirstBytesLeaveInOnePacket) {
  TestServer server([](Transaction& t) -> awaitable<void> {
    t.start(200, "text/event-stream");
    t.stream_buffer() = "first";
    co_await t.flush();
    co_await pause(t, 100ms);
    co_await t.finish_stream();
  });
  RawClient client(server.port());
  client.send(kGet);
  ASSERT_TRUE(client.receive());
  EXPECT_TRUE(has(client.got, "5\r\nfirst\r\n"));
}

TEST(Stream, ASlowReaderHoldsTheWriterBackAndGetsEverything) {
  std::atomic<std::size_t> written{0};
  constexpr std::size_t kTotal = 64u << 20;
  TestServer server([&](Transaction& t) -> awaitable<void> {
    t.start(200, "text/plain");
    while (written < kTotal) {
      t.stream_buffer().assign(65'536, static_cast<char>('a' + written / 65'536 % 26));
      if (!co_await t.flush()) co_return;
      written += 65'536;
    }
    co_await t.finish_stream();
  });
  const std::size_t before = resident_bytes();
  RawClient client(server.port(), 16'384);
  client.send(kGet);
  std::this_thread::sleep_for(300ms);
  const std::size_t stuck_at = written;
  EXPECT_LT(stuck_at, kTotal / 4);  // what the kernel takes, no more
  std::this_thread::sleep_for(100ms);
  EXPECT_EQ(written, stuck_at);
  EXPECT_LT(resident_bytes(), before + (8u << 20));
  std::size_t received = 0;
  while (client.receive()) {
    received += client.got.size();
    const bool last = client.got.size() >= 5 && client.got.substr(client.got.size() - 5) == "0\r\n\r\n";
    client.got.clear();
    if (last) break;
  }
  EXPECT_GT(received, kTotal);
}

TEST(Stream, AClientThatTakesNothingIsCutAfterTheWriteStall) {
  ServerLimits limits;
  limits.write_stall_ms = 300;
  std::atomic<bool> ended{false}, told{false};
  TestServer server(
      [&](Transaction& t) -> awaitable<void> {
        t.watch_client([&] { told = true; });
        t.start(200, "text/plain");
        do t.stream_buffer().assign(65'536, 'x');
        while (co_await t.flush());
        EXPECT_TRUE(t.client_gone());
        ended = true;
      },
      limits);
  RawClient client(server.port(), 16'384);
  client.send(kGet);
  EXPECT_TRUE(TestServer::eventually([&] { return ended.load(); }));
  EXPECT_TRUE(told);
  EXPECT_TRUE(TestServer::eventually([&] { return server.counters().connections_open == 0; }));
}

struct Leaving {
  const char* name;
  void (*leave)(RawClient&);
};
const Leaving kWaysToLeave[] = {
    {"close", [](RawClient& c) { c.close(); }},
    {"reset", [](RawClient& c) { c.reset(); }},
    {"half-close", [](RawClient& c) { c.half_close(); }},
};

TEST(Stream, AWatchedClientThatLeavesWhileTheHandlerWaitsIsToldOnce) {
  for (const Leaving& way : kWaysToLeave) {
    std::atomic<int> told{0};
    std::atomic<bool> done{false};
    TestServer server([&](Transaction& t) -> awaitable<void> {
      boost::asio::steady_timer upstream(t.executor(), 10s);
      t.watch_client([&] {
        ++told;
        upstream.cancel();
      });
      boost::system::error_code ec;
      co_await upstream.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ec));
      EXPECT_TRUE(ec) << "woken by the client's leaving, not by time";
      EXPECT_TRUE(t.client_gone());
      done = true;
    });
    RawClient client(server.port());
    client.send(kGet);
    ASSERT_TRUE(TestServer::eventually([&] { return server.handled == 1; }));
    way.leave(client);
    EXPECT_TRUE(TestServer::eventually([&] { return done.load(); })) << way.name;
    EXPECT_EQ(told, 1) << way.name;
    EXPECT_TRUE(TestServer::eventually([&] { return server.counters().connections_open == 0; })) << way.name;
  }
}

TEST(Stream, AClientThatLeavesDuringTheStreamEndsIt) {
  for (const Leaving& way : kWaysToLeave) {
    std::atomic<bool> done{false};
    TestServer server([&](Transaction& t) -> awaitable<void> {
      t.watch_client([] {});
      t.start(200, "text/event-stream");
      do {
        t.stream_buffer() = "data: x\n\n";
        co_await pause(t, 5ms);
      } while (co_await t.flush());
      done = true;
    });
    RawClient client(server.port());
    client.send(kGet);
    ASSERT_TRUE(client.receive_until("data: x"));
    way.leave(client);
    EXPECT_TRUE(TestServer::eventually([&] { return done.load(); })) << way.name;
  }
}

TEST(Stream, AClientThatLeavesWhileTheWriterIsHeldBackEndsTheWait) {
  std::atomic<bool> done{false};
  TestServer server([&](Transaction& t) -> awaitable<void> {
    t.watch_client([] {});
    t.start(200, "text/plain");
    do t.stream_buffer().assign(65'536, 'x');
    while (co_await t.flush());
    done = true;
  });
  RawClient client(server.port(), 16'384);
  client.send(kGet);
  std::this_thread::sleep_for(100ms);
  EXPECT_FALSE(done);
  client.reset();
  EXPECT_TRUE(TestServer::eventually([&] { return done.load(); }));
}

TEST(Stream, AnUnwatchedHalfClosedClientStillGetsItsAnswer) {
  TestServer server([](Transaction& t) -> awaitable<void> {
    co_await pause(t, 50ms);
    co_await echo(t);
  });
  RawClient client(server.port());
  client.send(kGet);
  client.half_close();
  EXPECT_EQ(body_of(client.read_to_end()), "GET / ");
  EXPECT_TRUE(client.ended);
}

TEST(Stream, WatchingKeepsPipelinedBytesForTheNextRequestAndThenStopsReading) {
  std::atomic<int> told{0};
  TestServer server([&](Transaction& t) -> awaitable<void> {
    t.watch_client([&] { ++told; });
    co_await pause(t, 60ms);
    co_await echo(t);
  });
  RawClient client(server.port());
  client.send(kGet);
  std::this_thread::sleep_for(20ms);
  const std::string big(2'000'000, 'y');
  std::thread sender([&] { client.send("POST /n HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n\r\n" + big); });
  EXPECT_EQ(body_of(client.read_answer()), "GET / ");
  EXPECT_EQ(body_of(client.read_answer()), "POST /n " + big);
  sender.join();
  EXPECT_EQ(told, 0);
}

TEST(Stream, AnAbortedStreamIsSeenAsCut) {
  TestServer server([](Transaction& t) -> awaitable<void> {
    t.watch_client([] { ADD_FAILURE() << "the client did not leave: it was left"; });
    t.start(200, "text/plain");
    t.stream_buffer() = "part";
    co_await t.flush();
    co_await pause(t, 50ms);
    t.abort_stream();
    t.stream_buffer() = "more";
    EXPECT_FALSE(co_await t.flush());
    co_await pause(t, 20ms);
  });
  RawClient chunked(server.port());
  chunked.send(kGet);
  const std::string answer = chunked.read_to_end();
  EXPECT_TRUE(has(answer, "part"));
  EXPECT_EQ(unchunk(body_of(answer)), "<broken>");

  RawClient old(server.port());
  old.send("GET / HTTP/1.0\r\n\r\n");
  old.read_to_end();
  EXPECT_TRUE(old.was_reset);  // without chunks an orderly end would look like the whole answer
}

TEST(Stream, CloseEndsRunningHandlersToo) {
  std::atomic<int> told{0};
  TestServer server([&](Transaction& t) -> awaitable<void> {
    boost::asio::steady_timer upstream(t.executor(), 10s);
    t.watch_client([&] {
      ++told;
      upstream.cancel();
    });
    boost::system::error_code ec;
    co_await upstream.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ec));
  });
  RawClient client(server.port());
  client.send(kGet);
  ASSERT_TRUE(TestServer::eventually([&] { return server.handled == 1; }));
  server.close();
  EXPECT_TRUE(client.closed_by_server());
  EXPECT_TRUE(server.wait_closed());
  EXPECT_EQ(told, 1);
}

TEST(Stream, AThousandStreamsAtOnceAllGetEverything) {
  constexpr int kStreams = 1'000, kEvents = 10;
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, 4'096);
  ::setrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_cur < 2'100) GTEST_SKIP() << "needs 2,100 descriptors";

  std::atomic<int> open{0}, peak{0};
  TestServer server([&](Transaction& t) -> awaitable<void> {
    t.watch_client([] {});
    peak = std::max(peak.load(), ++open);
    t.start(200, "text/event-stream");
    for (int i = 0; i < kEvents; ++i) {
      t.stream_buffer() += "data: event " + std::to_string(i) + "\n\n";
      if (!co_await t.flush()) break;
      co_await pause(t, 200ms);
    }
    --open;
    co_await t.finish_stream();
  });
  const std::size_t before = resident_bytes();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < kStreams; ++i) {
    clients.push_back(std::make_unique<RawClient>(server.port()));
    clients.back()->send(kGet);
  }
  ASSERT_TRUE(TestServer::eventually([&] { return server.handled == kStreams; }));
  const std::size_t per_stream = (resident_bytes() - std::min(before, resident_bytes())) / kStreams;
  RecordProperty("bytes_per_stream", static_cast<int>(per_stream));
  int whole = 0;
  for (auto& client : clients) {
    client->receive_until("0\r\n\r\n", 20s);
    std::string expected;
    for (int i = 0; i < kEvents; ++i) expected += "data: event " + std::to_string(i) + "\n\n";
    whole += unchunk(body_of(client->got)) == expected;
  }
  EXPECT_EQ(whole, kStreams);
  EXPECT_EQ(peak, kStreams);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_LT(per_stream, 20'000u);
#endif
}

}  // namespace
}  // namespace onechat::net::testing
