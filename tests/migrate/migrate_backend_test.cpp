// Books move from one backend to another by two configuration files, whole or not at all.
#include "main/migrate_backend.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/clock.hpp"
#include "control/problem.hpp"
#include "main/backend_instance.hpp"
#include "support/postgres.hpp"

namespace onechat::main {
namespace {

namespace fs = std::filesystem;
using Ledger = plugin::Instance<oc_ledger_backend>;

class MigrateBackend : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!test::PostgresServer::missing()) server_ = std::make_unique<test::PostgresServer>();
  }
  static void TearDownTestSuite() { server_.reset(); }
  void SetUp() override {
    if (const auto why = test::PostgresServer::missing()) GTEST_SKIP() << *why;
    std::string name = (fs::temp_directory_path() / "migrate-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    services_.clock = &system_clock();
  }
  void TearDown() override { fs::remove_all(folder_); }

  // Writes NAME.yaml and returns its path.
  std::string config(const std::string& name, const std::string& ledger) {
    const fs::path file = folder_ / (name + ".yaml");
    const fs::path plugins = fs::read_symlink("/proc/self/exe").parent_path().parent_path() / "lib/1chat/plugins";
    std::ofstream(file) << "data: " << (folder_ / name).string() << "\nplugins: { path: [" << plugins.string()
                        << "] }\nledger: " << ledger
                        << "\nsurfaces: [openai_chat]\nproviders: { demo: { use: demo } }\n"
                        << "models: { m: { targets: [{ provider: demo }] } }\n";
    fs::create_directories(folder_ / name);
    return file.string();
  }
  std::string sqlite(const std::string& name) { return config(name, "sqlite"); }
  std::string postgres(const std::string& name) {
    return config(name, "{ use: postgres, url: \"" + server_->url() + "\", schema: " + test_name() + "_" + name + " }");
  }
  static std::string test_name() {
    std::string name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return name.substr(0, 40);
  }

  // Money in, holds open and settled, a budget: something in most tables.
  void live(const std::string& config_file) {
    const auto ledger = open(config_file);
    std::vector<oc_ledger_op> ops;
    for (std::uint64_t i = 1; i <= 300; ++i) {
      oc_ledger_op op{};
      op.kind = i == 1 ? OC_LOP_DEPOSIT : OC_LOP_RESERVE;
      op.id = {i, 1};
      op.account = 7;
      op.key_id = 3;
      op.amount = i == 1 ? 1'000'000 : 100;
      op.ttl_ms = 3'600'000;
      ops.push_back(op);
      if (i % 3 != 0) continue;
      op.kind = OC_LOP_SETTLE;
      op.ref = op.id;
      op.id = {i, 2};
      op.fee = 5;
      ops.push_back(op);
    }
    std::vector<oc_ledger_result> results(ops.size());
    ASSERT_EQ(ledger->table().apply(ledger->self(), ops.data(), results.data(), ops.size()), OC_OK);
    for (const auto& r : results) ASSERT_EQ(r.status, OC_OK);
    oc_ledger_budget budget{};
    budget.struct_size = sizeof budget;
    budget.account = budget.scope_id = 7;
    budget.scope = OC_SCOPE_ORG;
    budget.period = OC_WINDOW_MONTH;
    budget.limit_nano = 50'000'000;
    ASSERT_EQ(ledger->table().put_budget(ledger->self(), &budget), OC_OK);
  }
  void heartbeat(const std::string& config_file) {
    const auto ledger = open(config_file);
    oc_ledger_op op{};
    op.kind = OC_LOP_HEARTBEAT;
    op.node = 4;
    oc_ledger_result r{};
    ASSERT_EQ(ledger->table().apply(ledger->self(), &op, &r, 1), OC_OK);
    ASSERT_EQ(r.status, OC_OK);
  }
  std::int64_t available(const std::string& config_file) {
    const auto ledger = open(config_file);
    oc_ledger_balance b{};
    b.struct_size = sizeof b;
    EXPECT_EQ(ledger->table().balance(ledger->self(), 7, &b), OC_OK);
    return b.available;
  }
  std::unique_ptr<Ledger> open(const std::string& config_file) {
    control::Config c;
    for (const auto& problem : control::load_config(config_file, c))
      throw std::runtime_error(control::to_string(problem));
    catalogue_ = std::make_unique<plugin::Catalogue>(std::vector<fs::path>{c.plugin_dirs.front()});
    auto made = open_backend<oc_ledger_backend>(*catalogue_, OC_KIND_LEDGER, c.ledger,
                                                fs::path(c.data_dir) / "ledger.db", services_);
    if (!made) throw std::runtime_error(made.error().message);
    return std::move(*made);
  }

  int run(const std::vector<std::string>& args) {
    out_.str("");
    err_.str("");
    return run_migrate_backend(args, out_, err_);
  }
  int migrate(const std::string& from, const std::string& to) { return run({"--from", from, "--to", to}); }

  static inline std::unique_ptr<test::PostgresServer> server_;
  fs::path folder_;
  plugin::LoopServices services_;
  std::unique_ptr<plugin::Catalogue> catalogue_;
  std::ostringstream out_, err_;
};

