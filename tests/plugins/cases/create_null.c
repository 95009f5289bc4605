/* The component has no create function. */
#include "parts.h"

PLUGIN(component.create = NULL)
