/* The module ends before its list of components. */
#include "parts.h"

PLUGIN(module.struct_size = offsetof(oc_module, components))
