// Plugin ledger.sqlite: the ledger of one node in one SQLite file.
//
// Settings: {"file": "path/ledger.db", "migrations": "folder" (optional, else those compiled in), "wal_mb_max": 4096
// (optional: how long the write-ahead log may become when a reader does not end)}.
// A batch is one transaction; busy, I/O, disk-full and log-full errors answer OC_E_UNAVAILABLE with nothing changed, the
// file is opened anew by the next call. A second process on the same file is refused at create().
#pragma once
#include <onechat/ledger.h>

namespace onechat::ledger_sqlite {

oc_status entry(const oc_loader* loader, const oc_module** out) noexcept;

}  // namespace onechat::ledger_sqlite
