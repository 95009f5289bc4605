/* The table forgot its struct_size. */
#include "parts.h"

PLUGIN(codec.struct_size = 0)
