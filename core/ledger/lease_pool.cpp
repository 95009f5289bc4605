#include "ledger/lease_pool.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "ledger/rating.hpp"

namespace onechat::ledger {
namespace {

constexpr std::uint64_t kNsPerMs = 1'000'000, kSecondNs = 1'000'000'000;
constexpr std::size_t kKeysPerShardMax = 20'000;  // beyond: such keys hold directly
constexpr std::uint64_t kForgetNs = 10 * kSecondNs;
constexpr std::uint64_t kWishNs = 5 * kSecondNs;  // as long as the engine waits for what is no fact
constexpr int kShiftMax = 8;
constexpr std::uint64_t kRefusedForgottenNs = 10 * kSecondNs;  // or a key that asks for nothing would never ask again

// tick() may come to a key with a time from before the key's last request: then nothing has passed.
std::uint64_t passed(std::uint64_t since_ns, std::uint64_t now_ns) noexcept {
  return now_ns > since_ns ? now_ns - since_ns : 0;
}

// Is money of one also what a budget of that scope counts for the other?
bool shares(const Scopes& a, const Scopes& b, std::uint64_t scope) noexcept {
  if (a.account != b.account) return false;
  switch (scope) {
    case OC_SCOPE_PROJECT: return a.project_id == b.project_id;
    case OC_SCOPE_KEY: return a.key_id == b.key_id;
    case OC_SCOPE_USER: return a.user_id == b.user_id;
    case OC_SCOPE_GROUP: return a.group_id == b.group_id;
    default: return true;
  }
}

std::int64_t clamped(Int128 v) noexcept {
  return static_cast<std::int64_t>(std::clamp<Int128>(v, 0, std::numeric_limits<std::int64_t>::max() / 4));
}

}  // namespace

struct LeasePool::Lease {
  Lease(std::mutex& shard, const oc_id128& name, const Scopes& paid_by) : home(shard), id(name), scopes(paid_by) {}
  std::int64_t free() const noexcept { return granted - settled - held; }

