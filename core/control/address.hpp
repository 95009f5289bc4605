// Addresses and URLs of the configuration: "127.0.0.1:8080", "[::1]:8080", "https://host/v1", proxies.
#pragma once
#include <string>
#include <string_view>

#include "control/config.hpp"
#include "control/yaml_node.hpp"

namespace onechat::control {

// An IP address (or localhost, which is 127.0.0.1) and a port; port 0 takes a free one. Error: OC_E_CONFIG.
Result<Address> parse_address(std::string_view text);
std::string to_string(const Address& a);  // "[::1]:8080"
bool is_loopback(const Address& a);

// Why `url` cannot be a base_url; "" when it can.
std::string base_url_problem(const std::string& url);
// Why `url` cannot be a proxy; "" when it can ("" itself is none).
std::string proxy_problem(const std::string& url);

// The proxy the environment asks for: HTTPS_PROXY or https_proxy for https:// URLs, unless NO_PROXY (or no_proxy) names
// the host: "*", a name, ".domain" or "domain" for everything below it, an address; each may carry a port.
std::string proxy_from_environment(const std::string& base_url, const Environment& env);

}  // namespace onechat::control
