#include "ledger.hpp"

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>

namespace onechat::ledger_postgres {
namespace {

constexpr int kAttempts = 8;
constexpr std::int64_t kTombstoneLifeMs = 7 * 24 * 3'600'000ll;

ledger_core::Calendar calendar_of(const oc_host* host) {
  return [host](std::uint32_t period, const std::string& zone, std::int64_t unix_ms) {
    ledger_core::Span span;
    const bool has = OC_HAS(host, oc_host, calendar_window) && host->calendar_window != nullptr;
    if (!has || host->calendar_window(host->ctx, period, {zone.data(), zone.size()}, unix_ms, &span.begin_ms,
                                      &span.end_ms) != OC_OK)
      throw std::runtime_error("no calendar for a budget's time zone '" + zone + "'");
    return span;
  };
}

// Longer from try to try, and not the same for two who collided.
void pause(int attempt) {
  thread_local std::minstd_rand random(std::random_device{}());
  std::this_thread::sleep_for(std::chrono::microseconds(random() % (1000u << std::min(attempt, 5))));
}

}  // namespace

Ledger::Ledger(const oc_host* host, Settings settings)
    : host_(host), settings_(std::move(settings)), calendar_(calendar_of(host)) {
  open();
}

void Ledger::log(std::int32_t level, const std::string& text) const noexcept {
  if (OC_HAS(host_, oc_host, log) && host_->log != nullptr) host_->log(host_->ctx, level, {text.data(), text.size()});
}

void Ledger::close() noexcept {
  session_.reset();
  chain_.forget();
}

void Ledger::open() {
  if (session_ != nullptr) return;
  auto session = std::make_unique<Session>(settings_, embedded_migrations(), last_);
  last_ = session->name();
  std::erase_if(nodes_, [&](std::uint64_t node) { return !claim_again(*session, node); });
  session_ = std::move(session);
}

// Somebody may have taken the node's place while we were away. What we still know are facts, and welcome; that we admit
// nothing more is seen to by the epoch that the other one began.
bool Ledger::claim_again(Session& session, std::uint64_t node) const {
  try {
    session.claim(node);
    return true;
  } catch (const NodeTaken& e) {
    log(OC_LOG_ERROR, std::string("ledger.postgres: ") + e.what());
    return false;
  }
}

Connection& Ledger::connection() {
  open();
  return session_->connection();
}

std::uint64_t Ledger::budgets_lock() {
  open();
  return session_->budgets_lock();
}

void Ledger::claim_nodes(const oc_ledger_op* ops, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i)
    if (ops[i].kind == OC_LOP_EPOCH) {
      session_->claim(ops[i].node);
      if (std::find(nodes_.begin(), nodes_.end(), ops[i].node) == nodes_.end()) nodes_.push_back(ops[i].node);
    }
}

void Ledger::apply(const oc_ledger_op* ops, oc_ledger_result* results, std::size_t n) {
  // Facts of a journal come before its node's epoch: nodes that start together must not share a chain for them.
  if (chain_.node() == 0 && n != 0) chain_.work_for(ops[0].node);
  for (int attempt = 0; try_apply(ops, results, n, attempt) == Try::again; ++attempt) pause(attempt);
  for (std::size_t i = 0; i < n; ++i)
    if (ops[i].kind == OC_LOP_EPOCH && results[i].status >= 0) chain_.work_for(ops[i].node);
}

Ledger::Try Ledger::try_apply(const oc_ledger_op* ops, oc_ledger_result* results, std::size_t n, int attempt) {
  bool committing = false;
  try {
    open();
    claim_nodes(ops, n);
    const std::int64_t now = now_ms();
    RowStore store(session_->connection(), chain_, session_->budgets_lock());
    store.begin(ops, n, now, calendar_, attempt == 0 ? RowStore::UsedIds::at_the_end : RowStore::UsedIds::first);
    ledger_core::apply(store, calendar_, ops, results, n, now);
    if (std::any_of(ops, ops + n, [](const oc_ledger_op& op) { return op.kind == OC_LOP_SWEEP; }))
      store.drop_tombstones(now - kTombstoneLifeMs);
    committing = true;
    store.commit();
    return Try::done;
  } catch (const ServerError& e) {
    chain_.forget();
    const bool lost_early = e.connection_lost() && session_ != nullptr && !committing && attempt == 0;
    if (e.connection_lost()) close();
    if (!lost_early && (!e.try_again() || attempt + 1 == kAttempts)) throw;
  }
  if (session_ != nullptr) session_->connection().execute("ROLLBACK");
  return Try::again;
}

}  // namespace onechat::ledger_postgres
