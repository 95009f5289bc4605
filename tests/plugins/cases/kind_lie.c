/* The manifest announces a surface, the component is a provider. */
#include "parts.h"

PLUGIN((void)0)
