// What ledger.sqlite promises beside the rules: settings, locking, schema versions, statements, failures.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>

#include <sys/resource.h>
#include <csignal>
#include <fstream>

#include "backend_fixture.hpp"

namespace onechat::ledger_test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Raw {  // another connection to the file, to look or to damage
 public:
  explicit Raw(const std::string& file) { sqlite3_open(file.c_str(), &db_); }
  ~Raw() { sqlite3_close(db_); }
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;
  std::string run(const std::string& sql) {
    char* message = nullptr;
    std::string answer;
    const auto row = [](void* to, int n, char** values, char**) {
      for (int i = 0; i < n; ++i) *static_cast<std::string*>(to) += values[i] != nullptr ? values[i] : "null";
      return 0;
    };
    if (sqlite3_exec(db_, sql.c_str(), row, &answer, &message) != SQLITE_OK) answer = std::string("error: ") + message;
    sqlite3_free(message);
    return answer;
  }

 private:
  sqlite3* db_ = nullptr;
};

TEST(LedgerSqlite, WrongSettingsAreNamed) {
  EXPECT_THAT(TestBackend::with_settings("[").error, HasSubstr("JSON object"));
  EXPECT_THAT(TestBackend::with_settings("{}").error, HasSubstr("file:"));
  EXPECT_THAT(TestBackend::with_settings(R"({"file":7})").error, HasSubstr("file: must be a string"));
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

TEST(LedgerSqlite, TransfersCannotBeChangedOrDeleted) {
  TempFolder folder;
  TestBackend b(folder.file());
  b.apply(op_of(OC_LOP_DEPOSIT, 1, 100));
  Raw raw(folder.file());
  EXPECT_THAT(raw.run("UPDATE transfer SET amount = 1"), HasSubstr("append-only"));
  EXPECT_THAT(raw.run("DELETE FROM transfer"), HasSubstr("append-only"));
  EXPECT_EQ(raw.run("SELECT sum(debit) = sum(credit), sum(debit) FROM journal"), "1100");
}

TEST(LedgerSqlite, TheStatementListsDepositsAndSettlesOfTheTime) {
  TempFolder folder;
  TestBackend b(folder.file());
  const std::int64_t begin = g_now_ms;
  b.apply(op_of(OC_LOP_DEPOSIT, 1, 100'000));
  for (std::uint64_t i = 2; i < 1302; ++i) {  // more than one read of rows
    g_now_ms += 1;
    auto r = op_of(OC_LOP_RESERVE, i, 20);
    r.key_id = 9;
    b.apply(r);
    b.apply(op_of(OC_LOP_SETTLE, i, 10, 2));
  }
  struct Line {
    std::uint32_t kind;
    std::int64_t amount, fee, ms;
    std::uint64_t key;
    oc_id128 ref;
  };
  std::vector<Line> lines;
  const auto each = [](void* to, const oc_ledger_entry* e) {
    static_cast<std::vector<Line>*>(to)->push_back({e->kind, e->amount, e->fee, e->unix_ms, e->key_id, e->ref});
  };
  ASSERT_EQ(b.table->statement(b.instance(), 1, begin, g_now_ms, each, &lines), OC_OK);
  ASSERT_EQ(lines.size(), 1300u);  // the last one is at `to`, which is not included
  EXPECT_EQ(lines[0].kind, std::uint32_t(OC_LOP_DEPOSIT));
  EXPECT_EQ(lines[0].amount, 100'000);
  EXPECT_EQ(lines[1].kind, std::uint32_t(OC_LOP_SETTLE));
  EXPECT_EQ(lines[1].amount, 10);
  EXPECT_EQ(lines[1].fee, 2);
  EXPECT_EQ(lines[1].key, 9u);
  EXPECT_EQ(lines[1].ref.hi, op_of(OC_LOP_SETTLE, 2).ref.hi);
  EXPECT_EQ(lines[1299].ms, g_now_ms - 1);
  lines.clear();
  ASSERT_EQ(b.table->statement(b.instance(), 2, 0, INT64_MAX, each, &lines), OC_OK);
  EXPECT_THAT(lines, IsEmpty());
}

TEST(LedgerSqlite, OpenHoldsAreCounted) {
  TempFolder folder;
  TestBackend b(folder.file());
  b.apply(op_of(OC_LOP_DEPOSIT, 1, 100));
  b.apply(op_of(OC_LOP_RESERVE, 2, 30));
  b.apply(op_of(OC_LOP_RESERVE, 3, 12));
  std::uint64_t n = 0;
  std::int64_t held = 0;
  ASSERT_EQ(b.table->open_holds(b.instance(), &n, &held), OC_OK);
  EXPECT_EQ(n, 2u);
  EXPECT_EQ(held, 42);
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
  EXPECT_NE(module->components[0]->caps & OC_LEDGER_CAP_DURABLE_ACK, 0u);
  loader.abi_version = OC_ABI_VERSION - 1;
  EXPECT_EQ(entry(&loader, &module), OC_E_UNSUPPORTED);
}

}  // namespace
}  // namespace onechat::ledger_test
