/* The only entry in the list of components is NULL. */
#include "parts.h"

PLUGIN(components[0] = NULL)
