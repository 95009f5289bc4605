/* The module has no component at all. */
#include "parts.h"

PLUGIN(module.n_components = 0)
