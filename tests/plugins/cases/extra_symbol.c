/* Loads, but exports more than its entry: the symbol audit names it. Linked without the version script. */
#include "parts.h"

OC_EXPORT int extra_symbol_helper(void);
OC_EXPORT int extra_symbol_helper(void) { return 1; }

PLUGIN((void)0)
