#include "admission/authenticate.hpp"

#include <gtest/gtest.h>

namespace onechat::admission {
namespace {

constexpr char kKey[] = "sk-1chat-0123456789abcdefWXYZ";

std::shared_ptr<Principal> put(KeyTable& table, std::string_view key) {
  auto p = std::make_shared<Principal>();
  p->key_id = "k1";
  p->project = std::make_shared<Project>();
  table.put(sha256(key), p);
  return p;
}

TEST(Authenticate, AKnownKeyIsItsPrincipal) {
  KeyTable table;
  const auto p = put(table, kKey);
  for (int i = 0; i < 3; ++i) {  // the hasher of the thread is used again
    const auto found = authenticate(table, kKey, 1);
    ASSERT_TRUE(found);
    EXPECT_EQ(*found, p);
  }
}

TEST(Authenticate, EachRefusalHasItsWordsAndNoMoreThanFourCharacters) {
  KeyTable table;
  const auto unknown = authenticate(table, kKey, 1);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().status, OC_E_AUTH);
  EXPECT_EQ(unknown.error().code, "invalid_api_key");
  EXPECT_EQ(unknown.error().message, "The API key is not known (ends in WXYZ).");

  const auto p = put(table, kKey);
  p->expires_unix_ms = 1'000;
  EXPECT_TRUE(authenticate(table, kKey, 999));
  EXPECT_EQ(authenticate(table, kKey, 1'000).error().message, "The API key has expired (ends in WXYZ).");
  p->revoked = true;
  EXPECT_EQ(authenticate(table, kKey, 1'000).error().message, "The API key was revoked (ends in WXYZ).");
  EXPECT_EQ(authenticate(table, "", 1).error().message, "No API key was given.");
}

TEST(Authenticate, OfAShortOrStrangeKeyNothingIsRepeated) {
  KeyTable table;
  for (const char* key : {"abcd", "hunter2", "0123456789abcde", "0123456789abcdef<b>", "0123456789abcdef\r\nX: y"})
    EXPECT_EQ(authenticate(table, key, 1).error().message, "The API key is not known.") << key;
  EXPECT_EQ(key_hint(kKey), "WXYZ");
}

}  // namespace
}  // namespace onechat::admission
