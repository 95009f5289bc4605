// A provider that costs nothing: answers chat completions at once, or streams events at a steady pace.
//
//   bench_upstream [--events N] [--interval-ms M] [--json-bytes B]
//
// Prints "port N" and serves until it is killed. One thread: the box has few cores and the gateway should get them.
#include <boost/asio.hpp>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "http_bytes.hpp"

namespace asio = boost::asio;
using asio::ip::tcp;

namespace onechat::bench {
namespace {

struct Script {
  std::size_t events = 100;
  std::size_t interval_ms = 20;
  std::size_t json_bytes = 1024;
};

std::string chunk_of(std::string_view payload) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", payload.size());
  return std::string(size).append(payload).append("\r\n");
}

std::string event_of(std::string_view choices, std::string_view usage) {
  std::string event = R"(data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,)"
                      R"("model":"bench","service_tier":"default","system_fingerprint":"fp_bench","choices":)";
  event.append(choices).append(usage).append("}\n\n");
  return event;
}

// The answers, made once.
struct Answers {
  explicit Answers(const Script& script) {
    std::string body = R"({"id":"chatcmpl-bench","object":"chat.completion","created":1700000000,"model":"bench",)"
                       R"("choices":[{"index":0,"message":{"role":"assistant","content":")";
    const std::string tail = R"(","refusal":null},"logprobs":null,"finish_reason":"stop"}],)"
                             R"("usage":{"prompt_tokens":20,"completion_tokens":200,"total_tokens":220}})";
    while (body.size() + tail.size() < script.json_bytes) body.append("lorem ipsum ");
    body.append(tail);
    whole = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: " + std::to_string(body.size()) +
            "\r\n\r\n" + body;
    for (const bool usage : {false, true}) {
      const std::string_view null_usage = usage ? R"(,"usage":null)" : "";
      const auto chunk = [&](std::string_view choices) { return chunk_of(event_of(choices, null_usage)); };
      Stream& s = usage ? with_usage : without_usage;
      s.head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n" +
               chunk(R"([{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"finish_reason":null}])");
      s.event = chunk(R"([{"index":0,"delta":{"content":" lorem"},"logprobs":null,"finish_reason":null}])");
      s.tail = chunk(R"([{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}])");
      if (usage) {
        s.tail += chunk_of(event_of(
            "[]", R"(,"usage":{"prompt_tokens":20,"completion_tokens":200,"total_tokens":220})"));
      }
      s.tail += chunk_of("data: [DONE]\n\n") + "0\r\n\r\n";
    }
  }
  struct Stream {
    std::string head, event, tail;
  };
  std::string whole;
  Stream with_usage, without_usage;
};

asio::awaitable<bool> write_all(tcp::socket& socket, const std::string& bytes) {
  boost::system::error_code ec;
  co_await asio::async_write(socket, asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, ec));
  co_return !ec;
}

asio::awaitable<bool> stream(tcp::socket& socket, const Answers::Stream& answer, const Script& script) {
  asio::steady_timer timer(socket.get_executor());
  auto at = std::chrono::steady_clock::now();
  if (!co_await write_all(socket, answer.head)) co_return false;
  for (std::size_t i = 0; i < script.events; ++i) {
    at += std::chrono::milliseconds(script.interval_ms);
    if (script.interval_ms != 0) {
      timer.expires_at(at);
      co_await timer.async_wait(asio::use_awaitable);
    }
    if (!co_await write_all(socket, answer.event)) co_return false;
  }
  co_return co_await write_all(socket, answer.tail);
}

asio::awaitable<void> serve(tcp::socket socket, const Script& script, const Answers& answers) {
  socket.set_option(tcp::no_delay(true));
  std::string buffer;
  char piece[16 * 1024];
  for (;;) {
    std::optional<std::size_t> size = message_size(buffer);
    while (!size || buffer.size() < *size) {
      boost::system::error_code ec;
      const std::size_t n =
          co_await socket.async_read_some(asio::buffer(piece), asio::redirect_error(asio::use_awaitable, ec));
      if (ec) co_return;
      buffer.append(piece, n);
      size = message_size(buffer);
    }
    const std::string_view request(buffer.data(), *size);
    const bool streamed = request.find(R"("stream":true)") != std::string_view::npos;
    const bool usage = request.find(R"("include_usage":true)") != std::string_view::npos;
    bool alive = false;
    if (streamed) {
      alive = co_await stream(socket, usage ? answers.with_usage : answers.without_usage, script);
    } else {
      alive = co_await write_all(socket, answers.whole);
    }
    if (!alive) co_return;
    buffer.erase(0, *size);
  }
}

asio::awaitable<void> accept(tcp::acceptor& acceptor, const Script& script, const Answers& answers) {
  for (;;) {
    tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
    asio::co_spawn(acceptor.get_executor(), serve(std::move(socket), script, answers), asio::detached);
  }
}

int run(const Script& script) {
  const Answers answers(script);
  asio::io_context loop(1);
  tcp::acceptor acceptor(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  acceptor.listen(4096);
  std::printf("port %u\n", static_cast<unsigned>(acceptor.local_endpoint().port()));
  std::fflush(stdout);
  asio::co_spawn(loop, accept(acceptor, script, answers), asio::detached);
  loop.run();
  return 0;
}

}  // namespace
}  // namespace onechat::bench

int main(int argc, char** argv) {
  onechat::bench::Script script;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const std::size_t value = std::strtoul(argv[i + 1], nullptr, 10);
    if (name == "--events") script.events = value;
    if (name == "--interval-ms") script.interval_ms = value;
    if (name == "--json-bytes") script.json_bytes = value;
  }
  return onechat::bench::run(script);
}
