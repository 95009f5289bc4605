/* The component ends before its create function. */
#include "parts.h"

PLUGIN(component.struct_size = offsetof(oc_component, create))
