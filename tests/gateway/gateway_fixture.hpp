// The data plane of one process on loopback: real plugins, two workers, and a provider that says what a test wants.
#pragma once
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "control/config.hpp"
#include "control/control_plane.hpp"
#include "main/gateway.hpp"
#include "net/server.hpp"

namespace onechat::main {

namespace asio = boost::asio;
namespace fs = std::filesystem;

inline fs::path build_folder() { return fs::read_symlink("/proc/self/exe").parent_path().parent_path(); }

// The whole answer of the provider, with that content and usage.
inline std::string whole_answer(const std::string& content, bool usage = true) {
  return R"({"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant",)"
         R"("content":")" +
         content + R"("},"finish_reason":"stop"}])" +
         (usage ? R"(,"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}})" : "}");
}

// What a provider does after the raw events it was told to send.
enum class Then { silence, end, cut, error };

// What the provider says: as one content or as the pieces of a stream.
struct Script {
  std::string whole = "hello";
  std::vector<std::string> pieces = std::vector<std::string>(20, "x");
  bool usage = true;
  std::uint32_t piece_ms = 0;         // pause after each piece
  std::vector<std::string> raw = {};  // not empty: the stream's first events to the byte
  Then then = Then::silence;
};

class Upstream {
 public:
  Upstream() {
    net::ServerHooks hooks;
    hooks.handle = [this](net::Transaction& t) { return answer(t); };
    hooks.reject = [](const net::HeadView&, const Error&, unsigned, std::string&, std::string&) {};
    server_ = std::make_unique<net::Server>(loop_, asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0),
                                            nullptr, net::ServerLimits{}, std::move(hooks));
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
  void play(Script script) {
    const std::lock_guard lock(mutex_);
    script_ = std::move(script);
  }
  std::vector<std::string> seen() const {  // the bodies of all requests
    const std::lock_guard lock(mutex_);
    return seen_;
  }

 private:
  Script note(std::string_view body) {
    const std::lock_guard lock(mutex_);
    seen_.emplace_back(body);
    return script_;
  }
  static asio::awaitable<void> answer_stream(net::Transaction& t, Script script, bool dies) {
    t.start(200, "text/event-stream");
    for (const std::string& event : script.raw) {
      t.stream_buffer() += event;
      if (!co_await t.flush()) co_return;
    }
    if (!script.raw.empty() && script.then != Then::silence) {
      if (script.then == Then::error)
        t.stream_buffer() += "data: {\"error\":{\"message\":\"overloaded\",\"type\":\"server_error\"}}\n\n";
      if (script.then == Then::cut)
        t.abort_stream();
      else
        co_await t.finish_stream();
      co_return;
    }
    if (!script.raw.empty()) {
      auto hung_up = std::make_shared<asio::steady_timer>(co_await asio::this_coro::executor, std::chrono::seconds(30));
      t.watch_client([hung_up] { hung_up->cancel(); });
      boost::system::error_code ec;
      co_await hung_up->async_wait(asio::redirect_error(asio::use_awaitable, ec));
      co_return;
    }
    for (const std::string& piece : script.pieces) {
      t.stream_buffer() +=
          R"(data: {"id":"c1","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":")";
      t.stream_buffer() += piece + "\"},\"finish_reason\":null}],\"usage\":null}\n\n";
      if (!co_await t.flush()) co_return;
      if (script.piece_ms == 0) continue;
      asio::steady_timer pause(co_await asio::this_coro::executor, std::chrono::milliseconds(script.piece_ms));
      co_await pause.async_wait(asio::use_awaitable);
    }
    if (dies) {
      t.abort_stream();
      co_return;
    }
    t.stream_buffer() +=
        "data: "
        "{\"id\":\"c1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":"
        "null}\n\n";
    if (script.usage)
      t.stream_buffer() +=
          "data: "
          "{\"id\":\"c1\",\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":20,"
          "\"total_tokens\":30}}\n\n";
    t.stream_buffer() += "data: [DONE]\n\n";
    co_await t.finish_stream();
  }
  asio::awaitable<void> answer(net::Transaction& t) {
    auto body = co_await t.read_body();
    const std::string_view text = body ? view(*body) : std::string_view();
    Script script = note(text);
    if (text.find("\"stream\":true") != std::string_view::npos) {
      co_await answer_stream(t, std::move(script), text.find("please die") != std::string_view::npos);
      co_return;
    }
    const std::string whole = whole_answer(script.whole, script.usage);
    t.start(200, "application/json");
    co_await t.send(whole);
  }

  asio::io_context loop_{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard_{loop_.get_executor()};
  std::unique_ptr<net::Server> server_;
  mutable std::mutex mutex_;
  Script script_;
  std::vector<std::string> seen_;
  std::thread thread_;
};

