/* Finds its configuration wrong and says why. */
#include "parts.h"

static oc_status create(const oc_component *component, const oc_host *host, oc_arena *scratch, oc_bytes config,
                        void **instance, oc_str *err) {
  (void)component, (void)host, (void)scratch, (void)config, (void)instance;
  *err = text("region: 'atlantis' is not a region");
  return OC_E_CONFIG;
}

PLUGIN(component.create = create)
