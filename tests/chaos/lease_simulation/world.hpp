// A cluster in one thread: nodes with the real LeasePool, books with the real ledger_core, and between them a network
// that loses, repeats and parts. One seed is one history.
#pragma once
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include "ledger/lease_pool.hpp"
#include "ledger/memory_backend.hpp"
#include "ledger/test_calendar.hpp"

namespace onechat::lease_simulation {

struct Faults {
  std::uint32_t drain_s = 30;  // longest request (8 s), longest time apart (12 s), and some
  double lost = 0.035;         // of the messages, each way
  double repeated = 0.03;
  double crashes_per_s = 1.0 / 40;  // of each node
  double journal_lost = 0.3;        // of the crashes
  double partitions_per_s = 1.0 / 20;
  std::int64_t partition_ms_max = 12'000;
  double overage = 0;  // of the requests: they cost more than they held
};

struct Totals {
  std::uint64_t requests = 0, leased = 0, refused = 0, late = 0, crashes = 0, messages = 0;
  std::int64_t credits = 0, receivable = 0;
  std::vector<std::string> violations;
};

class World {
 public:
  World(std::uint64_t seed, Faults faults) : random_(seed), faults_(faults), seed_(seed) {
    table_ = ledger_test::MemoryBackend::table();
    const std::size_t n = 2 + random_() % 5;
    for (std::size_t i = 0; i < n; ++i) nodes_.push_back(std::make_unique<Node>(i + 1, 0.98 + 0.04 * chance()));
  }

