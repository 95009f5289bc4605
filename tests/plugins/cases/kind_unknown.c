/* The component is of a kind that nobody has heard of. */
#include "parts.h"

PLUGIN(component.kind = 4711)
