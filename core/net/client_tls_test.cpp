// Whom the client trusts, and the way through a proxy.
#include "net/client_test_bench.hpp"
#include "net/client_test_certs.hpp"

namespace onechat::net {
namespace {

using namespace test;
using boost::asio::awaitable;

class ClientTlsTest : public ClientBench {
 protected:
  // Serves `text` to every request, as `who`.
  TestServer::Script secured(const Identity& who, std::string text = std::string(kOk)) {
    context_ = server_context(who);
    return [this, text](Peer& peer) {
      if (!peer.start_tls(context_.get())) return;
      if (const char* name = SSL_get_servername(peer.tls(), TLSEXT_NAMETYPE_host_name)) server_name_ = name;
      resumed_ = SSL_session_reused(peer.tls()) == 1;
      while (!peer.request().empty() && peer.send(text)) {
      }
    };
  }
  // Names of the test lead to this machine.
  std::shared_ptr<Resolver> local() {
    return std::make_shared<Resolver>(loop_, 1'000, [](const std::string&, Resolver::Done done) {
      done({}, {boost::asio::ip::make_address("127.0.0.1")});
    });
  }
  std::unique_ptr<Client> secure_client(std::string host, std::uint16_t port, ClientOptions options = {}) {
    options.connect_ms = 5'000;
    return client(Origin{true, std::move(host), port, ""}, std::move(options), local());
  }
  std::string outcome(const Identity& who, std::string host) {
    TestServer server(secured(who));
    const auto c = secure_client(std::move(host), server.port());
    const auto answer = get(*c);
    words_ = answer.error ? answer.error->message : "";
    return answer.text();
  }

  Identity authority_ = make_identity("Test Authority", nullptr);
  CertFile file_{authority_.cert.get()};
  ContextPtr context_;
  std::string server_name_, words_;
  std::atomic<bool> resumed_ = false;

  void SetUp() override { tls_ = make_client_tls(file_.path()); }
};

TEST_F(ClientTlsTest, OnlyTheRightNameFromAKnownAuthorityInItsTimeIsTrusted) {
  const auto good = make_identity("x", "DNS:api.test,DNS:*.wild.test,IP:127.0.0.1", &authority_);
  EXPECT_EQ(outcome(good, "api.test"), "200 ok");
  EXPECT_EQ(server_name_, "api.test");
  EXPECT_EQ(outcome(good, "a.wild.test"), "200 ok");
  server_name_.clear();
  EXPECT_EQ(outcome(good, "127.0.0.1"), "200 ok");
  EXPECT_EQ(server_name_, "") << "an address is no name to be served";

  EXPECT_EQ(outcome(good, "other.test"), "io/tls");
  EXPECT_NE(words_.find("hostname mismatch"), std::string::npos) << words_;
  EXPECT_EQ(outcome(good, "a.b.wild.test"), "io/tls");
  EXPECT_EQ(outcome(make_identity("x", "DNS:api.test,DNS:127.0.0.1", &authority_), "127.0.0.1"), "io/tls");

  EXPECT_EQ(outcome(make_identity("x", "DNS:api.test", &authority_, -60), "api.test"), "io/tls");
  EXPECT_NE(words_.find("expired"), std::string::npos) << words_;

  const auto stranger = make_identity("Other Authority", nullptr);
  EXPECT_EQ(outcome(make_identity("x", "DNS:api.test", &stranger), "api.test"), "io/tls");
  EXPECT_EQ(outcome(make_identity("api.test", "DNS:api.test"), "api.test"), "io/tls");
}

TEST_F(ClientTlsTest, NothingOlderThanTls12) {
  const auto good = make_identity("x", "DNS:api.test", &authority_);
  const auto script = secured(good);
  SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context_.get(), TLS1_1_VERSION);
  SSL_CTX_set_cipher_list(context_.get(), "ALL:@SECLEVEL=0");
  TestServer server(script);
  EXPECT_EQ(get(*secure_client("api.test", server.port())).text(), "io/tls");
}