TEST_F(MigrateBackend, CopiesThereAndBack) {
  const std::string a = sqlite("a"), b = postgres("b"), c = sqlite("c");
  live(a);
  EXPECT_EQ(migrate(a, b), 0) << err_.str();
  EXPECT_NE(out_.str().find("copied ledger.sqlite to ledger.postgres"), std::string::npos) << out_.str();
  EXPECT_NE(out_.str().find("transfer  101"), std::string::npos) << out_.str();
  EXPECT_NE(out_.str().find("hold  199"), std::string::npos) << out_.str();
  EXPECT_EQ(migrate(b, c), 0) << err_.str();
  EXPECT_EQ(available(a), 1'000'000 - 100 * 105 - 199 * 100);
  EXPECT_EQ(available(b), available(a));
  EXPECT_EQ(available(c), available(a));
}

TEST_F(MigrateBackend, DoesNotMixBooksIntoOthers) {
  const std::string a = sqlite("a"), b = postgres("b");
  live(a);
  live(b);
  EXPECT_EQ(migrate(a, b), 1);
  EXPECT_NE(err_.str().find("does not take the books: it is not empty"), std::string::npos) << err_.str();
}

TEST_F(MigrateBackend, WaitsForGatewaysToStop) {
  const std::string a = sqlite("a"), b = postgres("b");
  live(a);
  heartbeat(a);
  EXPECT_EQ(migrate(a, b), 1);
  EXPECT_NE(err_.str().find("node 4 was alive less than 30 s ago"), std::string::npos) << err_.str();
  live(b);  // nothing was left there
}

TEST_F(MigrateBackend, DoesNotSpreadBrokenBooks) {
  const std::string a = postgres("a"), b = sqlite("b");
  live(a);
  test::query_text(server_->url(), "SET search_path = " + test_name() + "_a; UPDATE account SET credits = credits + 1");
  EXPECT_EQ(migrate(a, b), 1);
  EXPECT_NE(err_.str().find("ledger.postgres is broken; nothing was copied\n  I"), std::string::npos) << err_.str();
}

TEST_F(MigrateBackend, SaysWhatIsWrongWithTheCommand) {
  const std::string a = sqlite("a"), none = config("none", "none");
  EXPECT_EQ(run({}), 2);
  EXPECT_EQ(run({"--from", a, "--two", a}), 2);
  EXPECT_EQ(migrate(a, (folder_ / "absent.yaml").string()), 2);
  EXPECT_EQ(migrate(a, none), 2);
  EXPECT_NE(err_.str().find("says `ledger: none`"), std::string::npos) << err_.str();
  EXPECT_EQ(migrate(a, a), 2) << "the second to open it finds it locked";
}

}  // namespace
}  // namespace onechat::main
