#include "provider.hpp"
#include "settings_schema.hpp"

using onechat::openai_chat::Provider;

ONECHAT_PROVIDER(Provider, "provider.openai_chat", "0.9.0", "OpenAI Chat Completions and compatible vendors",
                 onechat::openai_chat::kSettingsSchema, Provider::kCaps)
