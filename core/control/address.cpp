#include "control/address.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/IPAddress.h>
#include <Poco/String.h>
#include <Poco/URI.h>

#include <algorithm>
#include <charconv>

namespace onechat::control {
namespace {

bool parse_port(std::string_view text, std::uint16_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

Error bad_address(std::string_view text, const std::string& why) {
  return Error(OC_E_CONFIG,
               "'" + std::string(text.substr(0, 100)) + "' is not ADDRESS:PORT, as 127.0.0.1:8080: " + why);
}

std::string url_problem(const std::string& url, const std::vector<std::string>& schemes, bool userinfo) {
  try {
    const Poco::URI uri(url);
    if (std::find(schemes.begin(), schemes.end(), uri.getScheme()) == schemes.end() || url.find("://") == url.npos)
      return "must begin with " + Poco::cat(std::string(" or "), schemes.begin(), schemes.end()) + "://";
    if (uri.getHost().empty()) return "has no host";
    if (!userinfo && !uri.getUserInfo().empty()) return "must not carry a user or password";
    if (!uri.getRawQuery().empty() || url.find('?') != url.npos) return "must not have a query";
    if (!uri.getFragment().empty() || url.find('#') != url.npos) return "must not have a fragment";
    if (url.find_first_of(" \t\r\n") != url.npos) return "must not contain blanks";
  } catch (const Poco::Exception&) {
    return "is not a URL";
  }
  return {};
}

// One entry of NO_PROXY against a host and its port.
bool bypasses(std::string entry, const std::string& host, const std::string& port) {
  if (entry == "*") return true;
  const auto colon = entry.rfind(':');
  if (colon != entry.npos && entry.find(':') == colon) {  // one colon: a port, not an IPv6 address
    if (entry.substr(colon + 1) != port) return false;
    entry.resize(colon);
  }
  if (!entry.empty() && entry.front() == '*') entry.erase(0, 1);
  if (!entry.empty() && entry.front() == '.') entry.erase(0, 1);
  if (entry.empty()) return false;
  if (host == entry) return true;
  return host.size() > entry.size() && host.compare(host.size() - entry.size(), entry.size(), entry) == 0 &&
         host[host.size() - entry.size() - 1] == '.';
}

std::string either(const Environment& env, const char* upper, const char* lower) {
  if (const auto value = env(upper); value && !value->empty()) return *value;
  return env(lower).value_or("");
}

}  // namespace

Result<Address> parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos) return bad_address(text, "the port is missing");
  Address out;
  out.host = text.substr(0, colon);
  if (!parse_port(text.substr(colon + 1), out.port)) return bad_address(text, "the port must be 0 to 65535");
  if (out.host.empty()) return bad_address(text, "write 0.0.0.0 for every address of the machine");
  const bool bracketed = out.host.size() > 2 && out.host.front() == '[' && out.host.back() == ']';
  if (bracketed) out.host = out.host.substr(1, out.host.size() - 2);
  if (!bracketed && out.host.find(':') != out.host.npos)
    return bad_address(text, "write an IPv6 address in brackets: [::1]:8080");
  if (out.host == "localhost") out.host = "127.0.0.1";
  Poco::Net::IPAddress ip;
  if (!Poco::Net::IPAddress::tryParse(out.host, ip))
    return bad_address(text, "names are not looked up, give an IP address");
  return out;
}

std::string to_string(const Address& a) {
  const bool v6 = a.host.find(':') != a.host.npos;
  return (v6 ? "[" + a.host + "]" : a.host) + ":" + std::to_string(a.port);
}

bool is_loopback(const Address& a) {
  Poco::Net::IPAddress ip;
  return Poco::Net::IPAddress::tryParse(a.host, ip) && ip.isLoopback();
}

std::string base_url_problem(const std::string& url) { return url_problem(url, {"https", "http"}, false); }

std::string proxy_problem(const std::string& url) {
  return url.empty() ? std::string() : url_problem(url, {"http"}, true);
}

std::string proxy_from_environment(const std::string& base_url, const Environment& env) {
  if (base_url.compare(0, 8, "https://") != 0 || !base_url_problem(base_url).empty()) return {};
  std::string proxy = either(env, "HTTPS_PROXY", "https_proxy");
  if (proxy.empty()) return {};
  const Poco::URI uri(base_url);
  const std::string host = Poco::toLower(uri.getHost()), port = std::to_string(uri.getPort());
  std::string entry;
  for (char c : either(env, "NO_PROXY", "no_proxy") + ",") {
    if (c != ',' && c != ' ') {
      entry += c;
      continue;
    }
    if (bypasses(Poco::toLower(entry), host, port)) return {};
    entry.clear();
  }
  if (proxy.find("://") == proxy.npos) proxy = "http://" + proxy;
  while (!proxy.empty() && proxy.back() == '/') proxy.pop_back();
  return proxy;
}

}  // namespace onechat::control
