/* A codec whose table ends before its mandatory frame function. */
#include "parts.h"

PLUGIN(codec.struct_size = offsetof(oc_provider_codec, frame))
