// What ledger.sqlite promises beside the rules: settings, locking, schema versions, statements, failures.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>

#include <sys/resource.h>
#include <csignal>
#include <fstream>

#include "backend_fixture_test.hpp"
#include "raw_file.hpp"

namespace onechat::ledger_test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(LedgerSqlite, WrongSettingsAreNamed) {
  EXPECT_THAT(TestBackend::with_settings("[").error, HasSubstr("JSON object"));
  EXPECT_THAT(TestBackend::with_settings("{}").error, HasSubstr("file:"));
  EXPECT_THAT(TestBackend::with_settings(R"({"file":7})").error, HasSubstr("file: must be a string"));
  EXPECT_THAT(TestBackend::with_settings(R"({"file":"a","wal_mb_max":"1"})").error, HasSubstr("wal_mb_max: must be a whole"));
  EXPECT_THAT(TestBackend::with_settings(R"({"file":"a","wal_mb_max":0})").error, HasSubstr("wal_mb_max: must be between"));
  EXPECT_THAT(TestBackend::with_settings(R"({"file":"a","fiel":"b"})").error, HasSubstr("'fiel'"));
  EXPECT_THAT(TestBackend::with_settings(R"({"file":"/nowhere/at/all/x.db"})").error, HasSubstr("file:"));
  TempFolder folder;
  const auto b = TestBackend::with_settings("{\"file\":\"" + folder.file() + "\",\"migrations\":\"/nowhere\"}");
  EXPECT_EQ(b.status, OC_E_CONFIG);
  EXPECT_THAT(b.error, HasSubstr("migrations:"));
}

TEST(LedgerSqlite, MigrationsMayComeFromAFolder) {
  TempFolder folder;
  auto b = TestBackend::with_settings("{\"file\":\"" + folder.file() + "\",\"migrations\":\"migrations/sqlite\"}");
  ASSERT_EQ(b.status, OC_OK) << b.error;
  EXPECT_EQ(b.apply(op_of(OC_LOP_DEPOSIT, 1, 5)).status, OC_OK);
}

