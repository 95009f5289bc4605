// The one exported symbol.
#include "ledger_postgres.hpp"

extern "C" OC_EXPORT oc_status onechat_plugin_entry_v1(const oc_loader* loader, const oc_module** out) {
  return onechat::ledger_postgres::entry(loader, out);
}
