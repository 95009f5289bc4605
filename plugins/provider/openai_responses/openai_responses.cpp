#include "provider.hpp"
#include "settings_schema.hpp"

using onechat::openai_responses::Provider;

ONECHAT_PROVIDER(Provider, "provider.openai_responses", "0.9.0", "OpenAI Responses and compatible vendors",
                 onechat::openai_responses::kSettingsSchema, Provider::kCaps)
