/* Compiled for the next minor version, while 0.x hosts load only their own 0.x. */
#include "parts.h"

PLUGIN(module.abi_version = OC_ABI_VERSION + 1)
