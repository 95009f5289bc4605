// The rules of the ledger, as tables: one op a line, its expected answer last.
#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "memory_store.hpp"
#include "random_ops.hpp"
#include "reference_ledger.hpp"

namespace onechat::ledger_test {
namespace {

const std::map<std::string, oc_status> kStatuses{{"ok", OC_OK},
                                                 {"duplicate", OC_DUPLICATE},
                                                 {"late", OC_LATE},
                                                 {"invalid", OC_E_INVALID},
                                                 {"funds", OC_E_FUNDS},
                                                 {"limit", OC_E_LIMIT},
                                                 {"conflict", OC_E_CONFLICT},
                                                 {"not_found", OC_E_NOT_FOUND},
                                                 {"unsupported", OC_E_UNSUPPORTED}};

std::string name_of(oc_status status) {
  for (const auto& [name, value] : kStatuses)
    if (value == status) return name;
  return std::to_string(status);
}

// Runs a table, all its ops in one batch per `every` lines:  "[name:] verb args... -> answer"
//   deposit ID WALLET AMOUNT | reserve ID WALLET AMOUNT [key=K ttl=MS node=N epoch=E] | settle HOLD COST FEE [...]
//   void HOLD | sweep NODE | epoch NODE | limit KEY AMOUNT | time +MS | available WALLET -> N | debt WALLET -> N
class Table {
 public:
  explicit Table(std::size_t every) : every_(every) {}

  void run(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      line = line.substr(0, line.find('#'));
      const std::size_t arrow = line.find("->");
      std::istringstream in(line.substr(0, arrow));
      std::string verb, answer;
      if (!(in >> verb)) continue;
      if (arrow != std::string::npos) std::istringstream(line.substr(arrow + 2)) >> answer;
      std::vector<std::string> args;
      for (std::string a; in >> a;) args.push_back(a);
      step(line, verb, args, answer);
    }
    flush();
  }

  MemoryStore store;

 private:
  void step(const std::string& line, const std::string& verb, const std::vector<std::string>& args,
            const std::string& answer) {
    if (verb == "time") {
      flush();
      now_ms_ += std::stoll(args[0]);
    } else if (verb == "available" || verb == "debt" || verb == "held" || verb == "key_spent" || verb == "key_held") {
      flush();
      EXPECT_EQ(look_up(verb, std::stoull(args[0])), std::stoll(answer)) << line;
    } else {
      ops_.push_back(make(verb, args));
      expected_.push_back({line, answer});
      if (ops_.size() == every_) flush();
    }
  }

  std::int64_t look_up(const std::string& what, std::uint64_t id) {
    const auto& w = store.accounts[{ledger_core::kWallet, id}];
    const auto& r = store.accounts[{ledger_core::kReceivable, id}];
    if (what == "available") return w.credits - w.debits - w.pending;
    if (what == "debt") return r.debits - r.credits;
    if (what == "held") return w.pending;
    return what == "key_spent" ? store.keys[id].spent : store.keys[id].held;
  }

  static oc_id128 id_of(const std::string& name) {
    oc_id128 id{};
    for (char c : name) id.hi = id.hi * 131 + static_cast<unsigned char>(c);
    id.lo = 7;
    return name == "0" ? oc_id128{} : id;
  }

  oc_ledger_op make(const std::string& verb, const std::vector<std::string>& args) {
    oc_ledger_op op{};
    op.node = 1;
    std::size_t at = 0;
    const auto number = [&] { return std::stoll(args.at(at++)); };
    if (verb == "deposit" || verb == "reserve") {
      op.kind = verb == "deposit" ? OC_LOP_DEPOSIT : OC_LOP_RESERVE;
      op.id = id_of(args.at(at++));
      op.account = static_cast<std::uint64_t>(number());
      op.amount = number();
    } else if (verb == "settle" || verb == "void") {
      op.kind = verb == "settle" ? OC_LOP_SETTLE : OC_LOP_VOID;
      op.ref = id_of(args.at(at++));
      op.id = ledger_core::settle_id(op.ref);
      if (verb == "settle") {
        op.amount = number();
        op.fee = number();
      }
    } else if (verb == "limit") {
      op.kind = OC_LOP_LIMIT;
      op.key_id = static_cast<std::uint64_t>(number());
      op.amount = number();
    } else {
      op.kind = verb == "sweep" ? OC_LOP_SWEEP : verb == "epoch" ? OC_LOP_EPOCH : 99;
      if (at < args.size()) op.node = static_cast<std::uint64_t>(number());
    }
    for (; at < args.size(); ++at) option(op, args[at]);
    return op;
  }

