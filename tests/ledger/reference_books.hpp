// What the reference ledger keeps and knows: sums in 128 bits, holds with what they have left, budgets with their
// windows; the questions a test asks of them; and how money is found and posted. reference_ledger.hpp has the
// operations.
#pragma once
#include <onechat/ledger_rows.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace onechat::ledger_test {

class ReferenceBooks {
 public:
  __extension__ typedef __int128 Wide;
  using Id = std::pair<std::uint64_t, std::uint64_t>;
  using AccountId = std::pair<std::uint32_t, std::uint64_t>;
  using Window = std::pair<std::int64_t, std::int64_t>;  // begin, end
  using Calendar = std::function<Window(std::uint32_t period, const std::string& zone, std::int64_t unix_ms)>;
  static constexpr Wide kMax = std::numeric_limits<std::int64_t>::max();

  struct Sum {
    Wide debits = 0, credits = 0;
    Wide net() const { return credits - debits; }
  };
  struct Wallet {
    Wide held = 0, overdraft = 0, debt_limit = 0;
    std::uint32_t flags = 0;
    Id terms_op{};
  };
  struct Grant {
    Id id{};
    std::uint64_t wallet = 0, priority = 0;
    std::int64_t created = 0, expires = 0;
    Wide held = 0;
  };
  using BudgetId =
      std::tuple<std::uint64_t, std::uint32_t, std::uint64_t, std::uint32_t>;  // account, scope, id, period
  struct Budget {
    std::int64_t limit = 0;
    std::uint32_t action = 0;
    std::string zone;
    std::map<std::int64_t, std::pair<Wide, Wide>> windows;  // begin: spent, held
  };
  struct Balance {
    Wide available = 0, held = 0, promo = 0, debt = 0;
  };

  static std::int64_t narrow(Wide v) {
    constexpr Wide lowest = std::numeric_limits<std::int64_t>::min();
    return static_cast<std::int64_t>(v > kMax ? kMax : v < lowest ? lowest : v);
  }

  explicit ReferenceBooks(Calendar calendar) : calendar_(std::move(calendar)) {}

  std::int64_t now_ms = 0;

  // Negative limit: removes it.
  void put_budget(const BudgetId& id, std::int64_t limit, std::uint32_t action, const std::string& zone) {
    if (limit < 0) {
      s_.budgets.erase(id);
      return;
    }
    Budget& b = s_.budgets[id];
    if (b.zone != zone) b.windows.clear();
    b.limit = limit;
    b.action = action;
    b.zone = zone;
    const Window w = calendar_(std::get<3>(id), zone, now_ms);
    b.windows[w.first] = fold(id, w);
  }

  Balance balance(std::uint64_t wallet) {
    Balance b;
    const Wallet& w = s_.wallets[wallet];
    b.available = available(wallet);
    b.debt = debt(wallet);
    b.promo = b.available + b.debt - free_paid(wallet);
    b.held = w.held;
    for (const auto& [number, g] : s_.grants)
      if (g.wallet == wallet) b.held += g.held;
    return b;
  }
  const Wallet& wallet(std::uint64_t owner) { return s_.wallets[owner]; }
  const std::map<BudgetId, Budget>& budgets() const { return s_.budgets; }
  Window window_now(const BudgetId& id, const Budget& b) const { return calendar_(std::get<3>(id), b.zone, now_ms); }
  // Every account with a posting before `at_ms`.
  std::map<AccountId, Sum> trial_balance(std::int64_t at_ms) const {
    std::map<AccountId, Sum> out;
    for (const Posting& p : postings_)
      if (p.ts_ms < at_ms) {
        out[p.account].debits += p.debit;
        out[p.account].credits += p.credit;
      }
    return out;
  }
  struct Open {
    std::uint64_t holds = 0, leases = 0;
    Wide held = 0, leased = 0;
  };
  Open open() const {
    Open o;
    for (const auto& [id, r] : open_) {
      const Hold& h = records_.at(id).hold;
      ++(h.lease ? o.leases : o.holds);
      (h.lease ? o.leased : o.held) += h.left();
    }
    return o;
  }

