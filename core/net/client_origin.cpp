#include "net/client_origin.hpp"

#include <boost/beast/core/detail/base64.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>

namespace onechat::net {
namespace {

std::string bracketed(const std::string& host) { return host.find(':') == std::string::npos ? host : '[' + host + ']'; }

// The host as the resolver wants it: an IPv6 address without its brackets.
std::string bare_host(const boost::urls::url_view& url) {
  if (url.host_type() == boost::urls::host_type::ipv6) return std::string(url.host_address());
  return std::string(url.host());
}

// 0: written, but no port.
std::uint16_t port_of(const boost::urls::url_view& url, std::uint16_t otherwise) {
  const std::string_view text(url.port().data(), url.port().size());
  if (text.empty()) return otherwise;
  std::uint16_t port = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), port);
  return ec == std::errc() && end == text.data() + text.size() ? port : 0;
}

std::string base64(const std::string& text) {
  namespace codec = boost::beast::detail::base64;
  std::string out(codec::encoded_size(text.size()), '\0');
  out.resize(codec::encode(out.data(), text.data(), text.size()));
  return out;
}

bool is_host(const std::string& host) {
  for (const char c : host)
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f) return false;
  return !host.empty();
}

}  // namespace

Result<Origin> parse_origin(std::string_view text) {
  const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
  if (!parsed) return Error(OC_E_CONFIG, "no valid URL, for example https://api.example.com/v1");
  const boost::urls::url_view url = *parsed;
  const auto scheme = url.scheme_id();
  if (scheme != boost::urls::scheme::http && scheme != boost::urls::scheme::https)
    return Error(OC_E_CONFIG, "the URL must begin with https:// or http://");
  if (url.has_userinfo()) return Error(OC_E_CONFIG, "the URL must not hold a user name or a password");
  if (url.has_query()) return Error(OC_E_CONFIG, "the URL must not have a query");
  if (url.has_fragment()) return Error(OC_E_CONFIG, "the URL must not have a fragment");

  Origin origin;
  origin.tls = scheme == boost::urls::scheme::https;
  origin.host = bare_host(url);
  if (!is_host(origin.host)) return Error(OC_E_CONFIG, "the URL must name a host");
  origin.port = port_of(url, origin.tls ? 443 : 80);
  if (origin.port == 0) return Error(OC_E_CONFIG, "the port must be 1 to 65535");
  origin.base_path = std::string(url.encoded_path());
  while (!origin.base_path.empty() && origin.base_path.back() == '/') origin.base_path.pop_back();
  return origin;
}

Result<std::optional<Proxy>> parse_proxy(const std::string& text) {
  if (text.empty()) return std::optional<Proxy>();
  const std::string whole = text.find("://") == std::string::npos ? "http://" + text : text;
  const auto parsed = boost::urls::parse_uri(whole);
  if (!parsed) return Error(OC_E_CONFIG, "the proxy is no valid URL, for example http://proxy.example.com:3128");
  const boost::urls::url_view url = *parsed;
  if (url.scheme_id() != boost::urls::scheme::http)
    return Error(OC_E_CONFIG, "the proxy's URL must begin with http://");
  Proxy proxy;
  proxy.host = bare_host(url);
  if (!is_host(proxy.host)) return Error(OC_E_CONFIG, "the proxy's URL must name a host");
  proxy.port = port_of(url, 80);
  if (proxy.port == 0) return Error(OC_E_CONFIG, "the proxy's port must be 1 to 65535");
  if (url.has_userinfo())
    proxy.authorization = "Basic " + base64(std::string(url.user()) + ':' + std::string(url.password()));
  return std::optional<Proxy>(std::move(proxy));
}

std::string host_of(const Origin& origin) {
  if (origin.port == (origin.tls ? 443 : 80)) return bracketed(origin.host);
  return authority_of(origin);
}

std::string authority_of(const Origin& origin) { return bracketed(origin.host) + ':' + std::to_string(origin.port); }

}  // namespace onechat::net