TEST(LedgerSqlite, ASecondUserOfTheFileIsRefused) {
  TempFolder folder;
  TestBackend first(folder.file());
  ASSERT_EQ(first.status, OC_OK) << first.error;
  const int child = ::fork();
  if (child == 0) {
    const TestBackend second(folder.file());
    ::_exit(second.status == OC_E_CONFIG && second.error.find("another process") != std::string::npos ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  first.close();
  EXPECT_EQ(TestBackend(folder.file()).status, OC_OK);
}

TEST(LedgerSqlite, ANewerSchemaIsRefused) {
  TempFolder folder;
  TestBackend(folder.file()).close();
  Raw(folder.file()).run("UPDATE ledger_meta SET v = '999' WHERE k = 'schema_version'");
  const TestBackend b(folder.file());
  EXPECT_EQ(b.status, OC_E_CONFIG);
  EXPECT_THAT(b.error, HasSubstr("version 999"));
}

TEST(LedgerSqlite, TransfersAndLinksCannotBeChangedOrDeleted) {
  TempFolder folder;
  TestBackend b(folder.file());
  b.apply(op_of(OC_LOP_DEPOSIT, 1, 100));
  Raw raw(folder.file());
  EXPECT_THAT(raw.run("UPDATE transfer SET amount = 1"), HasSubstr("append-only"));
  EXPECT_THAT(raw.run("DELETE FROM transfer"), HasSubstr("append-only"));
  EXPECT_THAT(raw.run("UPDATE chain_link SET n = 2"), HasSubstr("append-only"));
  EXPECT_THAT(raw.run("DELETE FROM chain_link"), HasSubstr("append-only"));
  EXPECT_EQ(raw.run("SELECT sum(debit) = sum(credit), sum(debit) FROM journal"), "1100");
}

TEST(LedgerSqlite, SweepForgetsTombstonesAfterAWeek) {
  TempFolder folder;
  TestBackend b(folder.file());
  b.apply(op_of(OC_LOP_DEPOSIT, 1, 100));
  b.apply(op_of(OC_LOP_RESERVE, 2, 30));
  b.apply(op_of(OC_LOP_VOID, 2));
  b.apply(op_of(OC_LOP_SWEEP, 3));
  EXPECT_EQ(b.apply(op_of(OC_LOP_VOID, 2)).status, OC_DUPLICATE);
  g_now_ms += 8 * 24 * 3'600'000ll;
  b.apply(op_of(OC_LOP_SWEEP, 4));
  EXPECT_EQ(b.apply(op_of(OC_LOP_VOID, 2)).status, OC_E_NOT_FOUND);
  EXPECT_THAT(b.verify(), IsEmpty());
}

TEST(LedgerSqlite, ABusyFileAnswersUnavailableAndRecovers) {
  TempFolder folder;
  TestBackend b(folder.file());
  b.apply(op_of(OC_LOP_DEPOSIT, 1, 100));
  {
    Raw other(folder.file());
    other.run("BEGIN IMMEDIATE");
    EXPECT_EQ(b.apply(op_of(OC_LOP_RESERVE, 2, 30)).status, OC_E_UNAVAILABLE);
  }
  EXPECT_EQ(b.balance(1).held, 0);
  EXPECT_EQ(b.apply(op_of(OC_LOP_RESERVE, 2, 30)).status, OC_OK);
  EXPECT_THAT(b.verify(), IsEmpty());
}

// A child that may not write more than so many bytes to one file stands in for a full disk.
TEST(LedgerSqlite, AFullDiskAnswersUnavailableChangesNothingAndRecovers) {
  TempFolder folder;
  TestBackend(folder.file()).close();
  int acked[2];
  ASSERT_EQ(::pipe(acked), 0);
  const int child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    TestBackend b(folder.file());
    const rlim_t wal = std::filesystem::file_size(folder.file("ledger.db-wal")) + 200'000;
    rlimit limit{wal, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    std::uint64_t n = 1;
    while (b.apply(op_of(OC_LOP_DEPOSIT, n, 10)).status == OC_OK) ++n;
    if (b.balance(1).deposited != static_cast<std::int64_t>(n - 1) * 10) ::_exit(2);
    limit.rlim_cur = RLIM_INFINITY;  // the operator made room
    ::setrlimit(RLIMIT_FSIZE, &limit);
    if (b.apply(op_of(OC_LOP_DEPOSIT, n, 10)).status != OC_OK) ::_exit(3);
    if (!b.verify().empty()) ::_exit(4);
    ::_exit(::write(acked[1], &n, sizeof n) == sizeof n ? 0 : 5);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_EQ(status, 0) << "exit " << WEXITSTATUS(status);
  std::uint64_t n = 0;
  ASSERT_EQ(::read(acked[0], &n, sizeof n), ssize_t(sizeof n));
  EXPECT_GT(n, 5u);
  TestBackend b(folder.file());
  EXPECT_EQ(b.balance(1).deposited, static_cast<std::int64_t>(n) * 10);
  EXPECT_THAT(b.verify(), IsEmpty());
}

// What a file system that went read-only under a running gateway does to it.
TEST(LedgerSqlite, AFileThatCannotBeWrittenAnswersUnavailableAndRecovers) {
  TempFolder folder;
  TestBackend b(folder.file());
  b.apply(op_of(OC_LOP_DEPOSIT, 1, 100));
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  ::getrlimit(RLIMIT_FSIZE, &old);
  const rlimit none{0, old.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &none);
  std::vector<oc_status> answers;
  for (std::uint64_t i = 0; i < 5; ++i) answers.push_back(b.apply(op_of(OC_LOP_RESERVE, 20 + i, 10)).status);
  answers.push_back(b.put_budget(OC_SCOPE_KEY, 4, OC_WINDOW_DAY, 5));
  ::setrlimit(RLIMIT_FSIZE, &old);
  EXPECT_THAT(answers, ::testing::Each(OC_E_UNAVAILABLE));
  EXPECT_EQ(b.balance(1).held, 0);
  EXPECT_THAT(b.budgets(), IsEmpty());
  EXPECT_EQ(b.apply(op_of(OC_LOP_RESERVE, 20, 10)).status, OC_OK);
  EXPECT_EQ(b.put_budget(OC_SCOPE_KEY, 4, OC_WINDOW_DAY, 5), OC_OK);
  EXPECT_THAT(b.verify(), IsEmpty());
}

// Somebody else's transaction that does not end keeps the log from beginning anew: it must not fill the disk.
TEST(LedgerSqlite, ALogThatAReaderKeepsGrowsToItsLimitAndGoesOnAfterwards) {
  TempFolder folder;
  auto b = TestBackend::with_settings("{\"file\":\"" + folder.file() + "\",\"wal_mb_max\":1}");
  ASSERT_EQ(b.status, OC_OK) << b.error;
  const auto log_bytes = [&] { return std::filesystem::file_size(folder.file("ledger.db-wal")); };
  constexpr std::uintmax_t kMb = 1 << 20;
  ASSERT_EQ(b.apply(op_of(OC_LOP_DEPOSIT, 1, 10)).status, OC_OK);
  std::uint64_t n = 2;
  {
    Raw other(folder.file());
    other.run("BEGIN; SELECT count(*) FROM transfer");
    while (n < 5'000 && b.apply(op_of(OC_LOP_DEPOSIT, n, 10)).status == OC_OK) ++n;
    EXPECT_LT(n, 5'000u) << "it never said no";
    EXPECT_GT(log_bytes(), kMb / 2);
    EXPECT_LT(log_bytes(), kMb * 5 / 4);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(b.apply(op_of(OC_LOP_DEPOSIT, n, 10)).status, OC_E_UNAVAILABLE);
    EXPECT_EQ(b.balance(1).deposited, static_cast<std::int64_t>(n - 1) * 10) << "nothing half done";
    EXPECT_THAT(g_log, HasSubstr("another process reads the file"));
  }
  for (const std::uint64_t last = n + 1'000; n < last; ++n) ASSERT_EQ(b.apply(op_of(OC_LOP_DEPOSIT, n, 10)).status, OC_OK);
  EXPECT_LT(log_bytes(), kMb * 5 / 4) << "it begins anew";
  EXPECT_THAT(b.verify(), IsEmpty());
}

TEST(LedgerSqlite, AStatementGivesWayWhenTooMuchIsWrittenMeanwhile) {
  TempFolder folder;
  auto b = TestBackend::with_settings("{\"file\":\"" + folder.file() + "\",\"wal_mb_max\":1}");
  std::uint64_t n = 1;
  for (; n <= 2'000; ++n) ASSERT_EQ(b.apply(op_of(OC_LOP_DEPOSIT, n, 10)).status, OC_OK);
  struct Reading {
    TestBackend& b;
    std::uint64_t& n;
    std::uint64_t lines = 0, refused = 0;
  } reading{b, n};
  const auto each = [](void* self, const oc_ledger_entry*) {
    auto& r = *static_cast<Reading*>(self);
    ++r.lines;
    if (r.b.apply(op_of(OC_LOP_DEPOSIT, r.n++, 10)).status != OC_OK) ++r.refused;
  };
  EXPECT_EQ(b.table->statement(b.instance(), 1, 0, INT64_MAX, each, &reading), OC_E_UNAVAILABLE);
  EXPECT_LT(reading.lines, 2'000u);
  EXPECT_EQ(reading.refused, 0u) << "what is posted does not give way";
  EXPECT_EQ(b.statement(1).size(), n - 1) << "the next one finds a log that began anew";
}

TEST(LedgerSqlite, TheLibraryGivesTheComponentThroughItsOneSymbol) {
  void* library = ::dlopen(ONECHAT_LEDGER_PLUGIN, RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library, nullptr) << ::dlerror();
  const auto entry = reinterpret_cast<oc_entry_fn>(::dlsym(library, OC_ENTRY_SYMBOL));
  ASSERT_NE(entry, nullptr);
  oc_loader loader{};
  loader.struct_size = sizeof loader;
  loader.abi_version = loader.abi_min = OC_ABI_VERSION;
  const oc_module* module = nullptr;
  ASSERT_EQ(entry(&loader, &module), OC_OK);
  ASSERT_EQ(module->n_components, 1u);
  EXPECT_STREQ(module->components[0]->id, "ledger.sqlite");
  EXPECT_EQ(module->components[0]->kind, std::uint32_t(OC_KIND_LEDGER));
  EXPECT_EQ(module->components[0]->caps, std::uint64_t(OC_LEDGER_CAP_LEASE) | OC_LEDGER_CAP_DURABLE_ACK |
                                             OC_LEDGER_CAP_HASH_CHAIN | OC_LEDGER_CAP_DUMP |
                                             OC_LEDGER_CAP_READ_ASIDE);
  loader.abi_version = OC_ABI_VERSION - 1;
  EXPECT_EQ(entry(&loader, &module), OC_E_UNSUPPORTED);
}

}  // namespace
}  // namespace onechat::ledger_test
