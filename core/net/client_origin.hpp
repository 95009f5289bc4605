// Addresses as they are written in a configuration.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "net/client.hpp"

namespace onechat::net {

struct Proxy {
  std::string host;
  std::uint16_t port = 80;
  std::string authorization;  // value of Proxy-Authorization, or ""
};
// "http://user:password@host:port"; "" gives none. Error: OC_E_CONFIG. The words never show the userinfo.
Result<std::optional<Proxy>> parse_proxy(const std::string& url);

// The Host header of an origin: port only where it is not the scheme's, brackets around an IPv6 address.
std::string host_of(const Origin& origin);
// HOST:PORT, as CONNECT wants it.
std::string authority_of(const Origin& origin);

}  // namespace onechat::net