  static void option(oc_ledger_op& op, const std::string& text) {
    const std::string name = text.substr(0, text.find('='));
    const std::string value = text.substr(text.find('=') + 1);
    if (name == "linked")
      op.flags |= OC_LF_LINKED;
    else if (name == "absorb")
      op.overage = OC_OVERAGE_ABSORB;
    else if (name == "id")
      op.id = id_of(value);
    else if (name == "key")
      op.key_id = std::stoull(value);
    else if (name == "wallet")
      op.account = std::stoull(value);
    else if (name == "ttl")
      op.ttl_ms = static_cast<std::uint32_t>(std::stoul(value));
    else if (name == "node")
      op.node = std::stoull(value);
    else if (name == "epoch")
      op.epoch = std::stoull(value);
    else if (name == "overage")
      op.overage = static_cast<std::uint32_t>(std::stoul(value));
    else
      ADD_FAILURE() << "unknown option " << text;
  }

  void flush() {
    std::vector<oc_ledger_result> results(ops_.size());
    ledger_core::apply(store, ops_.data(), results.data(), ops_.size(), now_ms_);
    for (std::size_t i = 0; i < ops_.size(); ++i)
      EXPECT_EQ(name_of(results[i].status), expected_[i].second) << expected_[i].first;
    ops_.clear();
    expected_.clear();
  }

