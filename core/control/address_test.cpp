#include "control/address.hpp"

#include <gtest/gtest.h>

#include <map>

namespace onechat::control {
namespace {

Environment fixed(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
}

TEST(Address, ReadsBothFamilies) {
  EXPECT_EQ(to_string(*parse_address("127.0.0.1:8080")), "127.0.0.1:8080");
  EXPECT_EQ(to_string(*parse_address("[::1]:0")), "[::1]:0");
  EXPECT_EQ(to_string(*parse_address("localhost:80")), "127.0.0.1:80");
}

TEST(Address, RefusesWhatCannotBeListenedOn) {
  for (const char* text : {"", "8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "::1:80",
                           "example.com:80", "300.1.1.1:80", "127.0.0.1:8a"})
    EXPECT_EQ(parse_address(text).error().status, OC_E_CONFIG) << text;
}

TEST(BaseUrl, IsAPlainHttpOrigin) {
  EXPECT_EQ(base_url_problem("https://api.openai.com/v1"), "");
  EXPECT_EQ(base_url_problem("http://127.0.0.1:11434/v1"), "");
  for (const char* url : {"", "api.openai.com", "ftp://x/", "https://", "https://u:p@host/", "https://h/?a=b",
                          "https://h/#f", "https:host", "https://h/ x"})
    EXPECT_NE(base_url_problem(url), "") << url;
}

TEST(Proxy, ComesFromTheEnvironmentForTlsOrigins) {
  const auto env = fixed({{"HTTPS_PROXY", "http://proxy.corp:3128/"}});
  EXPECT_EQ(proxy_from_environment("https://api.openai.com/v1", env), "http://proxy.corp:3128");
  EXPECT_EQ(proxy_from_environment("http://127.0.0.1:11434/v1", env), "");
  EXPECT_EQ(proxy_from_environment("https://h", fixed({{"https_proxy", "proxy:3128"}})), "http://proxy:3128");
  EXPECT_EQ(proxy_from_environment("https://h", fixed({})), "");
}

TEST(Proxy, LeavesOutWhatNoProxyNames) {
  const auto proxied = [](const std::string& url, const std::string& no_proxy) {
    return !proxy_from_environment(url, fixed({{"HTTPS_PROXY", "http://p:1"}, {"NO_PROXY", no_proxy}})).empty();
  };
  EXPECT_FALSE(proxied("https://api.corp.example/v1", "localhost, corp.example"));
  EXPECT_FALSE(proxied("https://api.corp.example/v1", ".corp.example"));
  EXPECT_FALSE(proxied("https://API.corp.example/v1", "api.CORP.example:443"));
  EXPECT_FALSE(proxied("https://anything", "*"));
  EXPECT_TRUE(proxied("https://api.corp.example/v1", "api.corp.example:8443"));
  EXPECT_TRUE(proxied("https://notcorp.example/v1", "corp.example"));
  EXPECT_TRUE(proxied("https://api.openai.com/v1", ""));
}

}  // namespace
}  // namespace onechat::control
