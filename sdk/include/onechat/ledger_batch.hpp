// The working set of one run of ledger operations: the rows they name, loaded once, changed in memory, written once.
//
// Backends use ledger_core.hpp, which says how; of this header they need Span, Calendar and standing_of. Single thread.
#pragma once
#include <onechat/ledger_rows.hpp>

#include <algorithm>
#include <functional>
#include <limits>
#include <memory_resource>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace onechat::ledger_core {

inline constexpr std::int64_t kHoldTtlDefaultMs = 3'600'000;
inline constexpr std::int64_t kLeaseTtlDefaultMs = 60'000;
inline constexpr std::int64_t kHeartbeatDeadMs = 30'000;
inline constexpr std::uint32_t kSweepHoldsMax = 4096;

// The id that a well-behaved host gives the SETTLE or VOID of a hold.
inline oc_id128 settle_id(const oc_id128& hold) noexcept { return {hold.hi, hold.lo ^ 0x5e771e5e771e5e77ull}; }
// Of the transfer that adds to what SWEEP had posted for a hold.
inline oc_id128 adjustment_id(const oc_id128& hold) noexcept { return {hold.hi, hold.lo ^ 0xadd5adbb1e5adbb1ull}; }
// Of the transfer that takes what is left in a grant after its end, for the n-th time.
inline oc_id128 expiry_id(const oc_id128& grant, std::uint32_t n) noexcept {
  return {grant.hi, mix(grant.lo ^ 0xe1b9e1b9e1b9e1b9ull, n)};
}

// [begin_ms, end_ms) of a budget's window.
struct Span {
  std::int64_t begin_ms = 0, end_ms = 0;
  bool has(std::int64_t unix_ms) const noexcept { return begin_ms <= unix_ms && unix_ms < end_ms; }
};
// The window (OC_WINDOW_*) of a time zone that a time lies in. A backend makes it of host->calendar_window. When it
// cannot tell it throws: a budget that nobody can evaluate fails the batch rather than let money pass.
using Calendar = std::function<Span(std::uint32_t period, const std::string& time_zone, std::int64_t unix_ms)>;

__extension__ typedef __int128 Wide;
inline std::int64_t clamp(Wide v) noexcept {
  constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();
  return v > highest ? highest : v < lowest ? lowest : static_cast<std::int64_t>(v);
}
// False, and `to` unchanged, when the sum does not fit.
inline bool add(std::int64_t& to, std::int64_t amount) noexcept {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(to, amount, &sum)) return false;
  to = sum;
  return true;
}

// What is neither spent nor held; of wallets with the overdraft. Never negative.
inline std::int64_t free_money(const Account& a) noexcept {
  return clamp(Wide(a.credits) - a.debits - a.pending + a.overdraft);
}
// The same without the overdraft: what is the owner's. May be negative.
inline std::int64_t own_money(const Account& a) noexcept { return clamp(Wide(a.credits) - a.debits - a.pending); }

inline bool is_over(const Grant& g, std::int64_t now_ms) noexcept {
  return g.expires_ms != 0 && g.expires_ms <= now_ms;
}
// The draw order: by priority, then what ends first, then the older.
inline bool draws_before(const Grant& a, const Grant& b) noexcept {
  const auto rank = [](const Grant& g) {
    const std::int64_t end = g.expires_ms != 0 ? g.expires_ms : std::numeric_limits<std::int64_t>::max();
    return std::make_tuple(g.priority, end, g.created_ms, g.number);
  };
  return rank(a) < rank(b);
}

// What a wallet stands at. A RESERVE can draw on the first three grants that have something free.
struct Standing {
  std::int64_t available = 0, held = 0, promo = 0, debt = 0;
};
struct GrantAccount {
  Grant grant;
  Account money;
};
inline Standing standing_of(const Account& wallet, const Account& receivable, std::vector<GrantAccount> open_grants,
                            std::int64_t now_ms) {
  std::sort(open_grants.begin(), open_grants.end(),
            [](const GrantAccount& a, const GrantAccount& b) { return draws_before(a.grant, b.grant); });
  Wide held = wallet.pending, promo = 0;
  std::size_t drawn = 0;
  for (const GrantAccount& g : open_grants) {
    held += g.money.pending;
    if (is_over(g.grant, now_ms) || free_money(g.money) <= 0 || drawn == kGrantsPerHold) continue;
    promo += free_money(g.money);
    ++drawn;
  }
  const std::int64_t debt = receivable.debits - receivable.credits;
  return {clamp(promo + free_money(wallet) - debt), clamp(held), clamp(promo), debt};
}

