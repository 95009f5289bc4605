// Books move between SQLite and PostgreSQL, row by row the same.
#include <unistd.h>

#include <filesystem>

#include "ledger/model_run.hpp"
#include "ledger_sqlite.hpp"
#include "server_fixture_test.hpp"

namespace onechat::ledger_test {
namespace {

using Rows = TestBackend::Rows;

class BetweenBackends : public PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    std::string name = (std::filesystem::temp_directory_path() / "ledger-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    g_clock = nullptr;
    std::filesystem::remove_all(folder_);
  }

  std::unique_ptr<TestBackend> sqlite(const std::string& file) {
    auto b = std::make_unique<TestBackend>(ledger_sqlite::entry, "{\"file\":\"" + (folder_ / file).string() + "\"}");
    EXPECT_EQ(b->status, OC_OK) << b->error;
    return b;
  }
  std::unique_ptr<TestBackend> postgres(const std::string& name) {
    auto b = std::make_unique<TestBackend>(url(), name);
    EXPECT_EQ(b->status, OC_OK) << b->error;
    return b;
  }
  // Everything that can happen in a ledger, a few thousand times.
  static void live(TestBackend& b, std::uint64_t seed) {
    static std::int64_t clock_ms = 0;
    g_clock = &clock_ms;
    ModelOptions options;
    options.seed = seed;
    options.ops = 4'000;
    options.zones = {"", "Asia/Tokyo"};
    ModelRun run(
        options,
        [](std::uint32_t period, const std::string& zone, std::int64_t at_ms) {
          return test_window(period, zone, at_ms).value();
        },
        clock_ms);
    run.backend = b.table;
    run.instance = b.instance();
    EXPECT_EQ(run.run(), "") << g_log;
  }
  static Rows sorted(Rows rows) {  // each backend has an order of its own within a table
    std::sort(rows.begin(), rows.end(), [](const TestBackend::Row& a, const TestBackend::Row& b) {
      return a.table != b.table ? a.table < b.table : a.bytes < b.bytes;
    });
    return rows;
  }
  static Rows postings(const Rows& rows) {  // in their order
    Rows out;
    for (const auto& r : rows)
      if (r.table == OC_ROW_TRANSFER) out.push_back(r);
    return out;
  }
  static void expect_same(TestBackend& from, TestBackend& to) {
    const Rows a = from.dump(), b = to.dump();
    ASSERT_GT(a.size(), 1000u);
    EXPECT_TRUE(sorted(a) == sorted(b)) << a.size() << " rows, " << b.size() << " rows";
    EXPECT_TRUE(postings(a) == postings(b));
    EXPECT_EQ(to.verify(), std::vector<std::string>{});
  }

  std::filesystem::path folder_;
};

TEST_F(BetweenBackends, FromSqliteToPostgresAndBack) {
  auto first = sqlite("first.db"), last = sqlite("last.db");
  auto middle = postgres(schema());
  live(*first, 11);
  ASSERT_EQ(middle->restore(first->dump(), 500), OC_OK) << g_log;
  expect_same(*first, *middle);
  ASSERT_EQ(last->restore(middle->dump(), 500), OC_OK) << g_log;
  expect_same(*first, *last);
}

TEST_F(BetweenBackends, FromPostgresToSqliteAndBack) {
  auto first = postgres(schema() + "_1"), last = postgres(schema() + "_2");
  auto middle = sqlite("middle.db");
  live(*first, 12);
  ASSERT_EQ(middle->restore(first->dump(), 500), OC_OK) << g_log;
  expect_same(*first, *middle);
  ASSERT_EQ(last->restore(middle->dump(), 500), OC_OK) << g_log;
  expect_same(*first, *last);
}

}  // namespace
}  // namespace onechat::ledger_test
