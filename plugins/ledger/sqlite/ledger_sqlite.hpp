// Plugin ledger.sqlite: the ledger of one node in one SQLite file.
//
// Settings: {"file": "path/ledger.db", "migrations": "folder" (optional, else those compiled in)}.
// A batch is one transaction; busy, I/O and disk-full errors answer OC_E_UNAVAILABLE with nothing changed, the file is
// opened anew by the next call. A second process on the same file is refused at create().
#pragma once
#include <onechat/ledger.h>

namespace onechat::ledger_sqlite {

oc_status entry(const oc_loader* loader, const oc_module** out) noexcept;

}  // namespace onechat::ledger_sqlite
