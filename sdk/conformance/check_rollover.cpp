// Many keys under nested budgets while midnight passes, zone by zone: nothing is spent twice, nothing is forgotten, and
// no budget lets through more than it has.
#include <algorithm>
#include <map>

#include "checks.hpp"
#include "report.hpp"
#include "tests/ledger/test_calendar.hpp"
#include "traffic.hpp"

namespace onechat::conformance {
namespace {

constexpr std::int64_t kHourMs = 3'600'000, kStepMs = 4'000;
constexpr std::uint64_t kOrgs = 3, kProjectsOfOrg = 5, kKeys = 1000;
constexpr std::size_t kBatch = 48;

struct Limit {
  std::uint64_t account = 0, scope_id = 0;
  std::uint32_t scope = 0, period = 0;
  std::string zone;
  std::int64_t limit = 0;
};
struct Used {
  std::int64_t spent = 0, held = 0;
};
struct OpenHold {
  oc_id128 id{};
  std::uint64_t key = 0;
  std::int64_t amount = 0, created_ms = 0;
};

class World {
 public:
  World(Books& books, std::uint64_t seed) : books_(books), random_(seed) {}

  std::string run(std::uint64_t seed) {
    begin();
    const std::int64_t end_ms = now_ms() + 26 * kHourMs;  // the whole turn of the earth, and its last hour
    while (now_ms() < end_ms) {
      now_ms() += kStepMs * static_cast<std::int64_t>(1 + random_() % 40);
      one_batch();
      if (random_() % 40 == 0) compare();
    }
    finish_all();
    compare();
    if (const Verified v = books_.verify(); !v.clean())
      throw Broken("verify: " + (v.problems.empty() ? "failed" : v.problems.front()));
    if (refused_ == 0 || admitted_ == 0 || across_ == 0) throw Broken("the traffic never met what this is about");
    return "seed " + std::to_string(seed) + ": " + std::to_string(kKeys) + " keys under " +
           std::to_string(limits_.size()) + " budgets in 3 zones, " + std::to_string(admitted_) + " admitted, " +
           std::to_string(refused_) + " refused, " + std::to_string(across_) + " ended in another window than they began";
  }

 private:
  static std::uint64_t project_of(std::uint64_t key) { return 1 + key % (kOrgs * kProjectsOfOrg); }
  static std::uint64_t org_of(std::uint64_t key) { return 1 + project_of(key) % kOrgs; }
  oc_id128 fresh() { return {1'700'000'000'000ull << 16 | 0x0a9, ++ids_}; }

