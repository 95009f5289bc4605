#include "control/control_plane.hpp"

namespace onechat::control {
namespace {

constexpr char kDefaultProject[] = "default";
constexpr char kMetaNamespace[] = "meta";
constexpr char kBooted[] = "first_boot";
constexpr char kFirstCreditId[] = "first-boot-credit";

double usd(std::int64_t nano) { return static_cast<double>(nano) / 1e9; }

void add_ledger_metrics(MetricsText& out, ledger::LedgerEngine& engine) {
  const auto c = engine.counters();
  out.gauge("onechat_ledger_up", "1 while the last batch was applied", engine.available());
  out.counter("onechat_ledger_ops_total", "Operations applied", static_cast<double>(c.ops));
  out.counter("onechat_ledger_batches_total", "Commits", static_cast<double>(c.batches));
  out.counter("onechat_ledger_commit_seconds_total", "Time spent in commits",
              static_cast<double>(c.commit_us_total) / 1e6);
  out.counter("onechat_ledger_unavailable_total", "Batches the backend could not take",
              static_cast<double>(c.unavailable));
  const char* refused = "Reserves refused";
  out.counter("onechat_ledger_refused_total", refused, static_cast<double>(c.refused_funds), {{"why", "funds"}});
  out.counter("onechat_ledger_refused_total", refused, static_cast<double>(c.refused_limit), {{"why", "limit"}});
  out.counter("onechat_ledger_late_settles_total", "Settles after their hold was closed",
              static_cast<double>(c.late_settles));
  out.counter("onechat_ledger_shortfall_usd_total", "Spent beyond what wallets had",
              usd(static_cast<std::int64_t>(c.shortfall_nano)));
  out.gauge("onechat_ledger_queue_ops", "Operations waiting", static_cast<double>(c.queue_ops));
  std::uint64_t holds = 0;
  std::int64_t held = 0;
  oc_status status = OC_E_UNAVAILABLE;
  engine.run([&](const ledger::Backend& b) { status = b.table->open_holds(b.instance, &holds, &held); });
  if (status < 0) return;
  out.gauge("onechat_ledger_open_holds", "Holds not settled yet", static_cast<double>(holds));
  out.gauge("onechat_ledger_held_usd", "Money in open holds", usd(held));
}

void add_store_metrics(MetricsText& out, const record::StoreEngine& store) {
  const auto c = store.counters();
  out.gauge("onechat_store_up", "1 while the last batch was written", store.available());
  out.counter("onechat_traces_written_total", "Traces written", static_cast<double>(c.traces_written));
  const char* shed = "Given up because the queue was full";
  out.counter("onechat_traces_shed_total", shed, static_cast<double>(c.bodies_shed), {{"what", "bodies"}});
  out.counter("onechat_traces_shed_total", shed, static_cast<double>(c.traces_shed), {{"what", "traces"}});
  out.counter("onechat_store_failures_total", "Batches that failed", static_cast<double>(c.failures));
  out.gauge("onechat_store_queue_traces", "Traces waiting", static_cast<double>(c.queue_traces));
  out.gauge("onechat_store_queue_bytes", "Bytes waiting", static_cast<double>(c.queue_bytes));
}

}  // namespace

ControlPlane::ControlPlane(record::StoreEngine& store, ledger::LedgerEngine* ledger, admission::KeyTable& table,
                           const Clock& clock, ControlOptions options, ControlHooks hooks)
    : store_(store),
      clock_(clock),
      options_(options),
      hooks_(std::move(hooks)),
      directory_(store, table, clock),
      books_(ledger),
      started_unix_ms_(clock.unix_ms()) {}

Result<Boot> ControlPlane::boot() {
  if (const auto loaded = directory_.load(); !loaded) return loaded.error();
  const auto booted = store_.get(kMetaNamespace, kBooted);
  if (booted) return Boot{};
  if (booted.error().status != OC_E_NOT_FOUND) return booted.error();
  return first_boot();
}

// Ends with the document that says it is done, so that a start cut short begins anew.
Result<Boot> ControlPlane::first_boot() {
  auto project = directory_.project(kDefaultProject);
  if (!project) project = directory_.create_project(kDefaultProject, {});
  if (!project) return project.error();
  const bool credit = books_.engine() && options_.first_boot_credit_nano > 0;
  if (credit) {
    const auto given = books_.deposit(project->id, options_.first_boot_credit_nano, kFirstCreditId);
    if (!given && given.error().status != OC_E_CONFLICT)
      return given.error();  // conflict: given before, of another size
  }
  KeyWish wish;
  wish.project = kDefaultProject;
  wish.name = "first key";
  auto key = create_key(wish);
  if (!key) return key.error();
  const auto done = store_.put(kMetaNamespace, kBooted, std::to_string(clock_.unix_ms()));
  if (!done) return done.error();
  return Boot{true, kDefaultProject, std::move(key->text), credit ? options_.first_boot_credit_nano : 0};
}

Result<NewKey> ControlPlane::create_key(const KeyWish& wish) {
  auto key = directory_.make_key(wish);
  if (!key) return key;
  if (wish.limit_nano)
    if (const auto set = books_.set_spend_limit(key->record.number, *wish.limit_nano); !set) return set.error();
  if (const auto added = directory_.add_key(key->record); !added) return added.error();
  return key;
}

Result<Deposited> ControlPlane::deposit(const std::string& project, std::int64_t nano, const std::string& id) {
  const auto record = directory_.project(project);
  if (!record) return record.error();
  return books_.deposit(record->id, nano, id);
}

Result<Balance> ControlPlane::balance(const std::string& project) {
  const auto record = directory_.project(project);
  if (!record) return record.error();
  return books_.balance(record->id);
}

Result<std::vector<StatementLine>> ControlPlane::statement(const std::string& project, std::int64_t from,
                                                           std::int64_t to) {
  const auto record = directory_.project(project);
  if (!record) return record.error();
  return books_.statement(record->id, from, to);
}

Result<void> ControlPlane::ready() const {
  if (books_.engine() && !books_.engine()->available()) return Error(OC_E_UNAVAILABLE, "the ledger is not available");
  if (!store_.available()) return Error(OC_E_UNAVAILABLE, "the store is not available");
  if (hooks_.ready) return hooks_.ready();
  return {};
}

std::string ControlPlane::metrics_text() const {
  MetricsText out;
  add_process_metrics(out, started_unix_ms_);
  if (books_.engine()) add_ledger_metrics(out, *books_.engine());
  add_store_metrics(out, store_);
  if (hooks_.metrics) hooks_.metrics(out);
  return out.text();
}

}  // namespace onechat::control
