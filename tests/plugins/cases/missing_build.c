/* A codec without its mandatory build function. */
#include "parts.h"

PLUGIN(codec.build = NULL)
