// TLS towards an upstream: who is verified, what is offered, and the session that a next connection resumes.
#pragma once
#include <openssl/ssl.h>

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "net/client_socket.hpp"

namespace onechat::net {

// The newest session of one origin. Confined to the loop; outlives the streams that prepare_tls() tied to it.
class TlsSession {
 public:
  void keep(SSL_SESSION* session) noexcept { session_.reset(session); }  // takes it over
  SSL_SESSION* get() const noexcept { return session_.get(); }
  void forget() noexcept { session_.reset(); }

 private:
  struct Free {
    void operator()(SSL_SESSION* s) const noexcept { SSL_SESSION_free(s); }
  };
  std::unique_ptr<SSL_SESSION, Free> session_;
};

using TlsStream = boost::asio::ssl::stream<UpstreamSocket&>;

// Sets name (SNI), verification against `host` (a name or a literal address), TLS 1.2 or newer, ALPN http/1.1 and the
// session to resume. Error: OC_E_IO.
Result<void> prepare_tls(TlsStream& stream, const std::string& host, TlsSession& session);
// Why a handshake failed, in words that name the certificate's fault when it is that.
std::string tls_failure(TlsStream& stream, const boost::system::error_code& ec);

}  // namespace onechat::net