  // What must be true at any time; "" or what is not.
  std::string broken() const {
    Wide debits = 0, credits = 0;
    for (const auto& [account, sum] : s_.sums) {
      debits += sum.debits;
      credits += sum.credits;
    }
    if (debits != credits) return "debits are not credits";
    std::map<std::uint64_t, Wide> paid, granted;
    for (const auto& [id, r] : open_) {
      const Hold& h = records_.at(id).hold;
      paid[h.scopes.account] += h.paid;
      for (const auto& [number, left] : h.parts) granted[number] += left;
    }
    for (const auto& [owner, w] : s_.wallets) {
      const auto it = s_.sums.find({ledger_core::kWallet, owner});
      const Wide net = it != s_.sums.end() ? it->second.net() : 0;
      if (net - w.held + w.overdraft < 0) return "wallet " + std::to_string(owner) + " is below its bound";
      if (w.held != paid[owner]) return "wallet " + std::to_string(owner) + " holds what no hold holds";
    }
    for (const auto& [number, g] : s_.grants) {
      const Wide net = s_.sums.at({ledger_core::kGrant, number}).net();
      if (net - g.held < 0 || g.held != granted[number])
        return "grant " + std::to_string(number) + " is out of balance";
    }
    for (const auto& [id, b] : s_.budgets)
      for (const auto& [begin, sums] : b.windows)
        if (sums != fold(id, calendar_(std::get<3>(id), b.zone, begin))) return "a budget's window is not its fold";
    return "";
  }

 protected:
  // Everything that asks for the same thing is equal in these.
  using Body = std::tuple<std::uint32_t, std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t,
                          std::uint32_t, std::int64_t, std::int64_t, std::uint32_t, std::uint32_t, std::uint32_t,
                          std::uint32_t, std::uint64_t, Id>;
  using Parts = std::vector<std::pair<std::uint64_t, Wide>>;  // grant, amount; at most three
  struct Scopes {
    std::uint64_t account = 0, project = 0, key = 0, user = 0;
    std::uint32_t group = 0;
  };
  struct Hold {
    bool lease = false;
    Scopes scopes;
    std::uint64_t node = 0, epoch = 0;
    Parts parts;    // what is left of it: grants
    Wide paid = 0;  // and paid money
    Wide progress = 0, progress_fee = 0;
    std::int64_t created = 0, expires = 0, drain = 0;
    Id last_op{};
    std::optional<Body> last_body;
    std::int64_t last_available = 0;
    Wide left() const {
      Wide all = paid;
      for (const auto& [number, amount] : parts) all += amount;
      return all;
    }
  };
  struct Charge {  // what a settle took, and what of it went back
    Scopes scopes;
    std::uint64_t counter = 0;
    Wide cost = 0, fee = 0, wallet = 0, debt = 0, absorbed = 0, refunded = 0, refunded_fee = 0;
    Parts parts;
    std::int64_t reserved = 0;
  };
  enum class Is { kUnknown, kMoved, kOpen, kVoided, kSwept, kZero, kSettled, kSweptCharged, kLeaseClosed, kLeaseSwept };
  struct Record {
    Is is = Is::kUnknown;
    std::optional<Body> first, close, late;  // what made it; what ended it; a SETTLE after that
    oc_ledger_result first_result{}, close_result{}, late_result{};
    Hold hold;
    std::optional<Charge> charge;
  };
  struct Posting {
    std::int64_t ts_ms = 0;
    AccountId account;
    Wide debit = 0, credit = 0;
  };
  struct Spent {
    Scopes scopes;
    std::int64_t reserved = 0;
    Wide total = 0;
  };
  struct State {  // what a group may have to take back, but for the records
    std::map<AccountId, Sum> sums;
    std::map<std::uint64_t, Wallet> wallets;
    std::map<std::uint64_t, Grant> grants;
    std::map<BudgetId, Budget> budgets;
    struct Node {
      std::uint64_t epoch = 0;
      std::int64_t heartbeat = 0;
      Id op{};
    };
    std::map<std::uint64_t, Node> nodes;
  };

  static Id id_of(const oc_id128& id) { return {id.hi, id.lo}; }
  static bool linked(const oc_ledger_op& op) { return (op.flags & OC_LF_LINKED) != 0; }
  static bool other(std::uint64_t asked, std::uint64_t known) { return asked != 0 && asked != known; }
  static Body body(const oc_ledger_op& o) {
    const bool names = o.kind == OC_LOP_EXTEND || o.kind == OC_LOP_REFUND || o.kind == OC_LOP_LEASE_RENEW ||
                       o.kind == OC_LOP_LEASE_SETTLE;
    return {o.kind,
            o.account,
            o.account2,
            o.key_id,
            o.project_id,
            o.user_id,
            o.group_id,
            o.amount,
            o.fee,
            o.flags & OC_LF_ESTIMATED,
            o.ttl_ms,
            o.overage,
            o.code,
            o.kind == OC_LOP_GRANT ? o.epoch : 0,
            names ? id_of(o.ref) : Id{}};
  }
  static Scopes scopes_of(const oc_ledger_op& o) { return {o.account, o.project_id, o.key_id, o.user_id, o.group_id}; }
  static oc_ledger_result status(oc_status s) {
    oc_ledger_result r{};
    r.status = s;
    return r;
  }
  static oc_ledger_result again(oc_ledger_result r) {
    r.status = OC_DUPLICATE;
    return r;
  }

