// Two workers, real plugins, a provider on loopback and many clients at once: what threads can break, breaks here.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

#include "control/config.hpp"
#include "control/control_plane.hpp"
#include "main/gateway.hpp"
#include "net/server.hpp"

namespace onechat::main {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;

fs::path build_folder() { return fs::read_symlink("/proc/self/exe").parent_path().parent_path(); }

constexpr std::string_view kWhole =
    R"({"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant",)"
    R"("content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}})";

// A provider of the OpenAI dialect: whole answers, streams of 20 events, and on demand a stream that dies.
class Upstream {
 public:
  Upstream() {
    net::ServerHooks hooks;
    hooks.handle = [this](net::Transaction& t) { return answer(t); };
    hooks.reject = [](const net::HeadView&, const Error&, unsigned, std::string&, std::string&) {};
    server_ = std::make_unique<net::Server>(loop_, asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0), nullptr,
                                            net::ServerLimits{}, std::move(hooks));
    server_->start();
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~Upstream() {
    asio::post(loop_, [this] {
      server_->drain();
      server_->close();
    });
    for (bool closed = false; !closed; std::this_thread::sleep_for(std::chrono::milliseconds(5))) {
      std::atomic<int> answer{-1};
      asio::post(loop_, [&] { answer = server_->closed() ? 1 : 0; });
      while (answer < 0) std::this_thread::yield();
      closed = answer == 1;
    }
    loop_.stop();
    thread_.join();
  }
  std::uint16_t port() const { return server_->local_endpoint().port(); }

 private:
  static asio::awaitable<void> answer_stream(net::Transaction& t, bool dies) {
    t.start(200, "text/event-stream");
    for (int i = 0; i < 20; ++i) {
      t.stream_buffer() += R"(data: {"id":"c1","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}],"usage":null})"
                           "\n\n";
      if (!co_await t.flush()) co_return;
    }
    if (dies) {
      t.abort_stream();
      co_return;
    }
    t.stream_buffer() +=
        "data: {\"id\":\"c1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}\n\n"
        "data: {\"id\":\"c1\",\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":20,\"total_tokens\":30}}\n\n"
        "data: [DONE]\n\n";
    co_await t.finish_stream();
  }
  asio::awaitable<void> answer(net::Transaction& t) {
    auto body = co_await t.read_body();
    const std::string_view text = body ? view(*body) : std::string_view();
    if (text.find("\"stream\":true") != std::string_view::npos) {
      co_await answer_stream(t, text.find("please die") != std::string_view::npos);
      co_return;
    }
    t.start(200, "application/json");
    co_await t.send(kWhole);
  }

  asio::io_context loop_{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard_{loop_.get_executor()};
  std::unique_ptr<net::Server> server_;
  std::thread thread_;
};

// One blocking client request on a connection of its own; the whole answer as text.
std::string ask(std::uint16_t port, const std::string& key, const std::string& body, std::size_t hang_up_after = 0) {
  asio::io_context io;
  asio::ip::tcp::socket socket(io);
  socket.connect({asio::ip::make_address("127.0.0.1"), port});
  const std::string request = "POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " + key +
                              "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  asio::write(socket, asio::buffer(request));
  std::string answer;
  std::array<char, 4096> piece;
  boost::system::error_code ec;
  while (!ec && (hang_up_after == 0 || answer.size() < hang_up_after)) {
    const std::size_t n = socket.read_some(asio::buffer(piece), ec);
    answer.append(piece.data(), n);
  }
  return answer;
}

class GatewayTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("onechat-gateway-" + random_text(8));
    fs::create_directories(folder_);
    file_ = (folder_ / "1chat.yaml").string();
    write_config("m");
    const auto problems = control::load_config(file_, config_);
    for (const auto& p : problems) ADD_FAILURE() << control::to_string(p);
    services_.clock = &system_clock();
    plugin::Catalogue catalogue({build_folder() / "lib/1chat/plugins"});
    ledger_plugin_ = make<oc_ledger_backend>(catalogue, OC_KIND_LEDGER, "ledger.db");
    store_plugin_ = make<oc_store>(catalogue, OC_KIND_STORE, "store.db");
    ASSERT_TRUE(ledger_plugin_ && store_plugin_);
    ledger_ = std::make_unique<ledger::LedgerEngine>(ledger::Backend{&ledger_plugin_->table(), ledger_plugin_->self()},
                                                     ledger::EngineLimits{}, system_clock());
    store_ = std::make_unique<record::StoreEngine>(record::StoreBackend{&store_plugin_->table(), store_plugin_->self()},
                                                   record::StoreLimits{});
    plane_ = std::make_unique<control::ControlPlane>(*store_, ledger_.get(), keys_, system_clock(),
                                                     control::ControlOptions{5'000'000'000}, control::ControlHooks{});
    auto boot = plane_->boot();
    ASSERT_TRUE(boot) << boot.error().message;
    key_ = boot->api_key;
    node_ = std::make_unique<exchange::Node>(exchange::Node{system_clock(), keys_, admission_, ledger_.get(), *store_, 1, 0});
    gateway_ = std::make_unique<Gateway>(*node_, plugin::LogHook());
    auto started = gateway_->start(config_, nullptr);
    ASSERT_TRUE(started) << started.error().message;
  }
  void TearDown() override {
    if (gateway_) {
      EXPECT_TRUE(gateway_->stop(5));
    }
    if (ledger_) ledger_->drain();
    gateway_.reset();
    plane_.reset();
    ledger_.reset();
    store_.reset();
    fs::remove_all(folder_);
  }
  void write_config(const std::string& model) {
    std::ofstream(file_) << R"({"listen":"127.0.0.1:0","admin":{"listen":"127.0.0.1:0"},"workers":2,"data":")" << folder_.string()
                         << R"(","plugins":{"path":[")" << (build_folder() / "lib/1chat/plugins").string()
                         << R"("]},"surfaces":["openai_chat"],"providers":{"up":{"use":"openai_chat","base_url":"http://127.0.0.1:)"
                         << upstream_.port() << R"(/v1","api_key":"upstream-secret"},"demo":{"use":"demo"}},"models":{")" << model
                         << R"(":{"targets":[{"provider":"up"}],"price":{"input":"1","output":"2"}},"demo":{"targets":[{"provider":"demo"}],"price":{"input":"1","output":"2"}}},"ledger":{"use":"sqlite"},"store":{"use":"sqlite"},"stages":{"blocklist":{"use":"blocklist","words":["Forbidden Fruit"]}},)"
                         << R"("pipeline":["authenticate","admit","blocklist","route","reserve","call","settle","trace"]})";
  }
  template <class Table>
  std::unique_ptr<plugin::Instance<Table>> make(plugin::Catalogue& catalogue, std::uint32_t kind, const char* file) {
    auto found = catalogue.find(kind, "sqlite");
    EXPECT_TRUE(found) << found.error().message;
    auto made = plugin::Instance<Table>::make(*found, services_, "sqlite", "{\"file\":\"" + (folder_ / file).string() + "\"}");
    EXPECT_TRUE(made) << made.error().message;
    return made ? std::move(*made) : nullptr;
  }
  oc_ledger_balance balance() {
    auto b = plane_->balance("default");
    EXPECT_TRUE(b);
    oc_ledger_balance out{};
    if (b) out.available = b->available_nano, out.held = b->held_nano, out.spent = b->spent_nano;
    return out;
  }

  Upstream upstream_;
  fs::path folder_;
  std::string file_, key_;
  control::Config config_;
  plugin::LoopServices services_;
  std::unique_ptr<plugin::Instance<oc_ledger_backend>> ledger_plugin_;
  std::unique_ptr<plugin::Instance<oc_store>> store_plugin_;
  std::unique_ptr<ledger::LedgerEngine> ledger_;
  std::unique_ptr<record::StoreEngine> store_;
  admission::KeyTable keys_;
  admission::Admission admission_;
  std::unique_ptr<control::ControlPlane> plane_;
  std::unique_ptr<exchange::Node> node_;
  std::unique_ptr<Gateway> gateway_;
};

const std::string kAsk = R"({"model":"m","max_tokens":10,"messages":[{"role":"user","content":"hi"}]})";
const std::string kAskStream = R"({"model":"m","max_tokens":10,"stream":true,"messages":[{"role":"user","content":"hi"}]})";
const std::string kAskToDie = R"({"model":"m","max_tokens":10,"stream":true,"messages":[{"role":"user","content":"please die"}]})";
const std::string kAskDemo = R"({"model":"demo","stream":true,"messages":[{"role":"user","content":"hi"}]})";