  Totals run() {
    deposit(4'000);
    for (auto& node : nodes_) {
      start(*node);
      arrivals(*node);
    }
    for (std::int64_t t = 0; t < kRunMs; t += 3'000) at(t, [this] { deposit(900); });
    for (std::int64_t t = 1'000; t < kRunMs; t += 1'000) at(t, [this] { check("at work"); });
    go_on_until(kRunMs);
    quiet_ = true;
    for (auto& node : nodes_)
      if (!node->alive) start(*node);
    go_on_until(kRunMs + 30'000);
    for (auto& node : nodes_) close(*node);
    go_on_until(kRunMs + 40'000 + std::int64_t(faults_.drain_s) * 1000);
    check("at rest");
    at_rest();
    return totals_;
  }

 private:
  static constexpr std::int64_t kRunMs = 40'000, kSteadyMs = 3'000, kBaseMs = 1'700'000'000'000;
  static constexpr std::uint64_t kWallet = 7;
  using Done = std::function<void(const oc_ledger_result&)>;
  struct Message {
    oc_ledger_op op;
    Done done;
    std::int64_t born_ms;
  };
  struct Node {
    Node(std::uint64_t number, double rate) : id(number), clock_rate(rate) {}
    const std::uint64_t id;
    const double clock_rate;
    bool alive = false;
    std::uint64_t life = 0, epoch = 0;
    std::int64_t apart_until_ms = 0;
    std::int64_t steady_from_ms =
        0;  // faults leave it alone until then: apart for longer than is tolerated is another test
    std::unique_ptr<ledger::LeasePool> pool;
    std::deque<Message> outbox;
    std::size_t in_flight = 0;
    std::map<std::pair<std::uint64_t, std::uint64_t>, oc_ledger_op>
        journal;  // facts and leases' ends that are not known
  };
  struct Event {
    std::int64_t at_ms;
    std::uint64_t order;
    std::function<void()> what;
    friend bool operator<(const Event& a, const Event& b) {
      return a.at_ms != b.at_ms ? a.at_ms > b.at_ms : a.order > b.order;
    }
  };

  // ---- time and chance
  double chance() { return std::uniform_real_distribution<double>(0, 1)(random_); }
  std::int64_t between(std::int64_t from, std::int64_t to) {
    return from + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(to - from + 1));
  }
  std::int64_t exponential_ms(double per_s) {
    return static_cast<std::int64_t>(std::exponential_distribution<double>(per_s)(random_) * 1000) + 1;
  }
  void at(std::int64_t ms, std::function<void()> what) { events_.push({ms, ++order_, std::move(what)}); }
  void after(std::int64_t ms, std::function<void()> what) { at(now_ms_ + ms, std::move(what)); }
  // While the node lives this life.
  void on(Node& node, std::int64_t after_ms, std::function<void()> what) {
    after(after_ms, [&node, life = node.life, what = std::move(what)] {
      if (node.alive && node.life == life) what();
    });
  }
  void go_on_until(std::int64_t ms) {
    while (!events_.empty() && events_.top().at_ms <= ms) {
      const Event e = events_.top();
      events_.pop();
      now_ms_ = e.at_ms;
      books_ms_ = kBaseMs + now_ms_;
      e.what();
    }
    now_ms_ = ms;
  }
  std::uint64_t clock_of(const Node& node) const {
    return static_cast<std::uint64_t>(static_cast<double>(now_ms_ + 1'000'000) * node.clock_rate * 1e6);
  }
  oc_id128 new_id(const Node& node) { return {static_cast<std::uint64_t>(now_ms_) << 16 | node.id, ++ids_}; }

  // ---- the books and the way to them
  std::vector<oc_ledger_result> apply(const std::vector<oc_ledger_op>& ops) {
    std::vector<oc_ledger_result> results(ops.size());
    table_.apply(&books_, ops.data(), results.data(), ops.size());
    return results;
  }
  void deposit(std::int64_t nano) {
    oc_ledger_op op{};
    op.id = {1, ++ids_};
    op.kind = OC_LOP_DEPOSIT;
    op.account = kWallet;
    op.amount = nano;
    apply({op});
    totals_.credits += nano;
  }
  void post(Node& node, oc_ledger_op op, Done done = {}) {
    op.node = node.id;
    op.epoch = node.epoch;
    node.outbox.push_back({op, std::move(done), now_ms_});
    send(node);
  }
  // One batch at a time, in order, again and again until it is answered: what the engine does.
  void send(Node& node) {
    if (node.in_flight != 0 || node.outbox.empty()) return;
    std::vector<oc_ledger_op> batch;
    while (batch.size() < 50 && batch.size() < node.outbox.size()) batch.push_back(node.outbox[batch.size()].op);
    node.in_flight = batch.size();
    transmit(node, std::move(batch));
  }
  bool lost(const Node& node) { return !quiet_ && (now_ms_ < node.apart_until_ms || chance() < faults_.lost); }
  void transmit(Node& node, std::vector<oc_ledger_op> batch) {
    ++totals_.messages;
    const auto again = [this, &node, batch] { transmit(node, batch); };
    if (lost(node)) return on(node, 200, again);
    after(between(1, 20), [this, &node, batch, again, life = node.life] {
      std::vector<oc_ledger_result> results = apply(batch);
      if (!quiet_ && chance() < faults_.repeated) results = apply(batch);
      if (!node.alive || node.life != life) return;
      if (lost(node)) return on(node, 200, again);
      on(node, between(1, 20), [this, &node, results] { answered(node, results); });
    });
  }
  void answered(Node& node, const std::vector<oc_ledger_result>& results) {
    std::vector<std::pair<Message, oc_ledger_result>> got;
    for (const auto& r : results) {
      got.emplace_back(std::move(node.outbox.front()), r);
      node.outbox.pop_front();
    }
    node.in_flight = 0;
    for (auto& [message, result] : got) {
      node.journal.erase({message.op.id.hi, message.op.id.lo});
      if (result.status == OC_LATE && message.op.kind == OC_LOP_LEASE_SETTLE) ++totals_.late;
      if (message.done) message.done(result);
    }
    send(node);
  }

  // ---- a node's life
  void start(Node& node) {
    node.alive = true;
    ++node.life;
    node.outbox.clear();
    node.in_flight = 0;
    node.steady_from_ms = std::max(now_ms_, node.apart_until_ms) + kSteadyMs;
    ledger::LeaseLimits limits;
    limits.reserves_per_s = 1;
    limits.ttl_ms = 4'000;
    limits.drain_s = faults_.drain_s;
    limits.spend_ms = 2'000;
    limits.low_ms = 700;
    limits.wallet_permille = 250;
    limits.idle_ms = 3'000;
    limits.refused_pause_ms = 300;
    node.pool = std::make_unique<ledger::LeasePool>(limits, node.id, [this, &node] { return new_id(node); });
    // Facts first, then the leases' ends, then the new epoch: from then on others may sweep what the old one left.
    const auto left = node.journal;
    for (const bool ends : {false, true})
      for (const auto& [id, op] : left)
        if ((op.kind == OC_LOP_LEASE_CLOSE) == ends) post(node, op);
    oc_ledger_op epoch{};
    epoch.kind = OC_LOP_EPOCH;
    epoch.id = new_id(node);
    post(node, epoch, [this, &node](const oc_ledger_result& r) {
      node.epoch = static_cast<std::uint64_t>(r.available);
      node.pool->set_epoch(node.epoch);
      keep(node);
      sweep(node);
    });
    if (!quiet_) on(node, exponential_ms(faults_.crashes_per_s), [this, &node] { crash(node); });
    if (!quiet_) on(node, exponential_ms(faults_.partitions_per_s), [this, &node] { part(node); });
  }
  void crash(Node& node) {
    if (quiet_) return;
    if (now_ms_ < node.steady_from_ms) return on(node, 500, [this, &node] { crash(node); });
    ++totals_.crashes;
    node.alive = false;
    ++node.life;
    node.pool.reset();
    node.epoch = 0;
    if (chance() < faults_.journal_lost) node.journal.clear();
    after(between(100, 5'000), [this, &node] {
      if (!node.alive) start(node);
    });
  }
  void part(Node& node) {
    if (quiet_) return;
    if (now_ms_ >= node.steady_from_ms) {
      node.apart_until_ms = now_ms_ + between(100, faults_.partition_ms_max);
      node.steady_from_ms = node.apart_until_ms + kSteadyMs;
    }
    on(node, exponential_ms(faults_.partitions_per_s), [this, &node] { part(node); });
  }
  void keep(Node& node) {
    std::vector<oc_ledger_op> ops;
    node.pool->tick(clock_of(node), ops);
    send_lease_ops(node, ops);
    on(node, 100, [this, &node] { keep(node); });
  }
  void send_lease_ops(Node& node, const std::vector<oc_ledger_op>& ops) {
    for (const oc_ledger_op& op : ops) {
      if (op.kind == OC_LOP_LEASE) {
        oc_ledger_op end{};
        end.kind = OC_LOP_LEASE_CLOSE;
        end.id = {op.id.hi, op.id.lo | 1ull << 60};
        end.ref = op.id;
        end.account = op.account;
        node.journal[{end.id.hi, end.id.lo}] = end;
      }
      post(node, op, [this, &node, op](const oc_ledger_result& r) {
        if (op.kind == OC_LOP_LEASE_CLOSE && op.amount == 0) node.journal.erase({op.ref.hi, op.ref.lo | 1ull << 60});
        node.pool->answer(op, r, clock_of(node));
      });
    }
  }
  void sweep(Node& node) {
    oc_ledger_op op{};
    op.kind = OC_LOP_HEARTBEAT;
    op.id = new_id(node);
    post(node, op);
    op.kind = OC_LOP_SWEEP;
    op.id = new_id(node);
    post(node, op);
    on(node, 2'000, [this, &node] { sweep(node); });
  }
  void close(Node& node) {
    std::vector<oc_ledger_op> ops;
    const bool closed = node.pool->close_all(ops);
    send_lease_ops(node, ops);
    if (!closed) on(node, 200, [this, &node] { close(node); });
  }

  // ---- requests
  void arrivals(Node& node) {
    after(exponential_ms(4.0), [this, &node] {
      if (quiet_) return;
      if (node.alive && node.epoch != 0) request(node);
      arrivals(node);
    });
  }
  struct Request {
    oc_id128 id;
    ledger::LeasePool::Part part;
    std::int64_t hold = 0, cost = 0, length_ms = 0;
    ledger::Scopes scopes;
  };
  void request(Node& node) {
    ++totals_.requests;
    auto r = std::make_shared<Request>();
    r->id = new_id(node);
    r->hold = between(5, 120);
    r->cost = between(1, r->hold);
    if (chance() < faults_.overage) r->cost = r->hold * between(1, 4) + 1;
    r->length_ms = between(50, 8'000);
    r->scopes.account = kWallet;
    r->scopes.key_id = 1 + random_() % 2;
    r->part = node.pool->take(r->scopes, r->hold, clock_of(node));
    if (r->part) {
      ++totals_.leased;
      on(node, r->length_ms, [this, &node, r] { settle(node, *r); });
      return;
    }
    reserve(node, r, true);
  }
  void reserve(Node& node, const std::shared_ptr<Request>& r, bool may_reclaim) {
    oc_ledger_op op{};
    op.kind = OC_LOP_RESERVE;
    op.id = r->id;
    op.account = kWallet;
    op.key_id = r->scopes.key_id;
    op.amount = r->hold;
    op.ttl_ms = 60'000;
    post(node, op, [this, &node, r, may_reclaim](const oc_ledger_result& result) {
      if (result.status >= 0 || result.status == OC_E_FUNDS) node.pool->saw(r->scopes, result.available);
      if (result.status >= 0) return on(node, r->length_ms, [this, &node, r] { settle(node, *r); });
      std::vector<oc_ledger_op> back;
      if (may_reclaim) node.pool->reclaim(r->scopes, OC_SCOPE_ORG, back);
      if (back.empty()) {
        ++totals_.refused;
        return;
      }
      send_lease_ops(node, back);
      reserve(node, r, false);
    });
  }
  void settle(Node& node, Request& r) {
    oc_ledger_op op{};
    op.kind = r.part ? OC_LOP_LEASE_SETTLE : OC_LOP_SETTLE;
    op.id = r.id;
    op.ref = r.part ? ledger::LeasePool::id_of(r.part) : r.id;
    if (!r.part) op.id.lo |= 1ull << 61;
    op.account = kWallet;
    op.key_id = r.scopes.key_id;
    op.amount = r.cost;
    node.journal[{op.id.hi, op.id.lo}] = op;
    post(node, op, [this, id = r.id, cost = r.cost](const oc_ledger_result& result) {
      if (result.status < 0) violation("a settle was refused: " + std::to_string(result.status));
      paid_[{id.hi, id.lo}] = cost;
    });
    ledger::LeasePool::give_back(r.part, r.cost);
  }

  // ---- what must hold
  void violation(const std::string& what) {
    totals_.violations.push_back("seed " + std::to_string(seed_) + " at " + std::to_string(now_ms_) + " ms: " + what);
  }
  void check(const std::string& when) {
    std::uint64_t n = 0;
    struct To {
      World* world;
      const std::string* when;
    } to{this, &when};
    table_.verify(
        &books_,
        [](void* arg, const oc_ledger_problem* p) {
          const To& out = *static_cast<To*>(arg);
          out.world->violation(*out.when + ": " + std::string(p->invariant.ptr, p->invariant.len) + " " +
                               std::string(p->detail.ptr, p->detail.len));
        },
        &to, &n);
  }
  void at_rest() {
    const auto wallet = books_.store.account(ledger_core::kWallet, kWallet);
    const auto owed = books_.store.account(ledger_core::kReceivable, kWallet);
    totals_.receivable = owed.debits;
    if (wallet.pending != 0) violation("money is held at rest: " + std::to_string(wallet.pending));
    if (!books_.store.holds.empty()) violation("holds are open at rest");
    for (const auto& [id, cost] : paid_) {
      const auto found = books_.store.transfer_at.find(id);
      if (found == books_.store.transfer_at.end())
        violation("an acknowledged settle is not in the books");
      else if (const auto& t = books_.store.transfers[found->second]; t.amount + t.fee != cost)
        violation("a settle was posted with another amount");
    }
  }

  std::mt19937_64 random_;
  const Faults faults_;
  const std::uint64_t seed_;
  std::int64_t now_ms_ = 0, books_ms_ = kBaseMs;
  std::uint64_t order_ = 0, ids_ = 0;
  bool quiet_ = false;  // no faults and no new requests any more
  std::priority_queue<Event> events_;
  ledger_test::MemoryBackend books_{[](std::uint32_t period, const std::string& zone, std::int64_t ms) {
                                      const auto w = ledger_test::test_window(period, zone, ms);
                                      return ledger_core::Span{w->first, w->second};
                                    },
                                    books_ms_};
  oc_ledger_backend table_{};
  std::vector<std::unique_ptr<Node>> nodes_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::int64_t> paid_;
  Totals totals_;
};

}  // namespace onechat::lease_simulation
