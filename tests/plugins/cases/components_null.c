/* The module has a count of components, but no list. */
#include "parts.h"

PLUGIN(module.components = NULL)