class Batch {
 public:
  // `calendar` and `memory`, for what there is one of for each op, must outlive the batch.
  Batch(const oc_ledger_op* ops, std::size_t n, std::int64_t now_ms, const Calendar& calendar,
        std::pmr::memory_resource* memory = std::pmr::get_default_resource())
      : ops_(ops), n_(n), now_ms_(now_ms), calendar_(&calendar), entries_(memory), order_(memory) {}
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  // How many of the ops form one batch: a SWEEP stands alone, since it looks at what the others wrote. No group is cut.
  static std::size_t segment(const oc_ledger_op* ops, std::size_t n) noexcept;
  // Whether ops of a kind are known by their own id; the others by their hold's.
  static bool names_own_id(std::uint32_t kind) noexcept;
  bool is_sweep() const noexcept { return n_ == 1 && ops_[0].kind == OC_LOP_SWEEP && !is_linked(ops_[0]); }

  // What to load, in this order; nothing is asked for twice.
  std::vector<std::uint64_t> wanted_nodes();
  std::vector<oc_id128> wanted_entries();
  SweepQuery wanted_sweep() const;
  std::vector<oc_id128> wanted_adjustments();
  std::vector<std::uint64_t> wanted_wallets();
  std::vector<std::uint64_t> wanted_grants();  // by number, whether open or not
  std::vector<BudgetKey> wanted_budgets();
  std::vector<AccountKey> wanted_accounts();
  std::vector<WindowKey> wanted_windows();
  std::vector<oc_id128> wanted_refunds();

  void add(const Node& row) { load(nodes_[row.id], row); }
  void add(const Hold& row);
  void add(const Tombstone& row);
  void add(const Transfer& row);
  void add(const Grant& row);
  void add(const Budget& row) { budgets_[row.key].push_back({row, {}}); }
  void add(const Account& row);
  void add(const Window& row) { load(windows_[row.key], row); }
  void add(const RefundCap& row) { load(refunds_[row.transfer], row); }

  void run(oc_ledger_result* results);
  Writes writes();

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  static constexpr std::size_t kLegsMax = 8;

  template <class Row>
  struct Slot {
    Row row;
    bool known = false;  // stored, or made by this batch
    bool dirty = false;
  };
  struct Entry {  // everything known under one id
    Hold hold;
    std::size_t tombstone = kNone, transfer = kNone;  // places in tombstones_ and transfers_
    bool open = false, stored = false, changed = false;
    bool dead() const noexcept { return tombstone != kNone; }
    bool posted() const noexcept { return transfer != kNone; }
    bool unknown() const noexcept { return !open && !dead() && !posted(); }
  };
  struct Pocket {  // a grant with its money
    Slot<Grant> grant;
    Slot<Account> money;
  };
  struct Purse {  // a wallet with all that belongs to it
    Slot<Account> paid, owed;
    std::vector<Pocket*> pockets;  // in draw order
  };
  struct Limit {
    Budget budget;
    Span now;  // its window that contains now_ms_
  };
  struct Leg {
    Slot<Account>* account = nullptr;
    std::int64_t debit = 0, credit = 0;
  };
  struct Posting {
    std::array<Leg, kLegsMax> legs;
    std::size_t n = 0;
  };
  struct Money {  // a part of what a hold holds
    GrantParts grants{};
    std::int64_t paid = 0;
    std::int64_t all() const noexcept { return sum(grants) + paid; }
  };
  template <class T>
  using Undo = std::vector<std::pair<T*, T>>;

