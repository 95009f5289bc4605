#include "provider.hpp"
#include "settings_schema.hpp"

using onechat::gemini::Provider;

ONECHAT_PROVIDER(Provider, "provider.gemini", "0.9.0", "Google Gemini and Vertex AI", onechat::gemini::kSettingsSchema,
                 Provider::kCaps)
