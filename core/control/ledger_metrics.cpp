#include "control/ledger_metrics.hpp"

#include <algorithm>

namespace onechat::control {
namespace {

double usd(std::int64_t nano) { return static_cast<double>(nano) / 1e9; }
double seconds(std::int64_t ms) { return static_cast<double>(std::max<std::int64_t>(0, ms)) / 1e3; }

void add_open(MetricsText& out, ledger::LedgerEngine& engine, std::int64_t now_unix_ms) {
  oc_ledger_open open{};
  open.struct_size = sizeof open;
  oc_status status = OC_E_UNAVAILABLE;
  engine.run([&](const ledger::Backend& b) { status = b.table->open(b.instance, &open); });
  if (status < 0) return;
  out.gauge("onechat_ledger_open_holds", "Holds of requests that are not settled yet", static_cast<double>(open.holds));
  out.gauge("onechat_ledger_held_usd", "Money in open holds of requests", usd(open.held_nano));
  out.gauge("onechat_ledger_oldest_hold_seconds", "Age of the oldest open hold, 0: there is none",
            open.oldest_unix_ms == 0 ? 0 : seconds(now_unix_ms - open.oldest_unix_ms));
  out.gauge("onechat_ledger_open_leases", "Leases that are out", static_cast<double>(open.leases));
  out.gauge("onechat_ledger_leased_usd", "Money of leases that is not settled yet", usd(open.leased_nano));
}

}  // namespace

void add_ledger_metrics(MetricsText& out, ledger::LedgerEngine& engine, std::int64_t now_unix_ms) {
  const auto c = engine.counters();
  out.gauge("onechat_ledger_up", "1 while the last batch was applied", engine.available());
  out.gauge("onechat_ledger_fenced", "1 when another process has taken this node's number", engine.fenced());
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
  out.counter("onechat_ledger_facts_refused_total", "Usage that the backend would not take",
              static_cast<double>(c.refused_facts));
  out.counter("onechat_ledger_swept_total", "Holds and leases that nobody had ended", static_cast<double>(c.swept));
  out.counter("onechat_ledger_shortfall_usd_total", "Spent beyond what wallets had",
              usd(static_cast<std::int64_t>(c.shortfall_nano)));
  out.gauge("onechat_ledger_queue_ops", "Operations waiting", static_cast<double>(c.queue_ops));
  add_open(out, engine, now_unix_ms);
}

void add_till_metrics(MetricsText& out, const ledger::Till& till) {
  const auto leases = till.leases();
  const char* asked = "Holds of leased keys, from their lease or from the ledger";
  out.counter("onechat_lease_holds_total", asked, static_cast<double>(leases.hits), {{"from", "lease"}});
  out.counter("onechat_lease_holds_total", asked, static_cast<double>(leases.misses), {{"from", "ledger"}});
  const char* asks = "Leases this node asked for, and those the ledger took back";
  out.counter("onechat_leases_total", asks, static_cast<double>(leases.granted), {{"what", "granted"}});
  out.counter("onechat_leases_total", asks, static_cast<double>(leases.refused), {{"what", "refused"}});
  out.counter("onechat_leases_total", asks, static_cast<double>(leases.lost), {{"what", "lost"}});
  out.gauge("onechat_node_leases", "Leases of this node", static_cast<double>(leases.open));
  const char* money = "Money in leases of this node";
  out.gauge("onechat_node_leased_usd", money, usd(leases.free_nano), {{"state", "free"}});
  out.gauge("onechat_node_leased_usd", money, usd(leases.held_nano), {{"state", "held"}});
  if (till.journal() == nullptr) return;
  const auto journal = till.journal()->counters();
  out.gauge("onechat_journal_backlog_records", "What the ledger does not have yet", static_cast<double>(journal.held));
  out.gauge("onechat_journal_free_segments", "Room in the journal; requests are refused when it ends",
            static_cast<double>(journal.segments_free));
  out.counter("onechat_journal_records_total", "Records written", static_cast<double>(journal.records));
  out.counter("onechat_journal_syncs_total", "Syncs to the disk", static_cast<double>(journal.syncs));
  out.counter("onechat_journal_sync_seconds_total", "Time spent in them", static_cast<double>(journal.sync_us_total) / 1e6);
  out.counter("onechat_journal_notes_left_out_total", "Progress and leases that found no place in their half of the journal",
              static_cast<double>(journal.left_out));
  out.counter("onechat_journal_failures_total", "What the disk refused", static_cast<double>(journal.failures));
}

void add_audit_metrics(MetricsText& out, const Audit& audit, std::int64_t now_unix_ms) {
  const char* checks = "Checks of the ledger against its transfers";
  out.counter("onechat_ledger_verify_total", checks, static_cast<double>(audit.done), {{"result", "done"}});
  out.counter("onechat_ledger_verify_total", checks, static_cast<double>(audit.failed), {{"result", "failed"}});
  const char* anchors = "Times the ends of the ledger's chains were written to the file of anchors";
  out.counter("onechat_ledger_anchors_total", anchors, static_cast<double>(audit.anchored), {{"result", "done"}});
  out.counter("onechat_ledger_anchors_total", anchors, static_cast<double>(audit.anchor_failures), {{"result", "failed"}});
  if (audit.ended_unix_ms == 0) return;
  out.gauge("onechat_ledger_verify_problems", "Broken invariants the last check found",
            static_cast<double>(audit.problems));
  out.gauge("onechat_ledger_verify_age_seconds", "Since the last check ended",
            seconds(now_unix_ms - audit.ended_unix_ms));
  out.gauge("onechat_ledger_verify_seconds", "How long the last check took", seconds(audit.took_ms));
  out.gauge("onechat_ledger_verify_transfers", "Transfers the last check read", static_cast<double>(audit.transfers));
}

}  // namespace onechat::control