  Record& record(const Id& id) {
    Record& r = records_[id];
    if (touched_) touched_->emplace(id, r);
    return r;
  }

  // ---- money

  Wide net(std::uint32_t code, std::uint64_t owner) {
    const auto it = s_.sums.find({code, owner});
    return it != s_.sums.end() ? it->second.net() : 0;
  }
  Wide debt(std::uint64_t w) { return -net(ledger_core::kReceivable, w); }
  Wide free_paid(std::uint64_t w) {
    return net(ledger_core::kWallet, w) - s_.wallets[w].held + s_.wallets[w].overdraft;
  }
  Wide own_paid(std::uint64_t w) {
    const Wide own = net(ledger_core::kWallet, w) - s_.wallets[w].held;
    return own > 0 ? own : 0;
  }
  Wide free_in(std::uint64_t number) { return net(ledger_core::kGrant, number) - s_.grants[number].held; }
  bool is_over(const Grant& g) const { return g.expires != 0 && g.expires <= now_ms; }
  // Grants with something to give, in draw order.
  std::vector<std::uint64_t> drawable(std::uint64_t wallet) {
    std::map<std::tuple<std::uint64_t, std::int64_t, std::int64_t, std::uint64_t>, std::uint64_t> in_order;
    for (const auto& [number, g] : s_.grants)
      if (g.wallet == wallet && !is_over(g) && free_in(number) > 0)
        in_order[{g.priority, g.expires != 0 ? g.expires : INT64_MAX, g.created, number}] = number;
    std::vector<std::uint64_t> out;
    for (const auto& [rank, number] : in_order) out.push_back(number);
    return out;
  }
  Wide available(std::uint64_t wallet) {
    Wide all = free_paid(wallet) - debt(wallet);
    std::size_t n = 0;
    for (std::uint64_t number : drawable(wallet))
      if (n++ < 3) all += free_in(number);
    return all;
  }
  bool is_funded(std::uint64_t wallet) {
    if (s_.wallets[wallet].overdraft > 0) return true;
    for (std::uint32_t code : {ledger_core::kWallet, ledger_core::kReceivable})
      if (const auto it = s_.sums.find({code, wallet}); it != s_.sums.end() && it->second.credits > 0) return true;
    for (const auto& [number, g] : s_.grants)
      if (g.wallet == wallet && !is_over(g) && net(ledger_core::kGrant, number) > 0) return true;
    return false;
  }
  // Takes up to `need` out of the wallet's grants into `parts`.
  Wide draw(std::uint64_t wallet, Wide need, Parts& parts) {
    Wide given = 0;
    for (std::uint64_t number : drawable(wallet)) {
      if (given == need) break;
      auto part = std::find_if(parts.begin(), parts.end(), [&](const auto& p) { return p.first == number; });
      if (part == parts.end()) {
        if (parts.size() == 3) continue;
        part = parts.insert(parts.end(), {number, 0});
      }
      const Wide take = std::min(need - given, free_in(number));
      part->second += take;
      given += take;
    }
    return given;
  }
  void keep(std::uint64_t wallet, const Parts& parts, Wide paid) {  // held; negative: given back
    for (const auto& [number, amount] : parts) s_.grants[number].held += amount;
    s_.wallets[wallet].held += paid;
  }
  static Parts minus(Parts parts) {
    for (auto& [number, amount] : parts) amount = -amount;
    return parts;
  }

  // ---- postings

