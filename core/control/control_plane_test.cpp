#include "control/control_plane.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "admission/authenticate.hpp"
#include "control/control_fixture.hpp"

namespace onechat::control {
namespace {

using testing::HasSubstr;

class ControlPlaneTest : public testing::Test, protected ControlFixture {
 protected:
  Result<std::shared_ptr<const admission::Principal>> login(const std::string& key) {
    return admission::authenticate(keys, key, system_clock().unix_ms());
  }
};

TEST_F(ControlPlaneTest, TheFirstBootGivesAProjectAKeyAndCreditOnce) {
  open();
  const auto first = plane->boot();
  ASSERT_TRUE(first.has_value());
  EXPECT_TRUE(first->first);
  EXPECT_EQ(first->project, "default");
  EXPECT_EQ(first->credit_nano, 5'000'000'000);
  EXPECT_THAT(first->api_key, testing::MatchesRegex("sk-1chat-[0-9A-Za-z]{40}"));
  EXPECT_TRUE(login(first->api_key).has_value());
  EXPECT_EQ(plane->balance("default")->available, 5'000'000'000);

  open();  // the next start
  const auto second = plane->boot();
  ASSERT_TRUE(second.has_value());
  EXPECT_FALSE(second->first);
  EXPECT_TRUE(login(first->api_key).has_value());
  EXPECT_EQ(plane->directory().keys("").size(), 1u);
  EXPECT_EQ(plane->balance("default")->available, 5'000'000'000);
}

TEST_F(ControlPlaneTest, AFirstBootThatWasCutShortIsDoneAgainWithoutASecondCredit) {
  open();
  ASSERT_TRUE(plane->boot().has_value());
  ASSERT_TRUE(store.erase("meta", "first_boot").has_value());
  options.first_boot_credit_nano = 7'000'000'000;  // and the file was changed in between
  open();
  const auto again = plane->boot();
  ASSERT_TRUE(again.has_value());
  EXPECT_TRUE(again->first);
  EXPECT_TRUE(login(again->api_key).has_value());
  EXPECT_EQ(plane->balance("default")->available, 5'000'000'000);
}

TEST_F(ControlPlaneTest, WithoutALedgerThereIsNoCreditAndNoBooks) {
  open(false);
  const auto boot = plane->boot();
  ASSERT_TRUE(boot.has_value());
  EXPECT_EQ(boot->credit_nano, 0);
  EXPECT_EQ(plane->balance("default").error().code, "no_ledger");
}

TEST_F(ControlPlaneTest, AKeyIsKeptAsAHashOnly) {
  open();
  const auto boot = plane->boot();
  const auto documents = store.list("key");
  ASSERT_EQ(documents->size(), 1u);
  EXPECT_THAT(documents->front().value, testing::Not(HasSubstr(boot->api_key.substr(9, 30))));
  EXPECT_THAT(documents->front().value, HasSubstr(hex(sha256(boot->api_key))));
}

TEST_F(ControlPlaneTest, ARevokedKeyIsRefusedAtOnceAndStaysSo) {
  open();
  const auto boot = plane->boot();
  const std::string id = plane->directory().keys("")[0].id;
  ASSERT_TRUE(plane->directory().revoke_key(id).has_value());
  EXPECT_THAT(login(boot->api_key).error().message, HasSubstr("revoked"));
  EXPECT_TRUE(plane->directory().revoke_key(id).has_value());
  open();
  ASSERT_TRUE(plane->boot().has_value());
  EXPECT_FALSE(login(boot->api_key).has_value());
  EXPECT_EQ(plane->directory().revoke_key("key_nope").error().status, OC_E_NOT_FOUND);
}

TEST_F(ControlPlaneTest, DeletingAProjectRevokesItsKeysAndANewOneHasAnotherWallet) {
  open();
  ASSERT_TRUE(plane->directory().create_project("team", {}).has_value());
  KeyWish wish;
  wish.project = "team";
  const auto key = plane->create_key(wish);
  ASSERT_TRUE(plane->books().deposit({plane->directory().project("team")->account(), 1'000, "d1", {}}).has_value());
  ASSERT_TRUE(plane->directory().delete_project("team").has_value());
  EXPECT_FALSE(login(key->text).has_value());
  EXPECT_EQ(plane->balance("team").error().status, OC_E_NOT_FOUND);
  ASSERT_TRUE(plane->directory().create_project("team", {}).has_value());
  EXPECT_EQ(plane->balance("team")->available, 0);
  EXPECT_FALSE(login(key->text).has_value());
}

TEST_F(ControlPlaneTest, ASpendLimitIsInTheLedgerBeforeTheKeyWorks) {
  open();
  ASSERT_TRUE(plane->boot().has_value());
  KeyWish wish;
  wish.project = "default";
  wish.limit_nano = 2'500'000'000;
  const auto key = plane->create_key(wish);
  ASSERT_TRUE(key.has_value());
  const auto budgets = plane->budgets().list(*plane->wallet("default", ""));
  ASSERT_EQ(budgets->size(), 1u);
  EXPECT_EQ(budgets->front().id, key->record.id);
  EXPECT_EQ(budgets->front().budget.limit_nano, 2'500'000'000);
  EXPECT_EQ((*login(key->text))->key_number, key->record.number);
}

TEST_F(ControlPlaneTest, NumbersAreNeverSharedByProjectsAndKeys) {
  open();
  ASSERT_TRUE(plane->boot().has_value());
  std::set<std::uint64_t> numbers;
  for (int i = 0; i < 5; ++i) {
    numbers.insert(plane->directory().create_project("p" + std::to_string(i), {})->id);
    KeyWish wish;
    wish.project = "default";
    numbers.insert(plane->create_key(wish)->record.number);
  }
  EXPECT_EQ(numbers.size(), 10u);
}

TEST_F(ControlPlaneTest, AStoreThatIsDownIsSaidNotHidden) {
  fake_store.broken = true;
  open();
  EXPECT_EQ(plane->boot().error().status, OC_E_UNAVAILABLE);
  EXPECT_FALSE(plane->ready().has_value());
  fake_store.broken = false;
  EXPECT_TRUE(plane->boot().has_value());
  EXPECT_TRUE(plane->ready().has_value());
}

TEST_F(ControlPlaneTest, AStoredKeyThatCannotBeReadStopsTheLoadAndIsNamed) {
  open();
  ASSERT_TRUE(plane->boot().has_value());
  ASSERT_TRUE(store.put("key", "key_bad", "{}").has_value());
  const auto loaded = plane->directory().load();
  EXPECT_EQ(loaded.error().status, OC_E_PARSE);
  EXPECT_THAT(loaded.error().message, HasSubstr("key_bad"));
}

TEST(DataDir, TheTokenIsMadeOncePrivateAndRead) {
  namespace fs = std::filesystem;
  const std::string dir =
      (fs::temp_directory_path() / ("onechat_data_" + std::to_string(::getpid())) / "deep").string();
  const auto token = prepare_data_dir(dir);
  ASSERT_TRUE(token.has_value());
  EXPECT_EQ(token->size(), 43u);
  EXPECT_EQ(*prepare_data_dir(dir), *token);
  EXPECT_EQ(*read_admin_token(dir), *token);
  struct stat s {};
  ASSERT_EQ(::stat((dir + "/admin.token").c_str(), &s), 0);
  EXPECT_EQ(s.st_mode & 0777, 0600u);
  ASSERT_EQ(::stat(dir.c_str(), &s), 0);
  EXPECT_EQ(s.st_mode & 0777, 0700u);

  ::chmod((dir + "/admin.token").c_str(), 0644);
  EXPECT_THAT(prepare_data_dir(dir).error().message, HasSubstr("chmod 600"));
  ::chmod((dir + "/admin.token").c_str(), 0600);
  std::ofstream(dir + "/admin.token") << "";
  EXPECT_EQ(prepare_data_dir(dir).error().status, OC_E_CONFIG);
  EXPECT_EQ(prepare_data_dir("/proc/nowhere/data").error().status, OC_E_CONFIG);
  fs::remove_all(fs::path(dir).parent_path());
}

}  // namespace
}  // namespace onechat::control