TEST_F(ClientTlsTest, LargeBodiesGoBothWaysAndConnectionsAreReused) {
  const auto good = make_identity("x", "DNS:api.test", &authority_);
  const std::string big(500'000, 'y');
  TestServer server(secured(good, "HTTP/1.1 200 OK\r\ncontent-length: 500000\r\n\r\n" + big));
  const auto c = secure_client("api.test", server.port());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(post(*c, big).text(), "200 " + big);
  EXPECT_EQ(server.connections(), 1u);
}

TEST_F(ClientTlsTest, ASecondConnectionResumesTheSession) {
  const auto good = make_identity("x", "DNS:api.test", &authority_);
  TestServer server(secured(good));
  const auto c = secure_client("api.test", server.port());
  EXPECT_EQ(get(*c).text(), "200 ok");
  EXPECT_FALSE(resumed_);
  c->close_idle();
  EXPECT_EQ(get(*c).text(), "200 ok");
  EXPECT_TRUE(resumed_);
}

// Without TLS's own goodbye, the end of a body without a length could be an attacker's doing.
TEST_F(ClientTlsTest, ABodyUntilCloseNeedsAProperEnd) {
  const auto good = make_identity("x", "DNS:api.test", &authority_);
  context_ = server_context(good);
  TestServer server([this](Peer& peer) {
    if (!peer.start_tls(context_.get())) return;
    peer.request();
    peer.send("HTTP/1.1 200 OK\r\n\r\nhello");
    if (peer.number == 0) peer.close_tls();
  });
  const auto c = secure_client("api.test", server.port());
  EXPECT_EQ(get(*c).text(), "200 hello");
  EXPECT_EQ(get(*c).text(), "io/body");
}

TEST_F(ClientTlsTest, AServerThatNeverShakesHandsIsATimeout) {
  TestServer server([](Peer& peer) { peer.wait_for_close(); });
  const auto c = client(Origin{true, "api.test", server.port(), ""}, {.connect_ms = 200}, local());
  EXPECT_EQ(get(*c).text(), "timeout/tls");
  EXPECT_EQ(c->counters().open, 0u);
}

TEST_F(ClientTlsTest, AProxyMakesATunnelAndSeesNoRequest) {
  const auto good = make_identity("x", "DNS:api.test", &authority_);
  std::string seen;
  const auto inner = secured(good);
  TestServer proxy([&](Peer& peer) {
    seen = peer.request();
    peer.send("HTTP/1.1 200 Connection established\r\ncontent-length: 7\r\n\r\n");
    inner(peer);
  });
  const auto c =
      secure_client("api.test", 8443, {.proxy = "http://user:pass@127.0.0.1:" + std::to_string(proxy.port())});
  EXPECT_EQ(get(*c).text(), "200 ok");
  EXPECT_EQ(get(*c).text(), "200 ok");
  EXPECT_EQ(proxy.connections(), 1u);
  EXPECT_EQ(seen,
            "CONNECT api.test:8443 HTTP/1.1\r\nhost: api.test:8443\r\nproxy-authorization: Basic dXNlcjpwYXNz\r\n\r\n");
}

TEST_F(ClientTlsTest, AProxyThatRefusesIsAnErrorOfConnecting) {
  TestServer proxy([&](Peer& peer) {
    peer.request();
    if (peer.number == 0) peer.send("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 2\r\n\r\nno");
    if (peer.number == 1) peer.send("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n");
    if (peer.number == 2) peer.send("nonsense\r\n\r\n");
    if (peer.number == 3) peer.wait_for_close();
  });
  const auto c = client(Origin{true, "api.test", 443, ""},
                        {.connect_ms = 300, .proxy = "http://127.0.0.1:" + std::to_string(proxy.port())}, local());
  const auto refused = get(*c);
  EXPECT_EQ(refused.text(), "io/connect");
  EXPECT_NE(refused.error->message.find("407"), std::string::npos) << refused.error->message;
  EXPECT_EQ(get(*c).text(), "io/connect");
  EXPECT_EQ(get(*c).text(), "io/connect");
  EXPECT_EQ(get(*c).text(), "timeout/connect");
}

}  // namespace
}  // namespace onechat::net