  struct Leg {
    std::uint32_t code;
    std::uint64_t owner;
    Wide debit, credit;
  };
  bool fits(const std::vector<Leg>& legs) {
    for (const Leg& l : legs) {
      const Sum& sum = s_.sums[{l.code, l.owner}];
      if (sum.debits + l.debit > kMax || sum.credits + l.credit > kMax) return false;
    }
    return true;
  }
  void post(const std::vector<Leg>& legs) {
    for (const Leg& l : legs) {
      if (l.debit == 0 && l.credit == 0) continue;
      Sum& sum = s_.sums[{l.code, l.owner}];
      sum.debits += l.debit;
      sum.credits += l.credit;
      postings_.push_back({now_ms, {l.code, l.owner}, l.debit, l.credit});
    }
  }
  oc_ledger_result moved(const oc_ledger_op& op, std::uint64_t wallet, Wide owed = 0) {
    oc_ledger_result r{};
    r.posted = op.amount;
    r.shortfall = narrow(owed);
    r.available = narrow(available(wallet));
    Record& rec = record(id_of(op.id));
    rec.is = Is::kMoved;
    rec.first = body(op);
    rec.first_result = r;
    return r;
  }
  // The answer to an op that is known by its own id and was seen before.
  std::optional<oc_ledger_result> seen(const oc_ledger_op& op) {
    const auto it = records_.find(id_of(op.id));
    if (it == records_.end() || it->second.is == Is::kUnknown) return std::nullopt;
    const bool same = it->second.is == Is::kMoved && it->second.first == body(op);
    return same ? again(it->second.first_result) : status(OC_E_CONFLICT);
  }

  // ---- budgets

  static bool in_scope(const BudgetId& id, const Scopes& s) {
    const auto& [account, scope, scope_id, period] = id;
    if (account != s.account) return false;
    switch (scope) {
      case OC_SCOPE_ORG: return scope_id == s.account;
      case OC_SCOPE_PROJECT: return s.project != 0 && scope_id == s.project;
      case OC_SCOPE_KEY: return s.key != 0 && scope_id == s.key;
      case OC_SCOPE_USER: return s.user != 0 && scope_id == s.user;
      case OC_SCOPE_GROUP: return s.group != 0 && scope_id == s.group;
      default: return false;
    }
  }
  std::pair<Wide, Wide> fold(const BudgetId& id, const Window& w) const {
    std::pair<Wide, Wide> sums{0, 0};
    for (const Spent& x : spent_)
      if (in_scope(id, x.scopes) && w.first <= x.reserved && x.reserved < w.second) sums.first += x.total;
    for (const auto& [hold, unused] : open_) {
      const Hold& h = records_.at(hold).hold;
      if (in_scope(id, h.scopes) && w.first <= h.created && h.created < w.second) sums.second += h.left();
    }
    return sums;
  }
  // Calls fn(id, budget, its sums in the window of at_ms); a window that is not known is made if it is the current one.
  template <class Fn>
  void for_each_window(const Scopes& s, std::int64_t at_ms, Fn&& fn) {
    for (auto& [id, b] : s_.budgets) {
      if (!in_scope(id, s)) continue;
      const Window w = calendar_(std::get<3>(id), b.zone, at_ms);
      const bool now = w.first <= now_ms && now_ms < w.second;
      if (now || b.windows.count(w.first) != 0) fn(id, b, b.windows[w.first]);
    }
  }
  void count(const Scopes& s, std::int64_t at_ms, Wide held, Wide spent) {
    for_each_window(s, at_ms, [&](const BudgetId&, Budget&, auto& sums) {
      sums.first += spent;
      sums.second += held;
    });
    if (spent != 0) spent_.push_back({s, at_ms, spent});
  }
  // Why `amount` more may not be held: a budget is full (the first by scope, then by period), or a sum would not fit.
  std::optional<oc_ledger_result> refused_by_budget(const Scopes& s, std::int64_t at_ms, Wide amount) {
    std::optional<oc_ledger_result> refused;
    for_each_window(s, at_ms, [&](const BudgetId& id, Budget& b, const auto& sums) {
      if (refused) return;
      if (b.action == OC_BUDGET_REFUSE && sums.first + sums.second + amount > b.limit) {
        refused = status(OC_E_LIMIT);
        refused->limit_scope = std::get<1>(id) + 256u * (std::get<3>(id) + 1);
        refused->available = narrow(available(s.account));
      } else if (sums.second + amount > kMax) {
        refused = status(OC_E_INVALID);
      }
    });
    return refused;
  }

  Calendar calendar_;
  State s_;
  std::map<Id, Record> records_;
  std::map<Id, bool> open_;
  std::vector<Posting> postings_;
  std::vector<Spent> spent_;
  std::optional<std::map<Id, Record>> touched_;  // while a group runs: what the records were before
};

}  // namespace onechat::ledger_test
