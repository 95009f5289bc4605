// The load: a closed loop on one connection, or many streams at once. Prints one JSON object.
//
//   bench_client latency --port P --key K --requests N
//   bench_client streams --port P --key K --streams N [--spread-ms M] [--hold 1] [--client chat|anthropic]
//
// `latency`: nanoseconds from a request's first byte written to its answer's last byte read.
// `streams`: opens N streams spread over M ms and reads them to the end. --hold 1 prints "open" once each stream has
// its first event, so that someone else can look at the server's memory. --client names the dialect that is spoken.
#include <boost/asio.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "http_bytes.hpp"

namespace asio = boost::asio;
using asio::ip::tcp;
using Clock = std::chrono::steady_clock;

namespace onechat::bench {
namespace {

struct Options {
  std::uint16_t port = 0;
  std::string key;
  std::size_t requests = 1000, streams = 100, spread_ms = 500;
  bool hold = false;
  bool anthropic = false;  // the dialect: Anthropic Messages instead of OpenAI Chat
};

std::string request_of(const Options& options, bool stream) {
  const std::string first_turn = std::string(R"({"role":")") + (options.anthropic ? "user" : "system") +
                                 R"(","content":"You are a helpful assistant."},)";
  const std::string body =
      R"({"model":"bench","messages":[)" + first_turn +
      R"({"role":"user","content":"Tell me something about the weather on the moon, please."}],"max_tokens":256)" +
      std::string(stream ? R"(,"stream":true})" : "}");
  return std::string("POST ") + (options.anthropic ? "/v1/messages" : "/v1/chat/completions") + " HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer " + options.key +
         "\r\ncontent-type: application/json\r\naccept: application/json\r\ncontent-length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

double percentile(std::vector<double> sorted, double p) {
  if (sorted.empty()) return 0;
  return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(p * static_cast<double>(sorted.size())))];
}

// ---- one connection, one request after the other; plain blocking calls ----

int measure_latency(const Options& options) {
  asio::io_context loop(1);
  tcp::socket socket(loop);
  socket.connect({asio::ip::address_v4::loopback(), options.port});
  socket.set_option(tcp::no_delay(true));
  const std::string request = request_of(options, false);
  std::vector<double> micros;
  micros.reserve(options.requests);
  std::string buffer;
  char piece[16 * 1024];
  for (std::size_t i = 0; i < options.requests; ++i) {
    const auto began = Clock::now();
    asio::write(socket, asio::buffer(request));
    buffer.clear();
    std::optional<std::size_t> size;
    while (!size || buffer.size() < *size) {
      buffer.append(piece, socket.read_some(asio::buffer(piece)));
      size = message_size(buffer);
    }
    micros.push_back(std::chrono::duration<double, std::micro>(Clock::now() - began).count());
    if (buffer.compare(9, 3, "200") != 0) {
      std::fprintf(stderr, "unexpected answer: %s\n", buffer.c_str());
      return 1;
    }
  }
  std::sort(micros.begin(), micros.end());
  std::printf(R"({"requests":%zu,"p50_us":%.2f,"p90_us":%.2f,"p99_us":%.2f})"
              "\n",
              micros.size(), percentile(micros, 0.50), percentile(micros, 0.90), percentile(micros, 0.99));
  return 0;
}

// ---- many streams ----

struct Tally {
  std::size_t open = 0, done = 0, failed = 0, events = 0, streams = 0;
  bool hold = false;
  std::vector<double> first_event_ms;
  void opened() {
    if (++open == streams && hold) {
      std::printf("open\n");
      std::fflush(stdout);
    }
  }
};

// Counts "data:" at line starts over any split of the bytes.
class EventCounter {
 public:
  std::size_t feed(std::string_view bytes) {
    std::size_t events = 0;
    for (const char c : bytes) {
      if (c == '\n') {
        matched_ = 0;
      } else if (matched_ < kMark.size()) {
        matched_ = c == kMark[matched_] ? matched_ + 1 : kMark.size() + 1;
        events += matched_ == kMark.size();
      }
    }
    return events;
  }

 private:
  static constexpr std::string_view kMark = "data:";
  std::size_t matched_ = kMark.size() + 1;
};

asio::awaitable<void> read_stream(const Options& options, const std::string& request, std::size_t delay_ms,
                                  Tally& tally) {
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor);
  timer.expires_after(std::chrono::milliseconds(delay_ms));
  co_await timer.async_wait(asio::use_awaitable);
  tcp::socket socket(executor);
  boost::system::error_code ec;
  const tcp::endpoint server(asio::ip::address_v4::loopback(), options.port);
  co_await socket.async_connect(server, asio::redirect_error(asio::use_awaitable, ec));
  const auto began = Clock::now();
  if (!ec) co_await asio::async_write(socket, asio::buffer(request), asio::redirect_error(asio::use_awaitable, ec));
  EventCounter counter;
  std::string last;
  std::size_t events = 0;
  char piece[8 * 1024];
  while (!ec) {
    const std::size_t n =
        co_await socket.async_read_some(asio::buffer(piece), asio::redirect_error(asio::use_awaitable, ec));
    const std::string_view bytes(piece, n);
    const std::size_t seen = counter.feed(bytes);
    if (events == 0 && seen != 0) {
      tally.first_event_ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - began).count());
      tally.opened();
    }
    events += seen;
    last.append(bytes);
    if (last.size() > 64) last.erase(0, last.size() - 64);
    if (last.ends_with("0\r\n\r\n")) break;
  }
  tally.events += events;
  const bool whole = last.find(options.anthropic ? "message_stop" : "[DONE]") != std::string::npos;
  ++(whole ? tally.done : tally.failed);
}

int measure_streams(const Options& options) {
  asio::io_context loop(1);
  Tally tally;
  tally.streams = options.streams;
  tally.hold = options.hold;
  const std::string request = request_of(options, true);
  const auto began = Clock::now();
  for (std::size_t i = 0; i < options.streams; ++i) {
    const std::size_t delay_ms = options.spread_ms * i / options.streams;
    asio::co_spawn(loop, read_stream(options, request, delay_ms, tally), asio::detached);
  }
  loop.run();
  const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
  std::sort(tally.first_event_ms.begin(), tally.first_event_ms.end());
  std::printf(R"({"streams":%zu,"done":%zu,"failed":%zu,"events":%zu,"seconds":%.3f,)"
              R"("first_event_p50_ms":%.2f,"first_event_p99_ms":%.2f})"
              "\n",
              options.streams, tally.done, tally.failed, tally.events, seconds,
              percentile(tally.first_event_ms, 0.50), percentile(tally.first_event_ms, 0.99));
  return tally.failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace onechat::bench

int main(int argc, char** argv) {
  onechat::bench::Options options;
  for (int i = 2; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const std::string_view text = argv[i + 1];
    const std::size_t value = std::strtoul(argv[i + 1], nullptr, 10);
    if (name == "--port") options.port = static_cast<std::uint16_t>(value);
    if (name == "--key") options.key = text;
    if (name == "--requests") options.requests = value;
    if (name == "--streams") options.streams = value;
    if (name == "--spread-ms") options.spread_ms = value;
    if (name == "--hold") options.hold = value != 0;
    if (name == "--client") options.anthropic = text == "anthropic";
  }
  const std::string_view mode = argc > 1 ? argv[1] : "";
  if (mode == "latency") return onechat::bench::measure_latency(options);
  if (mode == "streams") return onechat::bench::measure_streams(options);
  std::fprintf(stderr, "usage: bench_client latency|streams --port P --key K ...\n");
  return 2;
}
