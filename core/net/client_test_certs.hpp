// Certificates for a test, made on the spot.
#pragma once
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>

namespace onechat::net::test {

struct FreeOpenSsl {
  void operator()(X509* p) const { X509_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
};
using CertPtr = std::unique_ptr<X509, FreeOpenSsl>;
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeOpenSsl>;
using ContextPtr = std::unique_ptr<SSL_CTX, FreeOpenSsl>;

struct Identity {
  KeyPtr key{EVP_EC_gen("P-256")};
  CertPtr cert{X509_new()};
};

inline void extend(X509* cert, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, cert, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  if (extension == nullptr) throw std::runtime_error("extension");
  X509_add_ext(cert, extension, -1);
  X509_EXTENSION_free(extension);
}

// Signed by `issuer`, or by itself. Valid from an hour ago, for `seconds` from now.
inline Identity make_identity(const char* name, const char* alternative_names, const Identity* issuer = nullptr,
                              long seconds = 3'600) {
  static long serial = 1;
  Identity made;
  X509* cert = made.cert.get();
  X509_set_version(cert, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(cert), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(cert), -3'600);
  X509_gmtime_adj(X509_getm_notAfter(cert), seconds);
  X509_set_pubkey(cert, made.key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509* signer = issuer != nullptr ? issuer->cert.get() : cert;
  X509_set_issuer_name(cert, X509_get_subject_name(signer));
  extend(cert, signer, NID_basic_constraints, issuer != nullptr ? "CA:FALSE" : "critical,CA:TRUE");
  if (alternative_names != nullptr) extend(cert, signer, NID_subject_alt_name, alternative_names);
  X509_sign(cert, issuer != nullptr ? issuer->key.get() : made.key.get(), EVP_sha256());
  return made;
}

inline ContextPtr server_context(const Identity& who) {
  ContextPtr context(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_use_certificate(context.get(), who.cert.get());
  SSL_CTX_use_PrivateKey(context.get(), who.key.get());
  return context;
}

// A file with one certificate, gone with the object.
class CertFile {
 public:
  explicit CertFile(X509* cert) {
    const int fd = mkstemp(path_.data());
    std::FILE* file = fdopen(fd, "w");
    PEM_write_X509(file, cert);
    std::fclose(file);
  }
  ~CertFile() { ::unlink(path_.c_str()); }
  CertFile(const CertFile&) = delete;
  CertFile& operator=(const CertFile&) = delete;
  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_ = (std::getenv("TMPDIR") != nullptr ? std::string(std::getenv("TMPDIR")) : P_tmpdir) + "/ca-XXXXXX";
};

}  // namespace onechat::net::test