  void begin() {
    for (std::uint64_t org = 1; org <= kOrgs; ++org) {
      static const std::array<const char*, 3> zones{"", "Asia/Tokyo", "America/Phoenix"};
      const std::string zone = zones[org - 1];
      books_.apply(op_of(OC_LOP_DEPOSIT, fresh(), org, 1'000'000'000'000));
      put({org, org, OC_SCOPE_ORG, OC_WINDOW_DAY, zone, 9'000'000});
      put({org, org, OC_SCOPE_ORG, OC_WINDOW_MONTH, zone, 15'000'000});
    }
    for (std::uint64_t key = 1; key <= kKeys; ++key) {
      const std::uint64_t org = org_of(key), project = project_of(key);
      const std::string zone = limits_[2 * (org - 1)].zone;
      if (projects_.insert({project, org}).second) {
        put({org, project, OC_SCOPE_PROJECT, OC_WINDOW_HOUR, zone, 90'000});
        put({org, project, OC_SCOPE_PROJECT, OC_WINDOW_DAY, zone, 1'900'000});
      }
      put({org, key, OC_SCOPE_KEY, OC_WINDOW_DAY, zone, static_cast<std::int64_t>(2'000 + random_() % 40'000)});
    }
  }
  void put(const Limit& limit) {
    oc_ledger_budget b{};
    b.struct_size = sizeof b;
    b.scope = limit.scope;
    b.account = limit.account;
    b.scope_id = limit.scope_id;
    b.period = limit.period;
    b.limit_nano = limit.limit;
    b.time_zone = str(limit.zone);
    if (books_.table().put_budget(books_.self(), &b) != OC_OK) throw Broken("put_budget failed: " + books_.last_error);
    limits_.push_back(limit);
    by_scope_[{limit.account, limit.scope, limit.scope_id}].push_back(limits_.size() - 1);
  }

  // The limits that a request of `key` counts in.
  template <class Fn>
  void for_each_limit(std::uint64_t key, Fn&& fn) {
    const std::uint64_t org = org_of(key);
    using Scope = std::tuple<std::uint64_t, std::uint32_t, std::uint64_t>;
    for (const Scope& scope : {Scope{org, OC_SCOPE_ORG, org}, Scope{org, OC_SCOPE_PROJECT, project_of(key)},
                               Scope{org, OC_SCOPE_KEY, key}})
      for (const std::size_t n : by_scope_[scope]) fn(n);
  }
  Used& used(std::size_t limit, std::int64_t at_ms) {
    const Limit& l = limits_[limit];
    return used_[{limit, ledger_test::test_window(l.period, l.zone, at_ms)->first}];
  }

  void one_batch() {
    Ops ops;
    std::vector<OpenHold> ending;
    while (ops.size() < kBatch) {
      if (!open_.empty() && random_() % 2 == 0) {
        const std::size_t n = random_() % open_.size();
        ending.push_back(open_[n]);
        open_[n] = open_.back();
        open_.pop_back();
        const bool voided = random_() % 8 == 0;
        const auto cost = static_cast<std::int64_t>(random_() % 12 == 0 ? ending.back().amount + random_() % 500
                                                                         : random_() % (ending.back().amount + 1));
        ops.push_back(voided ? ends(OC_LOP_VOID, ending.back().id) : ends(OC_LOP_SETTLE, ending.back().id, cost));
      } else {
        const std::uint64_t key = 1 + random_() % kKeys;
        ops.push_back(op_of(OC_LOP_RESERVE, fresh(), org_of(key), static_cast<std::int64_t>(1 + random_() % 4'000)));
        ops.back().key_id = key;
        ops.back().project_id = project_of(key);
        ops.back().ttl_ms = 100 * 3'600'000;
      }
    }
    Results results;
    if (books_.apply(ops, results) != OC_OK) throw Broken("apply failed: " + books_.last_error);
    std::size_t ended = 0;
    for (std::size_t i = 0; i < ops.size(); ++i)
      ops[i].kind == OC_LOP_RESERVE ? reserved(ops[i], results[i]) : this->ended(ending[ended++], ops[i], results[i]);
  }

  // Admitted if and only if every one of its windows has the room.
  void reserved(const oc_ledger_op& op, const oc_ledger_result& r) {
    bool fits = true;
    for_each_limit(op.key_id, [&](std::size_t n) {
      const Used u = used(n, now_ms());
      fits = fits && u.spent + u.held + op.amount <= limits_[n].limit;
    });
    if (r.status != (fits ? OC_OK : OC_E_LIMIT))
      throw Broken("a request of key " + std::to_string(op.key_id) + " that " + (fits ? "fits" : "does not fit") +
                   " its budgets got " + text(r));
    if (!fits) {
      ++refused_;
      return;
    }
    ++admitted_;
    for_each_limit(op.key_id, [&](std::size_t n) { used(n, now_ms()).held += op.amount; });
    open_.push_back({op.id, op.key_id, op.amount, now_ms()});
  }
  void ended(const OpenHold& hold, const oc_ledger_op& op, const oc_ledger_result& r) {
    if (r.status != OC_OK) throw Broken("the end of a hold got " + text(r));
    bool other_window = false;
    for_each_limit(hold.key, [&](std::size_t n) {
      Used& u = used(n, hold.created_ms);  // where it began, whenever it ends
      other_window = other_window || &u != &used(n, now_ms());
      u.held -= hold.amount;
      u.spent += op.amount;
    });
    across_ += other_window ? 1 : 0;
  }
  void finish_all() {
    while (!open_.empty()) {
      const OpenHold hold = open_.back();
      open_.pop_back();
      const oc_ledger_op op = ends(OC_LOP_SETTLE, hold.id, hold.amount);
      ended(hold, op, books_.apply(op));
    }
  }

  // What the backend says of the current windows is what was counted here.
  void compare() {
    for (std::uint64_t org = 1; org <= kOrgs; ++org)
      for (const oc_ledger_budget& b : books_.budgets(org)) {
        for (const std::size_t n : by_scope_[{b.account, b.scope, b.scope_id}]) {
          if (limits_[n].period != b.period) continue;
          const Used u = used(n, now_ms());
          if (b.spent_nano != u.spent || b.held_nano != u.held)
            throw Broken("budget of scope " + std::to_string(b.scope) + "/" + std::to_string(b.scope_id) + ", window " +
                         std::to_string(b.period) + ": spent " + std::to_string(b.spent_nano) + " held " +
                         std::to_string(b.held_nano) + ", expected " + std::to_string(u.spent) + " and " +
                         std::to_string(u.held));
        }
      }
  }

  Books& books_;
  std::mt19937_64 random_;
  std::uint64_t ids_ = 0, admitted_ = 0, refused_ = 0, across_ = 0;
  std::vector<Limit> limits_;
  std::map<std::uint64_t, std::uint64_t> projects_;
  std::map<std::tuple<std::uint64_t, std::uint32_t, std::uint64_t>, std::vector<std::size_t>> by_scope_;
  std::map<std::pair<std::size_t, std::int64_t>, Used> used_;  // by limit and when the window begins
  std::vector<OpenHold> open_;
};

}  // namespace

std::string check_rollover(Subject& subject, std::uint64_t seed) {
  auto books = subject.open(subject.place());
  if (!books) throw Broken(books.error().message);
  return World(**books, seed).run(seed);
}

}  // namespace onechat::conformance