  // ---- lookup
  static bool is_linked(const oc_ledger_op& op) noexcept { return (op.flags & OC_LF_LINKED) != 0; }
  static std::size_t group_at(const oc_ledger_op* ops, std::size_t n) noexcept;
  static bool names_ref(std::uint32_t kind) noexcept;
  template <class Row>
  static void load(Slot<Row>& slot, const Row& row) {
    slot.row = row;
    slot.known = true;
  }
  Entry& entry(const oc_id128& id) {
    const auto [it, added] = entries_.try_emplace(id);
    if (added) order_.push_back(&it->second);
    return it->second;
  }
  const Transfer& transfer_of(const Entry& e) const { return transfers_[e.transfer]; }
  const Tombstone& tombstone_of(const Entry& e) const { return tombstones_[e.tombstone]; }
  Purse& purse(std::uint64_t owner);
  Pocket& pocket(std::uint64_t number);
  Slot<Account>& account(const AccountKey& key);
  template <class Fn>
  void for_each_limit(const Scopes& scopes, Fn&& fn) {
    if (budgets_.empty()) return;
    for_each_scope(scopes, [&](const BudgetKey& key) {
      if (const auto it = budgets_.find(key); it != budgets_.end())
        for (Limit& limit : it->second) fn(limit);
    });
  }
  Span span_at(const Limit& limit, std::int64_t unix_ms) const {
    return limit.now.has(unix_ms) ? limit.now : (*calendar_)(limit.budget.period, limit.budget.time_zone, unix_ms);
  }
  Slot<Window>* window(const Limit& limit, std::int64_t unix_ms, bool make);

  // ---- change, with a way back while a group runs
  template <class T>
  void remember(T& thing) {
    if (in_group_) std::get<Undo<T>>(undo_).emplace_back(&thing, thing);
  }
  template <class Row>
  Row& change(Slot<Row>& slot) {
    remember(slot);
    slot.known = slot.dirty = true;
    return slot.row;
  }
  Entry& change(Entry& e) {
    remember(e);
    return e;
  }
  void begin_group();
  void roll_back();
  std::size_t run_group(std::size_t at, std::size_t size, oc_ledger_result* results);

  // ---- money
  static std::int64_t debt(const Purse& p) noexcept { return p.owed.row.debits - p.owed.row.credits; }
  std::int64_t available(const Purse& p) const noexcept;
  bool is_funded(const Purse& p) const noexcept;
  std::int64_t draw_grants(const Purse& p, std::int64_t amount, GrantParts& parts) const;
  Money draw(const Purse& p, std::int64_t amount, const GrantParts& own) const;
  static Money rest_of(const Hold& hold) noexcept;
  Money pay(const Purse& p, const Money& held, std::uint32_t overage, Transfer& t) const;
  void hold_money(Purse& p, const Money& m);
  void release_money(Purse& p, const Money& m);
  bool fits(const Transfer& t, Posting& out);
  void post(const Posting& posting, const Transfer& t);
  void record(Entry& e, Transfer& t, const Purse& p);

  // ---- budgets. A hold and what it costs count in the windows that contain `at_ms`.
  oc_status admit(const Scopes& scopes, std::int64_t at_ms, std::int64_t amount, std::uint64_t& refused_by);
  bool can_count(const Scopes& scopes, std::int64_t at_ms, std::int64_t spent);
  void count(const Scopes& scopes, std::int64_t at_ms, std::int64_t held, std::int64_t spent);
  std::int64_t end_of_windows(const Scopes& scopes, std::int64_t at_ms);

  // ---- operations: ledger_ops.hpp
  static oc_ledger_result refuse(oc_status status) noexcept {
    oc_ledger_result r{};
    r.status = status;
    return r;
  }
  static bool is_fenced(const oc_ledger_op& op, const Node& node) noexcept { return op.epoch < node.epoch; }
  static bool is_other(std::uint64_t asked, std::uint64_t known) noexcept { return asked != 0 && asked != known; }
  static Scopes scopes_of(const oc_ledger_op& op) noexcept {
    return {op.account, op.project_id, op.key_id, op.user_id, op.group_id};
  }
  std::int64_t life_left(const Hold& hold) const noexcept {
    return std::max<std::int64_t>(0, hold.expires_ms - now_ms_);
  }
  Transfer transfer_for(const oc_ledger_op& op, std::uint64_t hash) const;
  oc_ledger_result posted_before(const oc_ledger_op& op, const Entry& e, std::uint64_t hash) const;
  oc_ledger_result move(Entry& e, Transfer& t, Purse& p);
  oc_ledger_result late(const Entry& e);

