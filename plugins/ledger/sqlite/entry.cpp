// The one exported symbol.
#include "ledger_sqlite.hpp"

extern "C" OC_EXPORT oc_status onechat_plugin_entry_v1(const oc_loader* loader, const oc_module** out) {
  return onechat::ledger_sqlite::entry(loader, out);
}
