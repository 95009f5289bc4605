/* Fails to start and gives no reason. */
#include "parts.h"

static oc_status create(const oc_component *component, const oc_host *host, oc_arena *scratch, oc_bytes config,
                        void **instance, oc_str *err) {
  (void)component, (void)host, (void)scratch, (void)config, (void)instance, (void)err;
  return OC_E_INTERNAL;
}

PLUGIN(component.create = create)