TEST_F(GatewayTest, AnswersWholeAndStreamedToTheByte) {
  EXPECT_TRUE(ask(gateway_->port(), key_, kAsk).ends_with(kWhole));
  const std::string stream = ask(gateway_->port(), key_, kAskStream);
  EXPECT_EQ(stream.find("\"usage\""), std::string::npos) << "usage was not asked for: " << stream;
  EXPECT_NE(stream.find("data: [DONE]\n\n"), std::string::npos);
  const auto b = balance();
  EXPECT_EQ(b.held, 0);
  // 10 x 1 + 5 x 2 and 10 x 1 + 20 x 2 USD per million tokens, plus 10 %.
  EXPECT_EQ(b.spent, 22'000 + 55'000);
}

TEST_F(GatewayTest, ADyingStreamEndsWithAnErrorAndIsPaidForAsFarAsItCame) {
  const std::string stream = ask(gateway_->port(), key_, kAskToDie);
  EXPECT_EQ(stream.find("[DONE]"), std::string::npos);
  EXPECT_NE(stream.find("data: {\"error\""), std::string::npos) << stream;
  const auto b = balance();
  EXPECT_EQ(b.held, 0);
  EXPECT_GE(b.spent, 44'000) << "20 tokens were delivered";
}

// Whole answers, streams, dying streams, clients that hang up, the demo's timers, reloads, metrics and revocations, all at
// once: nothing is held afterwards, the books balance, and the sanitizers have seen it.
TEST_F(GatewayTest, ManyClientsReloadsAndMetricsAtOnceLeaveNothingHeld) {
  std::atomic<bool> stop{false};
  std::atomic<int> answered{0}, wrong{0};
  std::vector<std::thread> threads;
  for (int c = 0; c < 6; ++c)
    threads.emplace_back([&, c] {
      for (int i = 0; i < 25; ++i) {
        const int kind = (c + i) % 6;
        const std::string& body = kind == 0 ? kAskDemo : kind == 1 ? kAskToDie : kind == 2 ? kAsk : kAskStream;
        const std::string answer = ask(gateway_->port(), key_, body, kind == 3 ? 300 : 0);
        ++answered;
        if (!answer.starts_with("HTTP/1.1 200")) ++wrong;
      }
    });
  threads.emplace_back([&] {
    while (!stop) {
      EXPECT_TRUE(gateway_->reload(config_, nullptr));
      control::MetricsText text;
      gateway_->add_metrics(text);
      EXPECT_NE(text.text().find("onechat_attempts_total"), std::string::npos);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  for (std::size_t i = 0; i + 1 < threads.size(); ++i) threads[i].join();
  stop = true;
  threads.back().join();
  EXPECT_EQ(answered, 150);
  EXPECT_EQ(wrong, 0);
  std::int64_t held = 1;
  for (int i = 0; i < 200 && held != 0; ++i) {
    held = balance().held;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(held, 0);
  auto verdict = plane_->books().verify();
  ASSERT_TRUE(verdict);
  EXPECT_TRUE(verdict->breaches.empty());
}

TEST_F(GatewayTest, AStageRefusesBeforeAnythingIsHeldAndLeavesTheRestStraight) {
  const std::string bad = R"({"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"a forbidden FRUIT."}]}]})";
  const std::string answer = ask(gateway_->port(), key_, bad);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 400")) << answer;
  EXPECT_NE(answer.find("\"code\":\"content_blocked\""), std::string::npos) << answer;
  EXPECT_EQ(balance().spent, 0);
  EXPECT_TRUE(ask(gateway_->port(), key_, kAsk).ends_with(kWhole));
}

TEST_F(GatewayTest, ARevokedKeyIsRefusedAtOnce) {
  EXPECT_TRUE(ask(gateway_->port(), key_, kAsk).starts_with("HTTP/1.1 200"));
  for (const auto& k : plane_->directory().keys("default")) EXPECT_TRUE(plane_->directory().revoke_key(k.id));
  EXPECT_TRUE(ask(gateway_->port(), key_, kAsk).starts_with("HTTP/1.1 401"));
}

TEST_F(GatewayTest, AReloadThatFailsChangesNothing) {
  control::Config broken = config_;
  broken.providers[0].use = "no_such_plugin";
  const auto reloaded = gateway_->reload(broken, nullptr);
  ASSERT_FALSE(reloaded);
  EXPECT_NE(reloaded.error().message.find("no_such_plugin"), std::string::npos);
  EXPECT_TRUE(ask(gateway_->port(), key_, kAsk).starts_with("HTTP/1.1 200"));
}

}  // namespace
}  // namespace onechat::main
