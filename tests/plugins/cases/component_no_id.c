/* The component has no id. */
#include "parts.h"

PLUGIN(component.id = NULL)
