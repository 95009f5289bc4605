// The same promises over TLS, with a certificate made here.
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <boost/asio/ssl/context.hpp>

#include "net/server_test_kit.hpp"

namespace onechat::net::testing {
namespace {

constexpr std::string_view kGet = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

boost::asio::ssl::context self_signed() {
  boost::asio::ssl::context context(boost::asio::ssl::context::tls_server);
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* cert = X509_new();
  X509_gmtime_adj(X509_getm_notBefore(cert), -60);
  X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
  X509_set_pubkey(cert, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("h"), -1, -1, 0);
  X509_set_issuer_name(cert, X509_get_subject_name(cert));
  X509_sign(cert, key, EVP_sha256());
  SSL_CTX_use_certificate(context.native_handle(), cert);
  SSL_CTX_use_PrivateKey(context.native_handle(), key);
  X509_free(cert);
  EVP_PKEY_free(key);
  return context;
}

class TlsClient {
 public:
  explicit TlsClient(std::uint16_t port, std::string_view alpn = "\x08http/1.1", int receive_buffer = 0)
      : raw(port, receive_buffer), context_(SSL_CTX_new(TLS_client_method())), ssl_(SSL_new(context_)) {
    if (!alpn.empty())
      SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(alpn.data()),
                          static_cast<unsigned>(alpn.size()));
    SSL_set_fd(ssl_, raw.fd());
    connected = SSL_connect(ssl_) == 1;
  }
  ~TlsClient() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
    ERR_clear_error();
  }
  bool send(std::string_view bytes) {
    return SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) == static_cast<int>(bytes.size());
  }
  // All until close_notify; `clean` says whether there was one.
  std::string read_to_end() {
    char buffer[65536];
    int n;
    while ((n = SSL_read(ssl_, buffer, sizeof buffer)) > 0) got.append(buffer, static_cast<std::size_t>(n));
    clean = SSL_get_error(ssl_, n) == SSL_ERROR_ZERO_RETURN;
    return got;
  }
  bool receive_until(std::string_view text) {
    char buffer[65536];
    while (got.find(text) == std::string::npos) {
      const int n = SSL_read(ssl_, buffer, sizeof buffer);
      if (n <= 0) return false;
      got.append(buffer, static_cast<std::size_t>(n));
    }
    return true;
  }
  std::string alpn() const {
    const unsigned char* name = nullptr;
    unsigned n = 0;
    SSL_get0_alpn_selected(ssl_, &name, &n);
    return {reinterpret_cast<const char*>(name), n};
  }

  RawClient raw;
  bool connected = false, clean = false;
  std::string got;

 private:
  SSL_CTX* context_;
  SSL* ssl_;
};

TEST(ServerTls, RequestsAndStreamsWorkAsOverPlainSockets) {
  auto context = self_signed();
  TestServer server(
      [](Transaction& t) -> awaitable<void> {
        t.watch_client([] {});
        if (t.head().path != "/stream") co_return co_await echo(t);
        t.start(200, "text/event-stream");
        for (int i = 0; i < 3; ++i) {
          t.stream_buffer() = "data: " + std::to_string(i) + "\n\n";
          co_await t.flush();
          co_await pause(t, 10ms);
        }
        co_await t.finish_stream();
      },
      {}, &context);
  TlsClient client(server.port());
  ASSERT_TRUE(client.connected);
  EXPECT_EQ(client.alpn(), "http/1.1");
  const std::string big(300'000, 'b');
  client.send("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n" + big);
  ASSERT_TRUE(client.receive_until("POST /p " + big));
  client.got.clear();
  client.send(
      "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n"
      "GET /b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(has(client.read_to_end(), "9\r\ndata: 2\n\n\r\n0\r\n\r\nHTTP/1.1 200 OK"));
  EXPECT_TRUE(has(client.got, "GET /b "));
  EXPECT_TRUE(client.clean) << "close_notify says that the answer is whole";
}

TEST(ServerTls, AClientWithoutAlpnIsServedAndOneWithoutOurProtocolIsNot) {
  auto context = self_signed();
  TestServer server(echo, {}, &context);
  TlsClient silent(server.port(), "");
  EXPECT_TRUE(silent.connected);
  TlsClient other(server.port(), "\x02h2");
  EXPECT_FALSE(other.connected);
}

TEST(ServerTls, AHandshakeThatStallsOrFailsEnds) {
  auto context = self_signed();
  ServerLimits limits;
  limits.head_ms = 100;
  TestServer server(echo, limits, &context);
  RawClient stalled(server.port()), plain(server.port());
  plain.send(kGet);
  EXPECT_TRUE(plain.closed_by_server());
  EXPECT_TRUE(stalled.closed_by_server());
  EXPECT_EQ(server.handled, 0);
}

TEST(ServerTls, ASlowReaderGetsEverythingAndOneThatLeavesIsNoticed) {
  auto context = self_signed();
  std::atomic<int> left{0};
  TestServer server(
      [&](Transaction& t) -> awaitable<void> {
        t.watch_client([] {});
        t.start(200, "text/plain");
        for (int i = 0; i < 200; ++i) {
          t.stream_buffer().assign(65'536, 'x');
          if (co_await t.flush()) continue;
          ++left;
          co_return;
        }
        co_await t.finish_stream();
      },
      {}, &context);
  {
    TlsClient slow(server.port(), "", 16'384);
    slow.send(kGet);
    std::this_thread::sleep_for(100ms);
    EXPECT_TRUE(slow.receive_until("0\r\n\r\n"));
    EXPECT_EQ(unchunk(body_of(slow.got)).size(), 200u * 65'536);
  }
  TlsClient leaving(server.port(), "", 16'384);
  EXPECT_EQ(left, 0);
  leaving.send(kGet);
  std::this_thread::sleep_for(50ms);
  leaving.raw.reset();
  EXPECT_TRUE(TestServer::eventually([&] { return left == 1; }));
}

}  // namespace
}  // namespace onechat::net::testing
