/* Compiled for the minor version before, while 0.x hosts load only their own 0.x. */
#include "parts.h"

PLUGIN(module.abi_version = module.min_host_abi = OC_ABI_VERSION - 1)
