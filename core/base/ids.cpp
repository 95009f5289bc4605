#include "base/ids.hpp"

#include <openssl/evp.h>
#include <sys/random.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace onechat {
namespace {

constexpr char kHex[] = "0123456789abcdef";

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::uint64_t load_be(const std::uint8_t* p) noexcept {
  std::uint64_t v = 0;
  for (int i = 0; i < 8; ++i) v = v << 8 | p[i];
  return v;
}

}  // namespace

oc_id128 IdMaker::next(std::int64_t unix_ms) noexcept {
  if (unix_ms > last_ms_) {
    last_ms_ = unix_ms;
    counter_ = 0;
  } else if (++counter_ >= 1u << 24) {  // time stood still or ran back: ids still grow
    ++last_ms_;
    counter_ = 0;
  }
  state_ ^= state_ << 13;
  state_ ^= state_ >> 7;
  state_ ^= state_ << 17;
  return {static_cast<std::uint64_t>(last_ms_) << 16 | node_,
          static_cast<std::uint64_t>(counter_) << 40 | (state_ & 0xff'ffff'ffffu)};
}

void write_hex(oc_id128 id, std::span<char, kHexDigits> to) noexcept {
  for (std::size_t i = 0; i < 16; ++i) {
    to[15 - i] = kHex[id.hi >> (4 * i) & 15];
    to[31 - i] = kHex[id.lo >> (4 * i) & 15];
  }
}

std::string to_hex(oc_id128 id) {
  std::string out(kHexDigits, '0');
  write_hex(id, std::span<char, kHexDigits>(out.data(), kHexDigits));
  return out;
}

std::optional<oc_id128> id_from_hex(std::string_view text) {
  if (text.size() != 32) return std::nullopt;
  oc_id128 id{};
  for (int i = 0; i < 32; ++i) {
    const int d = hex_digit(text[i]);
    if (d < 0) return std::nullopt;
    auto& half = i < 16 ? id.hi : id.lo;
    half = half << 4 | static_cast<unsigned>(d);
  }
  return id;
}

Sha256 sha256(std::string_view text) {
  Sha256 out{};
  if (EVP_Digest(text.data(), text.size(), out.data(), nullptr, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("SHA-256 is not available");
  return out;
}

oc_id128 id_from_text(std::string_view text) {
  const Sha256 digest = sha256(text);
  return {load_be(digest.data()), load_be(digest.data() + 8)};
}

std::string hex(std::span<const std::uint8_t> bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (auto b : bytes) {
    out += kHex[b >> 4];
    out += kHex[b & 15];
  }
  return out;
}

void fill_random(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const auto n = ::getrandom(out.data(), out.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw std::system_error(errno, std::generic_category(), "getrandom");
    out = out.subspan(static_cast<std::size_t>(n));
  }
}

std::string random_text(std::size_t n) {
  static constexpr char kAlphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::string out;
  while (out.size() < n) {
    std::array<std::uint8_t, 64> raw{};
    fill_random(raw);
    for (auto b : raw)
      if (b < 248 && out.size() < n) out += kAlphabet[b % 62];  // 248 = 4 * 62: no bias
  }
  return out;
}

}  // namespace onechat
