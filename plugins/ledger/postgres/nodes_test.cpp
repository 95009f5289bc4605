// Several nodes on the same books at once: what one wallet has is spent once, whoever asks first.
#include <random>
#include <set>
#include <thread>

#include "server_fixture_test.hpp"

namespace onechat::ledger_test {
namespace {

using PostgresNodes = PostgresTest;

// A gateway's node: an instance of its own, with ids and an epoch of its own.
struct Node {
  Node(const std::string& url, const std::string& books, std::uint64_t number_, std::uint64_t seed)
      : backend(url, books), number(number_), random(seed * 1000 + number_) {
    EXPECT_EQ(backend.status, OC_OK) << backend.error;
    EXPECT_EQ(one(make(OC_LOP_EPOCH)).status, OC_OK) << g_log;
    epoch = 1;
  }
  oc_ledger_op make(std::uint32_t kind, std::int64_t amount = 0, std::int64_t fee = 0) {
    auto op = op_of(kind, ++ids, amount, fee);
    op.id.lo = number;
    op.node = number;
    op.epoch = epoch;
    return op;
  }
  oc_ledger_result one(const oc_ledger_op& op) { return backend.apply(op); }
  std::vector<oc_ledger_result> all(const std::vector<oc_ledger_op>& ops) {
    std::vector<oc_ledger_result> results;
    EXPECT_EQ(backend.apply_until_known(ops, results, 20), OC_OK) << g_log;
    return results;
  }
  std::int64_t pick(std::int64_t n) { return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n)); }

  TestBackend backend;
  std::uint64_t number, ids = 0, epoch = 0;
  std::mt19937_64 random;
  std::int64_t charged = 0, refused = 0;
};

std::vector<std::unique_ptr<Node>> nodes_on(const std::string& url, const std::string& books, std::size_t n) {
  std::vector<std::unique_ptr<Node>> out;
  for (std::uint64_t i = 1; i <= n; ++i) out.push_back(std::make_unique<Node>(url, books, i, 5));
  return out;
}

template <class Work>
void together(std::vector<std::unique_ptr<Node>>& nodes, Work work) {
  std::vector<std::jthread> threads;
  for (auto& node : nodes) threads.emplace_back([&work, &node] { work(*node); });
}

constexpr std::int64_t kWallet = 10'000'000'000;  // $10

// `requests` in batches of up to 50: each holds up to 2.5 times its share of the wallet, and costs no more than it
// held.
void spend_directly(Node& node, int requests, std::int64_t share) {
  while (requests > 0) {
    std::vector<oc_ledger_op> reserves, settles;
    for (int i = std::min(requests, 50); i > 0; --i, --requests)
      reserves.push_back(node.make(OC_LOP_RESERVE, 1 + node.pick(5 * share / 2)));
    const auto answers = node.all(reserves);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (answers[i].status != OC_OK) {
        EXPECT_EQ(answers[i].status, OC_E_FUNDS);
        ++node.refused;
        continue;
      }
      auto settle = node.make(OC_LOP_SETTLE, 1 + node.pick(reserves[i].amount));
      settle.ref = reserves[i].id;
      settles.push_back(settle);
      node.charged += settle.amount;
    }
    for (const auto& r : node.all(settles)) EXPECT_EQ(r.status, OC_OK);
  }
}

