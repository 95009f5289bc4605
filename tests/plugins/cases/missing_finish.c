/* A codec that cannot say whether an answer was complete. */
#include "parts.h"

PLUGIN(codec.finish = NULL)
