// Plugin ledger.postgres: the ledger in one schema of a PostgreSQL database, for one node or many.
//
// Settings: {"url": "postgresql://USER:PASSWORD@HOST:PORT/DATABASE", "schema": "onechat", "connect_timeout_s": 5,
// "runtime_role": "" (a role to work as, which cannot change what was posted)}. A batch is one transaction. A server
// that is away, or a COMMIT whose answer was lost, is OC_E_UNAVAILABLE: the same batch can be submitted again, its ids
// make it exact. EPOCH of a node that another process works as: OC_E_FENCED.
#pragma once
#include <onechat/ledger.h>

namespace onechat::ledger_postgres {

oc_status entry(const oc_loader* loader, const oc_module** out) noexcept;

}  // namespace onechat::ledger_postgres
