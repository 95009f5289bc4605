/* The module forgot its struct_size. */
#include "parts.h"

PLUGIN(module.struct_size = 0)
