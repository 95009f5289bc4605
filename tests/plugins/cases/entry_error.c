/* The entry fails. */
#include <onechat/plugin.h>
OC_EXPORT oc_status OC_CALL onechat_plugin_entry_v1(const oc_loader *loader, const oc_module **out) {
  (void)loader, (void)out;
  return OC_E_INTERNAL;
}
