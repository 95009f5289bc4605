/* Nothing is wrong: a provider in C99, without the C++ layer. */
#include "parts.h"

PLUGIN((void)0)
