/* The schema of its settings is not JSON. */
#include "parts.h"

PLUGIN(component.config_schema_json = "{\"type\": \"object\", ")
