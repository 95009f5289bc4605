/* The component's id is not the manifest's. */
#include "parts.h"

PLUGIN(component.id = "provider.somebody_else")
