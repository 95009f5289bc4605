/* Compiled for another major version than its manifest says and the host speaks. */
#include "parts.h"

PLUGIN(module.abi_version = (OC_ABI_MAJOR + 1) << 16)
