// Clients that hang up, at every event of recorded streams: whoever got something pays for it.
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "base/arena.hpp"
#include "gateway_fixture.hpp"
#include "json/json.hpp"

namespace onechat::main {
namespace {

fs::path corpus() {
  const char* said = std::getenv("ONECHAT_CORPUS");
  return said != nullptr ? fs::path(said) : fs::path("../shared/corpus");
}

// The events of a recording, each with its blank line.
std::vector<std::string> events_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string all((std::istreambuf_iterator<char>(in)), {});
  std::vector<std::string> events;
  for (std::size_t from = 0; from < all.size();) {
    const std::size_t lf = all.find("\n\n", from), crlf = all.find("\r\n\r\n", from);
    const std::size_t to =
        std::min(lf == std::string::npos ? all.size() : lf + 2, crlf == std::string::npos ? all.size() : crlf + 4);
    events.push_back(all.substr(from, to - from));
    from = to;
  }
  return events;
}

// Bytes of model output that an event of the chat dialect delivers.
std::size_t output_bytes(const std::string& event) {
  const std::size_t at = event.find("data: {");
  if (at == std::string::npos) return 0;
  Arena arena;
  std::string_view text = std::string_view(event).substr(at + 6);
  text = text.substr(0, text.find_last_of('}') + 1);
  const oc_json* root = json::parse(arena, text);
  if (root == nullptr) return 0;
  std::size_t bytes = 0;
  const oc_json* choices = json::get(root, "choices");
  for (const oc_json* choice = choices != nullptr ? choices->first : nullptr; choice != nullptr; choice = choice->next)
    if (const oc_json* delta = json::get(choice, "delta"))
      for (const char* name : {"content", "refusal", "reasoning_content"})
        if (const oc_json* value = json::get(delta, name); value != nullptr && value->type == OC_JSON_STRING)
          bytes += value->text.size();
  return bytes;
}

// How a stream ends early.
struct End {
  const char* name;
  Then then;
  bool more;  // the provider goes on, and only the client has gone
};
constexpr std::array kEnds = {
    End{"the client hangs up on a silent provider", Then::silence, false},
    End{"the client hangs up on a provider that goes on", Then::silence, true},
    End{"the provider ends the stream without a word", Then::end, false},
    End{"the provider's connection is cut", Then::cut, false},
    End{"the provider says that it failed", Then::error, false},
};

// A provider that plays a recording as far as an end allows.
class CutStreams : public GatewayTest {
 protected:
  std::int64_t credit_nano() const override { return 5'000'000'000'000; }
  // Without leases every hold is in the books until it is settled.
  ledger::TillOptions till_options() const override {
    ledger::TillOptions options;
    options.leases.reserves_per_s = 0;
    return options;
  }
  // What one client pays that was given so many events of the recording.
  std::int64_t paid_after(const std::vector<std::string>& events, std::size_t n, const End& end) {
    const std::int64_t before = balance().spent;
    Script script;
    script.raw.assign(events.begin(), end.more ? events.end() : events.begin() + static_cast<std::ptrdiff_t>(n));
    script.then = end.then;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < n; ++i) bytes += events[i].size();
    upstream_.play(std::move(script));
    ask_and_hang_up(bytes);
    for (int i = 0; i < 500; ++i) {
      const auto b = balance();
      if (b.held == 0) return b.spent - before;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    ADD_FAILURE() << "still held";
    return 0;
  }
  // Reads until the last of the events is there, so that they were delivered, and closes.
  void ask_and_hang_up(std::size_t bytes) {
    asio::io_context io;
    asio::ip::tcp::socket socket(io);
    socket.connect({asio::ip::make_address("127.0.0.1"), gateway_->port()});
    const std::string body = R"({"model":"m","max_tokens":1000,"stream":true,"stream_options":{"include_usage":true},)"
                             R"("messages":[{"role":"user","content":"hi"}]})";
    asio::write(socket, asio::buffer("POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " + key_ +
                                     "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body));
    std::string answer;
    std::array<char, 8192> piece;
    std::size_t head = std::string::npos;
    while (head == std::string::npos || answer.size() < head + 4 + bytes) {
      pollfd wait{socket.native_handle(), POLLIN, 0};
      if (::poll(&wait, 1, head == std::string::npos ? 2'000 : 300) != 1) break;  // not all of it is passed on
      const ssize_t n = ::recv(socket.native_handle(), piece.data(), piece.size(), 0);
      if (n <= 0) break;
      answer.append(piece.data(), static_cast<std::size_t>(n));
      head = answer.find("\r\n\r\n");
    }
    EXPECT_FALSE(answer.starts_with("HTTP/1.1 4")) << answer;  // a provider that died early is a 502
  }
};

TEST_F(CutStreams, AtEveryEventWhatWasDeliveredIsPaid) {
  if (!fs::exists(corpus() / "openai-chat")) GTEST_SKIP() << "no recordings at " << corpus();
  const bool all = std::getenv("ONECHAT_LONG") != nullptr;
  std::vector<fs::path> files;
  for (const auto& f : fs::directory_iterator(corpus() / "openai-chat"))
    if (f.path().extension() == ".sse") files.push_back(f.path());
  std::sort(files.begin(), files.end());
  std::size_t streams = 0, cuts = 0, skipped = 0;
  for (std::size_t f = 0; f < files.size(); f += all ? 1 : 16) {
    const auto events = events_of(files[f]);
    if (events.size() < 2 || events.size() > 400) {
      ++skipped;
      continue;
    }
    ++streams;
    const std::size_t step = all ? 1 : std::max<std::size_t>(1, events.size() / 8);
    for (std::size_t n = 1; n <= events.size(); n += step) {
      std::size_t bytes = 0;
      for (std::size_t i = 0; i < n; ++i) bytes += output_bytes(events[i]);
      // One token in at 1, and a token out at 2 USD per million for each four bytes, plus 10 %.
      const std::int64_t least = bytes == 0 ? 0 : (1'000 + 2'000 * static_cast<std::int64_t>(bytes / 4)) * 11 / 10;
      const auto tells = [](const std::string& e) { return e.find("\"prompt_tokens\"") != std::string::npos; };
      for (std::size_t e = 0; e < kEnds.size(); ++e) {
        if (!all && (streams + n) % kEnds.size() != e) continue;
        const std::int64_t paid = paid_after(events, n, kEnds[e]);
        ++cuts;
        const auto told_by = [&](std::size_t count) {
          return std::any_of(events.begin(), events.begin() + static_cast<std::ptrdiff_t>(count), tells);
        };
        if (told_by(n))  // the provider's word counts, and it may be less
          EXPECT_GT(paid, 0) << files[f] << " after " << n << " events: " << kEnds[e].name;
        else if (kEnds[e].more && told_by(events.size()))  // the gateway may have heard it before the client was gone
          EXPECT_GE(paid, bytes == 0 ? 0 : 1) << files[f] << " after " << n << " events: " << kEnds[e].name;
        else
          EXPECT_GE(paid, least) << files[f] << " after " << n << " events: " << kEnds[e].name;
      }
    }
  }
  std::cout << streams << " streams, " << cuts << " cuts, " << skipped << " skipped\n";
  EXPECT_GT(cuts, 0u);
}

}  // namespace
}  // namespace onechat::main
