// What the ledger tells Prometheus. docs/operations.md says which of it to watch.
#pragma once
#include "control/auditor.hpp"
#include "control/metrics.hpp"
#include "ledger/till.hpp"

namespace onechat::control {

// Asks the backend what is open, so it may block on the ledger's thread.
void add_ledger_metrics(MetricsText& out, ledger::LedgerEngine& engine, std::int64_t now_unix_ms);
// This node's leases and its journal.
void add_till_metrics(MetricsText& out, const ledger::Till& till);
// Nothing but the counts before the first check.
void add_audit_metrics(MetricsText& out, const Audit& audit, std::int64_t now_unix_ms);

}  // namespace onechat::control
