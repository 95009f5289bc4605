/* The component has no table. */
#include "parts.h"

PLUGIN(component.vtbl = NULL)
