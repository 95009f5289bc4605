// 128-bit time-ordered ids of exchanges, holds and deposits, and random secrets.
#pragma once
#include <onechat/abi.h>

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace onechat {

// hi: 48 bits Unix ms, 16 bits node; lo: 24 bits counter, 40 bits chance. One maker per thread.
class IdMaker {
 public:
  IdMaker(std::uint16_t node, std::uint64_t seed) : node_(node), state_(seed | 1) {}
  oc_id128 next(std::int64_t unix_ms) noexcept;

 private:
  std::uint16_t node_;
  std::uint64_t state_;
  std::int64_t last_ms_ = 0;
  std::uint32_t counter_ = 0;
};

inline constexpr std::size_t kHexDigits = 32;                // of an id, lower-case
void write_hex(oc_id128 id, std::span<char, kHexDigits> to) noexcept;
std::string to_hex(oc_id128 id);
std::optional<oc_id128> id_from_hex(std::string_view text);  // nullopt unless 32 hex digits
// An id that is a pure function of `text` (SHA-256, cut): for idempotency keys given from outside.
oc_id128 id_from_text(std::string_view text);

using Sha256 = std::array<std::uint8_t, 32>;
Sha256 sha256(std::string_view text);
std::string hex(std::span<const std::uint8_t> bytes);
// From the operating system. Throws std::system_error when it has none.
void fill_random(std::span<std::uint8_t> out);
// `n` characters of [0-9A-Za-z], unbiased.
std::string random_text(std::size_t n);



}  // namespace onechat
