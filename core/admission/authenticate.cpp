#include "admission/authenticate.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace onechat::admission {
namespace {

// One per thread. Fetching the digest and making a context cost more than hashing a key does.
class KeyHasher {
 public:
  KeyHasher() : digest_(EVP_MD_fetch(nullptr, "SHA256", nullptr)), context_(EVP_MD_CTX_new()) {
    if (digest_ == nullptr || context_ == nullptr) throw std::runtime_error("SHA-256 is not available");
  }
  ~KeyHasher() {
    EVP_MD_CTX_free(context_);
    EVP_MD_free(digest_);
  }
  KeyHasher(const KeyHasher&) = delete;
  KeyHasher& operator=(const KeyHasher&) = delete;

  Sha256 operator()(std::string_view text) {
    Sha256 out{};
    if (EVP_DigestInit_ex2(context_, digest_, nullptr) != 1 ||
        EVP_DigestUpdate(context_, text.data(), text.size()) != 1 ||
        EVP_DigestFinal_ex(context_, out.data(), nullptr) != 1)
      throw std::runtime_error("SHA-256 failed");
    return out;
  }

 private:
  EVP_MD* digest_;
  EVP_MD_CTX* context_;
};

bool is_plain(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

Error refused(std::string_view what, std::string_view key) {
  std::string message(what);
  if (const auto hint = key_hint(key); !hint.empty()) message += " (ends in " + std::string(hint) + ")";
  return Error(OC_E_AUTH, message + ".", "invalid_api_key");
}

}  // namespace

std::string_view key_hint(std::string_view key) noexcept {
  constexpr std::size_t kShown = 4, kKeyMin = 16;
  if (key.size() < kKeyMin) return {};
  const auto tail = key.substr(key.size() - kShown);
  return std::all_of(tail.begin(), tail.end(), is_plain) ? tail : std::string_view();
}

Result<std::shared_ptr<const Principal>> authenticate(const KeyTable& table, std::string_view presented_key,
                                                      std::int64_t unix_ms) {
  thread_local KeyHasher hash;
  if (presented_key.empty()) return refused("No API key was given", {});
  auto principal = table.find(hash(presented_key));
  if (!principal) return refused("The API key is not known", presented_key);
  if (principal->revoked) return refused("The API key was revoked", presented_key);
  if (principal->expires_unix_ms != 0 && unix_ms >= principal->expires_unix_ms)
    return refused("The API key has expired", presented_key);
  return principal;
}

}  // namespace onechat::admission
