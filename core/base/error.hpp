// The error of the host: a status that says who has to act, and words for the client.
#pragma once
#include <onechat/abi.h>

#include <boost/system/result.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace onechat {

struct Error {
  oc_status status = OC_E_INTERNAL;
  std::uint32_t http_status = 0;     // 0: the status' usual one (http_status_of)
  std::string message;               // for the client; no secrets, no internals
  std::string code;                  // machine-readable, e.g. "insufficient_quota"; may be empty
  std::string param;                 // path of the offending field; may be empty
  std::uint64_t retry_after_ms = 0;  // 0: not said

  Error() = default;
  explicit Error(oc_status s, std::string m = {}, std::string c = {}, std::string p = {})
      : status(s), message(std::move(m)), code(std::move(c)), param(std::move(p)) {}
};

template <class T>
using Result = boost::system::result<T, Error>;

[[noreturn]] void throw_exception_from_error(const Error& e, const boost::source_location& where);

// Name of a status for logs, metrics and traces: "funds", "timeout", ...
std::string_view status_name(oc_status status) noexcept;
// The HTTP status that a client gets for it, where the dialect has no other.
std::uint32_t http_status_of(oc_status status) noexcept;

inline std::string_view view(oc_str s) noexcept { return s.len ? std::string_view(s.ptr, s.len) : std::string_view(); }
inline std::string_view view(oc_bytes b) noexcept {
  return b.len ? std::string_view(reinterpret_cast<const char*>(b.ptr), b.len) : std::string_view();
}
inline oc_str str(std::string_view v) noexcept { return {v.data(), v.size()}; }
inline oc_bytes bytes(std::string_view v) noexcept { return {reinterpret_cast<const std::uint8_t*>(v.data()), v.size()}; }

}  // namespace onechat
