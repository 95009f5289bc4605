#include "provider.hpp"
#include "settings_schema.hpp"

using onechat::anthropic_messages::Provider;

ONECHAT_PROVIDER(Provider, "provider.anthropic_messages", "0.9.0", "Anthropic Messages, and clouds and vendors that offer it",
                 onechat::anthropic_messages::kSettingsSchema, Provider::kCaps)
