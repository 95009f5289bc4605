#include "control/control_plane.hpp"

#include "control/ledger_metrics.hpp"

namespace onechat::control {
namespace {

constexpr char kDefaultProject[] = "default";
constexpr char kMetaNamespace[] = "meta";
constexpr char kBooted[] = "first_boot";
constexpr char kFirstCreditId[] = "first-boot-credit";

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
      books_(ledger, hooks_.ledger_aside),
      budgets_(books_, directory_, store),
      auditor_(books_, clock, options.audit),
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
    const auto given = books_.deposit({project->account(), options_.first_boot_credit_nano, kFirstCreditId, {}});
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
  if (wish.limit_nano) {
    const auto project = directory_.project(wish.project);
    if (!project) return project.error();
    const auto set = budgets_.limit_new_key(project->account(), key->record, *wish.limit_nano);
    if (!set) return set.error();
  }
  if (const auto added = directory_.add_key(key->record); !added) return added.error();
  return key;
}

Result<Balance> ControlPlane::balance(const std::string& project) {
  const auto record = directory_.project(project);
  if (!record) return record.error();
  return books_.balance(record->account());
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
  if (books_.engine()) {
    add_ledger_metrics(out, *books_.engine(), clock_.unix_ms());
    add_audit_metrics(out, auditor_.last(), clock_.unix_ms());
  }
  add_store_metrics(out, store_);
  if (hooks_.metrics) hooks_.metrics(out);
  return out.text();
}

}  // namespace onechat::control
