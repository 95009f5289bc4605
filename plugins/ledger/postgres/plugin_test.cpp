// What an operator and the host meet: settings, one process a node, books that cannot be changed behind their back.
#include <thread>

#include "server_fixture_test.hpp"

namespace onechat::ledger_test {
namespace {

using PostgresPlugin = PostgresTest;

std::string refused(const std::string& json) {
  const TestBackend b(ledger_postgres::entry, json);
  EXPECT_EQ(b.status, OC_E_CONFIG) << json;
  return b.error;
}

std::vector<oc_ledger_op> some_traffic() {
  std::vector<oc_ledger_op> ops{op_of(OC_LOP_DEPOSIT, 1, 10'000)};
  for (std::uint64_t i = 2; i < 12; ++i) {
    ops.push_back(op_of(OC_LOP_RESERVE, i, 100));
    ops.back().ttl_ms = 60'000;
    ops.back().key_id = 5;
    if (i % 3 != 0) ops.push_back(op_of(OC_LOP_SETTLE, i, 70, 7));
  }
  auto promo = op_of(OC_LOP_GRANT, 20, 500);
  promo.epoch = 0;
  ops.push_back(promo);
  ops.push_back(op_of(OC_LOP_TRANSFER, 21, 300));
  ops.back().account2 = 2;
  ops.push_back(op_of(OC_LOP_REFUND, 22, 30));
  ops.back().ref = op_of(OC_LOP_RESERVE, 2).id;
  return ops;
}

void apply_all_ok(TestBackend& b, const std::vector<oc_ledger_op>& ops) {
  std::vector<oc_ledger_result> results;
  ASSERT_EQ(b.apply(ops, results), OC_OK) << g_log;
  for (std::size_t i = 0; i < ops.size(); ++i) ASSERT_EQ(results[i].status, OC_OK) << i << " kind " << ops[i].kind;
}

TEST_F(PostgresPlugin, RefusesSettingsInWordsThatKeepThePassword) {
  EXPECT_EQ(refused("{}"), "url: give the database, postgresql://USER:PASSWORD@HOST:PORT/DATABASE");
  EXPECT_EQ(refused(R"({"url":"x","shema":"y"})"), "unknown setting 'shema'");
  EXPECT_EQ(refused(R"({"url":"x","schema":"Bad;"})"), "schema: use a-z, 0-9 and _, at most 63 of them");
  EXPECT_EQ(refused(R"({"url":"x","connect_timeout_s":0})"), "connect_timeout_s: give seconds, 1 to 300");
  EXPECT_EQ(refused("[]"), "the settings are not a JSON object");
  for (const char* url :
       {"postgresql://u:s3cret@127.0.0.1:1/x", "postgresql://u:s3cret@@@/::x", "host=a password='s3cret",
        "postgresql://u:s3cret@127.0.0.1:port/x", "postgresql://u:s3cret@127.0.0.1:1/x?s3cret=1"}) {
    const std::string words = refused(TestBackend::settings(url));
    EXPECT_EQ(words.rfind("url: ", 0), 0u) << words;
    EXPECT_EQ(words.find("s3cret"), std::string::npos) << words;
  }
}

TEST_F(PostgresPlugin, RefusesAServerThatForgetsAtAPowerCut) {
  const test::PostgresServer careless({"fsync = off"});
  EXPECT_NE(refused(TestBackend::settings(careless.url())).find("fsync"), std::string::npos);
}

TEST_F(PostgresPlugin, RefusesASchemaThatIsNewerThanItKnows) {
  {
    const TestBackend b(url(), schema());
    ASSERT_EQ(b.status, OC_OK) << b.error;
  }
  ask("UPDATE ledger_meta SET v = '99' WHERE k = 'schema_version'");
  const TestBackend again(url(), schema());
  EXPECT_EQ(again.status, OC_E_CONFIG);
  EXPECT_NE(again.error.find("version 99, newer than"), std::string::npos) << again.error;
}

// A new id is taken for new until the batch is written; one that was used answers what it did, also when the wallet could
// not pay for it today, and the others of its batch are applied once.
TEST_F(PostgresPlugin, KnowsTheIdOfAHoldThatIsOver) {
  TestBackend b(url(), schema());
  ASSERT_EQ(b.status, OC_OK) << b.error;
  apply_all_ok(b, {op_of(OC_LOP_DEPOSIT, 1, 100), op_of(OC_LOP_RESERVE, 2, 90), op_of(OC_LOP_SETTLE, 2, 80),
                   op_of(OC_LOP_RESERVE, 3, 20), op_of(OC_LOP_VOID, 3)});
  oc_ledger_op other = op_of(OC_LOP_RESERVE, 3, 21);
  std::vector<oc_ledger_result> results;
  ASSERT_EQ(b.apply({op_of(OC_LOP_RESERVE, 4, 5), op_of(OC_LOP_RESERVE, 2, 90), op_of(OC_LOP_RESERVE, 3, 20), other,
                     op_of(OC_LOP_RESERVE, 5, 90), op_of(OC_LOP_RESERVE, 6, 15), op_of(OC_LOP_RESERVE, 7, 1)},
                    results),
            OC_OK);
  const std::vector<oc_status> wanted{OC_OK, OC_DUPLICATE, OC_DUPLICATE, OC_E_CONFLICT, OC_E_FUNDS, OC_OK, OC_E_FUNDS};
  for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_EQ(results[i].status, wanted[i]) << i;
  EXPECT_EQ(b.apply(op_of(OC_LOP_RESERVE, 2, 90)).status, OC_DUPLICATE) << "alone, with nothing to write";
}

TEST_F(PostgresPlugin, ABudgetGoesOnFromWhatWasCountedAhead) {
  TestBackend posting(url(), schema()), aside(url(), schema());
  apply_all_ok(posting, {op_of(OC_LOP_DEPOSIT, 1, 100), op_of(OC_LOP_RESERVE, 2, 20), op_of(OC_LOP_SETTLE, 2, 20)});
  oc_ledger_spent spent{};
  spent.struct_size = sizeof spent;
  oc_ledger_budget budget{};
  budget.struct_size = sizeof budget;
  budget.account = budget.scope_id = 1;
  budget.scope = OC_SCOPE_ORG;
  budget.period = OC_WINDOW_MONTH;
  budget.limit_nano = 1000;
  budget.spent = &spent;
  const auto set = [&] {
    EXPECT_EQ(posting.table->put_budget(posting.instance(), &budget), OC_OK);
    return posting.budgets(1).front().spent_nano;
  };
  ASSERT_EQ(aside.table->count_spent(aside.instance(), &budget, &spent), OC_OK);
  EXPECT_EQ(spent.spent_nano, 20);
  apply_all_ok(posting, {op_of(OC_LOP_RESERVE, 3, 9), op_of(OC_LOP_SETTLE, 3, 9)});
  EXPECT_EQ(set(), 29);
  spent.spent_nano += 100;
  EXPECT_EQ(set(), 129) << "history is not read again";
  spent.begin_unix_ms -= 1;
  EXPECT_EQ(set(), 29) << "it was another window's";
}

TEST_F(PostgresPlugin, WalletsOfOldBooksThatHaveNothingButGrantsGetTheirRow) {
  oc_ledger_op grant = op_of(OC_LOP_GRANT, 1, 50);
  grant.epoch = 0;
  {
    TestBackend b(url(), schema());
    apply_all_ok(b, {grant});
  }
  EXPECT_EQ(ask("SELECT count(*) FROM account WHERE code = 2000"), "1");
  ask("DELETE FROM account WHERE code = 2000");
  ask("UPDATE ledger_meta SET v = '1' WHERE k = 'schema_version'");
  TestBackend again(url(), schema());
  ASSERT_EQ(again.status, OC_OK) << again.error;
  EXPECT_EQ(ask("SELECT owner, credits FROM account WHERE code = 2000"), "1\t0");
  EXPECT_EQ(again.verify(), std::vector<std::string>{});
}

TEST_F(PostgresPlugin, MakesItsSchemaOnceWhenManyStartTogether) {
  std::vector<std::unique_ptr<TestBackend>> backends(4);
  {
    std::vector<std::jthread> threads;
    for (auto& b : backends)
      threads.emplace_back([&b, books = schema()] { b = std::make_unique<TestBackend>(url(), books); });
  }
  for (const auto& b : backends) EXPECT_EQ(b->status, OC_OK) << b->error;
}

TEST_F(PostgresPlugin, TwoProcessesCannotBeOneNode) {
  auto first = std::make_unique<TestBackend>(url(), schema());
  TestBackend second(url(), schema());
  EXPECT_EQ(first->apply(op_of(OC_LOP_EPOCH, 1)).status, OC_OK);
  g_log.clear();
  EXPECT_EQ(second.apply(op_of(OC_LOP_EPOCH, 2)).status, OC_E_FENCED);
  EXPECT_NE(g_log.find("node 1 is another process' number"), std::string::npos) << g_log;
  auto other = op_of(OC_LOP_EPOCH, 3);
  other.node = 2;
  EXPECT_EQ(second.apply(other).status, OC_OK);
  first.reset();
  EXPECT_EQ(second.apply(op_of(OC_LOP_EPOCH, 2)).status, OC_OK) << g_log;
}

TEST_F(PostgresPlugin, AConnectionThatWasCutBetweenBatchesIsMadeAnewUnnoticed) {
  TestBackend b(url(), schema());
  ASSERT_EQ(b.apply(op_of(OC_LOP_EPOCH, 1)).status, OC_OK);
  ask("SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE application_name = '1chat-ledger'");
  EXPECT_EQ(b.apply(op_of(OC_LOP_DEPOSIT, 2, 100)).status, OC_OK) << g_log;
  TestBackend usurper(url(), schema());
  EXPECT_EQ(usurper.apply(op_of(OC_LOP_EPOCH, 3)).status, OC_E_FENCED) << "the node's lock came back, too";
}

TEST_F(PostgresPlugin, WhoLostItsNodeToAnotherProcessStillReportsFactsButAdmitsNothing) {
  TestBackend old(url(), schema()), heir(url(), schema());
  auto epoch = op_of(OC_LOP_EPOCH, 1);
  ASSERT_EQ(old.apply(epoch).status, OC_OK);
  ASSERT_EQ(old.apply(op_of(OC_LOP_DEPOSIT, 2, 1000)).status, OC_OK);
  auto hold = op_of(OC_LOP_RESERVE, 3, 100);
  hold.epoch = 1;
  ASSERT_EQ(old.apply(hold).status, OC_OK);
  // The connection breaks, and another process is quicker.
  ask("SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE application_name = '1chat-ledger'");
  epoch.id.lo = 9;
  ASSERT_EQ(heir.apply(epoch).status, OC_OK) << g_log;
  auto late = op_of(OC_LOP_RESERVE, 4, 100);
  late.epoch = 1;
  EXPECT_EQ(old.apply(late).status, OC_E_FENCED);
  EXPECT_EQ(old.apply(op_of(OC_LOP_SETTLE, 3, 60)).status, OC_OK) << g_log;
  EXPECT_EQ(heir.balance(1).available, 940);
}

TEST_F(PostgresPlugin, PostingsCannotBeChangedInTheDatabase) {
  TestBackend b(url(), schema());
  apply_all_ok(b, some_traffic());
  for (const char* sql : {"UPDATE transfer SET amount = 1", "DELETE FROM transfer", "TRUNCATE transfer",
                          "UPDATE link SET n = 7", "DELETE FROM link", "TRUNCATE link"}) {
    try {
      ask(sql);
      ADD_FAILURE() << sql;
    } catch (const std::runtime_error& e) {
      EXPECT_NE(std::string(e.what()).find("append-only"), std::string::npos) << e.what();
    }
  }
}

TEST_F(PostgresPlugin, ARuntimeRoleHasNoRightToChangePostings) {
  ask("CREATE ROLE teller");
  const std::string json = "{\"url\":\"" + url() + "\",\"schema\":\"" + schema() + "\",\"runtime_role\":\"teller\"}";
  TestBackend b(ledger_postgres::entry, json);
  ASSERT_EQ(b.status, OC_OK) << b.error;
  apply_all_ok(b, some_traffic());
  EXPECT_EQ(b.verify(), std::vector<std::string>{});
  oc_ledger_budget budget{};
  budget.struct_size = sizeof budget;
  budget.account = budget.scope_id = 1;
  budget.scope = OC_SCOPE_ORG;
  oc_ledger_spent spent{};
  spent.struct_size = sizeof spent;
  EXPECT_EQ(b.table->count_spent(b.instance(), &budget, &spent), OC_OK) << g_log;
  EXPECT_GT(spent.spent_nano, 0);
  for (const char* right : {"UPDATE", "DELETE", "TRUNCATE"})
    EXPECT_EQ(ask(std::string("SELECT has_table_privilege('teller', 'transfer', '") + right + "')"), "f") << right;
  EXPECT_EQ(ask("SELECT DISTINCT usename FROM pg_stat_activity WHERE application_name = '1chat-ledger'"), "onechat");
}

TEST_F(PostgresPlugin, AnAuditorsJournalAddsUpToTheTrialBalance) {
  TestBackend b(url(), schema());
  apply_all_ok(b, some_traffic());
  std::string sums;
  const auto each = [](void* arg, const oc_ledger_sum* s) {
    *static_cast<std::string*>(arg) += std::to_string(s->code) + "\t" +
                                       std::to_string(static_cast<std::int64_t>(s->owner)) + "\t" +
                                       std::to_string(s->debits) + "\t" + std::to_string(s->credits) + "\n";
  };
  ASSERT_EQ(b.table->trial_balance(b.instance(), INT64_MAX, each, &sums), OC_OK);
  EXPECT_EQ(ask("SELECT code, owner, sum(debit), sum(credit) FROM journal GROUP BY code, owner"
                " ORDER BY code, owner < 0, owner") +
                "\n",
            sums);
}

TEST_F(PostgresPlugin, VerifyNamesWhatWasTamperedWith) {
  struct Case {
    const char* sql;
    const char* invariant;
  };
  TestBackend b(url(), schema());
  apply_all_ok(b, some_traffic());
  const auto rows = b.dump();
  int n = 0;
  for (const Case& c :
       {Case{"UPDATE account SET credits = credits + 1 WHERE code = 2000", "I2"},
        Case{"UPDATE hold SET amount = amount + 1", "I4"},
        Case{"DELETE FROM hold WHERE id = (SELECT min(id::text)::uuid FROM hold)", "I4"},
        Case{"UPDATE transfer SET released = 5 WHERE kind = 5", "I13"}, Case{"DELETE FROM link WHERE n = 1", "I13"},
        Case{"UPDATE link SET first_seq = first_seq + 1000", "I13"},
        Case{"UPDATE refund_cap SET refunded = refunded - 1", "I11"},
        Case{"UPDATE transfer SET seq = seq + 40 WHERE kind = 7", "I13"}}) {
    const std::string books = schema() + std::to_string(++n);
    TestBackend copy(url(), books);
    ASSERT_EQ(copy.restore(rows, 7), OC_OK) << g_log;
    ASSERT_EQ(copy.verify(), std::vector<std::string>{});
    test::query_text(url(), "SET search_path = " + books + "; SET session_replication_role = replica; " + c.sql);
    const auto found = copy.verify();
    EXPECT_TRUE(std::any_of(found.begin(), found.end(),
                            [&](const std::string& p) { return p.rfind(std::string(c.invariant) + " ", 0) == 0; }))
        << c.sql << ": " << (found.empty() ? "nothing found" : found[0]);
  }
}

TEST_F(PostgresPlugin, EachNodesLastLinkIsToldAndEarlierOnesStayAsTheyWere) {
  TestBackend b(url(), schema());
  EXPECT_TRUE(b.links().empty());
  apply_all_ok(b, {op_of(OC_LOP_DEPOSIT, 1, 100)});
  const auto first = b.links();
  ASSERT_EQ(first.size(), 1u);
  apply_all_ok(b, {op_of(OC_LOP_DEPOSIT, 2, 100)});
  const auto second = b.links();
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].n, first[0].n + 1);
  const auto both = b.links({second[0].first_seq, 999'999, first[0].first_seq});
  ASSERT_EQ(both.size(), 2u);
  EXPECT_EQ(both[0].n < both[1].n ? both[0] : both[1], first[0]);
}

TEST_F(PostgresPlugin, ADumpRestoresIntoEmptyBooksOnlyAndGoesOnThere) {
  TestBackend from(url(), schema() + "_a"), to(url(), schema() + "_b");
  apply_all_ok(from, some_traffic());
  apply_all_ok(from, {op_of(OC_LOP_DEPOSIT, 90, 1), op_of(OC_LOP_DEPOSIT, 91, 2)});
  const auto rows = from.dump();
  ASSERT_FALSE(rows.empty());
  ASSERT_EQ(to.restore(rows, 3), OC_OK) << g_log;
  EXPECT_EQ(to.dump(), rows);
  EXPECT_EQ(to.verify(), std::vector<std::string>{});
  EXPECT_EQ(to.apply(op_of(OC_LOP_DEPOSIT, 90, 1)).status, OC_DUPLICATE);
  EXPECT_EQ(to.apply(op_of(OC_LOP_DEPOSIT, 92, 1)).status, OC_OK);
  EXPECT_EQ(to.verify(), std::vector<std::string>{});
  EXPECT_EQ(to.restore(rows, 3), OC_E_CONFLICT) << "it is not empty";
  TestBackend fresh(url(), schema() + "_c");
  EXPECT_EQ(fresh.restore({rows.rbegin(), rows.rend()}, 3), OC_E_CONFLICT) << "not a dump's order";
  EXPECT_EQ(fresh.dump(), TestBackend::Rows{});
  EXPECT_EQ(fresh.apply(op_of(OC_LOP_DEPOSIT, 1, 1)).status, OC_OK) << g_log;
}

TEST_F(PostgresPlugin, FindsAllThatIsKnownUnderAnId) {
  TestBackend b(url(), schema());
  apply_all_ok(b, some_traffic());
  struct Found {
    std::vector<oc_ledger_hold> holds;
    std::vector<oc_ledger_entry> entries;
  };
  const auto find = [&](const oc_id128& id) {
    Found found;
    b.table->find(
        b.instance(), id, [](void* arg, const oc_ledger_hold* h) { static_cast<Found*>(arg)->holds.push_back(*h); },
        [](void* arg, const oc_ledger_entry* e) { static_cast<Found*>(arg)->entries.push_back(*e); }, &found);
    return found;
  };
  const Found settled = find(op_of(OC_LOP_RESERVE, 2).id);
  ASSERT_EQ(settled.entries.size(), 2u) << "its SETTLE and the REFUND of it";
  EXPECT_EQ(settled.entries[0].kind, std::uint32_t{OC_LOP_SETTLE});
  EXPECT_EQ(settled.entries[0].amount + settled.entries[0].fee, 77);
  EXPECT_EQ(settled.entries[1].kind, std::uint32_t{OC_LOP_REFUND});
  const Found open = find(op_of(OC_LOP_RESERVE, 3).id);
  ASSERT_EQ(open.holds.size(), 1u);
  EXPECT_EQ(open.holds[0].state, std::uint32_t{OC_HOLD_OPEN});
  EXPECT_EQ(open.holds[0].amount, 100);
  EXPECT_EQ(open.holds[0].key_id, 5u);
}

TEST_F(PostgresPlugin, AStatementHasWhatCameInAndWhatWentOut) {
  TestBackend b(url(), schema());
  apply_all_ok(b, some_traffic());
  const auto kinds = [&](std::uint64_t account, std::int64_t from, std::int64_t to) {
    std::vector<std::uint32_t> out;
    b.table->statement(
        b.instance(), account, from, to,
        [](void* arg, const oc_ledger_entry* e) { static_cast<std::vector<std::uint32_t>*>(arg)->push_back(e->kind); },
        &out);
    std::sort(out.begin(), out.end());
    return out;
  };
  EXPECT_EQ(kinds(1, 0, INT64_MAX), (std::vector<std::uint32_t>{1, 2, 5, 5, 5, 5, 5, 5, 5, 7, 17}));
  EXPECT_EQ(kinds(2, 0, INT64_MAX), (std::vector<std::uint32_t>{2})) << "money from wallet 1";
  EXPECT_EQ(kinds(1, 0, g_now_ms), std::vector<std::uint32_t>{}) << "the end does not belong to it";
}

}  // namespace
}  // namespace onechat::ledger_test
