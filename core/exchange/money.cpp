// The steps `reserve` and `settle`, and what happens to a request's money in between: how much is held, notes of what a
// stream has cost, and more money for one that outgrows its hold.
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "admission/spend_scope.hpp"
#include "exchange/exchange.hpp"

namespace onechat::exchange {

namespace asio = boost::asio;

namespace {

constexpr std::uint64_t kNsPerMs = 1'000'000;
constexpr std::uint64_t kNoteEveryNs = 250 * kNsPerMs;    // in the journal, while a stream delivers
constexpr std::uint64_t kTellEveryNs = 5'000 * kNsPerMs;  // to the books
constexpr std::uint64_t kExpectedOutputMin = 256;         // tokens

std::uint64_t tokens_of(const oc_usage& u) noexcept {
  return u.input + u.cache_read + u.cache_write + u.cache_write_1h + u.audio_input + u.output + u.reasoning +
         u.audio_output;
}

std::uint64_t output_of(const oc_usage& u) noexcept { return u.output + u.reasoning + u.audio_output; }

}  // namespace

// ---- how much

// The dearest target's price of the request, each with at most `output_max` output tokens.
Result<std::int64_t> Exchange::price_of_all(std::uint64_t output_max) const {
  std::int64_t most = 0;
  for (const Choice& choice : choices_) {
    const auto charge = worst_case(choice, output_max);
    if (!charge) return Error(OC_E_INVALID, "The request is too large to be priced.", "request_too_large");
    most = std::max(most, charge->total);
  }
  return {boost::system::in_place_value, most};
}

// Output tokens that the hold is to cover. An answer that comes in one piece cannot be stopped on its way: all of it.
std::uint64_t Exchange::expected_output() const {
  if (!hold_rules_->expected || request_->op != OC_OP_GENERATE) return ~0ull;
  if ((request_->flags & OC_REQ_STREAM) == 0) return ~0ull;
  const std::uint64_t p95 = worker_.outputs.p95(principal_->key_number, model_->id);
  return p95 == 0 ? ~0ull : std::max(kExpectedOutputMin, p95) * request_->n;
}

// The most output tokens, all answers together, that `nano` pays for at every target.
std::uint64_t Exchange::affordable_output(std::int64_t nano) const {
  std::uint64_t low = 0, high = 1ull << 40;
  while (low < high) {
    const std::uint64_t middle = low + (high - low + 1) / 2;
    const auto price = price_of_all(middle);
    if (price && *price <= nano)
      low = middle;
    else
      high = middle - 1;
  }
  return low;
}

// The wallet does not cover what the request may cost: ask for an answer that it does cover.
bool Exchange::clip(std::int64_t available) {
  if (!hold_rules_->clip || request_->op != OC_OP_GENERATE || available <= 0) return false;
  const std::uint64_t most = affordable_output(available) / request_->n;
  const bool set = (request_->set_mask & OC_SET_MAX_TOKENS) != 0;
  if (most < hold_rules_->clip_floor_tokens || (set && most >= request_->max_output_tokens)) return false;
  const bool thinks = (request_->set_mask & OC_SET_REASONING_BUDGET) != 0 && request_->reasoning_budget > 0;
  if (thinks && static_cast<std::uint64_t>(request_->reasoning_budget) >= most) return false;
  auto* clipped = arena_.make<oc_request>();
  *clipped = *request_;
  clipped->set_mask |= OC_SET_MAX_TOKENS;
  clipped->max_output_tokens = most;
  request_ = clipped;
  clipped_to_ = most;
  must_translate_ = true;  // the client's own bytes say otherwise
  return true;
}

// ---- reserve

Result<void> Exchange::set_hold_amount() {
  const std::uint64_t expected = expected_output();
  const auto amount = price_of_all(expected);
  if (!amount) return amount.error();
  hold_.amount = *amount;
  covered_output_ = expected;
  return {};
}

bool Exchange::reserve_now(Result<void>& done) {
  if (node_.till == nullptr || plan_->shared->ledger_none) return true;
  if (request_->op == OC_OP_COUNT_TOKENS) return true;  // free everywhere
  hold_.id = id_;
  hold_.scopes.account = principal_->project->account;
  hold_.scopes.project_id = principal_->project->id;
  hold_.scopes.key_id = principal_->key_number;
  hold_.scopes.user_id = admission::user_number(view(request_->user));
  hold_.scopes.group_id = model_->group;
  hold_rules_ = &plan_->shared->holds.of(principal_->project->name);
  hold_.overage = hold_rules_->overage;

  done = set_hold_amount();
  if (!done) return true;
  if (!node_.till->take(hold_)) return false;
  worker_.metrics.lease_hits.add();
  worker_.metrics.reserve_wait.add(0);
  held_nano_ = hold_.amount;
  return true;
}

// After reserve_now() found no lease for it.
asio::awaitable<Result<void>> Exchange::reserve() {
  const std::uint64_t asked_ns = node_.clock.now_ns();
  oc_ledger_result result = co_await node_.till->reserve(hold_);
  if (result.status == OC_E_FUNDS && clip(result.available)) {
    if (auto priced = set_hold_amount(); !priced) co_return priced;
    if (node_.till->take(hold_))
      worker_.metrics.lease_hits.add();
    else
      result = co_await node_.till->reserve(hold_);
  }
  worker_.metrics.reserve_wait.add((node_.clock.now_ns() - asked_ns) / 1000);
  if (!hold_.open) co_return refusal_of(result);
  held_nano_ = hold_.amount;
  if (clipped_to_ != 0) worker_.metrics.clipped.add();
  co_return Result<void>();
}

Error Exchange::refusal_of(const oc_ledger_result& result) {
  switch (result.status) {
    case OC_E_NOT_FOUND:
    case OC_E_FUNDS:
      worker_.metrics.refused_funds.add();
      return Error(OC_E_FUNDS,
                   "The prepaid balance of this project does not cover the request. Deposit credit and try again.",
                   "insufficient_quota");
    case OC_E_LIMIT:
      worker_.metrics.refused_funds.add();
      return Error(OC_E_FUNDS, admission::limit_refusal(result.limit_scope), "insufficient_quota");
    default:
      worker_.metrics.refused_ledger.add();
      return Error(OC_E_UNAVAILABLE, "The ledger is not available. No request is served without it; please try again.",
                   "ledger_unavailable");
  }
}

// ---- while it streams

// What was used so far: as the provider said, or what went over the wire, whichever is more.
oc_usage Exchange::usage_so_far() const {
  oc_usage usage = usage_;
  usage.requests = 1;
  if (usage_seen_ && (usage.flags & OC_USAGE_FINAL) != 0) return usage;
  if (!usage_seen_) {
    usage.input = std::max<std::uint64_t>(1, request_->input_bytes / 4);
    usage.flags |= OC_USAGE_ESTIMATED;
  }
  const std::uint64_t counted = std::max(output_events_, output_bytes_ / 4);
  if (counted > output_of(usage)) {
    usage.output += counted - output_of(usage);
    usage.flags |= OC_USAGE_ESTIMATED;
  }
  return usage;
}

// Called whenever something is about to leave. Notes what it cost, so that a crash does not make it free; and sees to
// it that the hold covers what comes next.
void Exchange::watch_money() {
  if (!hold_.open || charge_known_ || output_events_ == 0) return;
  const std::uint64_t now = node_.clock.now_ns();
  if (now - noted_ns_ >= kNoteEveryNs) {
    noted_ns_ = now;
    const bool tell = now - std::max(told_ns_, begin_ns_) >= kTellEveryNs;
    if (tell) told_ns_ = now;
    if (const auto so_far = rated(choices_[served_by_], usage_so_far()))
      node_.till->progress(hold_, cost_nano_ + so_far->cost, fee_nano_ + so_far->fee, tell);
  }
  if (covered_output_ != ~0ull) extend_if_needed();
}

// One extension at a time; the stream goes on while the books are asked.
void Exchange::extend_if_needed() {
  if (extension_ && extension_->asking && hold_.part) ask_lease();
  if (extension_ && extension_->refused != OC_OK && !failed()) {
    // A hold that is not found was swept while the books were away: the wallet may well have enough.
    const bool away = extension_->refused == OC_E_UNAVAILABLE || extension_->refused == OC_E_NOT_FOUND;
    const oc_ledger_result said{.status = away ? static_cast<oc_status>(OC_E_UNAVAILABLE) : extension_->refused,
                                .limit_scope = extension_->limit_scope};
    const Error why = refusal_of(said);
    if (!away || output_of(usage_so_far()) >= covered_output_) {
      fail(why.status, away ? 503 : 402, why.message, why.code, {});
      cancel_->request();
      return;
    }
    extension_.reset();  // the ledger is away; the hold still covers what comes: ask again
  }
  if (extension_ && extension_->asking) return;
  if (extension_) {
    covered_output_ = extension_->covers;
    if (!hold_.part) hold_.amount += extension_->amount;
    extension_.reset();
  }
  if (output_of(usage_so_far()) < covered_output_ / 5 * 4) return;
  const std::uint64_t next = covered_output_ * 2;
  const auto price = price_of_all(next);
  if (!price) return;
  const std::int64_t more = *price - hold_.amount;
  if (more <= 0) {  // that is all it can be
    covered_output_ = ~0ull;
    return;
  }
  worker_.metrics.extensions.add();
  extension_ = std::make_shared<Extension>();
  extension_->covers = next;
  extension_->amount = more;
  if (hold_.part) return ask_lease();
  asio::co_spawn(worker_.loop, ask_more(*node_.till, hold_.id, hold_.scopes.account, extension_), asio::detached);
}

void Exchange::ask_lease() {
  const auto said = node_.till->grow(hold_, extension_->amount);
  if (!said) return;
  extension_->asking = false;
  extension_->refused = said->status < 0 ? said->status : static_cast<oc_status>(OC_OK);
  extension_->limit_scope = said->limit_scope;
}

asio::awaitable<void> Exchange::ask_more(ledger::Till& till, oc_id128 hold, std::uint64_t account,
                                         std::shared_ptr<Extension> extension) {
  const oc_ledger_result r = co_await till.extend(hold, account, extension->amount);
  extension->asking = false;
  extension->refused = r.status < 0 ? r.status : static_cast<oc_status>(OC_OK);
  extension->limit_scope = r.limit_scope;
}

// ---- settle

// Posts what the exchange cost, or releases the hold. Idempotent; called before the last byte leaves, so that whoever
// reads the balance after the answer sees it.
void Exchange::settle() {
  if (!hold_.open || settled_) return;
  settled_ = true;
  node_.till->settle(hold_, cost_nano_, fee_nano_, usage_estimated_);
  if (usage_seen_ && request_->op == OC_OP_GENERATE)
    worker_.outputs.add(principal_->key_number, model_->id, output_of(usage_) / request_->n);
  if (ticket_) ticket_->settle_tokens(tokens_of(usage_), node_.clock.now_ns());
}

}  // namespace onechat::exchange
