/* Compiled for this ABI, but asks for a host newer than this one. */
#include "parts.h"

PLUGIN(module.min_host_abi = OC_ABI_VERSION + 1)