// One blocking client request on a connection of its own; the whole answer as text.
inline std::string ask(std::uint16_t port, const std::string& key, const std::string& body,
                       std::size_t hang_up_after = 0) {
  asio::io_context io;
  asio::ip::tcp::socket socket(io);
  socket.connect({asio::ip::make_address("127.0.0.1"), port});
  const std::string request = "POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " + key +
                              "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                              body;
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
    write_config();
    const auto problems = control::load_config(file_, config_);
    for (const auto& p : problems) ADD_FAILURE() << control::to_string(p);
    services_.clock = &system_clock();
    plugin::Catalogue catalogue({build_folder() / "lib/1chat/plugins"});
    ledger_plugin_ = make<oc_ledger_backend>(catalogue, OC_KIND_LEDGER, "ledger.db");
    store_plugin_ = make<oc_store>(catalogue, OC_KIND_STORE, "store.db");
    ASSERT_TRUE(ledger_plugin_ && store_plugin_);
    ledger_ = std::make_unique<ledger::LedgerEngine>(ledger::Backend{&ledger_plugin_->table(), ledger_plugin_->self()},
                                                     ledger::EngineLimits{}, system_clock());
    till_ = std::make_unique<ledger::Till>(*ledger_, nullptr, till_options(), system_clock());
    ASSERT_TRUE(till_->start());
    store_ = std::make_unique<record::StoreEngine>(record::StoreBackend{&store_plugin_->table(), store_plugin_->self()},
                                                   record::StoreLimits{});
    plane_ = std::make_unique<control::ControlPlane>(*store_, ledger_.get(), keys_, system_clock(),
                                                     control::ControlOptions{credit_nano(), {}}, control::ControlHooks{});
    auto boot = plane_->boot();
    ASSERT_TRUE(boot) << boot.error().message;
    key_ = boot->api_key;
    node_ = std::make_unique<exchange::Node>(
        exchange::Node{system_clock(), keys_, admission_, till_.get(), *store_, 1});
    gateway_ = std::make_unique<Gateway>(*node_, [this](std::int32_t, std::string_view, std::string_view message) {
      const std::lock_guard lock(log_mutex_);
      log_.emplace_back(message);
    });
    auto started = gateway_->start(config_, nullptr);
    ASSERT_TRUE(started) << started.error().message;
  }
  void TearDown() override {
    if (gateway_) {
      EXPECT_TRUE(gateway_->stop(5));
    }
    if (till_) till_->drain();
    gateway_.reset();
    plane_.reset();
    till_.reset();
    ledger_.reset();
    store_.reset();
    fs::remove_all(folder_);
  }
  // The stages between `admit` and `route`, with their settings: what a test file of its own is made for.
  struct Stages {
    std::string settings = R"("blocklist":{"use":"blocklist","words":["Forbidden Fruit"]})", names = R"("blocklist",)";
  };
  virtual Stages stages() const { return {}; }
  virtual int workers() const { return 2; }
  virtual std::int64_t credit_nano() const { return 5'000'000'000; }
  virtual ledger::TillOptions till_options() const { return {}; }
  virtual std::string more_config() const { return {}; }  // members, each with a comma after it
  virtual std::string provider_settings() const { return {}; }  // likewise, each with a comma before it

  void write_config() {
    const fs::path plugins = build_folder() / "lib/1chat/plugins",
                   test_plugins = build_folder() / "tests/gateway/plugins";
    std::ofstream(file_)
        << R"({"listen":"127.0.0.1:0","admin":{"listen":"127.0.0.1:0"},"workers":)" << workers() << R"(,"data":")" << folder_.string()
        << R"(","plugins":{"path":[")" << plugins.string() << R"(",")" << test_plugins.string()
        << R"("]},"surfaces":["openai_chat"],"providers":{"up":{"use":"openai_chat","base_url":"http://127.0.0.1:)"
        << upstream_.port() << R"(/v1","api_key":"upstream-secret")" << provider_settings() << R"(},"demo":{"use":"demo"}},"models":{)"
        << R"("m":{"targets":[{"provider":"up"}],"price":{"input":"1","output":"2"}},)"
        << R"("dear":{"targets":[{"provider":"up"}],"price":{"input":"0","output":"2000"}},)"
        << R"("demo":{"targets":[{"provider":"demo"}],"price":{"input":"1","output":"2"}}},)"
        << R"("ledger":{"use":"sqlite"},"store":{"use":"sqlite"},"stages":{)" << stages().settings
        << "}," << more_config() << R"("pipeline":["authenticate","admit",)" << stages().names
        << R"("route","reserve","call","settle","trace"]})";
  }
  // What plugins logged, oldest first.
  std::vector<std::string> logged() const {
    const std::lock_guard lock(log_mutex_);
    return log_;
  }
  template <class Table>
  std::unique_ptr<plugin::Instance<Table>> make(plugin::Catalogue& catalogue, std::uint32_t kind, const char* file) {
    auto found = catalogue.find(kind, "sqlite");
    EXPECT_TRUE(found) << found.error().message;
    auto made =
        plugin::Instance<Table>::make(*found, services_, "sqlite", "{\"file\":\"" + (folder_ / file).string() + "\"}");
    EXPECT_TRUE(made) << made.error().message;
    return made ? std::move(*made) : nullptr;
  }
  oc_ledger_balance balance() {
    auto b = plane_->balance("default");
    EXPECT_TRUE(b);
    return b ? *b : oc_ledger_balance{};
  }

  Upstream upstream_;
  mutable std::mutex log_mutex_;
  std::vector<std::string> log_;
  fs::path folder_;
  std::string file_, key_;
  control::Config config_;
  plugin::LoopServices services_;
  std::unique_ptr<plugin::Instance<oc_ledger_backend>> ledger_plugin_;
  std::unique_ptr<plugin::Instance<oc_store>> store_plugin_;
  std::unique_ptr<ledger::LedgerEngine> ledger_;
  std::unique_ptr<ledger::Till> till_;
  std::unique_ptr<record::StoreEngine> store_;
  admission::KeyTable keys_;
  admission::Admission admission_;
  std::unique_ptr<control::ControlPlane> plane_;
  std::unique_ptr<exchange::Node> node_;
  std::unique_ptr<Gateway> gateway_;
};

}  // namespace onechat::main
