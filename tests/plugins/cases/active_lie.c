/* Says ACTIVE, but its table ends before an active provider's start function. */
#include "parts.h"

PLUGIN(component.caps = OC_PROV_CAP_ACTIVE; codec.struct_size = offsetof(oc_provider_codec, dialect))