  std::mutex& home;  // its shard's; guards what is not const
  const oc_id128 id;
  const Scopes scopes;
  std::int64_t granted = 0, settled = 0, held = 0;
  std::uint64_t parts = 0;  // requests that hold
  std::uint64_t deadline_ns = 0;
  std::int64_t spent = 0, peak = 0;  // since the last roll
  bool admits = true;
  bool gains = true;                                 // the last renewal gave it life beyond the next one
  std::vector<std::shared_ptr<Wish>> wishes, asked;  // that the books are to be asked for, and are being asked for
  bool one_by_one = false;                           // all wishes together were refused
};

// Of a request that outgrew its part. What is granted is held for it at once, so that nobody else takes it.
struct LeasePool::Wish {
  std::int64_t more = 0;
  std::uint64_t asked_ns = 0;
  bool answered = false, given_up = false;
  oc_ledger_result said{};
};

struct LeasePool::Key {
  Scopes scopes;
  std::uint64_t asked_times = 0;  // since the last roll, and the next
  std::int64_t asked = 0;
  std::uint64_t rate = 0, rate_before = 0;  // reserves/s
  std::int64_t spend_per_s = 0, asked_per_s = 0, peak = 0;
  std::int64_t typical = 0;    // what a request asks for
  std::int64_t available = 0;  // of the wallet, as last heard; 0: not yet
  std::uint64_t rolled_ns = 0, used_ns = 0, not_before_ns = 0;
  int shift = 0;  // a lease is target >> shift, after refusals
  std::shared_ptr<Lease> lease;
  std::vector<std::shared_ptr<Lease>> ending;  // admit nothing, requests still hold parts
  struct {
    oc_id128 id{};
    std::uint64_t sent_ns = 0;
    bool under_way = false;
  } question;  // about the lease; one at a time: a batch that is submitted again must find nothing later
};

struct LeasePool::Shard {
  mutable std::mutex mutex;
  std::unordered_map<Scopes, Key, Hash, Equal> keys;
  std::uint64_t rolled_ns = 0;
  LeaseCounters counters;
};

std::size_t LeasePool::Hash::operator()(const Scopes& s) const noexcept {
  using ledger_core::mix;
  return std::size_t(mix(mix(mix(mix(s.account, s.project_id), s.key_id), s.user_id), s.group_id));
}
bool LeasePool::Equal::operator()(const Scopes& a, const Scopes& b) const noexcept {
  return a.account == b.account && a.project_id == b.project_id && a.key_id == b.key_id && a.user_id == b.user_id &&
         a.group_id == b.group_id;
}

LeasePool::LeasePool(LeaseLimits limits, std::uint64_t node, std::function<oc_id128()> new_id)
    : limits_(limits), node_(node), new_id_(std::move(new_id)), shards_(std::make_unique<Shard[]>(kShards)) {}
LeasePool::~LeasePool() = default;

LeasePool::Shard& LeasePool::shard_of(const Scopes& key) const noexcept {
  return shards_[(Hash()(key) >> 32) % kShards];
}

// ---- requests

LeasePool::Part LeasePool::take(const Scopes& scopes, std::int64_t amount, std::uint64_t now_ns) {
  if (limits_.reserves_per_s == 0) return {};
  Shard& shard = shard_of(scopes);
  const std::lock_guard lock(shard.mutex);
  auto at = shard.keys.find(scopes);
  if (at == shard.keys.end()) {
    if (shard.keys.size() >= kKeysPerShardMax) return {};
    at = shard.keys.try_emplace(scopes).first;
    at->second.scopes = scopes;
    at->second.rolled_ns = now_ns;
  }
  Key& key = at->second;
  ++key.asked_times;
  key.asked = clamped(Int128(key.asked) + amount);
  key.used_ns = now_ns;
  if (!key.lease) return {};
  Lease& lease = *key.lease;
  if (now_ns >= lease.deadline_ns || lease.free() < amount || !lease.admits) {
    ++shard.counters.misses;
    return {};
  }
  ++shard.counters.hits;
  lease.held += amount;
  ++lease.parts;
  lease.peak = std::max(lease.peak, lease.held);
  return {key.lease, amount};
}

oc_id128 LeasePool::id_of(const Part& part) noexcept { return part.lease->id; }

std::optional<oc_ledger_result> LeasePool::grow(Part& part, std::int64_t more, std::uint64_t now_ns) const {
  Lease& lease = *part.lease;
  const std::lock_guard lock(lease.home);
  if (part.wish && part.wish->answered) {
    const std::shared_ptr<Wish> wish = std::move(part.wish);
    if (wish->said.status >= 0) part.amount += wish->more;
    return wish->said;
  }
  oc_ledger_result said{};
  if (closing_.load(std::memory_order_acquire)) {
    said.status = OC_E_UNAVAILABLE;
    return said;
  }
  if (part.wish) return std::nullopt;
  if (now_ns < lease.deadline_ns && lease.free() >= more) {
    lease.held += more;
    lease.peak = std::max(lease.peak, lease.held);
    part.amount += more;
    return said;
  }
  part.wish = std::make_shared<Wish>();
  part.wish->more = more;
  part.wish->asked_ns = now_ns;
  lease.wishes.push_back(part.wish);
  return std::nullopt;
}

void LeasePool::give_back(Part& part, std::int64_t total) noexcept {
  if (!part) return;
  Lease& lease = *part.lease;
  {
    const std::lock_guard lock(lease.home);
    lease.held -= part.amount;
    if (part.wish && part.wish->answered && part.wish->said.status >= 0) lease.held -= part.wish->more;
    if (part.wish) part.wish->given_up = true;
    --lease.parts;
    lease.settled += total;
    lease.spent += total;
  }
  part = {};
}

void LeasePool::saw(const Scopes& scopes, std::int64_t available) noexcept {
  if (limits_.reserves_per_s == 0) return;
  Shard& shard = shard_of(scopes);
  const std::lock_guard lock(shard.mutex);
  if (const auto at = shard.keys.find(scopes); at != shard.keys.end()) at->second.available = available;
}

void LeasePool::reclaim(const Scopes& whose, std::uint64_t scope, std::vector<oc_ledger_op>& out) {
  if (open_.load(std::memory_order_relaxed) == 0) return;
  for (std::size_t s = 0; s < kShards; ++s) {
    const std::lock_guard lock(shards_[s].mutex);
    for (auto& [scopes, key] : shards_[s].keys) {
      if (!key.lease || key.lease->free() <= 0 || key.question.under_way || !shares(scopes, whose, scope)) continue;
      if (key.lease->parts == 0)
        end(key, out);
      else
        shrink(key, *key.lease, 0, out);
    }
  }
}

// ---- what to ask for

oc_ledger_op LeasePool::op_for(std::uint32_t kind, const Scopes& scopes) {
  oc_ledger_op op{};
  {
    const std::lock_guard lock(ids_);
    op.id = new_id_();
  }
  op.kind = kind;
  op.account = scopes.account;
  op.project_id = scopes.project_id;
  op.key_id = scopes.key_id;
  op.user_id = scopes.user_id;
  op.group_id = scopes.group_id;
  op.node = node_;
  op.epoch = epoch_.load(std::memory_order_relaxed);
  return op;
}

// How large a key's lease should be.
std::int64_t LeasePool::target(const Key& key) const noexcept {
  const Int128 spend =
      key.spend_per_s > 0 ? Int128(key.spend_per_s) * limits_.spend_ms / 1000 : Int128(key.asked_per_s);
  const Int128 wanted = spend + 2 * Int128(key.peak) + key.typical;
  const Int128 leased = key.lease ? std::max<std::int64_t>(0, key.lease->granted - key.lease->settled) : 0;
  const Int128 most = (Int128(key.available) + leased) * limits_.wallet_permille / 1000;
  return clamped(std::min(wanted, most)) >> key.shift;
}

// Once a second: what the last one was like.
void LeasePool::roll(Key& key, std::uint64_t now_ns) noexcept {
  const std::uint64_t ms = passed(key.rolled_ns, now_ns) / kNsPerMs;
  if (ms < 500) return;  // it began a moment ago
  const auto per_s = [ms](std::int64_t n) { return clamped(Int128(n) * 1000 / ms); };
  key.rolled_ns = now_ns;
  if (key.shift > 0 && now_ns > key.not_before_ns + kRefusedForgottenNs) --key.shift;
  key.rate_before = key.rate;
  key.rate = static_cast<std::uint64_t>(per_s(static_cast<std::int64_t>(key.asked_times)));
  key.asked_per_s = per_s(key.asked);
  if (key.lease) {
    const std::int64_t now = per_s(key.lease->spent);
    key.spend_per_s = key.spend_per_s == 0 ? now : (3 * key.spend_per_s + now) / 4;
    key.peak = std::max(key.lease->peak, key.peak / 2);
    key.lease->spent = 0;
    key.lease->peak = key.lease->held;
  }
  key.asked_times = 0;
  key.asked = 0;
  if (key.rate > 0) key.typical = key.asked_per_s / static_cast<std::int64_t>(key.rate);
}

bool LeasePool::tick(std::uint64_t now_ns, std::vector<oc_ledger_op>& out) {
  bool busy = false;
  for (std::size_t s = 0; s < kShards; ++s) {
    Shard& shard = shards_[s];
    const std::lock_guard lock(shard.mutex);
    busy = busy || !shard.keys.empty();
    const bool roll_now = now_ns - shard.rolled_ns >= kSecondNs;
    if (roll_now) shard.rolled_ns = now_ns;
    for (auto at = shard.keys.begin(); at != shard.keys.end();) {
      Key& key = at->second;
      if (roll_now) roll(key, now_ns);
      tend(key, now_ns, out);
      const bool bare = !key.lease && key.ending.empty() && !key.question.under_way;
      at = roll_now && bare && passed(key.used_ns, now_ns) > kForgetNs ? shard.keys.erase(at) : std::next(at);
    }
  }
  return busy;
}

// One key: gets a lease, keeps it alive and filled, or loses it.
void LeasePool::tend(Key& key, std::uint64_t now_ns, std::vector<oc_ledger_op>& out) {
  std::erase_if(key.ending, [&](const auto& lease) {
    if (lease->parts != 0) return false;
    oc_ledger_op op = op_for(OC_LOP_LEASE_CLOSE, key.scopes);
    op.ref = lease->id;
    out.push_back(op);
    return true;
  });
  give_up_old_wishes(key, now_ns);
  if (key.question.under_way || closing_.load(std::memory_order_acquire)) return;
  if (ask_for_wishes(key, now_ns, out)) return;
  const bool busy = std::min(key.rate, key.rate_before) >= limits_.reserves_per_s;
  if (!key.lease) {
    if (!busy || key.available <= 0 || now_ns < key.not_before_ns) return;
    const std::int64_t size = target(key);
    if (size > 2 * key.typical) ask(key, nullptr, now_ns, size, out);
    return;
  }
  Lease& lease = *key.lease;
  if (!lease.admits || passed(key.used_ns, now_ns) > limits_.idle_ms * kNsPerMs) return end(key, out);
  const std::int64_t size = target(key);
  if (size < key.typical) return end(key, out);  // the wallet, or what a budget leaves, is too small to be divided
  const std::int64_t low = key.spend_per_s * limits_.low_ms / 1000 + key.peak / 2 + key.typical;
  // The end of a budget's window is its own: then a renewal gains nothing, and the next is for after it.
  const std::uint64_t early_ns = lease.gains ? early() : 0;
  const bool over = now_ns >= lease.deadline_ns, ageing = now_ns + early_ns >= lease.deadline_ns;
  const bool dry = !over && lease.free() < std::min(low, size);
  if (now_ns < key.not_before_ns) return;
  if (dry)
    ask(key, &lease, now_ns, size - lease.free(), out);
  else if (ageing)
    ask(key, &lease, now_ns, 0, out);
  else if (lease.free() > 4 * Int128(std::max(size, low)))
    shrink(key, lease, std::max(size, low), out);
}

// What requests need that have outgrown their parts, whatever share of the wallet it is: they hold it, it does not lie
// free. Also of a lease that admits nothing any more.
bool LeasePool::ask_for_wishes(Key& key, std::uint64_t now_ns, std::vector<oc_ledger_op>& out) {
  const auto ask_for = [&](Lease& lease) {
    std::erase_if(lease.wishes, [](const auto& wish) { return wish->given_up; });
    if (lease.wishes.empty()) return lease.one_by_one = false;
    const auto end = lease.one_by_one ? lease.wishes.begin() + 1 : lease.wishes.end();
    lease.asked.assign(lease.wishes.begin(), end);
    lease.wishes.erase(lease.wishes.begin(), end);
    Int128 sum = 0;
    for (const auto& wish : lease.asked) sum += wish->more;
    ask(key, &lease, now_ns, clamped(sum), out);
    return true;
  };
  return (key.lease && ask_for(*key.lease)) ||
         std::any_of(key.ending.begin(), key.ending.end(), [&](const auto& lease) { return ask_for(*lease); });
}

// The books do not answer, or something before these is not answered: a request that waits for ever would cost more and
// more beyond what it holds.
void LeasePool::give_up_old_wishes(Key& key, std::uint64_t now_ns) {
  const auto give_up = [&](Lease& lease) {
    std::erase_if(lease.wishes, [&](const auto& wish) {
      if (passed(wish->asked_ns, now_ns) < kWishNs) return false;
      wish->answered = true;
      wish->said.status = OC_E_UNAVAILABLE;
      return true;
    });
  };
  if (key.lease) give_up(*key.lease);
  for (const auto& lease : key.ending) give_up(*lease);
}

// For more of a lease, or for one (null).
void LeasePool::ask(Key& key, const Lease* lease, std::uint64_t now_ns, std::int64_t size,
                    std::vector<oc_ledger_op>& out) {
  oc_ledger_op op = op_for(lease != nullptr ? OC_LOP_LEASE_RENEW : OC_LOP_LEASE, key.scopes);
  op.amount = size;
  op.ttl_ms = limits_.ttl_ms;
  op.code = lease != nullptr ? 0 : limits_.drain_s;
  if (lease != nullptr) op.ref = lease->id;
  key.question = {op.id, now_ns, true};
  out.push_back(op);
}

// Admits nothing any more. What is free goes back now, the rest when its requests are over.
void LeasePool::end(Key& key, std::vector<oc_ledger_op>& out) {
  const std::shared_ptr<Lease> lease = std::move(key.lease);
  key.lease.reset();
  lease->admits = false;
  open_.fetch_sub(1, std::memory_order_relaxed);
  if (lease->parts != 0) {
    shrink(key, *lease, 0, out);
    key.ending.push_back(lease);
    return;
  }
  oc_ledger_op op = op_for(OC_LOP_LEASE_CLOSE, key.scopes);
  op.ref = lease->id;
  out.push_back(op);
}

// Gives back what is free beyond `keep_free`. A LEASE_CLOSE of 0 would end the lease: one nano stays.
void LeasePool::shrink(Key& key, Lease& lease, std::int64_t keep_free, std::vector<oc_ledger_op>& out) {
  const std::int64_t back = lease.free() - keep_free;
  const std::int64_t keep = std::max<std::int64_t>(1, lease.held + keep_free);
  if (back <= 0 || keep >= lease.granted - lease.settled) return;
  oc_ledger_op op = op_for(OC_LOP_LEASE_CLOSE, lease.scopes);
  op.ref = lease.id;
  op.amount = keep;
  lease.granted = lease.settled + keep;
  if (!key.question.under_way) key.question = {op.id, 0, true};
  out.push_back(op);
}

// ---- what the books said

// REQUIRES: the shard's mutex is held, as in all that follows.
std::shared_ptr<LeasePool::Lease> LeasePool::lease_of(const Key& key, const oc_id128& id) noexcept {
  if (key.lease && ledger_core::same_id(key.lease->id, id)) return key.lease;
  const auto at = std::find_if(key.ending.begin(), key.ending.end(),
                               [&](const auto& lease) { return ledger_core::same_id(lease->id, id); });
  return at != key.ending.end() ? *at : nullptr;
}

void LeasePool::answer_wishes(Lease& lease, const oc_ledger_result& r) {
  const auto asked = std::exchange(lease.asked, {});
  if ((r.status == OC_E_FUNDS || r.status == OC_E_LIMIT) && asked.size() > 1) {  // some may fit
    lease.wishes.insert(lease.wishes.begin(), asked.begin(), asked.end());
    lease.one_by_one = true;
    return;
  }
  for (const auto& wish : asked) {
    wish->answered = true;
    wish->said = r;
    if (r.status >= 0 && !wish->given_up) lease.held += wish->more;
  }
  lease.peak = std::max(lease.peak, lease.held);
}

void LeasePool::answer(const oc_ledger_op& asked, const oc_ledger_result& r, std::uint64_t now_ns) {
  const Scopes scopes{asked.account, asked.project_id, asked.key_id, asked.user_id, asked.group_id};
  Shard& shard = shard_of(scopes);
  const std::lock_guard lock(shard.mutex);
  const auto at = shard.keys.find(scopes);
  if (at == shard.keys.end() || !ledger_core::same_id(at->second.question.id, asked.id)) return;
  Key& key = at->second;
  const auto question = std::exchange(key.question, {});
  if (asked.kind == OC_LOP_LEASE_CLOSE) return;
  const std::shared_ptr<Lease> lease = asked.kind == OC_LOP_LEASE_RENEW ? lease_of(key, asked.ref) : nullptr;
  const std::uint64_t deadline =
      question.sent_ns + static_cast<std::uint64_t>(std::max<std::int64_t>(0, r.released)) * kNsPerMs * 9 / 10;
  if (r.status == OC_OK || r.status == OC_DUPLICATE) {
    key.available = r.available;
    if (key.shift > 0 && asked.amount > 0) --key.shift;
    if (asked.kind == OC_LOP_LEASE) {
      ++shard.counters.granted;
      key.lease = std::make_shared<Lease>(shard.mutex, asked.id, scopes);
      key.lease->granted = asked.amount;
      key.lease->deadline_ns = deadline;
      open_.fetch_add(1, std::memory_order_relaxed);
    } else if (lease) {
      lease->granted += asked.amount;
      lease->gains = deadline > question.sent_ns + early();
      lease->deadline_ns = std::max(lease->deadline_ns, deadline);
      answer_wishes(*lease, r);
    }
    return;
  }
  if (r.status == OC_E_FUNDS || r.status == OC_E_LIMIT) key.available = std::max<std::int64_t>(0, r.available);
  ++shard.counters.refused;
  key.not_before_ns = now_ns + limits_.refused_pause_ms * kNsPerMs;
  if (r.status != OC_E_UNAVAILABLE) key.shift = std::min(key.shift + 1, kShiftMax);
  if (lease) answer_wishes(*lease, r);
  if (!lease || lease != key.lease) return;
  const bool stop = asked.amount == 0 && (r.status == OC_E_FUNDS || r.status == OC_E_LIMIT);
  if (stop) key.lease->admits = false;  // frozen, say: even what it has is not to be spent
  const bool over = r.status == OC_E_NOT_FOUND || r.status == OC_E_FENCED || r.status == OC_E_CONFLICT;
  if (!over) return;
  ++shard.counters.lost;
  open_.fetch_sub(1, std::memory_order_relaxed);
  key.lease->admits = false;
  key.ending.push_back(key.lease);  // the end of a window refuses renewals of a lease that is open still
  key.lease.reset();
}

bool LeasePool::close_all(std::vector<oc_ledger_op>& out) {
  closing_.store(true, std::memory_order_release);
  bool closed = true;
  for (std::size_t s = 0; s < kShards; ++s) {
    const std::lock_guard lock(shards_[s].mutex);
    for (auto& [scopes, key] : shards_[s].keys) {
      if (key.lease) end(key, out);
      tend(key, key.rolled_ns, out);
      closed = closed && key.ending.empty() && !key.question.under_way;
    }
  }
  return closed;
}

LeaseCounters LeasePool::counters() const {
  LeaseCounters sum;
  for (std::size_t s = 0; s < kShards; ++s) {
    const std::lock_guard lock(shards_[s].mutex);
    const LeaseCounters& c = shards_[s].counters;
    sum.hits += c.hits;
    sum.misses += c.misses;
    sum.granted += c.granted;
    sum.refused += c.refused;
    sum.lost += c.lost;
    for (const auto& [scopes, key] : shards_[s].keys) {
      sum.open += key.lease ? 1 : 0;
      sum.free_nano += key.lease ? std::max<std::int64_t>(0, key.lease->free()) : 0;
      sum.held_nano += key.lease ? key.lease->held : 0;
      for (const auto& lease : key.ending) sum.held_nano += lease->held;
    }
  }
  return sum;
}

}  // namespace onechat::ledger
