/* The entry says OC_OK and gives no module. */
#include "parts.h"

PLUGIN(*out = NULL)