TEST_F(PostgresNodes, DrainOneWalletAndNeverOverdrawIt) {
  const int requests = number_from("ONECHAT_LEDGER_REQUESTS", 10'000);
  for (const std::size_t n : {1u, 2u, 4u, 8u}) {
    auto nodes = nodes_on(url(), schema() + std::to_string(n), n);
    ASSERT_EQ(nodes[0]->one(nodes[0]->make(OC_LOP_DEPOSIT, kWallet)).status, OC_OK);
    const int each = requests / static_cast<int>(n);
    together(nodes, [&](Node& node) { spend_directly(node, each, kWallet / requests * 4); });
    std::int64_t charged = 0, refused = 0;
    for (const auto& node : nodes) charged += node->charged, refused += node->refused;
    const oc_ledger_balance b = nodes[0]->backend.balance(1);
    EXPECT_LE(charged, kWallet);
    EXPECT_GT(refused, 0) << n << " nodes";
    EXPECT_EQ(b.available, kWallet - charged) << n << " nodes";
    EXPECT_EQ(b.held, 0);
    EXPECT_EQ(b.debt, 0);
    EXPECT_EQ(nodes[0]->backend.verify(), std::vector<std::string>{}) << n << " nodes";
  }
}

// Gateways that start together post what their journals have before their epochs: each to its own chain, else one would
// lose against the other again and again.
TEST_F(PostgresNodes, FactsBeforeAnEpochAreChainedByTheirNode) {
  {
    auto nodes = nodes_on(url(), schema(), 1);
    ASSERT_EQ(nodes[0]->one(nodes[0]->make(OC_LOP_DEPOSIT, kWallet)).status, OC_OK);
  }
  TestBackend one(url(), schema()), two(url(), schema());
  const auto settle = [](TestBackend& backend, std::uint64_t node, std::uint64_t number) {
    auto op = op_of(OC_LOP_LEASE_SETTLE, number, 7);
    op.ref = op_of(OC_LOP_LEASE, 999).id;  // of which the books know nothing any more
    op.node = node;
    return backend.apply(op).status;
  };
  for (std::uint64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(settle(one, 2, 100 + i), OC_LATE) << g_log;
    EXPECT_EQ(settle(two, 3, 200 + i), OC_LATE) << g_log;
  }
  std::vector<std::uint64_t> chains;
  for (const auto& link : one.links()) chains.push_back(link.node);
  EXPECT_EQ(chains, (std::vector<std::uint64_t>{1, 2, 3}));
  EXPECT_EQ(one.verify(), std::vector<std::string>{});
}

// Each node spends out of leases; what is left of them comes back when they are closed.
TEST_F(PostgresNodes, DrainOneWalletByLeasesToItsLastNano) {
  constexpr std::int64_t kLease = 50'000'000;
  auto nodes = nodes_on(url(), schema(), 4);
  ASSERT_EQ(nodes[0]->one(nodes[0]->make(OC_LOP_DEPOSIT, kWallet)).status, OC_OK);
  together(nodes, [&](Node& node) {
    for (std::int64_t size = kLease; size > 0;) {
      auto lease = node.make(OC_LOP_LEASE, size);
      lease.ttl_ms = 60'000;
      const auto answer = node.all({lease})[0];
      if (answer.status != OC_OK) {
        EXPECT_EQ(answer.status, OC_E_FUNDS);
        ++node.refused;
        size /= 2;
        continue;
      }
      std::vector<oc_ledger_op> ops;
      for (std::int64_t rest = size; rest > 0;) {
        auto settle = node.make(OC_LOP_LEASE_SETTLE, 1 + node.pick(rest));
        settle.ref = lease.id;
        ops.push_back(settle);
        rest -= settle.amount;
        node.charged += settle.amount;
      }
      auto close = node.make(OC_LOP_LEASE_CLOSE);
      close.ref = lease.id;
      ops.push_back(close);
      for (const auto& r : node.all(ops)) EXPECT_EQ(r.status, OC_OK);
    }
  });
  std::int64_t charged = 0;
  for (const auto& node : nodes) charged += node->charged;
  const oc_ledger_balance b = nodes[0]->backend.balance(1);
  EXPECT_EQ(charged, kWallet);
  EXPECT_EQ(b.available, 0);
  EXPECT_EQ(b.held, 0);
  EXPECT_EQ(b.debt, 0);
  EXPECT_EQ(nodes[0]->backend.verify(), std::vector<std::string>{});
}

TEST_F(PostgresNodes, ABudgetIsNotExceededByManyNorWhileItIsSet) {
  constexpr std::int64_t kLimit = 1'000'000;
  auto nodes = nodes_on(url(), schema(), 4);
  ASSERT_EQ(nodes[0]->one(nodes[0]->make(OC_LOP_DEPOSIT, kWallet)).status, OC_OK);
  oc_ledger_budget budget{};
  budget.struct_size = sizeof budget;
  budget.account = 1;
  budget.scope = OC_SCOPE_KEY;
  budget.scope_id = 7;
  budget.period = OC_WINDOW_DAY;
  budget.limit_nano = kLimit;
  together(nodes, [&](Node& node) {
    for (int i = 0; i < 60; ++i) {
      std::vector<oc_ledger_op> ops;
      for (int k = 0; k < 10; ++k) {
        auto reserve = node.make(OC_LOP_RESERVE, 1000), settle = node.make(OC_LOP_SETTLE, 900, 90);
        reserve.key_id = 7;
        settle.ref = reserve.id;
        settle.account = 0;
        ops.insert(ops.end(), {reserve, settle});
      }
      const auto answers = node.all(ops);
      for (std::size_t k = 0; k < ops.size(); k += 2) {
        (answers[k].status == OC_OK ? node.charged : node.refused) += answers[k].status == OC_OK ? 990 : 1;
        if (answers[k].status != OC_OK) {
          EXPECT_EQ(answers[k].status, OC_E_LIMIT);
        }
      }
      if (node.number == 1 && i % 10 == 5) {
        EXPECT_EQ(node.backend.table->put_budget(node.backend.instance(), &budget), OC_OK) << g_log;
      }
    }
  });
  std::int64_t charged = 0, refused = 0;
  for (const auto& node : nodes) charged += node->charged, refused += node->refused;
  EXPECT_GT(refused, 0);
  std::int64_t spent = 0;
  nodes[0]->backend.table->budgets(
      nodes[0]->backend.instance(), 1,
      [](void* arg, const oc_ledger_budget* b) { *static_cast<std::int64_t*>(arg) = b->spent_nano; }, &spent);
  EXPECT_EQ(spent, charged) << "what was spent before the budget was there counts, too";
  EXPECT_EQ(nodes[0]->backend.verify(), std::vector<std::string>{});
}

// Wallets pay each other crosswise, holds are settled by one node and swept by others: deadlocks are tried again, and
// everything adds up.
TEST_F(PostgresNodes, CrossingPathsEndInOneOrderOrAnother) {
  auto nodes = nodes_on(url(), schema(), 4);
  for (std::uint64_t wallet = 1; wallet <= 4; ++wallet) {
    auto deposit = nodes[0]->make(OC_LOP_DEPOSIT, 1'000'000);
    deposit.account = wallet;
    ASSERT_EQ(nodes[0]->one(deposit).status, OC_OK);
  }
  together(nodes, [](Node& node) {
    std::vector<oc_id128> open;
    for (int i = 0; i < 60; ++i) {
      std::vector<oc_ledger_op> ops;
      for (int k = 0; k < 8; ++k) {
        auto pay = node.make(OC_LOP_TRANSFER, 1 + node.pick(50));
        pay.account = static_cast<std::uint64_t>(1 + node.pick(4));
        pay.account2 = pay.account % 4 + 1;
        auto hold = node.make(OC_LOP_RESERVE, 20);
        hold.account = pay.account2;
        hold.ttl_ms = 1;
        open.push_back(hold.id);
        ops.insert(ops.end(), {pay, hold});
      }
      node.all(ops);
      ops.clear();
      g_now_ms += 2;
      if (i % 3 == 0) ops.push_back(node.make(OC_LOP_SWEEP));
      for (const oc_id128& id : open) {
        auto settle = node.make(OC_LOP_SETTLE, 15);
        settle.ref = id;
        settle.account = 0;
        ops.push_back(settle);
      }
      open.clear();
      const auto answers = node.all(ops);
      for (std::size_t k = 0; k < ops.size(); ++k)
        if (ops[k].kind == OC_LOP_SETTLE) {
          EXPECT_TRUE(answers[k].status == OC_OK || answers[k].status == OC_LATE) << answers[k].status;
          node.charged += answers[k].posted;
        }
    }
  });
  std::int64_t available = 0, charged = 0;
  for (std::uint64_t wallet = 1; wallet <= 4; ++wallet) available += nodes[0]->backend.balance(wallet).available;
  for (const auto& node : nodes) charged += node->charged;
  EXPECT_EQ(charged, 4 * 60 * 8 * 15) << "usage is never dropped";
  EXPECT_EQ(available, 4'000'000 - charged);
  EXPECT_EQ(nodes[0]->backend.verify(), std::vector<std::string>{});
}

// A payment's webhook and a retried request may reach two nodes at the same moment.
TEST_F(PostgresNodes, TheSameIdAtTwoNodesHappensOnce) {
  auto nodes = nodes_on(url(), schema(), 2);
  ASSERT_EQ(nodes[0]->one(nodes[0]->make(OC_LOP_DEPOSIT, 1'000'000)).status, OC_OK);
  constexpr std::uint64_t kRounds = 150;
  std::vector<oc_status> deposits[2], reserves[2];
  together(nodes, [&](Node& node) {
    for (std::uint64_t i = 0; i < kRounds; ++i) {
      auto deposit = op_of(OC_LOP_DEPOSIT, 1'000'000 + 2 * i, 10),
           reserve = op_of(OC_LOP_RESERVE, 1'000'001 + 2 * i, 5), settle = op_of(OC_LOP_SETTLE, 1'000'001 + 2 * i, 3);
      const auto answers = node.all({deposit, reserve, settle});
      deposits[node.number - 1].push_back(answers[0].status);
      reserves[node.number - 1].push_back(answers[1].status);
    }
  });
  for (std::uint64_t i = 0; i < kRounds; ++i) {
    const std::multiset<oc_status> once{OC_OK, OC_DUPLICATE};
    EXPECT_EQ((std::multiset<oc_status>{deposits[0][i], deposits[1][i]}), once) << i;
    EXPECT_EQ((std::multiset<oc_status>{reserves[0][i], reserves[1][i]}), once) << i;
  }
  EXPECT_EQ(nodes[0]->backend.balance(1).available, 1'000'000 + std::int64_t{kRounds} * (10 - 3));
  EXPECT_EQ(nodes[0]->backend.verify(), std::vector<std::string>{});
}

// The same, when there is too little left for a second one.
TEST_F(PostgresNodes, TheSameIdAtTwoNodesIsKnownThoughTheWalletIsEmpty) {
  auto nodes = nodes_on(url(), schema(), 2);
  constexpr std::uint64_t kRounds = 100;
  std::vector<oc_ledger_op> funds;
  for (std::uint64_t i = 1; i <= kRounds; ++i) {
    funds.push_back(op_of(OC_LOP_DEPOSIT, 1'000 + i, 10));
    funds.back().account = 100 + i;
    funds.push_back(op_of(OC_LOP_DEPOSIT, 2'000 + i, 10));
    funds.back().account = 500 + i;
  }
  for (const auto& r : nodes[0]->all(funds)) ASSERT_EQ(r.status, OC_OK);
  std::vector<oc_status> statuses[2];
  together(nodes, [&](Node& node) {
    for (std::uint64_t i = 1; i <= kRounds; ++i) {
      auto reserve = op_of(OC_LOP_RESERVE, 3'000 + i, 7), withdraw = op_of(OC_LOP_WITHDRAW, 4'000 + i, 7),
           grant = op_of(OC_LOP_GRANT, 5'000 + i, 7);
      reserve.account = 100 + i;
      withdraw.account = 500 + i;
      grant.account = 900 + i;
      grant.epoch = 0;  // it never ends
      for (const auto& op : {reserve, withdraw, grant}) statuses[node.number - 1].push_back(node.one(op).status);
    }
  });
  const std::multiset<oc_status> once{OC_OK, OC_DUPLICATE};
  for (std::size_t i = 0; i < statuses[0].size(); ++i)
    EXPECT_EQ((std::multiset<oc_status>{statuses[0][i], statuses[1][i]}), once) << i;
  EXPECT_EQ(nodes[0]->backend.verify(), std::vector<std::string>{});
}

// A wallet that nobody ever paid into is locked like any other: its budget is counted exactly.
TEST_F(PostgresNodes, ABudgetHoldsOnAWalletThatHasNothingButAGrant) {
  constexpr std::int64_t kLimit = 100'000;
  auto nodes = nodes_on(url(), schema(), 3);
  oc_ledger_op grant = nodes[0]->make(OC_LOP_GRANT, 100 * kLimit);
  grant.epoch = 0;  // it never ends
  ASSERT_EQ(nodes[0]->one(grant).status, OC_OK);
  ASSERT_EQ(nodes[0]->backend.put_budget(OC_SCOPE_ORG, 1, OC_WINDOW_DAY, kLimit), OC_OK);
  together(nodes, [&](Node& node) {
    for (int i = 0; i < 150; ++i) {
      const auto reserve = node.make(OC_LOP_RESERVE, 1'000);
      if (node.all({reserve})[0].status != OC_OK) continue;
      auto settle = node.make(OC_LOP_SETTLE, 990);
      settle.ref = reserve.id;
      EXPECT_EQ(node.all({settle})[0].status, OC_OK);
      node.charged += 990;
    }
  });
  std::int64_t charged = 0;
  for (const auto& node : nodes) charged += node->charged;
  EXPECT_LE(charged, kLimit);
  EXPECT_GT(charged, kLimit - 3'000);
  EXPECT_EQ(nodes[0]->backend.budgets(1).front().spent_nano, charged);
  EXPECT_EQ(nodes[0]->backend.budgets(1).front().held_nano, 0);
  EXPECT_EQ(nodes[0]->backend.verify(), std::vector<std::string>{});
}

}  // namespace
}  // namespace onechat::ledger_test