  std::size_t every_;
  std::int64_t now_ms_ = 1000;
  std::vector<oc_ledger_op> ops_;
  std::vector<std::pair<std::string, std::string>> expected_;
};

// Batches change how much is loaded and written at once, never what comes out.
void check(const std::string& text) {
  for (const std::size_t every : {1, 2, 3, 1000}) {
    SCOPED_TRACE("ops in a batch: " + std::to_string(every));
    Table table(every);
    table.run(text);
  }
}

// A hold guards the wallet before a single token is spent; each hold ends once.
TEST(LedgerCore, ReserveSettleVoid) {
  check(R"(
    deposit D1 1 100        -> ok
    reserve H1 1 70         -> ok
    reserve H2 1 40         -> funds       # 30 left: a hold counts before it is spent
    settle  H1 50 5         -> ok
    settle  H1 50 5         -> duplicate   # a retry is harmless
    reserve H3 1 45         -> ok
    void    H3              -> ok
    void    H3              -> duplicate
    available 1             -> 45
    settle  H3 10 0 wallet=1 -> late       # usage is a fact: flagged, never dropped
    available 1             -> 35
    held 1                  -> 0
  )");
}

TEST(LedgerCore, TheSameIdWithAnotherBodyIsRefusedAndChangesNothing) {
  check(R"(
    deposit D1 1 100        -> ok
    deposit D1 1 100        -> duplicate
    deposit D1 1 101        -> conflict
    reserve H1 1 60         -> ok
    reserve H1 1 60         -> duplicate
    reserve H1 1 61         -> conflict
    reserve D1 1 5          -> conflict    # an id is used once, whatever for
    deposit H1 1 5          -> conflict
    settle  H1 10 1         -> ok
    settle  H1 10 2         -> conflict
    void    H1              -> conflict
    reserve H1 1 60         -> duplicate   # must not hold the money a second time
    settle  D1 5 0 wallet=1 -> conflict
    available 1             -> 89
    held 1                  -> 0
  )");
}

TEST(LedgerCore, AHoldIsChargedOnceUnderWhateverIdsTheSettlesCome) {
  check(R"(
    deposit D1 1 100        -> ok
    reserve H1 1 60         -> ok
    settle  H1 10 1 id=A    -> ok
    settle  H1 10 1 id=B    -> duplicate
    settle  H1 20 1 id=C    -> conflict
    available 1             -> 89
  )");
}

TEST(LedgerCore, ASettleAboveTheHoldTakesTheWalletThenBecomesDebt) {
  check(R"(
    deposit D1 1 100        -> ok
    reserve H1 1 50         -> ok
    settle  H1 120 10       -> ok
    available 1             -> 0
    debt 1                  -> 30
    reserve H2 1 0          -> funds       # owing refuses even a free request
    deposit D2 1 20         -> ok          # all of it pays the debt
    debt 1                  -> 10
    reserve H3 1 1          -> funds
    deposit D3 1 25         -> ok
    debt 1                  -> 0
    available 1             -> 15
    reserve H4 1 15         -> ok
  )");
}

TEST(LedgerCore, AnotherHoldsMoneyIsNotTakenByOverage) {
  check(R"(
    deposit D1 1 100        -> ok
    reserve H1 1 50         -> ok
    reserve H2 1 40         -> ok
    settle  H1 100 0        -> ok          # 50 held + 10 free; 40 belong to H2
    debt 1                  -> 40
    settle  H2 40 0         -> ok
    available 1             -> 0
    debt 1                  -> 40
  )");
}

TEST(LedgerCore, AbsorbedOverageLeavesNoDebt) {
  check(R"(
    deposit D1 1 10         -> ok
    reserve H1 1 10         -> ok
    settle  H1 25 5 absorb  -> ok
    available 1             -> 0
    debt 1                  -> 0
    reserve H2 1 0          -> ok
  )");
}

TEST(LedgerCore, AFreeRequestLeavesATombstone) {
  check(R"(
    deposit D1 1 10         -> ok
    reserve H1 1 10         -> ok
    settle  H1 0 0          -> ok
    settle  H1 0 0          -> duplicate
    settle  H1 5 0          -> conflict
    void    H1              -> conflict
    reserve H1 1 10         -> duplicate
    available 1             -> 10
    void    H9              -> not_found
    settle  H9 0 0 wallet=1 -> late
    settle  H9 4 0 wallet=1 -> late        # its hold is long gone
    settle  H9 4 0 wallet=1 -> duplicate
    settle  H8 4 0          -> invalid     # nobody to charge
    reserve H9 1 1          -> conflict    # a delayed RESERVE must not hold for what is paid
    available 1             -> 6
  )");
}

TEST(LedgerCore, AKeyNeverSpendsBeyondItsLimit) {
  check(R"(
    deposit D1 1 1000       -> ok
    reserve H1 1 60 key=5   -> ok
    limit   5 100           -> ok
    reserve H2 1 41 key=5   -> limit       # 60 held counts
    reserve H3 1 40 key=5   -> ok
    settle  H1 20 2         -> ok          # 38 come back
    key_spent 5             -> 22
    key_held 5              -> 40
    reserve H4 1 38 key=5   -> ok
    reserve H5 1 1 key=5    -> limit
    void    H4              -> ok
    limit   5 10            -> ok          # lower than what is spent: no more
    reserve H6 1 0 key=5    -> limit
    reserve H7 1 900 key=6  -> ok          # others are not concerned
    settle  H3 70 0         -> ok          # the fact counts, above the limit
    key_spent 5             -> 92
    key_held 5              -> 0
    limit   5 -1            -> ok
    reserve H8 1 5 key=5    -> ok
  )");
}

TEST(LedgerCore, SweepEndsExpiredHoldsAndThoseOfADeadNode) {
  check(R"(
    deposit D1 1 100               -> ok
    epoch   1                      -> ok
    reserve H1 1 10 epoch=1 ttl=500   -> ok
    reserve H2 1 10 epoch=1 ttl=90000 -> ok
    reserve H3 1 10 node=2 ttl=90000  -> ok
    sweep   1                      -> ok
    held 1                         -> 30
    time +500
    sweep   1                      -> ok       # H1 expired
    held 1                         -> 20
    epoch   1                      -> ok       # node 1 was restarted
    reserve H4 1 5 epoch=1         -> conflict # what is left of the old process may not spend
    sweep   1                      -> ok
    held 1                         -> 10
    settle  H2 7 1 epoch=1 wallet=1 -> late    # but what it used is paid
    void    H1                     -> late
    reserve H1 1 10 epoch=1 ttl=500 -> duplicate
    available 1                    -> 82
    reserve H5 1 5 epoch=2         -> ok
  )");
}

TEST(LedgerCore, NonsenseIsRefusedWithoutEffect) {
  check(R"(
    deposit D1 1 9223372036854775807 -> ok
    deposit D2 1 1                   -> invalid   # would overflow
    deposit D2 2 1                   -> invalid   # the clearing account would
    deposit D3 1 0                   -> invalid
    deposit D3 1 -5                  -> invalid
    deposit 0 1 5                    -> invalid
    deposit D3 0 5                   -> invalid
    reserve H1 1 -1                  -> invalid
    reserve H1 2 1                   -> funds     # nobody funded it
    reserve H1 1 9223372036854775807 -> ok
    reserve H2 1 1                   -> funds
    settle  H1 9223372036854775807 1 -> invalid
    settle  H1 -1 0                  -> invalid
    settle  H1 5 -1                  -> invalid
    settle  H1 5 0 overage=9         -> invalid
    settle  H1 5 0 wallet=2          -> conflict
    settle  0 5 0 wallet=1           -> invalid
    reserve H3 1 1 linked            -> unsupported
    bogus                            -> unsupported
    held 1                           -> 9223372036854775807
    settle  H1 9223372036854775806 1 -> ok
    available 1                      -> 0
    settle  H4 5 0 wallet=1          -> invalid   # the provider's account would overflow
    debt 1                           -> 0
  )");
}

// The state machine against the same rules written the obvious way.
TEST(LedgerCore, AgreesWithTheReferenceOnRandomTraffic) {
  for (const std::uint64_t seed : {11u, 12u, 13u, 14u}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomOps random(seed);
    ReferenceLedger reference;
    MemoryStore store;
    for (int done = 0; done < 50'000;) {
      std::vector<oc_ledger_op> ops(1 + random.pick(40));
      for (auto& op : ops) op = random.next();
      std::vector<oc_ledger_result> results(ops.size());
      ledger_core::apply(store, ops.data(), results.data(), ops.size(), reference.now_ms);
      for (std::size_t i = 0; i < ops.size(); ++i) {
        const oc_ledger_result expected = reference.apply(ops[i]);
        ASSERT_TRUE(same(expected, results[i]))
            << "op " << done + static_cast<int>(i) << " kind " << ops[i].kind << ": expected "
            << name_of(expected.status) << " available " << expected.available << ", got " << name_of(results[i].status)
            << " available " << results[i].available;
      }
      done += static_cast<int>(ops.size());
      reference.now_ms += random.pick(60);
    }
  }
}

}  // namespace
}  // namespace onechat::ledger_test