  oc_ledger_result apply(const oc_ledger_op& op);
  oc_ledger_result deposit(const oc_ledger_op& op);
  oc_ledger_result withdraw(const oc_ledger_op& op);
  oc_ledger_result transfer(const oc_ledger_op& op);
  oc_ledger_result grant(const oc_ledger_op& op);
  oc_ledger_result terms(const oc_ledger_op& op);
  oc_ledger_result refund(const oc_ledger_op& op);
  oc_ledger_result reserve(const oc_ledger_op& op);
  oc_ledger_result reserved_before(const oc_ledger_op& op, const Entry& e, std::uint64_t hash) const;
  oc_ledger_result extend(const oc_ledger_op& op);
  oc_ledger_result settle(const oc_ledger_op& op);
  oc_ledger_result settle_open(const oc_ledger_op& op, Entry& e, std::uint64_t hash);
  bool charge_hold(const oc_ledger_op& op, Entry& e, Transfer& t);
  oc_ledger_result settle_late(const oc_ledger_op& op, Entry& e, std::uint64_t hash);
  oc_ledger_result adjust(const oc_ledger_op& op, const Transfer& swept, std::uint64_t hash);
  oc_ledger_result void_hold(const oc_ledger_op& op);
  oc_ledger_result progress(const oc_ledger_op& op);
  oc_ledger_result lease_settle(const oc_ledger_op& op);
  oc_ledger_result lease_close(const oc_ledger_op& op);
  oc_ledger_result lease_shrink(const oc_ledger_op& op, Entry& e);
  oc_ledger_result heartbeat(const oc_ledger_op& op);
  oc_ledger_result bump_epoch(const oc_ledger_op& op);
  oc_ledger_result sweep(const oc_ledger_op& op);
  void sweep_hold(const oc_ledger_op& op, Entry& e, oc_ledger_result& r);
  bool sweep_usage(const oc_ledger_op& op, Entry& e, oc_ledger_result& r);
  void sweep_grant(const oc_ledger_op& op, Pocket& p, oc_ledger_result& r);
  std::int64_t end_hold(Entry& e, std::int64_t spent);
  void bury(Entry& e, Outcome outcome, std::uint64_t close_hash, std::int64_t released);

  const oc_ledger_op* ops_;
  std::size_t n_;
  std::int64_t now_ms_;
  const Calendar* calendar_;
  std::pmr::unordered_map<oc_id128, Entry, IdHash, IdEqual> entries_;
  std::pmr::vector<Entry*> order_;
  std::unordered_map<std::uint64_t, Purse> purses_;
  std::unordered_map<std::uint64_t, Pocket> pockets_;
  std::vector<Pocket*> expiring_;  // SWEEP: those that load_sweep found, before the wallets were known
  bool wallets_known_ = false;
  std::unordered_map<AccountKey, Slot<Account>, AccountHash> platform_;
  std::unordered_map<BudgetKey, std::vector<Limit>, BudgetHash> budgets_;
  std::unordered_map<WindowKey, Slot<Window>, WindowHash> windows_;
  std::unordered_map<std::uint64_t, Slot<Node>> nodes_;
  std::unordered_map<oc_id128, Slot<RefundCap>, IdHash, IdEqual> refunds_;
  std::vector<Tombstone> tombstones_;  // first those that were loaded
  std::vector<Transfer> transfers_;    // first those that were loaded
  std::size_t old_tombstones_ = 0, old_transfers_ = 0;

  bool in_group_ = false;
  std::size_t undo_tombstones_ = 0, undo_transfers_ = 0;
  std::vector<std::pair<Purse*, Pocket*>> undo_pockets_;  // grants made
  std::tuple<Undo<Entry>, Undo<Slot<Account>>, Undo<Slot<Grant>>, Undo<Slot<Window>>, Undo<Slot<Node>>,
             Undo<Slot<RefundCap>>>
      undo_;
};

}  // namespace onechat::ledger_core
