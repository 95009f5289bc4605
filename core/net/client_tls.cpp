#include "net/client_tls.hpp"

#include <openssl/x509_vfy.h>

#include <boost/asio/ip/address.hpp>

#include "net/client.hpp"

namespace onechat::net {
namespace {

namespace ssl = boost::asio::ssl;

int session_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

// OpenSSL's callback: 1 says that the session was taken over.
int on_new_session(SSL* handle, SSL_SESSION* session) {
  auto* keeper = static_cast<TlsSession*>(SSL_get_ex_data(handle, session_index()));
  if (keeper == nullptr) return 0;
  keeper->keep(session);
  return 1;
}

}  // namespace

ssl::context make_client_tls(const std::string& ca_file) {
  ssl::context context(ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  if (ca_file.empty())
    context.set_default_verify_paths();
  else
    context.load_verify_file(ca_file);
  context.set_verify_mode(ssl::verify_peer);
  SSL_CTX_set_mode(context.native_handle(), SSL_MODE_RELEASE_BUFFERS);
  // Sessions are kept per origin, by the client: none would be found again in OpenSSL's own store.
  SSL_CTX_set_session_cache_mode(context.native_handle(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context.native_handle(), on_new_session);
  return context;
}

Result<void> prepare_tls(TlsStream& stream, const std::string& host, TlsSession& session) {
  SSL* handle = stream.native_handle();
  boost::system::error_code ec;
  boost::asio::ip::make_address(host, ec);
  const bool literal = !ec;
  // The context could be anyone's: what matters for trust is set here, whatever it says.
  SSL_set_verify(handle, SSL_VERIFY_PEER, nullptr);
  SSL_set_min_proto_version(handle, TLS1_2_VERSION);
  SSL_set_hostflags(handle, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  bool fine = literal ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(handle), host.c_str()) == 1
                      : SSL_set1_host(handle, host.c_str()) == 1 && SSL_set_tlsext_host_name(handle, host.c_str()) == 1;
  static constexpr unsigned char kProtocols[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  fine = fine && SSL_set_alpn_protos(handle, kProtocols, sizeof kProtocols) == 0;  // 0 is its success
  fine = fine && SSL_set_ex_data(handle, session_index(), &session) == 1;
  if (!fine) return Error(OC_E_IO, "cannot prepare TLS for " + host);
  if (session.get() != nullptr) SSL_set_session(handle, session.get());
  return {};
}

std::string tls_failure(TlsStream& stream, const boost::system::error_code& ec) {
  const long verdict = SSL_get_verify_result(stream.native_handle());
  if (verdict != X509_V_OK) return std::string("certificate: ") + X509_verify_cert_error_string(verdict);
  return ec.message();
}

}  // namespace onechat::net
